package ca

import (
	"context"
	"errors"
	"time"

	"onecert/officer"
	"onecert/pki"
)

// CRLRules say how long CRLs live, how often they are made and where they go.
type CRLRules struct {
	Dir   string        // folder for {issuer}/….crl; "" keeps them in the database only
	Life  time.Duration // nextUpdate - thisUpdate of full lists; 24 h if 0
	Pause time.Duration // the shortest time between two rounds of one issuer; 150 ms if 0
	// DeltaLife is the life of delta lists, a quarter of Life if 0: relying parties
	// keep a list until it lapses, and the delta is what has the news.
	DeltaLife time.Duration
	// Full is the shortest time between two full lists of the same scope while there
	// is news; 0: a second for each 10,000 entries, at least one. The delta is made at
	// once.
	Full time.Duration
}

func (r *CRLRules) check() error {
	if r.Life == 0 {
		r.Life = 24 * time.Hour
	}
	if r.Pause == 0 {
		r.Pause = 150 * time.Millisecond
	}
	if r.DeltaLife == 0 {
		r.DeltaLife = r.Life / 4
	}
	if r.Life < time.Minute || r.Pause < 0 || r.Full < 0 || r.DeltaLife < 0 || r.DeltaLife > r.Life {
		return pki.Errorf(pki.Invalid, "config.crl", "a CRL must live at least a minute, a delta no longer than a full list, and no time is negative")
	}
	return nil
}

// entriesSecond is how many entries make full lists a second rarer.
const entriesSecond = 10_000

// fullEach is the shortest time between two full lists of so many entries: signing,
// storing and publishing them then stays below a few hundredths of a processor.
func (r *CRLRules) fullEach(entries int64) time.Duration {
	if r.Full > 0 {
		return r.Full
	}
	return max(time.Second, time.Duration(entries)*time.Second/entriesSecond)
}

// rootLives is how many times longer a root's list lives: it changes once in years,
// and relying parties that are cut off must not lose the whole tree.
const rootLives = 30

func (ca *CA) life(i *Issuer, delta bool) time.Duration {
	switch {
	case i.ListsOnly:
		return rootLives * ca.cfg.CRL.Life
	case delta:
		return max(time.Second, ca.cfg.CRL.DeltaLife)
	}
	return ca.cfg.CRL.Life
}

// complete is the partition number of the list that has every entry.
const complete = pki.CompleteList

// CRL is one signed list.
type CRL struct {
	Issuer     string    `json:"issuer"`
	Number     int64     `json:"number"`
	Partition  int       `json:"partition" doc:"-1: the complete list"`
	Base       int64     `json:"base,omitempty" doc:"delta: the full list it builds on"`
	Journal    int64     `json:"journal" doc:"journal number it is true up to"`
	Entries    int64     `json:"entries"`
	Size       int64     `json:"size" doc:"octets"`
	ThisUpdate time.Time `json:"this_update"`
	NextUpdate time.Time `json:"next_update"`
	DER        []byte    `json:"der,omitempty" doc:"left out of long lists: they are fetched by their address"`
}

// longList is the size over which a list does not travel inside another answer.
const longList = 1 << 20

// name is the list's stable name.
func (c *CRL) name() string { return pki.ListName(c.Partition, c.Base > 0) }

func (c *CRL) head() pki.ListHead {
	return pki.ListHead{Issuer: c.Issuer, Name: c.name(), Number: c.Number, Base: c.Base, Journal: c.Journal, Entries: c.Entries,
		Size: c.Size, ThisUpdate: c.ThisUpdate, NextUpdate: c.NextUpdate}
}

// SignCRLs makes the complete list of an issuer, one list for each partition and,
// where a full list stands before, the deltas since it; stores them and publishes the
// files. The complete list comes first, its delta last. Numbers come from a counter
// row, so they only grow, whoever signs. Long lists are returned without their octets.
func (ca *CA) SignCRLs(ctx context.Context, issuer string) ([]CRL, error) {
	actor, err := ca.cfg.Check(ctx, officer.SignCRL)
	if err != nil {
		return nil, err
	}
	i, err := ca.Issuer(issuer)
	if err != nil {
		return nil, err
	}
	ca.crlLock.Lock()
	defer ca.crlLock.Unlock()
	l, err := ca.ready(ctx, i)
	if err != nil {
		return nil, err
	}
	return ca.signDue(ctx, l, l.everything(), actor)
}

