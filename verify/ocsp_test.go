package verify

import (
	"context"
	"crypto/rand"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/pki"
)

// answerCase changes the good answer of the issuing CA, or its responder's certificate.
type answerCase struct {
	what   string
	change func(*world, *answerPlan)
	code   string // "" for good
}

func critical() []byte {
	der, _ := asn1.Marshal(pkix.Extension{Id: asn1.ObjectIdentifier{1, 2, 3}, Critical: true, Value: []byte{5, 0}})
	return der
}

func answerCases() []answerCase {
	delegated := func(change func(*smx509.Certificate)) func(*world, *answerPlan) {
		return func(w *world, a *answerPlan) {
			a.signer = w.responder(change)
			a.certificates = []*smx509.Certificate{a.signer.cert}
		}
	}
	return []answerCase{
		{"by the issuer", nil, ""},
		{"by the issuer, told by its key", func(_ *world, a *answerPlan) { a.byKey = true }, ""},
		{"CertID by SHA-1", func(_ *world, a *answerPlan) { a.hash = pki.OID(oidSHA1) }, ""},
		{"CertID by SM3", func(_ *world, a *answerPlan) { a.hash = pki.OIDSM3 }, ""},
		{"CertID by an unknown hash", func(_ *world, a *answerPlan) { a.hash = pki.OID{1, 2, 3} }, "crl.missing"},
		{"with a nonce", func(_ *world, a *answerPlan) { a.nonce = []byte("0123456789abcdef") }, ""},
		{"revoked", func(_ *world, a *answerPlan) { a.state, a.reason = stateRevoked, pki.KeyCompromise }, "revocation.revoked"},
		{"held", func(_ *world, a *answerPlan) { a.state, a.reason = stateRevoked, pki.CertificateHold }, "revocation.held"},
		{"unknown", func(_ *world, a *answerPlan) { a.state = stateUnknown }, "ocsp.unknown"},
		{"about another certificate", func(w *world, a *answerPlan) { a.subject = w.ca.cert }, "crl.missing"},
		{"about another issuer", func(w *world, a *answerPlan) { a.issuer = w.root.cert }, "crl.missing"},
		{"stale", func(_ *world, a *answerPlan) { a.next = now.Add(-time.Second) }, "ocsp.stale"},
		{"future", func(_ *world, a *answerPlan) { a.this = now.Add(6 * time.Minute) }, "ocsp.future"},
		{"a minute ahead", func(_ *world, a *answerPlan) { a.this = now.Add(time.Minute) }, ""},
		{"no end, fresh", func(_ *world, a *answerPlan) { a.this, a.next = now.Add(-59*time.Minute), time.Time{} }, ""},
		{"no end, old", func(_ *world, a *answerPlan) { a.this, a.next = now.Add(-2*time.Hour), time.Time{} }, "ocsp.stale"},
		{"unknown critical extension", func(_ *world, a *answerPlan) { a.responseExt = critical() }, "ocsp.critical-extension"},
		{"unknown critical extension of the single answer", func(_ *world, a *answerPlan) { a.singleExt = critical() }, "ocsp.critical-extension"},
		{"by somebody else of the same name", func(w *world, a *answerPlan) {
			a.signer = &authority{w.ca.cert, newKey(w.t, w.suite)}
		}, "ocsp.signature"},
		{"by the root", func(w *world, a *answerPlan) { a.signer = w.root }, "ocsp.signature"},
		{"by the holder himself", func(w *world, a *answerPlan) {
			a.signer = &authority{w.leaf, w.leafKey}
			a.certificates = []*smx509.Certificate{w.leaf}
		}, "ocsp.responder"},
		{"delegated", delegated(nil), ""},
		{"delegated, told by its key", func(w *world, a *answerPlan) { delegated(nil)(w, a); a.byKey = true }, ""},
		{"delegated, certificate left out", func(w *world, a *answerPlan) { a.signer = w.responder(nil) }, "ocsp.signature"},
		{"delegated without the role", delegated(func(c *smx509.Certificate) { c.ExtKeyUsage = nil }), "ocsp.responder"},
		{"delegated with any role", delegated(func(c *smx509.Certificate) { c.ExtKeyUsage = []smx509.ExtKeyUsage{smx509.ExtKeyUsageAny} }), "ocsp.responder"},
		{"delegated, may not sign", delegated(func(c *smx509.Certificate) { c.KeyUsage = smx509.KeyUsageKeyEncipherment }), "ocsp.responder"},
		{"delegated, expired", delegated(func(c *smx509.Certificate) { c.NotAfter = now.Add(-time.Hour) }), "ocsp.responder"},
		{"delegated without nocheck", delegated(func(c *smx509.Certificate) { c.ExtraExtensions = nil }), "ocsp.responder-status"},
		{"delegated by another CA", func(w *world, a *answerPlan) {
			other := w.authority("Demo CA", w.root, nil)
			key := newKey(w.t, w.suite)
			c := w.template("Demo responder")
			c.ExtKeyUsage = []smx509.ExtKeyUsage{smx509.ExtKeyUsageOCSPSigning}
			a.signer = &authority{w.issue(other, c, key), key}
			a.certificates = []*smx509.Certificate{a.signer.cert}
		}, "ocsp.responder"},
	}
}

