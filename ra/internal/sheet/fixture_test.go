package sheet

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"onecert/pki"
)

// testColumns are a form with a column of every kind.
func testColumns() []Column {
	return []Column{
		{Key: "name", Heading: Words{"姓名", "Name"}, Required: true, Most: 64, Example: "张三", Notes: Words{"身份证上的姓名", "as on the identity card"}},
		{Key: "number", Heading: Words{"证件号码", "ID number"}, Kind: Identifier, Required: true, Most: 32},
		{Key: "kind", Heading: Words{"证件类型", "ID type"}, Kind: Choice, Required: true, Choices: []Option{
			{"resident", Words{"居民身份证", "Identity card"}}, {"passport", Words{"护照", "Passport"}}}},
		{Key: "born", Heading: Words{"出生日期", "Born"}, Kind: Day},
		{Key: "phone", Heading: Words{"电话", "Phone"}, Kind: Identifier},
		{Key: "remark", Heading: Words{"备注", "Remark"}},
	}
}

// python runs a script of testdata with Debian's Python, which has both modules.
func python(t testing.TB, args ...string) []byte {
	t.Helper()
	out, err := exec.Command("/usr/bin/python3", args...).Output()
	if err != nil {
		if failed, ok := err.(*exec.ExitError); ok {
			t.Fatalf("python3 %q: %v\n%s", args, err, failed.Stderr)
		}
		t.Fatalf("python3 %q: %v (scripts/deps.sh installs what it needs)", args, err)
	}
	return out
}

// workbooks are made by openpyxl and XlsxWriter, by name.
func workbooks(t testing.TB) map[string][]byte {
	t.Helper()
	folder := t.TempDir()
	python(t, "testdata/make.py", folder)
	python(t, "testdata/shared.py", folder)
	names, err := filepath.Glob(folder + "/*.xlsx")
	if err != nil || len(names) == 0 {
		t.Fatal("openpyxl made no workbook", err)
	}
	books := map[string][]byte{}
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		books[strings.TrimSuffix(filepath.Base(name), ".xlsx")] = content
	}
	return books
}

type shownCell struct{ Value, Type, Format string }

type shownSheet struct {
	Title   string
	Rows    [][]shownCell
	Columns map[string]string
	Lists   []struct{ At, Formula, Type string }
	Frozen  string
}

// show is a workbook as openpyxl reads it.
func show(t testing.TB, content []byte) (sheets []shownSheet) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "a.xlsx")
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(python(t, "testdata/show.py", name), &sheets); err != nil {
		t.Fatal(err)
	}
	return sheets
}

// readAll reads a file to its end.
func readAll(content []byte, columns []Column, limits Limits) (rows []Row, err error) {
	all, err := Read(content, columns, limits)
	if err != nil {
		return nil, err
	}
	for row, err := range all.All() {
		if err != nil {
			return rows, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// codes are the faults of a row as "D2 sheet.day".
func codes(row Row) (all []string) {
	for _, f := range row.Faults {
		all = append(all, strings.TrimSpace(f.Cell+" "+f.Code))
	}
	return all
}

// refusedWith fails unless err is a refusal with the code and both sentences.
func refusedWith(t testing.TB, what, code string, err error) {
	t.Helper()
	if pki.CodeOf(err) != code {
		t.Errorf("%s: %v (%s), want %s", what, err, pki.CodeOf(err), code)
		return
	}
	if !strings.Contains(err.Error(), "; ") {
		t.Errorf("%s: %q says not what to do", what, err)
	}
}

// expectRow compares values and faults.
func expectRow(t testing.TB, what string, row Row, values []string, faults ...string) {
	t.Helper()
	if !slices.Equal(row.Values, values) {
		t.Errorf("%s: values %q, want %q", what, row.Values, values)
	}
	if got := codes(row); !slices.Equal(got, faults) {
		t.Errorf("%s: faults %q, want %q", what, got, faults)
	}
}

// rezip writes an archive again with some parts replaced, added or (nil) left out.
func rezip(t testing.TB, content []byte, change map[string][]byte) []byte {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	add := func(name string, part []byte) {
		f, err := w.Create(name)
		if err == nil {
			_, err = f.Write(part)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, part := range archive.File {
		if _, changed := change[part.Name]; !changed {
			if err := w.Copy(part); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, part := range change {
		if part != nil {
			add(name, part)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// part is one part of an archive.
func part(t testing.TB, content []byte, name string) string {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	f, err := archive.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out bytes.Buffer
	if _, err := out.ReadFrom(f); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
