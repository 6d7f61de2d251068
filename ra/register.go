package ra

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"
	"time"

	"onecert/db"
	"onecert/officer"
	"onecert/pki"
)

// Entry is what a registrar enters of an application.
type Entry struct {
	// Key makes sending twice safe: for 30 days the same key gives the same application.
	Key       string            `json:"key,omitempty" maxLength:"64" doc:"chosen by the caller, a new one for each application"`
	Operation Operation         `json:"operation"`
	Kind      Kind              `json:"kind,omitempty" doc:"of a first certificate; else that of the certificate it is about"`
	Profile   string            `json:"profile,omitempty" maxLength:"41"`
	Fields    map[string]string `json:"fields,omitempty" maxProperties:"30"`
	Issuer    string            `json:"issuer,omitempty" maxLength:"32"`
	Serial    pki.Serial        `json:"serial,omitempty" maxLength:"64"`
	Holder    string            `json:"holder,omitempty" maxLength:"64" doc:"to cancel"`
	Reason    string            `json:"reason,omitempty" maxLength:"200" doc:"of a revocation; or why a second certificate is right"`
	Request   []byte            `json:"request,omitempty" maxLength:"87384" doc:"PKCS#10 in PEM or DER"`
	KeyFrom   string            `json:"key_from,omitempty" enum:"request,server" doc:"whose key; request if not said"`
	Suite     pki.Suite         `json:"suite,omitempty" enum:"sm2,rsa2048,rsa3072,rsa4096,p256,p384" doc:"of a key made at the centre; sm2 if not said"`
	Days      int               `json:"days,omitempty" minimum:"0" maximum:"10980"`
	Single    bool              `json:"single,omitempty"`
	Batch     string            `json:"-"`
	// urgent is a loss reported by the holder or to another branch: to hold a certificate
	// takes no right of the office it belongs to, which may be suspended or closed.
	urgent bool
}

// Where a signing key comes from.
const (
	keyRequest = "request"
	keyServer  = "server"
)

// Register enters an application as a draft at the registrar's node.
func (r *Registration) Register(ctx context.Context, e Entry) (*Application, error) {
	s, err := r.enter(ctx, officer.Register)
	if err != nil {
		return nil, err
	}
	var a *Application
	err = r.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		found, err := r.sentBefore(ctx, tx, s, e)
		if err != nil || found != "" {
			if err == nil {
				a, err = readApplication(ctx, tx, s, found)
			}
			return err
		}
		if a, err = r.enterNew(ctx, tx, s, e); err != nil {
			return err
		}
		return r.record(ctx, tx, step{a: a, event: "register", who: s}, nil)
	})
	if err != nil {
		return nil, r.refused(ctx, s, "register", "", err)
	}
	return r.shown(ctx, a, s), nil
}

// enterNew makes the application of an entry, checked and sealed, not yet stored.
func (r *Registration) enterNew(ctx context.Context, tx *sql.Tx, s scope, e Entry) (*Application, error) {
	id, err := r.number(s.node.ID)
	if err != nil {
		return nil, err
	}
	now := r.now()
	a := &Application{ID: id, Node: s.node.ID, Path: s.node.Path, State: Draft, Fields: map[string]string{}, Batch: e.Batch,
		RegisteredBy: s.actor.Name, Created: now, Changed: now}
	if err := r.fill(ctx, tx, s, a, e); err != nil {
		return nil, err
	}
	if !e.urgent {
		if err := r.permitted(ctx, tx, a); err != nil {
			return nil, err
		}
	}
	if e.Key != "" {
		err := db.Insert(ctx, tx, "ra_once", []string{"officer", "key", "digest", "object", "at"}, [][]any{{s.actor.Name, e.Key, e.digest(), id, millis(now)}}, "")
		if err != nil {
			return nil, err
		}
	}
	if a.KeyFrom == keyServer && e.Suite != "" {
		if err := (delivery{application: id, suite: e.Suite}).store(ctx, tx); err != nil {
			return nil, err
		}
	}
	return a, r.conceal(a)
}