func TestAnswers(t *testing.T) {
	for _, suite := range []pki.Suite{pki.SM2, pki.P256, pki.P384} { // RSA in TestGoResponder
		w := newWorld(t, suite)
		for _, c := range answerCases() {
			plan := newAnswer(w, w.leaf, w.ca)
			if c.change != nil {
				c.change(w, plan)
			}
			if plan.hash.Equal(pki.OID{1, 2, 3}) {
				continue // its CertID cannot be made here; see TestParseAnswer
			}
			r := w.request()
			r.Lists, r.Answers = []*CRL{w.list(w.root, nil)}, []*Answer{w.answer(plan)}
			v := Check(t.Context(), r)
			if c.code == "" {
				wantGood(t, string(suite)+" "+c.what, v)
				if len(v.Evidence) != 2 || v.Evidence[0].Kind != "ocsp" || v.Evidence[1].Kind != "crl" {
					t.Errorf("%s: evidence %+v", c.what, v.Evidence)
				}
			} else {
				wantCodes(t, string(suite)+" "+c.what, v, c.code)
			}
		}
	}
}

// Lists and answers together: what says revoked is believed, and a responder that is
// not exempt is looked up in the lists.
func TestAnswersAndLists(t *testing.T) {
	w := newWorld(t, pki.SM2)
	r := w.request()
	good, revoked := w.answer(newAnswer(w, w.leaf, w.ca)), newAnswer(w, w.leaf, w.ca)
	revoked.state, revoked.reason = stateRevoked, pki.Superseded
	r.Answers = []*Answer{good, nil, w.answer(revoked)}
	wantCodes(t, "two answers", Check(t.Context(), r), "revocation.revoked")
	r.Answers = []*Answer{good}
	r.Lists = []*CRL{w.list(w.root, nil), w.list(w.ca, revoke(w.leaf, pki.KeyCompromise))}
	wantCodes(t, "the list says revoked", Check(t.Context(), r), "revocation.revoked")

	plan := newAnswer(w, w.leaf, w.ca)
	plan.signer = w.responder(func(c *smx509.Certificate) { c.ExtraExtensions = nil })
	plan.certificates = []*smx509.Certificate{plan.signer.cert}
	r.Answers, r.Lists = []*Answer{w.answer(plan)}, w.lists()
	v := Check(t.Context(), r)
	wantGood(t, "a responder on a clean list", v)
	if len(v.Evidence) != 3 {
		t.Errorf("evidence %+v", v.Evidence)
	}
	r.Lists = []*CRL{w.list(w.root, nil), w.list(w.ca, revoke(plan.signer.cert, pki.KeyCompromise))}
	wantGood(t, "a revoked responder, but a list", Check(t.Context(), r))
}

// memory is a Source that has what a test puts there.
type memory struct {
	lists   map[string][]byte
	answers map[string]func(request []byte) []byte
	asked   []string
}

func (m *memory) List(_ context.Context, url string) (*CRL, error) {
	m.asked = append(m.asked, url)
	if der, ok := m.lists[url]; ok {
		return ParseCRL(der)
	}
	return nil, errors.New("not there")
}

func (m *memory) Answer(_ context.Context, url string, request []byte) (*Answer, error) {
	m.asked = append(m.asked, url)
	if make, ok := m.answers[url]; ok {
		return ParseAnswer(make(request))
	}
	return nil, errors.New("not there")
}

