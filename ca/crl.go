package ca

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"onecert/audit"
	"onecert/db"
	"onecert/lint"
	"onecert/officer"
	"onecert/pki"
	"onecert/status"
)

// CRLRules say how long CRLs live and where they go.
type CRLRules struct {
	Dir   string        // folder for {issuer}/….crl; "" keeps them in the database only
	Life  time.Duration // nextUpdate - thisUpdate; 24 h if 0
	Pause time.Duration // the shortest time between two lists of one issuer; 1 s if 0
}

func (r *CRLRules) check() error {
	if r.Life == 0 {
		r.Life = 24 * time.Hour
	}
	if r.Pause == 0 {
		r.Pause = time.Second
	}
	if r.Life < time.Minute || r.Pause < 0 {
		return pki.Errorf(pki.Invalid, "config.crl", "a CRL must live at least a minute")
	}
	return nil
}

// complete is the partition number of the list that has every entry.
const complete = -1

// CRL is one signed list.
type CRL struct {
	Issuer     string    `json:"issuer"`
	Number     int64     `json:"number"`
	Partition  int       `json:"partition" doc:"-1: the complete list"`
	Base       int64     `json:"base,omitempty" doc:"delta: the full list it builds on"`
	Journal    int64     `json:"journal" doc:"journal number it is true up to"`
	Entries    int64     `json:"entries"`
	ThisUpdate time.Time `json:"this_update"`
	NextUpdate time.Time `json:"next_update"`
	DER        []byte    `json:"der,omitempty"`
}

// SignCRLs makes the complete list of an issuer, one list for each partition and,
// where a full list stands before, the delta since it; stores them and publishes
// the files. Numbers come from a counter row, so they only grow, whoever signs.
func (ca *CA) SignCRLs(ctx context.Context, issuer string) ([]CRL, error) {
	actor, err := ca.cfg.Check(ctx, officer.SignCRL)
	if err != nil {
		return nil, err
	}
	i, err := ca.Issuer(issuer)
	if err != nil {
		return nil, err
	}
	return ca.signCRLs(ctx, i, actor)
}

func (ca *CA) signCRLs(ctx context.Context, i *Issuer, actor pki.Actor) ([]CRL, error) {
	ca.crlLock.Lock()
	defer ca.crlLock.Unlock()
	now := ca.cfg.Now().UTC().Truncate(time.Second)
	if err := i.valid(now); err != nil {
		return nil, err
	}
	number, err := ca.nextCRLNumber(ctx, i.ID)
	if err != nil {
		return nil, err
	}
	lists, err := ca.gather(ctx, i, number, now)
	if err != nil {
		return nil, err
	}
	out := make([]CRL, 0, len(lists))
	for _, l := range lists {
		der, err := ca.signList(i, l)
		if err != nil {
			return nil, err
		}
		l.CRL.DER = der
		out = append(out, l.CRL)
	}
	if err := ca.storeCRLs(ctx, i.ID, out, actor, now); err != nil {
		return nil, err
	}
	return out, ca.publish(i, out)
}

// nextCRLNumber takes a number for good: one that is not used leaves a gap, which
// relying parties do not mind; one used twice would break delta lists.
func (ca *CA) nextCRLNumber(ctx context.Context, issuer string) (number int64, err error) {
	err = ca.tx(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `INSERT INTO ca_crl_number (issuer, number) VALUES ($1, 1)
			ON CONFLICT (issuer) DO UPDATE SET number = ca_crl_number.number + 1 RETURNING number`, issuer).Scan(&number)
	})
	if err != nil {
		return 0, fmt.Errorf("taking a CRL number: %w", err)
	}
	return number, nil
}

// list is a CRL being made: its head and its entries in DER.
type list struct {
	CRL
	entries []byte
}