// fill puts an entry into an application and checks what is there so far.
func (r *Registration) fill(ctx context.Context, tx *sql.Tx, s scope, a *Application, e Entry) error {
	if err := e.Operation.check(); err != nil {
		return err
	}
	a.Operation, a.Profile, a.Reason, a.Days, a.Single, a.Request, a.KeyFrom = e.Operation, e.Profile, e.Reason, e.Days, e.Single, e.Request, e.KeyFrom
	if a.KeyFrom == "" && e.Operation.needsRequest() {
		a.KeyFrom = keyRequest
	}
	switch {
	case e.Operation.follows():
		if err := r.about(ctx, tx, s, a, e); err != nil {
			return err
		}
	case e.Operation == Cancel:
		h, err := readHolder(ctx, tx, s, e.Holder)
		if err != nil {
			return err
		}
		a.Kind, a.Holder, a.Fields = h.Kind, h.ID, map[string]string{"name": h.Name}
		if _, asked := fieldOf(h.Kind, "unit"); asked {
			a.Fields["unit"] = h.Unit
		}
	default:
		a.Kind = e.Kind
		if a.Profile == "" {
			a.Profile = usualProfile(a.Kind)
		}
	}
	if err := a.accepts(e.Fields); err != nil {
		return err
	}
	maps.Copy(a.Fields, normal(e.Fields))
	if err := a.checkReason(); err != nil {
		return err
	}
	return checkFields(a.Kind, a.Fields, false)
}

// checkReason judges the reason, which is kept in clear and goes to the CA.
func (a *Application) checkReason() error {
	if err := checkText("reason", a.Reason); err != nil {
		return err
	}
	if pki.HidesIdentity(a.Reason) {
		return pki.Errorf(pki.Invalid, "identity.clear", "the reason holds what looks like an identity number").To("reasons are kept in clear; leave it out")
	}
	if a.Operation != Revoke {
		return nil
	}
	_, err := pki.ParseReason(a.Reason)
	return err
}

// accepts refuses fields that an application about something existing cannot change:
// who the holder is stays, and what stands in a certificate changes only with it.
func (a *Application) accepts(fields map[string]string) error {
	for name := range fields {
		f, ok := fieldOf(a.Kind, name)
		if !ok || a.Operation == Issue {
			continue // checkFields judges names
		}
		who := f.Form == formIdentity || f.Form == formIdentityKind || f.Form == formCreditCode
		if who || a.Operation == Cancel || f.Purpose == forCertificate && !a.Operation.changesData() {
			return pki.Errorf(pki.Invalid, "field.fixed", "the field %s (%s) cannot be changed by a %s", f.EN, f.ZH, a.Operation).
				To("leave it out; another holder needs a certificate of their own")
		}
	}
	return nil
}

// about takes over what is known of the certificate an application follows, which
// belongs to the scope or is frozen for a holder of another branch (features H14).
func (r *Registration) about(ctx context.Context, tx *sql.Tx, s scope, a *Application, e Entry) error {
	c, err := readCertificate(ctx, tx, s, e.Issuer, e.Serial)
	if err != nil {
		return err
	}
	a.Issuer, a.Serial, a.Holder, a.Kind, a.Profile = c.Issuer, c.Serial, c.Holder, c.Kind, c.Profile
	return r.takeOver(ctx, tx, a, c)
}

// takeOver fills in what the application said that the certificate was made for.
func (r *Registration) takeOver(ctx context.Context, tx *sql.Tx, a *Application, c *Certificate) error {
	first, err := scanApplication(tx.QueryRowContext(ctx, "SELECT "+applicationColumns+" FROM ra_application WHERE id = $1", c.Application))
	if errors.Is(err, sql.ErrNoRows) {
		a.Fields = map[string]string{"name": c.Name}
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the application of certificate %s: %w", c.Serial, err)
	}
	a.Fields = first.Fields
	if err := r.revealInto(first, a); err != nil || a.Kind != Person && a.Kind != Organisation {
		return err
	}
	known, err := r.contacts(ctx, tx, c.Holder)
	maps.Copy(a.Fields, known) // changed since then, perhaps by the holder
	return err
}

// usualProfile is the profile of a kind where an entry names none.
func usualProfile(k Kind) string {
	switch k {
	case Person:
		return "person-sign"
	case Organisation:
		return "organisation-sign"
	case Device:
		return "device-server"
	case Code:
		return "code-signing"
	}
	return ""
}

// number draws an application's number: node, day and 35 random bits, so that offices
// which cannot reach one another never give the same.
func (r *Registration) number(node string) (string, error) {
	random := make([]byte, 5)
	if _, err := io.ReadFull(r.cfg.Random, random); err != nil {
		return "", fmt.Errorf("drawing an application's number: %w", err)
	}
	return node + "-" + r.now().Format("060102") + "-" + strings.ToLower(base32.StdEncoding.EncodeToString(random)), nil
}

