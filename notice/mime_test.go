package notice_test

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"onecert/notice"
)

// parsed reads a mail with net/mail and returns its subject and every part's words.
func parsed(t testing.TB, data string) string {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		t.Fatal(err)
	}
	return subject + "\n" + parts(t, m.Header.Get("Content-Type"), "", m.Body)
}

func parts(t testing.TB, kind, encoding string, body io.Reader) string {
	t.Helper()
	media, params, err := mime.ParseMediaType(kind)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(media, "multipart/") {
		if encoding != "base64" {
			t.Fatalf("%s is encoded as %q", media, encoding)
		}
		text, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, body))
		if err != nil {
			t.Fatal(err)
		}
		return "== " + media + "\n" + string(text) + "\n"
	}
	var b strings.Builder
	for r := multipart.NewReader(body, params["boundary"]); ; {
		p, err := r.NextPart()
		if err == io.EOF {
			return b.String()
		}
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString(parts(t, p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"), p))
	}
}

func TestHeaderWords(t *testing.T) {
	for _, text := range []string{"plain", "证书将于 30 天后到期", strings.Repeat("网络信任服务平台", 20), "=?UTF-8?B?eA==?=", " a ", "a", "é", "\U0001F512 locked", strings.Repeat("a", 200)} {
		word, err := notice.EncodeText(text)
		if err != nil {
			t.Fatal(err)
		}
		header := "Subject: " + word
		for line := range strings.SplitSeq(header, "\r\n") {
			if len(line) > 76 || strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r > '~' }) {
				t.Errorf("%q", line)
			}
		}
		m, err := mail.ReadMessage(strings.NewReader(header + "\r\n\r\n"))
		if err != nil {
			t.Fatal(err)
		}
		back, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
		if err != nil || back != text {
			t.Errorf("%q came back as %q, %v", text, back, err)
		}
	}
}

func TestHeaderRefuses(t *testing.T) {
	for _, text := range []string{"a\r\nBcc: x@y.example", "a\nb", "a\rb", "a\x00b", "a\x7f", "a\u0085b", "a\u2028b", "\xff\xfe"} {
		if word, err := notice.EncodeText(text); err == nil {
			t.Errorf("%q became %q", text, word)
		}
		if word, err := notice.EncodeAddress(notice.Address{Name: text, At: "a@b.example"}); err == nil {
			t.Errorf("the name %q became %q", text, word)
		}
		if _, err := notice.Write(notice.Message{Subject: text, Text: "x"}, notice.Address{At: "a@b.example"}, notice.Address{At: "c@d.example"}, time.Now()); err == nil {
			t.Errorf("a mail with the subject %q was written", text)
		}
	}
	for _, at := range []string{"a@b.example\r\nRCPT TO:<x@y.example>", "a b@c.example", "<a@b.example>", ""} {
		if word, err := notice.EncodeAddress(notice.Address{At: at}); err == nil {
			t.Errorf("the address %q became %q", at, word)
		}
	}
}

func FuzzHeader(f *testing.F) {
	for _, text := range []string{"plain", "证书 到期", "a\r\nBcc: x@y.example", "=?UTF-8?B?eA==?=", strings.Repeat("信", 300), "\xff", "a=?b"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		word, err := notice.EncodeText(text)
		if err != nil {
			return
		}
		for line := range strings.SplitSeq(word, "\r\n ") {
			if len(line) > 67 || strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r > '~' }) {
				t.Fatalf("%q", line)
			}
		}
		back, err := new(mime.WordDecoder).DecodeHeader(strings.ReplaceAll(word, "\r\n", ""))
		if err != nil || back != text {
			t.Fatalf("%q came back as %q, %v", text, back, err)
		}
	})
}

