package ra

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"

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
	if err := d.check(); err != nil {
		return nil, err
	}
	a, err := r.carry(ctx, s, id, d)
	if err != nil {
		return nil, r.refused(ctx, s, Carry, id, err)
	}
	return r.shown(ctx, a, s), nil
}

// carry does one application. Those of several callers share a transaction.
func (r *Registration) carry(ctx context.Context, s scope, id string, d Decision) (*Application, error) {
	a, err := readApplication(ctx, r.cfg.DB.Read(), s, id)
	if err != nil {
		return nil, err
	}
	return r.carryRead(ctx, s, a, d)
}

// carryRead does one that was read.
func (r *Registration) carryRead(ctx context.Context, s scope, a *Application, d Decision) (*Application, error) {
	if _, err := r.allowed(a, Carry, d, s); err != nil {
		return nil, err
	}
	if err := r.permitted(ctx, r.cfg.DB.Read(), a); err != nil {
		return nil, err
	}
	made, err := r.ask(ctx, a)
	if err != nil {
		return nil, err
	}
	job := &carried{who: s, a: a, made: made, note: d.Note}
	if err := r.carrying.Do(ctx, job); err != nil {
		return nil, err
	}
	return job.done, nil
}

// ask has the CA do it. made is nil where no certificate comes of it.
func (r *Registration) ask(ctx context.Context, a *Application) (made *Made, err error) {
	if err := r.hasCA(a.Operation); err != nil || a.Operation == Cancel {
		return nil, err
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
	if err := r.keyFor(ctx, &whole); err != nil {
		return nil, err
	}
	o := orderOf(&whole)
	if o.Changed, err = r.differs(ctx, &whole); err != nil {
		return nil, err
	}
	return r.cfg.Orders.Carry(ctx, o)
}

// carried is an application the CA has carried out, to be stored.
type carried struct {
	who  scope
	a    *Application // as it was
	made *Made
	note string
	done *Application
}

// carriedTogether is how many share a commit.
const carriedTogether = 64

// keepTogether stores what came of several applications with one commit. If one cannot
// be stored, nothing is, and each is tried by itself, so that it harms no other.
func (r *Registration) keepTogether(ctx context.Context, jobs []*carried) []error {
	errs := make([]error, len(jobs))
	if err := r.keepAll(ctx, jobs); err == nil || len(jobs) == 1 {
		errs[0] = err
		return errs
	}
	for i := range jobs {
		errs[i] = r.keepAll(ctx, jobs[i:i+1])
	}
	return errs
}

func (r *Registration) keepAll(ctx context.Context, jobs []*carried) error {
	return r.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if err := alone(ctx, tx); err != nil {
			return err
		}
		to, entries := &sheaf{}, make([]entry, len(jobs))
		for i, job := range jobs {
			a := *job.a
			a.State, a.CarriedBy = Issued, job.who.actor.Name
			if err := r.keep(ctx, tx, to, job.who, &a, job.made); err != nil {
				return err
			}
			entries[i] = r.entryOf(step{&a, Carry, job.a.State, job.note, job.who}, nil)
			job.done = &a
		}
		return r.store(ctx, tx, to, entries...)
	})
}

// keep gathers what came of one.
func (r *Registration) keep(ctx context.Context, tx *sql.Tx, to *sheaf, s scope, a *Application, made *Made) error {
	now := r.now()
	switch a.Operation {
	case Cancel:
		return cancelHolder(ctx, tx, s, a.Holder, now)
	case Revoke:
		return changeState(ctx, tx, to, a.Issuer, a.Serial, pki.Revoked, now)
	case Freeze:
		return changeState(ctx, tx, to, a.Issuer, a.Serial, pki.Held, now)
	case Unfreeze:
		return changeState(ctx, tx, to, a.Issuer, a.Serial, pki.Valid, now)
	}
	return r.keepMade(ctx, tx, to, a, made)
}

func (r *Registration) keepMade(ctx context.Context, tx *sql.Tx, to *sheaf, a *Application, made *Made) error {
	now := r.now()
	if made.Ends || a.Operation == Reissue || a.Operation == Modify {
		if err := changeState(ctx, tx, to, a.Issuer, a.Serial, pki.Revoked, now); err != nil {
			return err
		}
	}
	if a.Holder == "" {
		a.Holder = made.Sign.Holder
	}
	a.Issuer, a.Serial = made.Sign.Issuer, made.Sign.Serial
	c := &Certificate{Issuer: a.Issuer, Serial: a.Serial, Application: a.ID, Holder: a.Holder, Kind: a.Kind, Profile: made.Sign.Profile, Name: a.title(),
		Unit: a.Fields["unit"], Node: a.Node, Path: a.Path, State: pki.Valid, NotBefore: made.Sign.NotBefore, NotAfter: made.Sign.NotAfter, Changed: now}
	if made.Encrypt != nil {
		c.Partner = made.Encrypt.Serial
	}
	to.certificate(c)
	to.insertOnce("ra_result", []string{"application", "issued"}, a.ID, encoded(made))
	sealed, err := r.contactsIn(a)
	to.holder(a, sealed, now)
	return err
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
		number, err := next(ctx, tx, "change", 1)
		if err != nil {
			return err
		}
		to := &sheaf{}
		// One that was held before is not this report's to release.
		to.do(`UPDATE ra_application SET carried_by = registered_by WHERE id = $1
			AND NOT EXISTS (SELECT 1 FROM ra_certificate WHERE issuer = $2 AND serial = $3 AND state = 'held')`, id, a.Issuer, string(a.Serial))
		to.numbered(number, id, a.Version, a.Path)
		if err := changeState(ctx, tx, to, a.Issuer, a.Serial, pki.Held, r.now()); err != nil {
			return err
		}
		return to.send(ctx, tx)
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
