package trust

import (
	"bytes"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/pki"
)

// TestVerdicts: each kind of certificate, of two CAs in one set, SM2 and ECDSA, gets its
// code; the words are for people.
func TestVerdicts(t *testing.T) {
	for _, kind := range []string{"sm2", "ecdsa"} {
		t.Run(kind, func(t *testing.T) {
			at := newPlace(t)
			root := newCA(t, kind, "根", nil)
			issuing := newCA(t, kind, "签发", root)
			other := newCA(t, "rsa", "另一个", nil)
			stranger := newCA(t, kind, "陌生", nil)
			good, bad, held := issuing.issue(nil), issuing.issue(nil), issuing.issue(nil)
			list := issuing.list(paper{number: 1, next: moment.Add(time.Hour), entries: append(
				entryOf(bad.SerialNumber, moment.Add(-time.Hour), pki.KeyCompromise), entryOf(held.SerialNumber, moment.Add(-time.Hour), pki.CertificateHold)...)})
			c := newClock()
			s := open(t, Options{Now: c.now},
				CA{Name: "ours", Anchors: root.pem(), Intermediates: issuing.pem(), Level: 3, Revocation: []Source{
					{Name: "list", Kind: SourceCRL, URL: at.put("/list", list), Allow: here},
					{Name: "root", Kind: SourceCRL, URL: at.put("/root", root.list(paper{number: 1, next: moment.Add(time.Hour)})), Allow: here}}},
				CA{Name: "unchecked", Anchors: other.pem(), Level: 1, Revocation: []Source{{Name: "none", Kind: SourceNone}}},
				CA{Name: "silent", Anchors: stranger.pem()})
			loaded(t, s)
			v := judge(s, moment, good)
			wants(t, "good", v, Good)
			if v.CA != "ours" || v.Level != 3 || len(v.Chain) != 3 || v.Leaf == nil || v.Serial != pki.SerialOf(good.SerialNumber) || !v.Until.Equal(moment.Add(time.Hour)) {
				t.Errorf("the verdict says %+v", v)
			}
			wants(t, "good with its chain", judge(s, moment, good, issuing.c, root.c), Good)
			wants(t, "revoked", judge(s, moment, bad), Revoked)
			wants(t, "held", judge(s, moment, held), Held)
			wants(t, "expired", judge(s, moment, issuing.issue(func(c *smx509.Certificate) { c.NotAfter = moment.Add(-time.Hour) })), Expired)
			wants(t, "not yet", judge(s, moment, issuing.issue(func(c *smx509.Certificate) { c.NotBefore = moment.Add(time.Hour) })), NotYetValid)
			wants(t, "usage", judge(s, moment, issuing.issue(func(c *smx509.Certificate) { c.ExtKeyUsage = []smx509.ExtKeyUsage{smx509.ExtKeyUsageServerAuth} })), WrongUsage)
			wants(t, "key usage", judge(s, moment, issuing.issue(func(c *smx509.Certificate) { c.KeyUsage = smx509.KeyUsageKeyEncipherment })), WrongUsage)
			wants(t, "stranger's CA", judge(s, moment, newCA(t, kind, "没人", nil).issue(nil)), UnknownIssuer)
			wants(t, "no source", judge(s, moment, stranger.issue(nil)), StatusUnknown)
			wants(t, "another CA", judge(s, moment, other.issue(nil)), Good)
			forged := newCA(t, kind, "签发", newCA(t, kind, "根", nil)).issue(nil)
			wants(t, "same names, other keys", judge(s, moment, forged), UnknownIssuer)
			damaged := *good
			damaged.Raw = bytes.Clone(good.Raw)
			damaged.Raw[bytes.Index(damaged.Raw, []byte("张三"))] ^= 1
			wants(t, "not what was signed", judge(s, moment, &damaged), Chain)
			wants(t, "none", s.Set("people").Judge(t.Context(), nil, moment), None)
			wants(t, "no certificate", s.Set("people").Judge(t.Context(), [][]byte{[]byte("hello")}, moment), Malformed)
			wants(t, "no such set", s.Set("nobody").Judge(t.Context(), [][]byte{good.Raw}, moment), UnknownIssuer)
			wants(t, "stale", judge(s, moment.Add(2*time.Hour), good), StatusUnknown)
			wants(t, "revoked though stale", judge(s, moment.Add(2*time.Hour), bad), Revoked)
		})
	}
}

