package probe

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"

	"onecert/tlcp"
)

const name = "gw.example.test"

// serveEach answers every connection by act, for as long as the test runs.
func serveEach(t *testing.T, act func(net.Conn)) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				conn.SetDeadline(time.Now().Add(time.Minute))
				act(conn)
			}()
		}
	}()
	return l.Addr().String()
}

func look(t *testing.T, address string, roots ...*smx509.Certificate) *Report {
	t.Helper()
	r, err := Look(t.Context(), Target{Address: address, Name: name, Roots: roots, Patience: 20 * time.Second, Now: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// codes are the findings, each with what it is about.
func codes(r *Report) (all []string) {
	for _, f := range r.Findings {
		all = append(all, strings.Join(append([]string{f.Code}, f.About...), "|"))
	}
	return all
}

func spoken(r *Report) (all []string) {
	for _, p := range r.Protocols {
		if p.Spoken {
			all = append(all, p.Version)
		}
	}
	return all
}

// pair makes an ordinary or an odd pair under a CA, which it returns.
func pair(t *testing.T, signUsage, encryptUsage smx509.KeyUsage, until time.Time) (tlcp.Certificate, *smx509.Certificate) {
	t.Helper()
	make1 := func(usage smx509.KeyUsage, parent *smx509.Certificate, parentKey *sm2.PrivateKey) (*smx509.Certificate, *sm2.PrivateKey) {
		key, err := sm2.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		template := &smx509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
			NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: until, KeyUsage: usage, BasicConstraintsValid: true}
		if parent == nil {
			template.IsCA, template.Subject.CommonName, template.NotAfter = true, "test CA", time.Now().AddDate(1, 0, 0)
			parent, parentKey = template, key
		}
		der, err := smx509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, parentKey)
		if err != nil {
			t.Fatal(err)
		}
		c, err := smx509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		return c, key
	}
	ca, caKey := make1(smx509.KeyUsageCertSign, nil, nil)
	sign, signKey := make1(signUsage, ca, caKey)
	encrypt, encryptKey := make1(encryptUsage, ca, caKey)
	return tlcp.Certificate{Sign: [][]byte{sign.Raw}, Encrypt: [][]byte{encrypt.Raw}, SignKey: signKey, EncryptKey: encryptKey}, ca
}

const (
	signs    = smx509.KeyUsageDigitalSignature
	encrypts = smx509.KeyUsageKeyEncipherment
)

func longAway() time.Time { return time.Now().AddDate(0, 6, 0) }

func serveTLCP(t *testing.T, config *tlcp.Config) string {
	return serveEach(t, func(conn net.Conn) { tlcp.Server(conn, config).Handshake() })
}

func TestTLCP(t *testing.T) {
	own, ca := pair(t, signs, encrypts, longAway())
	r := look(t, serveTLCP(t, &tlcp.Config{Certificates: []tlcp.Certificate{own}, ClientAuth: tlcp.RequestClientCert}), ca)
	if got := spoken(r); !slices.Equal(got, []string{"TLCP 1.1"}) || len(r.Findings) != 0 {
		t.Errorf("%v, %v", got, codes(r))
	}
	p := r.Protocols[0]
	if len(p.Suites) != 4 || p.Suites[0].Name != "ECC_SM4_GCM_SM3" || p.Suites[3].ID != "0xE011" || !p.AsksClients {
		t.Errorf("%+v", p)
	}
	if len(r.Chains) != 1 || len(r.Chains[0].Certificates) != 2 || r.Chains[0].Certificates[1].Key != "SM2" || r.Chains[0].Certificates[0].Names[0] != name {
		t.Errorf("%+v", r.Chains)
	}
	if r.Protocols[1].Alert != "protocol_version" {
		t.Errorf("TLS 1.3: %+v", r.Protocols[1])
	}
}

// TestWrongTLCP: each thing that can be wrong with a TLCP server is found.
func TestWrongTLCP(t *testing.T) {
	yesterday := time.Now().Add(-24 * time.Hour)
	for what, c := range map[string]struct {
		sign, encrypt smx509.KeyUsage
		until         time.Time
		change        func(*tlcp.Config)
		finding       string
	}{
		"swapped":          {encrypts, signs, longAway(), nil, "encryption-first"},
		"signing usage":    {encrypts, encrypts, longAway(), nil, "signing-usage|CN=" + name},
		"encryption usage": {signs, signs, longAway(), nil, "encryption-usage|CN=" + name},
		"expired":          {signs, encrypts, yesterday, nil, "expired|CN=" + name + "|" + yesterday.UTC().Format(time.DateOnly)},
		"ends soon":        {signs, encrypts, time.Now().Add(48 * time.Hour), nil, "ends-soon|CN=" + name},
		"ECDHE only": {signs, encrypts, longAway(), func(c *tlcp.Config) {
			c.CipherSuites, c.ClientAuth = []uint16{tlcp.ECDHE_SM4_GCM_SM3}, tlcp.RequireAnyClientCert
		}, "ecdhe-only"},
		"other signing key": {signs, encrypts, longAway(), func(c *tlcp.Config) {
			c.Certificates[0].SignKey, _ = sm2.GenerateKey(rand.Reader)
		}, "exchange-signature"},
	} {
		t.Run(what, func(t *testing.T) {
			own, ca := pair(t, c.sign, c.encrypt, c.until)
			config := &tlcp.Config{Certificates: []tlcp.Certificate{own}}
			if c.change != nil {
				c.change(config)
			}
			r := look(t, serveTLCP(t, config), ca)
			if !slices.ContainsFunc(codes(r), func(code string) bool { return strings.HasPrefix(code, c.finding) }) {
				t.Errorf("found %v", codes(r))
			}
		})
	}
	t.Run("trust and name", func(t *testing.T) {
		own, _ := pair(t, signs, encrypts, longAway())
		_, stranger := pair(t, signs, encrypts, longAway())
		address := serveTLCP(t, &tlcp.Config{Certificates: []tlcp.Certificate{own}})
		r, err := Look(t.Context(), Target{Address: address, Name: "other.example.test", Roots: []*smx509.Certificate{stranger}, Patience: 20 * time.Second, Now: time.Now()})
		if err != nil || !slices.Contains(codes(r), "untrusted|CN="+name) || !slices.Contains(codes(r), "name|CN="+name+"|other.example.test") {
			t.Errorf("%v, %v", codes(r), err)
		}
		if r := look(t, address); !slices.Contains(codes(r), "no-chain|CN="+name+"|CN=test CA") {
			t.Errorf("without anchors: %v", codes(r))
		}
	})
}

func TestTLSVersions(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: longAway()}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS10}
	r := look(t, serveEach(t, func(conn net.Conn) {
		if c := tls.Server(conn, config); c.Handshake() == nil {
			io.Copy(io.Discard, c)
		}
	}))
	if got := spoken(r); !slices.Equal(got, []string{"TLS 1.3", "TLS 1.2", "TLS 1.1", "TLS 1.0"}) {
		t.Errorf("spoken: %v", got)
	}
	for _, want := range []string{"no-tlcp", "old-version|TLS 1.0", "old-version|TLS 1.1", "self-signed|CN=" + name} {
		if !slices.Contains(codes(r), want) {
			t.Errorf("%s is not among %v", want, codes(r))
		}
	}
	if len(r.Chains) != 1 || len(r.Chains[0].Versions) != 4 || r.Chains[0].Certificates[0].Key != "P-256" {
		t.Errorf("chains: %+v", r.Chains)
	}
	for _, p := range r.Protocols[1:3] {
		if len(p.Suites) < 3 {
			t.Errorf("%s: %d suites", p.Version, len(p.Suites))
		}
	}
}

