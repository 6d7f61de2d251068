package helpdesk

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// The paths of the API; the client uses the same.
const (
	pathTickets = "/v1/tickets"
	pathReports = "/v1/ticket-reports"
)

type body[T any] struct{ Body T }

// TicketPath names one ticket; huma sees embedded structs by exported name only.
type TicketPath struct {
	Number string `path:"number" maxLength:"20"`
}

// Opened is a ticket with the code that is shown once.
type Opened struct {
	Ticket *Ticket `json:"ticket"`
	Code   string  `json:"code" doc:"for the person, who can look at the ticket with it; shown once"`
}

func describe(id, method, path, summary string) huma.Operation {
	return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Security: []map[string][]string{{"mutualTLS": {}}}}
}

// reply wraps a method's answer for huma.
func reply[T any](answer T, err error) (*body[T], error) {
	if err != nil {
		return nil, err
	}
	return &body[T]{answer}, nil
}

// Routes puts the officers' operations on an API. The methods check who is asking. What
// people do is mounted by the self-service, which knows who they are.
func (d *Desk) Routes(api huma.API) {
	huma.Register(api, describe("ticket-enter", http.MethodPost, pathTickets, "Open a ticket for somebody who called or came"),
		func(ctx context.Context, in *body[Question]) (*body[*Opened], error) {
			t, code, err := d.Enter(ctx, in.Body)
			return reply(&Opened{t, code}, err)
		})
	huma.Register(api, describe("tickets", http.MethodGet, pathTickets, "Tickets of one's subtree, the most pressing first"),
		func(ctx context.Context, in *Query) (*body[*Page], error) { return reply(d.Tickets(ctx, *in)) })
	huma.Register(api, describe("ticket", http.MethodGet, pathTickets+"/{number}", "One ticket with its conversation"),
		func(ctx context.Context, in *TicketPath) (*body[*Ticket], error) {
			return reply(d.Ticket(ctx, in.Number))
		})
	huma.Register(api, describe("ticket-step", http.MethodPost, pathTickets+"/{number}/step", "Take, answer, note, ask, resolve or forward a ticket"),
		func(ctx context.Context, in *struct {
			TicketPath
			Body Step
		}) (*body[*Ticket], error) {
			return reply(d.Do(ctx, in.Number, in.Body))
		})
	huma.Register(api, describe("ticket-report", http.MethodGet, pathReports+"/{month}", "A month at the desks of one's subtree"),
		func(ctx context.Context, in *struct {
			Month string `path:"month" maxLength:"7"`
		}) (*body[*Month], error) {
			return reply(d.Report(ctx, in.Month))
		})
}
