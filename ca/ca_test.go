package ca_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/ca"
	"onecert/pki"
)

func wantCode(t *testing.T, err error, kind pki.Kind, code string) {
	t.Helper()
	if pki.KindOf(err) != kind || pki.CodeOf(err) != code {
		t.Errorf("got %v (%v, %s), want %v, %s", err, pki.KindOf(err), pki.CodeOf(err), kind, code)
	}
}

func parse(t *testing.T, c *ca.Certificate) *smx509.Certificate {
	t.Helper()
	cert, err := smx509.ParseCertificate(c.DER)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func mustIssue(t *testing.T, h authority, o ca.Order) *ca.Issued {
	t.Helper()
	issued, err := h.Issue(as("office"), o)
	if err != nil {
		t.Fatal(err)
	}
	return issued
}

func TestDualCertificateOfEachFamily(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		for _, suite := range []pki.Suite{pki.SM2, pki.RSA2048, pki.P256} {
			issued := mustIssue(t, h, order(t, "dual-"+string(suite), suite))
			s, e := parse(t, issued.Sign), parse(t, issued.Encrypt)
			issuer := h.issuers[suite.Family()].Certificate
			if err := errors.Join(s.CheckSignatureFrom(issuer), e.CheckSignatureFrom(issuer)); err != nil {
				t.Error(suite, err)
			}
			if !bytes.Equal(s.RawSubject, e.RawSubject) || !bytes.Equal(s.RawIssuer, issuer.RawSubject) {
				t.Error(suite, "the halves' names differ")
			}
			if s.KeyUsage != smx509.KeyUsageDigitalSignature|smx509.KeyUsageContentCommitment {
				t.Error(suite, "signing usage", s.KeyUsage)
			}
			if e.KeyUsage&(smx509.KeyUsageDigitalSignature|smx509.KeyUsageContentCommitment) != 0 || e.KeyUsage == 0 {
				t.Error(suite, "encryption usage", e.KeyUsage)
			}
			if issued.Envelope == nil || issued.SealedTo != "signing-key" || issued.Encrypt.Partner != issued.Sign.Serial {
				t.Errorf("%s: envelope %v to %q", suite, issued.Envelope, issued.SealedTo)
			}
			part := fmt.Sprintf("http://pki.example/crl/%s/%d.crl", suite.Family(), issued.Sign.Partition)
			if len(s.CRLDistributionPoints) != 1 || s.CRLDistributionPoints[0] != part || s.OCSPServer[0] != "http://pki.example/ocsp" ||
				s.IssuingCertificateURL[0] != "http://pki.example/aia/"+suite.Family()+".cer" {
				t.Error(suite, "addresses", s.CRLDistributionPoints, s.OCSPServer, s.IssuingCertificateURL)
			}
			name, _ := pki.NameOf(s.RawSubject)
			if name.Get("serialNumber") != "H-dual-"+string(suite) {
				t.Error(suite, "holder id in", name)
			}
		}
	})
}

func TestAskingAgainGivesTheSame(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		o := order(t, "again", pki.SM2)
		first := mustIssue(t, h, o)
		h.clock.add(time.Hour)
		second := mustIssue(t, h, o)
		if !bytes.Equal(first.Sign.DER, second.Sign.DER) || !bytes.Equal(first.Encrypt.DER, second.Encrypt.DER) {
			t.Error("asking again gave other certificates")
		}
		o.Days = 30
		_, err := h.Issue(as("office"), o)
		wantCode(t, err, pki.Conflict, "order.conflict")
		got, err := h.Order(as("office"), "again")
		if err != nil || !bytes.Equal(got.Sign.DER, first.Sign.DER) {
			t.Error("order by application", err)
		}
	})
}

