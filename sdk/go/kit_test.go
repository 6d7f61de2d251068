package onecert_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
	"golang.org/x/crypto/ocsp"
)

// site is a CA with its web server, made by the standard library and the Go
// project's OCSP module, neither of which the kit uses.
type site struct {
	t         testing.TB
	key       *ecdsa.PrivateKey
	ca        *x509.Certificate
	server    *httptest.Server
	status    atomic.Int64 // what OCSP says
	revoked   atomic.Bool  // whether the list has the certificate
	lists     atomic.Int64 // fetched
	questions atomic.Int64 // answered
	broken    atomic.Pointer[http.HandlerFunc]
}

const serial = 4711

func newSite(t testing.TB) *site {
	s := &site{t: t}
	s.server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.server.Close)
	s.key = newKey(t)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Demo CA"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign}
	s.ca = s.sign(template, template, s.key)
	return s
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (s *site) sign(template, parent *x509.Certificate, key crypto.Signer) *x509.Certificate {
	s.t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), s.key)
	if err != nil {
		s.t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// leaf names the addresses it is told to.
func (s *site) leaf(crl, responder []string) []byte {
	c := s.sign(&x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "app"}, DNSNames: []string{"app.demo.example"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature,
		CRLDistributionPoints: crl, OCSPServer: responder}, s.ca, newKey(s.t))
	return certificate(c)
}

func certificate(c *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}

func (s *site) serve(w http.ResponseWriter, r *http.Request) {
	if broken := s.broken.Load(); broken != nil {
		(*broken)(w, r)
		return
	}
	switch r.URL.Path {
	case "/moved":
		http.Redirect(w, r, "/list", http.StatusFound)
	case "/file":
		http.Redirect(w, r, "file:///etc/hostname", http.StatusFound)
	case "/list":
		s.lists.Add(1)
		w.Write(s.list())
	case "/ocsp":
		s.questions.Add(1)
		request, _ := io.ReadAll(r.Body)
		if _, err := ocsp.ParseRequest(request); err != nil || r.Header.Get("Content-Type") != "application/ocsp-request" {
			http.Error(w, "no request", http.StatusBadRequest)
			return
		}
		w.Write(s.answer())
	default:
		http.NotFound(w, r)
	}
}

func (s *site) list() []byte {
	list := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: time.Now().Add(-time.Minute), NextUpdate: time.Now().Add(time.Hour)}
	if s.revoked.Load() {
		list.RevokedCertificateEntries = []x509.RevocationListEntry{{SerialNumber: big.NewInt(serial), RevocationTime: time.Now(), ReasonCode: 1}}
	}
	der, err := x509.CreateRevocationList(rand.Reader, list, s.ca, s.key)
	if err != nil {
		s.t.Error(err)
	}
	return der
}

func (s *site) answer() []byte {
	der, err := ocsp.CreateResponse(s.ca, s.ca, ocsp.Response{Status: int(s.status.Load()), SerialNumber: big.NewInt(serial),
		RevokedAt: time.Now(), ThisUpdate: time.Now(), NextUpdate: time.Now().Add(time.Hour)}, s.key)
	if err != nil {
		s.t.Error(err)
	}
	return der
}

func (s *site) break_(f http.HandlerFunc) { s.broken.Store(&f) }

// huge answers without end.
func huge(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	block := bytes.Repeat([]byte{0x30}, 1<<16)
	for r.Context().Err() == nil {
		if _, err := w.Write(block); err != nil {
			return
		}
	}
}

// slow answers after the client has gone; only who has read all notices that.
func slow(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

func codes(reasons []string) string { return strings.Join(reasons, " ") }

// demo is an SM2 root and a server's certificate of it, PEM, for the example.
func demo() (root, server []byte) {
	key, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	make := func(c, parent *smx509.Certificate) (*smx509.Certificate, []byte) {
		c.NotBefore, c.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
		der, err := smx509.CreateCertificate(rand.Reader, c, parent, key.Public(), key)
		if err != nil {
			panic(err)
		}
		made, err := smx509.ParseCertificate(der)
		if err != nil {
			panic(err)
		}
		return made, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	}
	ca := &smx509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Demo CA"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: smx509.KeyUsageCertSign | smx509.KeyUsageCRLSign}
	ca, root = make(ca, ca)
	_, server = make(&smx509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "a"}, DNSNames: []string{"www.demo.example"},
		KeyUsage: smx509.KeyUsageDigitalSignature, ExtKeyUsage: []smx509.ExtKeyUsage{smx509.ExtKeyUsageServerAuth}}, ca)
	return root, server
}
