package ceremony

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"onecert/keys"
	"onecert/pki"
)

func randomOf() io.Reader { return rand.Reader }

// List numbers only grow, from ceremony to ceremony, and may be made to jump.
func TestListNumbersGrow(t *testing.T) {
	o := newOffice(t)
	o.hold(rootAct("root", pki.P256) + listAct("root", ""))
	for want := int64(2); want <= 3; want++ {
		if list := parseList(t, o.hold(listAct("root", "")), "root"); list.Number.Int64() != want {
			t.Errorf("list %s, want %d", list.Number, want)
		}
	}
	if list := parseList(t, o.hold(listAct("root", ", number: 40")), "root"); list.Number.Int64() != 40 {
		t.Error(list.Number)
	}
	for _, number := range []string{"40", "39", "1"} {
		o.refused(listAct("root", ", number: "+number), "ceremony.number")
	}
	if state := o.state(); state.Generation != 4 || state.find("root").List.Number != 40 {
		t.Errorf("%+v", state)
	}
	for _, name := range []string{"root-state-1.yaml", "root-state-2.yaml", "root-state-3.yaml", "lists/root-1.crl", "lists/root-40.crl"} {
		if !exists(filepath.Join(o.dir, "state", name)) {
			t.Errorf("%s is not kept", name)
		}
	}
}

// What was revoked stays revoked, and nothing is revoked twice or without having been
// issued.
func TestRevocationsStay(t *testing.T) {
	o := newOffice(t)
	o.hold(rootAct("root", pki.P256) + issuingAct("a", "root", pki.P256, "") + issuingAct("b", "root", pki.P256, ""))
	serial := o.state().find("root").Issued[1].Serial
	o.hold(listAct("root", ", revoke: [{authority: a, reason: keyCompromise}]"))
	result := o.hold(listAct("root", fmt.Sprintf(", revoke: [{serial: '%s', reason: superseded}]", serial)))
	list := parseList(t, result, "root")
	if len(list.RevokedCertificateEntries) != 2 || list.RevokedCertificateEntries[0].ReasonCode != 1 || list.RevokedCertificateEntries[1].ReasonCode != 4 {
		t.Errorf("%+v", list.RevokedCertificateEntries)
	}
	o.refused(listAct("root", ", revoke: [{authority: a, reason: superseded}]"), "ceremony.revoke")
	o.refused(listAct("root", ", revoke: [{serial: 'abcdef', reason: superseded}]"), "ceremony.revoke")
}

