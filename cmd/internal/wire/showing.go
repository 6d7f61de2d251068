package wire

import (
	"net/http"
	"sync"
)

// showing calls with the certificate this component has now. A connection goes on with the
// one it was opened with, and one that is never idle for long would outlive it: so a
// renewal makes new connections, and those before end when what is under way on them does.
type showing struct {
	own func() any // the certificate in use; another one is another pointer

	mu      sync.Mutex
	current *http.Transport
	shown   any
}

// show lets a client of this process's own certificate follow its renewals.
func show(client *http.Client, own func() any) {
	client.Transport = &showing{own: own, current: client.Transport.(*http.Transport), shown: own()}
}

// RoundTrip implements http.RoundTripper.
func (s *showing) RoundTrip(r *http.Request) (*http.Response, error) {
	return s.transport().RoundTrip(r)
}

// CloseIdleConnections is what http.Client asks for.
func (s *showing) CloseIdleConnections() { s.transport().CloseIdleConnections() }

func (s *showing) transport() *http.Transport {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := s.own(); now != s.shown {
		before := s.current
		s.current, s.shown = before.Clone(), now
		before.CloseIdleConnections() // and those in use when they would be idle: nobody asks by them any more
	}
	return s.current
}
