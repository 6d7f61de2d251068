package tlcp

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
)

// TestChoices: the callbacks see the client's hello and decide.
func TestChoices(t *testing.T) {
	w := newWorld()
	other := w.ca.pair(t, "other.example.test")
	w.server.Certificates = append([]Certificate{other}, w.server.Certificates...)
	client, server := w.connect(t)
	if got := client.ConnectionState().PeerCertificates[0].Subject.CommonName; got != serverName {
		t.Errorf("by the name asked for the server shows %q", got)
	}
	if err := client.VerifyHostname(serverName); err != nil {
		t.Error(err)
	}
	if client.VerifyHostname("other.example.test") == nil || server.VerifyHostname(serverName) == nil {
		t.Error("VerifyHostname accepts")
	}
	w.client.ServerName = "other.example.test"
	authorities := []TrustedAuthority{{Kind: AuthorityName, Identifier: w.ca.root.RawSubject}, {Kind: AuthorityPreAgreed},
		{Kind: AuthorityKeyHash, Identifier: make([]byte, 32)}, {Kind: AuthorityCertificateHash, Identifier: bytes.Repeat([]byte{1}, 32)}}
	w.client.TrustedAuthorities, w.client.NextProtos = authorities, []string{"spdy", "http/1.1"}
	asked := 0
	w.server.GetConfigForClient = func(info *ClientHelloInfo) (*Config, error) {
		asked++
		if info.ServerName != "other.example.test" || len(info.CipherSuites) != 4 || fmt.Sprint(info.SupportedProtos) != "[spdy http/1.1]" ||
			len(info.TrustedAuthorities) != 4 || !bytes.Equal(info.TrustedAuthorities[0].Identifier, w.ca.root.RawSubject) ||
			info.TrustedAuthorities[3].Identifier[5] != 1 || info.Context() == nil || info.Conn == nil {
			t.Errorf("%+v", info)
		}
		special := w.server.Clone()
		special.GetConfigForClient, special.NextProtos = nil, []string{"http/1.1"}
		special.GetCertificate = func(*ClientHelloInfo) (*Certificate, error) { asked++; return &other, nil }
		return special, nil
	}
	client, _ = w.connect(t)
	if state := client.ConnectionState(); asked != 2 || state.NegotiatedProtocol != "http/1.1" || state.PeerCertificates[0].Subject.CommonName != "other.example.test" {
		t.Errorf("asked %d times, %+v", asked, state)
	}
	w.server.GetConfigForClient = func(*ClientHelloInfo) (*Config, error) { return nil, errors.New("not this client") }
	if _, _, _, err := w.meet(t); causeOf(err) != CauseRefused {
		t.Error(err)
	}
}

// TestClientChoice: the client shows what fits the CAs named.
func TestClientChoice(t *testing.T) {
	w := newWorld()
	stranger := newAuthority(t, "stranger")
	w.client.Certificates = append([]Certificate{stranger.pair(t, "mallory")}, w.client.Certificates...)
	w.server.ClientAuth, w.server.ClientNames = RequireAndVerifyClientCert, [][]byte{w.ca.root.RawSubject}
	_, server := w.connect(t)
	if got := server.ConnectionState().PeerCertificates[0].Subject.CommonName; got != "alice" {
		t.Errorf("the client showed %q", got)
	}
	w.client.GetClientCertificate = func(info *CertificateRequestInfo) (*Certificate, error) {
		if len(info.AcceptableCAs) != 1 || info.CipherSuite == 0 || info.Context() == nil {
			t.Errorf("%+v", info)
		}
		return nil, nil
	}
	if _, _, _, err := w.meet(t); causeOf(err) != CauseNoCertificate {
		t.Error(err)
	}
	w.server.ClientAuth = VerifyClientCertIfGiven
	if _, server = w.connect(t); len(server.ConnectionState().PeerCertificates) != 0 {
		t.Error("certificates from nowhere")
	}
}

