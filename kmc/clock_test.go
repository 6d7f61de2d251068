package kmc

import (
	"bytes"
	"testing"
	"time"

	"onecert/pki"
	"onecert/pkitest"
)

// The clock jumps two days ahead and three back. Pairs keep their owners, the spare
// ones are found again, and what the log and the tables say still fits.
func TestClockJumps(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		h := newHouse(t, source, nil)
		k := newToken(t, pki.SM2)
		told := map[int]pki.KeyGrant{}
		orders := map[int]pki.KeyOrder{}
		order := func(n int) {
			t.Helper()
			if orders[n].Application == "" {
				orders[n] = h.order(n, pki.SM2, k)
			}
			g, err := h.centre.Generate(as("ca1"), orders[n])
			if err != nil || told[n].PublicKey != nil && !bytes.Equal(g.PublicKey, told[n].PublicKey) {
				t.Fatalf("order %d: %v", n, err)
			}
			told[n] = g
		}
		for n := range 20 {
			order(n)
		}
		h.clock.advance(48 * time.Hour)
		for n := range 40 {
			order(n)
		}
		h.settle()
		h.clock.advance(-72 * time.Hour)
		for n := range 60 {
			order(n)
			if n%3 == 0 { // it was taken before, or in what is the future now
				if err := h.centre.Retire(as("ca1"), certNo(n)); err != nil {
					t.Fatal(err)
				}
			}
		}
		h.settle()
		spare := h.centre.pool.spare(pki.SM2)
		h.stop()
		h.start()
		if found := h.centre.pool.spare(pki.SM2); found != spare {
			t.Errorf("%d spare pairs before the restart, %d after", spare, found)
		}
		for n := range 60 {
			order(n)
		}
	})
}
