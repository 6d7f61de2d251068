package papers

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"onecert/pki"
)

func TestGoodPapers(t *testing.T) {
	all := papersOf(t)
	for file, want := range map[string]Paper{
		"plain.jpg":         {MediaType: JPEG, Width: 400, Height: 300, Pages: 1},
		"progressive.jpg":   {MediaType: JPEG, Width: 400, Height: 300, Pages: 1},
		"full.jpg":          {MediaType: JPEG, Width: 400, Height: 300, Pages: 1},
		"gray.jpg":          {MediaType: JPEG, Width: 400, Height: 300, Pages: 1},
		"cmyk.jpg":          {MediaType: JPEG, Width: 400, Height: 300, Pages: 1},
		"exif.jpg":          {MediaType: JPEG, Width: 400, Height: 300, Pages: 1, Metadata: true},
		"plain.png":         {MediaType: PNG, Width: 400, Height: 300, Pages: 1},
		"bits.png":          {MediaType: PNG, Width: 400, Height: 300, Pages: 1},
		"palette.png":       {MediaType: PNG, Width: 400, Height: 300, Pages: 1},
		"alpha.png":         {MediaType: PNG, Width: 400, Height: 300, Pages: 1},
		"deep.png":          {MediaType: PNG, Width: 400, Height: 300, Pages: 1},
		"text.png":          {MediaType: PNG, Width: 400, Height: 300, Pages: 1, Metadata: true},
		"plain.pdf":         {MediaType: PDF, Pages: 3},
		"linear.pdf":        {MediaType: PDF, Pages: 3},
		"packed.pdf":        {MediaType: PDF, Pages: 3},
		"packed-linear.pdf": {MediaType: PDF, Pages: 3},
		"packed-plain.pdf":  {MediaType: PDF, Pages: 3},
		"flate.pdf":         {MediaType: PDF, Pages: 3},
	} {
		sum := sha256.Sum256(all[file])
		want.Size, want.SHA256 = len(all[file]), hex.EncodeToString(sum[:])
		got, err := Check(all[file], Limits{})
		if len(got.SM3) != 64 {
			t.Errorf("%s: SM3 %q", file, got.SM3)
		}
		if got.SM3 = ""; err != nil || got != want {
			t.Errorf("%s: %+v, %v", file, got, err)
		}
		refused(t, file+", small size", all[file], Limits{Size: 100}, "papers.size")
	}
	refused(t, "pages", all["plain.pdf"], Limits{Pages: 2}, "papers.pages")
	for _, file := range []string{"plain.jpg", "plain.png", "plain.pdf"} {
		refused(t, file+", pixels", all[file], Limits{Pixels: 400*300 - 1}, "papers.pixels")
	}
	refused(t, "memory", all["full.jpg"], Limits{Memory: 400 * 300 * 10}, "papers.pixels")
	refused(t, "memory", all["deep.png"], Limits{Memory: 400}, "papers.pixels")
}

