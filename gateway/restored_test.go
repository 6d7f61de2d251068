package gateway_test

import (
	"database/sql"
	"testing"

	"onecert/gateway"
)

// TestFigures: a backup says how many versions it holds.
func TestFigures(t *testing.T) {
	h := newHouse(t)
	for range 4 {
		h.apply(h.document())
	}
	err := h.d.Tx(t.Context(), func(tx *sql.Tx) error {
		all, err := gateway.Figures(t.Context(), tx)
		if err == nil && all["versions"] != 4 {
			t.Errorf("%v", all)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
