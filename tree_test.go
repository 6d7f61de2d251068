package onecert_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
)

// tree is what the rules of the house judge: the files of the repository, Go files
// parsed. It is read through the os package, never by 'go list': only so does the
// test cache notice a changed file in another package.
type tree struct {
	files map[string]string // content by slash-separated path
	code  []goFile          // in order of path
	set   *token.FileSet
}

// goFile is one Go file. dir is "" in the root.
type goFile struct {
	path string
	dir  string
	test bool
	ast  *ast.File
}

// room is the first folder of the file's path: the name the import table knows.
func (f goFile) room() string {
	if f.under("sdk/go") {
		return "sdk/go"
	}
	room, _, _ := strings.Cut(f.dir, "/")
	return room
}

func (f goFile) under(dir string) bool {
	return f.dir == dir || strings.HasPrefix(f.dir, dir+"/")
}

// imports returns the paths a file imports.
func (f goFile) imports() (paths []string) {
	for _, spec := range f.ast.Imports {
		paths = append(paths, strings.Trim(spec.Path.Value, `"`))
	}
	return paths
}

// readTree reads every file that is not ignored by .gitignore.
func readTree(root fs.FS) (*tree, error) {
	t := &tree{files: map[string]string{}, set: token.NewFileSet()}
	ignored, err := readIgnored(root)
	if err != nil {
		return nil, err
	}
	err = fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case ignored(name, entry.IsDir()) && entry.IsDir():
			return fs.SkipDir
		case entry.IsDir() || ignored(name, false) || !entry.Type().IsRegular():
			return nil
		}
		content, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		return t.add(name, string(content))
	})
	return t, err
}

func (t *tree) add(name, content string) error {
	t.files[name] = content
	if path.Ext(name) != ".go" {
		return nil
	}
	file, err := parser.ParseFile(t.set, name, content, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return fmt.Errorf("reading the tree: %w", err)
	}
	dir := strings.TrimSuffix(path.Dir(name), ".")
	t.code = append(t.code, goFile{path: name, dir: dir, test: strings.HasSuffix(name, "_test.go"), ast: file})
	return nil
}

// readIgnored understands the three kinds of line our .gitignore has: /folder/ in
// the root, folder/ anywhere, and a pattern of file names.
func readIgnored(root fs.FS) (func(name string, isDir bool) bool, error) {
	content, err := fs.ReadFile(root, ".gitignore")
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	lines := append(strings.Fields(string(content)), ".git/", ".git")
	return func(name string, isDir bool) bool {
		return slices.ContainsFunc(lines, func(line string) bool {
			folder := strings.HasSuffix(line, "/")
			pattern := strings.TrimSuffix(line, "/")
			if rooted, ok := strings.CutPrefix(pattern, "/"); ok {
				return isDir == folder && name == rooted
			}
			match, _ := path.Match(pattern, path.Base(name))
			return match && isDir == folder
		})
	}, nil
}

// house reads the repository this test belongs to.
func house(t *testing.T) *tree {
	t.Helper()
	tree, err := readTree(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// planted makes a tree of the given files, for tests of the rules themselves. A
// file's name and content alternate.
func planted(t *testing.T, files ...string) *tree {
	t.Helper()
	tree := &tree{files: map[string]string{}, set: token.NewFileSet()}
	for pair := range slices.Chunk(files, 2) {
		if err := tree.add(pair[0], pair[1]); err != nil {
			t.Fatal(err)
		}
	}
	return tree
}

// rule finds breaches in a tree, each as one line naming the file.
type rule func(*tree) []string

// holds fails once for each breach of a rule in the real tree.
func holds(t *testing.T, rule rule) {
	t.Helper()
	for _, breach := range rule(house(t)) {
		t.Error(breach)
	}
}

// finds fails unless the rule names the planted file, with the words given, and
// exactly one breach; and none where words is empty.
func finds(t *testing.T, rule rule, words string, files ...string) {
	t.Helper()
	breaches := rule(planted(t, files...))
	if words == "" {
		if len(breaches) > 0 {
			t.Errorf("%q is allowed and was refused: %q", files, breaches)
		}
		return
	}
	if len(breaches) != 1 || !strings.Contains(breaches[0], words) || !strings.HasPrefix(breaches[0], files[0]) {
		t.Errorf("planted %q: want one breach saying %q, got %q", files, words, breaches)
	}
}
