package fault

import (
	"context"
	"encoding/json"
	"net"
	"net/http"

	"onecert/pki"
	"onecert/serve"
)

// dial returns a client of the API at a Unix socket: it stays the same whenever the
// process behind it is another. Who acts is actor.
func dial(socket string, actor pki.Actor) (*serve.Client, error) {
	api, err := serve.NewClient("http://child", nil)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(actor)
	if err != nil {
		return nil, err
	}
	way := api.HTTP.Transport.(*http.Transport)
	way.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}
	api.HTTP.Transport = acting{way, string(text)}
	return api, nil
}

// acting says in each request who acts.
type acting struct {
	*http.Transport
	actor string
}

// RoundTrip implements http.RoundTripper.
func (a acting) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set(actorHeader, a.actor)
	return a.Transport.RoundTrip(r)
}
