package onecert_test

import (
	"fmt"
	"go/ast"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// placesRule: where a page says "`ca/issue.go` carryOut", that file has a function of
// that name, and every file a page names in backquotes is there.
func placesRule(t *tree) (breaches []string) {
	place := regexp.MustCompile("`([A-Za-z0-9_./-]+/[A-Za-z0-9_.-]+\\.[a-z]+)`(?:\\s+([A-Za-z]\\w*))?")
	for _, page := range []string{"CONTRIBUTING.md", "README.md", "README.zh-CN.md", "SECURITY.md"} {
		for _, found := range place.FindAllStringSubmatch(t.files[page], -1) {
			file, function := found[1], found[2]
			if _, ok := t.files[file]; !ok {
				if !strings.HasPrefix(file, "bin/") && !strings.HasPrefix(file, "demo/") { // made by make
					breaches = append(breaches, page+": names "+file+", which is not there")
				}
				continue
			}
			if function != "" && path.Ext(file) == ".go" && !t.hasFunction(file, function) {
				breaches = append(breaches, fmt.Sprintf("%s: names %s in %s, which is not there", page, function, file))
			}
		}
	}
	return breaches
}

func (t *tree) hasFunction(file, name string) bool {
	for _, f := range t.code {
		if f.path != file {
			continue
		}
		return slices.ContainsFunc(f.ast.Decls, func(d ast.Decl) bool {
			function, ok := d.(*ast.FuncDecl)
			return ok && function.Name.Name == name
		})
	}
	return false
}

// roomsRule: the list of rooms in a README is what 'ls' shows, no more and no less.
func roomsRule(t *tree) (breaches []string) {
	var folders []string
	for name := range t.files {
		if folder, _, nested := strings.Cut(name, "/"); nested && !strings.HasPrefix(folder, ".") && !slices.Contains(folders, folder) {
			folders = append(folders, folder)
		}
	}
	for _, page := range []string{"README.md", "README.zh-CN.md"} {
		var rows []string
		for _, row := range tableRows(t.files[page], regexp.MustCompile("^`[a-z0-9]+`$")) {
			rows = append(rows, strings.Trim(row[0], "`"))
		}
		for _, folder := range folders {
			if !slices.Contains(rows, folder) {
				breaches = append(breaches, page+": the list of rooms lacks "+folder)
			}
		}
		for _, row := range rows {
			if !slices.Contains(folders, row) {
				breaches = append(breaches, page+": lists the room "+row+", which is not there")
			}
		}
	}
	slices.Sort(breaches)
	return breaches
}

func TestPages(t *testing.T) {
	holds(t, placesRule)
	holds(t, roomsRule)
}

func TestPageRulesFind(t *testing.T) {
	const none = ""
	code := []string{"ca/issue.go", "package ca\nfunc (ca *CA) finish() {}\n"}
	places := func(text string) []string { return append([]string{"CONTRIBUTING.md", text}, code...) }
	finds(t, placesRule, none, places("go to `ca/issue.go` finish, then on\n")...)
	finds(t, placesRule, none, places("`ca/issue.go`, and `bin/onecert.exe`, and `store.go`\n")...)
	finds(t, placesRule, "names begin in ca/issue.go", places("go to `ca/issue.go`\nbegin\n")...)
	finds(t, placesRule, "names ca/plan.go", places("go to `ca/plan.go` finish\n")...)

	rooms := func(english, chinese string) []string {
		return append([]string{"README.md", english, "README.zh-CN.md", chinese}, code...)
	}
	finds(t, roomsRule, none, rooms("| `ca` | issues |\n", "| `ca` | 签发 |\n")...)
	finds(t, roomsRule, "lacks ca", rooms("", "| `ca` | 签发 |\n")...)
	finds(t, roomsRule, "lists the room ra", rooms("| `ca` | issues |\n| `ra` | vets |\n", "| `ca` | 签发 |\n")...)
}
