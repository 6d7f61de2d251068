package onecert_test

import (
	"fmt"
	"go/ast"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// commentRule: every package says what it owns, in a comment that begins with its
// name (a command's with "Command").
func commentRule(t *tree) (breaches []string) {
	first := map[string]goFile{}  // a file of each package, to name it
	said := map[string]bool{}     // packages with a comment of the right form
	for _, file := range t.code { // in order of path
		dir := file.dir
		if _, seen := first[dir]; !seen {
			first[dir] = file
		}
		name := strings.TrimSuffix(file.ast.Name.Name, "_test")
		words := "Package " + name + " "
		if name == "main" {
			words = "Command " + path.Base(dir) + " "
		}
		if strings.HasPrefix(file.ast.Doc.Text(), words) && len(file.ast.Doc.Text()) > 60 {
			said[dir] = true
		}
	}
	for dir, file := range first {
		if !said[dir] {
			breaches = append(breaches, file.path+": the package has no comment that says what it owns")
		}
	}
	return breaches
}

// initRule: nothing happens by being imported.
func initRule(t *tree) (breaches []string) {
	for _, file := range t.code {
		for _, declaration := range file.ast.Decls {
			if f, ok := declaration.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				breaches = append(breaches, file.path+": has a func init")
			}
		}
	}
	return breaches
}

// skipRule: a test runs or fails. What a machine lacks, scripts/deps.sh installs.
func skipRule(t *tree) (breaches []string) {
	for _, file := range t.code {
		if !slices.Contains(file.imports(), "testing") {
			continue
		}
		subjects := testSubjects(file.ast)
		ast.Inspect(file.ast, func(node ast.Node) bool {
			call, ok := node.(*ast.SelectorExpr)
			if !ok || !slices.Contains([]string{"Skip", "Skipf", "SkipNow"}, call.Sel.Name) {
				return true
			}
			if subject, ok := call.X.(*ast.Ident); ok && slices.Contains(subjects, subject.Name) {
				breaches = append(breaches, fmt.Sprintf("%s: skips a test in line %d", file.path, t.set.Position(call.Pos()).Line))
			}
			return true
		})
	}
	return breaches
}

// testSubjects are the names of all parameters of a type of package testing (other
// things may be skipped: cryptobyte.String has a method of that name).
func testSubjects(file *ast.File) (subjects []string) {
	ast.Inspect(file, func(node ast.Node) bool {
		field, ok := node.(*ast.Field)
		if !ok {
			return true
		}
		kind := field.Type
		if star, ok := kind.(*ast.StarExpr); ok {
			kind = star.X
		}
		if of, ok := kind.(*ast.SelectorExpr); ok {
			if pkg, ok := of.X.(*ast.Ident); ok && pkg.Name == "testing" {
				for _, name := range field.Names {
					subjects = append(subjects, name.Name)
				}
			}
		}
		return true
	})
	return subjects
}

// maxLines is where a file has become two.
const maxLines = 700

// lengthRule: what a person reads and edits stays readable. Data is not judged.
func lengthRule(t *tree) (breaches []string) {
	judged := []string{".go", ".java", ".js", ".md", ".py", ".sh", ".sql", ".ts", ".tsx"}
	for name, content := range t.files {
		if n := strings.Count(content, "\n"); n > maxLines && slices.Contains(judged, path.Ext(name)) {
			breaches = append(breaches, fmt.Sprintf("%s: %d lines, %d at most", name, n, maxLines))
		}
	}
	return breaches
}

// drawerRule: a package is named after what it holds.
func drawerRule(t *tree) (breaches []string) {
	drawer := regexp.MustCompile(`^(utils?|helpers?|common|misc|shared|base|lib|managers?)(_test)?$`)
	for _, file := range t.code {
		if drawer.MatchString(file.ast.Name.Name) {
			breaches = append(breaches, file.path+": package "+file.ast.Name.Name+" is named after nothing")
		}
	}
	return breaches
}

// placeRule: no file speaks of a place that only one machine has, nor of a host
// things are fetched from; that is each machine's own setting. The sample files that
// lie beside some checkouts may be named by tests, which then do without them
// elsewhere.
func placeRule(t *tree) (breaches []string) {
	// Written in two parts, so that this file keeps the rule too.
	places := regexp.MustCompile(strings.Join([]string{
		`/work` + `/`, `/home` + `/[a-z]`, `(^|[^\w])/root` + `/`, `/Users` + `/`, `bash_` + `jobs`, `\.m2` + `/settings`,
		`proxy\.golang` + `\.`, `sum\.golang` + `\.`, `registry\.npm` + `js`, `repo1?\.maven` + `\.`,
		`deb\.debian` + `\.`, `pypi\.` + `org`, `crates\.` + `io`, `goproxy` + `\.`,
	}, "|"))
	beside := regexp.MustCompile(`\.\./shared` + `\b`)
	for name, content := range t.files {
		for number, line := range strings.Split(content, "\n") {
			if place := places.FindString(line); place != "" {
				breaches = append(breaches, fmt.Sprintf("%s: line %d names a machine's own place, %s", name, number+1, place))
			}
			if beside.MatchString(line) && !strings.HasSuffix(name, "_test.go") {
				breaches = append(breaches, fmt.Sprintf("%s: line %d reads outside the repository", name, number+1))
			}
		}
	}
	return breaches
}

