package pki_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/pki"
)

var wide = pki.NameConstraints{
	Permitted: pki.Subtrees{DNS: []string{"gov.example", "host.example"}, DN: []string{`C=CN, O=示例省\, 民政局`}, Email: []string{"gov.example", ".gov.example", "office@gov.example"}},
	Excluded:  pki.Subtrees{DNS: []string{"test.gov.example"}, IP: []string{"10.0.0.0/8", "2001:db8::/32"}},
}

// The octets of RFC 5280 4.2.1.10, put together by hand.
func TestNameConstraintsOctets(t *testing.T) {
	c := pki.NameConstraints{Permitted: pki.Subtrees{DNS: []string{"gov.example"}, DN: []string{"C=CN"}}, Excluded: pki.Subtrees{IP: []string{"10.0.0.0/8"}}}
	e, err := pki.NameConstraintsExtension(c)
	want := "3032" +
		"a022" + "3011" + "a40f" + "300d" + "310b" + "3009" + "0603550406" + "1302434e" +
		/*    */ "300d" + "820b" + hex.EncodeToString([]byte("gov.example")) +
		"a10c" + "300a" + "8708" + "0a000000" + "ff000000"
	if err != nil || !e.Critical || hex.EncodeToString(e.Value) != want {
		t.Errorf("%v\n%x\n%s", err, e.Value, want)
	}
}

func TestNameConstraintsReadBack(t *testing.T) {
	e, err := pki.NameConstraintsExtension(wide)
	if err != nil {
		t.Fatal(err)
	}
	got, err := pki.ParseNameConstraints(e.Value)
	if err != nil || !got.Equal(wide) || !wide.Equal(got) {
		t.Errorf("%+v %v", got, err)
	}
	turned := got
	turned.Permitted.DNS = []string{"HOST.example", "gov.example"}
	if !turned.Equal(wide) {
		t.Error("another order or case is another constraint")
	}
	less := got
	less.Excluded = pki.Subtrees{}
	if less.Equal(wide) || wide.Equal(less) || less.Empty() || !(pki.NameConstraints{}).Empty() {
		t.Error("fewer constraints are the same")
	}
}

