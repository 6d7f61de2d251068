package wire

import (
	"crypto/x509"
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"onecert/officer"
	"onecert/pki"
	"onecert/pkitest"
	"onecert/serve"
)

// systemOf is the call as somebody of a role makes it, for what it answers.
func systemOf(t *testing.T, api *serve.API, role string) System {
	t.Helper()
	r := httptest.NewRequest("GET", pathSystem, nil)
	r = r.WithContext(pki.WithActor(r.Context(), pki.Actor{Name: "trial." + role, Roles: []string{role}}))
	w := httptest.NewRecorder()
	api.ServeHTTP(w, r)
	var s System
	if err := json.Unmarshal(w.Body.Bytes(), &s); w.Code != 200 || err != nil {
		t.Fatalf("%d %s (%v)", w.Code, w.Body, err)
	}
	return s
}

// TestSystemState: a component says how it stands, the same as its health and its files.
func TestSystemState(t *testing.T) {
	eachEngine(t, func(t *testing.T, database func(testing.TB) string) {
		before := time.Now().Add(-time.Second)
		s := newSite(t, database)
		state := systemOf(t, s.ca.API, officer.System)
		if state.Component != "ca" || state.Name != s.ca.config.Origin || !state.Ready || state.Started.Before(before) || state.Now.Before(state.Started) {
			t.Errorf("%+v", state)
		}
		is(t, itemsOf(state), "database", serve.Fine, "database.ok")
		is(t, itemsOf(state), "backup", serve.Warning, "backup.none")
		for _, c := range state.Checks {
			if c.Since.Before(before) || c.Since.After(time.Now()) {
				t.Errorf("%+v", c)
			}
		}
		if d := state.Database; d.Engine != string(s.ca.database.Dialect) || d.Octets < 10_000 || d.Schemas["ca"] < 1 || d.Schemas["audit"] < 1 || d.Schemas["status"] < 1 {
			t.Errorf("%+v", d)
		}
		if a := state.Audit; a == nil || a.Origin != s.ca.config.Origin || len(a.Keys) != 1 || a.Entries < 1 || !sameAsFile(t, filepath.Join(s.dir, "ca", "audit.pub"), a.Keys[0]) {
			t.Errorf("%+v", a)
		}
		s.ownCertificate(state)
		if p := state.Process; p.CPU <= 0 || p.Memory < 1<<20 || p.Goroutines < 2 || p.Files < 3 || p.FilesMost < uint64(p.Files) || p.Processors < 1 || len(p.Disks) < 2 {
			t.Errorf("%+v", p)
		}
		for _, d := range state.Process.Disks {
			if d.Free == 0 || d.Size < d.Free {
				t.Errorf("%+v", d)
			}
		}
		if state.Backups == nil || state.Backups.Backup != nil || state.Backups.Verified {
			t.Errorf("%+v", state.Backups)
		}
	})
}

func itemsOf(s System) (all []serve.Item) {
	for _, c := range s.Checks {
		all = append(all, c.Item)
	}
	return all
}

func sameAsFile(t *testing.T, path, text string) bool {
	t.Helper()
	have, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(have) == text+"\n" || string(have) == text
}

// ownCertificate: the one for TLS is that on file, and renews at half its life.
func (s *site) ownCertificate(state System) {
	s.t.Helper()
	file, err := readCertificates(s.ca.config.Path(s.ca.config.TLSCertificate))
	if err != nil {
		s.t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(file[0].Raw)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, c := range state.Certificates {
		if c.Use != "tls" {
			continue
		}
		half := leaf.NotBefore.Add(leaf.NotAfter.Sub(leaf.NotBefore) / 2)
		if c.SHA256 != pki.Fingerprint(leaf.Raw) || !c.NotAfter.Equal(leaf.NotAfter) || c.RenewsAt == nil || !c.RenewsAt.Equal(half) || c.Algorithm != "p256" {
			s.t.Errorf("%+v", c)
		}
		return
	}
	s.t.Errorf("no certificate for TLS: %+v", state.Certificates)
}

// TestSystemStateOfBackups: a backup is verified when a drill has restored that archive,
// and a record that cannot be read is said to be.
func TestSystemStateOfBackups(t *testing.T) {
	dir := t.TempDir()
	config, now := filepath.Join(dir, "ca.yaml"), time.Now()
	if err := noteBackup(config, Made{At: now, Archive: "one", File: "one.backup", Octets: 7}); err != nil {
		t.Fatal(err)
	}
	if b := backupState(dir); b.Verified || b.Backup == nil || b.Backup.File != "one.backup" {
		t.Errorf("%+v", b)
	}
	for _, c := range []struct {
		archive  string
		good     bool
		verified bool
	}{{"one", true, true}, {"one", false, false}, {"before", true, false}} {
		if err := note(config, func(r *Record) { r.Drill = &Drilled{At: now, Archive: c.archive, Good: c.good} }); err != nil {
			t.Fatal(err)
		}
		if b := backupState(dir); b.Verified != c.verified {
			t.Errorf("%+v: %+v", c, b)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, recordName), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if b := backupState(dir); !b.Unreadable || b.Verified {
		t.Errorf("%+v", b)
	}
}

// TestSystemStateWithADatabaseThatIsGone: it answers all the same.
func TestSystemStateWithADatabaseThatIsGone(t *testing.T) {
	s := newSite(t, pkitest.SQLite)
	v := s.ca.vantage()
	if err := s.ca.database.Read().Close(); err != nil {
		t.Fatal(err)
	}
	state, err := v.look(t.Context())
	if err != nil || state.Ready || len(state.Database.Schemas) != 0 {
		t.Errorf("%+v (%v)", state, err)
	}
	is(t, itemsOf(state), "database", serve.Failing, "database.down")
}
