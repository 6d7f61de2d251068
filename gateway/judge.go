package gateway

import (
	"bufio"
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"io"
	"net/netip"
	"os"
	"time"

	"onecert/gateway/internal/trust"
	"onecert/officer"
	"onecert/pki"
	"onecert/policy"
)

// Checked is what is said of a configuration that could run.
type Checked struct {
	Warnings []policy.Warning `json:"warnings" doc:"about the policy: what is hardly meant"`
}

// Examine is Check with what is not wrong, but hardly meant.
func (g *Gateway) Examine(ctx context.Context, c *Configuration) (*Checked, error) {
	if err := g.Check(ctx, c); err != nil {
		return nil, err
	}
	set, err := policy.Compile(&c.Policy)
	if err != nil {
		return nil, err
	}
	return &Checked{set.Warnings(g.cfg.Now())}, nil
}

// Question asks whether somebody would get in.
type Question struct {
	Certificate string          `json:"certificate,omitempty" doc:"PEM of the person's certificate, with the CAs above it; none: nobody, or user" maxLength:"65536"`
	Service     string          `json:"service,omitempty" doc:"whose trust judges the certificate; by default the one with the application" maxLength:"63"`
	User        string          `json:"user,omitempty" doc:"account, where no certificate is at hand" maxLength:"256"`
	Login       policy.Login    `json:"login,omitempty" doc:"with user: how he would log in; by default certificate" enum:"password,code,certificate,certificate-password,hardware,hardware-password"`
	Groups      []string        `json:"groups,omitempty" maxItems:"100"`
	Address     string          `json:"address" doc:"where from" maxLength:"64"`
	At          time.Time       `json:"at,omitzero" doc:"by default now"`
	Application string          `json:"application" maxLength:"63"`
	Protocol    policy.Protocol `json:"protocol,omitempty" enum:"tls,tlcp,tcp" doc:"by default tls"`
	Method      string          `json:"method,omitempty" doc:"by default GET" maxLength:"32"`
	Host        string          `json:"host,omitempty" maxLength:"253"`
	Path        string          `json:"path,omitempty" doc:"by default /" maxLength:"8192"`
	Rules       *policy.Rules   `json:"rules,omitempty" doc:"a policy to try; none: the one that runs"`
}

// Answer says whether, and why.
type Answer struct {
	Version     int64              `json:"version" doc:"of the configuration that was asked"`
	Verdict     string             `json:"verdict,omitempty" doc:"what is wrong with the certificate; such a person is nobody to the policy"`
	Reason      string             `json:"reason,omitempty" doc:"more about the verdict"`
	Explanation policy.Explanation `json:"explanation"`
}

// Explain answers a question by looking at every rule, and says which decides.
func (g *Gateway) Explain(ctx context.Context, q Question) (*Answer, error) {
	if _, err := g.enterOffice(ctx, officer.ReadGateway); err != nil {
		return nil, err
	}
	run, set := g.running.Load(), (*policy.Set)(nil)
	if set = run.policy; q.Rules != nil {
		var err error
		if set, err = policy.Compile(q.Rules); err != nil {
			return nil, err
		}
	}
	r, err := q.request(g.cfg.Now())
	if err != nil {
		return nil, err
	}
	g.mu.Lock()
	a := &Answer{Version: g.last.Number}
	g.mu.Unlock()
	if q.Certificate != "" {
		if r.Subject, err = g.wouldBe(ctx, run, q, a); err != nil {
			return nil, err
		}
	}
	a.Explanation = set.Explain(&r)
	return a, nil
}

func (q *Question) request(now time.Time) (policy.Request, error) {
	address, err := netip.ParseAddr(q.Address)
	if err != nil {
		return policy.Request{}, pki.Errorf(pki.Invalid, "gateway.question", "%.64q is no address", q.Address).To("write an IPv4 or IPv6 address")
	}
	r := policy.Request{Address: address.Unmap(), At: q.At, Application: q.Application, Protocol: q.Protocol, Method: q.Method, Host: q.Host, Path: q.Path}
	if r.At.IsZero() {
		r.At = now
	}
	if r.Protocol == "" {
		r.Protocol = policy.ProtocolTLS
	}
	if r.Protocol != policy.ProtocolTCP {
		if r.Method == "" {
			r.Method = "GET"
		}
		if r.Path == "" {
			r.Path = "/"
		}
	}
	if q.User != "" {
		login := q.Login
		if login == "" {
			login = policy.LoginCertificate
		}
		r.Subject = &policy.Subject{Login: login, Level: login.Level(), User: q.User, Groups: q.Groups}
	}
	return r, nil
}

// wouldBe is who a certificate would speak for at a service; nobody, if it is refused.
func (g *Gateway) wouldBe(ctx context.Context, run *running, q Question, a *Answer) (*policy.Subject, error) {
	set, err := run.trustAt(q)
	if err != nil {
		return nil, err
	}
	var chain [][]byte
	for rest := []byte(q.Certificate); len(chain) < maxChain; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		chain = append(chain, block.Bytes)
	}
	v := set.Judge(ctx, chain, g.cfg.Now())
	if !v.Good() {
		a.Verdict = string(v.Code)
		if len(v.Reasons) > 0 {
			a.Reason = cut(v.Reasons[0].Wrong, 300)
		}
		return nil, nil
	}
	p, err := newPerson(v)
	if err != nil {
		return nil, err
	}
	p.subject.Groups = q.Groups
	return &p.subject, nil
}

