package ca_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/ca"
	"onecert/keys"
	"onecert/officer"
	"onecert/pki"
	"onecert/pkitest"
)

// stolen is a CA whose issuer sm2 was stolen, with sm2-2 from a ceremony beside it.
type stolen struct {
	*house
	people map[string]context.Context
	issued map[string]*ca.Issued // by application
	key    *broken               // of sm2
}

func steal(t testing.TB, h *house, people map[string]context.Context, holders int) *stolen {
	t.Helper()
	next := makeHierarchy("sm2", [2]pki.Suite{pki.SM2, pki.SM2})
	h.cfg.Issuers = append(h.cfg.Issuers, &ca.Issuer{ID: "sm2-2", Key: next.issuingKey, Certificate: next.issuing, Chain: []*smx509.Certificate{next.root},
		Addresses: addresses, Partitions: 4})
	s := &stolen{house: h, people: people, issued: map[string]*ca.Issued{}, key: &broken{Key: h.cfg.Issuers[0].Key.(*keys.Key)}}
	h.cfg.Issuers[0].Key = s.key
	h.restart()
	var lock sync.Mutex
	var working sync.WaitGroup
	places := make(chan struct{}, 32)
	for n := range holders {
		places <- struct{}{}
		working.Go(func() {
			defer func() { <-places }()
			o := order(t, fmt.Sprintf("h%04d", n), pki.SM2)
			issued, err := h.Issue(people["iss"], o)
			if err != nil {
				t.Error(err)
				return
			}
			lock.Lock()
			defer lock.Unlock()
			s.issued[o.Application] = issued
		})
	}
	working.Wait()
	return s
}

// agreed has a replacement proposed and agreed to by the two others.
func (s *stolen) agreed() string {
	s.t.Helper()
	p, err := s.ProposeReplacement(s.people["sys"], "sm2", ca.Replacement{To: "sm2-2", Reason: "the key of sm2 was stolen"})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, who := range []string{"sec", "aud"} {
		if _, err := s.cfg.Officers.Approve(s.people[who], p.Approval, p.Digest); err != nil {
			s.t.Fatal(err)
		}
	}
	return p.Approval
}

// run lets the CA work until the replacement has ended, or until told to stop.
func (s *stolen) run(id string, stop func(ca.Replacing) bool) ca.Replacing {
	s.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ended := make(chan struct{})
	go func() { s.room.KeepReplacing(ctx); close(ended) }()
	for deadline := time.Now().Add(10 * time.Minute); ; time.Sleep(2 * time.Millisecond) {
		all, err := s.Replacements(s.people["aud"], ca.Part{})
		n := slices.IndexFunc(all, func(r ca.Replacing) bool { return r.ID == id })
		if err != nil || n < 0 {
			s.t.Fatal(all, err)
		}
		if !all[n].Ended.IsZero() || stop != nil && stop(all[n]) {
			cancel()
			<-ended
			return all[n]
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("it does not end: %+v", all[n])
		}
	}
}

// successor finds what replaced a certificate.
func (s *stolen) successor(holder string) *ca.Certificate {
	s.t.Helper()
	page, err := s.List(s.people["aud"], ca.Filter{Issuer: "sm2-2", Holder: holder})
	if err != nil {
		s.t.Fatal(err)
	}
	var found *ca.Certificate
	for i, c := range page.Certificates {
		if c.Role == "sign" {
			if found != nil {
				s.t.Errorf("%s was replaced twice", holder)
			}
			found = &page.Certificates[i]
		}
	}
	if found == nil {
		s.t.Fatalf("%s was not replaced", holder)
	}
	return found
}

