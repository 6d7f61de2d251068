package ca_test

import (
	"context"
	"crypto/rand"
	"crypto/x509/pkix"
	"fmt"
	"os"
	"path"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/ca"
	"onecert/keys"
	"onecert/officer"
	"onecert/pki"
	"onecert/pkitest"
)

// staffed opens a CA whose rights are those of a registry, with officers in it.
func staffed(t testing.TB, source string, network bool) (*house, map[string]context.Context) {
	t.Helper()
	h := open(t, source, func(c *ca.Config) {
		registry, err := officer.Open(context.Background(), c.DB, c.Audit, c.Now)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(registry.Close)
		c.Officers, c.Check = registry, registry.Check
		c.Signing = &fakeSigning{t: t, keys: map[string]*keys.Key{}}
	})
	if network {
		h.remote, h.authority = true, overNetwork(t, h.room)
	}
	people := map[string]context.Context{}
	for name, role := range map[string]string{"sys": officer.System, "sys2": officer.System, "sec": officer.Security, "aud": officer.Audit, "iss": officer.Issuer} {
		people[name] = h.register(name, role)
	}
	return h, people
}

func (h *house) register(name, role string) context.Context {
	h.t.Helper()
	key, serial := newKey(pki.P256), pki.Serial("")
	serial, err := pki.NewSerial(rand.Reader)
	if err != nil {
		h.t.Fatal(err)
	}
	template := &smx509.Certificate{SerialNumber: serial.Big(), Subject: pkix.Name{CommonName: name}, NotBefore: startOfTime, NotAfter: startOfTime.AddDate(9, 0, 0)}
	der, err := smx509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		h.t.Fatal(err)
	}
	machine := pki.WithActor(context.Background(), pki.Actor{Name: "machine"})
	o, err := h.cfg.Officers.Register(machine, officer.Registration{Certificate: der, Name: name, Kind: officer.KindOf(role), Roles: []string{role}, Issuer: "ecdsa"})
	if err != nil {
		h.t.Fatal(err)
	}
	return pki.WithActor(context.Background(), pki.Actor{Name: name, Roles: []string{role}, Certificate: o.Fingerprint})
}

