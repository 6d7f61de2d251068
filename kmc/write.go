package kmc

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"onecert/audit"
	"onecert/db"
	"onecert/pki"
)

// maxJobs is how many jobs one transaction takes; a message is one job.
const maxJobs = 64

// maxRounds is how often a take is tried with another pair when the one it had
// turns out to be in use, which only an unclear end of an earlier commit can cause.
const maxRounds = 4

// errNoSpare sends a take back to make its own pair. It never leaves the room.
var errNoSpare = errors.New("no spare pair is ready")

// job is what one caller wants written: the steps of one message, or a single one.
type job struct {
	task  *task // of a message; nil in process
	steps []*step
	fill  []*record // pairs for the spare library, all of one suite
	err   error     // of the whole job: nothing of it was done
}

// task is a message's task number.
type task struct {
	ca     string
	number pki.Serial
	at     time.Time
}

// step is one touch of a key with the entry it leaves in the log. At most one of
// take and retire is set; with neither, only the entry is written.
type step struct {
	take   *take
	retire *retire
	act    audit.Act
	err    error // of this step alone
}

// take wants a pair for an order. record is set by whoever made one for it.
type take struct {
	use    use
	record *record // in: made on demand, not yet stored; out: the order's pair
	fresh  bool    // record is not stored yet
	repeat bool    // out: the order had its pair before
}

// retire moves a pair to history.
type retire struct {
	ca     string
	certNo pki.Serial
	at     time.Time
}

// refuse gives a step its error, which its entry in the log then carries.
func (s *step) refuse(err *pki.Error) {
	s.err = err
	s.act.Result = audit.Refused
	s.act.Detail["code"] = err.Code
}

// batch is one transaction under way.
type batch struct {
	centre *Centre
	jobs   []*job
	taken  []*record        // from the pool, given back unless spent
	spent  map[*record]bool // some order's now
	stored map[*record]bool // made on demand, in the database once this commits
	counts map[pki.Suite]count
	acts   []audit.Act
}

// write runs jobs in one transaction (group commit) with their entries in the log.
// A pair leaves the spare library by the insert into kmc_use and by nothing else.
func (c *Centre) write(ctx context.Context, jobs []*job) []error {
	b := &batch{centre: c, jobs: jobs, spent: map[*record]bool{}, stored: map[*record]bool{}, counts: map[pki.Suite]count{}}
	err := c.config.DB.Tx(ctx, func(tx *sql.Tx) error { return b.run(ctx, tx) })
	b.settle(err == nil)
	errs := make([]error, len(jobs))
	for i, j := range jobs {
		errs[i] = j.err
		if err != nil {
			errs[i] = storeFailed(err)
		}
	}
	return errs
}

// storeFailed is what a caller learns of a transaction that did not commit. The
// log's own refusals say what to do themselves.
func storeFailed(err error) error {
	if _, ok := errors.AsType[*pki.Error](err); ok {
		return err
	}
	return pki.Errorf(pki.Unavailable, codeStore, "the key store cannot be written, so nothing was done").
		To("look at the disk and the database, then ask again: the same order gets the same pair").Because(err)
}

func (b *batch) run(ctx context.Context, tx *sql.Tx) error {
	for _, part := range []func(context.Context, *sql.Tx) error{b.remember, b.takes, b.retires, b.fills} {
		if err := part(ctx, tx); err != nil {
			return err
		}
	}
	if err := storeCounts(ctx, tx, b.counts); err != nil {
		return err
	}
	for _, j := range b.jobs {
		for _, s := range j.steps {
			if s.err != errNoSpare {
				b.acts = append(b.acts, s.act)
			}
		}
	}
	return b.centre.config.Audit.Append(ctx, tx, b.acts...)
}

