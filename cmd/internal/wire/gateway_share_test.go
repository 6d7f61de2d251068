package wire

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"onecert/gateway"
	"onecert/keys"
	"onecert/officer"
	"onecert/pki"
	"onecert/pkitest"
	"onecert/serve"
	"onecert/sso"
)

// machineAt opens a gateway's folder as a process on a machine of its own: services listen
// at that machine's address.
func machineAt(t *testing.T, config, machine string) *GatewayProcess {
	t.Helper()
	c, err := LoadGateway(config)
	if err != nil {
		t.Fatal(err)
	}
	p := &GatewayProcess{config: c, options: quietly(), issuers: &knownIssuers{}, listen: func(network, address string) (net.Listener, error) {
		_, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		return net.Listen(network, net.JoinHostPort(machine, port))
	}}
	t.Cleanup(func() { p.Close() })
	if err := p.openStore(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	p.stop = stop
	if err := p.openDoor(ctx); err != nil {
		t.Fatal(err)
	}
	return p
}

// halves applies a configuration, each administrator his half.
func (p *GatewayProcess) halves(t *testing.T, document *gateway.Configuration) {
	t.Helper()
	for _, half := range []struct {
		role string
		part *gateway.Configuration
	}{{officer.Security, &gateway.Configuration{Trust: document.Trust, Policy: document.Policy}}, {officer.System, document}} {
		_, now, err := p.Current(p.itself(t.Context()))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Apply(pki.WithActor(t.Context(), admit(t, p.Officers, half.role)), gateway.Change{Base: now.Number, Document: half.part}); err != nil {
			t.Fatal(half.role, err)
		}
	}
}

// certificateOf makes a certificate; without parent it is a CA's by itself.
func certificateOf(t *testing.T, name string, key crypto.Signer, parent *x509.Certificate, parentKey crypto.Signer) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{"oa.example.gov", "login.example.gov"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature, BasicConstraintsValid: true,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}}
	if parent == nil {
		template.IsCA, template.KeyUsage, template.ExtKeyUsage, template.DNSNames = true, x509.KeyUsageCertSign, nil, nil
		parent, parentKey = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), parentKey)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestGatewaysShareLogins: two gateway processes, each with a database of its own, that share
