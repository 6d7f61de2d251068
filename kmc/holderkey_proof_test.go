package kmc

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	"encoding/base64"
	"encoding/hex"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/audit"
	"onecert/pki"
	"onecert/pkitest"
)

// OpenSSL opens what is packaged, the key in it belongs to the certificate in it, and
// what it signs with it verifies under that certificate. For an SM2 pair it decrypts
// with the encryption key as well. The file says how often the password is hashed.
func TestOpenSSLOpensPackages(t *testing.T) {
	h := newHouse(t, pkitest.SQLite(t), nil)
	s := &seats{house: h}
	for n, suite := range []pki.Suite{pki.SM2, pki.RSA2048, pki.P256, pki.P384} {
		t.Run(string(suite), func(t *testing.T) {
			d := desk{t, t.TempDir()}
			o := s.certified("application-"+string(suite), suite)
			g := s.pair(&o, n, suite)
			password, err := s.password("ca1", o.Application, 1)
			if err != nil {
				t.Fatal(err)
			}
			p, err := s.packed("ca1", o)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range p.Files {
				d.write(f.Name, "", f.Content)
			}
			d.write("password", "", []byte(password.Text))
			for _, name := range []string{"sign", "encrypt"} {
				d.openssl("pkcs12", "-in", name+".p12", "-passin", "file:password", "-nodes", "-nocerts", "-out", name+".key")
				d.openssl("pkcs12", "-in", name+".p12", "-passin", "file:password", "-nokeys", "-clcerts", "-out", name+".crt")
				if !bytes.Equal(d.openssl("pkey", "-in", name+".key", "-pubout"), d.openssl("x509", "-in", name+".crt", "-noout", "-pubkey")) {
					t.Errorf("%s: key and certificate do not belong together", name)
				}
			}
			d.write("text", "", []byte("示例"))
			d.openssl("x509", "-in", "sign.crt", "-noout", "-pubkey", "-out", "sign.pub")
			digest := "-sha256"
			if suite == pki.SM2 {
				digest = "-sm3"
			}
			d.openssl("dgst", digest, "-sign", "sign.key", "-out", "text.sig", "text")
			d.openssl("dgst", digest, "-verify", "sign.pub", "-signature", "text.sig", "text")
			if about := rounds(t, d); about < 2 {
				t.Errorf("100000 rounds stand %d times in the file's description", about)
			}
			if suite == pki.P384 {
				return
			}
			secret := []byte("给持有者的密文")
			d.encryptTo(suite, g.PublicKey, secret)
			d.openssl("pkey", "-in", "encrypt.key", "-out", "old.pem")
			if got := d.decrypt(suite); !bytes.Equal(got, secret) {
				t.Errorf("decrypted %q", got)
			}
		})
	}
}

// rounds counts the parts of a file that OpenSSL says are hashed as often as we say.
func rounds(t *testing.T, d desk) int {
	t.Helper()
	command := exec.Command("openssl", "pkcs12", "-in", "sign.p12", "-passin", "file:password", "-info", "-nokeys", "-out", "nothing")
	command.Dir = d.dir
	said, err := command.CombinedOutput() // it describes the file on stderr
	if err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	return bytes.Count(said, []byte("teration 100000"))
}

// spellings are the ways in which octets could stand in a file.
func spellings(octets []byte) map[string][]byte {
	return map[string][]byte{"raw": octets, "hex": []byte(hex.EncodeToString(octets)), "HEX": []byte(strings.ToUpper(hex.EncodeToString(octets))),
		"base64": []byte(base64.StdEncoding.EncodeToString(octets)), "base64 of a part": []byte(base64.StdEncoding.EncodeToString(octets[:len(octets)/3*3]))}
}

// secretParts are the octets of a key that would betray it: the scalar or exponent in
// both orders, the primes, and the key in DER.
func secretParts(t *testing.T, key crypto.Signer) map[string][]byte {
	t.Helper()
	parts := map[string][]byte{}
	for i, secret := range secretsOf(t, key) {
		back := slices.Clone(secret)
		slices.Reverse(back)
		parts["secret "+string(rune('0'+i))], parts["secret reversed "+string(rune('0'+i))] = secret, back
	}
	der, err := smx509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	parts["PKCS#8"] = der
	if k, ok := key.(*rsa.PrivateKey); ok {
		parts["half a prime"] = k.Primes[0].Bytes()[:64]
	}
	return parts
}