// TestSource: what is not handed in is fetched, OCSP first, each address once, and
// only where the path is good without it.
func TestSource(t *testing.T) {
	w := newWorld(t, pki.P256)
	w.ca = w.authority("Demo CA", w.root, func(c *smx509.Certificate) { c.CRLDistributionPoints = []string{"http://crl/root"} })
	template := w.person()
	template.OCSPServer, template.CRLDistributionPoints = []string{"http://ocsp/down", "http://ocsp/ca"}, []string{"http://crl/down", "http://crl/ca"}
	w.leaf = w.issue(w.ca, template, w.leafKey)
	nonce := func(request []byte) []byte { return request[len(request)-32:] }
	plan := func(request []byte, own []byte) []byte {
		a := newAnswer(w, w.leaf, w.ca)
		if a.nonce = own; own == nil {
			a.nonce = nonce(request)
		}
		return a.make(t, w)
	}
	source := &memory{lists: map[string][]byte{"http://crl/root": w.listDER(w.root, nil), "http://crl/ca": w.listDER(w.ca, nil)},
		answers: map[string]func([]byte) []byte{"http://ocsp/ca": func(request []byte) []byte { return plan(request, nil) }}}
	r := w.request()
	r.Lists, r.Source, r.Random = nil, source, rand.Reader
	v := Check(t.Context(), r)
	wantGood(t, "all fetched", v)
	if len(source.asked) != 3 || len(v.Evidence) != 2 || v.Evidence[0].Kind != "ocsp" {
		t.Errorf("asked %v, evidence %+v", source.asked, v.Evidence)
	}
	source.answers["http://ocsp/ca"] = func(request []byte) []byte { return plan(request, []byte("an older nonce")) }
	v = Check(t.Context(), r)
	wantGood(t, "an answer played back", v)
	if len(v.Evidence) != 2 || v.Evidence[0].Kind != "crl" {
		t.Errorf("an old answer is believed: %+v", v.Evidence)
	}
	source.asked = nil
	r.At = now.AddDate(50, 0, 0)
	if v = Check(t.Context(), r); v.Good || len(source.asked) != 0 {
		t.Errorf("an expired path is asked about: %v", source.asked)
	}
	r.At, source.lists = now, nil
	source.answers = nil
	wantCodes(t, "nothing answers", Check(t.Context(), r), "crl.missing")
}

func TestParseAnswer(t *testing.T) {
	w := newWorld(t, pki.SM2)
	plan := newAnswer(w, w.leaf, w.ca)
	plan.nonce = []byte("0123456789abcdef")
	der := plan.make(t, w)
	for i := range der {
		if _, err := ParseAnswer(der[:i]); pki.CodeOf(err) != "ocsp.malformed" {
			t.Fatalf("%d octets: %v", i, err)
		}
	}
	if _, err := ParseAnswer(append(der, 0)); pki.CodeOf(err) != "ocsp.malformed" {
		t.Error("an octet behind an answer is taken")
	}
	for status := byte(1); status < 7; status++ {
		if _, err := ParseAnswer([]byte{0x30, 3, 0x0a, 1, status}); pki.CodeOf(err) != "ocsp.refused" {
			t.Errorf("status %d: %v", status, err)
		}
	}
	a, err := ParseAnswer(der)
	if err != nil {
		t.Fatal(err)
	}
	a.singles[0].hash = "\x2a\x03" // an unknown hash names nobody
	r := w.request()
	r.Lists, r.Answers = []*CRL{w.list(w.root, nil)}, []*Answer{a}
	wantCodes(t, "an unknown hash", Check(t.Context(), r), "crl.missing")
}

// FuzzParseAnswer: no bytes panic, and only what was really signed makes a
// certificate good.
func FuzzParseAnswer(f *testing.F) {
	w := newWorld(f, pki.SM2)
	signed := map[string]bool{}
	for _, c := range answerCases() {
		plan := newAnswer(w, w.leaf, w.ca)
		if c.change != nil {
			c.change(w, plan)
		}
		if plan.hash.Equal(pki.OID{1, 2, 3}) {
			continue
		}
		der := plan.make(f, w)
		if a, err := ParseAnswer(der); err == nil {
			signed[string(a.signed.tbs)] = true
		}
		f.Add(der)
	}
	question := w.request()
	question.Lists = []*CRL{w.list(w.root, nil)}
	f.Fuzz(func(t *testing.T, der []byte) {
		a, err := ParseAnswer(der)
		if err != nil {
			return
		}
		r := question
		r.Answers = []*Answer{a}
		if v := Check(t.Context(), r); v.Good && !signed[string(a.signed.tbs)] {
			t.Fatal("an answer that nobody signed made the certificate good")
		}
	})
}

// FuzzParseCertificate: no bytes panic, in no role, and a certificate that nobody
// signed is never good.
func FuzzParseCertificate(f *testing.F) {
	w := newWorld(f, pki.P256)
	constrained := w.authority("Demo CA", w.root, func(c *smx509.Certificate) { c.PermittedDNSDomains = []string{"demo.example"} })
	signed := map[string]bool{}
	for _, c := range []*smx509.Certificate{w.leaf, w.ca.cert, w.root.cert, constrained.cert, w.responder(nil).cert} {
		f.Add(c.Raw)
		signed[string(c.RawTBSCertificate)] = true
	}
	question := w.request()
	question.Revocation = Unchecked
	f.Fuzz(func(t *testing.T, der []byte) {
		c, err := ParseCertificate(der)
		if err != nil {
			return
		}
		r := question
		r.Certificate, r.Purpose = c, Any
		r.Intermediates = append(r.Intermediates, c)
		for _, profile := range Profiles() {
			r.Profile = profile
			if v := Check(t.Context(), r); v.Good && !signed[string(c.signed.tbs)] {
				t.Fatal("a certificate that nobody signed is good")
			}
		}
	})
}
