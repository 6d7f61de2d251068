package ra

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"

	"onecert/db"
	"onecert/pki"
)

// CarryOut does what was approved: has the certificates made, or the state of one
// changed. Broken off at any point it goes on where it stopped: the CA gives the same
// certificates for the same application.
func (r *Registration) CarryOut(ctx context.Context, id string, d Decision) (*Application, error) {
	s, err := r.enterFor(ctx, Carry)
	if err != nil {
		return nil, err
	}
	a, err := readApplication(ctx, r.cfg.DB.Read(), s, id)
	if err != nil {
		return nil, err
	}
	if _, err := r.allowed(a, Carry, d, s); err != nil {
		return nil, r.refused(ctx, s, Carry, id, err)
	}
	if err := r.permitted(ctx, r.cfg.DB.Read(), a); err != nil {
		return nil, r.refused(ctx, s, Carry, id, err)
	}
	made, err := r.ask(ctx, a)
	if err != nil {
		return nil, err
	}
	return r.happen(ctx, id, Carry, d, func(a *Application, s scope) error { a.CarriedBy = s.actor.Name; return nil }, func(ctx context.Context, tx *sql.Tx, a *Application, s scope) error {
		return r.keep(ctx, tx, s, a, made)
	})
}

// ask has the CA do it. made is nil where no certificate comes of it.
func (r *Registration) ask(ctx context.Context, a *Application) (made *Made, err error) {
	if a.Operation == Cancel {
		return nil, nil
	}
	if a.Operation.makes() && r.cfg.Orders == nil || r.cfg.States == nil {
		return nil, errNoCA()
	}
	switch a.Operation {
	case Revoke:
		return nil, r.cfg.States.Revoke(ctx, a.Issuer, a.Serial, a.Reason)
	case Freeze:
		return nil, r.cfg.States.Hold(ctx, a.Issuer, a.Serial)
	case Unfreeze:
		return nil, r.cfg.States.Release(ctx, a.Issuer, a.Serial)
	}
	whole := *a
	whole.Fields = maps.Clone(a.Fields)
	if err := r.reveal(&whole); err != nil {
		return nil, err
	}
	o := orderOf(&whole)
	if o.Changed, err = r.differs(ctx, &whole); err != nil {
		return nil, err
	}
	return r.cfg.Orders.Carry(ctx, o)
}

// keep stores what came of it, in the transaction that says so.
func (r *Registration) keep(ctx context.Context, tx *sql.Tx, s scope, a *Application, made *Made) error {
	now := r.now()
	switch a.Operation {
	case Cancel:
		return cancelHolder(ctx, tx, s, a.Holder, now)
	case Revoke:
		return setState(ctx, tx, a.Issuer, a.Serial, pki.Revoked, millis(now))
	case Freeze:
		return setState(ctx, tx, a.Issuer, a.Serial, pki.Held, millis(now))
	case Unfreeze:
		return setState(ctx, tx, a.Issuer, a.Serial, pki.Valid, millis(now))
	}
	return r.keepMade(ctx, tx, a, made)
}

func (r *Registration) keepMade(ctx context.Context, tx *sql.Tx, a *Application, made *Made) error {
	now := r.now()
	if made.Ends || a.Operation == Reissue || a.Operation == Modify {
		if err := setState(ctx, tx, a.Issuer, a.Serial, pki.Revoked, millis(now)); err != nil {
			return err
		}
	}
	if a.Holder == "" {
		a.Holder = made.Sign.Holder
	}
	a.Issuer, a.Serial = made.Sign.Issuer, made.Sign.Serial
	partner := pki.Serial("")
	if made.Encrypt != nil {
		partner = made.Encrypt.Serial
	}
	c := made.Sign
	err := db.Insert(ctx, tx, "ra_certificate", []string{"issuer", "serial", "partner", "application", "holder", "kind", "profile", "name", "unit", "node",
		"path", "state", "not_before", "not_after", "changed"}, [][]any{{c.Issuer, string(c.Serial), string(partner), a.ID, a.Holder, string(a.Kind), c.Profile,
		a.title(), a.Fields["unit"], a.Node, a.Path, string(pki.Valid), millis(c.NotBefore), millis(c.NotAfter), millis(now)}}, "ON CONFLICT DO NOTHING")
	if err != nil {
		return err
	}
	if err := db.Insert(ctx, tx, "ra_result", []string{"application", "issued"}, [][]any{{a.ID, encoded(made)}}, "ON CONFLICT DO NOTHING"); err != nil {
		return err
	}
	return storeHolder(ctx, tx, a, now)
}

