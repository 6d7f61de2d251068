package verify

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509/pkix"
	"encoding/asn1"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/pki"
)

var suites = []pki.Suite{pki.SM2, pki.RSA2048, pki.P256, pki.P384}

func TestGood(t *testing.T) {
	for _, suite := range suites {
		w := newWorld(t, suite)
		v := Check(t.Context(), w.request())
		wantGood(t, string(suite), v)
		if len(v.Chain) != 3 || !v.RevocationChecked {
			t.Errorf("%s: %+v", suite, v)
		}
		r := w.request()
		r.Revocation, r.Lists = Unchecked, nil
		if v := Check(t.Context(), r); !v.Good || v.RevocationChecked {
			t.Errorf("%s unchecked: %+v", suite, v)
		}
		r.Certificate, r.Purpose = our(t, w.root.cert), Any
		if v := Check(t.Context(), r); !v.Good || len(v.Chain) != 1 {
			t.Errorf("%s: the anchor itself: %+v", suite, v)
		}
	}
}

// The zero of everything is refused, each part by its name.
func TestIncomplete(t *testing.T) {
	w := newWorld(t, pki.SM2)
	for code, change := range map[string]func(*Request){
		"request.certificate": func(r *Request) { r.Certificate = nil },
		"request.purpose":     func(r *Request) { r.Purpose = "" },
		"request.time":        func(r *Request) { r.At = time.Time{} },
		"trust.none":          func(r *Request) { r.Roots = nil },
		"request.size":        func(r *Request) { r.Lists = make([]*CRL, maxLists+1) },
		"crl.missing":         func(r *Request) { r.Lists = nil },
	} {
		r := w.request()
		change(&r)
		wantCodes(t, code, Check(t.Context(), r), code)
	}
	wantCodes(t, "nothing at all", Check(t.Context(), Request{}), "request.certificate")
	wantCodes(t, "an empty certificate", Check(t.Context(), Request{Certificate: &Certificate{}}), "request.certificate")
	r := w.request()
	r.Lists = append([]*CRL{nil}, r.Lists...)
	r.Roots, r.Intermediates = append(r.Roots, nil), append(r.Intermediates, nil)
	wantGood(t, "nils among the rest", Check(t.Context(), r))
}

func TestTrust(t *testing.T) {
	for _, suite := range suites {
		w, other := newWorld(t, suite), newWorld(t, suite)
		r := w.request()
		r.Roots = ours(t, other.root.cert) // same name, other key
		wantCodes(t, "another root of the same name", Check(t.Context(), r), "trust.unknown-issuer")
		r = w.request()
		r.Intermediates = nil
		wantCodes(t, "missing intermediate", Check(t.Context(), r), "trust.unknown-issuer")
		r.Intermediates = ours(t, other.ca.cert, w.ca.cert)
		wantGood(t, "a decoy of the same name first", Check(t.Context(), r))
		r.Intermediates = ours(t, w.ca.cert, w.root.cert)
		r.Roots = ours(t, other.leaf)
		wantCodes(t, "a self-signed root nobody trusts", Check(t.Context(), r), "trust.unknown-issuer")
		r = w.request()
		r.Certificate = our(t, tampered(t, w.leaf))
		wantCodes(t, "a changed octet", Check(t.Context(), r), "path.signature")
	}
}

// tampered changes the last octet of the subject's key bits' neighbour: the serial.
func tampered(t *testing.T, c *smx509.Certificate) *smx509.Certificate {
	t.Helper()
	der := append([]byte{}, c.Raw...)
	at := strings.Index(string(der), string(c.SerialNumber.Bytes()))
	der[at+10] ^= 1
	changed, err := smx509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return changed
}

// leafCase changes the leaf's template and expects reasons.
type leafCase struct {
	what    string
	purpose Purpose
	change  func(*smx509.Certificate)
	codes   []string
}

