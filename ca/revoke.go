package ca

import (
	"context"
	"database/sql"
	"time"

	"onecert/audit"
	"onecert/officer"
	"onecert/pki"
	"onecert/status"
)

// Revocation says why and since when.
type Revocation struct {
	Reason     string     `json:"reason" doc:"an RFC 5280 reason, such as keyCompromise"`
	Invalidity *time.Time `json:"invalidity,omitempty" doc:"since when the key is known or suspected to be bad"`
}

// Revoke ends a certificate for good, with the other half of its pair. The commit
// is the revocation: CRLs and responders follow the journal (examples.md §5).
func (ca *CA) Revoke(ctx context.Context, issuer string, serial pki.Serial, r Revocation) (*Certificate, error) {
	change := status.Change{Event: status.Revoked}
	reason, err := pki.ParseReason(r.Reason)
	change.Reason = reason
	if r.Invalidity != nil {
		change.Invalidity = *r.Invalidity
	}
	if err == nil && change.Invalidity.After(ca.cfg.Now()) {
		err = pki.Errorf(pki.Invalid, "revoke.invalidity", "the invalidity date lies in the future").To("give the moment since when the key is in doubt, or leave it out")
	}
	out, changed := ca.change(ctx, officer.Revoke, issuer, serial, change, err)
	if changed == nil {
		if o, err := ca.readOrderOf(ctx, issuer, serial); err == nil {
			ca.retire(ctx, o)
		}
	}
	return out, changed
}

// Hold freezes a certificate and the other half of its pair (冻结); Release ends it.
func (ca *CA) Hold(ctx context.Context, issuer string, serial pki.Serial) (*Certificate, error) {
	return ca.change(ctx, officer.Hold, issuer, serial, status.Change{Event: status.Held}, nil)
}

// Release ends a hold. Nothing releases a revoked certificate.
func (ca *CA) Release(ctx context.Context, issuer string, serial pki.Serial) (*Certificate, error) {
	return ca.change(ctx, officer.Release, issuer, serial, status.Change{Event: status.Released}, nil)
}

// change applies one change of state to all certificates of an order in one
// transaction, with its audit entries.
func (ca *CA) change(ctx context.Context, op officer.Operation, issuer string, serial pki.Serial, c status.Change, invalid error) (*Certificate, error) {
	o, unknown := ca.readOrderOf(ctx, issuer, serial)
	if unknown == nil {
		op = o.kind.operation(op)
	}
	actor, err := ca.cfg.Check(ctx, op)
	if err != nil {
		return nil, err // before telling whether the certificate exists
	}
	if invalid != nil {
		return nil, invalid
	}
	if unknown != nil {
		return nil, unknown
	}
	if !o.issued() {
		return nil, pki.Errorf(pki.Conflict, "certificate.reserved", "the certificate is not issued yet").
			To("finish or abandon its order %s", o.application)
	}
	affected := []*storedOrder{o}
	if c.Event == status.Revoked && compromise(c.Reason) {
		// Nothing is released in these keys from here on: what is stored and not signed
		// yet looks again (checkCompletions).
		ca.compromises.Lock()
		defer ca.compromises.Unlock()
		ca.compromises.known.Add(1)
		if affected, err = ca.sharing(ctx, o); err != nil {
			return nil, err
		}
	}
	c.At = ca.cfg.Now().UTC().Truncate(time.Second)
	err = ca.tx(ctx, func(tx *sql.Tx) error {
		for n, a := range affected {
			if err := ca.changeOrder(ctx, tx, a, c, actor, n > 0); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	ca.cfg.Status.Wake()
	return ca.show(ctx, o, serial)
}

// changeOrder changes every certificate of an order in the caller's transaction;
// those that are revoked already are passed over where they only share a key.
func (ca *CA) changeOrder(ctx context.Context, tx *sql.Tx, o *storedOrder, c status.Change, actor pki.Actor, alongside bool) error {
	c.Issuer = o.issuer
	for _, half := range o.certs {
		c.Serial = half.serial
		if alongside {
			record, err := ca.recordOf(ctx, o.issuer, half.serial)
			if err != nil {
				return err
			}
			if record.State == pki.Revoked {
				continue
			}
		}
		act := audit.Act{Actor: actor, Act: "certificate." + string(c.Event), Object: o.issuer + "/" + string(half.serial),
			Subject: o.holder, Result: audit.Done, At: c.At, Detail: map[string]string{"application": o.application}}
		if c.Event == status.Revoked {
			act.Detail["reason"] = c.Reason.String()
		}
		if err := ca.cfg.Audit.Append(ctx, tx, act); err != nil {
			return err
		}
		if _, err := ca.cfg.Status.Append(ctx, tx, c); err != nil {
			return err
		}
		if ca.cfg.Officers == nil || c.Event != status.Revoked {
			continue
		}
		// A revoked officer's or site's certificate operates no longer.
		if _, err := ca.cfg.Officers.EndRevoked(ctx, tx, o.issuer, half.serial); err != nil {
			return err
		}
	}
	return nil
}
