package ra

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"

	"onecert/audit"
	"onecert/officer"
	"onecert/pki"
)

// Nearby is a report of loss at any counter for a holder of another branch
// (就近办理, features H14): by the certificate's exact number, or by the document the
// holder shows.
type Nearby struct {
	Issuer string     `json:"issuer,omitempty" maxLength:"32"`
	Serial pki.Serial `json:"serial,omitempty" maxLength:"64"`

	Kind         Kind   `json:"kind,omitempty" enum:"person,organisation"`
	DocumentKind string `json:"document_kind,omitempty" enum:"resident,military,passport,credit-code"`
	Number       string `json:"number,omitempty" maxLength:"40" doc:"of the document; it is hashed and not kept"`

	Vetted string `json:"vetted" minLength:"4" maxLength:"200" doc:"how the officer knows who it is; it stands in the record"`
}

// NearbyDone is all another branch is told.
type NearbyDone struct {
	Applications []string `json:"applications" doc:"numbers, at the holder's registration, which reviews them"`
	Pending      int      `json:"pending" doc:"how many could not be frozen at once"`
}

func (n *Nearby) check() error {
	n.Vetted = strings.TrimSpace(n.Vetted)
	if len([]rune(n.Vetted)) < 4 {
		return pki.Errorf(pki.Invalid, "nearby.vetted", "it is not said how the holder was vetted").To("say which document was looked at")
	}
	if err := (Decision{Note: n.Vetted}).check(); err != nil {
		return err
	}
	if (n.Serial == "") == (n.Number == "") {
		return pki.Errorf(pki.Invalid, "nearby.which", "name either the certificate or the document").To("give issuer and serial, or the document's kind and number")
	}
	if n.Number == "" {
		return nil
	}
	if n.Kind != Person && n.Kind != Organisation {
		return pki.Errorf(pki.Invalid, "nearby.kind", "by a document only a person's or an organisation's certificates are frozen").To("name a device's certificate by its serial")
	}
	_, err := pki.NormalIdentity(n.DocumentKind, n.Number)
	return err
}

// FreezeNearby freezes for a vetted holder of any branch, at once. The reports belong to
// the holder's registration, which confirms them or takes them back; the counter sees
// nothing of the holder but that it was done.
func (r *Registration) FreezeNearby(ctx context.Context, n Nearby) (*NearbyDone, error) {
	s, err := r.enter(ctx, officer.FreezeNearby)
	if err != nil {
		return nil, err
	}
	if err := n.check(); err != nil {
		return nil, err
	}
	if err := r.mayFreeze(ctx, s); err != nil {
		return nil, err
	}
	all, err := r.nearby(ctx, n)
	if err != nil {
		return nil, r.refused(ctx, s, "nearby", string(n.Serial), err)
	}
	done := &NearbyDone{Applications: []string{}}
	for _, c := range all {
		if err := r.lost(ctx, s.actor, c, "at "+s.node.ID+": "+n.Vetted, &done.Applications); err != nil {
			r.cfg.Log.Error("a certificate reported lost is not frozen yet", "certificate", c.Serial, "error", err)
			done.Pending++ // the others are lost all the same
		}
	}
	return done, r.cfg.Audit.Record(ctx, r.actOf(s, "nearby.freeze", "", all[0].Holder, map[string]string{"node": s.node.ID, "certificates": strconv.Itoa(len(all)), "vetted": n.Vetted}))
}

// lost applies for a freeze and has it done at once; numbers gets the application's.
func (r *Registration) lost(ctx context.Context, who pki.Actor, c *Certificate, note string, numbers *[]string) error {
	a, err := r.applyFor(ctx, who, c, Entry{Operation: Freeze, Issuer: c.Issuer, Serial: c.Serial, urgent: true}, note)
	if err != nil {
		return err
	}
	*numbers = append(*numbers, a.ID)
	return r.freezeNow(ctx, a.ID)
}

// nearby finds what is to be frozen, in any branch that is kept here.
func (r *Registration) nearby(ctx context.Context, n Nearby) ([]*Certificate, error) {
	none := pki.Errorf(pki.Unknown, "nearby.none", "nothing that could be frozen is found by this").
		To("look at the number again; what another office keeps by itself is frozen there, or by the centre")
	var all []*Certificate
	if n.Serial != "" {
		serial, err := pki.ParseSerial(string(n.Serial))
		if err != nil {
			return nil, err
		}
		if all, err = r.freezable(ctx, "issuer = $2 AND serial = $3", n.Issuer, string(serial)); err != nil {
			return nil, err
		}
	} else {
		if r.cfg.Holders == nil {
			return nil, errNoCA()
		}
		holder, err := r.cfg.Holders.Identify(ctx, n.DocumentKind, n.Number)
		if err != nil {
			return nil, err
		}
		if all, err = r.freezable(ctx, "holder = $2 AND kind = $3", holder, string(n.Kind)); err != nil {
			return nil, err
		}
	}
	if len(all) == 0 {
		return nil, none
	}
	return all, nil
}

func (r *Registration) freezable(ctx context.Context, condition string, args ...any) ([]*Certificate, error) {
	return collect(ctx, r.cfg.DB.Read(), scanCertificate, "SELECT "+certificateColumns+" FROM ra_certificate WHERE state = 'valid' AND not_after > $1 AND "+condition,
		append([]any{millis(r.now())}, args...)...)
}

// thaw releases what was frozen by a report that is not so: rejected, or taken back.
func (r *Registration) thaw(ctx context.Context, a *Application) error {
	if !a.frozen() {
		return nil
	}
	if r.cfg.States == nil {
		return errNoCA()
	}
	if stays, err := r.inherit(ctx, a); err != nil || stays {
		return err
	}
	if err := r.cfg.States.Release(ctx, a.Issuer, a.Serial); err != nil {
		return err
	}
	return r.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if err := alone(ctx, tx); err != nil {
			return err
		}
		to := &sheaf{}
		if err := changeState(ctx, tx, to, a.Issuer, a.Serial, pki.Valid, r.now()); err != nil {
			return fmt.Errorf("releasing certificate %s: %w", a.Serial, err)
		}
		return to.send(ctx, tx)
	})
}

// mayFreeze says whether the counter itself may freeze, wherever the holder belongs.
func (r *Registration) mayFreeze(ctx context.Context, s scope) error {
	way, err := r.readWay(ctx, s.node.ID)
	if err != nil {
		return err
	}
	a := &Application{Operation: Freeze, Node: s.node.ID}
	for _, n := range way {
		if err := n.Rights.allows(a); err != nil {
			return err
		}
	}
	return nil
}

// actOf is an entry of the audit log about something else than an application.
func (r *Registration) actOf(s scope, act, object, subject string, detail map[string]string) audit.Act {
	return audit.Act{Actor: s.actor, Act: act, Object: object, Subject: subject, Result: audit.Done, Detail: detail, At: r.now()}
}
