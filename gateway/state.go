package gateway

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"onecert/officer"
	"onecert/pki"
)

// State is what runs, and whether it is what was wanted.
type State struct {
	Running   Version         `json:"running"`
	Newest    int64           `json:"newest" doc:"version; another one than running cannot run: fault says why"`
	Fault     *Refusal        `json:"fault,omitempty"`
	Warnings  []Refusal       `json:"warnings,omitempty" doc:"what would be refused if it were new"`
	Addresses []Address       `json:"addresses" doc:"what is listened on"`
	Ends      []CertificateOf `json:"certificates" doc:"what the services show, and how long it is good"`
	Issuer    string          `json:"issuer" doc:"what the gateway calls itself in assertions"`
}

// Refusal is an error as it is told.
type Refusal struct {
	Code   string `json:"code"`
	Wrong  string `json:"wrong"`
	Remedy string `json:"remedy,omitempty"`
}

// Address is one that is listened on.
type Address struct {
	Service string `json:"service"`
	Kind    Kind   `json:"kind"`
	Written string `json:"written" doc:"as the service says it"`
	Bound   string `json:"bound"`
}

// CertificateOf is a certificate of ours.
type CertificateOf struct {
	Name string    `json:"name"`
	Ends time.Time `json:"ends"`
}

// State tells what runs.
func (g *Gateway) State(ctx context.Context) (*State, error) {
	if _, err := g.enterOffice(ctx, officer.ReadGateway); err != nil {
		return nil, err
	}
	last, _, err := lastVersion(ctx, g.cfg.DB.Read())
	if err != nil {
		return nil, err
	}
	s := &State{Newest: last.Number, Addresses: []Address{}, Ends: g.CertificateEnds(), Issuer: g.cfg.Name}
	g.mu.Lock()
	s.Running = g.last
	s.Fault = refusalOf(g.fault)
	for written, e := range g.entrances {
		s.Addresses = append(s.Addresses, Address{Service: e.service.Load().Name, Kind: e.kind, Written: written, Bound: e.bound()})
	}
	g.mu.Unlock()
	for _, w := range g.Warnings() {
		s.Warnings = append(s.Warnings, *refusalOf(w))
	}
	slices.SortFunc(s.Addresses, func(a, b Address) int {
		return cmp.Or(cmp.Compare(a.Service, b.Service), cmp.Compare(a.Written, b.Written))
	})
	return s, nil
}

// Warnings are what the configuration that runs would be refused for if it were new: an
// earlier release took it.
func (g *Gateway) Warnings() []error { return g.running.Load().warnings }

func refusalOf(err error) *Refusal {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*pki.Error](err); ok {
		return &Refusal{e.Code, e.Wrong, e.Remedy}
	}
	return &Refusal{"internal", cut(err.Error(), 300), ""}
}

// CertificateEnds tells when what the services show is good no longer.
func (g *Gateway) CertificateEnds() []CertificateOf {
	all := []CertificateOf{}
	for _, c := range g.running.Load().config.Certificates {
		ends := time.Time{}
		for _, text := range []string{c.Chain, c.EncryptChain} {
			if text == "" {
				continue
			}
			if _, leaf, err := readChain(c.Name, text); err == nil && (ends.IsZero() || leaf.NotAfter.Before(ends)) {
				ends = leaf.NotAfter.UTC()
			}
		}
		all = append(all, CertificateOf{c.Name, ends})
	}
	return all
}
