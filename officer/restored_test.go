package officer

import (
	"database/sql"
	"testing"
	"time"

	"onecert/pki"
)

// TestRestoreVoidsWhatCouldHappenTwice: codes and approvals of the backup may have
// been used since it was made.
func TestRestoreVoidsWhatCouldHappenTwice(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		code, err := h.NewCode(boss(t.Context()), System, "centre.system", time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		proposer := h.join("centre.custodian", Custodian)
		open := h.mustPropose(proposer, disclosure)
		h.pass(time.Minute)
		var v Voided
		err = h.d.Tx(t.Context(), func(tx *sql.Tx) (err error) {
			v, err = AfterRestore(t.Context(), tx, h.log, pki.Actor{Name: "restore"}, h.at())
			return err
		})
		if err != nil || v.Codes != 1 || v.Proposals != 1 {
			t.Fatalf("%+v, %v", v, err)
		}
		err = h.d.Tx(t.Context(), func(tx *sql.Tx) error {
			_, _, err := h.Redeem(t.Context(), tx, code)
			return err
		})
		if pki.KindOf(err) == pki.Internal || err == nil {
			t.Errorf("the code from before: %v", err)
		}
		if got := h.state(open.ID); got != Expired {
			t.Errorf("the proposal from before is %s", got)
		}
		if _, err := h.NewCode(boss(t.Context()), System, "centre.system", time.Hour); err != nil {
			t.Errorf("a new code: %v", err)
		}
	})
}
