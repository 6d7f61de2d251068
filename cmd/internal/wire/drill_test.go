package wire

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"onecert/backup"
	"onecert/ca"
	"onecert/pki"
	"onecert/pkitest"
)

func (s *site) drill(n NewDrill) (Drill, error) {
	s.t.Helper()
	scratch := s.t.TempDir()
	n.Scratch = scratch
	done, err := RunDrill(s.t.Context(), n, quietly())
	if left, _ := os.ReadDir(scratch); len(left) > 0 {
		s.t.Errorf("left in the scratch place: %v", left)
	}
	return done, err
}

func names(done Drill) (all []string) {
	for _, step := range done.Steps {
		all = append(all, step.Name+" "+step.Object)
	}
	return all
}

// TestDrill restores both components into a scratch place and works with them: it
// issues, revokes and lists with every key, and opens with recovered keys what was
// encrypted before the backup.
func TestDrill(t *testing.T) {
	eachEngine(t, func(t *testing.T, database func(testing.TB) string) {
		s := newSite(t, database)
		s.issue("one", pki.SM2)
		s.issue("two", pki.P256)
		_, caKey := s.keep(s.caConfig, "ca.backup")
		_, kmcKey := s.keep(s.kmcConfig, "kmc.backup")
		n := NewDrill{Archives: []string{filepath.Join(s.dir, "ca.backup"), filepath.Join(s.dir, "kmc.backup")}, Secrets: s.secrets(), Thorough: true,
			Key: backup.Key{Shares: slices.Concat(caKey.Shares, kmcKey.Shares)}, Config: s.caConfig}
		said := 0
		n.Said = func(Step) { said++ }
		done, err := s.drill(n)
		if err != nil || !done.Good || said != len(done.Steps) || len(done.Notes) > 0 {
			t.Fatalf("%v, %+v", err, done)
		}
		want := []string{"start kmc", "start ca", "issue ecdsa", "envelope ecdsa", "revoke ecdsa", "list ecdsa", "issue sm2", "envelope sm2", "revoke sm2", "list sm2",
			"recover sm2", "recover p256", "check ca", "check kmc"}
		for _, step := range want {
			if !slices.Contains(names(done), step) {
				t.Errorf("the drill did not %s: %q", step, names(done))
			}
		}
		record, err := readRecord(s.caConfig)
		if err != nil || record.Drill == nil || !record.Drill.Good || record.Drill.Archive != done.Archives[0] {
			t.Errorf("%+v, %v", record.Drill, err)
		}
		var text bytes.Buffer
		if err := done.Metrics(&text, time.Unix(1_800_000_000, 0)); err != nil || !strings.Contains(text.String(), "onecert_drill_good 1\n") ||
			!strings.Contains(text.String(), "onecert_drill_last_seconds 1800000000\n") {
			t.Errorf("%s, %v", text.String(), err)
		}
		// What the drill issued is unknown where the archives came from.
		page, err := s.ca.CA.Issuers(issuer(t.Context()))
		if err != nil || page[0].Counts[pki.Revoked] > 0 {
			t.Errorf("%+v, %v", page, err)
		}
	})
}

// TestDrillOfOne: a CA without its KMC issues single certificates, a KMC without its
// CA recovers.
func TestDrillOfOne(t *testing.T) {
	s := newSite(t, pkitest.SQLite)
	_, emptyKey := s.keep(s.kmcConfig, "empty.backup")
	s.issue("one", pki.SM2)
	_, caKey := s.keep(s.caConfig, "ca.backup")
	_, kmcKey := s.keep(s.kmcConfig, "kmc.backup")
	for _, c := range []struct {
		archive string
		key     backup.Key
		step    string
		notes   []string
	}{
		{"ca.backup", caKey, "issue sm2", []string{"no-kmc", "not-thorough"}},
		{"kmc.backup", kmcKey, "recover sm2", []string{"not-thorough"}},
		{"empty.backup", emptyKey, "start kmc", []string{"no-keys", "not-thorough"}},
	} {
		done, err := s.drill(NewDrill{Archives: []string{filepath.Join(s.dir, c.archive)}, Key: c.key, Secrets: s.secrets()})
		if err != nil || !slices.Contains(names(done), c.step) || !slices.Equal(done.Notes, c.notes) {
			t.Errorf("%s: %v, %q, %q", c.archive, err, names(done), done.Notes)
		}
	}
}

