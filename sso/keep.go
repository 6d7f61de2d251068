package sso

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"sync"
	"time"

	"onecert/db"
	"onecert/pki"
)

const (
	lookEach  = 250 * time.Millisecond // at the journal, where no notification arrives
	keysEach  = 5 * time.Second
	flushEach = 10 * time.Second
	sweepEach = 10 * time.Minute
	keepRows  = 7 * 24 * time.Hour // sessions that are over, for List
	clockSkew = 5 * time.Minute    // between the clocks of processes with one store
)

// Keep rotates keys, follows the journal of ended sessions, writes down when sessions
// were seen, and forgets what is over, until ctx ends. A failure is logged when it begins
// and when it ends.
func (s *Sessions) Keep(ctx context.Context) {
	var others sync.WaitGroup
	defer others.Wait()
	if s.cfg.DB.Dialect == db.Postgres {
		others.Go(func() { s.listen(ctx) })
	}
	duties := []struct {
		each time.Duration
		act  func(context.Context) error
		next time.Time
	}{
		{lookEach, s.catchUp, time.Time{}}, {time.Second, s.tryPending, time.Time{}}, {keysEach, s.turnKeys, time.Time{}},
		{flushEach, s.flush, time.Time{}}, {sweepEach, s.sweep, time.Time{}},
	}
	for ctx.Err() == nil {
		woken := s.news.wait()
		var failed error
		for i := range duties {
			if d := &duties[i]; !time.Now().Before(d.next) {
				d.next = time.Now().Add(d.each)
				if err := d.act(ctx); err != nil && failed == nil {
					failed = err
				}
			}
		}
		s.stand(ctx, failed)
		select {
		case <-woken:
			duties[0].next = time.Time{}
		case <-time.After(lookEach):
		case <-ctx.Done():
		}
	}
	_ = s.flush(context.WithoutCancel(ctx)) // a courtesy of the last moment
}

// stand notes whether the store is well.
func (s *Sessions) stand(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err != nil && s.fault == nil:
		s.log("the store of sessions does not answer; sessions that are open go on", "error", err)
	case err == nil && s.fault != nil:
		s.log("the store of sessions answers again")
	}
	s.fault = err
}

// Fault is why the store of sessions does not answer; nil while it does.
func (s *Sessions) Fault() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fault
}

// listen wakes this process at commits of others; polling bridges a broken connection.
func (s *Sessions) listen(ctx context.Context) {
	for ctx.Err() == nil {
		_ = s.cfg.DB.Listen(ctx, channel, s.news.wake)
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
		}
	}
}

// catchUp applies what others have ended. A journal that ends before what was applied was
// brought back from a backup: then all of it is read.
func (s *Sessions) catchUp(ctx context.Context) error {
	s.mu.Lock()
	position := s.position
	s.mu.Unlock()
	last, err := s.last(ctx, s.cfg.DB.Read())
	if err != nil {
		return err
	}
	if last < position {
		position = 0
	}
	for position < last {
		all, err := s.endings(ctx, position)
		if err != nil {
			return err
		}
		if len(all) == 0 { // the rest is forgotten
			position = last
			break
		}
		s.apply(all)
		position = all[len(all)-1].Number
	}
	s.mu.Lock()
	s.position = position
	s.mu.Unlock()
	return nil
}

// tryPending carries out what the store could not take.
func (s *Sessions) tryPending(ctx context.Context) error {
	s.mu.Lock()
	all := s.pending
	s.pending = nil
	s.mu.Unlock()
	for i, e := range all {
		err := s.carryOut(ctx, e)
		if err != nil && pki.KindOf(err) == pki.Internal { // the store is away still
			s.mu.Lock()
			s.pending = append(all[i:], s.pending...)
			s.mu.Unlock()
			return err
		}
	}
	return nil
}

// ahead is how long before it seals a key is made, so that everybody has it by then.
func (s *Sessions) ahead() time.Duration { return s.limits.Load().KeyLife / 4 }

// turnKeys takes the keys of the store up, and makes the next one when it is time. Keys
// whose tokens are all over go.
func (s *Sessions) turnKeys(ctx context.Context) error {
	rows, err := s.keyRows(ctx, s.cfg.DB.Read())
	if err != nil {
		return err
	}
	now := s.cfg.Now()
	if rows = s.usable(rows, now); len(rows) == 0 || !now.Add(s.ahead()).Before(rows[len(rows)-1].active.Add(s.limits.Load().KeyLife)) {
		if rows, err = s.nextKey(ctx, now); err != nil {
			return err
		}
	}
	if have := s.ring.Load(); have != nil && len(have.all) == len(rows) && have.all[len(rows)-1].id == rows[len(rows)-1].id && have.all[0].id == rows[0].id {
		return nil
	}
	fresh, err := s.openRing(rows)
	if err != nil {
		return err
	}
	s.ring.Store(fresh)
	s.recent.clear()
	return nil
}

