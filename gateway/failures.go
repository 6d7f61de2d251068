package gateway

import (
	"context"
	"sync"
	"time"

	"onecert/officer"
	"onecert/serve"
	"onecert/tlcp"
)

// maxFailures is how many failed handshakes are remembered.
const maxFailures = 1000

// failures are the last handshakes that failed: a person whose handshake fails sees
// nothing, so this is where the administrator finds out why.
type failures struct {
	mu   sync.Mutex
	all  []FailedHandshake // a ring
	next int
}

// FailedHandshake is one handshake that failed. What came from the peer is foreign text.
type FailedHandshake struct {
	At           time.Time          `json:"at"`
	Service      string             `json:"service"`
	Address      string             `json:"address"`
	Protocol     string             `json:"protocol,omitempty" doc:"TLS or TLCP; none: neither was spoken"`
	Cause        tlcp.Cause         `json:"cause" doc:"stable"`
	Chinese      string             `json:"chinese"`
	English      string             `json:"english"`
	Alert        string             `json:"alert,omitempty"`
	Received     bool               `json:"received,omitempty" doc:"the alert came from the client"`
	Detail       string             `json:"detail,omitempty"`
	ServerName   string             `json:"serverName,omitempty"`
	Suites       []string           `json:"suites,omitempty" doc:"that the client offered"`
	Certificates []ShownCertificate `json:"certificates,omitempty" doc:"that the client showed"`
	Took         float64            `json:"took" doc:"seconds"`
}

// ShownCertificate names a certificate of a client's.
type ShownCertificate struct {
	Subject   string    `json:"subject"`
	Issuer    string    `json:"issuer"`
	Serial    string    `json:"serial"`
	NotBefore time.Time `json:"notBefore"`
	NotAfter  time.Time `json:"notAfter"`
}

func failedHandshake(f Failure) FailedHandshake {
	h := FailedHandshake{At: f.Time.UTC(), Service: f.Service, Address: f.Address, Protocol: f.Protocol, Cause: f.Cause, Chinese: f.Chinese, English: f.English,
		Alert: f.Alert, Received: f.Received, Detail: f.Detail, ServerName: f.ServerName, Suites: f.Suites, Took: f.Took.Seconds()}
	for _, c := range f.Certificates {
		h.Certificates = append(h.Certificates, shownOf(c))
	}
	return h
}

func shownOf(c serve.PeerCertificate) ShownCertificate {
	return ShownCertificate{Subject: maskNumbers(c.Subject), Issuer: c.Issuer, Serial: c.Serial, NotBefore: c.NotBefore.UTC(), NotAfter: c.NotAfter.UTC()}
}

func (r *failures) add(h FailedHandshake) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.all) < maxFailures {
		r.all = append(r.all, h)
		return
	}
	r.all[r.next] = h
	r.next = (r.next + 1) % maxFailures
}

// newest returns at most n that fit, the newest first.
func (r *failures) newest(n int, fits func(FailedHandshake) bool) []FailedHandshake {
	r.mu.Lock()
	defer r.mu.Unlock()
	found := []FailedHandshake{}
	for i := len(r.all) - 1; i >= 0 && len(found) < n; i-- {
		if h := r.all[(r.next+i)%len(r.all)]; fits(h) {
			found = append(found, h)
		}
	}
	return found
}

// HandshakeQuery selects failed handshakes; what is empty selects all.
type HandshakeQuery struct {
	Service string `query:"service" maxLength:"63"`
	Address string `query:"address" maxLength:"64" doc:"of the client, without its port"`
	Cause   string `query:"cause" maxLength:"64"`
	Limit   int    `query:"limit" minimum:"0" maximum:"1000" doc:"by default 100"`
}

// FailedHandshakes returns the last handshakes that failed, the newest first.
func (g *Gateway) FailedHandshakes(ctx context.Context, q HandshakeQuery) ([]FailedHandshake, error) {
	if _, err := g.enterOffice(ctx, officer.ReadGateway); err != nil {
		return nil, err
	}
	if q.Limit <= 0 || q.Limit > maxFailures {
		q.Limit = 100
	}
	return g.failures.newest(q.Limit, func(h FailedHandshake) bool {
		return (q.Service == "" || h.Service == q.Service) && (q.Cause == "" || string(h.Cause) == q.Cause) &&
			(q.Address == "" || hostPart(h.Address) == q.Address)
	}), nil
}
