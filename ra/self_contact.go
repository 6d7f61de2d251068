package ra

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"onecert/audit"
	"onecert/pki"
)

// ContactChange is a new way to reach the caller.
type ContactChange struct {
	Field string `json:"field" enum:"phone,mail,address"`
	Value string `json:"value" minLength:"1" maxLength:"200"`
}

// contactNames are what a holder may change without a counter: nothing that stands in
// a certificate.
func contactNames() []string { return []string{"phone", "mail", "address"} }

func (c *ContactChange) check() error {
	c.Value = strings.TrimSpace(c.Value)
	f, ok := fieldOf(Person, c.Field)
	if !ok || !slices.Contains(contactNames(), c.Field) {
		return pki.Errorf(pki.Invalid, "self.field", "only phone, mail and address can be changed here").To("have other data changed at a counter")
	}
	if c.Value == "" {
		return pki.Errorf(pki.Invalid, "field.missing", "the field %s (%s) is empty", f.EN, f.ZH).To("fill it in")
	}
	return f.check(c.Value, nil)
}

// ChangeContact begins to change a way to reach the caller: a code goes to the new
// phone or mail; for a postal address, which no code reaches, to the vetted one.
func (f Self) ChangeContact(ctx context.Context, change ContactChange) (*Ticket, error) {
	who, err := f.enter(ctx)
	if err != nil {
		return nil, err
	}
	if err := change.check(); err != nil {
		return nil, err
	}
	messenger, err := f.messenger()
	if err != nil {
		return nil, err
	}
	to := Contact{By: change.Field, At: change.Value}
	if change.Field == "address" {
		known, err := f.r.contacts(ctx, f.r.cfg.DB.Read(), who.Name)
		if err != nil {
			return nil, err
		}
		if to = reach(known, ""); to.At == "" {
			return nil, pki.Errorf(pki.Conflict, "self.unreachable", "no phone or mail of yours is known").To("enter one first")
		}
	}
	for _, l := range []limit{codesAnHour, codesADay} {
		if err := f.count(ctx, l, "contact/"+who.Name); err != nil {
			return nil, err
		}
	}
	ticket, code, err := f.newTicket(ctx, pending{purpose: forChange, holder: who.Name, payload: []byte(encoded(change))})
	if err != nil {
		return nil, err
	}
	if err := f.note(ctx, who, "self.contact-code", "", map[string]string{"field": change.Field}); err != nil {
		return nil, err
	}
	return ticket, messenger.Send(ctx, to, MessageContactCode, map[string]string{"code": code, "minutes": minutes(), "field": change.Field})
}

func minutes() string { return strconv.Itoa(int(codeLife.Minutes())) }

// ConfirmContact completes a change with the code. Where the holder was reached before
// is told of it: who took over a certificate cannot do it in silence.
func (f Self) ConfirmContact(ctx context.Context, proof Proof) error {
	who, err := f.enter(ctx)
	if err != nil {
		return err
	}
	p, err := f.redeem(ctx, forChange, who.Name, proof)
	if err != nil {
		return f.refused(ctx, who, "self.contact", err)
	}
	var change ContactChange
	if err := json.Unmarshal(p.payload, &change); err != nil {
		return fmt.Errorf("reading a change of contact: %w", err)
	}
	var before map[string]string
	err = f.r.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if before, err = f.r.contacts(ctx, tx, who.Name); err != nil {
			return err
		}
		after := map[string]string{}
		for name, value := range before {
			after[name] = value
		}
		after[change.Field] = change.Value
		act := audit.Act{Actor: who, Act: "self.contact", Object: who.Name, Subject: who.Name, Result: audit.Done, Detail: map[string]string{"field": change.Field}, At: f.r.now()}
		if err := f.r.cfg.Audit.Append(ctx, tx, act); err != nil {
			return err
		}
		if err := f.keepOld(ctx, tx, who.Name, before, change); err != nil {
			return err
		}
		return f.r.storeContacts(ctx, tx, who.Name, after)
	})
	if err != nil {
		return err
	}
	told := []Contact{}
	if to := reach(before, change.Field); to.At != "" && to.At != change.Value {
		told = append(told, to)
	}
	old, err := f.oldWays(ctx, who.Name, "")
	if err != nil {
		return err
	}
	for _, to := range old {
		if !slices.Contains(told, to) && to.At != change.Value {
			told = append(told, to)
		}
	}
	for _, to := range told {
		f.send(ctx, to, MessageContactChanged, map[string]string{"field": change.Field, "days": strconv.Itoa(f.oldDays())})
	}
	return nil
}