// settle gives back what was taken from the pool and not used. After a failed
// commit that is everything: should the commit have happened all the same, the
// pair is refused when it is taken next.
func (b *batch) settle(committed bool) {
	var back []*record
	for _, r := range b.taken {
		if !committed || !b.spent[r] {
			back = append(back, r)
		}
	}
	b.centre.pool.giveBack(back...)
	if !committed {
		return
	}
	for r := range b.stored {
		if !b.spent[r] {
			b.centre.pool.add(r)
		}
	}
	for _, j := range b.jobs {
		b.centre.pool.add(j.fill...)
	}
}

// remember refuses messages that were seen before, and drops their steps.
func (b *batch) remember(ctx context.Context, tx *sql.Tx) error {
	for _, j := range b.jobs {
		if j.task == nil {
			continue
		}
		fresh, err := insertTask(ctx, tx, j.task)
		if err != nil {
			return err
		}
		if !fresh {
			j.err = pki.Errorf(pki.Conflict, codeReplay, "a message with this task number was received before").
				To("give each message a new task number; asking again for the same order is safe")
			for _, s := range j.steps {
				s.take, s.retire = nil, nil
				s.act.Result, s.act.Detail["code"] = audit.Refused, codeReplay
			}
		}
	}
	return nil
}

// takes gives each order its pair.
func (b *batch) takes(ctx context.Context, tx *sql.Tx) error {
	var open []*step
	for _, j := range b.jobs {
		for _, s := range j.steps {
			if s.take != nil {
				open = append(open, s)
			}
		}
	}
	for round := 0; len(open) > 0; round++ {
		if round == maxRounds {
			return fmt.Errorf("taking keys: %d pairs thought spare were in use", len(open)*maxRounds)
		}
		tried, err := b.insert(ctx, tx, open)
		if err != nil {
			return err
		}
		open = open[:0]
		for _, s := range tried {
			again, err := b.resolve(ctx, tx, s)
			if err != nil {
				return err
			}
			if again {
				open = append(open, s)
			}
		}
	}
	return nil
}

// insert provides pairs for the steps and takes them. It returns the steps that
// got none: another order of the same name was there first, or no pair was ready.
func (b *batch) insert(ctx context.Context, tx *sql.Tx, open []*step) (rest []*step, err error) {
	var uses []*use
	var made []*record
	for _, s := range open {
		t := s.take
		if t.record == nil {
			if t.record = b.centre.pool.take(t.use.suite); t.record == nil {
				continue
			}
			b.taken = append(b.taken, t.record)
		} else if t.fresh {
			t.fresh = false
			made = append(made, t.record)
			b.stored[t.record] = true
		}
		t.use.keyID = t.record.id
		uses = append(uses, &t.use)
	}
	if err := insertRecords(ctx, tx, made); err != nil {
		return nil, err
	}
	taken, err := insertUses(ctx, tx, uses)
	if err != nil {
		return nil, err
	}
	for _, s := range open {
		if s.take.record != nil && taken[s.take.record.id] {
			b.granted(s)
		} else {
			rest = append(rest, s)
		}
	}
	return rest, nil
}

func (b *batch) granted(s *step) {
	b.spent[s.take.record] = true
	c := b.counts[s.take.use.suite]
	c.inUse++
	b.counts[s.take.use.suite] = c
	s.act.Detail["key"] = s.take.record.id
}

// resolve finds out why a step got no pair. again means with another one.
func (b *batch) resolve(ctx context.Context, tx *sql.Tx, s *step) (again bool, err error) {
	t := s.take
	found, err := findUse(ctx, tx, byApplication, t.use.ca, t.use.application)
	if err != nil {
		return false, err
	}
	if found != nil {
		return false, b.repeat(ctx, tx, s, found)
	}
	if found, err = findUse(ctx, tx, byCertNo, t.use.ca, string(t.use.certNo)); err != nil {
		return false, err
	}
	switch {
	case found != nil:
		s.refuse(pki.Errorf(pki.Conflict, codeCertNo, "another order's pair stands under this certificate number").
			To("give the encryption certificate a new serial"))
	case t.record == nil:
		s.err = errNoSpare
	default: // the pair is in use: forget it
		b.spent[t.record] = true
		t.record = nil
		return true, nil
	}
	return false, nil
}