// TestDrillFails: what cannot be brought back is found by the drill, and told.
func TestDrillFails(t *testing.T) {
	s, other := newSite(t, pkitest.SQLite), newSite(t, pkitest.SQLite)
	s.issue("one", pki.SM2)
	_, caKey := s.keep(s.caConfig, "ca.backup")
	_, kmcKey := s.keep(s.kmcConfig, "kmc.backup")
	archives := []string{filepath.Join(s.dir, "ca.backup"), filepath.Join(s.dir, "kmc.backup")}
	both := backup.Key{Shares: slices.Concat(caKey.Shares, kmcKey.Shares)}
	wrongKey := t.TempDir() // a sealing key that is not the one of the records
	for name, c := range map[string]struct {
		n    NewDrill
		step string
		code string
	}{
		"none":                  {NewDrill{Archives: []string{}}, "", "drill.archives"},
		"twice the same":        {NewDrill{Archives: []string{archives[0], archives[0]}}, "verify", "drill.archives"},
		"the wrong passphrases": {NewDrill{Secrets: other.secrets()}, "start", "key.passphrase"},
		"no passphrases":        {NewDrill{Secrets: wrongKey}, "restore", "restore.secret"},
		"one share":             {NewDrill{Key: backup.Key{Shares: caKey.Shares[:1]}}, "verify", "share.few"},
	} {
		if c.n.Archives == nil {
			c.n.Archives = archives
		}
		if c.n.Secrets == "" {
			c.n.Secrets = s.secrets()
		}
		if c.n.Key.Shares == nil {
			c.n.Key = both
		}
		c.n.Config = s.kmcConfig
		done, err := s.drill(c.n)
		if pki.CodeOf(err) != c.code || done.Good {
			t.Errorf("%s: %q (%v), not %q", name, pki.CodeOf(err), err, c.code)
		}
		record, err := readRecord(s.kmcConfig)
		if err != nil || record.Drill == nil || record.Drill.Good || record.Drill.Failed != c.step {
			t.Errorf("%s: recorded %+v, %v", name, record.Drill, err)
		}
	}
}

// TestRestoreElsewhere: what lay outside the configuration's folder is found again
// inside the new one, and the configuration says so.
func TestRestoreElsewhere(t *testing.T) {
	s := newSite(t, pkitest.SQLite)
	far := filepath.Join(s.dir, "far")
	for from, to := range map[string]string{"ca/certs/sm2.pem": "far/sm2-chain.pem", "ca/passphrase": "far/secret/passphrase", "ca/keys/tls.pem": "far/keys/tls.pem"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(s.dir, to)), 0o700); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(s.dir, from))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(s.dir, to), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	config, err := os.ReadFile(s.caConfig)
	if err != nil {
		t.Fatal(err)
	}
	text := "# kept: a remark\n" + strings.NewReplacer("certificate: certs/sm2.pem", "certificate: "+far+"/sm2-chain.pem",
		"file:keys/tls.pem?pass=file%3Apassphrase", "file:"+far+"/keys/tls.pem?pass=file%3A"+strings.ReplaceAll(far, "/", "%2F")+"%2Fsecret%2Fpassphrase",
		"tls_certificate: tls.pem", "tls_certificate: "+filepath.Join(s.dir, "ca", "tls.pem"),
		"dir: public/crl", "dir: ../www/crl", "holder_key_file: holder.key", "holder_key_file: "+filepath.Join(s.dir, "ca", "holder.key")).Replace(string(config))
	if err := os.WriteFile(s.caConfig, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	write(t, s.dir, "x", "") // so that the folder below is made here
	root := filepath.Join(s.dir, "www/crl/old-root")
	if err := os.MkdirAll(root, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, root, "complete.crl", "a root's list")
	s.close()
	s.open()
	made, key := s.keep(s.caConfig, "ca.backup")
	if len(made.Manifest.Places) != 3 {
		t.Errorf("places: %v", made.Manifest.Places)
	}
	s.secrets()
	if err := os.Rename(filepath.Join(s.dir, "secrets/ca/passphrase"), filepath.Join(s.dir, "secrets/passphrase")); err != nil {
		t.Fatal(err)
	}
	s.close()
	for _, gone := range []string{"far", "ca", "www"} {
		if err := os.RemoveAll(filepath.Join(s.dir, gone)); err != nil {
			t.Fatal(err)
		}
	}
	done, err := RestoreBackup(t.Context(), NewRestore{Archive: made.File, Key: key, Dir: filepath.Join(s.dir, "new"), Secrets: filepath.Join(s.dir, "secrets")}, quietly())
	if err != nil {
		t.Fatal(err)
	}
	again, err := os.ReadFile(done.Config)
	if err != nil || strings.Contains(string(again), far) || strings.Contains(string(again), filepath.Join(s.dir, "ca")) || !strings.Contains(string(again), "# kept: a remark") {
		t.Errorf("%v\n%s", err, again)
	}
	if len(done.Moved) < 5 {
		t.Errorf("moved: %v", done.Moved)
	}
	s.kmc = openKMC(t, s.kmcConfig)
	s.ca = openCA(t, done.Config, s.kmc)
	s.issue("elsewhere", pki.SM2)
	found := false
	filepath.WalkDir(filepath.Join(s.dir, "new"), func(path string, _ os.DirEntry, _ error) error {
		found = found || strings.HasSuffix(path, "old-root/complete.crl")
		return nil
	})
	if !found {
		t.Error("the root's list, which nobody here can sign, is gone")
	}
}