// refused writes a refused try of a holder to the audit log.
func (f Self) refused(ctx context.Context, who pki.Actor, act string, why error) error {
	err := f.r.cfg.Audit.Record(ctx, audit.Act{Actor: who, Act: act, Subject: who.Name, Result: audit.Refused, Detail: map[string]string{"code": pki.CodeOf(why)}, At: f.r.now()})
	if err != nil {
		return err
	}
	return why
}

// reach picks where to reach a holder: the way asked for, else phone before mail.
func reach(known map[string]string, by string) Contact {
	for _, name := range []string{by, "phone", "mail"} {
		if (name == "phone" || name == "mail") && known[name] != "" {
			return Contact{By: name, At: known[name]}
		}
	}
	return Contact{}
}

// contacts are the vetted ways to reach a holder, by the names of fields; none where
// the holder is not known here.
func (r *Registration) contacts(ctx context.Context, q querier, holder string) (map[string]string, error) {
	var sealed []byte
	err := q.QueryRowContext(ctx, "SELECT sealed FROM ra_holder WHERE id = $1 AND state = 'active'", holder).Scan(&sealed)
	if errors.Is(err, sql.ErrNoRows) || err == nil && sealed == nil {
		return map[string]string{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the contacts of a holder: %w", err)
	}
	text, err := r.cfg.Sealer.Open(sealed, []byte("ra holder "+holder))
	if err != nil {
		return nil, fmt.Errorf("opening the contacts of a holder: %w", err)
	}
	defer clear(text)
	known := map[string]string{}
	return known, json.Unmarshal(text, &known)
}

// sealContacts seals what of the fields is a way to reach the holder; nil if nothing is.
func (r *Registration) sealContacts(holder string, fields map[string]string) ([]byte, error) {
	known := map[string]string{}
	for _, name := range contactNames() {
		if fields[name] != "" {
			known[name] = fields[name]
		}
	}
	if len(known) == 0 {
		return nil, nil
	}
	sealed, err := r.cfg.Sealer.Seal(r.cfg.Random, []byte(encoded(known)), []byte("ra holder "+holder))
	if err != nil {
		return nil, fmt.Errorf("sealing the contacts of a holder: %w", err)
	}
	return sealed, nil
}

// contactsIn seals the ways to reach the holder that an application names. What the
// agent of a unit left for a device is not a way to reach the unit.
func (r *Registration) contactsIn(a *Application) ([]byte, error) {
	if a.Kind != Person && a.Kind != Organisation {
		return nil, nil
	}
	whole := *a
	whole.Fields = map[string]string{}
	if err := r.revealInto(a, &whole); err != nil {
		return nil, err
	}
	return r.sealContacts(a.Holder, whole.Fields)
}

func (r *Registration) storeContacts(ctx context.Context, tx *sql.Tx, holder string, known map[string]string) error {
	sealed, err := r.sealContacts(holder, known)
	if err != nil {
		return err
	}
	result, err := tx.ExecContext(ctx, "UPDATE ra_holder SET sealed = $1, version = version + 1, changed = $2 WHERE id = $3 AND state = 'active'", sealed, millis(r.now()), holder)
	return changed(result, err, "holder")
}
