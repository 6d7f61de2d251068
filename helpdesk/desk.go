package helpdesk

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"embed"
	"io"
	"io/fs"
	"log/slog"
	"time"

	"onecert/audit"
	"onecert/db"
	"onecert/notice"
	"onecert/officer"
	"onecert/pki"
)

// Places is where officers have their posts; the registration knows.
type Places interface {
	// Enter says who the actor of the context is, and at which node, if the actor may do
	// an operation and the post is in force. A path is the way down the tree:
	// "/centre/ra1/lra3/".
	Enter(ctx context.Context, op officer.Operation) (actor pki.Actor, node, path string, err error)
	// NodePath returns the way to a node that is in force.
	NodePath(ctx context.Context, node string) (string, error)
}

// Sealer seals what nobody may read in the database; aad binds it to its row.
type Sealer interface {
	Seal(random io.Reader, plaintext, aad []byte) ([]byte, error)
	Open(blob, aad []byte) ([]byte, error)
}

// Config is what a Desk needs. DB, Audit, Places and Sealer are required.
type Config struct {
	DB     *db.DB
	Audit  *audit.Log
	Places Places
	Sealer Sealer
	Outbox *notice.Outbox // nil: nobody is told by mail

	Hours  Hours         // zero: OfficeHours
	Usual  time.Duration // working time until a ticket is to be resolved; 0: 16 h, two days
	Urgent time.Duration // of an urgent one; 0: 4 h
	Rest   time.Duration // working time after which a resolved ticket is closed; 0: 40 h
	Quiet  time.Duration // after which a ticket is closed whose person was asked and says nothing; 0: 30 days
	Silent time.Duration // after which one is closed on which nobody did anything; 0: 180 days
	Keep   time.Duration // of what is personal, after closing; 0: three years

	Now    func() time.Time
	Random io.Reader
	Log    *slog.Logger
}

// Desk is the service desk of a registration. It is safe for concurrent use.
type Desk struct {
	cfg   Config
	mails map[Event]*notice.Template
}

//go:embed migrations
var migrations embed.FS

// Migrations returns the room's tables, for bringing back a backup of them.
func Migrations() fs.FS { return migrations }