// TestRevokedStaysRevoked: what was revoked after the backup is taken over from the
// last list published, before the restored CA starts.
func TestRevokedStaysRevoked(t *testing.T) {
	eachEngine(t, func(t *testing.T, database func(testing.TB) string) {
		s := newSite(t, database)
		revoked, heldOne, good := s.issue("revoked", pki.SM2), s.issue("held", pki.P256), s.issue("good", pki.SM2)
		_, key := s.keep(s.caConfig, "ca.backup")
		later := s.issue("later", pki.SM2)
		for _, c := range []*ca.Issued{revoked, later} {
			if _, err := s.ca.Revoke(issuer(t.Context()), "sm2", c.Sign.Serial, ca.Revocation{Reason: "keyCompromise"}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.ca.Hold(issuer(t.Context()), "ecdsa", heldOne.Sign.Serial); err != nil {
			t.Fatal(err)
		}
		numbers := map[string]int64{}
		for _, id := range []string{"sm2", "ecdsa"} {
			lists, err := s.ca.SignCRLs(issuer(t.Context()), id)
			if err != nil {
				t.Fatal(err)
			}
			numbers[id] = lists[0].Number
			write(t, s.dir, id+".crl", string(lists[0].DER))
		}
		n := NewRestore{Archive: filepath.Join(s.dir, "ca.backup"), Key: key, Dir: filepath.Join(s.dir, "new"), Secrets: s.secrets()}
		if !strings.HasPrefix(database(t), "sqlite:") {
			n.Database = database(t)
		}
		done, err := RestoreBackup(t.Context(), n, quietly())
		if err != nil {
			t.Fatal(err)
		}
		lists := []string{filepath.Join(s.dir, "sm2.crl"), filepath.Join(s.dir, "ecdsa.crl")}
		if _, err := CatchUp(t.Context(), s.caConfig, lists, quietly()); pki.CodeOf(err) != "ca.lease" {
			t.Errorf("a CA at work: %v", err)
		}
		for range 2 { // a second time changes nothing
			all, err := CatchUp(t.Context(), done.Config, lists, quietly())
			if err != nil || len(all) != 2 || len(all[0].Unknown) != 2 || all[0].Revoked+all[0].Known != 2 || all[1].Held+all[1].Known != 2 {
				t.Fatalf("%+v, %v", all, err)
			}
		}
		s.ca.Close()
		s.ca = openCA(t, done.Config, s.kmc)
		for _, c := range []struct {
			issued *ca.Issued
			state  pki.State
		}{{revoked, pki.Revoked}, {heldOne, pki.Held}, {good, pki.Valid}} {
			found, err := s.ca.Show(issuer(t.Context()), c.issued.Sign.Issuer, c.issued.Sign.Serial)
			if err != nil || found.State != c.state {
				t.Errorf("%s is %s, not %s (%v)", found.Application, found.State, c.state, err)
			}
		}
		if new, err := s.ca.SignCRLs(issuer(t.Context()), "sm2"); err != nil || new[0].Number <= numbers["sm2"] || new[0].Entries != 2 {
			t.Errorf("%+v, %v", new[0].Entries, err)
		}
		s.rulesHold()
		other := newSite(t, pkitest.SQLite)
		if _, err := CatchUp(t.Context(), other.kmcConfig, lists, quietly()); err == nil {
			t.Error("a KMC caught up")
		}
		other.close()
		if _, err := CatchUp(t.Context(), other.caConfig, lists, quietly()); pki.CodeOf(err) != "adopt.issuer" {
			t.Errorf("another CA's list: %v", err)
		}
		if _, err := CatchUp(t.Context(), other.caConfig, []string{other.caConfig}, quietly()); pki.CodeOf(err) != "adopt.list" {
			t.Errorf("no list: %v", err)
		}
	})
}
