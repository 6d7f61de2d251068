package ca

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"onecert/audit"
	"onecert/pki"
	"onecert/status"
)

// CompareRecords holds what decides over certificates today, the journal's states
// and the registry of officers, against the audit log, and returns what stands in
// one and not in the other, in words. Whoever edits tables behind the program's
// back would have to forge the log too, and its heads elsewhere show that.
//
// It reads what was ever held or revoked, by index on both sides, and none of the
// certificates that plainly are good: so it is quick enough for each start.
func (ca *CA) CompareRecords(ctx context.Context) ([]string, error) {
	r := &records{ca: ca}
	for _, issuer := range ca.cfg.Issuers {
		if err := r.states(ctx, issuer.ID); err != nil {
			return nil, err
		}
	}
	return r.faults, r.registry(ctx)
}

type records struct {
	ca     *CA
	faults []string
}

// logged is what the log says was last done to a certificate.
type logged struct {
	serial pki.Serial
	event  status.Event
}

// states goes through both in the order of serials: each act must have left the state
// it names, and each state that is held or revoked must come from an act.
func (r *records) states(ctx context.Context, issuer string) error {
	listed, stop := iter.Pull2(r.listed(ctx, issuer))
	defer stop()
	record, err, more := listed()
	for act, failed := range r.logged(ctx, issuer) {
		for more && err == nil && record.Serial < act.serial {
			r.fault("the journal says %s/%s is %s, the log has no such act", issuer, record.Serial, record.State)
			record, err, more = listed()
		}
		if err := errors.Join(failed, err); err != nil {
			return err
		}
		state := pki.State("")
		if more && record.Serial == act.serial {
			state = record.State
			record, err, more = listed()
		}
		if err := r.compare(ctx, issuer, act, state); err != nil {
			return err
		}
	}
	for ; more && err == nil; record, err, more = listed() {
		r.fault("the journal says %s/%s is %s, the log has no such act", issuer, record.Serial, record.State)
	}
	return err
}

// compare judges one certificate; listed is its state among the held and revoked, ""
// where it is none of them.
func (r *records) compare(ctx context.Context, issuer string, act logged, listed pki.State) error {
	want := map[status.Event]pki.State{status.Held: pki.Held, status.Released: pki.Valid, status.Revoked: pki.Revoked}[act.event]
	if listed == want {
		return nil
	}
	record, err := r.ca.cfg.Status.Record(ctx, issuer, act.serial)
	switch {
	case pki.KindOf(err) == pki.Unknown:
		r.fault("the log says %s/%s was %s, the journal does not know it", issuer, act.serial, act.event)
	case err != nil:
		return err
	case record.State != want:
		r.fault("the log says %s/%s was last %s, the journal says it is %s", issuer, act.serial, act.event, record.State)
	}
	return nil
}

// listed are the held and revoked certificates in the order of their serials.
func (r *records) listed(ctx context.Context, issuer string) iter.Seq2[status.Record, error] {
	return stream(func(fn func(status.Record) error) error {
		return r.ca.cfg.Status.Listed(ctx, issuer, complete, time.Time{}, fn)
	})
}

// logged is the last act on each certificate in the order of their serials.
func (r *records) logged(ctx context.Context, issuer string) iter.Seq2[logged, error] {
	return stream(func(fn func(logged) error) error {
		var last logged
		err := r.ca.cfg.Audit.Each(ctx, issuer+"/", []string{"certificate.held", "certificate.released", "certificate.revoked"}, func(e audit.Entry) error {
			serial := pki.Serial(strings.TrimPrefix(e.Object, issuer+"/"))
			if e.Result != audit.Done {
				return nil
			}
			if last.serial != "" && last.serial != serial {
				if err := fn(last); err != nil {
					return err
				}
			}
			last = logged{serial, status.Event(strings.TrimPrefix(e.Act, "certificate."))}
			return nil
		})
		if err != nil || last.serial == "" {
			return err
		}
		return fn(last)
	})
}

var errEnough = errors.New("nobody wants more")

// stream makes a sequence of what hands out one by one; its error comes last.
func stream[T any](each func(fn func(T) error) error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		err := each(func(one T) error {
			if !yield(one, nil) {
				return errEnough
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			var none T
			yield(none, err)
		}
	}
}

// registry looks for officers nobody registered.
func (r *records) registry(ctx context.Context) error {
	if r.ca.cfg.Officers == nil {
		return nil
	}
	all, err := r.ca.cfg.Officers.List(ctx)
	if err != nil {
		return err
	}
	for _, o := range all {
		acts, err := r.ca.cfg.Audit.Search(ctx, audit.Query{Act: "officer.register", Object: o.Fingerprint})
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(acts, func(e audit.Entry) bool { return e.Result == audit.Done }) {
			r.fault("%s (%s) may operate as %s, the log has no registration", o.Name, o.Fingerprint[:16], strings.Join(o.Roles, ", "))
		}
	}
	return nil
}

func (r *records) fault(format string, args ...any) {
	r.faults = append(r.faults, fmt.Sprintf(format, args...))
}

// Tampered is the error for records that do not fit the log; nil if all do.
func Tampered(faults []string) error {
	if len(faults) == 0 {
		return nil
	}
	return pki.Errorf(pki.Conflict, "records.changed", "%d records were changed behind the program's back; the first: %s", len(faults), faults[0]).
		To("stop issuing, keep the database as evidence, compare with a backup and restore")
}