// secret and sessions, on two machines. Who logs in at the one is known at the other, where a service with a public part
// leads him, by a real session and a code that is good once.
func TestGatewaysShareLogins(t *testing.T) {
	_, trust := smallAuthority(t)
	folder := filepath.Join(t.TempDir(), "one")
	config, err := InitGateway(NewGateway{Dir: folder, Host: "127.0.0.1", Listen: "127.0.0.1:0", Trust: trust, CA: "https://127.0.0.1:1", SealWith: keys.SM4GCM})
	if err != nil {
		t.Fatal(err)
	}
	c, err := LoadGateway(config)
	if err != nil {
		t.Fatal(err)
	}
	c.Sessions.Database = pkitest.Postgres(t)
	if err := replaceConfig(config, c); err != nil {
		t.Fatal(err)
	}
	site, err := keys.Generate(keyURI(filepath.Join(folder, "services", "site.pem"), filepath.Join(folder, "passphrase")), pki.P256, keys.Options{})
	if err != nil {
		t.Fatal(err)
	}
	root, person := mustKey(t), mustKey(t)
	ca := certificateOf(t, "示例市 CA", root, nil, nil)
	shown, alice := certificateOf(t, "site", site, ca, root), certificateOf(t, "alice", person, ca, root)
	other := filepath.Join(t.TempDir(), "two")
	if out, err := exec.Command("cp", "-a", folder, other).CombinedOutput(); err != nil { // with the modes of the keys
		t.Fatalf("%v: %s", err, out)
	}
	oa := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s for %s", r.URL.Path, r.Header.Get("Remote-Name"))
	}))
	defer oa.Close()

	one := machineAt(t, config, "127.0.0.1")
	front, login := freeAddress(t), freeAddress(t)
	_, frontPort, _ := net.SplitHostPort(front)
	_, loginPort, _ := net.SplitHostPort(login)
	text, err := json.Marshal(map[string]any{
		"certificates": []any{map[string]any{"name": "site", "chain": string(PEM(shown.Raw)), "key": "file:site.pem"}},
		"trust": map[string]any{"cas": []any{map[string]any{"name": "own", "anchors": string(PEM(ca.Raw)), "revocation": []any{map[string]any{"name": "off", "kind": "none"}}}},
			"sets": []any{map[string]any{"name": "staff", "cas": []string{"own"}}}},
		"policy":       map[string]any{"version": 1, "rules": []any{map[string]any{"id": "staff", "effect": "allow", "when": map[string]any{"least_level": 2}}}},
		"applications": []any{map[string]any{"name": "oa", "backend": map[string]any{"backends": []any{map[string]any{"url": oa.URL}}}, "identity": map[string]any{"sets": []string{"authelia"}}}},
		"services": []any{
			map[string]any{"name": "front", "kind": "web", "listen": []string{front}, "certificates": []string{"site"}, "clientCertificate": "none", "trust": "staff", "applications": []string{"oa"},
				"login": map[string]any{"url": "https://login.example.gov:" + loginPort}},
			map[string]any{"name": "login", "kind": "web", "listen": []string{login}, "certificates": []string{"site"}, "trust": "staff", "loginFor": []string{"https://oa.example.gov:" + frontPort}}}})
	if err != nil {
		t.Fatal(err)
	}
	document, err := gateway.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	two := machineAt(t, filepath.Join(other, "gateway.yaml"), "127.0.0.2")
	for _, p := range []*GatewayProcess{one, two} {
		p.halves(t, document)
	}

	jar, _ := cookiejar.New(nil)
	roots := x509.NewCertPool()
	roots.AddCert(ca)
	var codes []string
	browser := &http.Client{Jar: jar, Timeout: 20 * time.Second, CheckRedirect: func(r *http.Request, way []*http.Request) error {
		if r.URL.Path == "/.onecert/enter" {
			codes = append(codes, r.URL.String())
		}
		if len(way) > 6 {
			return fmt.Errorf("the browser goes in circles")
		}
		return nil
	}, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{{Certificate: [][]byte{alice.Raw}, PrivateKey: person}}},
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			host, port, err := net.SplitHostPort(address)
			if err != nil {
				return nil, err
			}
			machine := map[string]string{"oa.example.gov": "127.0.0.1", "login.example.gov": "127.0.0.2"}[host]
			return (&net.Dialer{}).DialContext(ctx, network, net.JoinHostPort(machine, port))
		}}}
	ask := func(address string) (int, string) {
		t.Helper()
		answer, err := browser.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, _ := io.ReadAll(answer.Body)
		return answer.StatusCode, string(body)
	}
	desk := "https://oa.example.gov:" + frontPort + "/desk"
	if status, body := ask(desk); status != http.StatusOK || body != "/desk for alice" || len(codes) != 1 {
		t.Fatal(status, body, codes)
	}
	if status, _ := ask(codes[0]); status != http.StatusBadRequest {
		t.Errorf("the code once more: %d", status)
	}
	rows, err := one.Logins.List(t.Context(), sso.Query{Limit: 10})
	if err != nil || len(rows) != 1 || !strings.HasSuffix(rows[0].User, "@own") {
		t.Fatalf("%+v, %v", rows, err)
	}
	// Ended at the machine he logged in at, he is out at the other.
	if err := two.Logins.End(t.Context(), rows[0].ID, sso.ByOfficer); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if status, _ := ask(desk); status == http.StatusUnauthorized {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the session goes on at the other machine")
		}
	}
	// The health tells of the database they share, and goes on telling when it is away.
	if items := two.sharedSessions(t.Context()); len(items) != 1 || items[0].Level != serve.Fine || items[0].Name != "sessions.database" {
		t.Errorf("the shared database: %+v", items)
	}
	if err := two.shared.Read().Close(); err != nil {
		t.Fatal(err)
	}
	if items := two.sharedSessions(t.Context()); items[0].Level != serve.Failing || items[0].Says != "sessions.down" || items[0].Stops {
		t.Errorf("without the shared database: %+v", items)
	}
}

// TestTheGatewayGoesOnWithoutItsStore: a gateway whose configuration's database is away
// fails in that, and is ready all the same.
func TestTheGatewayGoesOnWithoutItsStore(t *testing.T) {
	down := goingOn([]serve.Item{{Name: "database", Level: serve.Failing, Says: "database.down", Stops: true}})[0]
	if down.Level != serve.Failing || down.Says != "store.down" || down.Stops {
		t.Errorf("%+v", down)
	}
}
