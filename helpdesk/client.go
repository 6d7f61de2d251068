package helpdesk

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"onecert/serve"
)

// Client is a desk across the network: the officers' methods and the same errors. Who
// acts is whose certificate the connection was made with.
type Client struct{ c *serve.Client }

// NewClient returns a desk that is reached through c.
func NewClient(c *serve.Client) *Client { return &Client{c} }

func ticketPath(number string) string { return pathTickets + "/" + url.PathEscape(number) }

func get[Out any](ctx context.Context, c *Client, path string) (Out, error) {
	return serve.Call[struct{}, Out](ctx, c.c, http.MethodGet, path, nil)
}

// Enter is Desk.Enter.
func (c *Client) Enter(ctx context.Context, q Question) (*Ticket, string, error) {
	opened, err := serve.Call[Question, Opened](ctx, c.c, http.MethodPost, pathTickets, &q)
	return opened.Ticket, opened.Code, err
}

// Tickets is Desk.Tickets.
func (c *Client) Tickets(ctx context.Context, q Query) (*Page, error) {
	v := url.Values{}
	for name, value := range map[string]string{"state": string(q.State), "officer": q.Officer, "after": q.After} {
		if value != "" {
			v.Set(name, value)
		}
	}
	if q.Limit > 0 {
		v.Set("limit", strconv.Itoa(q.Limit))
	}
	return get[*Page](ctx, c, pathTickets+"?"+v.Encode())
}

// Ticket is Desk.Ticket.
func (c *Client) Ticket(ctx context.Context, number string) (*Ticket, error) {
	return get[*Ticket](ctx, c, ticketPath(number))
}

// Do is Desk.Do.
func (c *Client) Do(ctx context.Context, number string, step Step) (*Ticket, error) {
	return serve.Call[Step, *Ticket](ctx, c.c, http.MethodPost, ticketPath(number)+"/step", &step)
}

// Report is Desk.Report.
func (c *Client) Report(ctx context.Context, month string) (*Month, error) {
	return get[*Month](ctx, c, pathReports+"/"+url.PathEscape(month))
}