func TestConcurrentOrdersOfOneApplication(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		const applications, askers = 8, 6
		serials := make([]sync.Map, applications)
		var wg sync.WaitGroup
		for a := range applications {
			o := order(t, fmt.Sprint("race-", a), pki.SM2)
			for range askers {
				wg.Go(func() {
					issued, err := h.Issue(as("office"), o)
					if err != nil {
						t.Error(err)
						return
					}
					serials[a].Store(string(issued.Sign.Serial)+string(issued.Encrypt.Serial)+string(issued.Sign.DER), true)
				})
			}
		}
		wg.Wait()
		for a := range serials {
			n := 0
			serials[a].Range(func(any, any) bool { n++; return true })
			if n != 1 {
				t.Errorf("application %d got %d different pairs", a, n)
			}
		}
	})
}

func TestLifeCycle(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := as("office")
		issued := mustIssue(t, h, order(t, "life", pki.SM2))
		serial := issued.Sign.Serial
		for _, step := range []struct {
			act  func() (*ca.Certificate, error)
			want pki.State
		}{
			{func() (*ca.Certificate, error) { return h.Hold(ctx, "sm2", serial) }, pki.Held},
			{func() (*ca.Certificate, error) { return h.Release(ctx, "sm2", issued.Encrypt.Serial) }, pki.Valid},
			{func() (*ca.Certificate, error) {
				return h.Revoke(ctx, "sm2", serial, ca.Revocation{Reason: "keyCompromise"})
			}, pki.Revoked},
		} {
			h.clock.add(time.Minute)
			c, err := step.act()
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range []pki.Serial{serial, issued.Encrypt.Serial} {
				if got, err := h.Show(ctx, "sm2", s); err != nil || got.State != step.want {
					t.Errorf("%s is %v (%v), want %s", s, got, err, step.want)
				}
			}
			if c.Changed != nil && !c.Changed.Equal(h.clock.Now()) {
				t.Error("changed at", c.Changed)
			}
		}
		for _, act := range []func() (*ca.Certificate, error){
			func() (*ca.Certificate, error) { return h.Release(ctx, "sm2", serial) },
			func() (*ca.Certificate, error) { return h.Hold(ctx, "sm2", serial) },
			func() (*ca.Certificate, error) {
				return h.Revoke(ctx, "sm2", serial, ca.Revocation{Reason: "superseded"})
			},
		} {
			_, err := act()
			wantCode(t, err, pki.Conflict, "status.transition")
		}
		if !h.kmc.retired[issued.Encrypt.Serial] {
			t.Error("the revoked pair's encryption key is not in history")
		}
		moment, err := h.At(ctx, "sm2", serial, startOfTime.Add(90*time.Second))
		if err != nil || moment.State != pki.Held || moment.Entry.Serial != serial {
			t.Errorf("state at a moment: %+v, %v", moment, err)
		}
	})
}