// delivered is the text of a delivered profile with changes: old, new, old, new.
func delivered(t *testing.T, name string, changes ...string) string {
	t.Helper()
	text, err := os.ReadFile(path.Join("profiles", name+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	out := string(text)
	for i := 0; i < len(changes); i += 2 {
		if !strings.Contains(out, changes[i]) {
			t.Fatalf("profile %s has no %q", name, changes[i])
		}
		out = strings.Replace(out, changes[i], changes[i+1], 1)
	}
	return out
}

// eachStaffed is each with officers and their rights.
func eachStaffed(t *testing.T, act func(t *testing.T, h *house, people map[string]context.Context)) {
	for _, network := range []bool{false, true} {
		t.Run(map[bool]string{false: "in process", true: "network"}[network], func(t *testing.T) {
			pkitest.EachDatabase(t, func(t *testing.T, source string) {
				h, people := staffed(t, source, network)
				act(t, h, people)
			})
		})
	}
}

func (h *house) hashOf(name string) string {
	h.t.Helper()
	all, err := h.room.Profiles(pki.WithActor(context.Background(), pki.Actor{Name: "x", Roles: []string{officer.Audit}}))
	if err != nil {
		h.t.Fatal(err)
	}
	for _, p := range all {
		if p.Name == name {
			return p.Hash
		}
	}
	return ""
}

func TestProfilesChangeByTwoPersons(t *testing.T) {
	eachStaffed(t, func(t *testing.T, h *house, people map[string]context.Context) {
		old := mustIssue(t, withActor{h, people["iss"]}, order(t, "before", pki.SM2))
		longer := delivered(t, "person-sign", "version: 1", "version: 2", "days: 1095", "days: 730")
		change := ca.ProfileChange{Profiles: []string{longer}, Reason: "two years are enough"}
		p, err := h.ProposeProfiles(people["sys"], change)
		if err != nil {
			t.Fatal(err)
		}
		c := p.Changes[0]
		if len(p.Changes) != 1 || c.Name != "person-sign" || c.From != 1 || c.To != 2 || len(c.Hash) != 64 || len(p.Missing) != 1 ||
			p.Missing[0] != (officer.Need{Role: officer.Security, Count: 1}) || !p.Expires.Equal(h.clock.Now().AddDate(0, 0, 7)) {
			t.Errorf("%+v", p)
		}
		for _, line := range []string{"- version: 1\n", "+ version: 2\n", "  name: person-sign\n", "…\n", "days: 730"} {
			if !strings.Contains(c.Lines, line) {
				t.Errorf("the difference does not show %q:\n%s", line, c.Lines)
			}
		}
		if h.hashOf("person-sign") == c.Hash {
			t.Error("one person changed a profile")
		}
		_, err = h.cfg.Officers.Approve(people["sys2"], p.Approval, p.Digest)
		wantCode(t, err, pki.Forbidden, "officer.forbidden")
		shown, err := h.cfg.Officers.Approval(people["sec"], p.Approval)
		if err != nil || !strings.Contains(shown.Summary, "+ version: 2") || !strings.Contains(shown.Content, "name: person-sign") {
			t.Errorf("%+v %v", shown, err)
		}
		if _, err := h.cfg.Officers.Approve(people["sec"], p.Approval, p.Digest); err != nil {
			t.Fatal(err)
		}
		fresh := mustIssue(t, withActor{h, people["iss"]}, order(t, "after", pki.SM2))
		if fresh.Sign.ProfileHash != c.Hash || old.Sign.ProfileHash == c.Hash || fresh.Encrypt.ProfileHash != old.Encrypt.ProfileHash {
			t.Errorf("made from %s and %s, changed to %s", old.Sign.ProfileHash, fresh.Sign.ProfileHash, c.Hash)
		}
		if days := fresh.Sign.NotAfter.Sub(h.clock.Now()).Hours() / 24; days != 730 {
			t.Errorf("good for %v days", days)
		}
		h.restart() // the file says version 1 still
		if h.hashOf("person-sign") != c.Hash {
			t.Error("the change was lost with a restart")
		}
		versions, err := h.ProfileVersions(people["aud"], "person-sign", ca.VersionQuery{})
		if err != nil || len(versions) != 2 || versions[0].Approval != "" || versions[0].AddedBy != "ca" || versions[1].Approval != p.Approval ||
			versions[1].AddedBy != "sys" || versions[1].YAML != longer || versions[1].Hash != c.Hash || versions[0].Hash != old.Sign.ProfileHash {
			t.Errorf("%+v %v", versions, err)
		}
		for _, q := range []ca.VersionQuery{{Limit: 1}, {After: versions[0].Version}, {After: versions[1].Version, Limit: 9}} {
			some, err := h.ProfileVersions(people["aud"], "person-sign", q)
			want := map[int]int{0: versions[0].Version, versions[0].Version: versions[1].Version}[q.After]
			if err != nil || len(some) != min(want, 1) || want > 0 && some[0].Version != want {
				t.Errorf("%+v: %+v, %v", q, some, err)
			}
		}
		_, err = h.ProfileVersions(people["aud"], "nosuch", ca.VersionQuery{})
		wantCode(t, err, pki.Unknown, "profile.unknown")
	})
}

// withActor lets helpers that act as the office act as somebody registered.
type withActor struct {
	authority
	ctx context.Context
}

func (w withActor) Issue(_ context.Context, o ca.Order) (*ca.Issued, error) {
	return w.authority.Issue(w.ctx, o)
}

func TestRefusedProfileChanges(t *testing.T) {
	eachStaffed(t, func(t *testing.T, h *house, people map[string]context.Context) {
		two := []string{"version: 1", "version: 2"}
		for name, c := range map[string]struct {
			profiles []string
			kind     pki.Kind
			code     string
		}{
			"unknown key":    {[]string{delivered(t, "site", "name: site", "nom: site")}, pki.Invalid, "profile.wrong"},
			"a broken rule":  {[]string{delivered(t, "site", append(two, "days: 365", "days: 0")...)}, pki.Invalid, "profile.wrong"},
			"not YAML":       {[]string{"\x01"}, pki.Invalid, "profile.wrong"},
			"the same again": {[]string{delivered(t, "site")}, pki.Conflict, "profile.version"},
			"another kind":   {[]string{delivered(t, "site", append(two, "kind: site", "kind: device")...)}, pki.Conflict, "profile.kind"},
			"half a pair":    {[]string{delivered(t, "person-sign", append(two, "person-encrypt", "clerk-encrypt")...)}, pki.Invalid, "profile.wrong"},
			"twice":          {[]string{delivered(t, "site", two...), delivered(t, "site", "version: 1", "version: 3")}, pki.Invalid, "profile.wrong"},
			"too large":      {[]string{delivered(t, "site", two...) + "#" + strings.Repeat("x", 64<<10)}, pki.Invalid, "profile.size"},
		} {
			_, err := h.ProposeProfiles(people["sys"], ca.ProfileChange{Profiles: c.profiles, Reason: "r"})
			t.Log(name)
			wantCode(t, err, c.kind, c.code)
		}
		for _, who := range []string{"sec", "aud", "iss"} {
			_, err := h.ProposeProfiles(people[who], ca.ProfileChange{Profiles: []string{delivered(t, "site", two...)}, Reason: "r"})
			wantCode(t, err, pki.Forbidden, "officer.forbidden")
		}
		// What fits no more when it is approved is refused then, and the vote with it.
		var proposals []*ca.ProposedProfiles
		for _, days := range []string{"days: 200", "days: 300"} {
			p, err := h.ProposeProfiles(people["sys"], ca.ProfileChange{Profiles: []string{delivered(t, "site", append(two, "days: 365", days)...)}, Reason: "r"})
			if err != nil {
				t.Fatal(err)
			}
			proposals = append(proposals, p)
		}
		if _, err := h.cfg.Officers.Approve(people["sec"], proposals[1].Approval, proposals[1].Digest); err != nil {
			t.Fatal(err)
		}
		_, err := h.cfg.Officers.Approve(people["sec"], proposals[0].Approval, proposals[0].Digest)
		wantCode(t, err, pki.Conflict, "profile.version")
		if h.hashOf("site") != proposals[1].Changes[0].Hash {
			t.Error("the refused change is in effect")
		}
	})
}

func TestBothHalvesOfANewPairComeTogether(t *testing.T) {
	eachStaffed(t, func(t *testing.T, h *house, people map[string]context.Context) {
		sign := delivered(t, "person-sign", "name: person-sign", "name: clerk-sign", "profile: person-encrypt", "profile: clerk-encrypt")
		half := delivered(t, "person-encrypt", "name: person-encrypt", "name: clerk-encrypt", "half_of: person-sign", "half_of: clerk-sign")
		p, err := h.ProposeProfiles(people["sys"], ca.ProfileChange{Profiles: []string{sign, half}, Reason: "clerks"})
		if err != nil {
			t.Fatal(err)
		}
		o := order(t, "clerk", pki.SM2)
		o.Profile = "clerk-sign"
		_, err = h.Issue(people["iss"], o)
		wantCode(t, err, pki.Invalid, "profile.unknown")
		if _, err := h.cfg.Officers.Approve(people["sec"], p.Approval, p.Digest); err != nil {
			t.Fatal(err)
		}
		issued, err := h.Issue(people["iss"], o)
		if err != nil || issued.Encrypt == nil || issued.Encrypt.Profile != "clerk-encrypt" || p.Changes[0].From != 0 {
			t.Errorf("%+v %v", issued, err)
		}
	})
}

// An order that was carried out gives the same certificates although its profile
// would refuse it today; one that was only begun left nothing and is made by today's.
func TestOrdersAcrossAChangeOfTheirProfile(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		h, people := staffed(t, source, false)
		done, begun := order(t, "done", pki.SM2), order(t, "begun", pki.SM2)
		done.Days = 1000
		first, err := h.Issue(people["iss"], done)
		if err != nil {
			t.Fatal(err)
		}
		h.kmc.down = pki.Errorf(pki.Unavailable, "remote.unreachable", "down")
		_, err = h.Issue(people["iss"], begun)
		wantCode(t, err, pki.Unavailable, "remote.unreachable")
		h.kmc.down = nil
		strict := delivered(t, "person-sign", "version: 1", "version: 2", "{days: 1095", "{days: 365", "max_days: 1830", "max_days: 400")
		p, err := h.ProposeProfiles(people["sys"], ca.ProfileChange{Profiles: []string{strict}, Reason: "one year"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.cfg.Officers.Approve(people["sec"], p.Approval, p.Digest); err != nil {
			t.Fatal(err)
		}
		again, err := h.Issue(people["iss"], done)
		if err != nil || string(again.Sign.DER) != string(first.Sign.DER) {
			t.Errorf("asked again: %v", err)
		}
		done.Holder = "somebody-else"
		_, err = h.Issue(people["iss"], done)
		wantCode(t, err, pki.Invalid, "order.days")
		late, err := h.Issue(people["iss"], begun)
		if err != nil || late.Sign.ProfileHash != h.hashOf("person-sign") || late.Sign.ProfileHash == first.Sign.ProfileHash {
			t.Errorf("begun under the old profile: %v", err)
		}
	})
}

// Certificates go on being made while profiles change under them; each carries the
// hash of a version that was in effect, and its days are that version's.
func TestOrdersWhileProfilesChange(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		h, people := staffed(t, source, false)
		days := map[string]int{h.hashOf("device-server-tls"): 397}
		var stop atomic.Bool
		var group sync.WaitGroup
		var mu sync.Mutex
		var made []*ca.Certificate
		for worker := range 3 {
			group.Go(func() {
				for n := 0; !stop.Load() || n == 0; n++ {
					data, _ := request(t, pki.P256, person("srv"))
					issued, err := h.Issue(people["iss"], ca.Order{Application: fmt.Sprintf("srv-%d-%d", worker, n), Profile: "device-server-tls", Request: data,
						AltNames: []pki.AltName{{Kind: "dns", Value: "a.example"}}})
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					made = append(made, issued.Sign)
					mu.Unlock()
				}
			})
		}
		for version := 3; version <= 9; version++ {
			text := delivered(t, "device-server-tls", "version: 2", fmt.Sprintf("version: %d", version), "days: 397", fmt.Sprintf("days: %d", 100+version))
			p, err := h.ProposeProfiles(people["sys"], ca.ProfileChange{Profiles: []string{text}, Reason: "r"})
			if err != nil {
				t.Fatal(err)
			}
			days[p.Changes[0].Hash] = 100 + version
			if _, err := h.cfg.Officers.Approve(people["sec"], p.Approval, p.Digest); err != nil {
				t.Fatal(err)
			}
			if h.hashOf("device-server-tls") != p.Changes[0].Hash {
				t.Error("an approved change is not in effect at once")
			}
		}
		stop.Store(true)
		group.Wait()
		for _, c := range made {
			if got := int(c.NotAfter.Sub(startOfTime).Hours()/24 + 0.5); got != days[c.ProfileHash] || got == 0 {
				t.Errorf("%s from %s is good for %d days, not %d", c.Serial, c.ProfileHash[:8], got, days[c.ProfileHash])
			}
		}
	})
}

