package backup

import (
	"bytes"
	"database/sql"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"onecert/audit"
	"onecert/db"
	"onecert/pki"
	"onecert/pkitest"
)

// fill restores the tables of an archive into an empty database.
func fill(t testing.TB, from io.Reader, source string) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), source)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	if _, err := audit.Open(t.Context(), d, origin); err != nil { // its tables
		t.Fatal(err)
	}
	a, err := Open(from, opens)
	if err != nil {
		t.Fatal(err)
	}
	err = d.Fill(t.Context(), func(f *db.Filler) error {
		for {
			p, err := a.Next()
			if err == io.EOF {
				return nil
			}
			if err == nil && p.Table {
				err = p.Fill(t.Context(), f)
			}
			if err != nil {
				return err
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestEngines restores from each engine to each: what is archived again is the same.
func TestEngines(t *testing.T) {
	for _, from := range pkitest.Databases(t) {
		for _, to := range pkitest.Databases(t) {
			t.Run(from.Engine+" to "+to.Engine, func(t *testing.T) {
				d, about := component(t, from.Source, 2500)
				file, _ := archive(t, d, about, cheap(AES256GCM))
				restored := fill(t, bytes.NewReader(file), to.Source)
				again, _ := archive(t, restored, about, cheap(SM4GCM))
				a, err1 := Verify(bytes.NewReader(file), opens)
				b, err2 := Verify(bytes.NewReader(again), opens)
				if err1 != nil || err2 != nil || !b.Audit.Good() || a.Audit.Size != b.Audit.Size {
					t.Fatalf("%v, %v, %+v", err1, err2, b.Audit)
				}
				// audit_entry is numbered, so it comes in one order from both.
				for i, table := range a.Tables {
					if table.Count != b.Tables[i].Count || table.Name == "audit_entry" && !bytes.Equal(table.SHA256, b.Tables[i].SHA256) {
						t.Errorf("%+v became %+v", table, b.Tables[i])
					}
				}
				if r, err := audit.Verify(t.Context(), restored, nil, nil); err != nil || !r.Good() {
					t.Errorf("%+v, %v", r, err)
				}
			})
		}
	}
}

func TestFillRefusesOtherTables(t *testing.T) {
	d, err := db.Open(t.Context(), pkitest.SQLite(t))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	a, err := Open(bytes.NewReader(plain(t, cheap(AES256GCM), 3)), opens)
	if err != nil {
		t.Fatal(err)
	}
	a.Next()
	things, err := a.Next()
	if err != nil || things.Name != "things" {
		t.Fatal(err)
	}
	err = d.Fill(t.Context(), func(f *db.Filler) error { return things.Fill(t.Context(), f) })
	if pki.CodeOf(err) != "backup.schema" {
		t.Errorf("%v", err)
	}
	if _, err := things.Read(nil); err == nil {
		t.Error("a table was read as a file")
	}
}

// BenchmarkArchive shows what 100,000 rows cost to keep and to check.
func BenchmarkArchive(b *testing.B) {
	for _, engine := range []string{"sqlite", "postgres"} {
		source := pkitest.SQLite
		if engine == "postgres" {
			source = pkitest.Postgres
		}
		d, about := component(b, source(b), 1)
		wide(b, d)
		for _, c := range []Cipher{AES256GCM, SM4GCM} {
			path := filepath.Join(b.TempDir(), "archive")
			b.Run(fmt.Sprintf("create %s %s", engine, c), func(b *testing.B) {
				for b.Loop() {
					out, err := os.Create(path)
					if err != nil {
						b.Fatal(err)
					}
					w, _, err := NewWriter(out, cheap(c), about)
					if err != nil {
						b.Fatal(err)
					}
					if err := d.Snapshot(b.Context(), func(tx *sql.Tx) error { return w.Database(b.Context(), d, tx) }); err != nil {
						b.Fatal(err)
					}
					m, err := w.Close()
					if err != nil {
						b.Fatal(err)
					}
					info, _ := out.Stat()
					out.Close()
					b.ReportMetric(float64(info.Size())/float64(m.Rows()), "octets/row")
				}
			})
			b.Run(fmt.Sprintf("verify %s %s", engine, c), func(b *testing.B) {
				for b.Loop() {
					in, err := os.Open(path)
					if err != nil {
						b.Fatal(err)
					}
					_, err = Verify(in, opens)
					in.Close()
					if err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// wide makes the log large: entries of a plain certificate.
func wide(b *testing.B, d *db.DB) {
	log, err := audit.Open(b.Context(), d, origin)
	if err != nil {
		b.Fatal(err)
	}
	acts := make([]audit.Act, 1000)
	for range 50 {
		for i := range acts {
			acts[i] = audit.Act{Actor: pki.Actor{Name: "centre.issuer", Roles: []string{"issuer"}, Certificate: strings.Repeat("ab", 32)}, Act: "certificate.issue",
				Object: fmt.Sprint("application-", i), Subject: fmt.Sprint("holder-", i), Result: audit.Done,
				Detail: map[string]string{"single": strings.Repeat("0123456789abcdef", 6), "profile": "person-sign"}}
		}
		if err := log.Record(b.Context(), acts...); err != nil {
			b.Fatal(err)
		}
	}
}