func leafCases() []leafCase {
	eku := func(usages ...smx509.ExtKeyUsage) func(*smx509.Certificate) {
		return func(c *smx509.Certificate) { c.ExtKeyUsage = usages }
	}
	encryption := func(c *smx509.Certificate) { c.KeyUsage = smx509.KeyUsageKeyEncipherment }
	none := func(c *smx509.Certificate) { c.KeyUsage, c.ExtKeyUsage = 0, nil }
	tsa := func(critical bool) func(*smx509.Certificate) {
		return func(c *smx509.Certificate) {
			e := pki.ExtKeyUsageExtension([]pki.OID{{1, 3, 6, 1, 5, 5, 7, 3, 8}}, critical)
			c.ExtKeyUsage, c.ExtraExtensions = nil, []pkix.Extension{{Id: e.OID, Critical: e.Critical, Value: e.Value}}
		}
	}
	return []leafCase{
		{"expired", Any, func(c *smx509.Certificate) { c.NotAfter = now.Add(-time.Second) }, []string{"path.expired"}},
		{"last second", Any, func(c *smx509.Certificate) { c.NotAfter = now }, nil},
		{"not yet valid", Any, func(c *smx509.Certificate) { c.NotBefore = now.Add(time.Second) }, []string{"path.not-yet-valid"}},
		{"unknown critical extension", Any, func(c *smx509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3}, Critical: true, Value: []byte{5, 0}}}
		}, []string{"path.critical-extension"}},
		{"sign", Sign, nil, nil},
		{"sign with an encryption certificate", Sign, encryption, []string{"usage.key"}},
		{"sign without key usage", Sign, none, nil},
		{"sign with a server's key", Sign, eku(smx509.ExtKeyUsageServerAuth), []string{"usage.extended"}},
		{"encrypt", Encrypt, encryption, nil},
		{"encrypt with a signing certificate", Encrypt, nil, []string{"usage.key"}},
		{"server", Server, eku(smx509.ExtKeyUsageServerAuth), nil},
		{"server, any usage", Server, eku(smx509.ExtKeyUsageAny), nil},
		{"server, encryption half of a TLCP pair", Server, func(c *smx509.Certificate) {
			encryption(c)
			c.ExtKeyUsage = []smx509.ExtKeyUsage{smx509.ExtKeyUsageServerAuth}
		}, nil},
		{"server with a client's certificate", Server, eku(smx509.ExtKeyUsageClientAuth), []string{"usage.extended"}},
		{"client", Client, nil, nil},
		{"client without usages", Client, none, nil},
		{"client with a server's certificate", Client, eku(smx509.ExtKeyUsageServerAuth), []string{"usage.extended"}},
		{"client, encryption key", Client, encryption, []string{"usage.key"}},
		{"code", Code, eku(smx509.ExtKeyUsageCodeSigning), nil},
		{"code without the role", Code, none, []string{"usage.extended"}},
		{"time stamp", TimeStamp, tsa(true), nil},
		{"time stamp, not critical", TimeStamp, tsa(false), []string{"usage.extended"}},
		{"time stamp, not alone", TimeStamp, eku(smx509.ExtKeyUsageTimeStamping, smx509.ExtKeyUsageClientAuth), []string{"usage.extended"}},
		{"ocsp", OCSP, eku(smx509.ExtKeyUsageOCSPSigning), nil},
		{"ocsp without the role", OCSP, nil, []string{"usage.extended"}},
		{"two at once", Encrypt, func(c *smx509.Certificate) { c.NotAfter = now.Add(-time.Hour) }, []string{"path.expired", "usage.key"}},
	}
}

func TestLeaf(t *testing.T) {
	for _, suite := range []pki.Suite{pki.SM2, pki.P256} {
		w := newWorld(t, suite)
		for _, c := range leafCases() {
			template := w.person()
			if c.change != nil {
				c.change(template)
			}
			r := w.request()
			r.Certificate, r.Purpose = our(t, w.issue(w.ca, template, w.leafKey)), c.purpose
			v := Check(t.Context(), r)
			if c.codes == nil {
				wantGood(t, string(suite)+" "+c.what, v)
			} else {
				wantCodes(t, string(suite)+" "+c.what, v, c.codes...)
			}
		}
	}
}

