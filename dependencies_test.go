package onecert_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"
)

const dependenciesPage = "docs/dependencies.md"

// dependencyRule compares the page of dependencies with the modules of go.mod that
// our code imports, both ways ('make check' compares those with go.mod's own marks),
// and with who imports them: only the rooms its row names ("all": any). Tests may use
// every module.
func dependencyRule(t *tree) (breaches []string) {
	direct, err := imported(t)
	if err != nil {
		return []string{"go.mod: " + err.Error()}
	}
	rows := map[string][]string{}
	for _, row := range tableRows(t.files[dependenciesPage], regexp.MustCompile("^`[a-z].*\\..*/")) {
		path := strings.Trim(row[0], "`")
		if len(row) != 3 || len(row[1]) < 10 || len(quoted(row[2])) == 0 {
			breaches = append(breaches, dependenciesPage+": the row of "+path+" lacks the reason or the rooms")
		}
		rows[path] = quoted(row[len(row)-1])
	}
	for _, path := range direct {
		if rows[path] == nil {
			breaches = append(breaches, dependenciesPage+": has no row for "+path)
		}
	}
	for path := range rows {
		if !slices.Contains(direct, path) {
			breaches = append(breaches, dependenciesPage+": "+path+" is no direct dependency any more")
		}
	}
	slices.Sort(breaches)
	return append(breaches, strangers(t, rows)...)
}

// imported returns the modules of go.mod that some file imports.
func imported(t *tree) (modules []string, err error) {
	file, err := modfile.Parse("go.mod", []byte(t.files["go.mod"]), nil)
	if err != nil {
		return nil, err
	}
	required := map[string][]string{}
	for _, one := range file.Require {
		required[one.Mod.Path] = nil
	}
	for _, code := range t.code {
		for _, path := range code.imports() {
			if _, module := rowOf(required, path); module != "" && !slices.Contains(modules, module) {
				modules = append(modules, module)
			}
		}
	}
	return modules, nil
}

// strangers are imports of a module by a room its row does not name.
func strangers(t *tree, rows map[string][]string) (breaches []string) {
	for _, file := range t.code {
		if file.test || file.dir == "" {
			continue
		}
		for _, path := range file.imports() {
			if rooms, module := rowOf(rows, path); module != "" &&
				!slices.Contains(rooms, "all") && !slices.Contains(rooms, file.room()) {
				breaches = append(breaches, fmt.Sprintf("%s: %s is used by %s only, says %s", file.path, module, strings.Join(rooms, ", "), dependenciesPage))
			}
		}
	}
	return breaches
}

// rowOf finds the module of an import path: the longest that contains it.
func rowOf(rows map[string][]string, importPath string) (rooms []string, module string) {
	for path, names := range rows {
		if within(importPath, path) && len(path) > len(module) {
			rooms, module = names, path
		}
	}
	return rooms, module
}

func TestDependencies(t *testing.T) { holds(t, dependencyRule) }

// packagesRule compares the page with what npm fetches for the console, both ways.
func packagesRule(t *tree) (breaches []string) {
	const file = "console/web/package.json"
	var wanted struct{ Dependencies, DevDependencies map[string]string }
	if err := json.Unmarshal([]byte(t.files[file]), &wanted); err != nil {
		return []string{file + ": " + err.Error()}
	}
	rows := map[string]bool{}
	for _, row := range tableRows(t.files[dependenciesPage], regexp.MustCompile("^`@?[a-z0-9-]+(/[a-z0-9-]+)?`$")) {
		if len(row) == 2 { // the modules' table has three columns
			rows[strings.Trim(row[0], "`")] = true
		}
	}
	for _, list := range []map[string]string{wanted.Dependencies, wanted.DevDependencies} {
		for name, version := range list {
			if !rows[name] {
				breaches = append(breaches, dependenciesPage+": has no row for "+name)
			}
			if delete(rows, name); !regexp.MustCompile(`^\d+\.\d+\.\d+$`).MatchString(version) {
				breaches = append(breaches, file+": "+name+" has no exact version")
			}
		}
	}
	for name := range rows {
		breaches = append(breaches, dependenciesPage+": "+name+" is fetched no more")
	}
	return breaches
}

func TestPackages(t *testing.T) { holds(t, packagesRule) }

func TestPackagesRuleFinds(t *testing.T) {
	const none = ""
	want := func(packages, rows string) []string {
		return []string{dependenciesPage, rows, "console/web/package.json", packages}
	}
	finds(t, packagesRule, none, want(`{"dependencies":{"a":"1.2.3"}}`, "| `a` | a reason |\n")...)
	finds(t, packagesRule, "no row for a", want(`{"dependencies":{"a":"1.2.3"}}`, "")...)
	finds(t, packagesRule, "b is fetched no more", want(`{"devDependencies":{"a":"1.2.3"}}`, "| `a` | x |\n| `b` | y |\n")...)
	finds(t, packagesRule, "no exact version", want(`{"dependencies":{"a":"^1.2.3"}}`, "| `a` | x |\n")[2], `{"dependencies":{"a":"^1.2.3"}}`, dependenciesPage, "| `a` | x |\n")
}

func TestDependencyRuleFinds(t *testing.T) {
	mod := "module onecert\n\nrequire (\n\texample.org/a/b v1.0.0\n\texample.org/c/d v1.0.0 // indirect\n)\n"
	row := "| `example.org/a/b` | needed for a good reason | `ca`, `kmc` |\n"
	const none = ""
	// The first file is the one a breach is expected to name.
	page := func(rows string) []string {
		return []string{dependenciesPage, rows, "go.mod", mod, "kmc/a.go", "package a\nimport _ \"example.org/a/b\"\n"}
	}
	finds(t, dependencyRule, none, page(row)...)
	finds(t, dependencyRule, "no row for example.org/a/b", page("")...)
	finds(t, dependencyRule, "example.org/c/d is no direct", page(row+"| `example.org/c/d` | needed once upon a time | `ca` |\n")...)
	finds(t, dependencyRule, "lacks the reason", page("| `example.org/a/b` | | `kmc` |\n")...)
	use := func(path, pkg string) []string {
		return append([]string{path, "package a\nimport _ \"" + pkg + "\"\n"}, page(row)...)
	}
	finds(t, dependencyRule, none, use("ca/a.go", "example.org/a/b/c")...)
	finds(t, dependencyRule, none, use("pki/a_test.go", "example.org/a/b")...)
	finds(t, dependencyRule, "used by ca, kmc only", use("pki/a.go", "example.org/a/b/c")...)
	finds(t, dependencyRule, none, use("pki/a.go", "example.org/a/bc")...)
}
