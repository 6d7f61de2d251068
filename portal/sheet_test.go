package portal

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestSheets: both languages have the same pages, and each page the same parts in the
// same order: headings, lists, tables and links.
func TestSheets(t *testing.T) {
	zh, err := readSheets(wordFiles, "zh")
	if err != nil {
		t.Fatal(err)
	}
	en, err := readSheets(wordFiles, "en")
	if err != nil {
		t.Fatal(err)
	}
	if len(zh) < 14 || len(zh) != len(en) {
		t.Errorf("%d pages in Chinese, %d in English", len(zh), len(en))
	}
	for address, s := range zh {
		other := en[address]
		if other == nil {
			t.Errorf("%s is in Chinese only", address)
			continue
		}
		if a, b := shape(s), shape(other); !slices.Equal(a, b) {
			t.Errorf("%s differs:\n%s\n%s", address, strings.Join(a, "\n"), strings.Join(b, "\n"))
		}
		for _, one := range []*sheet{s, other} {
			if len(one.Lead) == 0 || len(one.Blocks) == 0 || one.Title == "" {
				t.Errorf("%s has no title, lead or text", address)
			}
		}
		// What was left in the other language shows by its letters.
		if strings.ContainsFunc(fmt.Sprint(*other), func(r rune) bool { return r >= 0x4e00 && r < 0xa000 }) {
			t.Errorf("%s has Chinese words in English", address)
		}
	}
}

// shape is what two languages of a page have in common.
func shape(s *sheet) (all []string) {
	links := func(spans []span) (to []string) {
		for _, one := range spans {
			if one.Kind == "link" {
				to = append(to, one.Address)
			}
		}
		slices.Sort(to)
		return to
	}
	for _, b := range s.Blocks {
		line := fmt.Sprint(b.Kind, " ", b.Name, " ", len(b.Items), links(b.Text))
		for _, i := range b.Items {
			line += fmt.Sprint(links(i))
		}
		for _, row := range b.Rows {
			line += fmt.Sprint(" ", len(row))
			for _, cell := range row {
				line += fmt.Sprint(links(cell))
			}
		}
		all = append(all, line)
	}
	return all
}

func TestSheetFormat(t *testing.T) {
	s, err := parseSheet("x", "# 标题\n> 要点 **重**\n\n## 甲 {#a}\n一 [二](/help/pin#set) 三\n四\n\n- `五`\n- 六\n1. 七\n2. [八](self:)\n\n| 九 | 十 |\n| [a](#a) | < |\n")
	if err != nil {
		t.Fatal(err)
	}
	if s.Title != "标题" || len(s.Lead) != 2 || s.Lead[1] != (span{"bold", "重", ""}) || len(s.Blocks) != 5 {
		t.Fatalf("%+v", s)
	}
	for i, want := range []string{"heading", "text", "list", "steps", "table"} {
		if s.Blocks[i].Kind != want {
			t.Errorf("%d is %s", i, s.Blocks[i].Kind)
		}
	}
	if text := s.Blocks[1].Text; len(text) != 5 || text[1] != (span{"link", "二", "/help/pin#set"}) || text[3].Text != "\n" {
		t.Errorf("%+v", text)
	}
	if steps := s.Blocks[3].Items; len(steps) != 2 || steps[1][0].Address != "self:" {
		t.Errorf("%+v", steps)
	}
	if rows := s.Blocks[4].Rows; len(rows) != 2 || len(rows[1]) != 2 {
		t.Errorf("%+v", rows)
	}
}

func TestSheetRefusals(t *testing.T) {
	for _, text := range []string{
		"", "标题", "# a\n## no name", "# a\n## b {#B}", "# a\n# b", "# a\n| a | b |\n| c |", "# a\n| a", "# a\n[x](https://elsewhere.example)",
		"# a\n[x](javascript:alert)", "# a\n[x](//elsewhere.example)", "# a\n[x](/a b)", "# a\n[x](self:x)", "# a\n[x]()",
	} {
		if s, err := parseSheet("x", text); err == nil {
			t.Errorf("%q is a sheet: %+v", text, s)
		}
	}
}

func FuzzSheet(f *testing.F) {
	f.Add("# a\n> b\n## c {#c}\n- [d](/e)\n1. `f`\n| g | **h** |\n")
	f.Add("# \n|||\n**`[](")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := parseSheet("x", text)
		if err != nil {
			return
		}
		for _, b := range s.Blocks {
			for _, one := range b.Text {
				if one.Kind == "link" && !addressForm.MatchString(one.Address) {
					t.Errorf("%q leads to %q", text, one.Address)
				}
			}
		}
	})
}
