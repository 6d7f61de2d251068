package sheet

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// TestForeignWorkbooks reads what other programs wrote.
func TestForeignWorkbooks(t *testing.T) {
	books := workbooks(t)
	good := []string{"张三", "11010519491231002X", "resident", "1949-12-31", "13800138000", ""}
	rows := func(name string, count int) []Row {
		rows, err := readAll(books[name], testColumns(), Limits{})
		if err != nil || len(rows) != count {
			t.Fatalf("%s: %d rows, %v", name, len(rows), err)
		}
		return rows
	}
	for _, name := range []string{"good", "hidden-sheet", "mac", "iso"} {
		expectRow(t, name, rows(name, 1)[0], good)
	}
	expectRow(t, "number", rows("number", 1)[0], []string{"李四", "", "resident", "1990-02-03", "13800138000", "12345"}, "B2 sheet.digits-lost")
	expectRow(t, "formats", rows("formats", 1)[0], []string{"王五", "00000007", "resident", "2000-01-01", "13800138000", ""}, "F2 sheet.turned-date")
	expectRow(t, "formula", rows("formula", 1)[0], []string{"", "", "resident", "", "1", ""}, "A2 sheet.formula", "B2 sheet.formula", "D2 sheet.formula")
	hidden := rows("hidden-row", 2)
	expectRow(t, "shown row", hidden[0], good)
	expectRow(t, "hidden row", hidden[1], good, "sheet.hidden")
	width := rows("width", 2)
	expectRow(t, "width", width[0], []string{"Ｚｈａｎｇ", "11010519491231002x", "resident", "1949-12-31", "138", "张 三"})
	expectRow(t, "invisible", width[1], make([]string, 6), "A3 sheet.character", "B3 sheet.character", "C3 sheet.choice", "D3 sheet.day", "F3 sheet.character")
	order := rows("order", 2)
	expectRow(t, "another order", order[0], good)
	if order[1].Number != 4 || order[1].Values[0] != "李四" || order[1].Values[1] != "A1234567" {
		t.Errorf("the row after a blank one: %+v", order[1])
	}
	shared := rows("shared", 2)
	expectRow(t, "shared texts", shared[0], []string{"张三", "11010519491231002X", "resident", "1949-12-31", "13800138000", "=1+1"})
	expectRow(t, "shared, second", shared[1], []string{"李四", "", "passport", "", "TRUE", ""}, "B3 sheet.digits-lost", "D3 sheet.formula", "F3 sheet.formula")
	expectRow(t, "stray", rows("stray", 1)[0], good, "H2 sheet.stray")
}

// TestHostileWorkbooks changes good workbooks into what nobody may be harmed by.
func TestHostileWorkbooks(t *testing.T) {
	books := workbooks(t)
	good := books["good"]
	const sheet, main, types, texts = "xl/worksheets/sheet1.xml", "xl/workbook.xml", "[Content_Types].xml", "xl/sharedStrings.xml"
	change := func(name, old, new string) []byte {
		t.Helper()
		good := good
		if name == texts || old == "<v>0</v>" {
			good = books["shared"]
		}
		text := part(t, good, name)
		if !strings.Contains(text, old) {
			t.Fatalf("%s has no %q", name, old)
		}
		return rezip(t, good, map[string][]byte{name: []byte(strings.ReplaceAll(text, old, new))})
	}
	bomb := []byte("<worksheet><sheetData>" + strings.Repeat(" ", 30<<20) + "</sheetData></worksheet>")
	many := map[string][]byte{}
	for i := range 1001 {
		many[fmt.Sprintf("xl/media/%d", i)] = []byte("x")
	}
	for _, c := range []struct {
		name, code string
		content    []byte
	}{
		{"cut archive", "sheet.damaged", good[:len(good)-30]},
		{"bomb", "sheet.unpacked", rezip(t, good, map[string][]byte{sheet: bomb})},
		{"many parts", "sheet.damaged", rezip(t, good, many)},
		{"macros", "sheet.macros", rezip(t, good, map[string][]byte{"xl/vbaProject.bin": {1}})},
		{"macros by type", "sheet.macros", change(types, "spreadsheetml.sheet.main+xml", "sheet.macroEnabled.main+xml")},
		{"a text document", "sheet.format", change(types, "spreadsheetml.sheet.main+xml", "wordprocessingml.document.main+xml")},
		{"another archive", "sheet.format", rezip(t, good, map[string][]byte{types: nil})},
		{"no sheet", "sheet.damaged", rezip(t, good, map[string][]byte{sheet: nil})},
		{"all sheets hidden", "sheet.damaged", change(main, `state="visible"`, `state="veryHidden"`)},
		{"an external sheet", "sheet.damaged", change("xl/_rels/workbook.xml.rels", `Target="/xl/worksheets/sheet1.xml"`, `TargetMode="External" Target="http://127.0.0.1:9/a.xml"`)},
		{"cut sheet", "sheet.damaged", change(sheet, "</sheetData>", "<!--")},
		{"document type", "sheet.damaged", change(sheet, "<worksheet", `<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><worksheet`)},
		{"entity", "sheet.damaged", change(texts, "证件号码", "&b;")},
		{"deep", "sheet.damaged", change(sheet, "<sheetData>", strings.Repeat("<a>", 1000))},
		{"rows backwards", "sheet.damaged", change(sheet, `<row r="2"`, `<row r="1"`)},
		{"a cell far away", "sheet.damaged", change(sheet, `<c r="B2"`, `<c r="ZZZZ2"`)},
		{"a cell nowhere", "sheet.damaged", change(sheet, `<c r="B2"`, `<c r="?2"`)},
		{"two cells in one place", "sheet.damaged", change(sheet, `<c r="B2"`, `<c r="A2"`)},
		{"a text that is not there", "sheet.damaged", change(sheet, "<v>0</v>", "<v>99</v>")},
	} {
		_, err := readAll(c.content, testColumns(), Limits{})
		refusedWith(t, c.name, c.code, err)
	}
}