// TestOneClientCertificate: in ECC suites an ordinary chain is enough, as GmSSL sends it.
func TestOneClientCertificate(t *testing.T) {
	w := newWorld()
	w.server.ClientAuth = RequireAndVerifyClientCert
	own := w.client.Certificates[0]
	own.Encrypt, own.EncryptKey = nil, nil
	w.client.Certificates = []Certificate{own}
	_, server := w.connect(t)
	if state := server.ConnectionState(); len(state.PeerCertificates) != 2 || state.EncryptCertificate != nil || len(state.VerifiedChains) == 0 {
		t.Errorf("%d certificates", len(state.PeerCertificates))
	}
}

// TestTASSLOrder: signing, CAs, encryption, as TASSL sends them.
func TestTASSLOrder(t *testing.T) {
	w := newWorld()
	own := w.client.Certificates[0]
	own.Sign, own.Encrypt = [][]byte{own.Sign[0]}, [][]byte{own.Sign[1], own.Encrypt[0]}
	w.client.Certificates, w.server.ClientAuth = []Certificate{own}, RequireAndVerifyClientCert
	w.client.CipherSuites = []uint16{ECDHE_SM4_GCM_SM3}
	_, server := w.connect(t)
	if state := server.ConnectionState(); state.EncryptCertificate == nil || !bytes.Equal(state.EncryptCertificate.Raw, own.Encrypt[1]) {
		t.Error("the encryption certificate was not found")
	}
}

// card is a key in hardware: nothing but its interfaces.
type card struct {
	key    *sm2.PrivateKey
	broken bool
}

var errCard = errors.New("the card is not there")

func (c card) Public() crypto.PublicKey { return c.key.Public() }
func (c card) Sign(r io.Reader, m []byte, o crypto.SignerOpts) ([]byte, error) {
	if c.broken {
		return nil, errCard
	}
	return c.key.Sign(r, m, o)
}
func (c card) Decrypt(r io.Reader, m []byte, o crypto.DecrypterOpts) ([]byte, error) {
	return c.key.Decrypt(r, m, o)
}
func (c card) InitiateExchange(r io.Reader) ([]byte, FinishExchange, error) {
	x, err := exchangerOf(c.key)
	if err != nil || c.broken {
		return nil, nil, errCard
	}
	return x.InitiateExchange(r)
}
func (c card) RespondExchange(r io.Reader, peer *ecdsa.PublicKey, point []byte) ([]byte, []byte, error) {
	x, err := exchangerOf(c.key)
	if err != nil || c.broken {
		return nil, nil, errCard
	}
	return x.RespondExchange(r, peer, point)
}

func TestHardware(t *testing.T) {
	inCard := func(c Certificate, broken bool) Certificate {
		c.SignKey, c.EncryptKey = card{c.SignKey.(*sm2.PrivateKey), broken}, card{c.EncryptKey.(*sm2.PrivateKey), broken}
		return c
	}
	for _, id := range CipherSuites() {
		w := newWorld()
		w.client.CipherSuites, w.server.ClientAuth = []uint16{id}, RequireAndVerifyClientCert
		w.client.Certificates = []Certificate{inCard(w.client.Certificates[0], false)}
		w.server.Certificates = []Certificate{inCard(w.server.Certificates[0], false)}
		client, server := w.connect(t)
		exchange(t, client, server, 100)
		w.client.Certificates[0] = inCard(people().client.Certificates[0], true)
		if _, _, clientErr, serverErr := w.meet(t); causeOf(clientErr) != CauseOwnKey || !errors.Is(clientErr, errCard) || causeOf(serverErr) != CauseAlert {
			t.Errorf("%v, %v", clientErr, serverErr)
		}
		w.server.Certificates[0] = inCard(people().server.Certificates[0], true)
		if _, _, clientErr, serverErr := w.meet(t); causeOf(serverErr) != CauseOwnKey || causeOf(clientErr) != CauseAlert {
			t.Errorf("%v, %v", clientErr, serverErr)
		}
	}
}