// TestIntermediateRevoked: a revoked CA takes the certificates below it with it, unless
// somebody has said that only holders are asked about.
func TestIntermediateRevoked(t *testing.T) {
	root := newCA(t, "sm2", "根", nil)
	issuing := newCA(t, "sm2", "签发", root)
	alice := issuing.issue(nil)
	next := moment.Add(time.Hour)
	ca := CA{Name: "ours", Anchors: root.pem(), Intermediates: issuing.pem(), Revocation: []Source{{Name: "list", Kind: SourceUpload}, {Name: "root", Kind: SourceUpload}}}
	s := open(t, Options{Now: newClock().now}, ca)
	upload(t, s, "list", issuing.list(paper{number: 1, next: next}))
	wants(t, "no root list", judge(s, moment, alice), StatusUnknown)
	upload(t, s, "root", root.list(paper{number: 1, next: next}))
	wants(t, "both lists", judge(s, moment, alice), Good)
	upload(t, s, "root", root.list(paper{number: 2, next: next, entries: entryOf(issuing.c.SerialNumber, moment, pki.CACompromise)}))
	wants(t, "CA revoked", judge(s, moment, alice), Revoked)
	ca.LeafOnly = true
	if err := s.Apply(configOf(ca)); err != nil {
		t.Fatal(err)
	}
	wants(t, "holders only", judge(s, moment, alice), Good)
}

func upload(t testing.TB, s *Store, source string, data []byte) {
	t.Helper()
	if _, err := s.Upload(t.Context(), "ours", source, data); err != nil {
		t.Fatal(err)
	}
}

