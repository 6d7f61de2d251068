package wire

import (
	"context"
	"time"

	"onecert/gateway"
	"onecert/pki"
	"onecert/sso"
)

// gatewaySessions are the sessions of sso as a gateway needs them.
type gatewaySessions struct{ *sso.Sessions }

var _ gateway.Sessions = gatewaySessions{}

func gatewaySession(s sso.Session) gateway.Session {
	return gateway.Session{ID: s.ID, Fingerprint: s.Fingerprint, Issuer: s.Issuer, Serial: s.Serial, User: s.User, Level: s.Level,
		Started: s.Started, LastSeen: s.LastSeen, Until: s.Until}
}

// Open implements gateway.Sessions.
func (g gatewaySessions) Open(ctx context.Context, l gateway.Login) (string, gateway.Session, error) {
	token, s, err := g.Sessions.Open(ctx, sso.Login{Fingerprint: l.Fingerprint, Issuer: l.Issuer, Serial: l.Serial, NotAfter: l.NotAfter, User: l.User,
		Level: l.Level, Steps: []sso.Step{sso.Certificate}, Address: l.Address, Replaces: l.Replaces})
	return token, gatewaySession(s), err
}

// Read implements gateway.Sessions.
func (g gatewaySessions) Read(token string, now time.Time) (gateway.Session, string, error) {
	s, err := g.Sessions.Read(token, now)
	if err != nil {
		return gateway.Session{}, "", err
	}
	fresh, renewed, err := g.Renew(s, now)
	if err != nil || !renewed {
		fresh = "" // the old token is good for a while yet
	}
	return gatewaySession(s), fresh, nil
}

// End implements gateway.Sessions.
func (g gatewaySessions) End(ctx context.Context, id, why string) error {
	return g.Sessions.End(ctx, id, sso.Why(why))
}

// EndOfCertificate implements gateway.Sessions.
func (g gatewaySessions) EndOfCertificate(ctx context.Context, issuer string, serial pki.Serial) error {
	return g.Sessions.EndOfCertificate(ctx, issuer, serial, sso.CertRevoked)
}

// List implements gateway.Sessions.
func (g gatewaySessions) List(ctx context.Context, q gateway.SessionQuery) ([]gateway.SessionRow, error) {
	rows, err := g.Sessions.List(ctx, sso.Query{User: q.User, Issuer: q.Issuer, Serial: q.Serial, After: q.After, Limit: q.Limit})
	if err != nil {
		return nil, err
	}
	all := make([]gateway.SessionRow, len(rows))
	for i, row := range rows {
		all[i] = gateway.SessionRow{Session: gatewaySession(row.Session), Address: row.Address}
	}
	return all, nil
}
