package backup

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"database/sql"
	"fmt"
	"testing"
	"time"

	"onecert/audit"
	"onecert/db"
	"onecert/pki"
	"onecert/shares"
)

const origin = "onecert.example/ca"

// cheap locks with a passphrase that costs little to try.
func cheap(c Cipher) Lock {
	return Lock{Cipher: c, Passphrase: []byte("correct horse battery"), logN: 4}
}

var opens = Key{Passphrase: []byte("correct horse battery")}

// component is a database with an audit log in it.
func component(t testing.TB, source string, acts int) (*db.DB, About) {
	t.Helper()
	d, err := db.Open(t.Context(), source)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := audit.NewSigner(origin, key)
	if err != nil {
		t.Fatal(err)
	}
	log, err := audit.Open(t.Context(), d, origin, signer)
	if err != nil {
		t.Fatal(err)
	}
	all := make([]audit.Act, acts)
	for i := range all {
		all[i] = audit.Act{Actor: pki.Actor{Name: "centre.issuer"}, Act: "certificate.issue", Result: audit.Done,
			Object: fmt.Sprintf("申请-%d", i), Detail: map[string]string{"n": fmt.Sprint(i)}}
	}
	if err := log.Record(t.Context(), all...); err != nil {
		t.Fatal(err)
	}
	about := About{Component: "ca", Origin: origin, Taken: time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC), Program: "test", Engine: string(d.Dialect),
		Config: "ca.yaml", Apart: []string{"passphrase"}, AuditKey: signer.Verifier.String(), Figures: map[string]int64{"journal": 7}}
	err = d.Snapshot(t.Context(), func(tx *sql.Tx) (err error) {
		if about.Schemas, err = d.Versions(t.Context(), tx); err != nil {
			return err
		}
		_, about.Audit, err = audit.HeadIn(t.Context(), tx, origin, signer)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return d, about
}

// archive keeps a database and two files.
func archive(t testing.TB, d *db.DB, about About, lock Lock) ([]byte, []shares.Share) {
	t.Helper()
	var out bytes.Buffer
	w, split, err := NewWriter(&out, lock, about)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{"ca.yaml": []byte("component: ca\n"), "keys/root.pem": bytes.Repeat([]byte("sealed "), 30_000), "empty": nil}
	for _, name := range []string{"ca.yaml", "keys/root.pem", "empty"} {
		if err := w.File(name, 0o600, files[name]); err != nil {
			t.Fatal(err)
		}
	}
	err = d.Snapshot(t.Context(), func(tx *sql.Tx) error {
		tables, err := d.Tables(t.Context(), tx)
		if err != nil {
			return err
		}
		for _, table := range tables {
			if err := w.Table(table, func(act func([]any) error) error { return table.Each(t.Context(), tx, act) }); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), split
}

// plain makes an archive without a database: one file and one table of every kind.
func plain(t testing.TB, lock Lock, rows int) []byte {
	t.Helper()
	var out bytes.Buffer
	w, _, err := NewWriter(&out, lock, About{Component: "kmc", Engine: "sqlite", Schemas: map[string]int64{"kmc": 1}})
	if err != nil {
		t.Fatal(err)
	}
	noise := make([]byte, 3*chunkLen) // does not squeeze: the archive has several chunks
	rand.Read(noise)
	if err := w.File("noise", 0o640, noise); err != nil {
		t.Fatal(err)
	}
	table := db.Table{Name: "things", Columns: []db.Column{{Name: "n", Kind: db.Number}, {Name: "name", Kind: db.Text}, {Name: "body", Kind: db.Octets}, {Name: "good", Kind: db.Flag}}}
	err = w.Table(table, func(act func([]any) error) error {
		for i := range rows {
			if err := act([]any{int64(i) - 1, fmt.Sprintf("名 %d", i), []byte{byte(i)}, i%2 == 0}); err != nil {
				return err
			}
		}
		return act([]any{nil, nil, nil, nil})
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
