package ca_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"onecert/audit"
	"onecert/ca"
	"onecert/keys"
	"onecert/officer"
	"onecert/pki"
	"onecert/pkitest"
)

// fakeSigning stands in for the centre: it keeps to the words, not to the secrets,
// which are kmc's to prove.
type fakeSigning struct {
	t      testing.TB
	mu     sync.Mutex
	keys   map[string]*keys.Key
	orders []any // what was asked, in order
}

const fakePassword = "AAAAA-BBBBB-CCCCC-DDDDD-EEEEE"

var fakeFile = []byte("a file under a password, which is not to stand anywhere")

func (f *fakeSigning) asked(o any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.orders = append(f.orders, o)
}

func (f *fakeSigning) MakeSigning(_ context.Context, o pki.SigningOrder) (pki.SigningRequest, error) {
	f.asked(o)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.keys[o.Application] == nil {
		f.keys[o.Application] = newKey(o.Suite)
	}
	return pki.SigningRequest{Application: o.Application, Request: requestOf(f.t, f.keys[o.Application], person("设备")), Expires: startOfTime.AddDate(0, 0, 30)}, nil
}

func (f *fakeSigning) SigningPassword(_ context.Context, o pki.PasswordOrder) (pki.Password, error) {
	f.asked(o)
	return pki.Password{Application: o.Application, Text: fakePassword, Again: startOfTime}, nil
}

func (f *fakeSigning) Package(_ context.Context, o pki.PackageOrder) (pki.Package, error) {
	f.asked(o)
	return pki.Package{Application: o.Application, Form: o.Form, Rounds: 100_000, Files: []pki.PackageFile{{Name: "sign.p12", Content: fakeFile}}, Until: startOfTime}, nil
}

func (f *fakeSigning) EndSigning(_ context.Context, end pki.SigningEnd) error {
	f.asked(end)
	if f.keys[end.Application] == nil {
		return pki.Errorf(pki.Unknown, "km.no-signing-key", "none")
	}
	return nil
}

func ticket() []byte { return bytes.Repeat([]byte{7}, 32) }

func keyOrder(application string) ca.HolderKeyOrder {
	return ca.HolderKeyOrder{Application: application, Profile: "device-client", Suite: pki.SM2, Ticket: ticket()}
}

// issueFor orders the certificate of a key made at the centre.
func (h *house) issueFor(ctx context.Context, application string, request []byte) *ca.Issued {
	h.t.Helper()
	issued, err := h.Issue(ctx, ca.Order{Application: application, Profile: "device-client", Request: request, Subject: person("设备一")})
	if err != nil {
		h.t.Fatal(err)
	}
	return issued
}

// A key made at the centre from the order to the package: what the CA passes on, and
// what it adds of its own.
func TestHolderKey(t *testing.T) {
	eachStaffed(t, func(t *testing.T, h *house, people map[string]context.Context) {
		centre := h.cfg.Signing.(*fakeSigning)
		site := h.register("ra1", officer.Site)
		made, err := h.MakeHolderKey(site, keyOrder("a-1"))
		if err != nil {
			t.Fatal(err)
		}
		again, err := h.MakeHolderKey(site, keyOrder("a-1"))
		if err != nil || again.Application != "a-1" || !again.Expires.Equal(made.Expires) {
			t.Errorf("%+v %v", again, err)
		}
		_, err = h.HolderKeyPassword(site, "a-1", ca.HolderPassword{Nonce: ticket()})
		wantCode(t, err, pki.Unknown, "order.unknown")
		issued := h.issueFor(site, "a-1", made.Request)
		password, err := h.HolderKeyPassword(site, "a-1", ca.HolderPassword{Nonce: ticket()})
		if err != nil || password.Text != fakePassword {
			t.Fatalf("%+v %v", password, err)
		}
		p, err := h.PackageHolderKey(site, "a-1", ca.HolderPackage{Form: pki.FormPKCS12, Ticket: ticket()})
		if err != nil || len(p.Files) != 1 || !bytes.Equal(p.Files[0].Content, fakeFile) || p.Rounds != 100_000 {
			t.Fatalf("%+v %v", p, err)
		}
		if err := h.EndHolderKey(site, "a-1", ca.HolderKeyEnd{Reason: "delivered"}); err != nil {
			t.Fatal(err)
		}
		asked := centre.orders
		if o := asked[0].(pki.SigningOrder); o.AskedBy != "ra1" || o.Suite != pki.SM2 || !bytes.Equal(o.Ticket, ticket()) {
			t.Errorf("%+v", o)
		}
		if o := asked[2].(pki.PasswordOrder); !o.SameAsker || o.AskedBy != "ra1" {
			t.Errorf("another office could ask: %+v", o)
		}
		if o := asked[4].(pki.SigningEnd); !o.SameAsker {
			t.Errorf("another office could end it: %+v", o)
		}
		o := asked[3].(pki.PackageOrder)
		if o.AskedBy != "ra1" || !bytes.Equal(o.Certificate, issued.Sign.DER) || !bytes.Equal(o.Encryption, issued.Encrypt.DER) || len(o.Chain) != 2 {
			t.Errorf("the certificates the CA adds: %d, %d, %d above", len(o.Certificate), len(o.Encryption), len(o.Chain))
		}
		for _, op := range []officer.Operation{officer.MakeHolderKey, officer.ShowHolderPassword, officer.PackageHolderKey, officer.EndHolderKey} {
			if h.told(string(op), audit.Done, "a-1") == 0 {
				t.Errorf("the log does not tell of %s", op)
			}
		}
		h.holdsNothing(t, fakePassword, string(fakeFile), string(ticket()))
	})
}