// TestListsGoForward: a source never goes back, changes its kind, or takes a list that
// nobody trusted has signed; what it had stays in force.
func TestListsGoForward(t *testing.T) {
	root := newCA(t, "ecdsa", "根", nil)
	alice := root.issue(nil)
	next := moment.Add(24 * time.Hour)
	s := open(t, Options{Now: newClock().now}, CA{Name: "ours", Anchors: root.pem(), Revocation: []Source{{Name: "list", Kind: SourceUpload}}})
	gone := entryOf(alice.SerialNumber, moment, pki.Superseded)
	upload(t, s, "list", root.list(paper{number: 5, next: next, entries: gone}))
	generation := s.Generation()
	for _, c := range []struct {
		code string
		list []byte
	}{
		{"crl.number", root.list(paper{number: 4, next: next})},
		{"crl.older", root.list(paper{number: 5, this: moment.Add(-2 * time.Hour), next: next})},
		{"crl.another", root.list(paper{number: 6, base: 5, next: next})},
		{"crl.another", root.list(paper{number: 6, next: next, scope: pointScope("http://list.example/1")})},
		{"crl.signature", newCA(t, "ecdsa", "根", nil).list(paper{number: 6, next: next})},
		{"crl.signer", newCA(t, "ecdsa", "别的", nil).list(paper{number: 6, next: next})},
		{"crl.future", root.list(paper{number: 6, this: moment.Add(time.Hour), next: next})},
		{"crl.no-next-update", root.list(paper{number: 6})},
		{"crl.malformed", []byte("<html>404</html>")},
		{"crl.pem", []byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")},
	} {
		_, err := s.Upload(t.Context(), "ours", "list", c.list)
		if pki.CodeOf(err) != c.code {
			t.Errorf("%s: %v", c.code, err)
		}
		wants(t, "after "+c.code, judge(s, moment, alice), Revoked)
	}
	if s.Generation() != generation {
		t.Error("refused lists changed something")
	}
	if h := s.Health()[0]; h.Failures != 10 || h.Error == "" || h.Number != "5" || h.Entries != 1 || h.State != "good" {
		t.Errorf("health says %+v", h)
	}
	upload(t, s, "list", root.list(paper{number: 6, next: next}))
	wants(t, "the next list", judge(s, moment, alice), Good)
	if s.Generation() == generation {
		t.Error("a new list changed nothing")
	}
}

// TestDelta: what a delta adds and removes, and when it may not.
func TestDelta(t *testing.T) {
	root := newCA(t, "sm2", "根", nil)
	revokedOne, heldOne, fresh := root.issue(nil), root.issue(nil), root.issue(nil)
	next, soon := moment.Add(24*time.Hour), moment.Add(time.Hour)
	s := open(t, Options{Now: newClock().now}, CA{Name: "ours", Anchors: root.pem(),
		Revocation: []Source{{Name: "list", Kind: SourceUpload}, {Name: "delta", Kind: SourceUpload}}})
	entry := func(c *smx509.Certificate, r pki.Reason) []byte { return entryOf(c.SerialNumber, moment, r) }
	full := append(entry(revokedOne, pki.KeyCompromise), entry(heldOne, pki.CertificateHold)...)
	removed := append(entry(revokedOne, pki.RemoveFromCRL), entry(heldOne, pki.RemoveFromCRL)...)
	removed = append(removed, entry(fresh, pki.CessationOfOperation)...)

	upload(t, s, "delta", root.list(paper{number: 12, base: 11, next: soon, entries: removed}))
	wants(t, "a delta alone revokes", judge(s, moment, fresh), Revoked)
	wants(t, "a delta alone says nothing good", judge(s, moment, root.issue(nil)), StatusUnknown)
	upload(t, s, "list", root.list(paper{number: 10, next: next, entries: full}))
	wants(t, "a delta with a gap revokes", judge(s, moment, fresh), Revoked)
	wants(t, "a delta with a gap releases nothing", judge(s, moment, heldOne), Held)
	upload(t, s, "list", root.list(paper{number: 11, next: next, entries: full}))
	wants(t, "released", judge(s, moment, heldOne), Good)
	wants(t, "revoked is for ever", judge(s, moment, revokedOne), Revoked)
	wants(t, "untouched", judge(s, moment, root.issue(nil)), Good)
	wants(t, "stale delta", judge(s, moment.Add(2*time.Hour), root.issue(nil)), StatusUnknown)
	wants(t, "stale delta revokes", judge(s, moment.Add(2*time.Hour), fresh), Revoked)
	wants(t, "stale delta releases nothing", judge(s, moment.Add(2*time.Hour), heldOne), Held)
	upload(t, s, "list", root.list(paper{number: 13, next: next, entries: entry(heldOne, pki.CertificateHold)}))
	wants(t, "a list newer than the delta", judge(s, moment, heldOne), Held)
	wants(t, "and its good ones", judge(s, moment, fresh), Good)
}

// TestPartitions: a list of one distribution point speaks about its certificates only.
func TestPartitions(t *testing.T) {
	root := newCA(t, "ecdsa", "根", nil)
	at := func(n string) func(*smx509.Certificate) {
		return func(c *smx509.Certificate) { c.CRLDistributionPoints = []string{"http://list.example/" + n} }
	}
	one, two, none := root.issue(at("1")), root.issue(at("2")), root.issue(nil)
	s := open(t, Options{Now: newClock().now}, CA{Name: "ours", Anchors: root.pem(),
		Revocation: []Source{{Name: "one", Kind: SourceUpload}, {Name: "two", Kind: SourceUpload}}})
	next := moment.Add(time.Hour)
	upload(t, s, "one", root.list(paper{number: 1, next: next, scope: pointScope("http://list.example/1")}))
	wants(t, "its own partition", judge(s, moment, one), Good)
	wants(t, "another partition", judge(s, moment, two), StatusUnknown)
	upload(t, s, "two", root.list(paper{number: 1, next: next, scope: pointScope("http://list.example/2"), entries: entryOf(two.SerialNumber, moment, 0)}))
	wants(t, "revoked in its own", judge(s, moment, two), Revoked)
	wants(t, "without a distribution point", judge(s, moment, none), StatusUnknown)
}

// TestStaleRules: refuse by default, a CA may allow, a set overrules.
func TestStaleRules(t *testing.T) {
	root := newCA(t, "ecdsa", "根", nil)
	alice := root.issue(nil)
	ca := CA{Name: "ours", Anchors: root.pem(), Stale: StaleRule{AllowFor: "2h"}, Revocation: []Source{{Name: "list", Kind: SourceUpload}}}
	s := open(t, Options{Now: newClock().now}, ca)
	upload(t, s, "list", root.list(paper{number: 1, next: moment}))
	v := judge(s, moment.Add(time.Hour), alice)
	wants(t, "an hour late", v, Good)
	if !v.Stale || !v.Until.Equal(moment.Add(2*time.Hour)) {
		t.Errorf("stale %v until %v", v.Stale, v.Until)
	}
	wants(t, "three hours late", judge(s, moment.Add(3*time.Hour), alice), StatusUnknown)
	config := configOf(ca)
	config.Sets[0].Stale = &StaleRule{}
	if err := s.Apply(config); err != nil {
		t.Fatal(err)
	}
	wants(t, "the set refuses", judge(s, moment.Add(time.Hour), alice), StatusUnknown)
	wants(t, "not late", judge(s, moment, alice), Good)
}

// TestStaleRulesOfTwoServices: of two services that trust one CA, each by a set of its own,
// one takes data out of date for a while and the other refuses, at the same time.
func TestStaleRulesOfTwoServices(t *testing.T) {
	root := newCA(t, "sm2", "根", nil)
	alice := root.issue(nil)
	config := configOf(CA{Name: "ours", Anchors: root.pem(), Revocation: []Source{{Name: "list", Kind: SourceUpload}}})
	patient := config.Sets[0]
	patient.Name, patient.Stale = "patient", &StaleRule{AllowFor: "2h"}
	config.Sets = append(config.Sets, patient)
	s := open(t, Options{Now: newClock().now}, config.CAs...)
	if err := s.Apply(config); err != nil {
		t.Fatal(err)
	}
	upload(t, s, "list", root.list(paper{number: 1, next: moment}))
	for _, c := range []struct {
		after           time.Duration
		strict, patient Code
	}{{0, Good, Good}, {time.Hour, StatusUnknown, Good}, {3 * time.Hour, StatusUnknown, StatusUnknown}} {
		at := moment.Add(c.after)
		wants(t, fmt.Sprint("the strict one, ", c.after, " late"), s.Set(config.Sets[0].Name).Judge(t.Context(), [][]byte{alice.Raw}, at), c.strict)
		wants(t, fmt.Sprint("the patient one, ", c.after, " late"), s.Set("patient").Judge(t.Context(), [][]byte{alice.Raw}, at), c.patient)
	}
}

// TestTrustRows: end date and uses of a CA, and that sources keep their data when the
// rest of the configuration changes.
func TestTrustRows(t *testing.T) {
	root, other := newCA(t, "sm2", "根", nil), newCA(t, "ecdsa", "他省", nil)
	alice := root.issue(nil)
	ca := CA{Name: "ours", Anchors: root.pem(), Revocation: []Source{{Name: "list", Kind: SourceUpload}}}
	s := open(t, Options{Now: newClock().now}, ca)
	set := s.Set("people")
	upload(t, s, "list", root.list(paper{number: 1, next: moment.Add(time.Hour)}))
	apply := func(c Config) {
		t.Helper()
		if err := s.Apply(c); err != nil {
			t.Fatal(err)
		}
	}
	ca.Until = moment.Add(time.Minute)
	both := configOf(ca, CA{Name: "other", Anchors: other.pem()})
	apply(both)
	v := set.Judge(t.Context(), [][]byte{alice.Raw}, moment)
	wants(t, "before the end", v, Good)
	if !v.Until.Equal(ca.Until) {
		t.Error("the verdict outlives the CA's acceptance:", v.Until)
	}
	wants(t, "after the end", set.Judge(t.Context(), [][]byte{alice.Raw}, ca.Until), UnknownIssuer)
	if n := len(both.AuthorityNames("people")); n != 2 {
		t.Errorf("%d authorities are named", n)
	}
	ca.Until, ca.Uses = time.Time{}, []string{UseSeal}
	apply(configOf(ca))
	wants(t, "not for logging in", set.Judge(t.Context(), [][]byte{alice.Raw}, moment), WrongUsage)
	apply(Config{})
	wants(t, "gone", set.Judge(t.Context(), [][]byte{alice.Raw}, moment), UnknownIssuer)
	if len(s.Health()) != 0 {
		t.Error("a source runs on")
	}
}

// TestInherited: a list outlives changes of its CA's row, as long as whoever signed it
// stays; uploads above all, which nobody could fetch again.
func TestInherited(t *testing.T) {
	root := newCA(t, "ecdsa", "根", nil)
	issuing, other := newCA(t, "ecdsa", "签发", root), newCA(t, "ecdsa", "签发二", root)
	alice := issuing.issue(nil)
	ca := CA{Name: "ours", Anchors: root.pem(), Intermediates: issuing.pem(), LeafOnly: true, Revocation: []Source{{Name: "list", Kind: SourceUpload}}}
	options := Options{Now: newClock().now, Dir: t.TempDir()}
	s := open(t, options, ca)
	upload(t, s, "list", issuing.list(paper{number: 3, next: moment.Add(time.Hour), entries: entryOf(alice.SerialNumber, moment, 0)}))
	ca.Intermediates += other.pem()
	apply := func() {
		t.Helper()
		if err := s.Apply(configOf(ca)); err != nil {
			t.Fatal(err)
		}
	}
	apply()
	wants(t, "one CA more", judge(s, moment, alice), Revoked)
	if _, err := s.Upload(t.Context(), "ours", "list", issuing.list(paper{number: 2, next: moment.Add(time.Hour)})); pki.CodeOf(err) != "crl.number" {
		t.Error("the number is forgotten:", err)
	}
	s.Close()
	ca.Level = 2
	s = open(t, options, ca)
	wants(t, "after a restart", judge(s, moment, alice), Revoked)
	ca.Intermediates = other.pem()
	apply()
	wants(t, "its signer gone", judge(s, moment, alice, issuing.c), StatusUnknown)
}

// TestConfigurations: what cannot work is refused with the field named, and nothing of
// it is applied.
func TestConfigurations(t *testing.T) {
	root := newCA(t, "ecdsa", "根", nil)
	leaf := root.issue(nil)
	fits := func() CA {
		return CA{Name: "ours", Anchors: root.pem(), Revocation: []Source{{Name: "list", Kind: SourceCRL, URL: "http://list.example/1"}}}
	}
	s := open(t, Options{}, CA{Name: "ours", Anchors: root.pem()})
	for field, edit := range map[string]func(*Config){
		"trust.cas: ":                          func(c *Config) { c.CAs[0].Name = "No Name" },
		"cas[ours].anchors":                    func(c *Config) { c.CAs[0].Anchors = "" },
		"cas[ours].anchors: certificate 1 is":  func(c *Config) { c.CAs[0].Anchors = string(pemOf(leaf.Raw)) },
		"cas[ours].intermediates":              func(c *Config) { c.CAs[0].Intermediates = "hello" },
		"cas[ours].level":                      func(c *Config) { c.CAs[0].Level = 10 },
		"cas[ours].uses":                       func(c *Config) { c.CAs[0].Uses = []string{"everything"} },
		"cas[ours].stale.allowFor":             func(c *Config) { c.CAs[0].Stale.AllowFor = "soon" },
		"cas[ours].revocation[list].kind":      func(c *Config) { c.CAs[0].Revocation[0].Kind = "guess" },
		"cas[ours].revocation[list].url":       func(c *Config) { c.CAs[0].Revocation[0].URL = "gopher://list.example/" },
		"[list].url: a password may":           func(c *Config) { c.CAs[0].Revocation[0].URL = "http://me:secret@list.example/" },
		"[list].url: the password would":       func(c *Config) { c.CAs[0].Revocation[0].PasswordFile = "p" },
		"[list].url: a file needs":             func(c *Config) { c.CAs[0].Revocation[0].URL = "file:list.crl" },
		"[list].url: the address of the direc": func(c *Config) { c.CAs[0].Revocation[0].URL = "ldap://dir.example/?a?sub" },
		"[list].allow":                         func(c *Config) { c.CAs[0].Revocation[0].Allow = []string{"localhost"} },
		"[list].every":                         func(c *Config) { c.CAs[0].Revocation[0].Every = "1ms" },
		"[list].roots":                         func(c *Config) { c.CAs[0].Revocation[0].Roots = "x" },
		"[list].issuer":                        func(c *Config) { c.CAs[0].Revocation[0] = Source{Name: "list", Kind: SourceJournal} },
		"no status journal":                    func(c *Config) { c.CAs[0].Revocation[0] = Source{Name: "list", Kind: SourceJournal, Issuer: "sm2"} },
		"cas[ours].revocation: the name":       func(c *Config) { c.CAs[0].Revocation = append(c.CAs[0].Revocation, c.CAs[0].Revocation[0]) },
		"and there are others": func(c *Config) {
			c.CAs[0].Revocation = append(c.CAs[0].Revocation, Source{Name: "none", Kind: SourceNone})
		},
		"sets[people].cas": func(c *Config) { c.Sets[0].CAs = nil },
		"there is no CA":   func(c *Config) { c.Sets[0].CAs = []string{"theirs"} },
		"an anchor in common": func(c *Config) {
			other := fits()
			other.Name = "other"
			c.CAs, c.Sets[0].CAs = append(c.CAs, other), []string{"ours", "other"}
		},
	} {
		c := configOf(fits())
		edit(&c)
		err := s.Apply(c)
		if pki.KindOf(err) != pki.Invalid || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %v", field, err)
		}
		if strings.Contains(err.Error(), "secret") {
			t.Error("a password stands in an error")
		}
	}
	if h := s.Health(); len(h) != 0 {
		t.Error("something of a refused configuration runs")
	}
	if err := Check(configOf(fits())); err != nil {
		t.Error(err)
	}
}

