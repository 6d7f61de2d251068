package wire

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"onecert/audit"
	"onecert/backup"
	"onecert/ca"
	"onecert/db"
	"onecert/keys"
	"onecert/kmc"
	"onecert/officer"
	"onecert/pki"
	"onecert/pkitest"
	"onecert/shares"
)

// site is a CA and a KMC in one process, each with its own folder and database.
type site struct {
	t         testing.TB
	dir       string
	ca        *CAProcess
	kmc       *KMCProcess
	caConfig  string
	kmcConfig string
}

func quietly() Options { return Options{Log: slog.New(slog.DiscardHandler)} }

// newSite makes and opens both. The KMC knows its CA as "ca".
func newSite(t testing.TB, database func(testing.TB) string) *site {
	t.Helper()
	s := &site{t: t, dir: t.TempDir()}
	source := func() string {
		if text := database(t); !strings.HasPrefix(text, "sqlite:") {
			return text
		}
		return ""
	}
	var err error
	s.caConfig, err = InitCA(t.Context(), NewCA{Dir: filepath.Join(s.dir, "ca"), Organisation: "示例省", Host: "127.0.0.1", Listen: "127.0.0.1:0",
		Addresses: ca.Addresses{CRL: "http://pki.example/crl", AIA: "http://pki.example/aia", OCSP: "http://pki.example/ocsp"}, Partitions: 2,
		Families: []string{"ecdsa", "sm2"}, Suites: map[string][2]pki.Suite{"ecdsa": {pki.P256, pki.P256}}, Database: source()}, quietly())
	if err != nil {
		t.Fatal(err)
	}
	trust, err := os.ReadFile(filepath.Join(s.dir, "ca", "trust.pem"))
	if err != nil {
		t.Fatal(err)
	}
	s.kmcConfig, err = InitKMC(NewKMC{Dir: filepath.Join(s.dir, "kmc"), Host: "127.0.0.1", Listen: "127.0.0.1:0", Trust: trust, SealWith: keys.SM4GCM, Database: source()})
	if err != nil {
		t.Fatal(err)
	}
	small := map[pki.Suite]kmc.PoolSize{pki.SM2: {Target: 64, Low: 32}, pki.P256: {Target: 64, Low: 32}}
	if err := SetPool(s.kmcConfig, small); err != nil {
		t.Fatal(err)
	}
	s.open()
	t.Cleanup(s.close)
	return s
}

func (s *site) open() {
	s.t.Helper()
	s.kmc = openKMC(s.t, s.kmcConfig)
	s.ca = openCA(s.t, s.caConfig, s.kmc)
}

