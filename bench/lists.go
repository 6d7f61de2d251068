package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"time"

	"github.com/emmansun/gmsm/sm2"

	"onecert/ca"
	"onecert/officer"
	"onecert/pki"
	"onecert/status"
)

// fewEntries is the length of a short list.
const fewEntries = 10

// crl shows that revoking costs the same however long the list is, and what a long
// list costs.
func (b *bench) crl(ctx context.Context) error {
	many := pick(b, 10_000, 100_000)
	revoking := [][]string{{"", "ms at 10 entries", fmt.Sprintf("ms at %d", many), "ratio", "µs at 10", fmt.Sprintf("µs at %d", many), "commit ms"}}
	signing := [][]string{{"", "all lists ms", "µs an entry", "complete MB", "with a delta ms", "delta kB", "hash and sign ms"}}
	for _, e := range b.engines {
		r, s, err := b.lists(ctx, e, many)
		if err != nil {
			return fmt.Errorf("%s: %w", e.name, err)
		}
		revoking, signing = append(revoking, r), append(signing, s)
	}
	b.out.table("Revoking a dual certificate, in process, one caller, durable storage", revoking,
		"ms: until the revocation stands; µs: processor time of the CA's process; commit: one row on this engine.",
		"Revoking also moves the pair to history at the key management centre: two commits.")
	b.out.table(fmt.Sprintf("Lists of an SM2 issuer with %d entries", many), signing,
		"All lists: the complete one and 8 partitions, linted, stored and published; then again with the deltas of those revoked meanwhile.",
		"Hash and sign: the complete list's bytes once, which nobody can do without.")
	return nil
}

func (b *bench) lists(ctx context.Context, e engine, entries int) (revoking, signing []string, err error) {
	n := pick(b, 20, 100)
	h, err := b.house(e, 2*n+fewEntries)
	if err != nil {
		return nil, nil, err
	}
	defer h.close()
	var victims []pki.Serial
	m := persons()
	for i := range 2*n + fewEntries/2 {
		issued, err := h.issue(m, i)
		if err != nil {
			return nil, nil, err
		}
		victims = append(victims, issued.Sign.Serial)
	}
	if _, _, err := h.revoke(victims[:fewEntries/2]); err != nil {
		return nil, nil, err
	}
	few, fewTime, err := h.revoke(victims[fewEntries/2:][:n])
	if err != nil {
		return nil, nil, err
	}
	if err := h.crowd(ctx, entries); err != nil {
		return nil, nil, err
	}
	signing, err = h.sign()
	if err != nil {
		return nil, nil, err
	}
	many, manyTime, err := h.revoke(victims[fewEntries/2+n:])
	if err != nil {
		return nil, nil, err
	}
	delta, err := h.sign()
	if err != nil {
		return nil, nil, err
	}
	commit, err := commits(ctx, e, n)
	if err != nil {
		return nil, nil, err
	}
	revoking = []string{e.name, millis(few), millis(many), times(many.Seconds() / few.Seconds()), micros(fewTime), micros(manyTime), millis(commit)}
	return revoking, []string{e.name, signing[0], signing[1], signing[2], delta[0], delta[3], signing[4]}, nil
}

// revoke ends certificates one after the other and returns the median wait and the
// processor time of one.
func (h *house) revoke(serials []pki.Serial) (wait, used time.Duration, err error) {
	var waits []time.Duration
	own := ownTime()
	for _, serial := range serials {
		start := time.Now()
		if _, err := h.ca.Revoke(as("ra", officer.Site), "sm2", serial, ca.Revocation{Reason: "keyCompromise"}); err != nil {
			return 0, 0, err
		}
		waits = append(waits, time.Since(start))
	}
	return median(waits, func(d time.Duration) time.Duration { return d }), (ownTime() - own) / time.Duration(len(serials)), nil
}

// crowd fills the journal with certificates that are revoked at once.
func (h *house) crowd(ctx context.Context, n int) error {
	now := time.Now().UTC().Truncate(time.Second)
	for n > 0 {
		var changes []status.Change
		for range min(n, 1000) {
			serial, err := pki.NewSerial(rand.Reader)
			if err != nil {
				return err
			}
			issued := status.Change{Issuer: "sm2", Serial: serial, Event: status.Issued, At: now, NotAfter: now.AddDate(3, 0, 0), Partition: n % 8}
			revoked := issued
			revoked.Event, revoked.Reason = status.Revoked, pki.Superseded
			changes = append(changes, issued, revoked)
			n--
		}
		err := h.store.Tx(ctx, func(tx *sql.Tx) error { _, err := h.journal.Append(ctx, tx, changes...); return err })
		if err != nil {
			return err
		}
	}
	return nil
}

// sign makes all lists of the SM2 issuer and describes what that took: time, time an
// entry, size of the complete list and of the delta, the bare signature.
func (h *house) sign() ([]string, error) {
	start := time.Now()
	lists, err := h.ca.SignCRLs(as("ra", officer.Site), "sm2")
	if err != nil {
		return nil, err
	}
	took := time.Since(start)
	complete, delta := lists[0], lists[len(lists)-1]
	if delta.Base == 0 {
		delta.Size = 0
	}
	key, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	start = time.Now()
	if _, err := key.Sign(rand.Reader, make([]byte, complete.Size), sm2.DefaultSM2SignerOpts); err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	bare := time.Since(start)
	return []string{millis(took), micros(took / time.Duration(complete.Entries)), digits(float64(complete.Size) / 1e6),
		digits(float64(delta.Size) / 1e3), millis(bare)}, nil
}