// A state that does not fit its files, or is older than they are, is not worked with.
func TestWrongStates(t *testing.T) {
	make := func() (*office, string) {
		o := newOffice(t)
		o.hold(rootAct("root", pki.P256) + listAct("root", ""))
		o.hold(listAct("root", ""))
		return o, filepath.Join(o.dir, "state")
	}
	edit := func(state, from, to string) {
		path := filepath.Join(state, stateFile)
		data, err := os.ReadFile(path)
		must(t, err)
		changed := strings.Replace(string(data), from, to, 1)
		if changed == string(data) {
			t.Fatalf("the state has no %q", from)
		}
		must(t, os.WriteFile(path, []byte(changed), 0o600))
	}
	for name, spoil := range map[string]func(o *office, state string){
		"an old copy beside newer lists": func(_ *office, state string) {
			must(t, os.Rename(filepath.Join(state, "root-state-1.yaml"), filepath.Join(state, stateFile)))
		},
		"a lower number":   func(_ *office, state string) { edit(state, "number: 2", "number: 1") },
		"a list missing":   func(_ *office, state string) { must(t, os.Remove(filepath.Join(state, "lists/root-2.crl"))) },
		"a list exchanged": func(_ *office, state string) { exchange(t, state, "lists/root-2.crl", "lists/root-1.crl") },
		"a list of nobody": func(_ *office, state string) {
			must(t, os.WriteFile(filepath.Join(state, "lists/root-2.crl"), []byte("x"), 0o600))
		},
		"another hash": func(_ *office, state string) { edit(state, "sha256: ", "sha256: 00") },
		"a path elsewhere": func(_ *office, state string) {
			edit(state, "certificate: certs/root.pem", "certificate: ../../root.pem")
		},
		"an unknown key":    func(_ *office, state string) { edit(state, "generation:", "colour: red\ngeneration:") },
		"no generation":     func(_ *office, state string) { edit(state, "generation: 2", "generation: 0") },
		"two documents":     func(_ *office, state string) { edit(state, "generation:", "generation: 2\n---\ngeneration:") },
		"an unknown kind":   func(_ *office, state string) { edit(state, "kind: root", "kind: leaf") },
		"the state is gone": func(_ *office, state string) { must(t, os.Remove(filepath.Join(state, stateFile))) },
		"certificate is not": func(_ *office, state string) {
			must(t, os.WriteFile(filepath.Join(state, "certs/root.pem"), []byte("x"), 0o600))
		},
	} {
		o, state := make()
		spoil(o, state)
		_, err := Run(t.Context(), o.config(listAct("root", "")))
		if code := pki.CodeOf(err); code != "ceremony.state" && code != "ceremony.list" && code != "ceremony.certificate" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func exchange(t *testing.T, dir, a, b string) {
	t.Helper()
	data := read(t, dir, b)
	must(t, os.WriteFile(filepath.Join(dir, a), data, 0o600))
}

// A rehearsal of a later ceremony needs no custodian, touches nothing, and signs with
// keys that nobody trusts.
func TestRehearsalOfALaterCeremony(t *testing.T) {
	o := newOffice(t)
	first := o.hold(rootAct("root", pki.SM2) + issuingAct("web", "root", pki.SM2, ", name_constraints: {permitted: {dns: [gov.example]}}") + listAct("root", ""))
	before := o.snapshot()
	web := openIssuer(t, first, "web")
	o.file("final.crl", web.list(t, 5))
	cfg := o.config("  - rollover: {authority: web, id: web-2, years: 9, old_key: 'file:nowhere.pem?pass=file:nowhere', key: 'file:/nowhere/web-2.pem?pass=file:/nowhere/pass'}\n" +
		"  - retire: {authority: web, final_crl: final.crl}\n" + listAct("root", "") + "  - reshare: {authority: root, split: {shares: 5, threshold: 2}}\n")
	cfg.Rehearse, cfg.People = true, Rehearsal{}
	result, err := Run(t.Context(), cfg)
	must(t, err)
	if !result.Rehearsal || o.snapshot() != before {
		t.Error("the state was touched")
	}
	o.whole(cfg.Out)
	made := chainOf(t, cfg.Out+"/result/certs/web-2.pem")
	if bytes.Equal(made[1].RawSubjectPublicKeyInfo, web.chain[1].RawSubjectPublicKeyInfo) || made[0].CheckSignatureFrom(web.chain[1]) == nil {
		t.Error("the rehearsal has used the real key")
	}
	if !bytes.Equal(made[1].RawSubject, web.chain[1].RawSubject) || !made[1].NotAfter.Equal(web.chain[1].NotAfter) || made[0].CheckSignatureFrom(made[1]) != nil {
		t.Error("the stand-in says something else than the root")
	}
	if parseList(t, cfg.Out+"/result", "root").RevokedCertificateEntries[0].SerialNumber.Cmp(web.chain[0].SerialNumber) != 0 {
		t.Error("the rehearsed list does not revoke the real certificate")
	}
	if !strings.Contains(string(read(t, cfg.Out, "result/"+issuersFile)), "REHEARSAL") {
		t.Error("the fragment does not say that it is a rehearsal's")
	}
	cfg.Rehearse, cfg.Out = false, cfg.Out+"-real"
	if _, err := Run(t.Context(), cfg); pki.CodeOf(err) != "ceremony.rehearsal" {
		t.Errorf("a real ceremony without people: %v", err)
	}
}

// onLine is a root with an issuing CA whose keys lie beside each other, as a first start
// makes them.
func onLine(t *testing.T, o *office) (root, web issuer) {
	t.Helper()
	o.file("pass", []byte("one passphrase for all\n"))
	made := func(name string, parent *Signer, years, pathLen int) *keys.Key {
		key, err := keys.Generate(keys.URI{Path: filepath.Join(o.dir, name+".pem"), Pass: filepath.Join(o.dir, "pass")}.String(), pki.P256, keys.Options{})
		must(t, err)
		subject, err := subjectDER("C=CN, CN=在线 " + name)
		must(t, err)
		c, err := Certify(rand.Reader, pki.Authority{Subject: subject, PublicKey: key.Public(), NotBefore: startOfTime, NotAfter: startOfTime.AddDate(years, 0, 0), PathLen: pathLen}, key, parent)
		must(t, err)
		o.file(name+".crt", certsPEM(c))
		return key
	}
	rootKey := made("root", nil, 20, -1)
	root = issuer{rootKey, chainOf(t, filepath.Join(o.dir, "root.crt"))}
	webKey := made("web", &Signer{ID: "root", Key: rootKey, Certificate: root.chain[0], Addresses: Addresses{CRL: "http://a.example/crl", AIA: "http://a.example/aia"}}, 9, 0)
	return root, issuer{webKey, chainOf(t, filepath.Join(o.dir, "web.crt"))}
}

// A root that was on line goes off line: its key is split, its lists go on.
func TestAdopt(t *testing.T) {
	o := newOffice(t)
	root, web := onLine(t, o)
	o.file("root.crl", root.list(t, 41))
	act := "  - adopt: {id: root, certificate: root.crt, old_key: 'file:root.pem?pass=file:pass', crl: root.crl, split: {shares: 5, threshold: 3}, addresses: " + addresses +
		", issuing: [{id: web, certificate: web.crt, partitions: 8, addresses: " + addresses + "}]}\n"
	rehearsal := o.config(act)
	rehearsal.Rehearse, rehearsal.People = true, Rehearsal{}
	_, err := Run(t.Context(), rehearsal)
	must(t, err)
	if made := chainOf(t, rehearsal.Out+"/result/certs/root.pem")[0]; bytes.Equal(made.RawSubjectPublicKeyInfo, root.chain[0].RawSubjectPublicKeyInfo) {
		t.Error("a rehearsal has taken the real key")
	}
	o.refused(strings.Replace(act, "file:root.pem", "file:web.pem", 1), "ceremony.adopt")
	o.refused(strings.Replace(act, "certificate: root.crt", "certificate: web.crt", 1), "ceremony.adopt")
	o.file("root.crl", web.list(t, 41))
	o.refused(act, "ceremony.list")
	o.file("root.crl", root.list(t, 41))
	o.hold(act)
	result := o.hold(listAct("root", ", revoke: [{authority: web, reason: keyCompromise}]"))
	list := parseList(t, result, "root")
	if list.Number.Int64() != 42 || list.CheckSignatureFrom(root.chain[0]) != nil || list.RevokedCertificateEntries[0].SerialNumber.Cmp(web.chain[0].SerialNumber) != 0 {
		t.Errorf("%+v", list)
	}
}

// The moments in a state survive its file.
func TestStateRoundTrip(t *testing.T) {
	s := &State{Authorities: []*Record{{ID: "root", Kind: kindRoot, Suite: pki.SM2, Issued: []IssuedRecord{{Serial: "01", Revoked: &RevokedRecord{At: startOfTime, Reason: "superseded"}}}}}}
	data, err := s.next("一", startOfTime, nil)
	must(t, err)
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, stateFile), data, 0o600))
	got, _, err := loadState(dir)
	must(t, err)
	again, err := got.next("二", startOfTime.Add(time.Hour), data)
	must(t, err)
	if got.Previous != hash(data) || got.Generation != 2 || !got.find("root").Issued[0].Revoked.At.Equal(startOfTime) || !got.find("root").Issued[0].Revoked.Invalid.IsZero() || len(again) == 0 {
		t.Errorf("%+v", got)
	}
}
