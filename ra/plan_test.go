package ra_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"onecert/pkitest"
	"onecert/ra"
)

// planned is how many applications there are when lists are explained, with five times as
// many certificates.
const planned = 4_000

// TestPlans: lists of few among many walk an index in its order and sort nothing but what
// they have found; no list reads a table from end to end.
func TestPlans(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		h := &house{t: t, source: source, clock: &clock{now: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)}}
		h.cfg = ra.Config{Check: check, Sealer: testSealer(), Home: homeNode, Paperless: true, Now: h.clock.Now}
		h.start()
		t.Cleanup(func() { h.room.Close(); h.cfg.DB.Close() }) // what is made up holds no invariants
		if err := h.room.Fill(t.Context(), ra.Filling{Branches: 4, Counters: 12, Applications: planned, Certificates: 5 * planned, Days: 365}); err != nil {
			t.Fatal(err)
		}
		for _, statement := range []string{
			fmt.Sprintf("UPDATE ra_application SET conflict = 'x' WHERE id IN (SELECT id FROM ra_application ORDER BY id LIMIT %d)", planned/1000),
			fmt.Sprintf("UPDATE ra_application SET state = 'draft', registered_by = 'l7.registrar' WHERE id IN (SELECT id FROM ra_application ORDER BY id DESC LIMIT %d)", planned/100),
			"ANALYZE",
		} {
			if err := h.cfg.DB.Tx(t.Context(), execAll(t.Context(), statement)); err != nil {
				t.Fatal(err)
			}
		}
		for _, one := range []struct {
			what, node, index string
			q                 any
		}{
			{"own", "centre", "ra_application_begun", ra.Query{Mine: true}},
			{"own, by name", "centre", "ra_application_begun", ra.Query{Mine: true, Name: "张", States: []ra.State{ra.Draft}}},
			{"in conflict", "centre", "ra_application_conflict", ra.Query{Conflict: true}},
			{"in conflict at a branch", "r1", "ra_application_conflict", ra.Query{Conflict: true, Kind: ra.Person}},
			{"certificates", "centre", "ra_certificate_list", ra.CertificateQuery{}},
			{"certificates of a branch", "r1", "ra_certificate_list", ra.CertificateQuery{}},
			{"certificates of a counter", "l7", "ra_certificate_place", ra.CertificateQuery{}},
		} {
			text, args, err := h.room.Planned(t.Context(), one.node, "l7.registrar", one.q)
			if err != nil {
				t.Fatal(err)
			}
			plan := pkitest.Explain(t, h.cfg.DB, text, args...)
			if !strings.Contains(plan, one.index) || strings.Contains(plan, "Seq Scan on ra_application") || strings.Contains(plan, "Seq Scan on ra_certificate") ||
				strings.Contains(plan, "SCAN ra_application\n") || strings.Contains(plan, "SCAN ra_certificate\n") {
				t.Errorf("%s:\n%s", one.what, plan)
			}
		}
	})
}