// sentBefore finds the application an entry with the same key has made.
func (r *Registration) sentBefore(ctx context.Context, tx *sql.Tx, s scope, e Entry) (string, error) {
	if e.Key == "" {
		return "", nil
	}
	found, err := collect(ctx, tx, func(row scanner) (both [2]string, err error) { err = row.Scan(&both[0], &both[1]); return },
		"SELECT object, digest FROM ra_once WHERE officer = $1 AND key = $2", s.actor.Name, e.Key)
	if err != nil || len(found) == 0 {
		return "", err
	}
	if found[0][1] != e.digest() {
		return "", pki.Errorf(pki.Conflict, "once.other", "something else was sent with this key before").To("choose a new key for a new application")
	}
	return found[0][0], nil
}

// keysKept is how long an entry that is sent again under its key is entered once.
const keysKept = 30 * 24 * time.Hour

// ForgetKeys deletes the keys of entries that nobody sends again any more; the process
// calls it each hour.
func (r *Registration) ForgetKeys(ctx context.Context) error {
	return r.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "DELETE FROM ra_once WHERE at < $1", millis(r.now().Add(-keysKept))); err != nil {
			return fmt.Errorf("forgetting the keys of entries: %w", err)
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM ra_answer WHERE at < $1", millis(r.now().Add(-keysKept))); err != nil {
			return fmt.Errorf("forgetting answers: %w", err)
		}
		return nil
	})
}

func (e Entry) digest() string {
	sum := sha256.Sum256([]byte(encoded(e)))
	return hex.EncodeToString(sum[:])
}

// normal trims what people type around a text.
func normal(fields map[string]string) map[string]string {
	all := make(map[string]string, len(fields))
	for name, value := range fields {
		if value = strings.TrimSpace(value); value != "" {
			all[name] = value
		}
	}
	return all
}

// EditOf is an entry that replaces what an application says, and the version it was made from.
type EditOf struct {
	Version int `json:"version" minimum:"1"`
	Entry
}

// Edit changes a draft or a returned application. Fields left out stay; an empty one
// is taken away. The history names what was changed, and no value.
func (r *Registration) Edit(ctx context.Context, id string, e EditOf) (*Application, error) {
	var changed []string
	d := Decision{Version: e.Version, tells: func() string { return "changed " + strings.Join(changed, ", ") }}
	return r.happen(ctx, id, Edit, d, func(a *Application, s scope) error {
		if err := a.accepts(e.Fields); err != nil {
			return err
		}
		if err := r.reveal(a); err != nil {
			return err
		}
		before := *a
		before.Fields = maps.Clone(a.Fields)
		for name, value := range e.Fields {
			if value = strings.TrimSpace(value); value == "" {
				delete(a.Fields, name)
			} else {
				a.Fields[name] = value
			}
		}
		e.onto(a)
		if err := a.checkReason(); err != nil {
			return err
		}
		if err := checkFields(a.Kind, a.Fields, false); err != nil {
			return err
		}
		changed = a.since(&before)
		return r.conceal(a)
	})
}

// since names what an application says otherwise than before, in the order of the form.
func (a *Application) since(before *Application) (all []string) {
	for _, f := range Fields(a.Kind) {
		if a.Fields[f.Name] != before.Fields[f.Name] {
			all = append(all, f.Name)
		}
	}
	for _, other := range []struct {
		name    string
		differs bool
	}{{"request", !bytes.Equal(a.Request, before.Request)}, {"profile", a.Profile != before.Profile}, {"reason", a.Reason != before.Reason},
		{"days", a.Days != before.Days}, {"key_from", a.KeyFrom != before.KeyFrom}} {
		if other.differs {
			all = append(all, other.name)
		}
	}
	if len(all) == 0 {
		return []string{"nothing"}
	}
	return all
}

// onto takes over what an edit names beside the fields.
func (e Entry) onto(a *Application) {
	if e.Request != nil {
		a.Request = e.Request
	}
	if e.Profile != "" && a.Operation == Issue {
		a.Profile = e.Profile
	}
	if e.Reason != "" {
		a.Reason = e.Reason
	}
	if e.Days > 0 {
		a.Days = e.Days
	}
	if e.KeyFrom != "" {
		a.KeyFrom = e.KeyFrom
	}
}