func (l *list) add(r status.Record) {
	reason := r.Reason
	if r.State == pki.Valid {
		reason = pki.RemoveFromCRL
	}
	l.entries = pki.AddListed(l.entries, pki.Listed{Serial: r.Serial, At: r.Changed, Reason: reason, Invalidity: r.Invalidity})
	l.Entries++
}

// gather reads the journal once and fills the complete list, its partitions and
// the delta. An entry stays one CRL life past its certificate's end, so that
// every list's reader sees it at least once (RFC 5280 3.3).
func (ca *CA) gather(ctx context.Context, i *Issuer, number int64, now time.Time) ([]*list, error) {
	journal, err := ca.cfg.Status.Last(ctx) // before reading: what comes meanwhile is in both
	if err != nil {
		return nil, storeFailed(err)
	}
	head := CRL{Issuer: i.ID, Number: number, Journal: journal, ThisUpdate: now, NextUpdate: now.Add(ca.life(i))}
	lists := make([]*list, 1+i.Partitions)
	for n := range lists {
		lists[n] = &list{CRL: head}
		lists[n].Partition = n - 1
	}
	err = ca.cfg.Status.Listed(ctx, i.ID, complete, now.Add(-ca.cfg.CRL.Life), func(r status.Record) error {
		lists[0].add(r)
		if r.Partition < i.Partitions {
			lists[1+r.Partition].add(r)
		}
		return nil
	})
	if err != nil {
		return nil, storeFailed(fmt.Errorf("gathering a CRL: %w", err))
	}
	base, err := ca.baseForDelta(ctx, i.ID, now)
	if err != nil || base == nil || i.ListsOnly {
		return lists, err
	}
	delta := &list{CRL: head}
	delta.Partition, delta.Base = complete, base.Number
	err = ca.cfg.Status.ChangedSince(ctx, i.ID, base.Journal, func(r status.Record) error {
		delta.add(r)
		return nil
	})
	return append(lists, delta), storeFailed(err)
}

// rootLives is how many times longer a root's list lives: it changes once in years,
// and relying parties that are cut off must not lose the whole tree.
const rootLives = 30

func (ca *CA) life(i *Issuer) time.Duration {
	if i.ListsOnly {
		return rootLives * ca.cfg.CRL.Life
	}
	return ca.cfg.CRL.Life
}

func (ca *CA) signList(i *Issuer, l *list) ([]byte, error) {
	head := pki.List{Suite: i.suite, Issuer: i.Certificate.RawSubject, ThisUpdate: l.ThisUpdate, NextUpdate: l.NextUpdate,
		Number: l.Number, Base: l.Base, KeyID: i.keyID}
	if l.Partition != complete {
		head.PointURI = i.crlURL(l.Partition)
	} else if l.Base == 0 && !i.ListsOnly {
		head.Freshest = []string{i.Addresses.CRL + "/" + i.ID + "/delta.crl"}
	}
	tbs, err := head.TBS(l.entries)
	if err != nil {
		return nil, fmt.Errorf("building a CRL: %w", err)
	}
	findings, err := lint.CRL(pki.ThrowAway(tbs, i.suite), lint.Options{Issuer: i.Certificate.Raw, Ours: true})
	if err != nil {
		return nil, pki.Errorf(pki.Internal, "lint.parse", "the CRL to be signed cannot be read back").Because(err)
	}
	for _, f := range findings {
		if f.Severity == lint.Error {
			return nil, pki.Errorf(pki.Internal, "lint."+f.Rule, "the CRL would break %s: %s", f.Clause, f.Detail)
		}
	}
	signature, err := i.Key.SignMessage(ca.cfg.Random, tbs, nil)
	if err != nil {
		return nil, pki.Errorf(pki.Unavailable, "issuer.sign", "the key of issuer %s does not sign", i.ID).
			To("check the key's device or file; the revocations stand, only the list is late").Because(err)
	}
	return pki.Assemble(tbs, i.suite, signature), nil
}