// replaced holds one holder's new pair against the old: same keys, same name, same end,
// another issuer; the old pair is revoked, and not as compromised.
func (s *stolen) replaced(application string) *ca.Issued {
	s.t.Helper()
	old := s.issued[application]
	found := s.successor(old.Sign.Holder)
	made, err := s.Order(s.people["iss"], found.Application)
	if err != nil {
		s.t.Fatal(err)
	}
	for name, pair := range map[string][2]*ca.Certificate{"signing": {old.Sign, made.Sign}, "encrypting": {old.Encrypt, made.Encrypt}} {
		was, is := mustParse(s.t, pair[0]), mustParse(s.t, pair[1])
		if !bytes.Equal(was.RawSubjectPublicKeyInfo, is.RawSubjectPublicKeyInfo) || !bytes.Equal(was.RawSubject, is.RawSubject) || !was.NotAfter.Equal(is.NotAfter) {
			s.t.Errorf("%s: the %s certificate has another key, name or end", application, name)
		}
		if err := is.CheckSignatureFrom(s.cfg.Issuers[3].Certificate); err != nil {
			s.t.Errorf("%s: the %s certificate: %v", application, name, err)
		}
		if c, err := s.Show(s.people["aud"], "sm2", pair[0].Serial); err != nil || c.State != pki.Revoked || c.Reason != "superseded" {
			s.t.Errorf("%s: the old %s certificate is %+v, %v", application, name, c, err)
		}
	}
	if made.Envelope != nil || made.Encrypt.State != pki.Valid {
		s.t.Errorf("%s: %+v", application, made)
	}
	return made
}