// Files of the configuration change nothing once the CA has begun, except that a
// newer program may bring profiles of its own.
func TestFilesDoNotChangeProfiles(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		h, _ := staffed(t, source, false)
		before := h.hashOf("site")
		changed, faults := ca.ParseProfile("site.yaml", []byte(delivered(t, "site", "version: 1", "version: 9")))
		own, more := ca.ParseProfile("own.yaml", []byte(delivered(t, "site", "name: site", "name: own-site")))
		if len(faults)+len(more) > 0 {
			t.Fatal(faults, more)
		}
		h.cfg.Profiles["site"], h.cfg.Profiles["own-site"] = changed, own
		h.restart()
		if h.hashOf("site") != before || h.hashOf("own-site") != "" {
			t.Error("a file changed what two persons decide")
		}
	})
	h, people := staffed(t, sqlite(t), false)
	_ = people
	h.room.Close()
	h.exec("CREATE TABLE kept AS SELECT * FROM ca_profile WHERE name <> 'site'")
	h.exec("DROP TABLE ca_profile")
	h.exec("ALTER TABLE kept RENAME TO ca_profile")
	h.start() // as an older program left it
	if h.hashOf("site") == "" {
		t.Error("a profile that came with a newer program is not there")
	}
	h.exec("UPDATE ca_profile SET yaml = CAST(REPLACE(CAST(yaml AS TEXT), 'days: 365', 'days: 999') AS BLOB) WHERE name = 'site'")
	h.room.Close()
	_, err := ca.New(context.Background(), h.cfg)
	wantCode(t, err, pki.Internal, "profile.stored")
	h.exec("UPDATE ca_profile SET yaml = CAST(REPLACE(CAST(yaml AS TEXT), 'days: 999', 'days: 365') AS BLOB) WHERE name = 'site'")
	h.start()
}