// TestSilentOnes: what answers otherwise, or not at all, is told apart and ends.
func TestSilentOnes(t *testing.T) {
	for what, c := range map[string]struct {
		act   func(net.Conn)
		ended string
	}{
		"closes": {func(conn net.Conn) { conn.Read(make([]byte, 1)); conn.(*net.TCPConn).SetLinger(0) }, "closed"},
		"HTTP":   {func(conn net.Conn) { io.WriteString(conn, "HTTP/1.0 400 Bad Request\r\n\r\n") }, "not-tls"},
		"silent": {func(conn net.Conn) { io.Copy(io.Discard, conn) }, "timeout"},
	} {
		t.Run(what, func(t *testing.T) {
			patience := 20 * time.Second
			if c.ended == "timeout" {
				patience = 100 * time.Millisecond
			}
			r, err := Look(t.Context(), Target{Address: serveEach(t, c.act), Name: name, Patience: patience, Now: time.Now()})
			if err != nil || !slices.Equal(codes(r), []string{"nothing-spoken"}) || r.Protocols[0].Ended != c.ended {
				t.Errorf("%v, %v, %+v", codes(r), err, r.Protocols[0])
			}
		})
	}
	if _, err := Look(context.Background(), Target{Address: "127.0.0.1:1", Patience: time.Second}); err == nil {
		t.Error("nobody is there, and no error")
	}
	if _, err := Look(context.Background(), Target{Address: "nowhere", Patience: time.Second}); err == nil {
		t.Error("no port, and no error")
	}
}

func TestWeakness(t *testing.T) {
	for id, want := range map[uint16]string{0x0005: "rc4", 0x000a: "64-bit-blocks", 0x0034: "anonymous", 0x0001: "no-encryption", 0x0008: "export",
		0x0009: "des", 0xc02f: "", 0x1301: "", 0xe053: "", 0x1234: ""} {
		if got := weakness(id); got != want {
			t.Errorf("%s: %q, want %q", SuiteName(id), got, want)
		}
	}
	seen := map[uint16]bool{}
	for _, s := range slices.Concat(suites12, suites13) {
		if seen[s.id] {
			t.Errorf("%04x stands twice", s.id)
		}
		seen[s.id] = true
	}
	for _, s := range slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites()) { // the names Go knows
		if got := SuiteName(s.ID); got != s.Name && got != strings.TrimSuffix(s.Name, "_SHA256") {
			t.Errorf("%04x is %s, for Go %s", s.ID, got, s.Name)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add([]byte{21, 3, 1, 0, 2, 2, 40})
	f.Add([]byte{22, 1, 1, 0, 4, 14, 0, 0, 0})
	own := append([]byte{2, 0, 0, 38, 3, 3}, make([]byte, 36)...)
	f.Add(append([]byte{22, 3, 3, 0, byte(len(own))}, own...))
	f.Fuzz(func(t *testing.T, data []byte) {
		a := &answer{hello: &hello{version: TLS12}, alert: -1}
		a.read(io.LimitReader(bytes.NewReader(data), maxAnswer))
	})
}
