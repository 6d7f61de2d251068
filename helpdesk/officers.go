package helpdesk

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"onecert/audit"
	"onecert/officer"
	"onecert/pki"
)

// Step is what an officer does with a ticket.
type Step struct {
	Version int    `json:"version" minimum:"1" doc:"of the ticket that was looked at"`
	Event   Event  `json:"event" enum:"take,answer,note,ask,resolve,forward"`
	Text    string `json:"text,omitempty" maxLength:"4000" doc:"what is said; not needed to take"`
	To      string `json:"to,omitempty" maxLength:"24" doc:"the node to forward to"`
}

// Enter opens a ticket for somebody who called or came, at the officer's own node. The
// code lets the person look at it without a certificate; it is shown once.
func (d *Desk) Enter(ctx context.Context, q Question) (t *Ticket, code string, err error) {
	s, err := d.enter(ctx, officer.WorkTickets)
	if err != nil {
		return nil, "", err
	}
	return d.open(ctx, s.node, s.path, q, s.actor)
}

const usualPage, mostPage = 50, 200

// Tickets lists the tickets of the officer's subtree in a state ("": open, working and
// waiting), the most pressing first.
func (d *Desk) Tickets(ctx context.Context, q Query) (*Page, error) {
	s, err := d.enter(ctx, officer.ReadTickets)
	if err != nil {
		return nil, err
	}
	limit := pageSize(q.Limit)
	all, err := readTickets(ctx, d.cfg.DB.Read(), s.path, q, limit)
	if err != nil {
		return nil, err
	}
	page := &Page{Items: all}
	if len(all) > limit {
		last := all[limit-1]
		page.Items, page.After = all[:limit], fmt.Sprintf("%d.%s", millis(last.Due), last.Number)
	}
	for _, t := range page.Items {
		d.reveal(t)
		t.Legal = legal(t, s.actor)
	}
	return page, nil
}

// Waiting counts what waits for an officer: what is open in the subtree, and what he
// works on. It counts to 1000.
func (d *Desk) Waiting(ctx context.Context) (int, error) {
	s, err := d.enter(ctx, officer.WorkTickets)
	if err != nil {
		return 0, err
	}
	return countWaiting(ctx, d.cfg.DB.Read(), s.path, s.actor.Name)
}

// Ticket returns a ticket of the officer's subtree with its conversation.
func (d *Desk) Ticket(ctx context.Context, number string) (*Ticket, error) {
	s, err := d.enter(ctx, officer.ReadTickets)
	if err != nil {
		return nil, err
	}
	t, err := readTicket(ctx, d.cfg.DB.Read(), s.path, number)
	if err != nil {
		return nil, err
	}
	return d.whole(ctx, t, s.actor, true)
}

// Do does a step with a ticket of the officer's subtree.
func (d *Desk) Do(ctx context.Context, number string, step Step) (*Ticket, error) {
	s, err := d.enter(ctx, officer.WorkTickets)
	if err != nil {
		return nil, err
	}
	if !byOfficer(step.Event) {
		return nil, pki.Errorf(pki.Invalid, "desk.event", "%.20q is nothing an officer does with a ticket", string(step.Event))
	}
	if step.Event != Take || step.Text != "" {
		if err := checkText("text", step.Text, maxText, true); err != nil {
			return nil, err
		}
	}
	to := ""
	if step.Event == Forward {
		if to, err = d.target(ctx, s, step.To); err != nil {
			return nil, err
		}
	}
	find := func(tx *sql.Tx) (*Ticket, error) {
		t, err := readTicket(ctx, tx, s.path, number)
		if err == nil && t.Version != step.Version {
			return nil, pki.Errorf(pki.Conflict, "desk.version", "the ticket has changed since it was looked at").To("look at it again")
		}
		return t, err
	}
	change := func(t *Ticket) error {
		switch {
		case step.Event == Forward:
			t.Node, t.Path, t.Officer = step.To, to, ""
		case step.Event != Note:
			t.Officer = s.actor.Name
		}
		return nil
	}
	t, err := d.happen(ctx, act{event: step.Event, by: s.actor, text: step.Text, internal: step.Event == Note || step.Event == Forward || step.Event == Take}, find, change)
	if err != nil {
		return nil, d.refused(ctx, s, step.Event, number, err)
	}
	return d.whole(ctx, t, s.actor, true)
}

// target is the path of a node a ticket may be forwarded to: below the officer's own,
// or on the way up from it. Another branch's desk is reached through the one above.
func (d *Desk) target(ctx context.Context, s scope, node string) (string, error) {
	path, err := d.cfg.Places.NodePath(ctx, node)
	if err != nil {
		return "", err
	}
	if !strings.HasPrefix(path, s.path) && !strings.HasPrefix(s.path, path) {
		return "", pki.Errorf(pki.Forbidden, "desk.forward", "a ticket is forwarded up or down one's own branch").To("forward it to the registration above")
	}
	return path, nil
}

// refused writes to the audit log that a step was refused, unless it never came so far.
func (d *Desk) refused(ctx context.Context, s scope, event Event, number string, why error) error {
	if kind := pki.KindOf(why); kind != pki.Forbidden && kind != pki.Conflict && kind != pki.Unknown || !isNumber(number) {
		return why
	}
	err := d.cfg.Audit.Record(ctx, audit.Act{Actor: s.actor, Act: "desk." + string(event), Object: number, Result: audit.Refused,
		Detail: map[string]string{"code": pki.CodeOf(why)}, At: d.now()})
	if err != nil {
		return err
	}
	return why
}