func openKMC(t testing.TB, config string) *KMCProcess {
	t.Helper()
	c, err := LoadKMC(config)
	if err != nil {
		t.Fatal(err)
	}
	p, err := OpenKMC(t.Context(), c, quietly())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func openCA(t testing.TB, config string, centre *KMCProcess) *CAProcess {
	t.Helper()
	c, err := LoadCA(config)
	if err != nil {
		t.Fatal(err)
	}
	o := quietly()
	if centre != nil {
		o.KMC = InProcess{centre, "ca"}
	}
	p, err := OpenCA(t.Context(), c, o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (s *site) close() {
	if s.ca != nil {
		s.ca.Close()
	}
	if s.kmc != nil {
		s.kmc.Close()
	}
	s.ca, s.kmc = nil, nil
}

// request is an applicant's, for a person's pair.
func request(t testing.TB, suite pki.Suite) []byte {
	t.Helper()
	made, err := pki.GenerateKey(rand.Reader, suite)
	if err != nil {
		t.Fatal(err)
	}
	key, err := keys.Wrap(made)
	if err != nil {
		t.Fatal(err)
	}
	der, err := newRequest(key, "applicant")
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func orderOf(t testing.TB, name string, suite pki.Suite) ca.Order {
	return ca.Order{Application: name, Profile: "person-sign", Request: request(t, suite), Holder: "H-" + name,
		Subject: pki.Name{{Type: "C", Value: "CN"}, {Type: "O", Value: "示例市"}, {Type: "CN", Value: "申请人 " + name}}}
}

func issuer(ctx context.Context) context.Context {
	return pki.WithActor(ctx, pki.Actor{Name: "centre.issuer", Roles: []string{officer.Issuer}})
}

func (s *site) issue(name string, suite pki.Suite) *ca.Issued {
	s.t.Helper()
	issued, err := s.ca.Issue(issuer(s.t.Context()), orderOf(s.t, name, suite))
	if err != nil {
		s.t.Fatal(err)
	}
	return issued
}

// held are an archive's shares, as custodians hold them.
type held struct{ all []shares.Share }

// keep makes a backup under shares, which cost nothing to try.
func (s *site) keep(config, name string) (Backup, backup.Key) {
	s.t.Helper()
	var h held
	made, err := CreateBackup(s.t.Context(), NewBackup{Config: config, Out: filepath.Join(s.dir, name), Lock: backup.Lock{Cipher: backup.SM4GCM, Threshold: 2, Total: 3},
		Deliver: h.deliver(s.t)}, quietly())
	if err != nil {
		s.t.Fatal(err)
	}
	return made, backup.Key{Shares: h.all[1:]}
}

func (h *held) deliver(t testing.TB) func(string, []shares.Share) error {
	return func(_ string, all []shares.Share) error {
		for _, share := range all {
			kept, err := shares.Parse(share.Words())
			if err != nil {
				t.Fatal(err)
			}
			h.all = append(h.all, kept)
		}
		return nil
	}
}

// secrets is a folder with what archives leave out.
func (s *site) secrets() string {
	s.t.Helper()
	dir := filepath.Join(s.dir, "secrets")
	for _, name := range []string{"ca/passphrase", "ca/holder.key", "kmc/passphrase"} {
		text, err := os.ReadFile(filepath.Join(s.dir, name))
		if err != nil {
			s.t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			s.t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			s.t.Fatal(err)
		}
	}
	return dir
}

func eachEngine(t *testing.T, act func(t *testing.T, database func(testing.TB) string)) {
	t.Run("sqlite", func(t *testing.T) { act(t, pkitest.SQLite) })
	t.Run("postgres", func(t *testing.T) { act(t, pkitest.Postgres) })
}

// busy orders, revokes and signs until stop is called, and tells what it was given. ran
// waits for so many orders more, and a moment.
func (s *site) busy() (stop func() []*ca.Issued, ran func(more int)) {
	ctx, cancel := context.WithCancel(s.t.Context())
	var group sync.WaitGroup
	var mu sync.Mutex
	var all []*ca.Issued
	for worker := range 3 {
		group.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				suite := []pki.Suite{pki.SM2, pki.P256}[n%2]
				issued, err := s.ca.Issue(issuer(ctx), orderOf(s.t, fmt.Sprintf("load-%d-%d", worker, n), suite))
				if ctx.Err() != nil {
					return
				}
				if err != nil {
					s.t.Error(err)
					return
				}
				mu.Lock()
				all = append(all, issued)
				mu.Unlock()
				if n%3 == 0 {
					if _, err := s.ca.Revoke(issuer(ctx), issued.Sign.Issuer, issued.Sign.Serial, ca.Revocation{Reason: "superseded"}); err != nil && ctx.Err() == nil {
						s.t.Error(err)
					}
				}
				if n%5 == 0 {
					if _, err := s.ca.SignCRLs(issuer(ctx), "sm2"); err != nil && ctx.Err() == nil {
						s.t.Error(err)
					}
				}
			}
		})
	}
	carried := func() int {
		mu.Lock()
		defer mu.Unlock()
		return len(all)
	}
	ran = func(more int) {
		time.Sleep(200 * time.Millisecond)
		want := carried() + more
		await(s.t, "orders are carried out", func() bool { return carried() >= want })
	}
	return func() []*ca.Issued {
		cancel()
		group.Wait()
		return all
	}, ran
}

// TestBackupUnderLoad: what is kept while orders run is one moment of both
// components; restored, it breaks no rule and goes on.
func TestBackupUnderLoad(t *testing.T) {
	eachEngine(t, func(t *testing.T, database func(testing.TB) string) {
		s := newSite(t, database)
		before := s.issue("before", pki.SM2)
		stop, ran := s.busy()
		ran(3)
		caMade, caKey := s.keep(s.caConfig, "ca.backup")
		kmcMade, kmcKey := s.keep(s.kmcConfig, "kmc.backup")
		ran(2)
		issued := stop()
		if len(issued) < 5 {
			t.Fatalf("only %d orders ran", len(issued))
		}
		t.Logf("%d rows, %d octets, %.2f s; %d rows, %d octets, %.2f s", caMade.Manifest.Rows(), caMade.Octets, caMade.Seconds,
			kmcMade.Manifest.Rows(), kmcMade.Octets, kmcMade.Seconds)

		// The machine is gone; on another there is nothing but archives and secrets.
		place := t.TempDir()
		secrets := s.secrets()
		restore := func(name string, key backup.Key) Restoration {
			n := NewRestore{Archive: filepath.Join(s.dir, name+".backup"), Key: key, Dir: filepath.Join(place, name), Component: name, Secrets: secrets}
			if !strings.HasPrefix(database(t), "sqlite:") {
				n.Database = database(t)
			}
			done, err := RestoreBackup(t.Context(), n, quietly())
			if err != nil {
				t.Fatal(err)
			}
			return done
		}
		authority, centre := restore("ca", caKey), restore("kmc", kmcKey)
		if len(authority.Missing) > 0 || len(centre.Missing) > 0 || authority.CRLs["sm2"] < 1_000_000 || centre.Aside == 0 {
			t.Errorf("%+v\n%+v", authority, centre)
		}
		restored := &site{t: t, dir: place, caConfig: authority.Config, kmcConfig: centre.Config}
		restored.open()
		defer restored.close()
		restored.rulesHold()
		if found, err := restored.ca.Show(issuer(t.Context()), "sm2", before.Sign.Serial); err != nil || found.State != pki.Valid {
			t.Errorf("the certificate from before: %+v, %v", found, err)
		}
		// The same order again gives the same pair; a new one goes through.
		restored.issue("after", pki.SM2)
		restored.issue("after-too", pki.P256)
		if _, err := restored.ca.SignCRLs(issuer(t.Context()), "sm2"); err != nil {
			t.Error(err)
		}
		restored.rulesHold()
	})
}

func (s *site) rulesHold() {
	s.t.Helper()
	for _, fault := range slices.Concat(ca.CheckInvariants(s.t.Context(), s.ca.CA), kmc.CheckInvariants(s.t.Context(), s.kmc.Centre), officer.CheckInvariants(s.t.Context(), s.ca.Officers)) {
		s.t.Error("invariant broken: " + fault)
	}
}

// TestBackupKeepsNoSecret: an archive has key files as they lie encrypted, and neither
// passphrase nor holder key unless that is asked for.
func TestBackupKeepsNoSecret(t *testing.T) {
	s := newSite(t, pkitest.SQLite)
	made, key := s.keep(s.caConfig, "ca.backup")
	for _, name := range []string{"passphrase", "holder.key"} {
		if !slices.Contains(made.Manifest.Apart, name) {
			t.Errorf("%s does not stand among what is kept apart: %q", name, made.Manifest.Apart)
		}
	}
	files := filesOf(t, made.File, key)
	for _, name := range []string{"ca.yaml", "trust.pem", "audit.pub", "keys/sm2.pem", "keys/sm2-root.pem", "keys/ecdsa-root.pem", "keys/audit.pem", "keys/tls.pem",
		"keys/message.pem", "certs/sm2.pem", "tls.pem"} {
		if files[name] == nil {
			t.Errorf("%s was left out", name)
		}
	}
	for name, text := range files {
		if bytes.Contains(text, []byte("BEGIN PRIVATE KEY")) || strings.Contains(name, "passphrase") || strings.Contains(name, "holder.key") || strings.HasSuffix(name, ".db") {
			t.Errorf("%s is in the archive", name)
		}
	}
	var h held
	with, err := CreateBackup(t.Context(), NewBackup{Config: s.caConfig, Out: filepath.Join(s.dir, "all.backup"), Lock: backup.Lock{Threshold: 2, Total: 2},
		Secrets: true, Deliver: h.deliver(t)}, quietly())
	if err != nil {
		t.Fatal(err)
	}
	files = filesOf(t, with.File, backup.Key{Shares: h.all})
	if files["passphrase"] == nil || files["holder.key"] == nil || !with.Manifest.Secrets || len(with.Manifest.Apart) > 0 {
		t.Errorf("secrets were asked for: %v", with.Manifest.About)
	}
	// A key in the clear is not carried away.
	plain := filepath.Join(s.dir, "ca", "keys", "tls.pem")
	if err := os.WriteFile(plain, []byte("-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = CreateBackup(t.Context(), NewBackup{Config: s.caConfig, Out: filepath.Join(s.dir, "plain.backup"), Lock: backup.Lock{Threshold: 2, Total: 2}, Deliver: h.deliver(t)}, quietly())
	if pki.CodeOf(err) != "backup.plain" {
		t.Errorf("a key in the clear: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(s.dir, "plain.backup*")); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
}

func filesOf(t *testing.T, archive string, key backup.Key) map[string][]byte {
	t.Helper()
	file, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	r, err := backup.Open(file, key)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for {
		p, err := r.Next()
		if err == io.EOF {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if !p.Table {
			if files[p.Name], err = io.ReadAll(p); err != nil {
				t.Fatal(err)
			}
			if files[p.Name] == nil {
				files[p.Name] = []byte{}
			}
		}
	}
}

// TestBackupIsRecorded: in the audit log, and where health looks.
func TestBackupIsRecorded(t *testing.T) {
	s := newSite(t, pkitest.SQLite)
	made, _ := s.keep(s.caConfig, "ca.backup")
	entries, err := s.ca.Audit.Search(t.Context(), audit.Query{Act: "backup.create"})
	if err != nil || len(entries) != 1 || entries[0].Object != made.ID || entries[0].Detail["sha256"] != fmt.Sprintf("%x", made.SHA256) {
		t.Errorf("%+v, %v", entries, err)
	}
	r, err := readRecord(s.caConfig)
	if err != nil || r.Backup == nil || r.Backup.Archive != made.ID || r.Backup.Octets != made.Octets {
		t.Errorf("%+v, %v", r, err)
	}
	s.issue("still-issuing", pki.P256) // its log went on past another process
	for name, c := range map[string]struct {
		n    NewBackup
		code string
	}{
		"there already":  {NewBackup{Config: s.caConfig, Out: made.File, Lock: backup.Lock{Passphrase: make([]byte, 12)}}, "file.exists"},
		"no folder":      {NewBackup{Config: s.caConfig, Out: filepath.Join(s.dir, "no", "x"), Lock: backup.Lock{Passphrase: make([]byte, 12)}}, "backup.out"},
		"no passphrase":  {NewBackup{Config: s.caConfig, Out: filepath.Join(s.dir, "y")}, "backup.passphrase"},
		"no component":   {NewBackup{Config: filepath.Join(s.dir, "ca", "trust.pem"), Out: filepath.Join(s.dir, "y")}, "config.yaml"},
		"no such config": {NewBackup{Config: filepath.Join(s.dir, "none.yaml"), Out: filepath.Join(s.dir, "y")}, "config.open"},
	} {
		if _, err := CreateBackup(t.Context(), c.n, quietly()); pki.CodeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(s.dir, "y*")); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
}

// TestRestoreRefuses: nothing that is there is overwritten, and nothing half starts.
func TestRestoreRefuses(t *testing.T) {
	s := newSite(t, pkitest.SQLite)
	s.issue("one", pki.P256)
	made, key := s.keep(s.caConfig, "ca.backup")
	filled := t.TempDir()
	write(t, filled, "something", "else")
	full := pkitest.Postgres(t)
	d, err := db.Open(t.Context(), full)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Migrate(t.Context(), "audit", audit.Migrations()); err != nil {
		t.Fatal(err)
	}
	d.Close()
	text, err := os.ReadFile(made.File)
	if err != nil {
		t.Fatal(err)
	}
	write(t, s.dir, "cut", string(text[:len(text)-100]))
	flipped := bytes.Clone(text)
	flipped[len(text)/2] ^= 4
	write(t, s.dir, "flipped", string(flipped))
	for name, c := range map[string]struct {
		n    NewRestore
		code string
	}{
		"a folder with something": {NewRestore{Dir: filled}, "restore.folder"},
		"another component":       {NewRestore{Component: "kmc"}, "backup.component"},
		"no shares":               {NewRestore{Key: backup.Key{Passphrase: []byte("a passphrase")}}, "backup.shares"},
		"one share":               {NewRestore{Key: backup.Key{Shares: key.Shares[:1]}}, "share.few"},
		"cut off":                 {NewRestore{Archive: filepath.Join(s.dir, "cut")}, "backup.damaged"},
		"a flipped bit":           {NewRestore{Archive: filepath.Join(s.dir, "flipped")}, "backup.damaged"},
		"no archive":              {NewRestore{Archive: filepath.Join(s.dir, "none")}, "backup.open"},
		"not an archive":          {NewRestore{Archive: s.caConfig}, "backup.form"},
		"a database with tables":  {NewRestore{Database: full}, "restore.database"},
		"no secret":               {NewRestore{Secrets: filled}, "restore.secret"},
	} {
		t.Run(name, func(t *testing.T) {
			n := c.n
			if n.Archive == "" {
				n.Archive = made.File
			}
			if n.Dir == "" {
				n.Dir = filepath.Join(t.TempDir(), "new")
			}
			if n.Key.Shares == nil && n.Key.Passphrase == nil {
				n.Key = key
			}
			_, err := RestoreBackup(t.Context(), n, quietly())
			if pki.CodeOf(err) != c.code {
				t.Errorf("refused by %q (%v), not by %q", pki.CodeOf(err), err, c.code)
			}
			for _, file := range []string{"ca.yaml", "ca.db"} {
				if _, err := os.Stat(filepath.Join(n.Dir, file)); err == nil && c.code != "restore.secret" {
					t.Errorf("%s was written all the same", file)
				}
			}
		})
	}
}

// TestRestoreBetweenEngines: rows kept from one engine come back in the other.
func TestRestoreBetweenEngines(t *testing.T) {
	for _, c := range []struct {
		name     string
		from, to func(testing.TB) string
	}{{"sqlite to postgres", pkitest.SQLite, pkitest.Postgres}, {"postgres to sqlite", pkitest.Postgres, pkitest.SQLite}} {
		t.Run(c.name, func(t *testing.T) {
			s := newSite(t, c.from)
			old := s.issue("old", pki.SM2)
			_, key := s.keep(s.caConfig, "ca.backup")
			n := NewRestore{Archive: filepath.Join(s.dir, "ca.backup"), Key: key, Dir: filepath.Join(s.dir, "new"), Secrets: s.secrets()}
			if c.name == "postgres to sqlite" {
				if _, err := RestoreBackup(t.Context(), n, quietly()); pki.CodeOf(err) != "restore.database" {
					t.Errorf("without a database: %v", err)
				}
			}
			n.Database = c.to(t)
			done, err := RestoreBackup(t.Context(), n, quietly())
			if err != nil {
				t.Fatal(err)
			}
			s.ca.Close()
			s.ca = openCA(t, done.Config, s.kmc)
			if found, err := s.ca.Show(issuer(t.Context()), "sm2", old.Sign.Serial); err != nil || !bytes.Equal(found.DER, old.Sign.DER) {
				t.Errorf("%v", err)
			}
			s.issue("new", pki.SM2)
			s.rulesHold()
		})
	}
}
