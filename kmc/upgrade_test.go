package kmc

import (
	"database/sql"
	"testing"

	"onecert/db"
	"onecert/pki"
	"onecert/pkitest"
)

// A store an earlier release made is brought up to date with what is in it.
func TestUpgradeFromTheFirstTables(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		d, err := db.Open(t.Context(), source)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		if err := d.MigrateTo(t.Context(), "kmc", migrations, 1); err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{
			"INSERT INTO kmc_key (id, suite, spki, sealed, made_at) VALUES ('k1', 'sm2', $1, $1, 1)",
			"INSERT INTO kmc_use (key_id, suite, ca, application, cert_no, holder, digest, taken_at, not_after, ended_at) VALUES ('k1', 'sm2', 'ca1', 'a', '0a', 'h', $1, 1, 2, 3)",
		} {
			err := d.Tx(t.Context(), func(tx *sql.Tx) error {
				_, err := tx.ExecContext(t.Context(), text, []byte{1})
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := d.Migrate(t.Context(), "kmc", migrations); err != nil {
			t.Fatal(err)
		}
		u, err := findUse(t.Context(), d.Read(), byCertNo, "ca1", "0a")
		if err != nil || u.holder != "h" || u.endedAt.IsZero() || !u.destroyedAt.IsZero() {
			t.Errorf("%+v %v", u, err)
		}
		if n, err := readCount(t.Context(), d.Read(), pki.SM2); err != nil || n.destroyed != 0 {
			t.Errorf("%+v %v", n, err)
		}
	})
}
