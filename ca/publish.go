package ca

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"onecert/pki"
)

// publish writes a list as a file by rename, so that a web server never hands out half
// of one: {dir}/{issuer}/complete.crl, delta.crl, {partition}.crl, {partition}-delta.crl.
// What cannot be written is tried again each round.
func (ca *CA) publish(l *ledger, crl CRL) error {
	if ca.cfg.CRL.Dir == "" {
		return nil
	}
	name := crl.name()
	err := ca.writeFile(l.issuer.ID, name, func(w io.Writer) error {
		_, err := w.Write(crl.DER)
		return err
	})
	if err != nil {
		l.late[name] = true
		return err
	}
	delete(l.late, name)
	return nil
}

func (ca *CA) writeFile(issuer, name string, write func(io.Writer) error) error {
	dir := filepath.Join(ca.cfg.CRL.Dir, issuer)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return writeByRename(filepath.Join(dir, name+".crl"), write)
}

// publishLate writes the files that could not be written before.
func (ca *CA) publishLate(ctx context.Context, l *ledger) error {
	for name := range l.late {
		partition, delta, _ := pki.ParseListName(name)
		newest := l.scope(partition).full
		if delta {
			newest = l.scope(partition).delta
		}
		if newest == nil {
			continue
		}
		list, err := ca.OpenList(ctx, l.issuer.ID, name, newest.Number)
		if err != nil {
			return err
		}
		err = ca.writeFile(l.issuer.ID, name, func(w io.Writer) error { _, err := io.Copy(w, list); return err })
		list.Close()
		if err != nil {
			return unpublished(err)
		}
		delete(l.late, name)
	}
	return nil
}

func unpublished(err error) error {
	return pki.Errorf(pki.Unavailable, "crl.publish", "the CRL is signed and stored but its file cannot be written").
		To("check the CRL folder's space and rights; it is tried again").Because(err)
}

func writeByRename(path string, write func(io.Writer) error) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // after the rename there is nothing to remove
	err = write(file)
	err = errors.Join(err, file.Chmod(0o644), file.Sync(), file.Close())
	if err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

// keepCRL makes what is due of an issuer and returns how long the next look can wait.
func (ca *CA) keepCRL(ctx context.Context, i *Issuer, machine pki.Actor) (wait time.Duration, err error) {
	ca.crlLock.Lock()
	defer ca.crlLock.Unlock()
	wait = ca.cfg.CRL.DeltaLife / 16
	// A first full list makes a second round: what it names as its delta has to be there.
	for range 2 {
		l, err := ca.ready(ctx, i)
		if err != nil {
			return 0, err
		}
		if err := ca.publishLate(ctx, l); err != nil {
			return 0, err
		}
		now := ca.cfg.Now()
		ca.alarm(l, now)
		var all []due
		if all, wait, err = ca.dueNow(ctx, l, now); err != nil || len(all) == 0 {
			return wait, err
		}
		if _, err := ca.signDue(ctx, l, all, machine); err != nil {
			return 0, fmt.Errorf("keeping the CRLs of %s: %w", i.ID, err)
		}
	}
	return wait, nil
}

// alarm tells of full lists that were not made anew in time.
func (ca *CA) alarm(l *ledger, now time.Time) {
	for _, s := range l.scopes {
		if s.full == nil {
			continue
		}
		name, age, life := s.full.name(), now.Sub(s.full.ThisUpdate), s.full.NextUpdate.Sub(s.full.ThisUpdate)
		switch {
		case age > life*3/4:
			ca.cfg.Log.Error("a CRL is past three quarters of its life", "issuer", l.issuer.ID, "list", name, "next_update", s.full.NextUpdate)
		case age > life/2:
			ca.cfg.Log.Warn("a CRL is past half of its life", "issuer", l.issuer.ID, "list", name, "next_update", s.full.NextUpdate)
		}
	}
}

// longRound is how many entries full lists of one round have together, unless one has
// more: between two long lists comes what the deltas have to say.
const longRound = 50_000

// dueNow says which lists are to be made now, and when to look again without news.
func (ca *CA) dueNow(ctx context.Context, l *ledger, now time.Time) (all []due, wait time.Duration, err error) {
	taken, err := ca.lastCRLNumber(ctx, l.issuer.ID)
	if err != nil {
		return nil, 0, err
	}
	// A number was taken after the last list: signing it failed, or the database was
	// restored, or the number was raised. Everything is due then.
	all, wait = []due{}, ca.cfg.CRL.DeltaLife/16
	var deltas []due
	var long int64
	for _, s := range l.scopes {
		full, later := ca.fullDue(l, s, now)
		full = full || taken > l.number
		if full && long > 0 && long+l.count(s) > longRound {
			full, later = false, time.Millisecond
		}
		if full {
			all = append(all, due{s, false})
			long += l.count(s)
		} else if later > 0 {
			wait = min(wait, later)
		}
		if !l.issuer.ListsOnly && s.full != nil && (full || s.deltaDue(now)) {
			deltas = append(deltas, due{s, true})
		}
	}
	return append(all, deltas...), wait, nil
}

// old reports whether a list is past three eighths of its life, or from a future that
// a clock set right since has taken back: nobody accepts that one yet.
func (c *CRL) old(now time.Time) bool {
	age := now.Sub(c.ThisUpdate)
	return age >= c.NextUpdate.Sub(c.ThisUpdate)*3/8 || age < -clockSlack
}

// fullDue reports whether a scope's full list is due, and if it only waits for its
// turn, how long.
func (ca *CA) fullDue(l *ledger, s *scope, now time.Time) (is bool, later time.Duration) {
	if s.full == nil || s.full.old(now) {
		return true, 0
	}
	if s.changed <= s.full.Journal {
		return false, 0
	}
	if l.issuer.ListsOnly {
		return true, 0 // it has no delta
	}
	each := ca.cfg.CRL.fullEach(l.count(s))
	age := now.Sub(s.full.ThisUpdate)
	return age >= each, each - age
}

// count is how many entries a scope's full list has.
func (l *ledger) count(s *scope) (n int64) {
	if s.partition != complete {
		return l.runs[s.partition].entries
	}
	for _, r := range l.runs {
		n += r.entries
	}
	return n
}

func (s *scope) deltaDue(now time.Time) bool {
	if s.delta == nil || s.delta.old(now) {
		return true
	}
	return s.changed > s.delta.Journal
}

// lastCRLNumber is the last number taken.
func (ca *CA) lastCRLNumber(ctx context.Context, issuer string) (number int64, err error) {
	err = ca.cfg.DB.Read().QueryRowContext(ctx, "SELECT number FROM ca_crl_number WHERE issuer = $1", issuer).Scan(&number)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, storeFailed(fmt.Errorf("reading a CRL number: %w", err))
	}
	return number, nil
}
