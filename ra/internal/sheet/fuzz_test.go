package sheet

import (
	"os"
	"testing"
	"unicode/utf8"

	"onecert/pki"
)

// judge holds what is true of every file: it ends, in refusals a person can read, and
// what is accepted is clean.
func judge(t *testing.T, content []byte) {
	limits := Limits{Rows: 50, Unpacked: 4 << 20}
	rows, err := Read(content, testColumns(), limits)
	if err != nil {
		if pki.KindOf(err) != pki.Invalid {
			t.Fatalf("not a refusal: %v", err)
		}
		return
	}
	last := 0
	for row, err := range rows.All() {
		if err != nil {
			if pki.KindOf(err) != pki.Invalid {
				t.Fatalf("not a refusal: %v", err)
			}
			return
		}
		if row.Number <= last || len(row.Values) != len(testColumns()) {
			t.Fatalf("row %d after %d", row.Number, last)
		}
		last = row.Number
		for i, value := range row.Values {
			if again, bad := clean(value); bad != 0 || again != value || utf8.RuneCountInString(value) > testColumns()[i].most() {
				t.Fatalf("row %d, %q is not clean", row.Number, value)
			}
		}
	}
}

func FuzzCSV(f *testing.F) {
	for _, seed := range []string{goodCSV, bom + goodCSV, "姓名;证件号码;证件类型\n\"a\nb\";1;护照\n\"c", "name\tnumber\tkind\n=1\t'=2\t2000/1/1\n", "\xd0\xd5\xc3\xfb,\xd6\xa4\xbc\xfe\xba\xc5\xc2\xeb,kind\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(judge)
}

// FuzzSheet is about the XML within a workbook; the archive around it is the standard
// library's, and FuzzWorkbook's.
func FuzzSheet(f *testing.F) {
	for _, seed := range []string{
		`<c r="A2" t="inlineStr"><is><t>a</t></is></c><c t="s"><v>0</v></c><c><f>1</f></c>`,
		`<c s="1"><v>45000</v></c><c s="2"><v>7</v></c><c t="e"><v>#N/A</v></c><c t="d"><v>2000-01-01</v></c><c r="XFD2"><v>1e99</v></c>`,
	} {
		f.Add(seed, "")
		f.Add(seed, `</row><row r="9" hidden="1">`)
	}
	base, err := Template(testColumns(), Chinese, 1)
	if err != nil {
		f.Fatal(err)
	}
	head := `<worksheet><sheetData><row r="1"><c t="inlineStr"><is><t>姓名</t></is></c><c t="inlineStr"><is><t>证件号码</t></is></c><c t="inlineStr"><is><t>证件类型</t></is></c><c t="inlineStr"><is><t>出生日期</t></is></c></row><row>`
	f.Fuzz(func(t *testing.T, cells, more string) {
		judge(t, rezip(t, base, map[string][]byte{"xl/worksheets/sheet1.xml": []byte(head + cells + more + `</row></sheetData></worksheet>`)}))
	})
}

func FuzzWorkbook(f *testing.F) {
	folder := f.TempDir()
	python(f, "testdata/shared.py", folder)
	seed, err := os.ReadFile(folder + "/shared.xlsx")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Fuzz(judge)
}