// TestSM3 has the example of GB/T 32905 A.1 behind it: openssl computes the same.
func TestSM3(t *testing.T) {
	content := onePage("")
	paper, err := Check(content, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command("openssl", "dgst", "-sm3", "-r")
	command.Stdin = bytes.NewReader(content)
	out, err := command.Output()
	if err != nil || !strings.HasPrefix(string(out), paper.SM3) {
		t.Errorf("openssl says %s, we %s (%v)", out, paper.SM3, err)
	}
}

func refused(t *testing.T, what string, content []byte, limits Limits, code string) {
	t.Helper()
	_, err := Check(content, limits)
	refusedWith(t, what, code, err)
}

func TestRefusedSamples(t *testing.T) {
	all := papersOf(t)
	for file, code := range map[string]string{
		"comment.jpg": "papers.disguised", "animated.png": "papers.damaged",
		"picture.gif": "papers.type", "picture.webp": "papers.type", "picture.tiff": "papers.type", "picture.bmp": "papers.type",
		"encrypted.pdf": "papers.encrypted", "encrypted-packed.pdf": "papers.encrypted",
		"attachment.pdf": "papers.active", "attachment-packed.pdf": "papers.active",
	} {
		refused(t, file, all[file], Limits{}, code)
	}
	for name, content := range map[string]string{
		"nothing": "", "HTML": "<!DOCTYPE html><script>alert(1)</script>", "SVG": `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`,
		"archive": "PK\x03\x04", "a blank before": " %PDF-1.7\n", "text": "我的身份证",
	} {
		refused(t, name, []byte(content), Limits{}, "papers.type")
	}
}

// TestCutAndLonger: no document is taken that is shorter or longer than it was.
func TestCutAndLonger(t *testing.T) {
	all := papersOf(t)
	for _, file := range []string{"plain.jpg", "progressive.jpg", "cmyk.jpg", "plain.png", "bits.png", "plain.pdf", "packed.pdf", "linear.pdf"} {
		content := all[file]
		if _, err := Check(append(slices.Clone(content), make([]byte, 100)...), Limits{}); err != nil {
			t.Errorf("%s, padded: %v", file, err)
		}
		for what, more := range map[string][]byte{"an archive": []byte("PK\x03\x04"), "a page": []byte("\n<html>"), "much padding": make([]byte, 5000), "itself": content} {
			if file != "plain.pdf" && file != "packed.pdf" && file != "linear.pdf" || what != "itself" {
				refused(t, file+", then "+what, slices.Concat(content, more), Limits{}, "papers.trailing")
			}
		}
		for cut := 1; cut < len(content)-4; cut += 1 + len(content)/60 {
			if _, err := Check(content[:len(content)-4-cut], Limits{}); pki.KindOf(err) != pki.Invalid {
				t.Errorf("%s without its last %d octets: %v", file, cut, err)
			}
		}
	}
}

// TestPictureBombs: what would take memory or hours is refused at once.
func TestPictureBombs(t *testing.T) {
	all := papersOf(t)
	huge := slices.Clone(all["plain.png"])
	copy(huge[16:], "\x00\x00\xff\xff\x00\x00\xff\xff") // width and height; the check follows the limit
	crc(huge[12:33])
	refused(t, "huge PNG", huge, Limits{}, "papers.pixels")

	wide := slices.Clone(all["plain.jpg"])
	frame := bytes.Index(wide, []byte("\xff\xc0"))
	copy(wide[frame+5:], "\xff\xff\xff\xff")
	refused(t, "huge JPEG", wide, Limits{}, "papers.pixels")

	scan := bytes.LastIndex(all["progressive.jpg"], []byte("\xff\xda"))
	end := len(all["progressive.jpg"]) - 2
	many := slices.Concat(all["progressive.jpg"][:end], bytes.Repeat(all["progressive.jpg"][scan:end], 40), all["progressive.jpg"][end:])
	refused(t, "many scans", many, Limits{}, "papers.damaged")

	app := func(kind byte, body string) []byte {
		return slices.Concat([]byte{0xff, kind, byte((len(body) + 2) >> 8), byte(len(body) + 2)}, []byte(body))
	}
	jpeg := func(segment []byte) []byte {
		return slices.Concat(all["plain.jpg"][:2], segment, all["plain.jpg"][2:])
	}
	refused(t, "JPEG and PDF", jpeg(app(0xfe, "%PDF-1.7\n1 0 obj")), Limits{}, "papers.disguised")
	refused(t, "JPEG and archive", jpeg(app(0xe5, "PK\x05\x06")), Limits{}, "papers.disguised")
	refused(t, "JPEG and page", jpeg(app(0xe1, "<HTML>")), Limits{}, "papers.disguised")
	refused(t, "JPEG in itself", jpeg([]byte("\xff\xd8")), Limits{}, "papers.damaged")
	refused(t, "two frames", jpeg(app(0xc0, "\x08\x00\x01\x00\x01\x01\x01\x11\x00")), Limits{}, "papers.damaged")
}

func TestActivePDF(t *testing.T) {
	flate := func(head, content string) string {
		packed := deflate(t, content)
		return fmt.Sprintf("<<%s/Filter/FlateDecode/Length %d>>\nstream\n%s\nendstream", head, len(packed), packed)
	}
	plain := func(head, content string) string {
		return fmt.Sprintf("<<%s/Length %d>>\nstream\n%s\nendstream", head, len(content), content)
	}
	const script = "<</S/JavaScript/JS(app.alert\\(1\\))>>"
	for name, content := range map[string][]byte{
		"script at opening":        onePage("/OpenAction 4 0 R", script),
		"escaped":                  onePage("/OpenAction 4 0 R", "<</S/J#61vaScr#69pt/#4aS(x)>>"),
		"launch":                   onePage("/OpenAction<</S/Launch/F(calc.exe)>>"),
		"opening a link":           onePage("/OpenAction<</S/URI/URI(http://127.0.0.1/)>>"),
		"opening, then more":       onePage("/OpenAction<</S/GoTo/D[3 0 R/Fit]/Next 4 0 R>>", "<</S/URI>>"),
		"opening nothing known":    onePage("/OpenAction 9 0 R"),
		"additional actions":       onePage("/AA<</WC 4 0 R>>", "<<>>"),
		"names of scripts":         onePage("/Names<</JavaScript 4 0 R>>", "<<>>"),
		"files":                    onePage("/Names<</EmbeddedFiles 4 0 R>>", "<<>>"),
		"XFA":                      onePage("/AcroForm<</XFA 4 0 R>>", "<<>>"),
		"packed":                   onePage("/OpenAction[3 0 R/Fit]", flate("/Type/ObjStm/N 1/First 4", "5 0 "+script)),
		"packed, not named":        onePage("", flate("/Type/ObjStm/N 0/First 0", script)),
		"hidden in a stream":       onePage("", plain("", "9 0 obj "+script+" endobj")),
		"hidden, packed":           onePage("", plain("", "9 0 obj <</Type/ObjStm/N 1>> stream")),
		"hidden in a string":       onePage("/X(9 0 obj " + "<</S/JavaScript>> endobj)"),
		"hidden in a comment":      onePage("\n%9 0 obj <</S/JavaScript>> endobj\n"),
		"a changed document":       slices.Concat(onePage(""), []byte("1 0 obj\n<</Type/Catalog/Pages 2 0 R/OpenAction "+script+">>\nendobj\n"), onePage("")[15:]),
		"broken behind the script": onePage("/OpenAction 4 0 R", script, "<<"),
	} {
		refused(t, name, content, Limits{}, "papers.active")
	}
	for name, content := range map[string][]byte{
		"nothing":               onePage(""),
		"opening at a page":     onePage("/OpenAction[3 0 R/XYZ 0 0 0]"),
		"opening at a page, by": onePage("/OpenAction 4 0 R", "<</S/GoTo/D[3 0 R/Fit]>>"),
		"a link":                onePage("", "<</S/URI/URI(http://127.0.0.1/)>>"),
		"packed":                onePage("", flate("/Type/ObjStm/N 2/First 8", "5 0 6 3 12 <</A(b)>>")),
	} {
		if paper, err := Check(content, Limits{}); err != nil || paper.Pages != 1 {
			t.Errorf("%s: %+v, %v", name, paper, err)
		}
	}
}

func TestBrokenPDF(t *testing.T) {
	good := string(onePage(""))
	for name, content := range map[string]string{
		"no version":          strings.Replace(good, "1.7", "9.9", 1),
		"no end":              strings.Replace(good, "%%EOF", "", 1),
		"no table":            strings.Replace(good, "startxref", "", 1),
		"a table elsewhere":   strings.Replace(good, "startxref\n", "startxref\n1", 1),
		"no root":             strings.Replace(good, "/Root 1 0 R", "/Root 9 0 R", 1),
		"no pages":            strings.Replace(good, "[3 0 R]", "[]", 1),
		"pages in a circle":   strings.Replace(good, "[3 0 R]", "[2 0 R]", 1),
		"a page that is none": strings.Replace(good, "[3 0 R]", "[7 0 R]", 1),
		"a page twice":        strings.Replace(good, "[3 0 R]", "[3 0 R 3 0 R]", 1),
		"deep":                string(onePage("/X" + strings.Repeat("[", 1000))),
		"open string":         string(onePage("/X(")),
		"open digits":         string(onePage("/X<12")),
		"digits that are not": string(onePage("/X<12 /JavaScript>")),
		"words between":       strings.Replace(good, "2 0 obj", "hello 2 0 obj", 1),
		"cut stream":          string(onePage("", "<</Filter/FlateDecode/Length 9>>\nstream\n"+deflate(t, strings.Repeat("ab", 999))[:9]+"\nendstream")),
		"no stream's end":     string(onePage("", "<</Length 9>>\nstream\n12345")),
		"packed strangely":    string(onePage("", "<</Type/ObjStm/N 1/First 4/Filter/ASCIIHexDecode/Length 2>>\nstream\n3>\nendstream")),
		"packed elsewhere":    string(onePage("", "<</Type/ObjStm/N 1/First 4/Length 9>>\nstream\n5 7 (abc)\nendstream")),
		"packed too many":     string(onePage("", "<</Type/ObjStm/N 99999999/First 4/Length 9>>\nstream\n5 0 (abc)\nendstream")),
	} {
		refused(t, name, []byte(content), Limits{}, "papers.damaged")
	}
	bomb := deflate(t, strings.Repeat("\x00", 8<<20))
	refused(t, "bomb", onePage("", fmt.Sprintf("<</Filter[/FlateDecode]/Length %d>>\nstream\n%s\nendstream", len(bomb), bomb)), Limits{Unpacked: 1 << 20}, "papers.unpacked")
	refused(t, "picture", onePage("", "<</Subtype/Image/Width 100000/Height 100000/Length 1>>\nstream\n1\nendstream"), Limits{}, "papers.pixels")
	refused(t, "encrypted", []byte(strings.Replace(good, "/Root", "/Encrypt 3 0 R/Root", 1)), Limits{}, "papers.encrypted")
}

// TestQpdfAgrees: what we make for the tests above is a PDF in the eyes of qpdf.
func TestQpdfAgrees(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.pdf")
	if err := os.WriteFile(file, onePage("/OpenAction[3 0 R/Fit]"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("qpdf", "--check", file).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
