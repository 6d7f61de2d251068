package onecert_test

import (
	"fmt"
	"go/ast"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const featuresPage = "docs/features.md"

// sections are the parts of the feature table and how many rows each has.
func sections() map[string]int {
	return map[string]int{"H": 18, "C": 6, "G": 18, "S": 8, "V": 5, "D": 11, "E": 8, "T": 6, "L": 8, "O": 17, "M": 3, "A": 9}
}

// featureRule compares the feature table with the code it speaks of: each id once,
// a state of one of three forms, and nothing claimed without a package and a test
// that are there.
func featureRule(t *tree) (breaches []string) {
	say := func(format string, args ...any) {
		breaches = append(breaches, featuresPage+": "+fmt.Sprintf(format, args...))
	}
	seen := map[string]int{}
	for _, row := range tableRows(t.files[featuresPage], regexp.MustCompile(`^[A-Z]\d+$`)) {
		id := row[0]
		seen[id]++
		if len(row) != 6 {
			say("row %s has %d columns, not 6", id, len(row))
			continue
		}
		for _, fault := range featureFaults(t, row[2], row[3], row[5]) {
			say("row %s %s", id, fault)
		}
	}
	for section, count := range sections() {
		for n := 1; n <= count; n++ {
			id := fmt.Sprint(section, n)
			if seen[id] != 1 {
				say("row %s is there %d times", id, seen[id])
			}
			delete(seen, id)
		}
	}
	for id := range seen {
		say("row %s is not a row of the mission", id)
	}
	slices.Sort(breaches)
	return breaches
}

// featureFaults judges one row by its state, packages and tests.
func featureFaults(t *tree, state, packages, tests string) (faults []string) {
	if state == "nothing" {
		if packages != "" || tests != "" {
			faults = append(faults, "claims nothing and names a package or a test")
		}
		return faults
	}
	what, isPart := strings.CutPrefix(state, "part: ")
	if state != "works" && (!isPart || strings.TrimSpace(what) == "") {
		faults = append(faults, fmt.Sprintf("has the state %q, which is none of: nothing, works, part: what", state))
	}
	places := quoted(packages)
	if len(places) == 0 {
		faults = append(faults, "names no package")
	}
	for _, dir := range places {
		if !slices.ContainsFunc(t.code, func(f goFile) bool { return f.dir == dir && !f.test }) {
			faults = append(faults, "names the package "+dir+", which is not there")
		}
	}
	names := quoted(tests)
	if len(names) == 0 {
		faults = append(faults, "names no test")
	}
	for _, name := range names {
		if !t.hasTest(name) {
			faults = append(faults, "names the test "+name+", which is not there")
		}
	}
	return faults
}

// hasTest finds a test by folder and name, as "cmd/onecert.TestInspect".
func (t *tree) hasTest(name string) bool {
	dot := strings.LastIndex(name, ".")
	if dot < 0 || !strings.HasPrefix(name[dot+1:], "Test") {
		return false
	}
	for _, file := range t.code {
		if !file.test || file.dir != name[:dot] {
			continue
		}
		for _, declaration := range file.ast.Decls {
			if f, ok := declaration.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == name[dot+1:] {
				return true
			}
		}
	}
	return false
}

// tableRows returns the cells of each row of a page's Markdown tables whose first
// cell fits.
func tableRows(page string, first *regexp.Regexp) (rows [][]string) {
	for line := range strings.Lines(page) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") {
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if first.MatchString(cells[0]) {
			rows = append(rows, cells)
		}
	}
	return rows
}

// quoted returns what stands between backquotes.
func quoted(text string) (words []string) {
	for i, part := range strings.Split(text, "`") {
		if i%2 == 1 {
			words = append(words, part)
		}
	}
	return words
}

func TestFeatures(t *testing.T) { holds(t, featureRule) }

func TestFeatureRuleFinds(t *testing.T) {
	page := func(changed string, rows ...string) []string {
		var b strings.Builder
		for section, count := range sections() {
			for n := 1; n <= count; n++ {
				if id := fmt.Sprint(section, n); id != changed {
					fmt.Fprintf(&b, "| %s | what | nothing | | | |\n", id)
				}
			}
		}
		return []string{featuresPage, b.String() + strings.Join(rows, "\n"),
			"ca/ca.go", "package ca\n", "ca/ca_test.go", "package ca\nfunc TestIssue(t *testing.T) {}\n"}
	}
	const none = ""
	good := "| H4 | types | works | `ca` | `onecert ca issue` | `ca.TestIssue` |"
	finds(t, featureRule, none, page("H4", good)...)
	finds(t, featureRule, none, page("H4", "| H4 | types | part: two of four | `ca` | | `ca.TestIssue` |")...)
	finds(t, featureRule, "H4 is there 0 times", page("H4")...)
	finds(t, featureRule, "H4 is there 2 times", page("H4", good, good)...)
	finds(t, featureRule, "H19 is not a row", page("", "| H19 | more | nothing | | | |")...)
	finds(t, featureRule, "5 columns", page("H4", "| H4 | types | nothing | | |")...)
	for row, words := range map[string]string{
		"| H4 | types | mostly | `ca` | | `ca.TestIssue` |": "none of: nothing",
		"| H4 | types | part: | `ca` | | `ca.TestIssue` |":  "none of: nothing",
		"| H4 | types | works | | | `ca.TestIssue` |":       "names no package",
		"| H4 | types | works | `ra` | | `ca.TestIssue` |":  "package ra, which is not there",
		"| H4 | types | works | `ca` | | |":                 "names no test",
		"| H4 | types | works | `ca` | | `ca.TestOther` |":  "ca.TestOther, which is not there",
		"| H4 | types | works | `ca` | | `kmc.TestIssue` |": "kmc.TestIssue, which is not there",
		"| H4 | types | works | `ca` | | `ca.Issue` |":      "ca.Issue, which is not there",
		"| H4 | types | nothing | `ca` | | |":               "claims nothing",
	} {
		finds(t, featureRule, words, page("H4", row)...)
	}
}
