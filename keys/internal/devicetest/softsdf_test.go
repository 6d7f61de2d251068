package devicetest

import (
	"os"
	"strings"
	"testing"
)

func TestMain(m *testing.M) { os.Exit(Main(m)) }

// Every variant compiles, with the layout asserted; and the assertions do assert.
func TestCompile(t *testing.T) {
	for _, variant := range []Variant{Standard, Field32, ShortDecrypt, LacksSign} {
		compiled(t, variant)
	}
	for _, field := range []int{32, 64} {
		text := assertions(t, field)
		if n := strings.Count(text, "_Static_assert"); n != 5+3+2+5+2+9 {
			t.Errorf("field %d: %d assertions\n%s", field, n, text)
		}
	}
}

func TestDevicesAreApart(t *testing.T) {
	a, b := NewSDF(t, Standard), NewSDF(t, Standard)
	if a.Library == b.Library || a.Count(t, OpenedDevices) != 0 || b.Count(t, Misuses) != 0 || b.Count(t, 99) != -1 {
		t.Error("two devices share something")
	}
}
