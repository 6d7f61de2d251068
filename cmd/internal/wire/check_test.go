package wire

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"onecert/ca"
	"onecert/keys"
	"onecert/pki"
)

// smallCA is a CA's folder with one family, made and never opened.
func smallCA(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "ca")
	path, err := InitCA(t.Context(), NewCA{Dir: dir, Organisation: "示例省", Host: "127.0.0.1", Listen: "127.0.0.1:0", Families: []string{"ecdsa"}, Partitions: 1,
		Addresses: ca.Addresses{CRL: "http://pki.example/crl", AIA: "http://pki.example/aia", OCSP: "http://pki.example/ocsp"}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// found are the codes of the faults by part, and the notes.
func found(t *testing.T, path string, now time.Time) map[string]string {
	t.Helper()
	all, err := CheckConfig(context.Background(), path, now)
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string]string{}
	for _, f := range all {
		switch {
		case f.Err != nil:
			parts[f.Part] = pki.CodeOf(f.Err)
		case f.Note != "":
			parts[f.Part] = f.Note
		}
	}
	return parts
}

func TestCheckConfig(t *testing.T) {
	path := smallCA(t)
	dir := filepath.Dir(path)
	expect := func(name string, now time.Time, want map[string]string) {
		t.Helper()
		got := found(t, path, now)
		if len(got) != len(want) {
			t.Errorf("%s: %v", name, got)
		}
		for part, code := range want {
			if got[part] != code {
				t.Errorf("%s: %s is %q, not %q", name, part, got[part], code)
			}
		}
	}
	fresh := map[string]string{"tls_certificate": NoteFirstStart, "database": NoteFirstStart}
	expect("fresh", time.Now(), fresh)

	late := map[string]string{"issuers.ecdsa": "config.validity"}
	for part, note := range fresh {
		late[part] = note
	}
	expect("in twenty years", time.Now().AddDate(20, 0, 0), late)

	spoil := func(name string, text []byte) (mend func()) {
		t.Helper()
		before, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
		return func() { os.WriteFile(filepath.Join(dir, name), before, 0o600) }
	}
	with := func(part, code string) map[string]string {
		all := map[string]string{part: code}
		for part, note := range fresh {
			all[part] = note
		}
		return all
	}
	chain, err := os.ReadFile(filepath.Join(dir, "certs", "ecdsa.pem"))
	if err != nil {
		t.Fatal(err)
	}
	blocks := pemBlocks(chain)
	mend := spoil("certs/ecdsa.pem", PEM(blocks[0], blocks[0]))
	expect("an issuer above itself", time.Now(), with("issuers.ecdsa", "config.chain"))
	mend()
	mend = spoil("certs/ecdsa.pem", PEM(blocks[1]))
	expect("the root for the issuer", time.Now(), with("issuers.ecdsa", "config.key"))
	mend()
	mend = spoil("holder.key", []byte("12ab\n"))
	expect("a short holder key", time.Now(), with("holder_key_file", "config.secret"))
	mend()
	mend = spoil("keys/audit.pem", []byte("nothing\n"))
	expect("no audit key", time.Now(), with("audit_key", "key.not-a-key"))
	mend()
	write(t, dir, "ca.db", strings.Repeat("this is no database ", 100))
	expect("a database that is none", time.Now(), map[string]string{"tls_certificate": NoteFirstStart, "database": "database.open"})
}

// The KMC's folder says what it waits for, and what of it is another's.
func TestCheckKMC(t *testing.T) {
	trust, err := os.ReadFile(filepath.Join(filepath.Dir(smallCA(t)), "trust.pem"))
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "kmc")
	_, der := selfMade(t, pki.SM2, time.Now().AddDate(0, 0, -1))
	path, err := InitKMC(NewKMC{Dir: dir, Host: "kmc.gov.example", Listen: "127.0.0.1:0", Trust: trust, SealWith: keys.AES256GCM,
		Peers: map[string][]byte{"ca": PEM(der)}})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"tls_certificate": NoteAwaited, "message_certificate": NoteAwaited, "database": NoteFirstStart, "peers.ca": "config.validity"}
	got := found(t, path, time.Now())
	for part, code := range want {
		if got[part] != code {
			t.Errorf("%s is %q, not %q", part, got[part], code)
		}
	}
	_, other := selfMade(t, pki.SM2, time.Now().AddDate(1, 0, 0))
	write(t, dir, "message.pem", string(PEM(other)))
	if got := found(t, path, time.Now()); got["message_certificate"] != "config.key" {
		t.Errorf("another's message certificate is %q", got["message_certificate"])
	}
	for _, name := range []string{"tls.csr", "message.csr"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		request, err := pki.ParseRequest(text, false)
		if err != nil || request.Form != pki.Standard || len(request.AltNames) != 1 || request.AltNames[0].Value != "kmc.gov.example" {
			t.Errorf("%s: %v %+v", name, err, request)
		}
	}
}
