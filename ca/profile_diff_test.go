package ca

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// What walk tells is exactly how one text becomes the other.
func TestWalkTellsBothTexts(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	text := func() (lines []string) {
		for range random.IntN(30) {
			lines = append(lines, string(rune('a'+random.IntN(6))))
		}
		return lines
	}
	for range 2000 {
		before, after := text(), text()
		var one, two []string
		kept := 0
		walk(before, after, func(line string) {
			one, two = append(one, line), append(two, line)
			kept++
		}, func(mark, line string) {
			if mark == "- " {
				one = append(one, line)
			} else {
				two = append(two, line)
			}
		})
		if !slices.Equal(one, before) || !slices.Equal(two, after) {
			t.Fatalf("%q to %q: told as %q to %q", before, after, one, two)
		}
		if slices.Equal(before, after) && kept != len(before) {
			t.Errorf("%q: only %d lines are the same", before, kept)
		}
	}
}

func TestDifferencesAsShown(t *testing.T) {
	lines := func(text string) []string { return strings.Fields(text) }
	for _, c := range []struct{ before, after, want string }{
		{"a b c", "a b c", ""},
		{"", "a b", "+ a\n+ b\n"},
		{"a b c d e f g h i", "a b c d X f g h i", "…\n  c\n  d\n- e\n+ X\n  f\n  g\n"},
		{"a b c d e f g h i", "A b c d e f g h I", "- a\n+ A\n  b\n  c\n…\n  g\n  h\n- i\n+ I\n"},
		{"a b c d e", "A b c d E", "- a\n+ A\n  b\n  c\n  d\n- e\n+ E\n"},
	} {
		if got := compareLines(lines(c.before), lines(c.after)); got != c.want {
			t.Errorf("%q to %q:\n%s", c.before, c.after, got)
		}
	}
	long := make([]string, 3000)
	for i := range long {
		long[i] = "x"
	}
	if got := compareLines(long, long); strings.Count(got, "- x") != 3000 || strings.Count(got, "+ x") != 3000 {
		t.Error("texts too long to compare are not shown as all changed")
	}
	if got := summarise([]ProfileDifference{{Lines: strings.Repeat("x", maxShown)}}); len(got) > 200 {
		t.Error("the summary is not bounded")
	}
}
