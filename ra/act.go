package ra

import (
	"context"
	"database/sql"
	"maps"

	"onecert/audit"
	"onecert/pki"
)

// step is one event of an application: what it was, what it becomes, and why.
type step struct {
	a     *Application
	event Event
	was   State
	note  string
	who   scope
}

// record stores one event of an application in the caller's transaction: the entry in
// the audit log first, then the application's next version, its history and figures.
func (r *Registration) record(ctx context.Context, tx *sql.Tx, s step, detail map[string]string) error {
	return r.store(ctx, tx, &sheaf{}, r.entryOf(s, detail))
}

// entryOf is one event as it is stored.
func (r *Registration) entryOf(s step, detail map[string]string) entry {
	e := entry{a: s.a, base: s.a.Version, was: s.was, before: millis(s.a.Changed)}
	if s.was == "" {
		e.base, e.before = 0, 0
	}
	s.a.Changed = r.now()
	all := map[string]string{"operation": string(s.a.Operation), "before": string(s.was), "after": string(s.a.State)}
	maps.Copy(all, detail)
	if s.note != "" {
		all["note"] = s.note
	}
	e.acts = []audit.Act{{Actor: s.who.actor, Act: "application." + string(s.event), Object: s.a.ID, Subject: s.a.Holder, Result: audit.Done, Detail: all, At: s.a.Changed}}
	e.moments = []Moment{{At: millis(s.a.Changed), Actor: s.who.actor.Name, Node: s.who.node.ID, Event: string(s.event), State: s.a.State, Note: s.note}}
	return e
}

// happen lets an event happen to the version of an application somebody has read.
// change alters it before it is stored and may refuse; with stores what comes of it in
// the same transaction.
func (r *Registration) happen(ctx context.Context, id string, event Event, d Decision, change func(a *Application, s scope) error, with ...deed) (*Application, error) {
	s, err := r.enterFor(ctx, event)
	if err != nil {
		return nil, err
	}
	if err := d.check(); err != nil {
		return nil, err
	}
	var a *Application
	err = r.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if a, err = readApplication(ctx, tx, s, id); err != nil {
			return err
		}
		if err := r.heldBelow(ctx, tx, a); err != nil {
			return err
		}
		m, err := r.allowed(a, event, d, s)
		if err != nil {
			return err
		}
		if err := otherHands(ctx, tx, a, m, s); err != nil {
			return err
		}
		was := a.State
		a.State = m.to
		if change != nil {
			if err := change(a, s); err != nil {
				return err
			}
		}
		for _, do := range with {
			if err := do(ctx, tx, a, s); err != nil {
				return err
			}
		}
		if d.tells != nil {
			d.Note = d.tells()
		}
		return r.record(ctx, tx, step{a, event, was, d.Note, s}, nil)
	})
	if err != nil {
		return nil, r.refused(ctx, s, event, id, err)
	}
	return r.shown(ctx, a, s), nil
}

// deed stores what comes of an event beside the application itself.
type deed func(ctx context.Context, tx *sql.Tx, a *Application, s scope) error

// mostMoments is how long a history may be that is still edited: a link takes up to 1000
// moments, and what it does not take would stop it for all the others.
const mostMoments = 800

func (r *Registration) allowed(a *Application, event Event, d Decision, s scope) (move, error) {
	if event == Edit && a.Version >= mostMoments {
		return move{}, tooLong(a)
	}
	if d.Version != a.Version {
		return move{}, changed(nothing{}, nil, "application")
	}
	return legal(a, event, s)
}

func tooLong(a *Application) *pki.Error {
	return pki.Errorf(pki.Conflict, "application.long", "this application was changed %d times", a.Version).To("submit it, or withdraw it and enter it anew")
}

// enterFor is enter with the right an event needs from any state.
func (r *Registration) enterFor(ctx context.Context, event Event) (scope, error) {
	for _, m := range moves {
		if m.event == event {
			return r.enter(ctx, m.right)
		}
	}
	return scope{}, pki.Errorf(pki.Invalid, "application.event", "%.20q is nothing one can do with an application", string(event))
}

// refused writes to the audit log that an act was refused, unless it never came so far.
func (r *Registration) refused(ctx context.Context, s scope, event Event, object string, why error) error {
	if kind := pki.KindOf(why); kind != pki.Forbidden && kind != pki.Conflict && kind != pki.Unknown {
		return why
	}
	err := r.cfg.Audit.Record(ctx, audit.Act{Actor: s.actor, Act: "application." + string(event), Object: object, Result: audit.Refused,
		Detail: map[string]string{"code": pki.CodeOf(why)}, At: r.now()})
	if err != nil {
		return err
	}
	return why
}

// Decision is what an officer says with an act.
type Decision struct {
	Version int    `json:"version" minimum:"1" doc:"of the application that was looked at"`
	Note    string `json:"note,omitempty" maxLength:"500"`

	tells func() string // the note, where it is known only when it has been done
}

func (d Decision) check() error {
	if err := checkText("note", d.Note); err != nil {
		return err
	}
	if pki.HidesIdentity(d.Note) {
		return pki.Errorf(pki.Invalid, "identity.clear", "the note holds what looks like an identity number").To("notes are kept in clear; leave it out")
	}
	return nil
}