func TestCRLNumbersAreRaisedByTwoPersons(t *testing.T) {
	eachStaffed(t, func(t *testing.T, h *house, people map[string]context.Context) {
		first, err := h.SignCRLs(people["iss"], "ecdsa")
		if err != nil {
			t.Fatal(err)
		}
		raise := ca.CRLNumber{Number: first[0].Number + 1000, Reason: "restored from Sunday's backup"}
		p, err := h.ProposeCRLNumber(people["sys"], "ecdsa", raise)
		if err != nil {
			t.Fatal(err)
		}
		_, err = h.ProposeCRLNumber(people["sec"], "ecdsa", raise)
		wantCode(t, err, pki.Forbidden, "officer.forbidden")
		_, err = h.ProposeCRLNumber(people["sys"], "nosuch", raise)
		wantCode(t, err, pki.Unknown, "issuer.unknown")
		_, err = h.ProposeCRLNumber(people["sys"], "ecdsa", ca.CRLNumber{Number: first[0].Number, Reason: "r"})
		wantCode(t, err, pki.Conflict, "crl.number")
		if _, err := h.cfg.Officers.Approve(people["sec"], p.Approval, p.Digest); err != nil {
			t.Fatal(err)
		}
		next, err := h.SignCRLs(people["iss"], "ecdsa")
		if err != nil || next[0].Number != raise.Number+1 {
			t.Errorf("%+v %v", next, err)
		}
		// A proposal that was overtaken lowers nothing.
		low, err := h.ProposeCRLNumber(people["sys"], "ecdsa", ca.CRLNumber{Number: next[0].Number + 1, Reason: "r"})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if next, err = h.SignCRLs(people["iss"], "ecdsa"); err != nil {
				t.Fatal(err)
			}
		}
		_, err = h.cfg.Officers.Approve(people["sec"], low.Approval, low.Digest)
		wantCode(t, err, pki.Conflict, "crl.number")
		last, err := h.SignCRLs(people["iss"], "ecdsa")
		if err != nil || last[0].Number != next[0].Number+1 {
			t.Errorf("%+v %v", last, err)
		}
		h.clock.add(time.Minute)
	})
}

