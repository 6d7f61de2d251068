package ca

import (
	"context"
	"fmt"
	"time"

	"onecert/pki"
	"onecert/status"
)

// ledger is what the CA remembers of an issuer's lists, so that one more revocation is
// the work of one piece. All of it comes from the database and can be forgotten:
// another process that takes over reads the same. crlLock guards it.
type ledger struct {
	issuer  *Issuer
	number  int64 // the highest of a stored list, or tried by this process
	scopes  []*scope
	runs    []*run    // entries by partition; the last is of none, and of roots
	loaded  bool      // runs and changes stand
	journal int64     // they are true up to here
	latest  time.Time // of the times of changes
	stale   bool      // a commit failed or not: what is stored must be read again
	// late are names whose file could not be written.
	late map[string]bool
}

// scope is a partition, or all of them: what one full list and its delta cover.
type scope struct {
	partition   int
	full, delta *CRL   // the newest, without octets
	bases       []base // full lists that have not lapsed, oldest first
	changes     changes
	changed     int64 // journal number of the last change in the scope
}

// base is a full list that deltas can build on.
type base struct {
	number, journal int64
	next            time.Time
}

func newLedger(i *Issuer) *ledger {
	l := &ledger{issuer: i, late: map[string]bool{}, runs: make([]*run, i.Partitions+1)}
	for n := range l.runs {
		l.runs[n] = &run{}
	}
	for n := range i.Partitions + 1 {
		l.scopes = append(l.scopes, &scope{partition: n - 1})
	}
	return l
}

// ledger returns what is known of an issuer's lists, without their entries.
func (ca *CA) ledger(ctx context.Context, i *Issuer) (*ledger, error) {
	l := ca.ledgers[i.ID]
	if l == nil {
		l = newLedger(i)
	}
	l.issuer = i // its key may have been replaced
	if ca.ledgers[i.ID] != nil && !l.stale {
		return l, nil
	}
	if err := ca.readHeads(ctx, l); err != nil {
		return nil, storeFailed(err)
	}
	ca.ledgers[i.ID], l.stale = l, false
	ca.tell(l)
	return l, nil
}

// note takes a stored list into account.
func (l *ledger) note(c CRL) {
	c.DER = nil
	l.number = max(l.number, c.Number)
	s := l.scope(c.Partition)
	switch {
	case s == nil: // of a partition that is configured no longer
	case c.Base > 0:
		s.delta = &c
	default:
		s.full = &c
		s.bases = append(s.bases, base{c.Number, c.Journal, c.NextUpdate})
	}
}

func (l *ledger) scope(partition int) *scope {
	if partition < complete || partition+1 >= len(l.scopes) {
		return nil
	}
	return l.scopes[partition+1]
}

// base is the oldest full list somebody may still rightly hold: whoever has a full
// list that has not lapsed can use every delta (RFC 5280 5.2.4).
func (s *scope) base(now time.Time) (b base, found bool) {
	for len(s.bases) > 0 && !now.Before(s.bases[0].next) {
		s.bases = s.bases[1:]
	}
	if len(s.bases) == 0 {
		return b, false
	}
	return s.bases[0], true
}

// ready returns an issuer's ledger with its entries, true up to the journal's end.
func (ca *CA) ready(ctx context.Context, i *Issuer) (*ledger, error) {
	l, err := ca.ledger(ctx, i)
	if err == nil && !l.loaded {
		err = ca.load(ctx, l)
	}
	if err == nil {
		err = ca.advance(ctx, l)
	}
	if err != nil {
		return nil, storeFailed(err)
	}
	return l, nil
}

