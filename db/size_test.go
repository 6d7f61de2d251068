package db_test

import (
	"bytes"
	"testing"

	"onecert/pkitest"
)

// TestSize: what is written is counted, on either engine.
func TestSize(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		d := open(t, source)
		change(t, d, "CREATE TABLE heavy (name TEXT NOT NULL)")
		before, err := d.Size(t.Context())
		if err != nil || before <= 0 {
			t.Fatal(before, err)
		}
		for i := range 200 {
			change(t, d, "INSERT INTO heavy (name) VALUES ($1)", string(bytes.Repeat([]byte{byte('a' + i%26)}, 1500)))
		}
		after, err := d.Size(t.Context())
		if err != nil || after < before+200_000 {
			t.Errorf("%d octets, then %d (%v)", before, after, err)
		}
	})
}
