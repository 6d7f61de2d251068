package kmc

import (
	"strings"
	"testing"
)

// FuzzPlace: where a page begins comes from outside.
func FuzzPlace(f *testing.F) {
	for _, seed := range []string{"", "1/a", "-9223372036854775808/x", "9223372036854775808/x", "/", "1/" + strings.Repeat("x", 300), "1/\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		end, id, err := readPlace(text)
		if err == nil && text != "" && (!strings.HasSuffix(text, "/"+id) || !plainText(id, maxID)) {
			t.Fatalf("%q was read as %d, %q", text, end, id)
		}
	})
}
