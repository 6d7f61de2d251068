package kmc

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"onecert/audit"
	"onecert/db"
	"onecert/pki"
)

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
	settled := b.centre.pool.doubts
	if committed {
		settled = b.centre.pool.add
	}
	for r := range b.stored {
		if !b.spent[r] {
			settled(r)
		}
	}
	for _, j := range b.jobs {
		settled(j.fill...)
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
	if err := b.refuseNumbers(ctx, tx, open); err != nil {
		return err
	}
	open = slices.DeleteFunc(open, func(s *step) bool { return s.err != nil })
	for len(open) > 0 { // each round but the last drops a pair from the pool
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

// refuseNumbers refuses orders under a number that is a further one of another pair: the
// table of uses does not know those.
func (b *batch) refuseNumbers(ctx context.Context, tx *sql.Tx, open []*step) error {
	if !b.centre.renumbered.Load() {
		return nil
	}
	probe := db.Probe{In: "kmc_number WHERE cert_no = ?"}
	for _, s := range open {
		probe.Values = append(probe.Values, string(s.take.use.certNo))
	}
	if found, err := db.Exists(ctx, tx, probe); err != nil || !found {
		return err
	}
	for _, s := range open {
		there, err := findUse(ctx, tx, byCertNo, s.take.use.ca, string(s.take.use.certNo))
		if err != nil {
			return err
		}
		if there != nil && there.application != s.take.use.application {
			s.refuse(errCertNo())
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
		if t.record != nil && t.record.id == found.keyID {
			b.forget(t.record)
		}
		return false, b.repeat(ctx, tx, s, found)
	}
	if found, err = findUse(ctx, tx, byCertNo, t.use.ca, string(t.use.certNo)); err != nil {
		return false, err
	}
	switch {
	case found != nil:
		s.refuse(errCertNo())
	case t.record == nil:
		s.err = errNoSpare
	default:
		b.forget(t.record)
		t.record = nil
		return true, nil
	}
	return false, nil
}

// forget drops a pair that was thought spare and is in use, which only an unclear
// end of an earlier commit can cause. It does not return, however this one ends.
func (b *batch) forget(r *record) {
	b.taken = slices.DeleteFunc(b.taken, func(taken *record) bool { return taken == r })
}

// repeat answers an order that was there before with its pair, if it is the same.
func (b *batch) repeat(ctx context.Context, tx *sql.Tx, s *step, found *use) (err error) {
	if !found.same(s.take.use.digest) {
		s.refuse(pki.Errorf(pki.Conflict, codeOther, "this application already has a pair, made for an order with another content").
			To("ask with exactly the first order, or under a new application"))
		return nil
	}
	if !found.destroyedAt.IsZero() {
		s.touches(found)
		s.refuse(errDestroyed())
		return nil
	}
	if asked := &s.take.use; asked.certNo != found.certNo {
		there, err := findUse(ctx, tx, byCertNo, asked.ca, string(asked.certNo))
		if err != nil {
			return err
		}
		if there != nil && there.keyID != found.keyID {
			s.refuse(errCertNo())
			return nil
		}
		b.centre.renumbered.Store(true)
		if err := renumber(ctx, tx, found, asked); err != nil {
			return err
		}
	}
	s.touches(found)
	s.act.Detail["repeat"] = "true"
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
	s.touches(found)
	if !found.endedAt.IsZero() {
		s.act.Detail["repeat"] = "true"
		return nil
	}
	c := b.counts[found.suite]
	c.inUse--
	c.history++
	b.counts[found.suite] = c
	at := s.retire.at
	if at.Before(found.takenAt) { // the clock has gone back meanwhile; the log says to when
		at = found.takenAt
	}
	return endUse(ctx, tx, found.keyID, at)
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
	if doubted := b.centre.pool.doubted(fill[0].suite); !doubted.IsZero() && (first.IsZero() || doubted.Before(first)) {
		first = doubted
	}
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
