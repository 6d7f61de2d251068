package main

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/policy"
	"onecert/tlcp"
)

// The doors of the measured gateway: each takes TLS 1.3 and TLCP on one port.
const (
	oneWay = "oneway" // asks nobody for a certificate
	mutual = "mutual" // demands one, and tells the application what the nginx beside it tells
	koal   = "koal"   // demands one, and tells an application of a domestic gateway all it may read
)

// road is how the load reaches a server.
type road struct {
	name  string
	proxy proxy
	dial  func(ctx context.Context) (net.Conn, error)
	nginx string // name of nginx's way that does most alike
	alone string // name of the way that only forwards; empty: none
}

// gatewayProcess is the gateway in its process, with one processor.
type gatewayProcess struct {
	proxy
	addresses map[string]string // by service
	output    *json.Decoder
}

// startGateway starts a gateway with so many rules and so many revoked certificates, in
// front of a back end.
func (b *bench) startGateway(people *tlsPeople, back string, rules, revoked int) (g *gatewayProcess, err error) {
	p, err := b.doorPlan(people, back, rules, revoked)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding the program: %w", err)
	}
	g = &gatewayProcess{proxy: proxy{name: "gateway", command: pinned(self, gatewayWord)}, addresses: map[string]string{}}
	g.command.Env = append(os.Environ(), "GOMAXPROCS=1")
	g.command.Stderr = os.Stderr
	output, err := g.command.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("starting the gateway: %w", err)
	}
	if g.input, err = g.command.StdinPipe(); err != nil {
		return nil, fmt.Errorf("starting the gateway: %w", err)
	}
	g.output = json.NewDecoder(output)
	if err := g.command.Start(); err != nil {
		return nil, fmt.Errorf("starting the gateway: %w", err)
	}
	var bound map[string]map[string]string
	if err := errors.Join(json.NewEncoder(g.input.(io.Writer)).Encode(p), g.output.Decode(&bound)); err != nil {
		g.stop()
		return nil, fmt.Errorf("waiting for the gateway: %w", err)
	}
	for service, all := range bound {
		for _, address := range all {
			g.addresses[service] = address
		}
	}
	return g, nil
}

// ask gives an order.
func (g *gatewayProcess) ask(do string) (a doorAnswer, err error) {
	if err := errors.Join(json.NewEncoder(g.input.(io.Writer)).Encode(doorOrder{do}), g.output.Decode(&a)); err != nil {
		return a, fmt.Errorf("talking to the gateway: %w", err)
	}
	if a.Error != "" {
		return a, errors.New("the gateway: " + a.Error)
	}
	return a, nil
}

// ways are the four ways into the gateway.
func (g *gatewayProcess) ways(people *tlsPeople) []road {
	return []road{
		{gatewayTLS, g.proxy, people.byTLS(g.addresses[oneWay], nil), nginxOneWay, forwardTLS},
		{gatewayMutualTLS, g.proxy, people.byTLS(g.addresses[mutual], &people.tlsClient), nginxMutual, forwardTLS},
		{gatewayTLCP, g.proxy, people.byTLCP(g.addresses[oneWay], nil), nginxOneWay, forwardTLCP},
		{gatewayKoalTLS, g.proxy, people.byTLS(g.addresses[koal], &people.tlsClient), nginxMutual, forwardTLS},
		{gatewayMutualTLCP, g.proxy, people.byTLCP(g.addresses[mutual], &people.client), nginxMutual, forwardTLCP},
	}
}

// The ways that are measured, by the names the tables have.
const (
	nginxOneWay       = "nginx, TLS 1.3 one-way"
	nginxMutual       = "nginx, TLS 1.3 mutual"
	forwardTLS        = "forward, TLS 1.3"
	forwardTLCP       = "forward, TLCP"
	reverseTLS        = "reverseproxy, TLS 1.3"
	gatewayTLS        = "gateway, TLS 1.3 one-way"
	gatewayMutualTLS  = "gateway, TLS 1.3 mutual"
	gatewayKoalTLS    = "gateway, TLS 1.3 mutual, sets koal and rfc9440"
	gatewayTLCP       = "gateway, TLCP one-way"
	gatewayMutualTLCP = "gateway, TLCP mutual"
)

