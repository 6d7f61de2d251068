package sheet

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
)

func file(t testing.TB, format Format, columns []Column, language Language, rows [][]string) []byte {
	t.Helper()
	return fileOf(t, format, columns, language, slices.Values(rows))
}

func fileOf(t testing.TB, format Format, columns []Column, language Language, rows iter.Seq[[]string]) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := Write(&out, format, columns, language, rows); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestNothingIsCalculated: no cell of what we write begins as a formula does, in the
// eyes of other readers.
func TestNothingIsCalculated(t *testing.T) {
	columns := []Column{{Key: "a", Heading: Words{"=甲", "=A"}}}
	var rows [][]string
	for _, first := range []string{"=", "+", "-", "@", "\t=", "\r=", "\n=", " =", "　=", "＝", "＋", "－", "＠", "−", "﹦", "﹢", "﹣", "﹫", "⁺", "\u200b=", "'=", "''+"} {
		rows = append(rows, []string{first + `cmd|'/c calc'!A1`})
	}
	safe := func(what, cell string) {
		if !strings.HasPrefix(cell, "'") {
			t.Errorf("%s: %q", what, cell)
		}
	}
	lines, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(file(t, CSV, columns, Chinese, rows)), bom))).ReadAll()
	if err != nil || len(lines) != len(rows)+1 {
		t.Fatal(len(lines), err)
	}
	for _, line := range lines {
		safe("CSV", line[0])
	}
	seen := show(t, file(t, XLSX, columns, Chinese, rows))[0].Rows
	if len(seen) != len(rows)+1 {
		t.Fatalf("openpyxl sees %d rows", len(seen))
	}
	for _, row := range seen {
		safe("XLSX", row[0].Value)
		if row[0].Type == "f" {
			t.Errorf("openpyxl sees a formula: %q", row[0].Value)
		}
	}
}

// TestWhatIsWrittenReadsBack: every text that Read accepts comes back, from both forms.
func TestWhatIsWrittenReadsBack(t *testing.T) {
	columns := []Column{{Key: "a", Heading: Words{"甲", "A"}}, {Key: "b", Heading: Words{"乙", "B"}}}
	random := rand.New(rand.NewPCG(1, 2))
	alphabet := []rune(`=+-@＝＋－＠'"|,;\_x005F&<>% 1aE張三𠮷é` + "−")
	var rows [][]string
	for range 3000 {
		var b strings.Builder
		for range 1 + random.IntN(12) {
			b.WriteRune(alphabet[random.IntN(len(alphabet))])
		}
		text, _ := clean(b.String())
		if text == "" || rounded.MatchString(text) {
			continue
		}
		rows = append(rows, []string{text, "'" + text})
	}
	for _, format := range []Format{XLSX, CSV} {
		content := file(t, format, columns, Both, rows)
		if format == XLSX && bytes.Contains([]byte(part(t, content, "xl/worksheets/sheet1.xml")), []byte("<f>")) {
			t.Error("a formula was written")
		}
		back, err := readAll(content, columns, Limits{})
		if err != nil || len(back) != len(rows) {
			t.Fatalf("%s: %d rows of %d, %v", format, len(back), len(rows), err)
		}
		for i, row := range back {
			if !slices.Equal(row.Values, rows[i]) || len(row.Faults) > 0 {
				t.Errorf("%s: wrote %q, read %q %v", format, rows[i], row.Values, row.Faults)
			}
		}
	}
}

func TestWrittenWords(t *testing.T) {
	row := []string{"张三", "001", "resident", "2000-01-01", "", "a\tb\x00\u202ec"}
	content := file(t, CSV, testColumns(), English, [][]string{row, {"short"}})
	want := bom + "Name,ID number,ID type,Born,Phone,Remark\r\n张三,001,Identity card,2000-01-01,,a b  c\r\nshort,,,,,\r\n"
	if string(content) != want {
		t.Errorf("%q, want %q", content, want)
	}
	err := Write(&bytes.Buffer{}, "ods", nil, Chinese, slices.Values([][]string{}))
	refusedWith(t, "another form", "sheet.form", err)
	for _, format := range []Format{CSV, XLSX} {
		if err := Write(brokenWriter{}, format, testColumns(), Chinese, slices.Values([][]string{row})); !errors.Is(err, errBroken) {
			t.Errorf("%s: a failing writer was not noticed: %v", format, err)
		}
	}
}

var errBroken = errors.New("the disk is full")

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

// TestNoTemporaryFile: personal data does not reach the disk, however large the sheet.
func TestNoTemporaryFile(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	long := slices.Repeat([]string{strings.Repeat("长", 200)}, 6)
	content := file(t, XLSX, testColumns(), Chinese, slices.Repeat([][]string{long}, 6000)) // 21 MB
	if content == nil {
		t.Fatal("nothing was written")
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("%v, %v", left, err)
	}
}

// TestTemplate is judged by openpyxl, filled in by nobody, and read by us.
func TestTemplate(t *testing.T) {
	for _, language := range []Language{Chinese, English, Both} {
		content, err := Template(testColumns(), language, 500)
		if err != nil {
			t.Fatal(err)
		}
		sheets := show(t, content)
		if len(sheets) != 2 || len(sheets[0].Rows) != 1 || len(sheets[0].Rows[0]) != 6 || sheets[0].Frozen != "A2" {
			t.Fatalf("%s: %+v", language, sheets)
		}
		if first := sheets[0].Rows[0][0].Value; first != testColumns()[0].Heading.In(language)+" *" {
			t.Errorf("%s: first heading %q", language, first)
		}
		if formats := fmt.Sprint(sheets[0].Columns); strings.Count(formats, "@") == 0 || strings.Contains(formats, "General") {
			t.Errorf("%s: columns are formatted %s", language, formats)
		}
		want := "'" + sheets[1].Title + "'!$F$6:$G$6"
		if lists := sheets[0].Lists; len(lists) != 1 || lists[0].At != "C2:C501" || lists[0].Formula != want || lists[0].Type != "list" {
			t.Errorf("%s: lists %+v, want %s", language, lists, want)
		}
		if row := sheets[1].Rows[5]; row[5].Value != testColumns()[2].Choices[0].Words.In(language) {
			t.Errorf("%s: values %+v", language, row)
		}
		_, err = readAll(content, testColumns(), Limits{})
		refusedWith(t, "a template nobody filled in", "sheet.empty", err)
	}
}

// TestFilledTemplate: openpyxl fills the template in.
func TestFilledTemplate(t *testing.T) {
	content, err := Template(testColumns(), Both, 10)
	if err != nil {
		t.Fatal(err)
	}
	name := t.TempDir() + "/a.xlsx"
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
	python(t, "-c", `import sys, openpyxl
b = openpyxl.load_workbook(sys.argv[1])
b.worksheets[0].append(["张三", "00110519491231002X", b.worksheets[1]["G6"].value, "2000/1/2"])
b.save(sys.argv[1])`, name)
	if content, err = os.ReadFile(name); err != nil {
		t.Fatal(err)
	}
	rows, err := readAll(content, testColumns(), Limits{})
	if err != nil || len(rows) != 1 {
		t.Fatal(len(rows), err)
	}
	expectRow(t, "filled in", rows[0], []string{"张三", "00110519491231002X", "passport", "2000-01-02", "", ""})
}
