package trust

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
	"golang.org/x/crypto/cryptobyte"
	asn1 "golang.org/x/crypto/cryptobyte/asn1"

	"onecert/pki"
)

// moment is when the tests take place.
var moment = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// clock is a clock that tests set.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: moment} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) forward(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// authorityOf is a throw-away CA.
type labCA struct {
	t    testing.TB
	c    *smx509.Certificate
	key  crypto.Signer
	next int64
}

func newKey(t testing.TB, kind string) crypto.Signer {
	t.Helper()
	var key crypto.Signer
	var err error
	switch kind {
	case "sm2":
		key, err = sm2.GenerateKey(rand.Reader)
	case "rsa":
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	default:
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// newCA makes a root, or a CA below another.
func newCA(t testing.TB, kind, name string, above *labCA) *labCA {
	t.Helper()
	ca := &labCA{t: t, key: newKey(t, kind), next: 1000}
	template := &smx509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: name, Organization: []string{"示例省"}},
		NotBefore: moment.AddDate(-5, 0, 0), NotAfter: moment.AddDate(5, 0, 0), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: smx509.KeyUsageCertSign | smx509.KeyUsageCRLSign}
	if above == nil {
		above = &labCA{c: template, key: ca.key}
	} else {
		template.SerialNumber = big.NewInt(above.next)
		above.next++
	}
	ca.c = sign(t, template, above, ca.key)
	return ca
}

func sign(t testing.TB, template *smx509.Certificate, above *labCA, key crypto.Signer) *smx509.Certificate {
	t.Helper()
	der, err := smx509.CreateCertificate(rand.Reader, template, above.c, key.Public(), above.key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := smx509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// issue makes a holder's certificate; edit changes its template.
func (ca *labCA) issue(edit func(*smx509.Certificate)) *smx509.Certificate {
	ca.t.Helper()
	template := &smx509.Certificate{SerialNumber: big.NewInt(ca.next), Subject: pkix.Name{CommonName: "张三", Country: []string{"CN"}},
		NotBefore: moment.AddDate(-1, 0, 0), NotAfter: moment.AddDate(1, 0, 0), KeyUsage: smx509.KeyUsageDigitalSignature,
		ExtKeyUsage: []smx509.ExtKeyUsage{smx509.ExtKeyUsageClientAuth}}
	ca.next++
	if edit != nil {
		edit(template)
	}
	kind := "ecdsa"
	if _, ok := ca.key.(*sm2.PrivateKey); ok {
		kind = "sm2"
	}
	return sign(ca.t, template, ca, newKey(ca.t, kind))
}

func (ca *labCA) pem() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.c.Raw}))
}

// paper is a list to be made.
type paper struct {
	number, base int64 // base: of a delta
	this, next   time.Time
	scope        []byte // value of the issuing distribution point
	entries      []byte // made by entryOf
}

// entryOf makes the entry of one certificate; a reason of 0 is left out.
func entryOf(serial *big.Int, at time.Time, reason pki.Reason) []byte {
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1BigInt(serial)
		b.AddASN1UTCTime(at.UTC())
		if reason != 0 {
			b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) { addExtension(b, extReason, false, []byte{10, 1, byte(reason)}) })
		}
	})
	return b.BytesOrPanic()
}

func addExtension(b *cryptobyte.Builder, oid string, critical bool, value []byte) {
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.OBJECT_IDENTIFIER, func(b *cryptobyte.Builder) { b.AddBytes([]byte(oid)) })
		if critical {
			b.AddASN1Boolean(true)
		}
		b.AddASN1OctetString(value)
	})
}

// pointScope is an issuing distribution point of one address.
func pointScope(uri string) []byte {
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(explicit(0), func(b *cryptobyte.Builder) {
			b.AddASN1(explicit(0), func(b *cryptobyte.Builder) {
				b.AddASN1(implicit(6), func(b *cryptobyte.Builder) { b.AddBytes([]byte(uri)) })
			})
		})
	})
	return b.BytesOrPanic()
}