// issuerCases change the issuing CA.
func TestIssuer(t *testing.T) {
	for _, suite := range []pki.Suite{pki.SM2, pki.P256} {
		w := newWorld(t, suite)
		for _, c := range []struct {
			what   string
			change func(*smx509.Certificate)
			codes  []string
		}{
			{"no CA", func(c *smx509.Certificate) { c.IsCA = false }, []string{"path.not-a-ca"}},
			{"no basic constraints", func(c *smx509.Certificate) { c.IsCA, c.BasicConstraintsValid = false, false }, []string{"path.not-a-ca"}},
			{"may not sign certificates", func(c *smx509.Certificate) { c.KeyUsage = smx509.KeyUsageCRLSign }, []string{"path.ca-usage"}},
			{"expired", func(c *smx509.Certificate) { c.NotAfter = now.Add(-time.Hour) }, []string{"path.expired"}},
			{"may not sign lists", func(c *smx509.Certificate) { c.KeyUsage = smx509.KeyUsageCertSign }, []string{"crl.issuer-usage"}},
			{"other names only", func(c *smx509.Certificate) {
				c.PermittedDNSDomains, c.PermittedDNSDomainsCritical = []string{"other.example"}, true
			}, []string{"path.name-constraints"}},
			{"this name excluded", func(c *smx509.Certificate) {
				c.ExcludedDNSDomains, c.PermittedDNSDomainsCritical = []string{"demo.example"}, true
			}, []string{"path.name-constraints"}},
			{"name permitted", func(c *smx509.Certificate) {
				c.PermittedDNSDomains, c.PermittedDNSDomainsCritical = []string{"demo.example"}, true
			}, nil},
			{"other directory names only", func(c *smx509.Certificate) {
				c.ExtraExtensions = []pkix.Extension{{Id: pki.OIDNameConstraints, Critical: true, Value: []byte("\x30\x13\xa0\x11\x30\x0f\xa4\x0d\x30\x0b\x31\x09\x30\x07\x06\x03\x55\x04\x06\x13\x00")}}
			}, []string{"path.name-constraints"}},
			{"for servers only", func(c *smx509.Certificate) { c.ExtKeyUsage = []smx509.ExtKeyUsage{smx509.ExtKeyUsageServerAuth} }, []string{"path.extended-usage"}},
		} {
			ca := w.authority("Demo CA", w.root, c.change)
			r := w.request()
			r.Purpose = Client
			r.Intermediates = ours(t, ca.cert)
			r.Certificate = our(t, w.issue(ca, w.person(), w.leafKey))
			r.Lists = []*CRL{w.list(w.root, nil), w.list(&authority{w.ca.cert, ca.key}, nil)}
			v := Check(t.Context(), r)
			if c.codes == nil {
				wantGood(t, string(suite)+" "+c.what, v)
			} else {
				wantCodes(t, string(suite)+" "+c.what, v, c.codes...)
			}
		}
	}
}

func TestPathLength(t *testing.T) {
	w := newWorld(t, pki.SM2)
	zero := w.authority("Demo zero", w.root, func(c *smx509.Certificate) { c.MaxPathLenZero = true })
	below := w.authority("Demo below", zero, nil)
	r := w.request()
	r.Certificate = our(t, w.issue(below, w.person(), w.leafKey))
	r.Intermediates = ours(t, zero.cert, below.cert)
	r.Lists = []*CRL{w.list(w.root, nil), w.list(zero, nil), w.list(below, nil)}
	wantCodes(t, "a CA below path length 0", Check(t.Context(), r), "path.length")
	r.Certificate = our(t, w.issue(zero, w.person(), w.leafKey))
	wantGood(t, "a leaf below path length 0", Check(t.Context(), r))
	parent, all, lists := w.root, []*smx509.Certificate{}, w.lists()
	for range maxDepth {
		parent = w.authority("Demo "+string(rune('a'+len(all))), parent, nil)
		all, lists = append(all, parent.cert), append(lists, w.list(parent, nil))
	}
	r.Certificate, r.Intermediates, r.Lists = our(t, w.issue(parent, w.person(), w.leafKey)), ours(t, all...), lists
	wantCodes(t, "a path that is too long", Check(t.Context(), r), "path.search")
}

// A web of cross-certificates costs a bounded number of signatures.
func TestManyPaths(t *testing.T) {
	w := newWorld(t, pki.P256)
	a, b := w.authority("Demo a", w.root, nil), w.authority("Demo b", w.root, nil)
	var web []*smx509.Certificate
	for range 40 {
		for _, pair := range [][2]*authority{{a, b}, {b, a}} {
			c := w.template(pair[0].cert.Subject.CommonName)
			c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, smx509.KeyUsageCertSign|smx509.KeyUsageCRLSign
			web = append(web, w.issue(pair[1], c, pair[0].key))
		}
	}
	r := w.request()
	r.Certificate, r.Intermediates = our(t, w.issue(a, w.person(), w.leafKey)), ours(t, web...)
	v := Check(t.Context(), r)
	if v.Signatures > maxSignatures {
		t.Errorf("%d signatures checked", v.Signatures)
	}
	wantCodes(t, "a web without an anchor", v, "path.search")
	r.Intermediates = append(r.Intermediates, our(t, a.cert))
	r.Lists = append(r.Lists, w.list(a, nil))
	if v := Check(t.Context(), r); v.Good && len(v.Chain) != 3 {
		t.Errorf("%d certificates in the path", len(v.Chain))
	}
}