// told counts entries of an act about an object.
func (h *house) told(act string, result audit.Result, object string) (n int) {
	h.t.Helper()
	all, err := h.cfg.Audit.Search(context.Background(), audit.Query{Act: act, Object: object})
	if err != nil {
		h.t.Fatal(err)
	}
	for _, e := range all {
		if e.Result == result {
			n++
		}
	}
	return n
}

// holdsNothing looks for secrets in the files of the CA's database, in each spelling.
func (h *house) holdsNothing(t *testing.T, secrets ...string) {
	t.Helper()
	file, ok := strings.CutPrefix(h.source, "sqlite:")
	if !ok {
		return // the same writes; PostgreSQL's files are not one component's
	}
	names, err := filepath.Glob(file + "*")
	if err != nil || len(names) == 0 {
		t.Fatal("no file", err)
	}
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for i, secret := range secrets {
			for _, spelled := range []string{secret, hex.EncodeToString([]byte(secret)), base64.StdEncoding.EncodeToString([]byte(secret))} {
				if bytes.Contains(content, []byte(spelled)) {
					t.Errorf("secret %d stands in the CA's database", i)
				}
			}
		}
	}
}

// Who may not have a key made or handed out, and when.
func TestHolderKeyRefusals(t *testing.T) {
	eachStaffed(t, func(t *testing.T, h *house, people map[string]context.Context) {
		site := h.register("ra1", officer.Site)
		for name, b := range map[string]struct {
			change func(*ca.HolderKeyOrder)
			code   string
		}{
			"a person's profile": {func(o *ca.HolderKeyOrder) { o.Profile, o.Holder = "person-sign", "H-1" }, "profile.server-key"},
			"an officer's":       {func(o *ca.HolderKeyOrder) { o.Profile = "officer" }, "profile.server-key"},
			"an encrypting half": {func(o *ca.HolderKeyOrder) { o.Profile = "device-client-encrypt" }, "profile.half"},
			"none":               {func(o *ca.HolderKeyOrder) { o.Profile = "nosuch" }, "profile.unknown"},
			"a suite it has not": {func(o *ca.HolderKeyOrder) { o.Profile, o.Suite = "device-server-tls", pki.SM2 }, "profile.suite"},
			"an identity number": {func(o *ca.HolderKeyOrder) { o.Holder = "110101199003070716" }, "holder.clear"},
			"a name of its own":  {func(o *ca.HolderKeyOrder) { o.Holder = "a b" }, "holder.form"},
		} {
			o := keyOrder("b-" + fmt.Sprint(len(name)))
			b.change(&o)
			_, err := h.MakeHolderKey(site, o)
			t.Log(name)
			wantCode(t, err, pki.KindOf(err), b.code)
		}
		if len(h.cfg.Signing.(*fakeSigning).orders) != 0 {
			t.Error("the centre was asked for a key that was refused")
		}
		if h.told("holder-key.make", audit.Refused, "b-18") == 0 {
			t.Error("the log does not tell of the refusal")
		}
		_, err := h.PackageHolderKey(site, "nosuch", ca.HolderPackage{Form: pki.FormPKCS12, Ticket: ticket()})
		wantCode(t, err, pki.Unknown, "order.unknown")
		wantCode(t, h.EndHolderKey(site, "nosuch", ca.HolderKeyEnd{Reason: "r"}), pki.Unknown, "km.no-signing-key")

		made, err := h.MakeHolderKey(site, keyOrder("a-1"))
		if err != nil {
			t.Fatal(err)
		}
		issued := h.issueFor(site, "a-1", made.Request)
		if _, err := h.Hold(site, issued.Sign.Issuer, issued.Sign.Serial); err != nil {
			t.Fatal(err)
		}
		_, err = h.PackageHolderKey(site, "a-1", ca.HolderPackage{Form: pki.FormPKCS12, Ticket: ticket()})
		wantCode(t, err, pki.Conflict, "holder-key.state")
		_, err = h.HolderKeyPassword(site, "a-1", ca.HolderPassword{Nonce: ticket()})
		wantCode(t, err, pki.Conflict, "holder-key.state")
		if _, err := h.Release(site, issued.Sign.Issuer, issued.Sign.Serial); err != nil {
			t.Fatal(err)
		}
		if _, err = h.PackageHolderKey(site, "a-1", ca.HolderPackage{Form: pki.FormPKCS12, Ticket: ticket()}); err != nil {
			t.Error(err)
		}
	})
}

