package main

import (
	"strings"
	"testing"
)

// TestPublishing: everything that is measured happens, with few.
func TestPublishing(t *testing.T) {
	b, out := newBench(t)
	if err := b.publish(t.Context(), 300, 4); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"with 300 entries", "all lists with one more pair", "a copy over HTTP", "the partition's delta", "caught up 610 entries"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the report lacks %q:\n%s", want, out)
		}
	}
}
