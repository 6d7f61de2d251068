package ca_test

import (
	"database/sql"
	"strings"
	"testing"

	"onecert/ca"
	"onecert/db"
	"onecert/pkitest"
)

// TestListCostsTheSameEverywhere: a page is found by an index, in order, wherever in
// the list it begins and however many certificates there are.
func TestListCostsTheSameEverywhere(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		h := open(t, source, nil)
		var ready []*ca.BulkReady
		for n := range 1500 {
			r, err := h.room.Prepare(as("ra"), bulk(t, n))
			if err != nil {
				t.Fatal(err)
			}
			ready = append(ready, r)
		}
		if err := h.room.Load(as("ra"), ready); err != nil {
			t.Fatal(err)
		}
		plan := explain(t, h.cfg.DB, ca.UnfinishedOrders, []any{startOfTime.UnixMilli() + 1})
		if !strings.Contains(plan, "ca_order_created") || strings.Contains(plan, "SCAN") || strings.Contains(plan, "Seq Scan") {
			t.Errorf("a start reads too much:\n%s", plan)
		}
		serial := string(ready[700].Serials()[0])
		for _, f := range []ca.Filter{
			{Limit: 100}, {Issuer: "sm2", Limit: 100}, {After: "sm2/" + serial, Limit: 100},
			{Issuer: "sm2", After: "sm2/" + serial, Limit: 100}, {Holder: "H-77", Limit: 100},
		} {
			text, args := ca.ListQuery(f)
			plan := explain(t, h.cfg.DB, text, args)
			// What a holder has may be sorted: it is a few.
			if strings.Contains(plan, "Seq Scan on ca_") || strings.Contains(plan, "SCAN o") || strings.Contains(plan, "SCAN t") ||
				f.Holder == "" && strings.Contains(plan, "TEMP B-TREE") || f.Holder == "" && strings.Contains(plan, "Sort") {
				t.Errorf("%+v reads too much:\n%s", f, plan)
			}
			if f.After != "" && !strings.Contains(plan, "serial>") && !strings.Contains(plan, "serial)>") && !strings.Contains(plan, "serial > ") && !strings.Contains(plan, "serial) >") {
				t.Errorf("%+v does not go to its place:\n%s", f, plan)
			}
			page, err := h.List(as("ra"), f)
			if err != nil || len(page.Certificates) == 0 {
				t.Errorf("%+v: %v", f, err)
			}
			for _, c := range page.Certificates {
				if f.After != "" && c.Issuer+"/"+string(c.Serial) <= f.After {
					t.Errorf("%s stands before %s", c.Serial, f.After)
				}
			}
		}
	})
}

// explain is a plan by today's counts.
func explain(t *testing.T, d *db.DB, text string, args []any) string {
	t.Helper()
	if d.Dialect == db.Postgres {
		if err := d.Tx(t.Context(), func(tx *sql.Tx) error { _, err := tx.Exec("ANALYZE"); return err }); err != nil {
			t.Fatal(err)
		}
	}
	return pkitest.Explain(t, d, text, args...)
}
