package verify

import (
	"crypto"
	"crypto/rand"
	"crypto/x509/pkix"
	"math/big"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/pki"
)

var now = time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)

// authority is a CA of a test with its key.
type authority struct {
	cert *smx509.Certificate
	key  crypto.Signer
}

// world is a root, an issuing CA under it, and a good leaf.
type world struct {
	t        testing.TB
	suite    pki.Suite
	root, ca *authority
	leafKey  crypto.Signer
	leaf     *smx509.Certificate
}

func newKey(t testing.TB, suite pki.Suite) crypto.Signer {
	t.Helper()
	key, err := pki.GenerateKey(rand.Reader, suite)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newWorld(t testing.TB, suite pki.Suite) *world {
	t.Helper()
	w := &world{t: t, suite: suite, leafKey: newKey(t, suite)}
	w.root = w.authority("Demo root", nil, nil)
	w.ca = w.authority("Demo CA", w.root, nil)
	w.leaf = w.issue(w.ca, w.person(), w.leafKey)
	return w
}

func (w *world) template(commonName string) *smx509.Certificate {
	w.t.Helper()
	serial, err := pki.NewSerial(rand.Reader)
	if err != nil {
		w.t.Fatal(err)
	}
	return &smx509.Certificate{
		SerialNumber: serial.Big(), Subject: pkix.Name{Country: []string{"CN"}, CommonName: commonName},
		NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(40, 0, 0), // some tests ask openssl, whose time is today
	}
}

// person is a signing certificate for anybody.
func (w *world) person() *smx509.Certificate {
	c := w.template("张三")
	c.KeyUsage = smx509.KeyUsageDigitalSignature | smx509.KeyUsageContentCommitment
	c.ExtKeyUsage = []smx509.ExtKeyUsage{smx509.ExtKeyUsageClientAuth, smx509.ExtKeyUsageEmailProtection}
	c.DNSNames = []string{"a.demo.example"}
	c.CRLDistributionPoints = []string{"http://crl.demo.example/1.crl"}
	return c
}

// authority makes a CA; parent nil makes a root.
func (w *world) authority(commonName string, parent *authority, change func(*smx509.Certificate)) *authority {
	w.t.Helper()
	key := newKey(w.t, w.suite)
	c := w.template(commonName)
	c.IsCA, c.BasicConstraintsValid = true, true
	c.KeyUsage = smx509.KeyUsageCertSign | smx509.KeyUsageCRLSign
	if change != nil {
		change(c)
	}
	if parent == nil {
		parent = &authority{c, key}
	}
	return &authority{w.issue(parent, c, key), key}
}

func (w *world) issue(issuer *authority, template *smx509.Certificate, key crypto.Signer) *smx509.Certificate {
	w.t.Helper()
	spki, err := smx509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		w.t.Fatal(err)
	}
	template.SubjectKeyId = spki[len(spki)-20:]
	der, err := smx509.CreateCertificate(rand.Reader, template, issuer.cert, key.Public(), issuer.key)
	if err != nil {
		w.t.Fatal(err)
	}
	c, err := smx509.ParseCertificate(der)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// listDER makes a CRL of an authority: number 7, current for a week, changed at will.
func (w *world) listDER(issuer *authority, change func(*smx509.RevocationList)) []byte {
	w.t.Helper()
	list := &smx509.RevocationList{Number: big.NewInt(7), ThisUpdate: now.Add(-time.Hour), NextUpdate: now.AddDate(0, 0, 7)}
	if change != nil {
		change(list)
	}
	der, err := smx509.CreateRevocationList(rand.Reader, list, issuer.cert, issuer.key)
	if err != nil {
		w.t.Fatal(err)
	}
	return der
}

func (w *world) list(issuer *authority, change func(*smx509.RevocationList)) *CRL {
	w.t.Helper()
	c, err := ParseCRL(w.listDER(issuer, change))
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// lists are clean complete lists of root and CA.
func (w *world) lists() []*CRL {
	return []*CRL{w.list(w.root, nil), w.list(w.ca, nil)}
}

// request is the good question.
func (w *world) request() Request {
	return Request{
		Certificate: our(w.t, w.leaf), Intermediates: ours(w.t, w.ca.cert), Roots: ours(w.t, w.root.cert),
		Purpose: Sign, At: now, Lists: w.lists(),
	}
}

// our reads a certificate the way this room does.
func our(t testing.TB, c *smx509.Certificate) *Certificate {
	t.Helper()
	read, err := ParseCertificate(c.Raw)
	if err != nil {
		t.Fatal(err)
	}
	return read
}

func ours(t testing.TB, all ...*smx509.Certificate) (read []*Certificate) {
	t.Helper()
	for _, c := range all {
		read = append(read, our(t, c))
	}
	return read
}

func revoke(c *smx509.Certificate, reason pki.Reason) func(*smx509.RevocationList) {
	return func(l *smx509.RevocationList) {
		l.RevokedCertificateEntries = append(l.RevokedCertificateEntries, smx509.RevocationListEntry{
			SerialNumber: c.SerialNumber, RevocationTime: now.AddDate(0, 0, -3), ReasonCode: int(reason)})
	}
}

func numbered(n int64, more ...func(*smx509.RevocationList)) func(*smx509.RevocationList) {
	return func(l *smx509.RevocationList) {
		l.Number = big.NewInt(n)
		l.ThisUpdate = now.Add(-time.Hour + time.Duration(n-7)*time.Minute) // openssl goes by this
		for _, change := range more {
			change(l)
		}
	}
}

func extended(oid pki.OID, critical bool, value []byte) func(*smx509.RevocationList) {
	return func(l *smx509.RevocationList) {
		l.ExtraExtensions = append(l.ExtraExtensions, pkix.Extension{Id: oid, Critical: critical, Value: value})
	}
}

func deltaOf(base byte) func(*smx509.RevocationList) {
	return extended(pki.OIDDeltaCRLIndicator, true, []byte{2, 1, base})
}

// scoped is an issuing distribution point: flags are context tags 1 to 5, place may be "".
func scoped(place string, flags ...byte) func(*smx509.RevocationList) {
	var body []byte
	if place != "" {
		name := append([]byte{0x86, byte(len(place))}, place...)
		body = append([]byte{0xa0, byte(len(name) + 2), 0xa0, byte(len(name))}, name...)
	}
	for _, flag := range flags {
		if flag == 3 {
			body = append(body, 0x83, 2, 6, 0x40)
			continue
		}
		body = append(body, 0x80+flag, 1, 0xff)
	}
	return extended(pki.OIDIssuingDistPoint, true, append([]byte{0x30, byte(len(body))}, body...))
}

func wantGood(t *testing.T, what string, v Verdict) {
	t.Helper()
	if !v.Good || len(v.Reasons) != 0 || len(v.Chain) == 0 {
		t.Errorf("%s: not good: %+v", what, v.Reasons)
	}
}

// wantCodes checks that exactly these reasons are given, in any order.
func wantCodes(t *testing.T, what string, v Verdict, codes ...string) {
	t.Helper()
	got := map[string]bool{}
	for _, r := range v.Reasons {
		got[r.Code] = true
		if r.Wrong == "" || r.Remedy == "" {
			t.Errorf("%s: reason %s has no words", what, r.Code)
		}
	}
	missing := len(got) != len(codes)
	for _, code := range codes {
		missing = missing || !got[code]
	}
	if v.Good || missing {
		t.Errorf("%s: good %v, reasons %v, want %v", what, v.Good, v.Reasons, codes)
	}
}
