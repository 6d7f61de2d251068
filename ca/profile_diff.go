package ca

import (
	"fmt"
	"strings"
)

// differences sets new versions beside those in effect.
func (all Profiles) differences(fresh []*Profile) []ProfileDifference {
	out := make([]ProfileDifference, len(fresh))
	for i, p := range fresh {
		out[i] = ProfileDifference{Name: p.Name, To: p.Version, Hash: p.hash}
		var before []string
		if old := all[p.Name]; old != nil {
			out[i].From, before = old.Version, linesOf(old.raw)
		}
		out[i].Lines = compareLines(before, linesOf(p.raw))
	}
	return out
}

// maxShown bounds the summary of a proposal; the whole text is its content.
const maxShown = 100 << 10

// summarise is what those see who are asked to approve.
func summarise(changes []ProfileDifference) string {
	var b strings.Builder
	for _, c := range changes {
		fmt.Fprintf(&b, "%s: %d → %d (sha256 %s)\n%s", c.Name, c.From, c.To, c.Hash, c.Lines)
	}
	if b.Len() > maxShown {
		return fmt.Sprintf("%d profiles; the differences are too long to show here\n", len(changes))
	}
	return b.String()
}

func linesOf(text []byte) []string {
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

// nearby is how many unchanged lines stand around a change.
const nearby = 2

// maxTable bounds the work of comparing; longer texts are shown as all changed.
const maxTable = 4_000_000

// compareLines returns the lines that differ, each marked "- " or "+ ", with a few
// unchanged ones around them marked "  " and "…" where others are left out. It finds
// the longest common subsequence.
func compareLines(before, after []string) string {
	var b strings.Builder
	var held []string // unchanged lines not yet written
	lead := 0         // how many of them follow a change
	same := func(line string) { held = append(held, "  "+line+"\n") }
	changed := func(mark, line string) {
		if cut := len(held) - lead - nearby; cut > 0 {
			for _, h := range held[:lead] {
				b.WriteString(h)
			}
			b.WriteString("…\n")
			held = held[lead+cut:]
		}
		for _, h := range held {
			b.WriteString(h)
		}
		held, lead = held[:0], nearby
		b.WriteString(mark + line + "\n")
	}
	walk(before, after, same, changed)
	for i := range min(lead, len(held)) {
		b.WriteString(held[i])
	}
	return b.String()
}

func walk(before, after []string, same func(string), changed func(mark, line string)) {
	if len(before)*len(after) > maxTable {
		for _, line := range before {
			changed("- ", line)
		}
		before = nil
	}
	// length[i][j]: of the longest common subsequence of before[i:] and after[j:]
	length := make([][]int, len(before)+1)
	for i := len(before); i >= 0; i-- {
		length[i] = make([]int, len(after)+1)
		for j := len(after) - 1; j >= 0 && i < len(before); j-- {
			if before[i] == after[j] {
				length[i][j] = length[i+1][j+1] + 1
			} else {
				length[i][j] = max(length[i+1][j], length[i][j+1])
			}
		}
	}
	i, j := 0, 0
	for i < len(before) || j < len(after) {
		switch {
		case i < len(before) && j < len(after) && before[i] == after[j]:
			same(before[i])
			i, j = i+1, j+1
		case j == len(after) || i < len(before) && length[i+1][j] >= length[i][j+1]:
			changed("- ", before[i])
			i++
		default:
			changed("+ ", after[j])
			j++
		}
	}
}