// The change of a profile by two persons switches keys at the centre on and off, and
// keeps their passwords from those who deliver the files.
func TestHolderKeyProfileChange(t *testing.T) {
	eachStaffed(t, func(t *testing.T, h *house, people map[string]context.Context) {
		site := h.register("ra1", officer.Site)
		change := func(to int, lines string) {
			t.Helper()
			text := delivered(t, "person-sign", "version: 1", fmt.Sprintf("version: %d%s", to, lines))
			p, err := h.ProposeProfiles(people["sys"], ca.ProfileChange{Profiles: []string{text}, Reason: "r"})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := h.cfg.Officers.Approve(people["sec"], p.Approval, p.Digest); err != nil {
				t.Fatal(err)
			}
		}
		o := keyOrder("p-1")
		o.Profile, o.Holder = "person-sign", "H-1"
		_, err := h.MakeHolderKey(site, o)
		wantCode(t, err, pki.Forbidden, "profile.server-key")
		change(2, "\nserver_key: true\nserver_key_letter: true")
		made, err := h.MakeHolderKey(site, o)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.Issue(site, ca.Order{Application: "p-1", Profile: "person-sign", Request: made.Request, Holder: "H-1", Subject: person("李四")}); err != nil {
			t.Fatal(err)
		}
		_, err = h.HolderKeyPassword(site, "p-1", ca.HolderPassword{Nonce: ticket()})
		wantCode(t, err, pki.Forbidden, "profile.server-key-letter")
		if _, err := h.HolderKeyPassword(people["iss"], "p-1", ca.HolderPassword{Nonce: ticket()}); err != nil {
			t.Errorf("the letter at the centre: %v", err)
		}
		centre := h.cfg.Signing.(*fakeSigning)
		if o := centre.orders[len(centre.orders)-1].(pki.PasswordOrder); o.SameAsker {
			t.Error("the centre is held to be the office that ordered")
		}
		if _, err := h.PackageHolderKey(site, "p-1", ca.HolderPackage{Form: pki.FormPKCS12, Ticket: ticket()}); err != nil {
			t.Errorf("the file by the site: %v", err)
		}
		change(3, "") // switched off: what was not handed out stays
		_, err = h.PackageHolderKey(site, "p-1", ca.HolderPackage{Form: pki.FormPKCS12, Ticket: ticket()})
		wantCode(t, err, pki.Forbidden, "profile.server-key")
	})
}

// A profile that could have a key made for what stands for the platform, or that gives
// out letters without keys, is not loaded.
func TestServerKeyProfiles(t *testing.T) {
	for name, c := range map[string]struct{ profile, lines, rule string }{
		"an officer's":      {"officer", "server_key: true", "server-key-kind"},
		"a site's":          {"site", "server_key: true", "server-key-kind"},
		"an organisation's": {"organisation-sign", "server_key: true", "server-key-kind"},
		"the other half":    {"person-encrypt", "server_key: true", "server-key-kind"},
		"a letter alone":    {"person-sign", "server_key_letter: true", "server-key-letter"},
	} {
		_, faults := ca.ParseProfile("x.yaml", []byte(delivered(t, c.profile, "version: 1", "version: 1\n"+c.lines)))
		if len(faults) != 1 || !strings.Contains(faults[0], c.rule) {
			t.Errorf("%s: %q", name, faults)
		}
	}
	all, err := ca.DeliveredProfiles()
	if err != nil {
		t.Fatal(err)
	}
	for name, p := range all {
		want := p.Kind == ca.Device && p.HalfOf == ""
		if p.ServerKey != want || p.ServerKeyLetter {
			t.Errorf("%s is delivered with server_key %v", name, p.ServerKey)
		}
	}
}

// Without a centre that makes keys, none is promised.
func TestHolderKeyWithoutACentre(t *testing.T) {
	h := open(t, pkitest.SQLite(t), nil)
	_, err := h.MakeHolderKey(as("ra1"), keyOrder("a-1"))
	wantCode(t, err, pki.Unavailable, "kmc.none")
	wantCode(t, h.EndHolderKey(as("ra1"), "a-1", ca.HolderKeyEnd{Reason: "r"}), pki.Unavailable, "kmc.none")
}