// LatestCRL returns the newest list of an issuer: complete (-1) or of a partition,
// full or delta. Relying parties may all read it.
func (ca *CA) LatestCRL(ctx context.Context, issuer string, partition int, delta bool) (*CRL, error) {
	if _, err := ca.Issuer(issuer); err != nil {
		return nil, err
	}
	kind := "base = 0"
	if delta {
		kind = "base > 0"
	}
	crl, err := ca.findCRL(ctx, `issuer = $1 AND crl_part = $2 AND `+kind+` ORDER BY number DESC LIMIT 1`, issuer, partition)
	if err == nil && crl == nil {
		err = noCRL(issuer)
	}
	if err != nil {
		return nil, err
	}
	crl.DER, err = ca.octets(ctx, crl)
	return &crl.CRL, err
}

func noCRL(issuer string) error {
	return pki.Errorf(pki.Unknown, "crl.none", "issuer %s has no such CRL", issuer).To("sign one with 'onecert ca crl --sign %s'", issuer)
}

// Lists returns the newest list of each name that has not lapsed, without its octets.
// Whoever publishes lists may read them, as anybody may.
func (ca *CA) Lists(ctx context.Context, issuer string) ([]pki.ListHead, error) {
	i, err := ca.Issuer(issuer)
	if err != nil {
		return nil, err
	}
	known, ok := ca.newest.Load(i.ID) // signing a long list keeps nobody waiting
	if !ok {
		ca.crlLock.Lock()
		defer ca.crlLock.Unlock()
		if _, err := ca.ledger(ctx, i); err != nil {
			return nil, err
		}
		known, _ = ca.newest.Load(i.ID)
	}
	now, all := ca.cfg.Now(), []pki.ListHead{}
	for _, head := range known.([]pki.ListHead) {
		if now.Before(head.NextUpdate) {
			all = append(all, head)
		}
	}
	return all, nil
}

// tell makes an issuer's newest lists known to those who ask for them.
func (ca *CA) tell(l *ledger) {
	all := []pki.ListHead{}
	for _, s := range l.scopes {
		for _, newest := range []*CRL{s.full, s.delta} {
			if newest != nil {
				all = append(all, newest.head())
			}
		}
	}
	ca.newest.Store(l.issuer.ID, all)
}

// due is one list to be made.
type due struct {
	scope *scope
	delta bool
}

// everything is all lists, the complete one first and its delta last.
func (l *ledger) everything() (all []due) {
	for _, s := range l.scopes {
		all = append(all, due{s, false})
	}
	for n := len(l.scopes) - 1; n >= 0; n-- {
		all = append(all, due{l.scopes[n], true})
	}
	return all
}

// signDue makes lists under one number, which it takes for good: one that is not used
// leaves a gap, which relying parties do not mind; one used twice would break deltas.
// A full list and the delta made with it say the same (RFC 5280 5.2.4).
func (ca *CA) signDue(ctx context.Context, l *ledger, all []due, actor pki.Actor) ([]CRL, error) {
	now := ca.cfg.Now().UTC().Truncate(time.Second)
	if err := l.issuer.valid(now); err != nil {
		return nil, err
	}
	number, err := ca.nextCRLNumber(ctx, l.issuer.ID)
	if err != nil {
		return nil, err
	}
	// Should signing fail, what is due is known without the gap.
	l.number = number
	b := &round{ca: ca, ledger: l, actor: actor, now: now}
	for _, d := range all {
		if err := b.add(ctx, d, number); err != nil {
			return b.done, errors.Join(err, b.flush(ctx))
		}
	}
	return b.done, b.flush(ctx)
}