// usable leaves out keys that were made while a clock was ahead by more than keys are made
// ahead: nothing could relieve them before their time has come.
func (s *Sessions) usable(rows []keyRow, now time.Time) []keyRow {
	latest := now.Add(s.ahead() + clockSkew)
	return slices.DeleteFunc(slices.Clone(rows), func(r keyRow) bool { return r.active.After(latest) })
}

// nextKey makes a key unless another process was faster, and returns those that can be used.
func (s *Sessions) nextKey(ctx context.Context, now time.Time) (rows []keyRow, err error) {
	err = s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if _, err := s.lock(ctx, tx); err != nil {
			return err
		}
		all, err := s.keyRows(ctx, tx)
		if err != nil {
			return err
		}
		number, active := int64(1), now
		if len(all) > 0 {
			number = all[len(all)-1].number + 1
		}
		if rows = s.usable(all, now); len(rows) > 0 {
			if active = rows[len(rows)-1].active.Add(s.limits.Load().KeyLife); now.Add(s.ahead()).Before(active) {
				return nil
			}
			if active.Before(now) { // nobody ran for a while
				active = now
			}
		}
		row, err := s.makeKey(number, active)
		if err != nil {
			return err
		}
		rows = append(rows, row)
		if err := s.insertKey(ctx, tx, row); err != nil {
			return err
		}
		rows, err = s.dropKeys(ctx, tx, rows, now)
		return err
	})
	return rows, err
}

// dropKeys removes keys that another relieved longer ago than a token lives.
func (s *Sessions) dropKeys(ctx context.Context, tx *sql.Tx, rows []keyRow, now time.Time) ([]keyRow, error) {
	for s.relieved(rows, now) {
		if _, err := tx.ExecContext(ctx, "DELETE FROM sso_key WHERE realm = $1 AND number = $2", s.cfg.Realm, rows[0].number); err != nil {
			return nil, fmt.Errorf("removing a key of tokens: %w", err)
		}
		rows = rows[1:]
	}
	return rows, nil
}

// relieved says whether no token of the first key can be alive. The next key with a later
// time relieved it; one in between may be of a process whose clock was behind.
func (s *Sessions) relieved(rows []keyRow, now time.Time) bool {
	for i := 1; i < len(rows); i++ {
		if rows[i].active.After(rows[0].active) {
			return rows[i].active.Add(s.limits.Load().Absolute).Before(now)
		}
	}
	return false
}

// flush writes down when sessions were seen. What is lost with a crash makes a session
// look idle in a list, and no more.
func (s *Sessions) flush(ctx context.Context) error {
	all := s.seen.take()
	if len(all) == 0 {
		return nil
	}
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		for id, at := range all {
			_, err := tx.ExecContext(ctx, "UPDATE sso_session SET seen = $1 WHERE realm = $2 AND id = $3 AND seen < $1", at.UnixMilli(), s.cfg.Realm, id)
			if err != nil {
				return fmt.Errorf("noting when sessions were seen: %w", err)
			}
		}
		return nil
	})
	if err != nil {
		for id, at := range all {
			s.seen.note(id, at)
		}
	}
	return err
}

// sweep forgets. What ended is remembered as long as a key is there that may have sealed
// its token: a clock that ran ahead for a while and is right again brings nothing back.
func (s *Sessions) sweep(ctx context.Context) error {
	now := s.cfg.Now()
	over := s.ring.Load().since()
	if before := now.Add(-time.Hour); before.Before(over) {
		over = before
	}
	s.ids.forget(over)
	s.users.forget(over)
	s.certificates.forget(over)
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		for text, until := range map[string]time.Time{
			"DELETE FROM sso_ending WHERE realm = $1 AND until < $2":  over,
			"DELETE FROM sso_session WHERE realm = $1 AND until < $2": over.Add(time.Hour - keepRows),
			"DELETE FROM sso_code WHERE realm = $1 AND until < $2":    now.Add(-time.Minute), // clocks of processes differ
		} {
			if _, err := tx.ExecContext(ctx, text, s.cfg.Realm, until.UnixMilli()); err != nil {
				return fmt.Errorf("forgetting sessions: %w", err)
			}
		}
		return nil
	})
}

// Follow hands every ending after a number to fn, in order and without gaps, until ctx
// ends or fn returns an error, which Follow returns. What may be forgotten is left out.
func (s *Sessions) Follow(ctx context.Context, after int64, fn func([]Ending) error) error {
	for {
		woken := s.news.wait() // before looking, so that a commit in between is not missed
		all, err := s.endings(ctx, after)
		if err != nil {
			return err
		}
		if len(all) > 0 {
			if err := fn(all); err != nil {
				return err
			}
			after = all[len(all)-1].Number
			continue
		}
		select {
		case <-woken:
		case <-time.After(lookEach):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// news lets followers of this process wait for the next commit.
type news struct {
	mu   sync.Mutex
	next chan struct{} // closed by the next wake; nil while nobody waits
}

func (n *news) wait() <-chan struct{} {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.next == nil {
		n.next = make(chan struct{})
	}
	return n.next
}

func (n *news) wake() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.next != nil {
		close(n.next)
		n.next = nil
	}
}