// New brings the tables up to date and returns the desk.
func New(ctx context.Context, cfg Config) (*Desk, error) {
	if cfg.Hours.Zone == nil && cfg.Hours.Shifts == nil {
		days := cfg.Hours.Days
		cfg.Hours = OfficeHours()
		cfg.Hours.Days = days
	}
	if err := cfg.Hours.check(); err != nil {
		return nil, err
	}
	cfg.Usual, cfg.Urgent = cmp.Or(cfg.Usual, 16*time.Hour), cmp.Or(cfg.Urgent, 4*time.Hour)
	cfg.Rest, cfg.Keep = cmp.Or(cfg.Rest, 40*time.Hour), cmp.Or(cfg.Keep, 3*365*24*time.Hour)
	cfg.Quiet, cfg.Silent = cmp.Or(cfg.Quiet, 30*24*time.Hour), cmp.Or(cfg.Silent, 180*24*time.Hour)
	if min(cfg.Usual, cfg.Urgent, cfg.Rest, cfg.Keep, cfg.Quiet, cfg.Silent) < 0 {
		return nil, pki.Errorf(pki.Invalid, "desk.hours", "the desk's times must be positive")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Random == nil {
		cfg.Random = rand.Reader
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	mails, err := templates()
	if err != nil {
		return nil, err
	}
	return &Desk{cfg: cfg, mails: mails}, cfg.DB.Migrate(ctx, "helpdesk", migrations)
}

// now is the time as it is stored: to the millisecond.
func (d *Desk) now() time.Time { return d.cfg.Now().UTC().Truncate(time.Millisecond) }

// promise is the working time a ticket is to be resolved in.
func (d *Desk) promise(t *Ticket) time.Duration {
	if t.Urgent {
		return d.cfg.Urgent
	}
	return d.cfg.Usual
}

// scope is who acts, and the subtree this one sees: every query of an officer takes it.
type scope struct {
	actor pki.Actor
	node  string
	path  string
}

func (d *Desk) enter(ctx context.Context, op officer.Operation) (s scope, err error) {
	s.actor, s.node, s.path, err = d.cfg.Places.Enter(ctx, op)
	if err == nil && s.path == "" {
		err = pki.Errorf(pki.Internal, "desk.place", "nobody knows where the post of %s is", s.actor.Name) // "" would be the whole tree
	}
	return s, err
}

// act is a change of a ticket by somebody.
type act struct {
	event    Event
	by       pki.Actor // of an officer; a person has none
	text     string
	internal bool
}

func (a act) who() string {
	if a.by.Name == "" {
		return person
	}
	return a.by.Name
}

// happen lets an event happen to a ticket: the machine, the clock, the turn, the audit
// log and the mail, in one transaction. find reads the ticket as far as the caller may
// see it; change adds what is particular to the event.
func (d *Desk) happen(ctx context.Context, a act, find func(tx *sql.Tx) (*Ticket, error), change func(t *Ticket) error) (*Ticket, error) {
	var t *Ticket
	err := d.cfg.DB.Tx(ctx, func(tx *sql.Tx) (err error) {
		if t, err = find(tx); err != nil {
			return err
		}
		if t.Erased {
			return pki.Errorf(pki.Conflict, "desk.erased", "what the ticket said has been erased").To("open a new one")
		}
		was := t.State
		if t.State, err = next(was, a.event); err != nil {
			return err
		}
		d.clockwork(t, was, a.event)
		if change != nil {
			if err := change(t); err != nil {
				return err
			}
		}
		base := t.Version
		t.Version++
		if err := updateTicket(ctx, tx, t, base); err != nil {
			return err
		}
		return d.record(ctx, tx, t, was, a)
	})
	return t, err
}

// clockwork moves the times of a ticket by an event.
func (d *Desk) clockwork(t *Ticket, was State, event Event) {
	now := d.now()
	t.changed = now
	if (event == Answer || event == Ask || event == Resolve) && t.Answered.IsZero() {
		t.Answered, t.waited = now, d.cfg.Hours.Between(t.Opened, now)
	}
	switch {
	case was.counts() && t.State == Waiting:
		t.Left = d.cfg.Hours.Between(now, t.Due)
	case was == Waiting && t.State.counts():
		t.Due, t.Left = d.cfg.Hours.Add(now, t.Left), 0
	case was == Resolved && t.State.counts(): // opened again: the promise begins anew
		t.Due, t.Resolved, t.Late = d.cfg.Hours.Add(now, d.promise(t)), time.Time{}, false
	}
	switch {
	case event == Resolve:
		// What waited for the person was in time as long as something was left.
		t.Late = was.counts() && now.After(t.Due) || was == Waiting && t.Left == 0
		t.Resolved, t.Left = now, 0
	case t.State == Closed:
		if was != Resolved { // given up: by the person, or by the desk, which was late then
			t.Late = was != Waiting || t.Left == 0
			t.Resolved, t.Left = now, 0
		}
		t.Closed = now
	}
}

// record writes what happened beside the ticket: the turn, the audit log, the mail.
func (d *Desk) record(ctx context.Context, tx *sql.Tx, t *Ticket, was State, a act) error {
	if err := d.addTurn(ctx, tx, t, a); err != nil {
		return err
	}
	actor := a.by
	if actor.Name == "" {
		actor = pki.Actor{Name: person}
	}
	err := d.cfg.Audit.Append(ctx, tx, audit.Act{Actor: actor, Act: "desk." + string(a.event), Object: t.Number, Subject: t.Holder, Result: audit.Done,
		Detail: map[string]string{"before": string(was), "after": string(t.State)}, At: t.changed})
	if err != nil {
		return err
	}
	return d.tell(ctx, tx, t, a)
}