func mustParse(t testing.TB, c *ca.Certificate) *smx509.Certificate {
	t.Helper()
	parsed, err := smx509.ParseCertificate(c.DER)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// An issuing CA was stolen: what it issued is issued anew under another, in the keys
// the holders have, through a stop in the middle; what cannot be is named.
func TestReplaceIssuer(t *testing.T) {
	eachStaffed(t, func(t *testing.T, h *house, people map[string]context.Context) {
		s := steal(t, h, people, 40)
		s.fates()
		id := s.agreed()
		s.run(id, func(r ca.Replacing) bool { return s.someReplaced() }) // pulled out in mid-work
		h.restart()
		r := s.run(id, nil)
		if r.Done != 38 || r.Missed != 1 || r.Passed != 3 || r.Total != 42 || r.PerSecond <= 0 {
			t.Errorf("%+v", r)
		}
		missing, err := s.Missing(people["aud"], id, "")
		if err != nil || len(missing.Missed) != 1 || missing.Missed[0].Code != "replace.held" || missing.Missed[0].Holder != "H-h0001" || missing.Next != "" {
			t.Errorf("%+v %v", missing, err)
		}
		for n := 4; n < 40; n++ {
			s.replaced(fmt.Sprintf("h%04d", n))
		}
		s.goesOn(s.replaced("h0005"))
		s.again()
	})
}

// fates: one holder's pair is held, one revoked as compromised, one followed by a
// renewed one, one order was never finished.
func (s *stolen) fates() {
	s.t.Helper()
	iss := s.people["iss"]
	if _, err := s.Hold(iss, "sm2", s.issued["h0001"].Sign.Serial); err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.Revoke(iss, "sm2", s.issued["h0002"].Sign.Serial, ca.Revocation{Reason: "keyCompromise"}); err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.Renew(iss, "sm2", s.issued["h0003"].Sign.Serial, ca.Change{Application: "h0003-renewed"}); err != nil {
		s.t.Fatal(err)
	}
	s.key.err = errors.New("the stolen key signs no more")
	if _, err := s.Issue(iss, order(s.t.(*testing.T), "h9999", pki.SM2)); err == nil {
		s.t.Fatal("an order without a key")
	}
}

func (s *stolen) someReplaced() bool {
	page, err := s.List(s.people["aud"], ca.Filter{Issuer: "sm2-2", Limit: 1})
	return err == nil && len(page.Certificates) > 0
}

// goesOn: the holder's keys are as good as before, and the lineage leads back across
// the issuers: a later re-issue finds the encryption key.
func (s *stolen) goesOn(made *ca.Issued) {
	s.t.Helper()
	iss := s.people["iss"]
	renewed, err := s.Renew(iss, "sm2-2", made.Sign.Serial, ca.Change{Application: "renewed-after"})
	if err != nil || renewed.Sign.Issuer != "sm2-2" {
		s.t.Fatalf("the holder's key counts as bad: %v", err)
	}
	other := s.replaced("h0007")
	data, _ := request(s.t, pki.SM2, person("林晓明 h0007"))
	again, err := s.Reissue(iss, "sm2-2", other.Sign.Serial, ca.Change{Application: "reissued-after", Request: data})
	if err != nil || !again.HistoryWaits && len(again.History) == 0 {
		s.t.Errorf("%+v %v", again, err)
	}
}

// again: what has been replaced is not replaced a second time.
func (s *stolen) again() {
	s.t.Helper()
	r := s.run(s.agreed(), nil)
	if r.Done != 0 || r.Missed != 1 || r.Passed != r.Total-1 {
		s.t.Errorf("a second time: %+v", r)
	}
	_, err := s.ProposeReplacement(s.people["iss"], "sm2", ca.Replacement{To: "sm2-2", Reason: "r"})
	wantCode(s.t.(*testing.T), err, pki.Forbidden, "officer.forbidden")
	for to, code := range map[string]string{"sm2": "replace.issuers", "ecdsa": "issuer.family", "nosuch": "issuer.unknown"} {
		_, err := s.ProposeReplacement(s.people["sys"], "sm2", ca.Replacement{To: to, Reason: "r"})
		if pki.CodeOf(err) != code {
			s.t.Errorf("%s: %v", to, err)
		}
	}
	_, err = s.Missing(s.people["aud"], "nosuch", "")
	wantCode(s.t.(*testing.T), err, pki.Unknown, "replace.unknown")
}

// Officers and sites that the stolen CA issued go on operating by their new
// certificates, in the rights they have.
func TestReplacedSiteOperates(t *testing.T) {
	h, people := staffed(t, sqlite(t), false)
	s := steal(t, h, people, 0)
	data, _ := request(t, pki.SM2, person("gateway"))
	issued, err := h.Issue(people["sec"], ca.Order{Application: "site", Profile: "site", Request: data, Issuer: "sm2", Holder: "site:gateway", AltNames: []pki.AltName{{Kind: "dns", Value: "g.example"}}})
	if err != nil {
		t.Fatal(err)
	}
	machine := pki.WithActor(context.Background(), pki.Actor{Name: "machine"})
	if _, err := h.cfg.Officers.Register(machine, officer.Registration{Certificate: issued.Sign.DER, Name: "gateway", Kind: officer.Place, Roles: []string{officer.Site}, Issuer: "sm2"}); err != nil {
		t.Fatal(err)
	}
	if r := s.run(s.agreed(), nil); r.Done != 1 || r.Missed != 0 {
		t.Fatalf("%+v", r)
	}
	page, err := h.List(people["aud"], ca.Filter{Issuer: "sm2-2", Holder: "site:gateway"})
	if err != nil || len(page.Certificates) != 1 {
		t.Fatal(page, err)
	}
	found, err := h.Show(people["aud"], "sm2-2", page.Certificates[0].Serial)
	if err != nil {
		t.Fatal(err)
	}
	actor, err := h.cfg.Officers.Actor(context.Background(), found.DER)
	if err != nil || actor.Name != "gateway" {
		t.Errorf("%+v %v", actor, err)
	}
}

// A key that does not sign stops everything and misses nothing.
func TestReplacementWaitsForTheKey(t *testing.T) {
	h, people := staffed(t, sqlite(t), false)
	s := steal(t, h, people, 3)
	id := s.agreed()
	h.clock.add(11 * 365 * 24 * time.Hour) // the new issuing CA has ended meanwhile
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	h.room.KeepReplacing(ctx)
	all, err := h.Replacements(people["aud"], ca.Part{Limit: 1})
	if err != nil || all[0].ID != id {
		t.Fatal(err)
	}
	if more, err := h.Replacements(people["aud"], ca.Part{After: id}); err != nil || len(more) != 0 {
		t.Errorf("after the last: %+v, %v", more, err)
	}
	_, err = h.Replacements(people["aud"], ca.Part{After: "nosuch"})
	wantCode(t, err, pki.Unknown, "replace.unknown")
	if all[0].Missed != 0 {
		t.Errorf("%+v", all[0])
	}
}

// BenchmarkReplaceIssuer is one holder's dual certificate issued anew, of as many as the
// benchmark has rounds: "-bench ReplaceIssuer -benchtime 10000x" is the drill of an
// emergency with ten thousand holders.
func BenchmarkReplaceIssuer(b *testing.B) {
	for name, source := range map[string]func(testing.TB) string{"sqlite": pkitest.SQLite, "postgres": pkitest.DurablePostgres} {
		b.Run(name, func(b *testing.B) {
			h, people := staffed(b, source(b), false)
			s := steal(b, h, people, b.N)
			id := s.agreed()
			b.ResetTimer()
			r := s.run(id, nil)
			b.StopTimer()
			if r.Done != int64(b.N) || r.Missed != 0 {
				b.Errorf("%+v", r)
			}
			b.ReportMetric(r.PerSecond, "holders/s")
			b.ReportMetric(r.Seconds, "s")
		})
	}
}