func TestParseAddress(t *testing.T) {
	for text, want := range map[string]notice.Address{
		"li@people.example":                  {At: "li@people.example"},
		" 李四 <li.si+ca@sub.people.example> ": {Name: "李四", At: "li.si+ca@sub.people.example"},
		`"Li Si" <li@people.example>`:        {Name: "Li Si", At: "li@people.example"},
		"o'neil@xn--fiqs8s":                  {At: "o'neil@xn--fiqs8s"},
	} {
		if a, err := notice.ParseAddress(text); err != nil || a != want {
			t.Errorf("%q: %+v %v", text, a, err)
		}
	}
	for _, text := range []string{"", "li", "@b.example", "li@", "a@b@c.example", "a..b@c.example", ".a@c.example", `"a b"@c.example`, "a@[127.0.0.1]",
		"a@-b.example", "a@b_c.example", "a@b.example.", "李@b.example", "a@例.example", "a@b.example, c@d.example", "a@b.example\n", "a\r\n@b.example",
		"x <a@b.example> <c@d.example>", "(c)a@b.example", strings.Repeat("a", 65) + "@b.example", "a@" + strings.Repeat("b.", 130) + "example", "\x00 <a@b.example>",
		"a@b.example\u2028"} {
		if a, err := notice.ParseAddress(text); err == nil {
			t.Errorf("%q was taken for %q %q", text, a.Name, a.At)
		}
	}
	a := notice.Address{Name: "李四", At: "lisi@people.example"}
	if a.Masked() != "l***@people.example" || a.String() != a.Masked() {
		t.Errorf("masked as %q", a.Masked())
	}
}

// What our parser takes, Go's own reads as the same address, and it is safe in SMTP.
func FuzzAddress(f *testing.F) {
	for _, text := range []string{"li@people.example", "李四 <li@people.example>", `"Li" <a@b.c>`, "a@b\r\nX: y", "<a@b.example>", "\"\" <a@b>", "=?a?= <a@b>"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := notice.ParseAddress(text)
		if err != nil {
			return
		}
		if strings.ContainsAny(a.At, "\r\n <>\x00") || !utf8.ValidString(a.Name) {
			t.Fatalf("%q %q", a.Name, a.At)
		}
		encoded, err := notice.EncodeAddress(a)
		if err != nil {
			t.Fatal(err)
		}
		got, err := mail.ParseAddress(strings.ReplaceAll(encoded, "\r\n", ""))
		if err != nil || got.Address != a.At || got.Name != a.Name {
			t.Fatalf("%q: %+v %v, not %q %q", encoded, got, err, a.Name, a.At)
		}
	})
}

func TestMailIsWhole(t *testing.T) {
	m := notice.Message{Subject: "证书将于 30 天后到期", Text: "张三 <b>您好</b>\n.\nFrom here", Files: []notice.File{{Name: "end.ics", Type: "text/calendar; charset=utf-8; method=PUBLISH", Content: []byte("BEGIN")}}}
	from, to := notice.Address{Name: "认证中心", At: "notice@ca.example"}, notice.Address{Name: "张三", At: "zhang@people.example"}
	at := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	data, err := notice.Write(m, from, to, at)
	if err != nil {
		t.Fatal(err)
	}
	text := parsed(t, string(data))
	for _, words := range []string{"证书将于 30 天后到期", "== text/plain\n张三 <b>您好</b>\r\n.\r\nFrom here", "== text/html", "张三 &lt;b&gt;您好&lt;/b&gt;<br>", "== text/calendar\nBEGIN"} {
		if !strings.Contains(text, words) {
			t.Errorf("lacks %q:\n%s", words, text)
		}
	}
	for line := range bytes.SplitSeq(data, []byte("\r\n")) {
		if len(line) > 80 || bytes.ContainsAny(line, "\r\n") || bytes.ContainsFunc(line, func(r rune) bool { return r > '~' }) {
			t.Errorf("%q", line)
		}
	}
	if again, _ := notice.Write(m, from, to, at); !bytes.Equal(again, data) {
		t.Error("written again it is another mail")
	}
}