// TestLyingArchive: the sizes an archive announces are not believed.
func TestLyingArchive(t *testing.T) {
	good := workbooks(t)["good"]
	_, err := readAll(good, testColumns(), Limits{Unpacked: 4000})
	refusedWith(t, "small limit", "sheet.unpacked", err)
	for i := range good { // every octet of the archive changed once
		if i%7 != 0 {
			continue
		}
		bad := bytes.Clone(good)
		bad[i] ^= 0x41
		_, _ = readAll(bad, testColumns(), Limits{})
	}
}

func TestWorkbookTexts(t *testing.T) {
	good := workbooks(t)["good"]
	for _, c := range []struct{ name, cell, value string }{
		{"rich text", `<c r="A2" t="inlineStr"><is><r><rPr><b/></rPr><t>张</t></r> <r><t>三</t></r><rPh sb="0" eb="1"><t>zhang</t></rPh></is></c>`, "张三"},
		{"escape", `<c r="A2" t="inlineStr"><is><t>_x5F20__x4E09_ _x12 _x005F_x</t></is></c>`, "张三 _x12 _x"},
		{"truth", `<c r="A2" t="b"><v>1</v></c>`, "TRUE"},
		{"exponent", `<c r="A2"><v>1.38E+3</v></c>`, "1380"},
		{"no reference", `<c t="inlineStr"><is><t>a</t></is></c>`, "a"},
		{"apostrophe", `<c r="A2" t="inlineStr"><is><t>'=a</t></is></c>`, "=a"},
		{"no formula", `<c r="A2" t="inlineStr"><is><t>=a</t></is></c>`, "=a"},
	} {
		text := part(t, good, "xl/worksheets/sheet1.xml")
		start := strings.Index(text, `<c r="A2"`)
		end := start + strings.Index(text[start:], "</c>") + len("</c>")
		rows, err := readAll(rezip(t, good, map[string][]byte{"xl/worksheets/sheet1.xml": []byte(text[:start] + c.cell + text[end:])}), testColumns(), Limits{})
		if err != nil || len(rows) != 1 || rows[0].Values[0] != c.value || len(rows[0].Faults) > 0 {
			t.Errorf("%s: %+v, %v", c.name, rows, err)
		}
	}
}

// TestDays compares days with the table of ISO/IEC 29500-1 18.17.4.1.
func TestDays(t *testing.T) {
	for _, c := range []struct {
		text     string
		base1904 bool
		day      string
	}{
		{"1", false, "1900-01-01"}, {"59", false, "1900-02-28"}, {"60", false, ""}, {"61", false, "1900-03-01"},
		{"45000", false, "2023-03-15"}, {"45000.75", false, "2023-03-15"}, {"0", false, ""}, {"-1", false, ""},
		{"1e300", false, ""}, {"NaN", false, ""}, {"60", true, "1904-03-01"}, {"43538", true, "2023-03-15"},
	} {
		got, ok := (&xlsxSource{base1904: c.base1904}).day(c.text)
		if got != c.day || ok != (c.day != "") {
			if ok || c.day != "" {
				t.Errorf("day %s (1904: %v) is %s, want %s", c.text, c.base1904, got, c.day)
			}
		}
	}
	for code, date := range map[string]bool{
		"General": false, "0": false, "0_ ": false, `#,##0.00"年"`: false, "[Red]0": false, "@": false, `0_);[Red]\(0\)`: false,
		"yyyy-mm-dd": true, `yyyy"年"m"月"`: true, "[$-804]d": true, "m月d日": true, "h:mm": false,
	} {
		if newStyle("200", code).date != date {
			t.Errorf("format %q: date is %v", code, !date)
		}
	}
}
