package ca_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"onecert/ca"
	"onecert/pki"
	"onecert/pkitest"
)

// TestCompareRecords: every way in which the journal's states and the log can differ
// is found, and nothing where they agree.
func TestCompareRecords(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		h := open(t, source, nil)
		ctx := as("office")
		var all []*ca.Issued
		for n := range 9 {
			all = append(all, mustIssue(t, h, order(t, fmt.Sprintf("rec-%d", n), pki.SM2)))
		}
		slices.SortFunc(all, func(a, b *ca.Issued) int { return strings.Compare(string(a.Sign.Serial), string(b.Sign.Serial)) })
		must := func(_ *ca.Certificate, err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		for _, n := range []int{0, 4, 8} { // the first and the last are in
			must(h.Revoke(ctx, "sm2", all[n].Sign.Serial, ca.Revocation{Reason: "superseded"}))
		}
		must(h.Hold(ctx, "sm2", all[1].Sign.Serial))
		must(h.Hold(ctx, "sm2", all[2].Sign.Serial))
		must(h.Release(ctx, "sm2", all[2].Sign.Serial))
		must(h.Hold(ctx, "sm2", all[3].Sign.Serial))
		must(h.Revoke(ctx, "sm2", all[3].Sign.Serial, ca.Revocation{Reason: "superseded"}))
		serial := func(n int) string { return string(all[n].Sign.Serial) }
		none := "WHERE serial = ''"
		for _, c := range []struct{ name, change, back, want string }{
			{"as it is", "DELETE FROM status " + none, "DELETE FROM status " + none, ""},
			{"revived", "UPDATE status SET state = 'valid' WHERE serial = '" + serial(0) + "'", "UPDATE status SET state = 'revoked' WHERE serial = '" + serial(0) + "'",
				serial(0) + " was last revoked, the journal says it is valid"},
			{"released by hand", "UPDATE status SET state = 'valid' WHERE serial = '" + serial(1) + "'", "UPDATE status SET state = 'held' WHERE serial = '" + serial(1) + "'",
				serial(1) + " was last held, the journal says it is valid"},
			{"only held", "UPDATE status SET state = 'held' WHERE serial = '" + serial(8) + "'", "UPDATE status SET state = 'revoked' WHERE serial = '" + serial(8) + "'",
				serial(8) + " was last revoked, the journal says it is held"},
			{"held again", "UPDATE status SET state = 'held' WHERE serial = '" + serial(2) + "'", "UPDATE status SET state = 'valid' WHERE serial = '" + serial(2) + "'",
				serial(2) + " was last released, the journal says it is held"},
			{"revoked by hand", "UPDATE status SET state = 'revoked' WHERE serial = '" + serial(5) + "'", "UPDATE status SET state = 'valid' WHERE serial = '" + serial(5) + "'",
				serial(5) + " is revoked, the log has no such act"},
			{"the last, by hand", "UPDATE status SET state = 'revoked' WHERE serial = '" + serial(7) + "'", "UPDATE status SET state = 'valid' WHERE serial = '" + serial(7) + "'",
				serial(7) + " is revoked, the log has no such act"},
			{"another serial", "UPDATE status SET serial = 'ff' WHERE serial = '" + serial(4) + "'", "UPDATE status SET serial = '" + serial(4) + "' WHERE serial = 'ff'",
				serial(4) + " was revoked, the journal does not know it"},
		} {
			h.exec(c.change)
			faults, err := h.room.CompareRecords(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if found := strings.Join(faults, "\n"); (c.want == "") != (found == "") || !strings.Contains(found, c.want) {
				t.Errorf("%s: found %q, want %q", c.name, found, c.want)
			}
			h.exec(c.back)
		}
	})
}