func TestExporter(t *testing.T) {
	var clientLog, serverLog bytes.Buffer
	w := newWorld()
	w.client.KeyLogWriter, w.server.KeyLogWriter = &clientLog, &serverLog
	client, server := w.connect(t)
	if clientLog.String() != serverLog.String() || len(clientLog.String()) != len("CLIENT_RANDOM ")+64+1+96+1 {
		t.Errorf("key logs %q, %q", clientLog.String(), serverLog.String())
	}
	cs, ss := client.ConnectionState(), server.ConnectionState()
	seen := map[string]bool{}
	for _, context := range [][]byte{nil, {}, []byte("context")} {
		for _, label := range []string{"EXPORTER-a", "EXPORTER-b"} {
			a, err1 := cs.ExportKeyingMaterial(label, context, 32)
			b, err2 := ss.ExportKeyingMaterial(label, context, 32)
			if err1 != nil || err2 != nil || !bytes.Equal(a, b) || seen[string(a)] {
				t.Errorf("%s %q: %x, %x", label, context, a, b)
			}
			seen[string(a)] = true
		}
	}
	for _, bad := range []struct {
		label  string
		length int
	}{{"master secret", 1}, {"key expansion", 1}, {"client finished", 1}, {"x", -1}, {"x", maxExport + 1}} {
		if _, err := cs.ExportKeyingMaterial(bad.label, nil, bad.length); err == nil {
			t.Errorf("%+v is answered", bad)
		}
	}
	var none ConnectionState
	if _, err := none.ExportKeyingMaterial("x", nil, 1); err == nil {
		t.Error("before the handshake")
	}
}

func TestLoadX509KeyPair(t *testing.T) {
	pair := people().ca.pair(t, "files")
	dir := t.TempDir()
	write := func(name string, text []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	sign, signKey := write("sign.pem", certificatePEM(pair.Sign...)), write("sign.key", keyPEM(t, pair.SignKey))
	enc, encKey := write("enc.pem", certificatePEM(append(pair.Encrypt, pair.Sign[1])...)), write("enc.key", keyPEM(t, pair.EncryptKey))
	got, err := LoadX509KeyPair(sign, signKey, enc, encKey)
	if err != nil || len(got.list()) != 3 {
		t.Fatalf("%d certificates, %v", len(got.list()), err)
	}
	for name, files := range map[string][4]string{
		"keys swapped":   {sign, encKey, enc, signKey},
		"no certificate": {signKey, signKey, enc, encKey},
		"no key":         {sign, sign, enc, encKey},
		"no file":        {sign, filepath.Join(dir, "none"), enc, encKey},
	} {
		if _, err := LoadX509KeyPair(files[0], files[1], files[2], files[3]); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := Listen("tcp", "127.0.0.1:0", &Config{}); err == nil {
		t.Error("a listener without certificate")
	}
}

// TestReturningClient: what was verified once is not verified again under one
// configuration, and is again when its time is up.
func TestReturningClient(t *testing.T) {
	w := newWorld()
	w.server.ClientAuth = RequireAndVerifyClientCert
	w.connect(t)
	if n := len(w.server.verified.peers); n != 1 {
		t.Fatalf("%d peers are remembered", n)
	}
	w.connect(t)
	if n := len(w.server.verified.peers); n != 1 {
		t.Errorf("%d peers are remembered", n)
	}
	later := w.client.Certificates[0].SignLeaf.NotAfter.Add(hour)
	w.server.Time = func() time.Time { return later }
	if _, _, _, err := w.meet(t); causeOf(err) != CauseExpired {
		t.Error(err)
	}
}

// TestLongLists: long chains and long lists of CAs, which some programs break at, pass.
func TestLongLists(t *testing.T) {
	w := newWorld()
	for range 900 {
		w.server.ClientNames = append(w.server.ClientNames, bytes.Repeat([]byte{0x30}, 70))
	}
	w.server.ClientAuth = RequireAndVerifyClientCert
	own := w.client.Certificates[0]
	own.Sign = slices.Clone(own.Sign)
	for len(own.Sign) < maxCertificates-1 {
		own.Sign = append(own.Sign, w.ca.issuer.Raw)
	}
	w.client.Certificates = []Certificate{own}
	client, server := w.connect(t)
	if n := len(server.ConnectionState().PeerCertificates); n != maxCertificates {
		t.Errorf("%d certificates", n)
	}
	exchange(t, client, server, 100)
	own.Sign = append(own.Sign, w.ca.issuer.Raw)
	w.client.Certificates = []Certificate{own}
	if _, _, _, err := w.meet(t); causeOf(err) != CauseTooLarge {
		t.Error(err)
	}
}
