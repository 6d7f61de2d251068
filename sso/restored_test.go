package sso

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"onecert/pkitest"
)

// TestAfterRestore: of what a backup brings back nobody is logged in, in no realm, whether
// the token is older than the backup or younger; whoever logs in again is.
func TestAfterRestore(t *testing.T) {
	for name, source := range map[string]func(testing.TB) string{"sqlite": pkitest.SQLite, "postgres": pkitest.Postgres} {
		t.Run(name, func(t *testing.T) {
			tn := newTown(t, source(t))
			before, officers := tn.sessions(nil), tn.sessions(func(c *Config) { c.Realm = "officer" })
			over, gone := tn.open(before, login("over"))
			if err := before.End(t.Context(), gone.ID, LoggedOut); err != nil {
				t.Fatal(err)
			}
			alice, _ := tn.open(before, login("alice"))
			bob, _ := tn.open(before, login("bob"))
			root, _ := tn.open(officers, login("root"))
			tn.forward(time.Minute)
			var ended int64
			err := tn.d.Tx(t.Context(), func(tx *sql.Tx) (err error) {
				ended, err = AfterRestore(context.Background(), tx, tn.now())
				return err
			})
			if err != nil || ended != 3 {
				t.Fatal(ended, err)
			}
			after, seniors := tn.sessions(nil), tn.sessions(func(c *Config) { c.Realm = "officer" })
			for who, token := range map[string]string{"alice": alice, "bob": bob, "over": over} {
				wants(t, who, after, token, tn.now(), "sso.token")
			}
			wants(t, "root", seniors, root, tn.now(), "sso.token")
			all, err := after.List(t.Context(), Query{Ended: true})
			if err != nil || len(all) != 3 {
				t.Fatal(all, err)
			}
			for _, row := range all {
				if want := map[bool]Why{true: LoggedOut, false: Restored}[row.User == "over"]; row.Why != want || row.Ended.IsZero() {
					t.Errorf("%+v", row)
				}
			}
			again, session := tn.open(after, login("alice"))
			wants(t, "alice again", after, again, tn.now(), "")
			if err := after.End(t.Context(), session.ID, LoggedOut); err != nil {
				t.Error(err)
			}
			last, err := after.last(t.Context(), tn.d.Read())
			if err != nil || last != 4 {
				t.Errorf("the journal ends with %d, %v", last, err)
			}
		})
	}
}
