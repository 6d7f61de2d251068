package status

import (
	"context"
	"fmt"
	"time"

	"onecert/pki"
)

// Record returns the state of a certificate after its last change; one the journal
// never saw is a *pki.Error Unknown (status.unknown).
func (j *Journal) Record(ctx context.Context, issuer string, serial pki.Serial) (Record, error) {
	return record(ctx, j.d.Read(), issuer, serial)
}

// At returns the state of a certificate at a moment and the entry that made it so,
// by replaying its journal: of the entries not later than t the one with the highest
// number counts. State is judged by the clock as well, so it may be expired.
// Before its issuance a certificate is Unknown.
func (j *Journal) At(ctx context.Context, issuer string, serial pki.Serial, t time.Time) (Record, Entry, error) {
	all, err := history(ctx, j.d.Read(), issuer, serial)
	if err != nil {
		return Record{}, Entry{}, err
	}
	for i := len(all) - 1; i >= 0; i-- {
		if e := all[i]; !e.At.After(t) {
			r := e.record()
			r.State = r.State.At(t, r.NotAfter)
			return r, e, nil
		}
	}
	return Record{}, Entry{}, pki.Errorf(pki.Unknown, "status.unknown", "certificate %s was not yet issued then", serial)
}

// History returns every entry of a certificate's life in order; Unknown
// (status.unknown) for one the journal never saw.
func (j *Journal) History(ctx context.Context, issuer string, serial pki.Serial) ([]Entry, error) {
	return history(ctx, j.d.Read(), issuer, serial)
}

// record is the state an entry leaves behind.
func (e Entry) record() Record {
	t, _ := e.Event.transition()
	return Record{Issuer: e.Issuer, Serial: e.Serial, State: t.to, Reason: e.Reason, Changed: e.At,
		Invalidity: e.Invalidity, NotAfter: e.NotAfter, Partition: e.Partition, Number: e.Number}
}

// Listed hands the held and revoked certificates of an issuer to fn, in order of
// their serials' text: what a full CRL lists. partition -1 means all. Those whose
// validity ended at expiredAfter or before are left out; give a moment in the past
// to keep a certificate on the list beyond its expiry (RFC 5280 3.3 asks for one CRL
// more). Whatever the journal held when Listed was called is in it: take Last before.
func (j *Journal) Listed(ctx context.Context, issuer string, partition int, expiredAfter time.Time, fn func(Record) error) error {
	if partition < 0 {
		return j.list(ctx, fn, listedAll, issuer, expiredAfter.UnixMilli())
	}
	return j.list(ctx, fn, listedPartition, issuer, expiredAfter.UnixMilli(), partition)
}

// ChangedSince hands every certificate of an issuer that was held, released or
// revoked after a journal number to fn, in its present state and in order of that
// change: what a delta CRL lists. A valid one was released since (removeFromCRL).
func (j *Journal) ChangedSince(ctx context.Context, issuer string, number int64, fn func(Record) error) error {
	return j.list(ctx, fn, changedSince, issuer, number)
}

// Counts returns how many certificates of an issuer are in each recorded state. An
// expired certificate counts as what it last was.
func (j *Journal) Counts(ctx context.Context, issuer string) (map[pki.State]int64, error) {
	rows, err := j.d.Read().QueryContext(ctx, "SELECT state, n FROM status_count WHERE issuer = $1", issuer)
	if err != nil {
		return nil, fmt.Errorf("counting certificates: %w", err)
	}
	defer rows.Close()
	counts := map[pki.State]int64{}
	for rows.Next() {
		var state pki.State
		var n int64
		if err := rows.Scan(&state, &n); err != nil {
			return nil, fmt.Errorf("counting certificates: %w", err)
		}
		counts[state] = n
	}
	return counts, rows.Err()
}