func TestHouse(t *testing.T) {
	for name, rule := range map[string]rule{
		"comment": commentRule, "init": initRule, "skip": skipRule,
		"length": lengthRule, "drawer": drawerRule, "place": placeRule,
	} {
		t.Run(name, func(t *testing.T) { holds(t, rule) })
	}
}

func TestHouseRulesFind(t *testing.T) {
	const none = ""
	comment := "// Package a owns the letter a and everything that begins with it, and nothing else.\n"
	finds(t, commentRule, "no comment", "a/a.go", "package a\n")
	finds(t, commentRule, "no comment", "a/a.go", "// Package b is not this one, however long its comment is made.\npackage a\n")
	finds(t, commentRule, "no comment", "a/a.go", "// Package a does a.\npackage a\n")
	finds(t, commentRule, "no comment", "cmd/x/a.go", comment+"package main\n")
	finds(t, commentRule, none, "a/a.go", "package a\n", "a/doc.go", comment+"package a\n")

	finds(t, initRule, "has a func init", "a/a.go", "package a\nfunc init() {}\n")
	finds(t, initRule, none, "a/a.go", "package a\ntype b int\nfunc (b) init() {}\n")

	skip := func(body string) string {
		return "package a\nimport \"testing\"\n" + body
	}
	finds(t, skipRule, "line 3", "a/a_test.go", skip("func TestA(t *testing.T) { t.Skip(\"no tool\") }\n"))
	finds(t, skipRule, "skips", "a/a_test.go", skip("func help(tb testing.TB) { tb.SkipNow() }\n"))
	finds(t, skipRule, "skips", "a/a_test.go", skip("func FuzzA(f *testing.F) { f.Fuzz(func(t2 *testing.T, b []byte) { t2.Skipf(\"\") }) }\n"))
	finds(t, skipRule, none, "a/a_test.go", skip("func TestA(t *testing.T) { s.Skip(1) }\n"))

	finds(t, lengthRule, "701 lines", "a/a.go", "package a\n"+strings.Repeat("\n", 700))
	finds(t, lengthRule, none, "a/a.go", "package a\n"+strings.Repeat("\n", 699))
	finds(t, lengthRule, none, "vectors/a.json", strings.Repeat("\n", 9000))

	finds(t, drawerRule, "package util", "pki/util/a.go", "package util\n")
	finds(t, drawerRule, "package helpers_test", "a/a_test.go", "package helpers_test\n")
	finds(t, drawerRule, none, "a/a.go", "package utility\n")

	finds(t, placeRule, "line 2", "docs/a.md", "one\nsee /home"+"/li/notes\n")
	finds(t, placeRule, "machine's own place", "scripts/a.sh", "curl https://registry.npm"+"js.org\n")
	finds(t, placeRule, "outside the repository", "docs/a.md", "../shared"+"/samples\n")
	finds(t, placeRule, none, "a/a_test.go", "package a\n// ../shared"+"/samples\n")
	finds(t, placeRule, none, "a/a.go", "package a\n// /usr/lib, /tmp and network/interfaces\n")
}

// TestIgnored: what .gitignore leaves out is not judged, and nothing else is left out.
func TestIgnored(t *testing.T) {
	tree, err := readTree(fstest.MapFS{
		".gitignore":            {Data: []byte("/bin/\nnode_modules/\n*.test\n")},
		".git/config":           {Data: []byte("x")},
		"bin/onecert":           {Data: []byte("x")},
		"a/bin/kept.go":         {Data: []byte("package bin\n")},
		"a/node_modules/b/b.go": {Data: []byte("broken")},
		"a/a.test":              {Data: []byte("x")},
		"a/a_test.go":           {Data: []byte("package a\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	got := slices.Sorted(maps.Keys(tree.files))
	want := []string{".gitignore", "a/a_test.go", "a/bin/kept.go"}
	if !slices.Equal(got, want) {
		t.Errorf("read %q, want %q", got, want)
	}
	if len(tree.code) != 2 || !tree.code[0].test || tree.code[1].room() != "a" {
		t.Errorf("code: %+v", tree.code)
	}
}
