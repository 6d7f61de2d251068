package pkitest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"onecert/pki"
)

// ActorHeader carries who acts across a test's network, where rooms are tried without
// certificates: that these prove it is tried in wire's and the end-to-end tests.
const ActorHeader = "Test-Actor"

// Carried is a transport that sends the context's actor along.
type Carried struct{}

// RoundTrip implements http.RoundTripper.
func (Carried) RoundTrip(r *http.Request) (*http.Response, error) {
	if actor, ok := pki.ActorFrom(r.Context()); ok {
		text, err := json.Marshal(actor)
		if err != nil {
			return nil, err
		}
		r = r.Clone(r.Context())
		r.Header.Set(ActorHeader, string(text))
	}
	return http.DefaultTransport.RoundTrip(r)
}

// ServeCarried serves an API to callers whose actor is carried by Carried, until the test
// ends, and returns its address.
func ServeCarried(t testing.TB, api http.Handler) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var actor pki.Actor
		if err := json.Unmarshal([]byte(r.Header.Get(ActorHeader)), &actor); err == nil {
			r = r.WithContext(pki.WithActor(r.Context(), actor))
		}
		api.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}