// repeat answers an order that was there before with its pair, if it is the same.
func (b *batch) repeat(ctx context.Context, tx *sql.Tx, s *step, found *use) (err error) {
	if !found.same(s.take.use.digest) {
		s.refuse(pki.Errorf(pki.Conflict, codeOther, "this application already has a pair, made for an order with another content").
			To("ask with exactly the first order, or under a new application"))
		return nil
	}
	s.take.repeat = true
	s.act.Detail["key"], s.act.Detail["repeat"] = found.keyID, "true"
	s.take.record, err = findRecord(ctx, tx, found.keyID)
	return err
}

func (b *batch) retires(ctx context.Context, tx *sql.Tx) error {
	for _, j := range b.jobs {
		for _, s := range j.steps {
			if s.retire == nil {
				continue
			}
			if err := b.retire(ctx, tx, s); err != nil {
				return err
			}
		}
	}
	return nil
}

// retire is done once; asking again changes nothing and is entered as a repeat.
func (b *batch) retire(ctx context.Context, tx *sql.Tx, s *step) error {
	found, err := findUse(ctx, tx, byCertNo, s.retire.ca, string(s.retire.certNo))
	if err != nil {
		return err
	}
	if found == nil {
		s.refuse(errNoKey())
		return nil
	}
	s.act.Subject, s.act.Detail["key"] = found.holder, found.keyID
	if !found.endedAt.IsZero() {
		s.act.Detail["repeat"] = "true"
		return nil
	}
	c := b.counts[found.suite]
	c.inUse--
	c.history++
	b.counts[found.suite] = c
	return endUse(ctx, tx, found.keyID, s.retire.at)
}

// fills stores pairs for the spare library and notes since when there are spares.
func (b *batch) fills(ctx context.Context, tx *sql.Tx) error {
	for _, j := range b.jobs {
		if len(j.fill) == 0 {
			continue
		}
		if err := insertRecords(ctx, tx, j.fill); err != nil {
			return err
		}
		suite, from := j.fill[0].suite, b.oldest(j.fill)
		if err := storeSpareFrom(ctx, tx, suite, from); err != nil {
			return err
		}
	}
	return nil
}

// oldest is when the oldest pair was made that is or may yet turn out to be spare.
func (b *batch) oldest(fill []*record) time.Time {
	first := b.centre.pool.oldest(fill[0].suite)
	earlier := func(r *record) {
		if r.suite == fill[0].suite && (first.IsZero() || r.madeAt.Before(first)) {
			first = r.madeAt
		}
	}
	for _, list := range [][]*record{fill, b.taken} {
		for _, r := range list {
			earlier(r)
		}
	}
	for r := range b.stored {
		earlier(r)
	}
	return first
}

// carryOut writes a job. Orders that found no spare pair get one made for them
// while they wait, in a second transaction, so that they hold up nobody else.
func (c *Centre) carryOut(ctx context.Context, j *job) error {
	if err := c.hand(ctx, j); err != nil {
		return err
	}
	var without []*step
	for _, s := range j.steps {
		if s.err == errNoSpare {
			without = append(without, s)
		}
	}
	if len(without) == 0 {
		return nil
	}
	if err := c.makeFor(ctx, without); err != nil {
		return err
	}
	return c.hand(ctx, &job{steps: without})
}

func (c *Centre) hand(ctx context.Context, j *job) error {
	err := c.writer.Do(ctx, j)
	if errors.Is(err, db.ErrStopped) {
		return pki.Errorf(pki.Unavailable, codeClosed, "the key management centre is stopping").To("ask again when it runs")
	}
	return err
}

func errNoKey() *pki.Error {
	return pki.Errorf(pki.Unknown, codeNoKey, "no pair stands under this certificate number").
		To("ask with the serial of the encryption certificate the pair was made for")
}
