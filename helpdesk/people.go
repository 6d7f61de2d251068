package helpdesk

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"onecert/notice"
	"onecert/officer"
	"onecert/pki"
)

// Person is how somebody who needs help is known: by the holder id the self-service has
// verified, or by the code of the ticket. Limiting tries is the self-service's; a code
// has 128 bits.
type Person struct {
	Holder string
	Code   string
}

// OpenFor opens a ticket for a person, at the node the person belongs to. q.Holder is
// what the caller has verified, "" for somebody without a certificate.
func (d *Desk) OpenFor(ctx context.Context, node string, q Question) (t *Ticket, code string, err error) {
	path, err := d.cfg.Places.NodePath(ctx, node)
	if err != nil {
		return nil, "", err
	}
	return d.open(ctx, node, path, q, pki.Actor{})
}

// opening is the event of the first turn.
const opening Event = "open"

func (d *Desk) open(ctx context.Context, node, path string, q Question, by pki.Actor) (t *Ticket, code string, err error) {
	if err := q.check(); err != nil {
		return nil, "", err
	}
	if q.Contact != "" {
		if _, err := notice.ParseAddress(q.Contact); err != nil {
			return nil, "", err
		}
	}
	now := d.now()
	if code, err = d.draw(); err != nil {
		return nil, "", err
	}
	t = &Ticket{Kind: q.Kind, Urgent: q.Urgent, State: Open, Node: node, Path: path, Version: 1, Holder: q.Holder,
		Name: q.Name, Contact: q.Contact, Subject: q.Subject, Opened: now, changed: now, code: hashed(code)}
	t.Due = d.cfg.Hours.Add(now, d.promise(t))
	err = d.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		n, err := nextNumber(ctx, tx, now.In(d.cfg.Hours.Zone).Year())
		if err != nil {
			return err
		}
		t.Number = fmt.Sprintf("T-%d-%06d", now.In(d.cfg.Hours.Zone).Year(), n)
		if err := d.conceal(t); err != nil {
			return err
		}
		if err := insertTicket(ctx, tx, t); err != nil {
			return err
		}
		return d.record(ctx, tx, t, "", act{event: opening, by: by, text: q.Text})
	})
	if err != nil {
		return nil, "", err
	}
	t, err = d.whole(ctx, t, by, false)
	return t, code, err
}

// draw makes a code a person can type: 128 bits in base32.
func (d *Desk) draw() (string, error) {
	var octets [16]byte
	if _, err := io.ReadFull(d.cfg.Random, octets[:]); err != nil {
		return "", fmt.Errorf("drawing a ticket's code: %w", err)
	}
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(octets[:]), nil
}

func hashed(code string) string {
	sum := sha256.Sum256([]byte(strings.ToUpper(strings.TrimSpace(code))))
	return hex.EncodeToString(sum[:])
}

// Mine lists a holder's tickets, the newest first.
func (d *Desk) Mine(ctx context.Context, holder string, q MineQuery) (*Page, error) {
	if holder == "" {
		return nil, unknownTicket()
	}
	if q.After != "" && !isNumber(q.After) {
		return nil, notOfThisList()
	}
	limit := pageSize(q.Limit)
	all, err := ticketsOf(ctx, d.cfg.DB.Read(), holder, q.After, limit+1)
	if err != nil {
		return nil, err
	}
	page := &Page{Items: all}
	if len(all) > limit {
		page.Items, page.After = all[:limit], all[limit-1].Number
	}
	for _, t := range page.Items {
		d.reveal(t)
	}
	return page, nil
}

// Look returns a person's ticket with what was said to the person.
func (d *Desk) Look(ctx context.Context, who Person, number string) (*Ticket, error) {
	t, err := who.find(ctx, d.cfg.DB.Read(), number)
	if err != nil {
		return nil, err
	}
	return d.whole(ctx, t, pki.Actor{}, false)
}

// Say adds what a person has to say. A ticket that waited or was resolved is worked on
// again.
func (d *Desk) Say(ctx context.Context, who Person, number, text string) (*Ticket, error) {
	if err := checkText("text", text, maxText, true); err != nil {
		return nil, err
	}
	find := func(tx *sql.Tx) (*Ticket, error) { return who.find(ctx, tx, number) }
	t, err := d.happen(ctx, act{event: Reply, text: text}, find, nil)
	if err != nil {
		return nil, err
	}
	return d.whole(ctx, t, pki.Actor{}, false)
}

// Judge rates a resolved ticket from 1 to 5, with a word or without, and closes it.
func (d *Desk) Judge(ctx context.Context, who Person, number string, rating int, text string) (*Ticket, error) {
	if rating < 1 || rating > 5 {
		return nil, pki.Errorf(pki.Invalid, "desk.rating", "a rating is 1 to 5")
	}
	if text != "" {
		if err := checkText("text", text, maxText, true); err != nil {
			return nil, err
		}
	}
	find := func(tx *sql.Tx) (*Ticket, error) { return who.find(ctx, tx, number) }
	t, err := d.happen(ctx, act{event: Rate, text: text}, find, func(t *Ticket) error { t.Rating = rating; return nil })
	if err != nil {
		return nil, err
	}
	return d.whole(ctx, t, pki.Actor{}, false)
}

// find reads a ticket for a person. One who may not see it does not learn whether it
// is there.
func (p Person) find(ctx context.Context, q querier, number string) (*Ticket, error) {
	t, err := readTicket(ctx, q, "", number)
	if err != nil {
		return nil, err
	}
	byHolder := p.Holder != "" && p.Holder == t.Holder
	byCode := p.Code != "" && subtle.ConstantTimeCompare([]byte(hashed(p.Code)), []byte(t.code)) == 1
	if !byHolder && !byCode {
		return nil, unknownTicket()
	}
	return t, nil
}

// whole is a ticket as it is shown, with its conversation.
func (d *Desk) whole(ctx context.Context, t *Ticket, actor pki.Actor, internal bool) (*Ticket, error) {
	d.reveal(t)
	turns, err := d.turns(ctx, t.Number)
	if err != nil {
		return nil, err
	}
	t.Turns = []Turn{}
	for _, turn := range turns {
		if internal || !turn.Internal {
			t.Turns = append(t.Turns, turn)
		}
	}
	if officer.May(actor, officer.ReadTickets) == nil {
		t.Legal = legal(t, actor)
	}
	return t, nil
}

// errSealed says that words do not open with the key there is.
var errSealed = errors.New("the sealed words do not open")
