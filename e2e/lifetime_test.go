package e2e

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	_ "modernc.org/sqlite" // the driver, for changing a copy of an audit log
)

// TestDemoGoesOn is one folder's life: started, stopped, started again, walked.
func TestDemoGoesOn(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "demo")
	d := demoIn(t, folder, "--quiet")
	if d.out.String() != "" {
		t.Errorf("--quiet said: %s", &d.out)
	}
	office := d.as(t, "centre.issuer")
	a := newApplicant(t, "sm2", personName())
	o := a.order(t, "person-sign")
	first := office.issue(t, o)
	careless(t, d)
	number := crlNumber(t, d, "sm2")

	t.Run("a second one on the folder is refused", func(t *testing.T) {
		_, problem, code := onecert(t, "demo", "--dir", folder, "--quiet")
		if code != 1 || !strings.Contains(problem, "running") || strings.Count(problem, "\n") != 1 {
			t.Errorf("exit code %d: %s", code, problem)
		}
	})
	t.Run("nothing secret in the first run", func(t *testing.T) { nothingSecret(t, d) })
	t.Run("SIGINT stops it", func(t *testing.T) { stops(t, d.process, os.Interrupt) })
	t.Run("other addresses are refused", func(t *testing.T) {
		if _, problem, code := onecert(t, "demo", "--dir", folder, "--port-base", "1025"); code != 1 || !strings.Contains(problem, "certificates") {
			t.Errorf("exit code %d: %s", code, problem)
		}
	})

	again := demoIn(t, folder)
	t.Run("the second start goes on", func(t *testing.T) {
		if again.Endpoints.CA != d.Endpoints.CA || again.Endpoints.CRL["rsa"] != d.Endpoints.CRL["rsa"] {
			t.Errorf("it moved from %+v to %+v", d.Endpoints, again.Endpoints)
		}
		if !strings.Contains(again.out.String(), "ready") || !strings.Contains(again.out.String(), again.Endpoints.Start) {
			t.Errorf("it said: %s", &again.out)
		}
		office := again.as(t, "centre.issuer")
		if got := office.issue(t, o); string(got.Sign.DER) != string(first.Sign.DER) || string(got.Encrypt.DER) != string(first.Encrypt.DER) {
			t.Error("the application asked again gave another pair")
		}
		if got := crlNumber(t, again, "sm2"); got < number {
			t.Errorf("the CRL's number went back from %d to %d", number, got)
		}
	})
	t.Run("nothing secret while it runs", func(t *testing.T) { nothingSecret(t, again) })
	t.Run("SIGTERM stops it", func(t *testing.T) { stops(t, again.process, syscall.SIGTERM) })
	t.Run("it walks", func(t *testing.T) { walks(t, again) })
	t.Run("its databases are one file each", func(t *testing.T) { oneFile(t, folder) })
	t.Run("its audit logs hold", func(t *testing.T) { auditHolds(t, again) })
	t.Run("a changed audit log shows", func(t *testing.T) { changedAuditShows(t, folder) })
}

// stops fails the test unless the demo ends well and soon, and takes demo.json,
// which says that it runs, with it.
func stops(t *testing.T, p *process, signal os.Signal) {
	begin := time.Now()
	if err := p.end(signal); err != nil {
		t.Errorf("it ended with %v\n%s", err, &p.log)
	}
	if took := time.Since(begin); took > 30*time.Second {
		t.Errorf("it took %v", took)
	}
	if _, err := os.Stat(filepath.Join(p.folder, "demo.json")); !os.IsNotExist(err) {
		t.Errorf("demo.json outlives the demo: %v", err)
	}
}

// walks runs the journeys on a folder that is not served, and looks for secrets in
// what they leave.
func walks(t *testing.T, d *demo) {
	p, err := launch(d.folder, "--walk")
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.ended:
		running.drop(p)
	case <-time.After(startTime):
		t.Fatal("the walk does not end")
	}
	if p.result != nil {
		t.Fatalf("the walk failed: %v\n%s%s", p.result, &p.out, &p.log)
	}
	steps := p.out.String()
	if n := strings.Count(steps, "✓ "); n < 39 || strings.Contains(steps, "✗") || !strings.Contains(steps, " ms\n") {
		t.Errorf("%d steps:\n%s", n, steps)
	}
	left, err := filepath.Glob(filepath.Join(d.folder, "walk-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("the walk left %q (%v)", left, err)
	}
	nothingSecret(t, &demo{process: p, Identities: d.Identities})
}

// oneFile: what was stopped can be moved by its file (design decision 2).
func oneFile(t *testing.T, folder string) {
	for _, name := range []string{"ca/ca.db", "kmc/kmc.db"} {
		for _, part := range []string{"-wal", "-shm"} {
			if _, err := os.Stat(filepath.Join(folder, name) + part); !os.IsNotExist(err) {
				t.Errorf("%s%s is left beside it (%v)", name, part, err)
			}
		}
	}
}

// changedAuditShows works on copies: one word changed, and the end cut off. The first
// shows by itself, the second by the signed heads.
func changedAuditShows(t *testing.T, folder string) {
	content := read(t, filepath.Join(folder, "ca", "ca.db"))
	copied := filepath.Join(t.TempDir(), "copy.db")
	verify := func() (string, int) {
		heads, key := filepath.Join(folder, "ca", "audit-heads"), filepath.Join(folder, "ca", "audit.pub")
		out, complaint, code := onecert(t, "audit", "verify", "--lang", "en", "--database", "sqlite:"+copied, "--heads", heads, "--key", key)
		return out + complaint, code
	}
	writeFile(t, copied, content)
	if said, code := verify(); code != 0 {
		t.Fatalf("the copy itself: %s", said)
	}
	alter(t, copied, "UPDATE audit_entry SET actor = 'centre.system' WHERE number = (SELECT MAX(number) FROM audit_entry WHERE actor = 'centre.issuer')")
	if said, code := verify(); code != 1 || !strings.Contains(said, "entry") {
		t.Errorf("one word changed: exit code %d\n%s", code, said)
	}
	writeFile(t, copied, content)
	alter(t, copied, "DELETE FROM audit_entry WHERE number >= (SELECT size FROM audit_head) - 60", "UPDATE audit_head SET size = size - 60")
	if said, code := verify(); code != 1 || !strings.Contains(said, "head") {
		t.Errorf("the end cut off: exit code %d\n%s", code, said)
	}
}

// alter writes to a database as somebody would who has the file and no key.
func alter(t *testing.T, path string, statements ...string) {
	database, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer database.Close()
	for _, statement := range statements {
		if result, err := database.Exec(statement); err != nil {
			t.Fatal(err)
		} else if rows, _ := result.RowsAffected(); rows == 0 {
			t.Errorf("nothing was changed by %s", statement)
		}
	}
}