func TestRenewModifyReissue(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := as("office")
		first := mustIssue(t, h, order(t, "line-1", pki.SM2))
		h.clock.add(24 * time.Hour)
		renewed, err := h.Renew(ctx, "sm2", first.Sign.Serial, ca.Change{Application: "line-2"})
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(parse(t, renewed.Sign).RawSubjectPublicKeyInfo, parse(t, first.Sign).RawSubjectPublicKeyInfo) ||
			!bytes.Equal(parse(t, renewed.Encrypt).RawSubjectPublicKeyInfo, parse(t, first.Encrypt).RawSubjectPublicKeyInfo) {
			t.Error("renewing changed a key")
		}
		if renewed.Envelope != nil || renewed.Sign.Previous != first.Sign.Serial || !renewed.Sign.NotAfter.After(first.Sign.NotAfter) {
			t.Errorf("renewed %+v", renewed.Sign)
		}
		_, err = h.Renew(ctx, "sm2", first.Sign.Serial, ca.Change{Application: "line-2b"})
		wantCode(t, err, pki.Conflict, "certificate.followed")

		modified, err := h.Modify(ctx, "sm2", renewed.Sign.Serial, ca.Change{Application: "line-3", Subject: person("林晓明（改名）"), Reason: "affiliationChanged"})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(modified.Sign.Subject, "改名") {
			t.Error("subject", modified.Sign.Subject)
		}
		if old, _ := h.Show(ctx, "sm2", renewed.Encrypt.Serial); old.State != pki.Revoked || old.Reason != "affiliationChanged" {
			t.Errorf("the modified pair's old half is %+v", old)
		}
		data, _ := request(t, pki.SM2, person("林晓明"))
		change := ca.Change{Application: "line-4", Request: data, Reason: "keyCompromise"}
		again, err := h.Reissue(ctx, "sm2", modified.Sign.Serial, change)
		if err != nil {
			t.Fatal(err)
		}
		if again.Envelope == nil || len(again.History) != 1 || again.History[0].CertNo != first.Encrypt.Serial {
			t.Errorf("history %+v: one earlier pair, known to the KMC by the first certificate, is expected", again.History)
		}
		if !bytes.Equal(again.History[0].PublicKey, parse(t, first.Encrypt).RawSubjectPublicKeyInfo) {
			t.Error("the recovered key is not the old one")
		}
		retried, err := h.Reissue(ctx, "sm2", modified.Sign.Serial, change)
		if err != nil || !bytes.Equal(retried.Sign.DER, again.Sign.DER) || len(retried.History) != 1 {
			t.Error("asking for the re-issue again", err)
		}
		if !h.kmc.retired[first.Encrypt.Serial] {
			t.Error("the old pair is not in history")
		}
	})
}

func TestRefusedOrders(t *testing.T) {
	h := open(t, sqlite(t), nil)
	base := order(t, "base", pki.SM2)
	change := func(f func(*ca.Order)) ca.Order {
		o := base
		f(&o)
		return o
	}
	small := person(strings.Repeat("长", 65))
	cases := []struct {
		name  string
		order ca.Order
		kind  pki.Kind
		code  string
	}{
		{"application", change(func(o *ca.Order) { o.Application = "a b" }), pki.Invalid, "order.application"},
		{"profile", change(func(o *ca.Order) { o.Profile = "nobody" }), pki.Invalid, "profile.unknown"},
		{"half", change(func(o *ca.Order) { o.Profile = "person-encrypt" }), pki.Invalid, "profile.half"},
		{"sub-ca", change(func(o *ca.Order) { o.Profile = "sub-ca" }), pki.Invalid, "profile.ceremony"},
		{"no request", change(func(o *ca.Order) { o.Request = nil }), pki.Invalid, "request.empty"},
		{"cut request", change(func(o *ca.Order) { o.Request = o.Request[:100] }), pki.Invalid, "request.pem"},
		{"no holder", change(func(o *ca.Order) { o.Holder = "" }), pki.Invalid, "holder.missing"},
		{"identity in clear", change(func(o *ca.Order) { o.Holder = "11010519491231002X" }), pki.Invalid, "holder.clear"},
		{"issuer", change(func(o *ca.Order) { o.Issuer = "rsa" }), pki.Invalid, "issuer.family"},
		{"unknown issuer", change(func(o *ca.Order) { o.Issuer = "moon" }), pki.Unknown, "issuer.unknown"},
		{"long name", change(func(o *ca.Order) { o.Subject = small }), pki.Invalid, "name.length"},
		{"attribute", change(func(o *ca.Order) { o.Subject = append(person("甲"), pki.Attribute{Type: "UID", Value: "x"}) }), pki.Invalid, "subject.attribute"},
		{"country", change(func(o *ca.Order) { o.Subject = append(pki.Name{{Type: "C", Value: "US"}}, person("甲")[1:]...) }), pki.Invalid, "subject.fixed"},
		{"no unit", change(func(o *ca.Order) { o.Subject = pki.Name{{Type: "CN", Value: "甲"}} }), pki.Invalid, "subject.missing"},
		{"control character", change(func(o *ca.Order) { o.Subject = person("林\u0007晓明") }), pki.Invalid, ""},
		{"bidirectional", change(func(o *ca.Order) { o.Subject = person("林\u202e晓明") }), pki.Invalid, ""},
		{"equals sign", change(func(o *ca.Order) { o.Subject = person("林晓明,T=admin") }), pki.Invalid, ""},
		{"mixed script", change(func(o *ca.Order) { o.Subject = person("pаypal") }), pki.Invalid, ""},
		{"too long", change(func(o *ca.Order) { o.Days = 9000 }), pki.Invalid, "order.days"},
		{"alternative name", change(func(o *ca.Order) { o.AltNames = []pki.AltName{{Kind: "dns", Value: "a.example"}} }), pki.Invalid, "altname.kind"},
		{"malformed mail", change(func(o *ca.Order) { o.AltNames = []pki.AltName{{Kind: "email", Value: "a@"}} }), pki.Invalid, "altname.email"},
		{"value", change(func(o *ca.Order) { o.Values = map[string]string{"identity_number": "11010519491231002X"} }), pki.Invalid, "value.unknown"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := h.Issue(as("office"), c.order)
			if c.code == "" {
				if pki.KindOf(err) != c.kind || !strings.HasPrefix(pki.CodeOf(err), "lint.naming") {
					t.Errorf("got %v (%s), want a naming rule", err, pki.CodeOf(err))
				}
				return
			}
			wantCode(t, err, c.kind, c.code)
		})
	}
	if _, err := h.Issue(context.Background(), base); pki.KindOf(err) != pki.Forbidden {
		t.Error("nobody was allowed to issue:", err)
	}
	page, err := h.List(as("office"), ca.Filter{})
	if err != nil || len(page.Certificates) != 0 {
		t.Error("a refused order left certificates", page, err)
	}
	mustIssue(t, h, base)
}