// A CA that demands policies gets them, or the path ends (RFC 5280 4.2.1.11).
func TestPolicies(t *testing.T) {
	w := newWorld(t, pki.P256)
	policy, err := smx509.OIDFromInts([]uint64{1, 2, 156, 99999, 1})
	if err != nil {
		t.Fatal(err)
	}
	demanding := w.authority("Demo CA", w.root, func(c *smx509.Certificate) {
		c.Policies = []smx509.OID{policy}
		c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 36}, Critical: true, Value: []byte{0x30, 3, 0x80, 1, 0}}}
	})
	r := w.request()
	r.Intermediates, r.Revocation = ours(t, demanding.cert), Unchecked
	r.Certificate = our(t, w.issue(demanding, w.person(), w.leafKey))
	wantCodes(t, "no policy", Check(t.Context(), r), "path.policy")
	template := w.person()
	template.Policies = []smx509.OID{policy}
	r.Certificate = our(t, w.issue(demanding, template, w.leafKey))
	wantGood(t, "the same policy", Check(t.Context(), r))
}

// BenchmarkCheck is one question about a certificate with two CAs above it, lists
// parsed and their signatures known: five signatures remain, two of them twice.
func BenchmarkCheck(b *testing.B) {
	for _, suite := range []pki.Suite{pki.SM2, pki.P256} {
		w := newWorld(b, suite)
		r := w.request()
		b.Run(string(suite), func(b *testing.B) {
			for b.Loop() {
				if !Check(b.Context(), r).Good {
					b.Fatal("not good")
				}
			}
		})
	}
}

// Weak keys and hashes end a path, and so does a signature of the wrong kind.
func TestWeak(t *testing.T) {
	w := newWorld(t, pki.RSA2048)
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	r := w.request()
	r.Certificate = our(t, w.issue(w.ca, w.person(), small))
	wantCodes(t, "RSA of 1024 bits", Check(t.Context(), r), "path.weak-key")
	for _, c := range []struct {
		what      string
		signer    *smx509.Certificate
		algorithm pki.OID
		code      string
	}{
		{"SHA-1", w.ca.cert, pki.OID{1, 2, 840, 113549, 1, 1, 5}, "path.weak-algorithm"},
		{"unknown algorithm", w.ca.cert, pki.OID{1, 2, 3}, "path.unknown-algorithm"},
		{"ECDSA by an SM2 key", newWorld(t, pki.SM2).ca.cert, pki.OIDECDSASHA256, "path.signature"},
		{"SM2 by a P-256 key", newWorld(t, pki.P256).ca.cert, pki.OIDSM2WithSM3, "path.signature"},
		{"RSA by a P-256 key", newWorld(t, pki.P256).ca.cert, pki.OIDRSASHA256, "path.signature"},
	} {
		der, err := asn1.Marshal([]any{c.algorithm})
		if err != nil {
			t.Fatal(err)
		}
		der[0] = 0x30
		if code := (signedPart{[]byte("a"), der, []byte("b")}).check(our(t, c.signer).PublicKey); code != c.code {
			t.Errorf("%s: %q, want %q", c.what, code, c.code)
		}
	}
}

// The chains of another implementation, where they are at hand; this room's own
// are tested above either way.
func TestForeignChains(t *testing.T) {
	dir := "../../shared/samples/gm-certs/"
	files, _ := filepath.Glob(dir + "*.crt")
	if len(files) == 0 {
		return
	}
	load := func(name string) []*Certificate {
		text, err := os.ReadFile(dir + name)
		if err != nil {
			t.Fatal(err)
		}
		pool, err := parsePEM(text)
		if err != nil {
			t.Fatal(err)
		}
		return ours(t, pool...)
	}
	cas := load("tongsuo-chain-ca.crt")
	at := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, purpose := range map[string]Purpose{"tongsuo-server_sign.crt": Sign, "tongsuo-server_enc.crt": Encrypt, "tongsuo-client_sign.crt": Sign, "tongsuo-client_enc.crt": Encrypt} {
		r := Request{Certificate: load(name)[0], Roots: cas[:1], Intermediates: cas, Purpose: purpose, At: at, Revocation: Unchecked}
		if !cas[0].selfIssued() {
			r.Roots = cas[len(cas)-1:]
		}
		wantGood(t, name, Check(t.Context(), r))
	}
	r := Request{Certificate: load("tongsuo-client_sign_expire.crt")[0], Roots: cas, Intermediates: cas, Purpose: Sign, At: at, Revocation: Unchecked}
	wantCodes(t, "expired", Check(t.Context(), r), "path.expired")
	r = Request{Certificate: load("tongsuo-leaf.crt")[0], Roots: load("tongsuo-root.crt"), Purpose: Sign, At: at, Revocation: Unchecked}
	wantGood(t, "two levels", Check(t.Context(), r))
}