var crlColumns = []string{"issuer", "number", "crl_part", "base", "journal", "entries", "this_update", "next_update", "der"}

func (ca *CA) storeCRLs(ctx context.Context, issuer string, crls []CRL, actor pki.Actor, now time.Time) error {
	rows := make([][]any, len(crls))
	for n, c := range crls {
		rows[n] = []any{c.Issuer, c.Number, c.Partition, c.Base, c.Journal, c.Entries, c.ThisUpdate.UnixMilli(), c.NextUpdate.UnixMilli(), c.DER}
	}
	act := audit.Act{Actor: actor, Act: "crl.sign", Object: fmt.Sprintf("%s/%d", issuer, crls[0].Number), Result: audit.Done, At: now,
		Detail: map[string]string{"entries": fmt.Sprint(crls[0].Entries), "lists": fmt.Sprint(len(crls))}}
	err := ca.tx(ctx, func(tx *sql.Tx) error {
		if err := db.Insert(ctx, tx, "ca_crl", crlColumns, rows, ""); err != nil {
			return err
		}
		return ca.cfg.Audit.Append(ctx, tx, act)
	})
	if err != nil {
		return fmt.Errorf("storing CRLs: %w", err)
	}
	return nil
}

// baseForDelta is the oldest full list somebody may still rightly hold: whoever has
// a full list that has not lapsed can use every delta (RFC 5280 5.2.4).
func (ca *CA) baseForDelta(ctx context.Context, issuer string, now time.Time) (*CRL, error) {
	return ca.findCRL(ctx, `issuer = $1 AND crl_part = $2 AND base = 0 AND next_update > $3 ORDER BY next_update, number LIMIT 1`, issuer, complete, now.UnixMilli())
}

func (ca *CA) lastFull(ctx context.Context, issuer string) (*CRL, error) {
	return ca.latest(ctx, issuer, complete, false)
}

// LatestCRL returns the newest list of an issuer: complete (-1) or of a partition,
// full or delta. Relying parties may all read it.
func (ca *CA) LatestCRL(ctx context.Context, issuer string, partition int, delta bool) (*CRL, error) {
	if _, err := ca.Issuer(issuer); err != nil {
		return nil, err
	}
	crl, err := ca.latest(ctx, issuer, partition, delta)
	if err == nil && crl == nil {
		err = pki.Errorf(pki.Unknown, "crl.none", "issuer %s has no such CRL", issuer).To("sign one with 'onecert ca crl --sign %s'", issuer)
	}
	return crl, err
}

func (ca *CA) latest(ctx context.Context, issuer string, partition int, delta bool) (*CRL, error) {
	kind := "base = 0"
	if delta {
		kind = "base > 0"
	}
	return ca.findCRL(ctx, `issuer = $1 AND crl_part = $2 AND `+kind+` ORDER BY number DESC LIMIT 1`, issuer, partition)
}

// findCRL returns the first list of a condition, nil if there is none.
func (ca *CA) findCRL(ctx context.Context, where string, args ...any) (*CRL, error) {
	rows, err := ca.cfg.DB.Read().QueryContext(ctx, `SELECT issuer, crl_part, number, base, journal, entries, this_update, next_update, der
		FROM ca_crl WHERE `+where, args...)
	if err != nil {
		return nil, storeFailed(fmt.Errorf("reading a CRL: %w", err))
	}
	defer rows.Close()
	if !rows.Next() {
		return nil, storeFailed(rows.Err())
	}
	crl := &CRL{}
	var this, next int64
	err = rows.Scan(&crl.Issuer, &crl.Partition, &crl.Number, &crl.Base, &crl.Journal, &crl.Entries, &this, &next, &crl.DER)
	if err != nil {
		return nil, storeFailed(fmt.Errorf("reading a CRL: %w", err))
	}
	crl.ThisUpdate, crl.NextUpdate = time.UnixMilli(this).UTC(), time.UnixMilli(next).UTC()
	return crl, nil
}