func TestKeyOfSomebodyElse(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		data, key := request(t, pki.SM2, person("甲一"))
		mustIssue(t, h, ca.Order{Application: "k1", Profile: "person-sign", Request: data, Holder: "H-A"})
		_, err := h.Issue(as("office"), ca.Order{Application: "k2", Profile: "person-sign", Request: requestOf(t, key, person("乙二")), Holder: "H-B"})
		wantCode(t, err, pki.Conflict, "request.key-taken")
		// A key the KMC made must never be a signing key.
		escrowed := h.kmc.pairs["k1"]
		_, err = h.Issue(as("office"), ca.Order{Application: "k3", Profile: "person-sign", Request: requestOf(t, escrowed, person("丙三")), Holder: "H-C"})
		wantCode(t, err, pki.Conflict, "request.key-taken")
	})
}

func TestSecondCertificateOfOneHolder(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := as("office")
		one, two := order(t, "h1", pki.SM2), order(t, "h2", pki.SM2)
		two.Holder = one.Holder
		first := mustIssue(t, h, one)
		_, err := h.Issue(ctx, two)
		wantCode(t, err, pki.Conflict, "holder.second")
		other := order(t, "h3", pki.P256) // another family is another certificate
		other.Holder = one.Holder
		mustIssue(t, h, other)
		two.Decision = "deputy of two units, decided by the centre on 2026-03-01"
		mustIssue(t, h, two)
		three := order(t, "h4", pki.SM2)
		three.Holder = one.Holder
		for _, serial := range []pki.Serial{first.Sign.Serial} {
			if _, err := h.Revoke(ctx, "sm2", serial, ca.Revocation{Reason: "superseded"}); err != nil {
				t.Fatal(err)
			}
		}
		_, err = h.Issue(ctx, three)
		wantCode(t, err, pki.Conflict, "holder.second") // h2 is still good
	})
}

