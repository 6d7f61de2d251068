package fault

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"time"

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

// patiently asks again while it is refused as something to wait for: a pool meets
// connections that were cut one after the other.
func patiently[T any](ask func() (T, error)) (got T, err error) {
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		got, err = ask()
		if err == nil || pki.KindOf(err) != pki.Unavailable || time.Now().After(deadline) {
			return got, err
		}
	}
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
