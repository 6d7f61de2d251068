package main

import (
	"strings"
	"testing"
)

// TestForwarding: every proxy carries every load, and the table names them.
func TestForwarding(t *testing.T) {
	b, out := newBench(t)
	if err := b.forwarding(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, row := range []string{"1 kB, nginx", "1 kB, forward", "1 kB, reverseproxy", "local", "100 MB, forward"} {
		if !strings.Contains(out.String(), row) {
			t.Errorf("no row of %s in\n%s", row, out)
		}
	}
}
