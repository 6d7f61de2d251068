package lint

import (
	"bytes"
	"encoding/asn1"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"onecert/pki"
)

func TestOIDs(t *testing.T) {
	for encoded, want := range map[string]asn1.ObjectIdentifier{
		oidSubjectKeyID: pki.OIDSubjectKeyID, oidKeyUsage: pki.OIDKeyUsage, oidSubjectAltName: pki.OIDSubjectAltName,
		oidPrivateKeyPeriod: {2, 5, 29, 16}, oidIssuerAltName: {2, 5, 29, 18}, oidBasicConstraints: pki.OIDBasicConstraints,
		oidCRLNumber: pki.OIDCRLNumber, oidReasonCode: pki.OIDReasonCode, oidInvalidityDate: pki.OIDInvalidityDate,
		oidDeltaCRL: pki.OIDDeltaCRLIndicator, oidIssuingDistPoint: pki.OIDIssuingDistPoint, oidCertificateIssuer: {2, 5, 29, 29},
		oidNameConstraints: pki.OIDNameConstraints, oidCRLDistPoints: pki.OIDCRLDistPoints, oidPolicies: pki.OIDPolicies,
		oidAnyPolicy: {2, 5, 29, 32, 0}, oidPolicyMappings: {2, 5, 29, 33}, oidAuthorityKeyID: pki.OIDAuthorityKeyID,
		oidPolicyConstraints: {2, 5, 29, 36}, oidExtKeyUsage: pki.OIDExtKeyUsage, oidAnyExtKeyUsage: {2, 5, 29, 37, 0},
		oidFreshestCRL: pki.OIDFreshestCRL, oidInhibitAnyPolicy: {2, 5, 29, 54}, oidAuthorityInfo: pki.OIDAIA,
		oidSubjectInfo: {1, 3, 6, 1, 5, 5, 7, 1, 11}, oidOCSP: pki.OIDAccessOCSP, oidCAIssuers: pki.OIDAccessIssuer, oidOCSPNoCheck: pki.OIDOCSPNoCheck,
		oidServerAuth: {1, 3, 6, 1, 5, 5, 7, 3, 1}, oidClientAuth: {1, 3, 6, 1, 5, 5, 7, 3, 2}, oidCodeSigning: {1, 3, 6, 1, 5, 5, 7, 3, 3},
		oidEmailProtection: {1, 3, 6, 1, 5, 5, 7, 3, 4}, oidTimeStamping: {1, 3, 6, 1, 5, 5, 7, 3, 8}, oidOCSPSigning: {1, 3, 6, 1, 5, 5, 7, 3, 9},
		oidRSA: pki.OIDRSA, oidRSAMD5: {1, 2, 840, 113549, 1, 1, 4}, oidRSASHA1: {1, 2, 840, 113549, 1, 1, 5}, oidRSAPSS: {1, 2, 840, 113549, 1, 1, 10},
		oidRSASHA256: pki.OIDRSASHA256, oidRSASHA384: pki.OIDRSASHA384, oidRSASHA512: pki.OIDRSASHA512,
		oidECPublicKey: pki.OIDECPublicKey, oidP256: pki.OIDP256, oidP384: pki.OIDP384, oidP521: {1, 3, 132, 0, 35},
		oidECDSASHA1: {1, 2, 840, 10045, 4, 1}, oidECDSASHA256: pki.OIDECDSASHA256, oidECDSASHA384: pki.OIDECDSASHA384, oidECDSASHA512: pki.OIDECDSASHA512,
		oidSM2Curve: pki.OIDSM2, oidSM2WithSM3: pki.OIDSM2WithSM3, oidSM2Old502: {1, 2, 156, 10197, 1, 502}, oidSM2Old503: {1, 2, 156, 10197, 1, 503},
		oidRSAWithSM3: {1, 2, 156, 10197, 1, 504}, oidIdentifyCode: pki.OIDIdentifyCode, oidInsuranceNumber: pki.OIDInsuranceNumber,
		oidICRegistration: pki.OIDICRegistrationNumber, oidOrganizationCode: pki.OIDOrganizationCode, oidTaxationNumber: pki.OIDTaxationNumber,
		oidNationalArc: {1, 2, 156, 10260, 4, 1},
	} {
		if got := dotted([]byte(encoded)); got != want.String() {
			t.Errorf("constant for %v is %s", want, got)
		}
		if der := oidElement(want); string(der[2:]) != encoded {
			t.Errorf("%v is encoded %x, the constant is %x", want, der[2:], encoded)
		}
	}
	for _, bad := range []string{"", "\x80\x01", "\x2a\x86"} {
		if validOID([]byte(bad)) {
			t.Errorf("%x passes as an object identifier", bad)
		}
	}
	if long := dotted(bytes.Repeat([]byte{0xff, 0x7f}, 1000)); len(long) > 80 {
		t.Errorf("a long identifier prints as %d octets", len(long))
	}
	if got := dotted([]byte{0x88, 0x37, 3}); got != "2.999.3" {
		t.Errorf("2.999.3 prints as %s", got)
	}
}

func TestWorst(t *testing.T) {
	of := func(severities ...Severity) (all []Finding) {
		for _, s := range severities {
			all = append(all, Finding{Severity: s})
		}
		return all
	}
	for _, c := range []struct {
		findings []Finding
		want     Severity
	}{{nil, ""}, {of(Notice), Notice}, {of(Notice, Warning, Notice), Warning}, {of(Warning, Error, Notice), Error}} {
		if got := Worst(c.findings); got != c.want {
			t.Errorf("worst of %v is %q", c.findings, got)
		}
	}
}