// TestWhen: how soon a source is looked at again: after failures ever later, before a
// list ends, and not in a year because the clock was ahead.
func TestWhen(t *testing.T) {
	for fails, want := range map[int]time.Duration{1: 5 * time.Second, 2: 10 * time.Second, 5: 80 * time.Second, 100: 10 * time.Minute} {
		if got := backOff(fails); got != want {
			t.Errorf("after %d failures: %v", fails, got)
		}
	}
	c := newClock()
	s, err := New(Config{}, Options{Now: c.now})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for range 100 {
		if d := s.jitter(100 * time.Second); d < 90*time.Second || d > 110*time.Second {
			t.Fatal("jitter makes of 100 s", d)
		}
	}
	f := newFeed(s, &sourcePlan{every: time.Hour})
	for left, want := range map[time.Duration]time.Duration{-time.Hour: 30 * time.Second, time.Minute: 30 * time.Second, 10 * time.Minute: 5 * time.Minute, 900 * time.Hour: time.Hour} {
		f.current.Store(&list{nextUpdate: moment.Add(left)})
		if got := f.pause(moment); got != want {
			t.Errorf("a list with %v to live: %v", left, got)
		}
	}
	f.current.Store(&list{nextUpdate: moment.Add(900 * time.Hour)})
	f.note(fetched{}, nil)
	if d := f.due(moment); d < 50*time.Minute {
		t.Error("due in", d)
	}
	if d := f.due(moment.AddDate(-1, 0, 0)); d != 0 {
		t.Error("with the clock set back, due in", d)
	}
}

// TestMemory: the paths remembered are bounded, and a bad path that somebody else sent
// does not push a good one out.
func TestMemory(t *testing.T) {
	root := newCA(t, "ecdsa", "根", nil)
	issuing := newCA(t, "ecdsa", "签发", root)
	s := open(t, Options{Now: newClock().now, Remember: memoryShards}, CA{Name: "ours", Anchors: root.pem(), Revocation: []Source{{Name: "none", Kind: SourceNone}}})
	alice := issuing.issue(nil)
	wants(t, "without its CA", judge(s, moment, alice), UnknownIssuer)
	wants(t, "with its CA", judge(s, moment, alice, issuing.c), Good)
	wants(t, "remembered", judge(s, moment, alice), Good)
	for range 100 {
		judge(s, moment, issuing.issue(func(c *smx509.Certificate) { c.SerialNumber = big.NewInt(issuing.next) }), issuing.c)
	}
	kept := 0
	m := s.Set("people").state.Load().memory
	for i := range m.shards {
		kept += len(m.shards[i].ring)
		if len(m.shards[i].at) != len(m.shards[i].ring) {
			t.Error("the index and the ring differ")
		}
	}
	if kept > memoryShards {
		t.Errorf("%d paths are remembered", kept)
	}
}