func TestLookAlikeNames(t *testing.T) {
	h := open(t, sqlite(t), nil)
	give := func(application, cn string) error {
		o := order(t, application, pki.SM2)
		o.Subject = person(cn)
		_, err := h.Issue(as("office"), o)
		return err
	}
	if err := give("n1", "王未来"); err != nil {
		t.Fatal(err)
	}
	if err := give("n2", "王未来"); err != nil {
		t.Error("two people may have one name:", err)
	}
	wantCode(t, give("n3", "王 未来"), pki.Conflict, "name.look-alike")
	if err := give("n4", "李未来"); err != nil {
		t.Error(err)
	}
	if err := give("n5", "Zhang0"); err != nil {
		t.Error(err)
	}
	wantCode(t, give("n6", "ZhangO"), pki.Conflict, "name.look-alike")
	// The unit may be the deceptive part.
	o := order(t, "n7", pki.SM2)
	o.Subject = pki.Name{{Type: "C", Value: "CN"}, {Type: "O", Value: "示例己局"}, {Type: "CN", Value: "张三"}}
	mustIssue(t, h, o)
	o = order(t, "n8", pki.SM2)
	o.Subject = pki.Name{{Type: "C", Value: "CN"}, {Type: "O", Value: "示例已局"}, {Type: "CN", Value: "张三"}}
	_, err := h.Issue(as("office"), o)
	wantCode(t, err, pki.Conflict, "name.look-alike")
	for n, cn := range []string{"王ニ", "王ㄧ", "王㇐", "王〡", "示例⺠", "ᎪᎡᎢ", "王三\u0335"} {
		o := order(t, fmt.Sprint("n9-", n), pki.SM2)
		o.Subject = person(cn)
		if _, err := h.Issue(as("office"), o); pki.KindOf(err) != pki.Invalid {
			t.Errorf("%q: %v", cn, err)
		}
	}
}

func TestKMCFails(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		o := order(t, "kmc-1", pki.SM2)
		for _, lost := range []bool{false, true} { // not reached; reached, but the answer was lost
			h.kmc.down, h.kmc.lost = pki.Errorf(pki.Unavailable, "remote.unreachable", "no answer"), lost
			if _, err := h.Issue(as("office"), o); pki.KindOf(err) != pki.Unavailable {
				t.Error(err)
			}
			if _, err := h.Order(as("office"), "kmc-1"); pki.CodeOf(err) != "order.unknown" { // nothing is half done
				t.Error("after the failure:", err)
			}
		}
		h.kmc.down = nil
		h.clock.add(time.Minute)
		issued := mustIssue(t, h, o)
		if !bytes.Equal(issued.Envelope.DER, parse(t, issued.Encrypt).RawSubjectPublicKeyInfo) || len(h.kmc.pairs) != 1 {
			t.Error("the retry did not get the pair made first")
		}
	})
}

// TestCompromisedKeyStaysBad: what is certified for a key ends when the key is
// reported as compromised, and nobody gets it certified again.
func TestCompromisedKeyStaysBad(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := as("office")
		data, key := request(t, pki.SM2, person("甲一"))
		first := mustIssue(t, h, ca.Order{Application: "bad-1", Profile: "person-sign", Request: data, Holder: "H-A"})
		renewed, err := h.Renew(ctx, "sm2", first.Sign.Serial, ca.Change{Application: "bad-2"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.Revoke(ctx, "sm2", renewed.Sign.Serial, ca.Revocation{Reason: "keyCompromise"}); err != nil {
			t.Fatal(err)
		}
		for _, serial := range []pki.Serial{first.Sign.Serial, first.Encrypt.Serial, renewed.Sign.Serial, renewed.Encrypt.Serial} {
			if c, err := h.Show(ctx, "sm2", serial); err != nil || c.State != pki.Revoked || c.Reason != "keyCompromise" {
				t.Errorf("%s is %+v, %v", serial, c, err)
			}
		}
		_, err = h.Issue(ctx, ca.Order{Application: "bad-3", Profile: "person-sign", Request: requestOf(t, key, person("甲一")), Holder: "H-A"})
		wantCode(t, err, pki.Conflict, "request.key-compromised")
		again, err := h.Issue(ctx, ca.Order{Application: "bad-1", Profile: "person-sign", Request: data, Holder: "H-A"})
		if err != nil || again.Sign.State != pki.Revoked {
			t.Errorf("asking for the revoked one again: %+v, %v", again, err)
		}
	})
}