// list makes and signs a list, SM2 or ECDSA, without looking at its entries: a million
// take no longer than hashing them.
func (ca *labCA) list(p paper) []byte {
	ca.t.Helper()
	algorithm := []byte{0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02}
	var opts crypto.SignerOpts = crypto.SHA256
	if _, ok := ca.key.(*sm2.PrivateKey); ok {
		algorithm = []byte{0x30, 0x0a, 0x06, 0x08, 0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x83, 0x75}
		opts = sm2.DefaultSM2SignerOpts
	}
	if p.this.IsZero() {
		p.this = moment.Add(-time.Hour)
	}
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		b.AddBytes(algorithm)
		b.AddBytes(ca.c.RawSubject)
		b.AddASN1UTCTime(p.this)
		if !p.next.IsZero() {
			b.AddASN1UTCTime(p.next)
		}
		if len(p.entries) > 0 {
			b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddBytes(p.entries) })
		}
		b.AddASN1(explicit(0), func(b *cryptobyte.Builder) {
			b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
				integer := func(n int64) []byte {
					var b cryptobyte.Builder
					b.AddASN1Int64(n)
					return b.BytesOrPanic()
				}
				addExtension(b, extNumber, false, integer(p.number))
				if p.base > 0 {
					addExtension(b, extDelta, true, integer(p.base))
				}
				if p.scope != nil {
					addExtension(b, extScope, true, p.scope)
				}
			})
		})
	})
	tbs := b.BytesOrPanic()
	digest := tbs
	if opts == crypto.SHA256 {
		sum := sha256.Sum256(tbs)
		digest = sum[:]
	}
	signature, err := ca.key.Sign(rand.Reader, digest, opts)
	if err != nil {
		ca.t.Fatal(err)
	}
	var whole cryptobyte.Builder
	whole.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(tbs)
		b.AddBytes(algorithm)
		b.AddASN1BitString(signature)
	})
	return whole.BytesOrPanic()
}

// place serves octets that tests change, with entity tags.
type place struct {
	*httptest.Server
	mu   sync.Mutex
	data map[string][]byte
	hits map[string]int // answers with octets
}

func newPlace(t testing.TB) *place {
	p := &place{data: map[string][]byte{}, hits: map[string]int{}}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		data, ok := p.data[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		sum := sha256.Sum256(data)
		tag := `"` + nameID(sum[:]) + `"`
		if r.Header.Get("If-None-Match") == tag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		p.hits[r.URL.Path]++
		w.Header().Set("ETag", tag)
		_, _ = w.Write(data)
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *place) put(path string, data []byte) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.data[path] = data
	return p.URL + path
}

var here = []string{"127.0.0.0/8"}

// open makes a store with one set "people" of the CAs given.
func open(t testing.TB, o Options, cas ...CA) *Store {
	t.Helper()
	s, err := New(configOf(cas...), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func configOf(cas ...CA) Config {
	set := SetRow{Name: "people"}
	for _, ca := range cas {
		set.CAs = append(set.CAs, ca.Name)
	}
	return Config{CAs: cas, Sets: []SetRow{set}}
}

// loaded waits until every source has data, or fails.
func loaded(t testing.TB, s *Store) {
	t.Helper()
	var all []SourceHealth
	for range 1000 {
		ready := true
		all = s.Health()
		for _, h := range all {
			ready = ready && (h.State != "missing" || h.Kind == SourceOCSP)
		}
		if ready {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("sources have no data: %+v", all)
}

// judge asks about a certificate with what is sent beside it.
func judge(s *Store, at time.Time, c *smx509.Certificate, beside ...*smx509.Certificate) Verdict {
	chain := [][]byte{c.Raw}
	for _, other := range beside {
		chain = append(chain, other.Raw)
	}
	return s.Set("people").Judge(context.Background(), chain, at)
}

func wants(t testing.TB, what string, v Verdict, code Code) {
	t.Helper()
	if v.Code != code {
		t.Errorf("%s: %q, wanted %q (%+v)", what, v.Code, code, v.Reasons)
	}
	if code != Good && code != None && (len(v.Reasons) == 0 || v.Reasons[0].Wrong == "" || v.Reasons[0].Remedy == "") {
		t.Errorf("%s: no words for people: %+v", what, v.Reasons)
	}
}

func pemOf(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func addr(t *testing.T, text string) netip.Addr {
	a, err := netip.ParseAddr(text)
	if err != nil {
		t.Fatal(err)
	}
	return a
}
