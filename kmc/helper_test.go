package kmc

import (
	"context"
	"crypto/rand"
	"database/sql"
	"io"
	"path/filepath"
	"testing"

	"onecert/db"
	"onecert/keys"
)

func testRandom() io.Reader { return rand.Reader }

func otherSealer(t testing.TB) *keys.Sealer {
	t.Helper()
	sealer, err := keys.GenerateSealer("file:"+filepath.Join(t.TempDir(), "other.pem"), keys.SM4GCM, keys.Options{Passphrase: []byte("another for tests")})
	if err != nil {
		t.Fatal(err)
	}
	return sealer
}

// execute runs one statement behind the centre's back.
func execute(ctx context.Context, d *db.DB, text string, args ...any) error {
	return d.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, text, args...)
		return err
	})
}