// TestReissueEndsEveryCertificateOfTheOldKeys, not only the one it is asked for.
func TestReissueEndsEveryCertificateOfTheOldKeys(t *testing.T) {
	h := open(t, sqlite(t), nil)
	ctx := as("office")
	first := mustIssue(t, h, order(t, "lost-1", pki.SM2))
	renewed, err := h.Renew(ctx, "sm2", first.Sign.Serial, ca.Change{Application: "lost-2"})
	if err != nil {
		t.Fatal(err)
	}
	data, _ := request(t, pki.SM2, person("x"))
	if _, err := h.Reissue(ctx, "sm2", renewed.Sign.Serial, ca.Change{Application: "lost-3", Request: data}); err != nil {
		t.Fatal(err)
	}
	if c, _ := h.Show(ctx, "sm2", first.Sign.Serial); c.State != pki.Revoked {
		t.Errorf("the first certificate of the lost key is %s", c.State)
	}
}

// TestMakingIsNotRecovering: one officer who makes certificates does not get a
// holder's earlier keys, nor does whoever reads the order.
func TestMakingIsNotRecovering(t *testing.T) {
	h := open(t, sqlite(t), nil)
	first := mustIssue(t, h, order(t, "rec-1", pki.SM2))
	maker := pki.WithActor(context.Background(), pki.Actor{Name: "maker", Roles: []string{"issuer"}})
	data, _ := request(t, pki.SM2, person("x"))
	change := ca.Change{Application: "rec-2", Request: data}
	made, err := h.Reissue(maker, "sm2", first.Sign.Serial, change)
	if err != nil || len(made.History) != 0 || !made.HistoryWaits || made.Envelope == nil {
		t.Errorf("the maker got %+v, %v", made, err)
	}
	if read, err := h.Order(as("office"), "rec-2"); err != nil || len(read.History) != 0 {
		t.Errorf("reading the order gave %+v, %v", read.History, err)
	}
	if site, err := h.Reissue(as("office"), "sm2", first.Sign.Serial, change); err != nil || len(site.History) != 1 {
		t.Errorf("the registration site got %v, %v", site, err)
	}
}

func TestNothingIsProvenOfTheFuture(t *testing.T) {
	h := open(t, sqlite(t), nil)
	issued := mustIssue(t, h, order(t, "future", pki.SM2))
	_, err := h.At(as("office"), "sm2", issued.Sign.Serial, startOfTime.Add(time.Hour))
	wantCode(t, err, pki.Invalid, "state.future")
}

func TestIdentityNumbersAreRefused(t *testing.T) {
	h := open(t, sqlite(t), nil)
	const number = "999901-19900101-0010"
	base := order(t, "idn", pki.SM2)
	for name, change := range map[string]func(*ca.Order){
		"application": func(o *ca.Order) { o.Application = number },
		"decision":    func(o *ca.Order) { o.Decision = "see " + number },
		"holder":      func(o *ca.Order) { o.Holder = number },
		"wrong check": func(o *ca.Order) {
			o.Holder, o.Identity = "", &ca.Identity{Kind: "resident", Number: "999901199001010018"}
		},
	} {
		o := base
		change(&o)
		if _, err := h.Issue(as("office"), o); pki.KindOf(err) != pki.Invalid || strings.Contains(err.Error(), "1990") {
			t.Errorf("%s: %v", name, err)
		}
	}
	one, err := h.Identify(as("office"), ca.Identity{Kind: "resident", Number: number})
	two, err2 := h.Identify(as("office"), ca.Identity{Kind: "resident", Number: "９９９９０１ 19900101 0010"})
	if err != nil || err2 != nil || one != two {
		t.Errorf("one person is %s and %s (%v, %v)", one, two, err, err2)
	}
}
