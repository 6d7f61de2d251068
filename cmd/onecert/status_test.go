package main

import (
	"database/sql"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"onecert/db"
	"onecert/pki"
	"onecert/status"
)

// TestStatus asks a folder and a service, now and of the past, by name and by file.
func TestStatus(t *testing.T) {
	english(t)
	dir := t.TempDir()
	d, err := db.Open(t.Context(), "sqlite:"+filepath.Join(dir, "ca.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	journal, err := status.Open(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	serial := pki.Serial("4f02a1b2c3d4e5f60718293a4b5c6d7e8f901234")
	begin := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	issued := status.Change{Issuer: "sm2", Serial: serial, Event: status.Issued, At: begin, NotAfter: begin.AddDate(30, 0, 0)}
	revoked := issued
	revoked.Event, revoked.Reason, revoked.At, revoked.Invalidity = status.Revoked, pki.KeyCompromise, begin.AddDate(0, 0, 7), begin.AddDate(0, 0, 5)
	if err := d.Tx(t.Context(), func(tx *sql.Tx) error { _, err := journal.Append(t.Context(), tx, issued, revoked); return err }); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "ca.yaml"), []byte("component: ca\ndatabase: sqlite:ca.db\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	status.LookUp{Journal: journal, Now: time.Now}.Register(mux)
	server := httptest.NewServer(mux)
	defer server.Close()
	for _, where := range [][]string{{"--dir", dir}, {"--url", server.URL}} {
		ask := func(words ...string) (string, string, int) {
			return onecert(t, append(append([]string{"status"}, words...), where...)...)
		}
		out, stderr, code := ask("sm2", string(serial))
		for _, want := range []string{"revoked", "keyCompromise", "2026-03-08 12:00:00 UTC", "entry 2 of the journal", "in doubt since 2026-03-06"} {
			if code != exitDone || !strings.Contains(out, want) {
				t.Errorf("%v: %d %q lacks %q (%s)", where, code, out, want, stderr)
			}
		}
		if out, _, code := ask("sm2", strings.ToUpper(string(serial)), "--at", "2026-03-02"); code != exitDone || !strings.Contains(out, ": valid") || !strings.Contains(out, "entry 1 of") {
			t.Errorf("%v, then: %d %s", where, code, out)
		}
		out, _, code = ask("sm2", string(serial), "--at", "2026-03-09 00:00", "--json")
		var m status.Moment
		if err := json.Unmarshal([]byte(out), &m); err != nil || code != exitDone || m.State != pki.Revoked || m.Entry.Number != 2 {
			t.Errorf("%v, for programs: %d %s", where, code, out)
		}
		if _, stderr, code := ask("sm2", string(serial), "--at", "2026-02-01"); code != exitRefused || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%v, before it was: %d %q", where, code, stderr)
		}
		if _, _, code := ask("rsa", string(serial)); code != exitRefused {
			t.Errorf("%v, of nobody: %d", where, code)
		}
		if _, _, code := ask("sm2", string(serial), "--at", "someday"); code != exitUsage {
			t.Errorf("%v, someday: %d", where, code)
		}
		chain := newChain(t, "p256")
		if _, stderr, code := ask(file(t, "root.pem", certPEM(chain.root))); code != exitRefused || !strings.Contains(stderr, "does not tell its issuer") {
			t.Errorf("%v, a certificate without addresses: %d %q", where, code, stderr)
		}
		if _, _, code := ask("sm2", file(t, "root.pem", certPEM(chain.root))); code != exitRefused {
			t.Errorf("%v, a stranger's file: %d", where, code)
		}
	}
	for _, words := range [][]string{{"sm2", string(serial)}, {"sm2", string(serial), "--dir", dir, "--url", server.URL}, {"--dir", dir}} {
		if _, _, code := onecert(t, append([]string{"status"}, words...)...); code != exitUsage {
			t.Errorf("%v: %d", words, code)
		}
	}
	if _, stderr, code := onecert(t, "status", "sm2", string(serial), "--dir", t.TempDir()); code != exitRefused || !strings.Contains(stderr, "no folder of a CA") {
		t.Errorf("an empty folder: %d %q", code, stderr)
	}
}