// Every truncation and every appended octet is refused with a kind, not a panic.
func TestFrame(t *testing.T) {
	certificate, list := goodPlan().der(), goodList().der()
	for i := range certificate {
		if _, err := Certificate(certificate[:i], Options{}); pki.KindOf(err) != pki.Invalid || pki.CodeOf(err) != notCertificate {
			t.Fatalf("%d octets of a certificate: %v", i, err)
		}
	}
	for i := range list {
		if _, err := CRL(list[:i], Options{}); pki.KindOf(err) != pki.Invalid || pki.CodeOf(err) != notCRL {
			t.Fatalf("%d octets of a list: %v", i, err)
		}
	}
	if _, err := Certificate(append(certificate, 0), Options{}); err == nil {
		t.Error("an octet behind a certificate is taken")
	}
	if _, err := Certificate(certificate, Options{Issuer: []byte{1}}); pki.CodeOf(err) != "issuer.malformed" {
		t.Errorf("broken issuer: %v", err)
	}
	if _, err := Certificate(certificate, Options{Pair: []byte{1}}); pki.CodeOf(err) != "pair.malformed" {
		t.Errorf("broken pair: %v", err)
	}
	if _, err := CRL(list, Options{Issuer: []byte{1}}); pki.CodeOf(err) != "issuer.malformed" {
		t.Errorf("broken issuer of a list: %v", err)
	}
	if _, err := Certificate(make([]byte, maxCertificate+1), Options{}); err == nil {
		t.Error("an oversized certificate is taken")
	}
}

// Foreign text must not come back in a finding at length, nor in raw form.
func TestDetailsAreBounded(t *testing.T) {
	p := goodPlan()
	p.subject = person(utf8Value(strings.Repeat("\u202e=,x ", 20000)))
	findings, err := Certificate(p.der(), Options{})
	if err != nil || len(findings) < 4 {
		t.Fatal(err, findings)
	}
	for _, f := range findings {
		if len(f.Detail) > 300 || strings.ContainsRune(f.Detail, '\u202e') {
			t.Errorf("%s: %q", f.Rule, f.Detail)
		}
	}
	if got := bounded(strings.Repeat("\u202e", 500)); len([]rune(got)) != 161 || strings.ContainsRune(got, '\u202e') {
		t.Errorf("bounded: %q", got)
	}
}

// zlint finds what we plant for it, and a key whose type it cannot read is passed by.
func TestZlint(t *testing.T) {
	h := newHierarchy(t, pki.P256)
	template := h.kinds()["device"]
	template.DNSNames = []string{"a..example"}
	template.KeyUsage |= 4 // keyEncipherment
	findings, err := Certificate(h.leaf(t, template), Options{Issuer: h.ca.Raw, Zlint: true})
	if err != nil {
		t.Fatal(err)
	}
	fired := map[string]Severity{}
	for _, f := range findings {
		fired[f.Rule] = f.Severity
	}
	if fired["zlint.e_ecdsa_allowed_ku"] != Error && fired["zlint.n_ecdsa_ee_invalid_ku"] != Notice {
		t.Errorf("zlint did not see the key usage: %v", fired)
	}
	for _, f := range findings {
		if strings.HasPrefix(f.Rule, "zlint.panic") || strings.HasPrefix(f.Rule, "zlint.registry") {
			t.Error(f)
		}
	}
	list := goodList()
	list.outer, list.inner, list.next = rsaAlgorithm, rsaAlgorithm, nil
	findings, err = CRL(list.der(), Options{Zlint: true})
	if err != nil || !fires(findings, "zlint.e_crl_has_next_update") {
		t.Errorf("zlint did not see the missing nextUpdate: %v %v", findings, err)
	}
}

func fires(findings []Finding, rule string) bool {
	for _, f := range findings {
		if f.Rule == rule {
			return true
		}
	}
	return false
}

// The certificates of another implementation are judged, and what Tongsuo does
// differently is told; without the samples our own vector of that shape serves.
func TestForeignCertificates(t *testing.T) {
	p := goodPlan()
	p.spki = spkiOf(pki.OIDSM2, oidElement(pki.OIDSM2), sm2PointA)
	findings, err := Certificate(p.der(), Options{Issuer: caPlan().der()})
	if err != nil || Worst(findings) != Notice || !fires(findings, "gbt20518.key.algorithm") {
		t.Errorf("%v %v", findings, err)
	}
	files, _ := filepath.Glob("../../shared/samples/gm-certs/*.crt")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		block, _ := pem.Decode(text)
		if block == nil {
			t.Fatalf("%s is not PEM", file)
		}
		findings, err := Certificate(block.Bytes, Options{Zlint: true})
		if err != nil {
			t.Errorf("%s: %v", file, err)
		}
		for _, f := range findings {
			t.Logf("%s: %s %s: %s", filepath.Base(file), f.Severity, f.Rule, f.Detail)
			if strings.HasPrefix(f.Rule, "naming.") && f.Severity != Notice {
				t.Errorf("%s: a naming finding is more than a notice for a foreign certificate", file)
			}
		}
	}
}
