package ca

import (
	"bytes"
	"context"
	"encoding/hex"
	"iter"
	"time"

	"onecert/pki"
	"onecert/status"
)

// compare walks runs beside the table, both in the order of serials, and returns by
// run what the table lists no longer, and how many entries of the table the runs
// should have had at the journal number they were true up to.
func (ca *CA) compare(ctx context.Context, i *Issuer, runs []run, journal int64) (gone [][]pki.Serial, missing int, err error) {
	type walk struct {
		next func() ([]byte, bool)
		at   []byte
		ok   bool
	}
	walks := make([]walk, len(runs))
	for n := range runs {
		next, stop := iter.Pull(runs[n].serials())
		defer stop()
		walks[n].next = next
		walks[n].at, walks[n].ok = next()
	}
	gone = make([][]pki.Serial, len(runs))
	l := newLedger(i)
	// skip notes what comes before a serial as gone.
	skip := func(n int, serial []byte) {
		w := &walks[n]
		for w.ok && (serial == nil || bytes.Compare(w.at, serial) < 0) {
			gone[n] = append(gone[n], pki.Serial(hex.EncodeToString(w.at)))
			w.at, w.ok = w.next()
		}
	}
	err = ca.cfg.Status.Listed(ctx, i.ID, complete, ca.cutoff(), func(r status.Record) error {
		n, serial := l.place(r), serialOctets(r.Serial)
		skip(n, serial)
		if w := &walks[n]; w.ok && bytes.Equal(w.at, serial) {
			w.at, w.ok = w.next()
		} else if r.Number <= journal {
			missing++
		}
		return nil
	})
	for n := range walks {
		skip(n, nil)
	}
	return gone, missing, err
}

// serials are the serials of a run, in order.
func (r *run) serials() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) { r.all(yield) }
}

// keepSwept sweeps each issuer twice in the life of a list, until ctx ends.
func (ca *CA) keepSwept(ctx context.Context) {
	tick := time.NewTicker(ca.cfg.CRL.Life / 2)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for _, i := range ca.cfg.Issuers {
			if err := ca.sweep(ctx, i); err != nil && ctx.Err() == nil {
				ca.cfg.Log.Error("comparing the CRL entries with the journal", "issuer", i.ID, "error", err)
			}
		}
	}
}
