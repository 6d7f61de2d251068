package gateway

import (
	"cmp"
	"context"
	"net"
	"slices"
	"time"

	"onecert/audit"
	"onecert/gateway/internal/forward"
	"onecert/gateway/internal/trust"
	"onecert/officer"
	"onecert/pki"
)

// Connection is one that is open now.
type Connection struct {
	Service  string     `json:"service"`
	Address  string     `json:"address" doc:"who is connected: a person, or a proxy"`
	Since    time.Time  `json:"since"`
	Protocol string     `json:"protocol" doc:"TLS 1.2, TLS 1.3, TLCP 1.1"`
	Resumed  bool       `json:"resumed,omitempty"`
	User     string     `json:"user,omitempty"`
	Issuer   string     `json:"issuer,omitempty"`
	Serial   pki.Serial `json:"serial,omitempty" doc:"of the certificate, if a good one was shown"`
	Session  string     `json:"session,omitempty"`
}

// ConnectionQuery selects connections; what is empty selects all.
type ConnectionQuery struct {
	Service string `query:"service" maxLength:"63"`
	Address string `query:"address" maxLength:"64"`
	User    string `query:"user" maxLength:"256"`
	Limit   int    `query:"limit" minimum:"0" maximum:"10000" doc:"by default 1000"`
}

// Connections lists what is open now, the oldest first.
func (g *Gateway) Connections(ctx context.Context, q ConnectionQuery) ([]Connection, error) {
	if _, err := g.enterOffice(ctx, officer.ReadGatewayVisits); err != nil {
		return nil, err
	}
	if q.Limit <= 0 || q.Limit > 10_000 {
		q.Limit = 1000
	}
	all := []Connection{}
	for _, e := range g.listening() {
		service := e.service.Load().Name
		e.peers.Range(func(_, value any) bool {
			c := value.(*peer).connection(service)
			if (q.Service == "" || c.Service == q.Service) && (q.Address == "" || c.Address == q.Address) && (q.User == "" || c.User == q.User) {
				all = append(all, c)
			}
			return true
		})
	}
	slices.SortFunc(all, func(a, b Connection) int { return a.Since.Compare(b.Since) })
	return all[:min(len(all), q.Limit)], nil
}

// connection tells of a peer what is known without asking anybody.
func (p *peer) connection(service string) Connection {
	c := Connection{Service: service, Address: p.address.String(), Since: p.since.UTC()}
	if p.met.Load() {
		c.Protocol, c.Resumed = p.transport.Protocol, p.transport.Resumed
	}
	if j := p.judged.Load(); j != nil && j.person != nil {
		c.User, c.Issuer, c.Serial = j.person.user, j.verdict.Issuer, j.verdict.Serial
	}
	if v := p.guest.Load(); v != nil {
		c.Session = v.session.ID
	}
	return c
}

// listening are the entrances there are.
func (g *Gateway) listening() []*entrance {
	g.mu.Lock()
	defer g.mu.Unlock()
	all := make([]*entrance, 0, len(g.entrances))
	for _, e := range g.entrances {
		all = append(all, e)
	}
	return all
}

func hostPart(address string) string {
	if host, _, err := net.SplitHostPort(address); err == nil {
		return host
	}
	return address
}

// BackendStatus is how a back end of an application does.
type BackendStatus struct {
	Application string `json:"application"`
	forward.BackendHealth
}

// Backends tells how all back ends do, by application.
func (g *Gateway) Backends(ctx context.Context) ([]BackendStatus, error) {
	if _, err := g.enterOffice(ctx, officer.ReadGateway); err != nil {
		return nil, err
	}
	return g.backends(), nil
}

func (g *Gateway) backends() []BackendStatus {
	all := []BackendStatus{}
	r := g.running.Load()
	for _, a := range r.config.Applications {
		for _, h := range r.apps[a.Name].pool.Health() {
			all = append(all, BackendStatus{a.Name, h})
		}
	}
	return all
}

func (g *Gateway) liveNow() Live {
	l := Live{Connections: map[string]int{}, Backends: g.backends()}
	for _, e := range g.listening() {
		n := 0
		e.peers.Range(func(_, _ any) bool { n++; return true })
		l.Connections[e.service.Load().Name] += n
	}
	if g.cfg.Access != nil {
		l.Lost = g.cfg.Access.Lost()
	}
	return l
}

// SessionList lists open sessions.
func (g *Gateway) SessionList(ctx context.Context, q SessionQuery) ([]SessionRow, error) {
	if _, err := g.enterOffice(ctx, officer.ReadGatewayVisits); err != nil {
		return nil, err
	}
	q.Limit = cmp.Or(q.Limit, 100)
	return g.cfg.Sessions.List(ctx, q)
}

// EndSession ends a session and cuts what is open under it.
func (g *Gateway) EndSession(ctx context.Context, id string) error {
	actor, err := g.enterOffice(ctx, officer.EndGatewaySession)
	if err != nil {
		return err
	}
	err = g.cfg.Sessions.End(ctx, id, "officer")
	g.guests.forget(id)
	g.live.endSession(id)
	return g.noted(ctx, audit.Act{Actor: actor, Act: "gateway.session-end", Object: cut(id, 64)}, err)
}

// TrustHealth tells how every source of revocation data is.
func (g *Gateway) TrustHealth(ctx context.Context) ([]SourceHealth, error) {
	if _, err := g.enterOffice(ctx, officer.ReadGateway); err != nil {
		return nil, err
	}
	return g.trust.Health(), nil
}

// UploadList hands a revocation list, PEM or DER, to a source of kind upload.
func (g *Gateway) UploadList(ctx context.Context, ca, source string, list []byte) (SourceHealth, error) {
	return g.onSource(ctx, "gateway.crl-upload", ca, source, func() (trust.SourceHealth, error) { return g.trust.Upload(ctx, ca, source, list) })
}

// RefreshList fetches a list now.
func (g *Gateway) RefreshList(ctx context.Context, ca, source string) (SourceHealth, error) {
	return g.onSource(ctx, "gateway.crl-refresh", ca, source, func() (trust.SourceHealth, error) { return g.trust.Refresh(ctx, ca, source) })
}

func (g *Gateway) onSource(ctx context.Context, act, ca, source string, do func() (trust.SourceHealth, error)) (SourceHealth, error) {
	actor, err := g.enterOffice(ctx, officer.WriteGatewayPolicy)
	if err != nil {
		return SourceHealth{}, err
	}
	health, err := do()
	return health, g.noted(ctx, audit.Act{Actor: actor, Act: act, Object: cut(ca+"/"+source, 128), Detail: map[string]string{"number": health.Number}}, err)
}

// noted puts an act into the log with how it ended, and returns its error.
func (g *Gateway) noted(ctx context.Context, act audit.Act, failed error) error {
	act.Result, act.At = audit.Done, g.cfg.Now()
	if failed != nil {
		act.Result, act.Detail = audit.Failed, map[string]string{"code": pki.CodeOf(failed)}
	}
	if err := g.cfg.Audit.Record(ctx, act); err != nil && failed == nil {
		return err
	}
	return failed
}
