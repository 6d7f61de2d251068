package ca

import (
	"context"
	"fmt"
	"strings"

	"onecert/audit"
	"onecert/pki"
	"onecert/status"
)

// CompareRecords holds what decides over certificates today, the journal's states
// and the registry of officers, against the audit log, and returns what stands in
// one and not in the other, in words. Whoever edits tables behind the program's
// back would have to forge the log too, and its heads elsewhere show that.
//
// It reads the acts that changed a state, not every certificate, so it is quick
// enough for each start.
func (ca *CA) CompareRecords(ctx context.Context) ([]string, error) {
	r := &records{ca: ca, last: map[string]string{}, number: map[string]int64{}, officers: map[string]bool{}}
	for _, act := range []string{"certificate.held", "certificate.released", "certificate.revoked", "officer.register"} {
		if err := r.read(ctx, act); err != nil {
			return nil, err
		}
	}
	if err := r.states(ctx); err != nil {
		return nil, err
	}
	return r.faults, r.registry(ctx)
}

type records struct {
	ca       *CA
	faults   []string
	last     map[string]string // event of the last act by "issuer/serial"
	number   map[string]int64  // and that act's number
	officers map[string]bool   // fingerprints that were registered
}

func (r *records) read(ctx context.Context, act string) error {
	for from := int64(0); ; {
		entries, err := r.ca.cfg.Audit.Search(ctx, audit.Query{From: from, Act: act})
		if err != nil {
			return err
		}
		for _, e := range entries {
			from = e.Number + 1
			if e.Result != audit.Done {
				continue
			}
			if act == "officer.register" {
				r.officers[e.Object] = true
			} else if event, ok := strings.CutPrefix(act, "certificate."); ok && e.Number >= r.number[e.Object] {
				r.last[e.Object], r.number[e.Object] = event, e.Number
			}
		}
		if len(entries) == 0 {
			return nil
		}
	}
}

// states compares both ways: each act with the state it left, and each state that
// is held or revoked with the act that made it so.
func (r *records) states(ctx context.Context) error {
	want := map[string]pki.State{string(status.Held): pki.Held, string(status.Released): pki.Valid, string(status.Revoked): pki.Revoked}
	for object, event := range r.last {
		issuer, serial, _ := strings.Cut(object, "/")
		record, err := r.ca.cfg.Status.Record(ctx, issuer, pki.Serial(serial))
		if pki.KindOf(err) == pki.Unknown {
			r.fault("the log says %s was %s, the journal does not know it", object, event)
			continue
		}
		if err != nil {
			return err
		}
		if record.State != want[event] {
			r.fault("the log says %s was last %s, the journal says it is %s", object, event, record.State)
		}
	}
	for _, issuer := range r.ca.cfg.Issuers {
		err := r.ca.cfg.Status.ChangedSince(ctx, issuer.ID, 0, func(s status.Record) error {
			object := issuer.ID + "/" + string(s.Serial)
			if s.State != pki.Valid && r.last[object] == "" {
				r.fault("the journal says %s is %s, the log has no such act", object, s.State)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
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
		if !r.officers[o.Fingerprint] {
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