// After a key was packaged nothing of it is left: not in the database's files, not in
// the log, not in what the program wrote about itself. Nor is the password, in any
// state. What was sealed is overwritten, and so is the package after its window.
func TestNothingIsLeftOfAPackagedKey(t *testing.T) {
	dir := t.TempDir()
	var said bytes.Buffer
	h := newHouse(t, "sqlite:"+filepath.Join(dir, "kmc.db"), func(c *Config) {
		c.Log = slog.New(slog.NewTextHandler(&said, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	s := &seats{house: h}
	files := func(stop bool) map[string][]byte {
		t.Helper()
		if stop { // folds the log of SQLite into the file
			h.stop()
			defer h.start()
		}
		all := map[string][]byte{"what was said": bytes.Clone(said.Bytes())}
		names, err := filepath.Glob(filepath.Join(dir, "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if all[name], err = os.ReadFile(name); err != nil {
				t.Fatal(err)
			}
		}
		return all
	}
	holds := func(all map[string][]byte, octets []byte) string {
		for name, content := range all {
			if bytes.Contains(content, octets) {
				return name
			}
		}
		return ""
	}
	for _, suite := range []pki.Suite{pki.SM2, pki.P256, pki.RSA2048} {
		o := s.certified("application-"+string(suite), suite)
		waiting, err := findHolderKey(t.Context(), h.config.DB.Read(), "ca1", o.Application)
		if err != nil {
			t.Fatal(err)
		}
		if holds(files(true), waiting.sealed[40:72]) == "" {
			t.Fatal("the test does not find what is there")
		}
		password, err := s.password("ca1", o.Application, 1)
		if err != nil {
			t.Fatal(err)
		}
		while := files(false)
		p, err := s.packed("ca1", o)
		if err != nil {
			t.Fatal(err)
		}
		packed := files(true)
		stored, err := findHolderKey(t.Context(), h.config.DB.Read(), "ca1", o.Application)
		if err != nil {
			t.Fatal(err)
		}
		h.clock.advance(fetchWindow)
		h.centre.tidyHolderKeys(context.Background())
		cleared := files(true)
		key, _ := openStore(t, p, "sign.p12", password.Text)
		parts := secretParts(t, key)
		parts["password"], parts["password without hyphens"] = []byte(password.Text), []byte(strings.ReplaceAll(password.Text, "-", ""))
		for state, all := range map[string]map[string][]byte{"before": while, "packaged": packed, "cleared": cleared} {
			for name, part := range parts {
				for form, spelled := range spellings(part) {
					if where := holds(all, spelled); where != "" {
						t.Errorf("%s, %s: the %s stands in %s as %s", suite, state, name, where, form)
					}
				}
			}
			if where := holds(all, p.Files[0].Content[40:72]); where != "" {
				t.Errorf("%s, %s: the package stands unsealed in %s", suite, state, where)
			}
		}
		for name, all := range map[string]map[string][]byte{"packaged": packed, "cleared": cleared} {
			for at := 0; at+16 <= len(waiting.sealed); at += 16 {
				if where := holds(all, waiting.sealed[at:at+16]); where != "" {
					t.Errorf("%s, %s: octets %d of the sealed key are in %s", suite, name, at, where)
				}
			}
		}
		for at := 0; at+16 <= len(stored.parcel); at += 16 {
			if where := holds(cleared, stored.parcel[at:at+16]); where != "" {
				t.Errorf("%s: octets %d of the package are in %s after its window", suite, at, where)
			}
		}
	}
}

// Neither the database nor its master key opens a key: the ticket does, and the centre
// has only its hash.
func TestOnlyTheTicketOpens(t *testing.T) {
	h := newHouse(t, pkitest.SQLite(t), nil)
	s := &seats{house: h}
	for _, suite := range []pki.Suite{pki.SM2, pki.RSA2048} {
		o := s.certified("application-"+string(suite), suite)
		k, err := findHolderKey(t.Context(), h.config.DB.Read(), "ca1", o.Application)
		if err != nil {
			t.Fatal(err)
		}
		inner, err := h.centre.vault.sealer.Open(k.sealed, k.binding("key"))
		if err != nil {
			t.Fatal(err)
		}
		good, err := h.centre.vault.openTicketed(k, o.Ticket)
		if err != nil {
			t.Fatal(err)
		}
		for name, part := range secretParts(t, good.key) {
			if bytes.Contains(inner, part) {
				t.Errorf("%s: the master key alone shows the %s", suite, name)
			}
		}
		for _, wrong := range [][]byte{k.ticket, ticket(8), append(bytes.Clone(o.Ticket), 0)} {
			if _, err := h.centre.vault.openTicketed(k, wrong); err == nil {
				t.Errorf("%s: another ticket opens it", suite)
			}
		}
		moved := *k
		moved.id = strings.Repeat("0", 32)
		if _, err := h.centre.vault.openTicketed(&moved, o.Ticket); err == nil {
			t.Errorf("%s: it opens in another row", suite)
		}
	}
}

// A key, its password and its package outlive a restart; a restore from a backup ends
// them all, because each may have been delivered since.
func TestHolderKeysOutliveARestart(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		h := newHouse(t, source, nil)
		s := &seats{house: h}
		o, waits, shown := s.certified("application-1", pki.SM2), s.certified("application-2", pki.P256), s.certified("application-3", pki.P256)
		restart := func() { h.stop(); h.start() }
		restart()
		password, err := s.password("ca1", o.Application, 1)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.password("ca1", shown.Application, 1); err != nil {
			t.Fatal(err)
		}
		restart()
		if again, err := s.password("ca1", o.Application, 1); err != nil || again.Text != password.Text {
			t.Errorf("the password after a restart: %v", err)
		}
		p, err := s.packed("ca1", o)
		if err != nil {
			t.Fatal(err)
		}
		restart()
		again, err := s.packed("ca1", o)
		if err != nil || !bytes.Equal(again.Files[0].Content, p.Files[0].Content) {
			t.Errorf("the package after a restart: %v", err)
		}
		h.settle()
		h.stop()
		h.restoreNow()
		h.start()
		for _, gone := range []pki.PackageOrder{o, waits, shown} {
			_, err := s.packed("ca1", gone)
			if code := pki.CodeOf(err); code != "km.wiped" && code != "km.delivered" {
				t.Errorf("%s after a restore: %v", gone.Application, err)
			}
		}
		if n := len(h.entries(actSigningWipe)); n != 4 { // the first was wiped when it was packaged; its package's end is a repeat
			t.Errorf("%d entries of wiped keys", n)
		}
	})
}

// entries are those of an act.
func (h *house) entries(act string) []audit.Entry {
	h.t.Helper()
	all, err := h.config.Audit.Search(context.Background(), audit.Query{Act: act})
	if err != nil {
		h.t.Fatal(err)
	}
	return all
}

// A disk that refuses leaves the key where it was: nothing is handed out that was not
// stored, and nothing is wiped that was not handed out.
func TestPackagingWithoutADisk(t *testing.T) {
	h := newHouse(t, pkitest.SQLite(t), nil)
	s := &seats{house: h}
	o := s.certified("application-1", pki.SM2)
	if err := execute(t.Context(), h.config.DB, "CREATE TRIGGER full BEFORE UPDATE ON kmc_holder_key BEGIN SELECT RAISE(ABORT, 'disk full'); END"); err != nil {
		t.Fatal(err)
	}
	_, err := s.password("ca1", o.Application, 1)
	wantCode(t, err, pki.Unavailable, "km.store")
	if err := execute(t.Context(), h.config.DB, "DROP TRIGGER full"); err != nil {
		t.Fatal(err)
	}
	password, err := s.password("ca1", o.Application, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := execute(t.Context(), h.config.DB, "CREATE TRIGGER full BEFORE INSERT ON audit_entry BEGIN SELECT RAISE(ABORT, 'disk full'); END"); err != nil {
		t.Fatal(err)
	}
	if _, err = s.packed("ca1", o); pki.KindOf(err) != pki.Unavailable {
		t.Errorf("packaged without a log: %v", err)
	}
	if err := execute(t.Context(), h.config.DB, "DROP TRIGGER full"); err != nil {
		t.Fatal(err)
	}
	p, err := s.packed("ca1", o)
	if err != nil {
		t.Fatal(err)
	}
	signs(t, first(openStore(t, p, "sign.p12", password.Text)), mustParse(t, o.Certificate))
}

// What a broken program or a hand in the database would leave is found.
func TestHolderKeyInvariantsAreFound(t *testing.T) {
	for name, c := range map[string]struct{ statement, finds string }{
		"a key put in": {"INSERT INTO kmc_holder_key (id, ca, application, suite, holder, asked_by, spki, request, digest, ticket, sealed, made_at, expires_at) SELECT 'x', ca, 'x', suite, holder, asked_by, spki, request, digest, ticket, sealed, 1, 2 FROM kmc_holder_key LIMIT 1",
			"does not tell of the making"},
		"a key taken out":            {"DELETE FROM kmc_holder_key WHERE application = 'waits'", "which is not there"},
		"another holder":             {"UPDATE kmc_holder_key SET holder = 'thief'", "does not tell of the making"},
		"wiped, and yet there":       {"UPDATE kmc_holder_key SET sealed = spki WHERE application = 'packaged'", "its key should be overwritten"},
		"the password is still here": {"UPDATE kmc_holder_key SET password = spki WHERE application = 'packaged'", "its password should be overwritten"},
		"wiped without a word":       {"UPDATE kmc_holder_key SET wiped_at = 1, why = 'ended' WHERE application = 'waits'", "wiped true; the log tells 0, 0, 0 times"},
		"another row's key":          {"UPDATE kmc_holder_key SET sealed = (SELECT sealed FROM kmc_holder_key WHERE application = 'other') WHERE application = 'waits'", "does not open"},
		"brought back":               {"UPDATE kmc_holder_key SET wiped_at = NULL, why = NULL, parcel = NULL WHERE application = 'packaged'", "packaged false, wiped false; the log tells 1, 1, 1 times"},
		"escrowed after all":         {"UPDATE kmc_key SET spki = (SELECT spki FROM kmc_holder_key WHERE application = 'waits') WHERE id = (SELECT min(id) FROM kmc_key)", "in a library"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, pkitest.SQLite(t), nil)
			s := &seats{house: h}
			for _, application := range []string{"waits", "other", "packaged"} {
				o := s.certified(application, pki.SM2)
				if application != "packaged" {
					continue
				}
				if _, err := s.password("ca1", o.Application, 1); err != nil {
					t.Fatal(err)
				}
				if _, err := s.packed("ca1", o); err != nil {
					t.Fatal(err)
				}
			}
			h.settle()
			if err := execute(t.Context(), h.config.DB, c.statement); err != nil {
				t.Fatal(err)
			}
			if faults := strings.Join(CheckInvariants(t.Context(), h.centre), "\n"); !strings.Contains(faults, c.finds) {
				t.Errorf("found only %q", faults)
			}
			h.stop()
		})
	}
}

// FuzzContents: certificates that come to be packaged are foreign.
func FuzzContents(f *testing.F) {
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	a := newHolderCA(f, now)
	sign, other := newToken(f, pki.SM2), newToken(f, pki.P256)
	certificate, encryption := a.issue(f, "h", sign.signer.Public(), nil), a.issue(f, "h", other.signer.Public(), nil)
	f.Add(certificate, encryption, a.certificate.Raw, sign.spki)
	f.Add(certificate, []byte{}, certificate, []byte{})
	f.Add([]byte{0x30, 0x80}, []byte{1}, []byte{}, other.spki)
	f.Fuzz(func(t *testing.T, certificate, encryption, above, transport []byte) {
		o := pki.PackageOrder{Application: "a", Form: pki.FormPKCS12, Ticket: ticket(1), Certificate: certificate, Encryption: encryption, Chain: [][]byte{above}}
		if len(transport) > 0 {
			o.Form, o.Transport = pki.FormEnvelope, &pki.Transport{PublicKey: transport}
		}
		c, err := readContents(o)
		if err != nil {
			if _, ok := err.(*pki.Error); !ok {
				t.Fatalf("an error without a remedy: %v", err)
			}
			return
		}
		if c.certificate.CheckSignatureFrom(c.chain[0]) != nil || (c.encryption != nil) != (len(encryption) > 0) || (c.transport != nil) != (len(transport) > 0) {
			t.Fatal("accepted what does not belong together")
		}
	})
}
