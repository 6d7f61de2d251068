package identity

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"

	"onecert/pki"
)

// pass sends a form through the guard, in pieces of one octet and whole.
func pass(t testing.TB, p *Plan, kind, form string) (string, error) {
	t.Helper()
	var results []string
	var failed error
	for _, slow := range []bool{false, true} {
		r := httptest.NewRequest("POST", "/", strings.NewReader(form))
		if slow {
			r.Body = io.NopCloser(iotest.OneByteReader(strings.NewReader(form)))
		}
		r.Header.Set("Content-Type", kind)
		if err := p.GuardForm(r); err != nil {
			return "", err
		}
		got, err := io.ReadAll(r.Body)
		failed = err
		results = append(results, string(got))
	}
	if failed == nil && (results[0] != results[1] || len(results[0]) != len(form)) {
		t.Errorf("%.300q became %.300q, octet by octet %.300q", form, results[0], results[1])
	}
	return results[0], failed
}

const pairs = "application/x-www-form-urlencoded"

// TestFormPairs: what a form says under our names, in whatever spelling, is not said.
func TestFormPairs(t *testing.T) {
	p := compiled(t, everything())
	for form, want := range map[string]string{
		"user=EVIL": "xxxx=EVIL", "a=1&user=EVIL&b=2": "a=1&xxxx=EVIL&b=2", "a=1;user=EVIL": "a=1;xxxx=EVIL", "USER[]=EVIL": "xxxxxx=EVIL", "%75ser=EVIL": "xxxxxx=EVIL", "+user=EVIL": "xxxxx=EVIL",
		"cert+cn=EVIL&user": "xxxxxxx=EVIL&xxxx", "KOAL_CERT_CN=EVIL": "xxxxxxxxxxxx=EVIL",
		"users=1&my_user=2&a=user": "users=1&my_user=2&a=user", "": "", "&&=": "&&=", "a=user=1": "a=user=1",
		strings.Repeat("a", 4000) + "=1&user=EVIL": strings.Repeat("a", 4000) + "=1&xxxx=EVIL",
	} {
		if got, err := pass(t, p, pairs+"; charset=UTF-8", form); got != want || err != nil {
			t.Errorf("%q became %q, %v", form, got, err)
		}
	}
	if got, _ := pass(t, p, pairs, strings.Repeat("+", 20000)+"user=EVIL&a=1"); got != strings.Repeat("x", 20004)+"=EVIL&a=1" {
		t.Errorf("blanks before a name: %.20q", got)
	}
	quiet := compiled(t, Config{Sets: []string{"jit"}})
	if got, _ := pass(t, quiet, pairs, "user=theirs&KOAL_CERT_CN=x"); got != "user=theirs&KOAL_CERT_CN=x" {
		t.Errorf("an application that is told nothing by parameters: %q", got)
	}
	if got, _ := pass(t, p, "application/json", `{"user":"x"}&user=1`); got != `{"user":"x"}&user=1` {
		t.Errorf("no form: %q", got)
	}
}

// TestFormParts: the same in multipart forms; files come through octet by octet.
func TestFormParts(t *testing.T) {
	p := compiled(t, everything())
	part := func(header, content string) string {
		return "--b\r\n" + header + "\r\n\r\n" + content + "\r\n"
	}
	file := "\x00\r\n\r\n--b-\r\nContent-Type: x; name=user\r\n content-disposition is a word\n" + strings.Repeat("\r\xff\n=", 9000)
	for header, want := range map[string]string{
		`Content-Disposition: form-data; name="user"`:              `Content-Disposition: form-data; name="xxxx"`,
		`content-DISPOSITION:form-data;name=user`:                  `content-DISPOSITION:form-data;name=xxxx`,
		"Content-Disposition: form-data;\r\n name=\"user\"":        "Content-Disposition: form-data;\r\n name=\"xxxx\"",
		"Content-Disposition: form-data; name='user'":              "Content-Disposition: form-data; name='xxxx'",
		`Content-Disposition: form-data; name="user[]"`:            `Content-Disposition: form-data; name="xxxxxx"`,
		`Content-Disposition: form-data; name*=UTF-8''us%65r`:      `Content-Disposition: form-data; name*=xxxxx''xxxxxx`,
		" Content-Disposition: form-data; name=\"user\"":           " Content-Disposition: form-data; name=\"xxxx\"",
		`Content-Disposition: form-data; name="x"; name="user"`:    `Content-Disposition: form-data; name="x"; name="xxxx"`,
		"X: y\r\nContent-Disposition: form-data; name=\"cert_cn\"": "X: y\r\nContent-Disposition: form-data; name=\"xxxxxxx\"",
		`Content-Disposition: form-data; name="users"`:             `Content-Disposition: form-data; name="users"`,
		`Content-Disposition: form-data; name="f"; filename="a,b"`: `Content-Disposition: form-data; name="f"; filename="a,b"`,
	} {
		before, after := part(`Content-Disposition: form-data; name="f"; filename="f.bin"`, file), part(header, "EVIL")+"--b--\r\n"
		got, err := pass(t, p, "multipart/form-data; boundary=b", before+after)
		if wanted := before + part(want, "EVIL") + "--b--\r\n"; got != wanted || err != nil {
			t.Errorf("%q became %q, %v", header, got[min(len(before), len(got)):], err)
		}
	}
	endless := "Content-Disposition: form-data; x=" + strings.Repeat("y", 40<<10)
	if _, err := pass(t, p, "multipart/form-data; boundary=b", endless+"\r\n\r\n"); err == nil {
		t.Error("a header without end passes")
	}
}