// byTLS connects over TLS 1.3, with a certificate where one is given.
func (p *tlsPeople) byTLS(address string, who *tls.Certificate) func(context.Context) (net.Conn, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS13, RootCAs: p.tlsRoots, ServerName: benchName, CurvePreferences: []tls.CurveID{tls.X25519}}
	if who != nil {
		config.Certificates = []tls.Certificate{*who}
	}
	return connecting(address, func(conn net.Conn) shaking { return tls.Client(conn, config) })
}

// byTLCP connects over TLCP.
func (p *tlsPeople) byTLCP(address string, who *tlcp.Certificate) func(context.Context) (net.Conn, error) {
	config := &tlcp.Config{RootCAs: p.roots, ServerName: benchName, CipherSuites: []uint16{tlcp.ECC_SM4_GCM_SM3}}
	if who != nil {
		config.Certificates = []tlcp.Certificate{*who}
	}
	return connecting(address, func(conn net.Conn) shaking { return tlcp.Client(conn, config) })
}

// shaking is a connection of either protocol.
type shaking interface {
	net.Conn
	HandshakeContext(ctx context.Context) error
}

func connecting(address string, protect func(net.Conn) shaking) func(context.Context) (net.Conn, error) {
	return func(ctx context.Context) (net.Conn, error) {
		inner, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err != nil {
			return nil, err
		}
		inner.(*net.TCPConn).SetLinger(0) // thousands a second: no port may rest afterwards
		conn := protect(inner)
		if err := conn.HandshakeContext(ctx); err != nil {
			inner.Close()
			return nil, err
		}
		return conn, nil
	}
}

// doorPlan is a gateway with both doors, each with an application of its own.
func (b *bench) doorPlan(people *tlsPeople, back string, rules, revoked int) (p doorPlan, err error) {
	if p.Dir, err = os.MkdirTemp(b.dir, "gateway-"); err != nil {
		return p, fmt.Errorf("making a folder: %w", err)
	}
	if p.Keys, err = people.doorKeys(); err != nil {
		return p, err
	}
	if p.Lists, err = people.lists(p.Dir, revoked); err != nil {
		return p, err
	}
	p.Profile = b.profile
	p.Person = doorPerson{mutual, people.tlsClient.Certificate}
	p.Configuration, err = json.Marshal(people.doors(back, rules))
	return p, err
}

// doors are a gateway.Configuration, as JSON has it.
func (p *tlsPeople) doors(back string, rules int) map[string]any {
	list := []map[string]any{{"name": "list", "kind": "upload"}}
	ca := func(name string, chain [][]byte, root []byte) map[string]any {
		return map[string]any{"name": name, "anchors": certificatePEM(root), "intermediates": certificatePEM(chain[1]), "leafOnly": true, "revocation": list}
	}
	service := func(name, address, ask, trust, application string) map[string]any {
		return map[string]any{"name": name, "kind": "web", "listen": []string{address}, "groups": []string{"X25519", "P-256"}, "certificates": []string{"site", "pair"},
			"clientCertificate": ask, "trust": trust, "applications": []string{application}}
	}
	header := func(name, source string) map[string]any {
		return map[string]any{"in": "header", "name": name, "source": source}
	}
	told := []map[string]any{header("Client-Cert", "certificate.rfc9440"), header("X-SSL-DN", "subject"), header("X-SSL-Serial", "serial")}
	backend := map[string]any{"backends": []map[string]any{{"url": "http://" + back}}}
	return map[string]any{
		"certificates": []map[string]any{{"name": "site", "chain": certificatePEM(p.tlsServer.Certificate...), "key": "site"},
			{"name": "pair", "chain": certificatePEM(p.server.Sign...), "key": "sign", "encryptChain": certificatePEM(p.server.Encrypt...), "encryptKey": "encrypt"}},
		"trust": map[string]any{"cas": []map[string]any{ca("international", p.tlsServer.Certificate, p.tlsRoot), ca("national", p.server.Sign, p.root)},
			"sets": []map[string]any{{"name": "all", "cas": []string{"international", "national"}}}},
		"applications": []map[string]any{{"name": "open", "backend": backend, "access": []map[string]any{{"path": "/**", "certificate": "none"}}},
			{"name": "staff", "backend": backend, "identity": map[string]any{"items": told}},
			{"name": "koal", "backend": backend, "identity": map[string]any{"sets": []string{"koal", "rfc9440"}}}},
		"services": []map[string]any{service(oneWay, "127.0.0.1:0", "none", "", "open"), service(mutual, "127.0.0.2:0", "required", "all", "staff"),
			service(koal, "127.0.0.3:0", "required", "all", "koal")},
		"policy": doorRules(rules)}
}