// A key of the lineage that was destroyed after its retention is left out; the
// re-issue and the keys that are there do not suffer.
func TestReissueWithoutDestroyedKeys(t *testing.T) {
	h := open(t, sqlite(t), nil)
	first := mustIssue(t, h, order(t, "old-1", pki.SM2))
	reissue := func(application string, of *ca.Issued) *ca.Issued {
		t.Helper()
		data, _ := request(t, pki.SM2, person("林晓明"))
		issued, err := h.Reissue(as("office"), "sm2", of.Sign.Serial, ca.Change{Application: application, Request: data})
		if err != nil {
			t.Fatal(err)
		}
		return issued
	}
	second := reissue("old-2", first)
	h.kmc.gone[first.Encrypt.Serial] = true
	third := reissue("old-3", second)
	if len(second.History) != 1 || len(third.History) != 1 || third.History[0].CertNo != second.Encrypt.Serial {
		t.Errorf("%d and %+v", len(second.History), third.History)
	}
}

// FuzzDifferences holds the comparison of any two texts: bounded, and silent only
// about what is the same.
func FuzzDifferences(f *testing.F) {
	f.Add("a\nb\n", "a\nc\n")
	f.Add("", "x")
	f.Add(strings.Repeat("x\n", 300), strings.Repeat("y\n", 300))
	f.Fuzz(func(t *testing.T, before, after string) {
		got := ca.CompareLines(before, after)
		if (got == "") != (strings.TrimSuffix(before, "\n") == strings.TrimSuffix(after, "\n")) {
			t.Fatalf("%q to %q: %q", before, after, got)
		}
		if len(got) > 4*(len(before)+len(after))+100 {
			t.Fatalf("%d octets of %d", len(got), len(before)+len(after))
		}
	})
}
