package ra

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"onecert/pki"
)

// mergeAll takes what stands above into this counter's records: a page with one commit.
// Where something of it cannot be taken, each application is taken by itself, so that one
// harms no other.
func (r *Registration) mergeAll(ctx context.Context, all []Dossier) error {
	for _, some := range apart(all) {
		if r.mergeOnce(ctx, some...) == nil {
			continue
		}
		for _, d := range some {
			if err := r.merge(ctx, d); err != nil {
				return fmt.Errorf("taking %s from above: %w", d.Application.ID, err)
			}
		}
	}
	return nil
}

// apart splits dossiers, in their order, so that no two of a part tell of one certificate:
// what is new in a transaction is not found by it.
func apart(all []Dossier) (parts [][]*Dossier) {
	var part []*Dossier
	met := map[string]bool{}
	for i := range all {
		d := &all[i]
		if slices.ContainsFunc(d.Certificates, func(c Certificate) bool { return met[c.Issuer+"/"+string(c.Serial)] }) {
			parts, part, met = append(parts, part), nil, map[string]bool{}
		}
		for _, c := range d.Certificates {
			met[c.Issuer+"/"+string(c.Serial)] = true
		}
		part = append(part, d)
	}
	if len(part) > 0 {
		parts = append(parts, part)
	}
	return parts
}

// merge takes one application.
func (r *Registration) merge(ctx context.Context, d *Dossier) (err error) {
	for range 3 { // somebody here may act on it at the same time
		if err = r.mergeOnce(ctx, d); pki.CodeOf(err) != "stale" {
			return err
		}
	}
	return err
}

func (r *Registration) mergeOnce(ctx context.Context, all ...*Dossier) error {
	var entries []entry
	before := &sheaf{}
	for _, d := range all {
		e, err := r.taken(ctx, before, d)
		if err != nil {
			return err
		}
		if e != nil {
			entries = append(entries, *e)
		}
	}
	return r.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if err := alone(ctx, tx); err != nil {
			return err
		}
		to := &sheaf{first: slices.Clone(before.first)}
		for _, d := range all {
			if err := r.takeMade(ctx, tx, to, d); err != nil {
				return err
			}
		}
		if len(entries) == 0 {
			return to.send(ctx, tx)
		}
		return r.store(ctx, tx, to, entries...)
	})
}

// taken is the entry that takes over what is not here of a dossier; nil where all of it
// is here.
func (r *Registration) taken(ctx context.Context, to *sheaf, d *Dossier) (*entry, error) {
	if !within(d.Application.Path, r.cfg.Home.Path) || len(d.History) == 0 {
		return nil, pki.Errorf(pki.Unavailable, "link.answer", "the registration above told of an application of another office")
	}
	have, history, err := r.had(ctx, scope{node: r.cfg.Home}, d.Application.ID)
	if err != nil {
		return nil, err
	}
	common := begins(history, d.History)
	if have != nil && common == len(d.History) { // they have nothing that is not here
		to.told(have.ID, len(d.History))
		if common == len(history) {
			to.do("UPDATE ra_application SET carried_by = $1, holder = $2, conflict = $3 WHERE id = $4 AND version = $5",
				d.Application.CarriedBy, d.Application.Holder, d.Application.Conflict, have.ID, have.Version)
		}
		return nil, nil
	}
	e, err := r.follow(have, history, d, common)
	if err != nil {
		return nil, err
	}
	to.known(e.a.ID, len(d.History), false)
	to.suite(d)
	return e, nil
}

// follow is the entry that brings this office to what stands above. What was done here
// meanwhile and cannot stand beside it becomes a conflict: its words stay in the history.
func (r *Registration) follow(have *Application, history []Moment, d *Dossier, common int) (*entry, error) {
	a := d.Application
	a.Fields = maps.Clone(a.Fields)
	e := &entry{a: &a, base: len(history), dropped: history[common:]}
	if have != nil {
		e.was, a.Created = have.State, have.Created
	}
	if common > 0 {
		e.before = history[common-1].At
	}
	for _, m := range d.History[common:] {
		e.add(pki.Actor{Name: "link"}, m, "told-by", "above")
	}
	if note := r.gaveWay(have, history[common:], &d.Application); note != "" {
		a.Conflict = note
		e.add(pki.Actor{Name: "link"}, Moment{At: millis(r.now()), Actor: "link", Node: r.cfg.Home.ID, Event: wentApart, State: a.State, Note: note}, "kept-by", r.cfg.Home.ID)
	}
	return e, r.conceal(&a)
}

// gaveWay says what was done here and is not so above; nothing where the registration
// above did the same.
func (r *Registration) gaveWay(have *Application, dropped []Moment, theirs *Application) string {
	var words []string
	for _, m := range dropped {
		switch {
		case m.Event == askWithdraw && theirs.State == Withdrawn, m.Event == string(Deliver) && theirs.State == Delivered, m.Event == settled && theirs.Conflict == "":
			continue
		case m.Event == wentApart:
			words = append(words, m.Note)
			continue
		}
		text := fmt.Sprintf("%s %s by %s at %s (%s)", m.Event, m.State, m.Actor, m.Node, moment(m.At).Format(time.DateTime))
		if m.Note != "" {
			text += ": " + m.Note
		}
		words = append(words, text)
	}
	if len(words) == 0 {
		return ""
	}
	if other := differing(have, theirs); other != "" {
		words = append(words, "here it said "+other)
	}
	return shortened("above it is " + string(theirs.State) + "; done here: " + strings.Join(words, "; "))
}

// differing are the open fields this office had otherwise; sensitive ones stay sealed
// and are only named.
func differing(have, theirs *Application) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(have.Fields)) {
		if value := have.Fields[name]; value != theirs.Fields[name] {
			all = append(all, name+" = "+value)
		}
	}
	return strings.Join(all, ", ")
}

// shortened keeps a text within what a note may be.
func shortened(text string) string {
	runes := []rune(text)
	return string(runes[:min(len(runes), 2000)])
}

// takeMade stores what came of an application: certificates as they are above, and
// what is to be handed over.
func (r *Registration) takeMade(ctx context.Context, tx *sql.Tx, to *sheaf, d *Dossier) error {
	for _, c := range d.Certificates {
		if !within(c.Path, r.cfg.Home.Path) {
			continue
		}
		found, err := collect(ctx, tx, scanCertificate, "SELECT "+certificateColumns+" FROM ra_certificate WHERE issuer = $1 AND serial = $2", c.Issuer, string(c.Serial))
		if err != nil {
			return err
		}
		if len(found) == 0 {
			to.certificate(&c)
			to.do(`INSERT INTO ra_holder (id, kind, name, unit, node, path, state, fields, sealed, version, changed) VALUES ($1, $2, $3, $4, $5, $6, 'active', '{}', NULL, 1, $7)
				ON CONFLICT (id) DO UPDATE SET name = excluded.name, unit = excluded.unit, state = 'active', version = ra_holder.version + 1`,
				c.Holder, string(c.Kind), c.Name, c.Unit, c.Node, c.Path, millis(c.Changed))
			continue
		}
		to.become(found[0], c.State, c.Changed)
	}
	if a := &d.Application; a.Operation == Cancel && a.State == Issued {
		to.do("UPDATE ra_holder SET state = 'cancelled', version = version + 1 WHERE id = $1 AND state = 'active'", a.Holder)
	}
	if d.Made != nil {
		to.insertOnce("ra_result", []string{"application", "issued"}, d.Application.ID, encoded(d.Made))
	}
	return nil
}
