package policy

import (
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/pki"
	"onecert/pkitest"
)

func parseName(t testing.TB, text string) pki.Name {
	t.Helper()
	name, err := pki.ParseName(text)
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// made is a certificate of a throw-away CA.
func made(t *testing.T, suite pki.Suite) *smx509.Certificate {
	t.Helper()
	key, err := pkitest.NewKey(suite)
	if err != nil {
		t.Fatal(err)
	}
	subject, err := parseName(t, "C=CN, O=示例市民政局, OU=信息中心, OU=运维科, CN=张三").DER()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	c, err := pkitest.Certify(pki.Authority{Subject: subject, PublicKey: key.Public(), NotBefore: now, NotAfter: now.Add(time.Hour), PathLen: -1,
		Policies: []pki.OID{{1, 2, 156, 1}}}, key, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// The facts of a certificate are those that stand in it, of each suite.
func TestCertificateFacts(t *testing.T) {
	for _, suite := range []pki.Suite{pki.SM2, pki.P256, pki.RSA2048} {
		c := made(t, suite)
		s, err := NewSubject(c)
		if err != nil {
			t.Fatal(err)
		}
		own := s.Certificate
		if own.Subject.Get("CN") != "张三" || own.Suite != suite || own.Fingerprint != pki.Fingerprint(c.Raw) || own.Serial != pki.SerialOf(c.SerialNumber) ||
			len(own.Units) != 2 || own.Units[1] != "运维科" || s.Level != LevelCertificate || !own.NotAfter.Equal(c.NotAfter) {
			t.Errorf("%s: %+v", suite, own)
		}
		set := compiled(t, `
version: 1
lists: {known: {serials: [{issuer: "`+own.Issuer.String()+`", serial: "`+string(own.Serial)+`"}]}}
rules:
  - id: r
    effect: allow
    when:
      lists: [known]
      units: [信息中心/**]
      suites: [`+string(suite)+`]
      subject: [{type: 2.5.4.3, values: ["张?"]}, {type: ou, values: [运维科]}]
`)
		if d := set.Decide(request(func(r *Request) { r.Subject = s })); !d.Allowed {
			t.Errorf("%s: %+v", suite, set.Explain(request(func(r *Request) { r.Subject = s })).Rules)
		}
	}
}
