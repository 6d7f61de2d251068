package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/tlcp"
)

// Target is what is looked at.
type Target struct {
	Address  string                // host:port
	Name     string                // asked for and compared with certificates; "": the host of Address
	Roots    []*smx509.Certificate // trusted; empty: chains are not judged for trust
	Patience time.Duration         // for one connection
	Now      time.Time
}

// Report is what was found.
type Report struct {
	Address   string     `json:"address"`
	Name      string     `json:"name"`
	Protocols []Protocol `json:"protocols"`
	Chains    []Chain    `json:"chains"`
	Findings  []Finding  `json:"findings"`
}

// Protocol is one version: spoken or not, and with which suites, in the order the
// server prefers them.
type Protocol struct {
	Version     string  `json:"version"`
	Spoken      bool    `json:"spoken"`
	Suites      []Suite `json:"suites"`
	Alert       string  `json:"alert,omitempty"` // of a refusal
	Ended       string  `json:"ended,omitempty"` // where there was none: "closed", "timeout", "not-tls"
	AsksClients bool    `json:"asks_clients"`    // for certificates
	number      uint16
}

// Suite is a cipher suite the server took.
type Suite struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Weak string `json:"weak,omitempty"` // why
}

// Chain is a list of certificates as the server sends it.
type Chain struct {
	Versions     []string      `json:"versions"`
	Certificates []Certificate `json:"certificates"`
	list         []*smx509.Certificate
	tlcp         bool
}

// Certificate is one of a chain.
type Certificate struct {
	Subject   string    `json:"subject"`
	Issuer    string    `json:"issuer"`
	Serial    string    `json:"serial"`
	NotBefore time.Time `json:"not_before"`
	NotAfter  time.Time `json:"not_after"`
	Key       string    `json:"key"`
	Signature string    `json:"signature"`
	Names     []string  `json:"names,omitempty"`
	DER       []byte    `json:"der"`
}

// Look asks the endpoint everything. Only that it cannot be reached at all is an error.
func Look(ctx context.Context, t Target) (*Report, error) {
	if t.Name == "" {
		host, _, err := net.SplitHostPort(t.Address)
		if err != nil {
			return nil, fmt.Errorf("the address is not host:port: %w", err)
		}
		t.Name = host
	}
	s := &scan{Target: t, report: &Report{Address: t.Address, Name: t.Name, Chains: []Chain{}, Findings: []Finding{}}}
	first, err := s.dial(ctx)
	if err != nil {
		return nil, err
	}
	first.Close()
	for _, version := range Versions() {
		p, err := s.protocol(ctx, version)
		if err != nil {
			return nil, err
		}
		s.report.Protocols = append(s.report.Protocols, p)
	}
	s.judge()
	return s.report, nil
}

type scan struct {
	Target
	report *Report
}

func (s *scan) dial(ctx context.Context) (net.Conn, error) {
	return (&net.Dialer{Timeout: s.Patience}).DialContext(ctx, "tcp", s.Address)
}

// maxSuites bounds the connections made for one version.
const maxSuites = 100

// protocol offers every suite of a version, takes away the one the server picks, and
// asks again until it finds none.
func (s *scan) protocol(ctx context.Context, version uint16) (Protocol, error) {
	p := Protocol{Version: VersionName(version), Suites: []Suite{}, number: version}
	left := suitesOf(version)
	for range maxSuites {
		a, err := s.once(ctx, &hello{version: version, suites: left, name: s.Name})
		if err != nil {
			return p, err
		}
		if !a.accepted() || !slices.Contains(left, a.suite) {
			if len(p.Suites) == 0 {
				p.refused(a)
			}
			if a.accepted() && len(p.Suites) == 0 {
				s.find("suite-not-offered", VersionName(version), SuiteName(a.suite))
			}
			break
		}
		p.Spoken = true
		p.AsksClients = p.AsksClients || a.asked
		p.Suites = append(p.Suites, Suite{ID: fmt.Sprintf("0x%04X", a.suite), Name: SuiteName(a.suite), Weak: weakness(a.suite)})
		s.certificates(ctx, version, a)
		left = slices.DeleteFunc(slices.Clone(left), func(id uint16) bool { return id == a.suite })
		if len(left) == 0 {
			break
		}
	}
	return p, nil
}

func (s *scan) once(ctx context.Context, h *hello) (*answer, error) {
	ctx, cancel := context.WithTimeout(ctx, s.Patience)
	defer cancel()
	return ask(ctx, s.dial, h)
}

func (p *Protocol) refused(a *answer) {
	passing, network := errors.AsType[net.Error](a.ended)
	switch {
	case a.alert >= 0:
		p.Alert = tlcp.Alert(a.alert).String()
	case a.version != 0:
		p.Ended = "other-version"
	case errors.Is(a.ended, errNotTLS):
		p.Ended = "not-tls"
	case network && passing.Timeout(), errors.Is(a.ended, context.DeadlineExceeded):
		p.Ended = "timeout"
	default:
		p.Ended = "closed"
	}
}

// certificates keeps a chain that was not seen before, and checks what only this
// answer shows.
func (s *scan) certificates(ctx context.Context, version uint16, a *answer) {
	ders := a.certificates
	if version == TLS13 {
		ders = s.encrypted(ctx)
	}
	if version == TLCP {
		s.checkExchange(a)
	}
	if len(ders) == 0 {
		return
	}
	name := VersionName(version)
	for i := range s.report.Chains {
		if c := &s.report.Chains[i]; string(c.Certificates[0].DER) == string(ders[0]) && len(c.Certificates) == len(ders) {
			if !slices.Contains(c.Versions, name) {
				c.Versions = append(c.Versions, name)
			}
			return
		}
	}
	chain := Chain{Versions: []string{name}, tlcp: version == TLCP}
	for _, der := range ders {
		parsed, err := smx509.ParseCertificate(der)
		if err != nil {
			s.find("certificate-unreadable", name)
			return
		}
		chain.list = append(chain.list, parsed)
		chain.Certificates = append(chain.Certificates, describe(parsed))
	}
	s.report.Chains = append(s.report.Chains, chain)
}

// encrypted gets the certificates of TLS 1.3, where Go speaks what the server wants.
func (s *scan) encrypted(ctx context.Context) (ders [][]byte) {
	for _, c := range s.report.Chains {
		if slices.Contains(c.Versions, VersionName(TLS13)) {
			return nil // once is enough
		}
	}
	ctx, cancel := context.WithTimeout(ctx, s.Patience)
	defer cancel()
	config := &tls.Config{ServerName: s.Name, MinVersion: tls.VersionTLS13, InsecureSkipVerify: true, // only looked at
		VerifyPeerCertificate: func(raw [][]byte, _ [][]*x509.Certificate) error { ders = raw; return nil }}
	conn, err := (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", s.Address)
	if err == nil {
		conn.Close()
	}
	return ders
}

func describe(c *smx509.Certificate) Certificate {
	names := slices.Clone(c.DNSNames)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	return Certificate{Subject: c.Subject.String(), Issuer: c.Issuer.String(), Serial: c.SerialNumber.Text(16), NotBefore: c.NotBefore,
		NotAfter: c.NotAfter, Key: keyName(c), Signature: c.SignatureAlgorithm.String(), Names: names, DER: c.Raw}
}