// load reads every entry once, after a start.
func (ca *CA) load(ctx context.Context, l *ledger) error {
	journal, err := ca.cfg.Status.Last(ctx) // before reading: what comes meanwhile is applied again
	if err != nil {
		return err
	}
	fresh := newLedger(l.issuer).runs
	loaders := make([]loader, len(fresh))
	for n := range loaders {
		loaders[n].run = fresh[n]
	}
	err = ca.cfg.Status.Listed(ctx, l.issuer.ID, complete, ca.cutoff(), func(r status.Record) error {
		loaders[l.place(r)].add(entry(r))
		if r.Changed.After(l.latest) {
			l.latest = r.Changed
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("gathering a CRL: %w", err)
	}
	for n := range loaders {
		loaders[n].flush()
	}
	since, now := journal, ca.cfg.Now()
	for _, s := range l.scopes {
		s.changes, s.changed = changes{}, 0
		if b, found := s.base(now); found {
			since = min(since, b.journal)
		}
	}
	err = ca.cfg.Status.ChangedSince(ctx, l.issuer.ID, since, func(r status.Record) error {
		l.change(r)
		return nil
	})
	if err != nil {
		return fmt.Errorf("gathering a delta CRL: %w", err)
	}
	l.runs, l.journal, l.loaded = fresh, journal, true
	return nil
}

// cutoff: an entry stays one CRL life past its certificate's end, so that every
// list's reader sees it at least once (RFC 5280 3.3).
func (ca *CA) cutoff() time.Time { return ca.cfg.Now().Add(-ca.cfg.CRL.Life) }

// advance applies what the journal has since.
func (ca *CA) advance(ctx context.Context, l *ledger) error {
	last, err := ca.cfg.Status.Last(ctx)
	if err != nil || last == l.journal {
		return err
	}
	cutoff := ca.cutoff()
	err = ca.cfg.Status.ChangedSince(ctx, l.issuer.ID, l.journal, func(r status.Record) error {
		l.change(r)
		switch serial := serialOctets(r.Serial); {
		case r.State == pki.Valid:
			l.runs[l.place(r)].remove(serial)
		case r.NotAfter.After(cutoff):
			l.runs[l.place(r)].put(serial, entry(r))
		}
		return nil
	})
	if err != nil {
		l.loaded = false // part of it may be applied
		return fmt.Errorf("gathering changes for a CRL: %w", err)
	}
	l.journal = last
	return nil
}

func (l *ledger) place(r status.Record) int {
	if r.Partition < 0 || r.Partition >= len(l.runs) {
		return len(l.runs) - 1
	}
	return r.Partition
}

// change puts a change into the deltas it belongs to.
func (l *ledger) change(r status.Record) {
	if r.Changed.After(l.latest) {
		l.latest = r.Changed
	}
	touched := []*scope{l.scopes[0]}
	if s := l.scope(r.Partition); s != nil {
		touched = append(touched, s)
	}
	serial, der := serialOctets(r.Serial), entry(r)
	for _, s := range touched {
		s.changes.put(r.Number, serial, der)
		s.changed = max(s.changed, r.Number)
	}
}

func entry(r status.Record) []byte {
	reason := r.Reason
	if r.State == pki.Valid {
		reason = pki.RemoveFromCRL
	}
	return pki.AddListed(nil, pki.Listed{Serial: r.Serial, At: r.Changed, Reason: reason, Invalidity: r.Invalidity})
}

// entries of a scope's full list.
func (l *ledger) entries(s *scope) run {
	if s.partition == complete {
		return joined(l.runs)
	}
	return l.runs[s.partition].snapshot()
}

// sweep takes out entries whose certificates have long expired, and holds what is
// remembered against the table. Reading goes on beside signing; pieces never change.
func (ca *CA) sweep(ctx context.Context, i *Issuer) error {
	ca.crlLock.Lock()
	l, err := ca.ready(ctx, i)
	if err != nil {
		ca.crlLock.Unlock()
		return err
	}
	journal, runs := l.journal, make([]run, len(l.runs))
	for n, r := range l.runs {
		runs[n] = r.snapshot()
	}
	ca.crlLock.Unlock()
	gone, missing, err := ca.compare(ctx, i, runs, journal)
	if err != nil {
		return err
	}
	ca.crlLock.Lock()
	defer ca.crlLock.Unlock()
	if missing > 0 {
		ca.cfg.Log.Error("entries were missing from what the CA remembers of its lists; they are read again", "issuer", i.ID, "entries", missing)
		l.loaded = false
		return nil
	}
	for n, serials := range gone {
		for _, serial := range serials {
			// It may have been changed since: only the table knows.
			r, err := ca.cfg.Status.Record(ctx, i.ID, serial)
			if err != nil && pki.KindOf(err) != pki.Unknown {
				return err
			}
			if err != nil || r.State == pki.Valid || !r.NotAfter.After(ca.cutoff()) {
				l.runs[n].remove(serialOctets(serial))
			}
		}
	}
	return nil
}
