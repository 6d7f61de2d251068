package pki_test

import (
	"bytes"
	"crypto/rand"
	"slices"
	"testing"
	"time"

	"onecert/pki"
)

func TestSerialsOfATime(t *testing.T) {
	start := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	var drawn []pki.Serial
	for n := range 200 {
		s, err := pki.NewSerialAt(rand.Reader, start.Add(time.Duration(n)*time.Second/64))
		if err != nil {
			t.Fatal(err)
		}
		if b := s.Big(); b.BitLen() != 159 || pki.SerialOf(b) != s {
			t.Fatalf("serial %s has %d bits", s, b.BitLen())
		}
		drawn = append(drawn, s)
	}
	if !slices.IsSorted(drawn) {
		t.Error("serials drawn one after the other do not stand in order")
	}
	// Rule 1 of design.md §3 wants 128 bits of the random source: each of them counts.
	all := make([]byte, pki.SerialOctets)
	plain, err := pki.NewSerialAt(bytes.NewReader(all), start)
	if err != nil {
		t.Fatal(err)
	}
	for bit := range 128 {
		changed := slices.Clone(all)
		changed[pki.SerialOctets-1-bit/8] ^= 1 << (bit % 8)
		if s, err := pki.NewSerialAt(bytes.NewReader(changed), start); err != nil || s == plain {
			t.Errorf("bit %d from the end is not random: %s %v", bit, s, err)
		}
	}
	if _, err := pki.NewSerialAt(bytes.NewReader(all[1:]), start); err == nil {
		t.Error("a serial from a source that ran dry")
	}
}
