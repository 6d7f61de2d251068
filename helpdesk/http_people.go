package helpdesk

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// pathMine is where people reach the desk, at the listener of self-service.
const pathMine = "/v1/self/tickets"

// Visitors is who asks at the self-service, and how often they may; the registration
// knows. address is host:port of the caller.
type Visitors interface {
	// Visit returns the holder whose good certificate was presented, "" where none was,
	// and the node whose desk helps. It refuses who asks too often.
	Visit(ctx context.Context, address string) (holder, node string, err error)
	// Write counts what is left for officers to read, and refuses what is too much.
	Write(ctx context.Context, address string) error
}

// Caller is where a call came from; huma fills it in.
type Caller struct{ address string }

// Resolve implements huma.Resolver.
func (c *Caller) Resolve(ctx huma.Context) []error {
	c.address = ctx.RemoteAddr()
	return nil
}

// Inquiry is what a person opens a ticket with. Whose it is the certificate says.
type Inquiry struct {
	Kind    Kind   `json:"kind" enum:"pin,installation,certificate,use,complaint,other"`
	Urgent  bool   `json:"urgent,omitempty" doc:"one cannot work until it is resolved"`
	Name    string `json:"name" minLength:"1" maxLength:"100"`
	Contact string `json:"contact,omitempty" maxLength:"254" doc:"mail address, for notices"`
	Subject string `json:"subject" minLength:"1" maxLength:"200"`
	Text    string `json:"text" minLength:"1" maxLength:"4000"`
	Node    string `json:"node,omitempty" maxLength:"24" doc:"whose desk; not said: the one the holder belongs to, or the one asked"`
}

// Which names a ticket and proves that one may see it: by the certificate, or by the code.
// It goes in a body, since addresses are kept in logs.
type Which struct {
	Number string `json:"number" minLength:"1" maxLength:"20"`
	Code   string `json:"code,omitempty" maxLength:"40" doc:"shown when the ticket was opened; not needed with the holder's certificate"`
}

// Saying is what a person adds to a ticket.
type Saying struct {
	Which
	Text string `json:"text" minLength:"1" maxLength:"4000"`
}

// Judgement is how a person was served.
type Judgement struct {
	Which
	Rating int    `json:"rating" minimum:"1" maximum:"5"`
	Text   string `json:"text,omitempty" maxLength:"4000"`
}

// from is a call of somebody at the self-service.
type from[T any] struct {
	Caller
	Body T
}

// open describes an operation that nobody has to be known for.
func open(id, method, path, summary string) huma.Operation {
	return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary}
}

// counter is the desk towards people.
type counter struct {
	*Desk
	visitors Visitors
}

// PeopleRoutes puts what people do on the API of self-service: with a holder's
// certificate, or without one by number and code. Every call without a certificate is
// counted, whatever comes of it.
func (d *Desk) PeopleRoutes(api huma.API, visitors Visitors) {
	c := counter{d, visitors}
	huma.Register(api, open("self-ticket-open", http.MethodPost, pathMine, "Ask the service desk for help"),
		func(ctx context.Context, in *from[Inquiry]) (*body[*Opened], error) {
			return reply(c.ask(ctx, in.address, in.Body))
		})
	huma.Register(api, describe("self-tickets", http.MethodGet, pathMine, "One's own tickets, the newest first"),
		func(ctx context.Context, in *struct {
			Caller
			MineQuery
		}) (*body[*Page], error) {
			return reply(c.mine(ctx, in.address, in.MineQuery))
		})
	huma.Register(api, open("self-ticket", http.MethodPost, pathMine+"/look", "One's own ticket with its conversation"),
		func(ctx context.Context, in *from[Which]) (*body[*Ticket], error) {
			return reply(c.look(ctx, in.address, in.Body))
		})
	huma.Register(api, open("self-ticket-reply", http.MethodPost, pathMine+"/reply", "Say more; what was resolved is opened again"),
		func(ctx context.Context, in *from[Saying]) (*body[*Ticket], error) {
			return reply(c.say(ctx, in.address, in.Body))
		})
	huma.Register(api, open("self-ticket-rate", http.MethodPost, pathMine+"/rate", "Rate what was resolved from 1 to 5, which closes it"),
		func(ctx context.Context, in *from[Judgement]) (*body[*Ticket], error) {
			return reply(c.judge(ctx, in.address, in.Body))
		})
}

func (c counter) ask(ctx context.Context, address string, q Inquiry) (*Opened, error) {
	holder, node, err := c.writing(ctx, address)
	if err != nil {
		return nil, err
	}
	if q.Node != "" {
		node = q.Node
	}
	t, code, err := c.OpenFor(ctx, node, Question{Kind: q.Kind, Urgent: q.Urgent, Holder: holder, Name: q.Name, Contact: q.Contact, Subject: q.Subject, Text: q.Text})
	if err != nil {
		return nil, err
	}
	return &Opened{forPerson(t), code}, nil
}

// writing says who is about to leave something for officers to read.
func (c counter) writing(ctx context.Context, address string) (holder, node string, err error) {
	if holder, node, err = c.visitors.Visit(ctx, address); err != nil {
		return "", "", err
	}
	return holder, node, c.visitors.Write(ctx, address)
}

func (c counter) mine(ctx context.Context, address string, q MineQuery) (*Page, error) {
	holder, _, err := c.visitors.Visit(ctx, address)
	if err != nil {
		return nil, err
	}
	page, err := c.Mine(ctx, holder, q)
	if err != nil {
		return nil, err
	}
	for i, t := range page.Items {
		page.Items[i] = forPerson(t)
	}
	return page, nil
}

func (c counter) look(ctx context.Context, address string, w Which) (*Ticket, error) {
	holder, _, err := c.visitors.Visit(ctx, address)
	if err != nil {
		return nil, err
	}
	return shown(c.Look(ctx, Person{holder, w.Code}, w.Number))
}

func (c counter) say(ctx context.Context, address string, s Saying) (*Ticket, error) {
	holder, _, err := c.writing(ctx, address)
	if err != nil {
		return nil, err
	}
	return shown(c.Say(ctx, Person{holder, s.Code}, s.Number, s.Text))
}

func (c counter) judge(ctx context.Context, address string, j Judgement) (*Ticket, error) {
	holder, _, err := c.writing(ctx, address)
	if err != nil {
		return nil, err
	}
	return shown(c.Judge(ctx, Person{holder, j.Code}, j.Number, j.Rating, j.Text))
}

func shown(t *Ticket, err error) (*Ticket, error) {
	if err != nil {
		return nil, err
	}
	return forPerson(t), nil
}

// desk is who answers, towards people: which officer it was is the office's own affair.
const desk = "desk"

// forPerson leaves out who works on a ticket and where in the tree, and says what the
// person may do now.
func forPerson(t *Ticket) *Ticket {
	t.Officer, t.Path, t.Legal = "", "", []Event{}
	for i := range t.Turns {
		if t.Turns[i].By != person {
			t.Turns[i].By = desk
		}
	}
	for _, m := range moves {
		if m.from == t.State && (m.event == Reply || m.event == Rate) && !t.Erased {
			t.Legal = append(t.Legal, m.event)
		}
	}
	return t
}
