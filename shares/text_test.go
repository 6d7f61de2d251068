package shares

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"onecert/pki"
)

// The form of a share is written on paper and in safes: it must not change. This one
// was put together from the format's description by hand (Python), not by Words.
func TestWordsStayTheSame(t *testing.T) {
	value := make([]byte, 32)
	for i := range value {
		value[i] = byte(i)
	}
	s := newShare("0a0b0c0d", 2, 3, 5, value)
	const want = "AEFA WDAN AIBQ KAAB AIBQ IBKN\n" +
		"AYDQ QCIK BMGA 2DQP CAIR EE7V\n" +
		"CQKR MFYY DENB WHA5 DYPS NXGU\n"
	if got := s.Words(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestParseReadsWhatPeopleType(t *testing.T) {
	s := split(t, newSecret(t, 24), 3, 5)[4]
	words := s.Words()
	if lines := strings.Split(strings.TrimSpace(words), "\n"); len(lines) != 3 || len(strings.Fields(lines[0])) != 6 {
		t.Errorf("not three lines of six words:\n%s", words)
	}
	for _, typed := range []string{
		words,
		strings.ToLower(words),
		strings.Join(strings.Fields(words), ""),
		strings.Join(strings.Fields(words), "-"),
		strings.ReplaceAll(words, "\n", "\r\n"),
		strings.NewReplacer("O", "0", "I", "1", "B", "8").Replace(words),
		string(s.File("custodian 张三", "two\nlines")),
		"   # indented remark, with 9 and !\n" + words,
	} {
		got, err := Parse(typed)
		if err != nil || got.String() != s.String() || !bytes.Equal(got.value(), s.value()) {
			t.Errorf("%q: %v", typed, err)
		}
	}
	if file := string(s.File("two\nlines")); !strings.HasPrefix(file, "# OneCert: share 5 of 5 of set "+s.Set+", 3 needed\n# two lines\n") {
		t.Error(file)
	}
}

func TestParseOfEverySize(t *testing.T) {
	for size := MinSecret; size <= MaxSecret; size++ {
		for _, s := range split(t, newSecret(t, size), 2, 3) {
			got, err := Parse(s.Words())
			if err != nil || !bytes.Equal(got.value(), s.value()) {
				t.Fatalf("%d octets: %v", size, err)
			}
		}
	}
}

// Each mistyped letter is found and its line named, or, once in 256, the whole.
func TestParseFindsEveryTypo(t *testing.T) {
	s := split(t, newSecret(t, 24), 3, 5)[0]
	clean := strings.Join(strings.Fields(s.Words()), "")
	named := 0
	for i := range clean {
		for _, letter := range "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567" {
			if byte(letter) == clean[i] {
				continue
			}
			_, err := Parse(clean[:i] + string(letter) + clean[i+1:])
			code := pki.CodeOf(err)
			if code != "share.damaged" && code != "share.version" {
				t.Fatalf("letter %d as %c: %v", i, letter, err)
			}
			if strings.Contains(err.Error(), fmt.Sprintf("line %d ", i/lineLength+1)) {
				named++
			}
		}
	}
	if all := len(clean) * 31; named < all*97/100 {
		t.Errorf("the line was named in %d of %d cases", named, all)
	}
}

func TestParseRefuses(t *testing.T) {
	s := split(t, newSecret(t, 24), 3, 5)[0]
	lines := strings.SplitAfter(s.Words(), "\n")
	remake := func(change func(body []byte)) string {
		body := s.body()
		change(body)
		copy(body[len(body)-checkSize:], bodyCheck(body[:len(body)-checkSize]))
		return rewrite(body)
	}
	for _, c := range []struct{ name, text, code string }{
		{"nothing", "", "share.malformed"},
		{"a remark only", "# nothing", "share.malformed"},
		{"too long", strings.Repeat("A", maxText+1), "share.malformed"},
		{"another script", "张三", "share.malformed"},
		{"punctuation", "AAAA.AAAA", "share.malformed"},
		{"a word of greeting", "hello", "share.malformed"},
		{"a line missing", lines[0] + lines[1], "share.malformed"},
		{"half a line", lines[0] + lines[1] + lines[2][:11], "share.malformed"},
		{"a first line mistyped, and nothing after it", "A" + strings.Replace(lines[0][1:], "A", "B", 1), "share.damaged"},
		{"a letter missing", s.Words()[1:], "share.damaged"},
		{"lines exchanged", lines[1] + lines[0] + lines[2], "share.damaged"},
		{"lines of two shares", lines[0] + lines[1] + strings.SplitAfter(split(t, newSecret(t, 24), 3, 5)[0].Words(), "\n")[2], "share.damaged"},
		{"a later version", remake(func(b []byte) { b[0] = 2 }), "share.version"},
		{"index 0", remake(func(b []byte) { b[5] = 0 }), "share.malformed"},
		{"index over total", remake(func(b []byte) { b[5] = 6 }), "share.malformed"},
		{"threshold 1", remake(func(b []byte) { b[6] = 1 }), "share.malformed"},
		{"threshold over total", remake(func(b []byte) { b[7] = 2 }), "share.malformed"},
		{"total 200", remake(func(b []byte) { b[7] = 200 }), "share.malformed"},
	} {
		_, err := Parse(c.text)
		if pki.CodeOf(err) != c.code {
			t.Errorf("%s: %v", c.name, err)
		}
		if err != nil && len(c.text) > 20 && strings.Contains(err.Error(), strings.Fields(c.text)[0]) {
			t.Errorf("%s: the error repeats the share: %v", c.name, err)
		}
	}
}

// rewrite writes a body as Words does.
func rewrite(body []byte) string {
	var b strings.Builder
	for number := 0; len(body) > 0; number++ {
		line := body[:min(lineSize, len(body))]
		body = body[len(line):]
		writeWords(&b, letters.EncodeToString(append(bytes.Clone(line), lineCheck(number, line))))
	}
	return b.String()
}

// FuzzParse: whatever is read is written back as it was, and nothing panics.
func FuzzParse(f *testing.F) {
	for _, s := range split(f, newSecret(f, 24), 3, 5) {
		f.Add(s.Words())
		f.Add(string(s.File("a remark")))
	}
	for _, size := range []int{16, 20, 32, 64} {
		f.Add(split(f, newSecret(f, size), 2, 2)[0].Words())
	}
	f.Add("# only a remark")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse(text)
		if err != nil {
			return
		}
		again, err := Parse(s.Words())
		if err != nil || again.Words() != s.Words() {
			t.Errorf("%q is read and not written back: %v", text, err)
		}
		clean, err := strip(text)
		if err != nil || clean != strings.Join(strings.Fields(s.Words()), "") {
			t.Errorf("%q is written back in other letters", text)
		}
	})
}
