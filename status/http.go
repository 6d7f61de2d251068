package status

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"onecert/serve"
)

// pathJournal is where a component hands out the journal; the client asks there.
const pathJournal = "/v1/journal"

type journalQuery struct {
	After int64 `query:"after" minimum:"0" doc:"the number of the last entry the caller has"`
	Limit int   `query:"limit" minimum:"1" maximum:"5000" default:"1000"`
}

type batchBody struct{ Body Batch }

// Routes puts the source on an API. check says whether the caller may follow: the
// component's decision.
func (o *Origin) Routes(api huma.API, check func(context.Context) error) {
	huma.Register(api, huma.Operation{OperationID: "journal", Method: http.MethodGet, Path: pathJournal,
		Summary:  "Every change of state after a number; the request is held a while if there is none",
		Security: []map[string][]string{{"mutualTLS": {}}}},
		func(ctx context.Context, in *journalQuery) (*batchBody, error) {
			if err := check(ctx); err != nil {
				return nil, err
			}
			held, cancel := serve.Hold(ctx, o.hold)
			defer cancel()
			stop := serve.Beat(ctx, o.beat)
			batch, err := o.Batch(held, in.After, in.Limit)
			stop()
			if err != nil {
				return nil, err
			}
			return &batchBody{batch}, nil
		})
}

// Client is a journal across the network.
type Client struct {
	c    *serve.Client
	from *listener
}

// NewClient returns a Client over a connection made by serve.NewClient.
func NewClient(c *serve.Client) *Client {
	from := &listener{}
	own, connection := *c, *c.HTTP
	transport := connection.Transport
	if transport == nil {
		transport = http.DefaultTransport
	}
	connection.Transport = listening{transport, from}
	own.HTTP = &connection
	return &Client{&own, from}
}

// answerTime is how long an answer may take beyond being held: a link over which a
// batch of a MiB takes longer is down.
const answerTime = 25 * time.Second

// Batch implements Source. A link that went dead without a word is noticed (listener).
func (c *Client) Batch(ctx context.Context, after int64, limit int) (Batch, error) {
	ctx, cancel := context.WithTimeout(ctx, hold+answerTime)
	defer cancel()
	ctx, done := c.from.listen(ctx)
	defer done()
	query := url.Values{"after": {strconv.FormatInt(after, 10)}, "limit": {strconv.Itoa(limit)}}
	return serve.Call[struct{}, Batch](ctx, c.c, http.MethodGet, pathJournal+"?"+query.Encode(), nil)
}
