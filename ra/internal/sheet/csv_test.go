package sheet

import (
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
)

const goodCSV = "姓名,证件号码,证件类型,出生日期,电话,备注\r\n张三,11010519491231002X,居民身份证,1949/12/31,13800138000,\r\n"

func TestCSV(t *testing.T) {
	gb, err := simplifiedchinese.GB18030.NewEncoder().String(goodCSV)
	if err != nil {
		t.Fatal(err)
	}
	good := []string{"张三", "11010519491231002X", "resident", "1949-12-31", "13800138000", ""}
	for name, content := range map[string]string{
		"UTF-8":      goodCSV,
		"BOM":        bom + goodCSV,
		"GB18030":    gb,
		"semicolon":  strings.ReplaceAll(goodCSV, ",", ";"),
		"tab":        strings.ReplaceAll(goodCSV, ",", "\t"),
		"GB and tab": strings.ReplaceAll(gb, ",", "\t"),
		"LF":         strings.ReplaceAll(goodCSV, "\r\n", "\n"),
		"no end":     strings.TrimSpace(goodCSV),
		"blank rows": "\r\n,,,,\r\n" + goodCSV + ",,,,\r\n\r\n",
		"English":    strings.ReplaceAll(goodCSV, "姓名,证件号码", `"Name *",id NUMBER`),
	} {
		rows, err := readAll([]byte(content), testColumns(), Limits{})
		if err != nil || len(rows) != 1 {
			t.Errorf("%s: %d rows, %v", name, len(rows), err)
			continue
		}
		expectRow(t, name, rows[0], good)
	}
}

func TestCSVFaults(t *testing.T) {
	head := "姓名,证件号码,证件类型,出生日期,电话,备注\n"
	rows, err := readAll([]byte(head+
		"张三,1.10101E+17,护照,2000-1-1,+86 138,\n"+
		"=1+1,\"=\"\"001\"\"\",护照,今天,-1,@a\n"+
		"\"李\n四\",A1,护照,,,\n"+
		"a\"b,A2,护照,,,\n"+
		",A3,,,,,更多\n"+
		strings.Repeat("长", 65)+",A4,护照,,,\n"+
		"王五,A1,护照,,,\n"), testColumns(), Limits{})
	if err != nil || len(rows) != 7 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	expectRow(t, "rounded", rows[0], []string{"张三", "", "passport", "2000-01-01", "+86 138", ""}, "B2 sheet.digits-lost")
	expectRow(t, "formula", rows[1], []string{"", "", "passport", "", "-1", "@a"}, "A3 sheet.formula", "B3 sheet.formula", "D3 sheet.day")
	expectRow(t, "line end", rows[2], []string{"", "A1", "passport", "", "", ""}, "A4 sheet.character")
	expectRow(t, "quotation mark", rows[3], make([]string, 6), "sheet.quotes")
	expectRow(t, "blank and stray", rows[4], []string{"", "A3", "", "", "", ""}, "A6 sheet.blank", "C6 sheet.blank", "G6 sheet.stray")
	expectRow(t, "long", rows[5], []string{"", "A4", "passport", "", "", ""}, "A7 sheet.long")
	expectRow(t, "good", rows[6], []string{"王五", "A1", "passport", "", "", ""})
	if rows[6].Number != 8 {
		t.Errorf("rows are not counted as shown: %+v", rows[6])
	}
}

func TestRefusedFiles(t *testing.T) {
	wide, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(goodCSV)
	if err != nil {
		t.Fatal(err)
	}
	const ole = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
	for _, c := range []struct{ name, code, content string }{
		{"nothing", "sheet.empty", ""},
		{"blanks", "sheet.empty", " \r\n\t\r\n"},
		{"headings only", "sheet.empty", goodCSV[:strings.Index(goodCSV, "\n")]},
		{"UTF-16", "sheet.encoding", wide},
		{"no text", "sheet.encoding", "\xff\xff\xff,a\n"},
		{"broken UTF-8 after a BOM", "sheet.encoding", bom + "姓名\xff\n"},
		{"PDF", "sheet.format", "%PDF-1.7\n"},
		{"HTML called xls", "sheet.format", " <html><table>"},
		{"XML of 2003", "sheet.format", `<?xml version="1.0"?><Workbook/>`},
		{"octets", "sheet.format", "\x89PNG\r\n\x1a\n\x00\x00"},
		{"old workbook", "sheet.old", ole + "\x00W\x00o\x00r\x00k"},
		{"encrypted workbook", "sheet.encrypted", ole + "\x00E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d\x00P\x00a\x00c\x00k\x00a\x00g\x00e\x00"},
		{"other headings", "sheet.headings", "a,b,c\n1,2,3\n"},
		{"no headings", "sheet.headings", "张三,11010519491231002X\n"},
		{"unknown heading", "sheet.unknown-column", strings.Replace(goodCSV, "备注", "备住", 1)},
		{"double heading", "sheet.double-column", strings.Replace(goodCSV, "备注", "Phone", 1)},
		{"missing heading", "sheet.missing-column", "姓名,电话\n张三,1\n"},
		{"broken headings", "sheet.quotes", "a\"b,c\n"},
		{"too large", "sheet.size", strings.Repeat("a", 16<<20+1)},
	} {
		_, err := readAll([]byte(c.content), testColumns(), Limits{})
		refusedWith(t, c.name, c.code, err)
	}
	_, err = readAll([]byte(goodCSV+goodCSV[strings.Index(goodCSV, "\n")+1:]), testColumns(), Limits{Rows: 1})
	refusedWith(t, "too many rows", "sheet.rows", err)
}

func TestFaultsAreBounded(t *testing.T) {
	faults := Faults{Most: 3}
	for i := range 5 {
		faults.Add(Fault{Row: i})
	}
	if len(faults.List) != 3 || faults.More != 2 || !faults.Any() {
		t.Errorf("%+v", faults)
	}
}