func TestNameConstraintsRefused(t *testing.T) {
	for name, s := range map[string]pki.Subtrees{
		"a leading point":    {DNS: []string{".gov.example"}},
		"a star":             {DNS: []string{"*.gov.example"}},
		"nothing":            {DNS: []string{""}},
		"a blank":            {DNS: []string{"gov .example"}},
		"not a name":         {DN: []string{"示例"}},
		"an empty value":     {DN: []string{"O="}},
		"an unknown type":    {DN: []string{"XX=1"}},
		"an address alone":   {IP: []string{"10.0.0.1"}},
		"bits behind":        {IP: []string{"10.0.0.1/8"}},
		"half a mailbox":     {Email: []string{"@gov.example"}},
		"a mailbox of stars": {Email: []string{"a@*.example"}},
		"too many":           {DNS: strings.Split(strings.Repeat("a.example ", 128)+"a.example", " ")},
	} {
		for _, c := range []pki.NameConstraints{{Permitted: s}, {Excluded: s}} {
			if c.Check() == nil {
				t.Errorf("%s is accepted", name)
			}
			if _, err := pki.NameConstraintsExtension(c); pki.KindOf(err) != pki.Invalid {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestParseNameConstraintsRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"nothing": "", "an empty SEQUENCE": "3000", "an empty list": "3002a000", "behind": "30020000" + "00",
		"a minimum":             "3010a00e300c8207" + hex.EncodeToString([]byte("example")) + "800101",
		"a URI":                 "300da00b30098607" + hex.EncodeToString([]byte("example")),
		"a registered id":       "3007a0053003880155",
		"a mask with holes":     "300ea00c300a87080a000000ff00ff00",
		"half an address":       "300aa0083006870400000000",
		"a name that is none":   "3008a0063004a4023000",
		"an unknown attribute":  "3012a010300ea40c300a310830060602550413" + "00",
		"the lists in disorder": "301ea10b3009820778787878787878a00b3009820778787878787878",
	} {
		der, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(name, err)
		}
		if _, err := pki.ParseNameConstraints(der); pki.KindOf(err) != pki.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzParseNameConstraints: what is read can be written, and reads the same again.
func FuzzParseNameConstraints(f *testing.F) {
	for _, c := range []pki.NameConstraints{wide, {Excluded: wide.Permitted}, {Permitted: wide.Excluded}} {
		e, err := pki.NameConstraintsExtension(c)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(e.Value)
	}
	f.Add([]byte{0x30, 0})
	f.Fuzz(func(t *testing.T, der []byte) {
		c, err := pki.ParseNameConstraints(der)
		if err != nil {
			return
		}
		e, err := pki.NameConstraintsExtension(c)
		if err != nil {
			t.Fatalf("read and not written: %v", err)
		}
		again, err := pki.ParseNameConstraints(e.Value)
		if err != nil || !again.Equal(c) {
			t.Fatalf("%+v becomes %+v: %v", c, again, err)
		}
	})
}

func day(n int) time.Time { return time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, n) }

func authorityKey(t *testing.T, suite pki.Suite) crypto.Signer {
	t.Helper()
	key, err := pki.GenerateKey(rand.Reader, suite)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// signAuthority makes the certificate under the key, which is the parent's as well.
func signAuthority(t *testing.T, key crypto.Signer, a pki.Authority, parent *smx509.Certificate) *smx509.Certificate {
	t.Helper()
	serial, err := pki.NewSerial(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template, err := a.Template(serial, parent)
	if err != nil {
		t.Fatal(err)
	}
	tbs, err := template.TBS()
	if err != nil {
		t.Fatal(err)
	}
	c, err := smx509.ParseCertificate(pki.Assemble(tbs, template.Suite, signTBS(t, key, template.Suite, tbs)))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// What smx509 and crypto/x509 read of our constraints is what we meant.
func TestAuthorityTemplate(t *testing.T) {
	for _, suite := range []pki.Suite{pki.SM2, pki.RSA2048, pki.P384} {
		key := authorityKey(t, suite)
		subject, err := pki.Name{{Type: "C", Value: "CN"}, {Type: "CN", Value: "示例根"}}.DER()
		if err != nil {
			t.Fatal(err)
		}
		constraints := wide
		constraints.Permitted.DN = nil // Go knows no directory names there
		a := pki.Authority{Subject: subject, PublicKey: key.Public(), NotBefore: day(0), NotAfter: day(3650), PathLen: -1}
		root := signAuthority(t, key, a, nil)
		if !root.IsCA || root.MaxPathLen != -1 || root.KeyUsage != smx509.KeyUsageCertSign|smx509.KeyUsageCRLSign ||
			len(root.AuthorityKeyId) != 0 || len(root.PolicyIdentifiers)+len(root.CRLDistributionPoints) != 0 || root.CheckSignatureFrom(root) != nil {
			t.Errorf("%s root: %+v", suite, root)
		}
		a.PathLen, a.Constraints, a.Policies = 0, constraints, []pki.OID{pki.AnyPolicy()}
		a.Issuer, a.CRL, a.OCSP = []string{"http://a.example/r.cer"}, []string{"http://a.example/r.crl"}, []string{"http://a.example/ocsp"}
		a.Subject, err = pki.Name{{Type: "CN", Value: "示例签发"}}.DER()
		if err != nil {
			t.Fatal(err)
		}
		child := signAuthority(t, key, a, root)
		if !child.MaxPathLenZero || !bytes.Equal(child.AuthorityKeyId, root.SubjectKeyId) || !bytes.Equal(child.RawIssuer, root.RawSubject) ||
			strings.Join(child.PermittedDNSDomains, " ") != "gov.example host.example" || len(child.ExcludedIPRanges) != 2 ||
			!child.PermittedDNSDomainsCritical || child.CRLDistributionPoints[0] != a.CRL[0] || child.OCSPServer[0] != a.OCSP[0] ||
			child.IssuingCertificateURL[0] != a.Issuer[0] || child.CheckSignatureFrom(root) != nil {
			t.Errorf("%s child: %+v", suite, child)
		}
	}
}

func TestAuthorityTemplateRefuses(t *testing.T) {
	key := authorityKey(t, pki.P256)
	if _, err := (pki.Authority{PublicKey: "no key"}).Template("01", nil); pki.CodeOf(err) != "key.algorithm" {
		t.Error(err)
	}
	bad := pki.Authority{PublicKey: key.Public(), Constraints: pki.NameConstraints{Permitted: pki.Subtrees{DNS: []string{"*"}}}}
	if _, err := bad.Template("01", nil); pki.CodeOf(err) != "constraint.base" {
		t.Error(err)
	}
}