// trustAt is the trust set a question is about.
func (r *running) trustAt(q Question) (*trust.Set, error) {
	for _, c := range r.config.Services {
		v := r.services[c.Name]
		if q.Service == c.Name && c.Trust != "" || q.Service == "" && v.holds(q.Application) && c.Trust != "" {
			return v.trust, nil
		}
	}
	return nil, pki.Errorf(pki.Invalid, "gateway.question", "no service with a trust set has the application %.63q", q.Application).To("name the service whose trust judges the certificate")
}

// holds says whether an application stands behind a service.
func (v *service) holds(application string) bool {
	if v.Target != nil {
		return v.Target.Application == application
	}
	for _, a := range v.apps {
		if a.Name == application {
			return true
		}
	}
	return false
}

// Simulation asks what another policy would have altered.
type Simulation struct {
	Rules   *policy.Rules `json:"rules,omitempty" doc:"the policy to try; none: that of version"`
	Version int64         `json:"version,omitempty" minimum:"0"`
	From    time.Time     `json:"from,omitzero" doc:"by default a day ago"`
	To      time.Time     `json:"to,omitzero" doc:"by default now"`
	Limit   int           `json:"limit,omitempty" minimum:"0" maximum:"10000" doc:"changes that are shown; by default 100. All are counted"`
}

// Altered is what would have been otherwise.
type Altered struct {
	From    time.Time       `json:"from"`
	To      time.Time       `json:"to"`
	Tally   policy.Tally    `json:"tally"`
	Changes []policy.Change `json:"changes"`
}

// Simulate asks the policy that runs and another one about the recorded visits.
func (g *Gateway) Simulate(ctx context.Context, s Simulation) (*Altered, error) {
	if _, err := g.enterOffice(ctx, officer.ReadGatewayVisits); err != nil {
		return nil, err
	}
	if g.cfg.Access == nil {
		return nil, pki.Errorf(pki.Unavailable, "gateway.no-log", "no visits are recorded here").To("name a folder for the access log in the process's configuration")
	}
	rules := s.Rules
	if rules == nil {
		_, document, err := oneVersion(ctx, g.cfg.DB.Read(), s.Version)
		if err != nil {
			return nil, err
		}
		c, err := Parse(document)
		if err != nil {
			return nil, err
		}
		rules = &c.Policy
	}
	after, err := policy.Compile(rules)
	if err != nil {
		return nil, err
	}
	now := g.cfg.Now()
	if s.To.IsZero() {
		s.To = now
	}
	if s.From.IsZero() {
		s.From = s.To.Add(-24 * time.Hour)
	}
	if s.Limit <= 0 || s.Limit > 10_000 {
		s.Limit = 100
	}
	a := &Altered{From: s.From.UTC(), To: s.To.UTC(), Changes: []policy.Change{}}
	log := g.cfg.Access.between(ctx, s.From, s.To)
	defer log.Close()
	a.Tally, err = policy.Replay(g.running.Load().policy, after, log, func(c *policy.Change) error {
		if len(a.Changes) < s.Limit {
			a.Changes = append(a.Changes, *c)
		}
		return nil
	})
	return a, err
}

// between reads the lines of decided visits of a time. Files are passed over whole where
// their last change is before it.
func (l *AccessLog) between(ctx context.Context, from, to time.Time) io.ReadCloser {
	r, w := io.Pipe()
	go func() {
		for _, name := range accessFiles(l.cfg.Dir) {
			info, err := os.Stat(name)
			if err != nil || info.ModTime().Before(from) {
				continue
			}
			if err := copyLines(ctx, w, name, from, to); err != nil {
				w.CloseWithError(err)
				return
			}
		}
		w.Close()
	}()
	return r
}

// copyLines writes the lines of a file that are in the time and were decided.
func copyLines(ctx context.Context, to io.Writer, name string, from, until time.Time) error {
	file, err := os.Open(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil // removed meanwhile
	}
	if err != nil {
		return err
	}
	defer file.Close()
	return eachLine(file, func(line []byte) error {
		at, ok := timeOfLine(line)
		if !ok || at.Before(from) || !at.Before(until) || bytes.Contains(line, []byte(`"decision":{"allowed":false,"reason":""`)) {
			return ctx.Err()
		}
		_, err := to.Write(line)
		return err
	})
}

// timeOfLine finds when a line's visit began.
func timeOfLine(line []byte) (time.Time, bool) {
	const name = `,"at":"`
	i := bytes.Index(line, []byte(name))
	if i < 0 {
		return time.Time{}, false
	}
	text, _, _ := bytes.Cut(line[i+len(name):], []byte(`"`))
	at, err := time.Parse(time.RFC3339Nano, string(text))
	return at, err == nil
}

// eachLine calls fn with each line, its newline included; what is longer than a line of
// ours can be is passed over.
func eachLine(from io.Reader, fn func([]byte) error) error {
	lines := bufio.NewReaderSize(from, 256<<10)
	for {
		line, err := lines.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF):
			return nil // the last line is being written
		case err != nil:
			return err
		}
		if err := fn(line); err != nil {
			return err
		}
	}
}