// setState notes what a certificate and its pair have become. One that is not here
// (an import, another branch's) is nobody's fault.
func setState(ctx context.Context, tx *sql.Tx, issuer string, serial pki.Serial, state pki.State, now int64) error {
	_, err := tx.ExecContext(ctx, "UPDATE ra_certificate SET state = $1, changed = $2 WHERE issuer = $3 AND serial = $4", string(state), now, issuer, string(serial))
	if err != nil {
		return fmt.Errorf("noting the state of certificate %s: %w", serial, err)
	}
	return nil
}

// frozen says whether the certificate is held since the application was submitted.
func (a *Application) frozen() bool { return a.Operation == Freeze && a.CarriedBy != "" }

// freezeNow has a certificate held as soon as the loss is reported at the counter: the
// review that follows confirms it or takes it back. Without a way to the CA the
// registration above does it when the report arrives.
func (r *Registration) freezeNow(ctx context.Context, id string) error {
	if r.cfg.States == nil {
		return nil
	}
	a, err := r.any(ctx, id)
	if err != nil {
		return err
	}
	if err := r.cfg.States.Hold(ctx, a.Issuer, a.Serial); err != nil {
		return pki.Errorf(pki.KindOf(err), "application.freeze", "the report is taken, but the certificate is not frozen yet").
			To("it is tried again; or call the centre").Because(err)
	}
	return r.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "UPDATE ra_application SET carried_by = registered_by WHERE id = $1", id); err != nil {
			return fmt.Errorf("noting the freeze of %s: %w", id, err)
		}
		return setState(ctx, tx, a.Issuer, a.Serial, pki.Held, millis(r.now()))
	})
}

// any reads an application for the process itself.
func (r *Registration) any(ctx context.Context, id string) (*Application, error) {
	a, err := scanApplication(r.cfg.DB.Read().QueryRowContext(ctx, "SELECT "+applicationColumns+" FROM ra_application WHERE id = $1", id))
	if err != nil {
		return nil, unknownOr(err, "application.unknown", "application", id)
	}
	return a, nil
}

// Result returns what was made for an application, to hand over.
func (r *Registration) Result(ctx context.Context, id string) (*Made, error) {
	s, err := r.enterFor(ctx, Deliver)
	if err != nil {
		return nil, err
	}
	a, err := readApplication(ctx, r.cfg.DB.Read(), s, id)
	if err != nil {
		return nil, err
	}
	return readResult(ctx, r.cfg.DB.Read(), a.ID)
}

func readResult(ctx context.Context, q querier, id string) (*Made, error) {
	var text string
	err := q.QueryRowContext(ctx, "SELECT issued FROM ra_result WHERE application = $1", id).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, pki.Errorf(pki.Conflict, "application.nothing", "nothing was made for application %.70q yet", id).To("carry it out first")
	}
	if err != nil {
		return nil, fmt.Errorf("reading what was made for %s: %w", id, err)
	}
	made := &Made{}
	return made, json.Unmarshal([]byte(text), made)
}

// HandOver notes that the holder has received what was made.
func (r *Registration) HandOver(ctx context.Context, id string, d Decision) (*Application, error) {
	return r.happen(ctx, id, Deliver, d, func(a *Application, s scope) error { a.DeliveredBy = s.actor.Name; return nil })
}