// doorRules are n rules, of which the last but one lets holders of certificates in, and
// the last everybody else.
func doorRules(n int) *policy.Rules {
	r := rulesOfAllKinds(max(n-1, 1))
	r.Rules[len(r.Rules)-1] = policy.Rule{ID: "staff", Effect: policy.Allow, Except: []policy.Conditions{{Lists: []string{"blocked"}}},
		When: policy.Conditions{Applications: []string{"staff", "koal"}, LeastLevel: policy.LevelCertificate, Subject: []policy.Attribute{{Type: "CN", Values: []string{"*.example.test"}}}}}
	r.Rules = append(r.Rules, policy.Rule{ID: "open", Effect: policy.Allow, When: policy.Conditions{Applications: []string{"open"}}})
	return r
}

func certificatePEM(all ...[]byte) string {
	var b strings.Builder
	for _, der := range all {
		b.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	}
	return b.String()
}

func (p *tlsPeople) doorKeys() (map[string][]byte, error) {
	all := map[string][]byte{}
	for name, key := range map[string]crypto.PrivateKey{"site": p.tlsServer.PrivateKey, "sign": p.server.SignKey, "encrypt": p.server.EncryptKey} {
		der, err := smx509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			return nil, fmt.Errorf("encoding a key: %w", err)
		}
		all[name] = der
	}
	return all, nil
}

// lists writes a list of each CA, in which nobody stands whom we send.
func (p *tlsPeople) lists(dir string, revoked int) (map[string]string, error) {
	template := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: time.Now().Add(-time.Minute), NextUpdate: time.Now().AddDate(0, 0, 7)}
	base := new(big.Int).Lsh(big.NewInt(1), 150)
	for i := range revoked {
		template.RevokedCertificateEntries = append(template.RevokedCertificateEntries,
			x509.RevocationListEntry{SerialNumber: new(big.Int).Add(base, big.NewInt(int64(i)*7919)), RevocationTime: template.ThisUpdate, ReasonCode: 1})
	}
	international, err := x509.CreateRevocationList(rand.Reader, template, p.tlsIssuer, p.tlsIssuerKey)
	if err != nil {
		return nil, fmt.Errorf("making a list: %w", err)
	}
	national, err := smx509.CreateRevocationList(rand.Reader, &smx509.RevocationList{Number: template.Number, ThisUpdate: template.ThisUpdate, NextUpdate: template.NextUpdate},
		p.issuer, p.issuerKey)
	if err != nil {
		return nil, fmt.Errorf("making a list: %w", err)
	}
	all := map[string]string{"international": filepath.Join(dir, "international.crl"), "national": filepath.Join(dir, "national.crl")}
	return all, errors.Join(os.WriteFile(all["international"], international, 0o600), os.WriteFile(all["national"], national, 0o600))
}