// TestFormsThatCannotBeJudged are refused.
func TestFormsThatCannotBeJudged(t *testing.T) {
	p := compiled(t, everything())
	for name, h := range map[string]http.Header{
		"EBCDIC":     {"Content-Type": {pairs + "; charset=ibm037"}},
		"UTF-16":     {"Content-Type": {"multipart/form-data; boundary=b; charset=utf-16"}},
		"compressed": {"Content-Type": {pairs}, "Content-Encoding": {"gzip"}},
		"twice":      {"Content-Type": {"text/plain", pairs}},
		"hidden":     {"Content-Type": {"text/plain, " + pairs}},
		"malformed":  {"Content-Type": {pairs + "; charset"}},
	} {
		r := httptest.NewRequest("POST", "/", strings.NewReader("user=EVIL"))
		r.Header = h
		if err := p.GuardForm(r); pki.CodeOf(err) != "identity.form" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestFormDoesNotWin: an application that reads query and form as one, the form winning,
// as Go's ParseForm does.
func TestFormDoesNotWin(t *testing.T) {
	p := compiled(t, everything())
	for _, field := range []string{"user", "u%73er"} {
		r := httptest.NewRequest("POST", "/x?user=EVIL", strings.NewReader(field+"=EVIL&a=1"))
		r.Header.Set("Content-Type", pairs)
		p.Strip(r.Header, r.URL)
		fail(t, p.GuardForm(r))
		fail(t, p.Apply(r, facts(t, person()...), oneRequest()))
		fail(t, r.ParseForm())
		if fmt.Sprint(r.Form["user"], r.PostForm["user"], r.Form["a"]) != "[zhangsan01] [] [1]" {
			t.Errorf("%v", r.Form)
		}
	}
	r := httptest.NewRequest("POST", "/x", strings.NewReader("--b\r\nContent-Disposition: form-data; name=\"user\"\r\n\r\nEVIL\r\n--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--b--\r\n"))
	r.Header.Set("Content-Type", "multipart/form-data; boundary=b")
	fail(t, p.GuardForm(r))
	fail(t, r.ParseMultipartForm(1<<20))
	if fmt.Sprint(r.Form["user"], r.Form["a"]) != "[] [1]" {
		t.Errorf("%v", r.Form)
	}
}

// FuzzForm: no reader of the standard library finds our names behind the guard; nothing
// but names changes; how the octets arrive makes no difference.
func FuzzForm(f *testing.F) {
	f.Add(true, "a=1&user=2;%75ser=3&&=")
	f.Add(false, "--b\r\nContent-Disposition: form-data; name=\"user\"\r\n\r\nx\r\n--b--\r\n")
	f.Add(false, "--b\nCONTENT-disposition: form-data;\n\tname*=utf-8''user; name='user'\n\nx\n--b--")
	p := compiled(f, everything())
	f.Fuzz(func(t *testing.T, simple bool, form string) {
		kind := "multipart/form-data; boundary=b"
		if simple {
			kind = pairs
		}
		got, err := pass(t, p, kind, form)
		if err != nil {
			return
		}
		for i := range form {
			if got[i] != form[i] && got[i] != 'x' {
				t.Fatalf("%q became %q", form, got)
			}
		}
		if simple {
			values, _ := url.ParseQuery(got)
			for name := range values {
				if len(name) < 1000 && p.parameters.hasEncoded(url.QueryEscape(name)) {
					t.Errorf("%q is left in %q", name, got)
				}
			}
			return
		}
		r := httptest.NewRequest("POST", "/", bytes.NewReader([]byte(got)))
		r.Header.Set("Content-Type", kind)
		if r.ParseMultipartForm(1<<20) == nil {
			for name := range r.MultipartForm.Value {
				if p.parameters.hasHeader(name) {
					t.Errorf("%q is left in %q", name, got)
				}
			}
		}
	})
}
