package forward

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// mendingFor is a mending of one back end at inner for the place outer.
func mendingFor(t testing.TB, back string, at place, mappings ...Mapping) *mending {
	t.Helper()
	p, err := compile(Config{Backends: []Backend{{URL: back}}, Rewrite: Rewrite{On: true, Bodies: true, Mappings: mappings}}, options().filled(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return p.mend.at(at)
}

func TestHeaderRewriting(t *testing.T) {
	m := mendingFor(t, "http://10.0.0.5:8080/app", place{"https", "gw.example:8443", "/oa"},
		Mapping{"http://crm.internal", "https://crm.example/x"}, Mapping{"http://10.0.0.5:9000/other", "https://gw.example:8443/other"})
	plain := mendingFor(t, "http://10.0.0.5", place{"https", "gw.example", ""})
	for _, c := range []struct {
		m                 *mending
		name, value, want string
	}{
		{m, "Location", "http://10.0.0.5:8080/app/login?x=1", "https://gw.example:8443/oa/login?x=1"},
		{m, "Location", "HTTP://10.0.0.5:8080/app", "https://gw.example:8443/oa"},
		{m, "Location", "http://10.0.0.5:8080/apps", "http://10.0.0.5:8080/apps"},
		{m, "Location", "http://10.0.0.5:80801/app", "http://10.0.0.5:80801/app"},
		{m, "Location", "https://10.0.0.5:8080/app", "https://10.0.0.5:8080/app"},
		{m, "Location", "//10.0.0.5:8080/app/x", "//gw.example:8443/oa/x"},
		{m, "Location", "/app/x", "/oa/x"},
		{m, "Location", "/app", "/oa"},
		{m, "Location", "/elsewhere", "/elsewhere"},
		{m, "Location", "/oa/x", "/oa/x"},
		{m, "Location", "x/y", "x/y"},
		{m, "Location", "?a=/app/", "?a=/app/"},
		{m, "Location", "http://gw.example:8443/app/x", "https://gw.example:8443/oa/x"},
		{m, "Location", "https://gw.example:8443/app/x", "https://gw.example:8443/oa/x"},
		{m, "Location", "http://gw.example:8443/oa/x", "https://gw.example:8443/oa/x"},
		{m, "Location", "http://crm.internal:80/y", "https://crm.example/x/y"},
		{m, "Location", "http://10.0.0.5:9000/other#z", "https://gw.example:8443/other#z"},
		{m, "Location", "https://evil.example/http://10.0.0.5:8080/app", "https://evil.example/http://10.0.0.5:8080/app"},
		{m, "Location", "javascript://10.0.0.5:8080/app", "javascript://10.0.0.5:8080/app"},
		{m, "Content-Location", "/app/a.html", "/oa/a.html"},
		{m, "Refresh", "5; URL=http://10.0.0.5:8080/app/", "5; URL=https://gw.example:8443/oa/"},
		{m, "Refresh", "0;url='/app/x'", "0;url='/oa/x'"},
		{m, "Refresh", "7", "7"},
		{m, "Link", `</app/a.css>; rel=preload, <http://crm.internal/b>; rel="x"`, `</oa/a.css>; rel=preload, <https://crm.example/x/b>; rel="x"`},
		{m, "Set-Cookie", "a=b; Path=/app/x; HttpOnly", "a=b; Path=/oa/x; HttpOnly"},
		{m, "Set-Cookie", "a=b; path=/", "a=b; path=/oa"},
		{m, "Set-Cookie", "a=b; Path=/app; Domain=10.0.0.5", "a=b; Path=/oa"},
		{m, "Set-Cookie", "a=/app; Domain=.internal; Secure", "a=/app; Secure"},
		{m, "Set-Cookie", "a=b; Domain=example", "a=b; Domain=example"},
		{m, "X-Other", "http://10.0.0.5:8080/app", "http://10.0.0.5:8080/app"},
		{plain, "Location", "http://10.0.0.5/x", "https://gw.example/x"},
		{plain, "Location", "http://gw.example/x", "https://gw.example/x"},
		{plain, "Location", "http://gw.example:8080/x", "http://gw.example:8080/x"},
		{plain, "Location", "/x", "/x"},
		{plain, "Set-Cookie", "a=b; Path=/x", "a=b; Path=/x"},
		{mendingFor(t, "http://b/app", place{"https", "g", ""}), "Location", "/app", "/"},
		{mendingFor(t, "http://b/app", place{"https", "g", ""}), "Location", "/app/x", "/x"},
		{mendingFor(t, "http://b", place{"https", "g", "/oa"}), "Location", "/x", "/oa/x"},
		{mendingFor(t, "http://b", place{"https", "g", "/oa"}), "Set-Cookie", "a=b; Path=/", "a=b; Path=/oa"},
		{mendingFor(t, "http://[2001:db8::1]:80", place{"https", "g", ""}), "Location", "http://[2001:db8::1]/x", "https://g/x"},
		{nil, "Location", "http://b", "http://b"},
	} {
		if got := c.m.header(c.name, c.value); got != c.want {
			t.Errorf("%s %q: %q, want %q", c.name, c.value, got, c.want)
		}
	}
}

// mended sends a body through a rework in pieces.
func mended(t testing.TB, m *mending, body string, paths bool, piece int) string {
	t.Helper()
	var out bytes.Buffer
	r := &rework{find: &m.find, paths: paths, to: &out}
	for len(body) > 0 {
		n := min(piece, len(body))
		if err := r.write([]byte(body[:n]), false); err != nil {
			t.Fatal(err)
		}
		body = body[n:]
	}
	if err := r.write(nil, true); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

var bodies = []struct{ body, want string }{
	{`<a href="http://10.0.0.5:8080/app/x">`, `<a href="https://gw.example:8443/oa/x">`},
	{`<a href=http://10.0.0.5:8080/app>`, `<a href=https://gw.example:8443/oa>`},
	{`<script src='//10.0.0.5:8080/app/x.js'>`, `<script src='//gw.example:8443/oa/x.js'>`},
	{`var u = "http:\/\/10.0.0.5:8080\/app\/x";`, `var u = "https:\/\/gw.example:8443\/oa\/x";`},
	{`/login?to=http%3A%2F%2F10.0.0.5%3A8080%2Fapp%2Fx`, `/login?to=https%3A%2F%2Fgw.example%3A8443%2Foa%2Fx`},
	{`/login?to=http%3a%2f%2f10.0.0.5%3a8080%2fapp`, `/login?to=https%3a%2f%2fgw.example%3a8443%2foa`},
	{`new WebSocket("ws://10.0.0.5:8080/app/chat")`, `new WebSocket("wss://gw.example:8443/oa/chat")`},
	{`http://10.0.0.5:8080/apps http://10.0.0.5:80801/app http://110.0.0.5:8080/app http://10.0.0.50:8080/app`, ``},
	{`ftp://10.0.0.5:8080/app xhttp://10.0.0.5:8080/app 10.0.0.5:8080/app http://10.0.0.5/app`, ``},
	{`https://10.0.0.5:8080/app http:/10.0.0.5:8080/app`, ``},
	{`http://crm.internal/a http://crm.internal:80/b http://crm.internal.x/c http://crm.internal:81/d`, `https://crm.example/x/a https://crm.example/x/b http://crm.internal.x/c http://crm.internal:81/d`},
	{`<img src="/app/a.png"><form action='/app'><a href = "/app?x">`, `<img src="/oa/a.png"><form action='/oa'><a href = "/oa?x">`},
	{`<img src="/apple.png"><a href="//other/app"><a data-x="/app/y"><b title="/app/">`, ``},
	{`<meta http-equiv=refresh content="0; url=/app/x">`, `<meta http-equiv=refresh content="0; url=/oa/x">`},
	{`a { background: url(/app/a.png) url("/app/b.png") url( '/app/c' ) } @import "/app/d.css";`, `a { background: url(/oa/a.png) url("/oa/b.png") url( '/oa/c' ) } @import "/oa/d.css";`},
	{`<a href="/oa/x"><a href="https://gw.example:8443/oa/x">`, ``},
	{`<a href="http://gw.example:8443/app/x">`, `<a href="https://gw.example:8443/oa/x">`},
	{"网址http://10.0.0.5:8080/app/路径", "网址https://gw.example:8443/oa/路径"},
	{"\xcd\xf8\xd6\xb7http://10.0.0.5:8080/app/\xc2\xb7", "\xcd\xf8\xd6\xb7https://gw.example:8443/oa/\xc2\xb7"}, // GBK
	{``, ``}, {`http://`, ``}, {`http://10.0.0.5:8080/app`, `https://gw.example:8443/oa`}, {`http://10.0.0.5:8080/ap`, ``}, {`href="/app`, `href="/oa`},
	{`http://10.0.0.5:8080/apphttp://10.0.0.5:8080/app/http://10.0.0.5:8080/app`, `http://10.0.0.5:8080/apphttp://10.0.0.5:8080/app/https://gw.example:8443/oa`},
}

// TestBodyRewriting: the same comes out wherever the body is cut.
func TestBodyRewriting(t *testing.T) {
	m := mendingFor(t, "http://10.0.0.5:8080/app", place{"https", "gw.example:8443", "/oa"}, Mapping{"http://crm.internal", "https://crm.example/x"})
	for _, c := range bodies {
		if c.want == "" {
			c.want = c.body
		}
		for piece := 1; piece <= len(c.body)+1; piece++ {
			if got := mended(t, m, c.body, true, piece); got != c.want {
				t.Fatalf("%q in pieces of %d:\ngot  %q\nwant %q", c.body, piece, got, c.want)
			}
		}
		long := strings.Repeat("x", 1000) + " "
		for piece := 990; piece < 1200; piece += 7 {
			if got := mended(t, m, long+c.body+" "+long, true, piece); got != long+c.want+" "+long {
				t.Fatalf("%q in pieces of %d: %q", c.body, piece, got[990:])
			}
		}
	}
}

// FuzzRewrite holds that cuts change nothing, and that octets without an address pass.
func FuzzRewrite(f *testing.F) {
	for i, c := range bodies {
		f.Add([]byte(c.body), i%7+1)
	}
	m := mendingFor(f, "http://10.0.0.5:8080/app", place{"https", "gw.example:8443", "/oa"}, Mapping{"http://crm.internal", "https://crm.example/x"})
	f.Fuzz(func(t *testing.T, data []byte, piece int) {
		if piece < 1 || piece > 1<<16 {
			return
		}
		whole := mended(t, m, string(data), true, len(data)+1)
		if cut := mended(t, m, string(data), true, piece); cut != whole {
			t.Fatalf("in pieces of %d\n%q\nas a whole\n%q", piece, cut, whole)
		}
		if !bytes.Contains(data, []byte("/app")) && !bytes.Contains(data, []byte("crm.internal")) && !bytes.Contains(data, []byte("app")) && !bytes.Contains(data, []byte("gw.example")) && whole != string(data) {
			t.Fatalf("%q became %q", data, whole)
		}
	})
}

func packed(coding, text string) []byte {
	var b bytes.Buffer
	var w io.WriteCloser
	switch coding {
	case "gzip":
		w = gzip.NewWriter(&b)
	case "deflate":
		w = zlib.NewWriter(&b)
	case "bare":
		w, _ = flate.NewWriter(&b, 9)
	default:
		return []byte(text)
	}
	io.WriteString(w, text)
	w.Close()
	return b.Bytes()
}

// TestBodiesThroughTheDoor: encodings, lengths and validators.
func TestBodiesThroughTheDoor(t *testing.T) {
	for _, c := range []struct {
		kind, coding, accept string
		mended               bool
		answered             string // Content-Encoding
	}{
		{"text/html; charset=gbk", "", "", true, ""}, {"text/html", "gzip", "gzip", true, "gzip"}, {"text/css", "deflate", "gzip", true, "gzip"}, {"application/javascript", "bare", "gzip", true, "gzip"},
		{"application/json", "gzip", "identity", true, ""}, {"image/png", "", "", false, ""}, {"application/octet-stream", "gzip", "gzip", false, "gzip"}, {"text/html", "br", "br", false, "br"},
		{"text/html; charset=UTF-16LE", "", "", false, ""}, {"image/svg+xml", "", "", true, ""}, {"text/plain", "", "", false, ""},
	} {
		for _, method := range []string{"GET", "HEAD"} {
			var offered string
			back := site(t, nil)
			inner := `"` + back.URL + `/x"` + strings.Repeat(" ", 5000)
			back.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				offered = r.Header.Get("Accept-Encoding")
				h := w.Header()
				body := packed(c.coding, inner)
				h["Content-Type"], h["Etag"], h["Accept-Ranges"], h["Content-Length"] = []string{c.kind}, []string{`"abc"`}, []string{"bytes"}, []string{fmt.Sprint(len(body))}
				if coding := strings.Replace(c.coding, "bare", "deflate", 1); coding != "" {
					h.Set("Content-Encoding", coding)
				}
				w.Write(body)
			})
			d := newDoor(t, Config{Rewrite: Rewrite{On: true, Bodies: true}}, back.URL)
			d.out = Outgoing{Scheme: "https", Host: "gw.example"}
			request, _ := http.NewRequest(method, d.URL, nil)
			request.Header.Set("Accept-Encoding", c.accept)
			answer, err := d.Client().Do(request)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(answer.Body)
			answer.Body.Close()
			if err != nil || answer.Header.Get("Content-Encoding") != c.answered {
				t.Errorf("%+v: %v %q", c, err, answer.Header)
			}
			if c.mended != (answer.Header.Get("Etag") == `W/"abc"`) || c.mended == (answer.Header.Get("Accept-Ranges") != "") || offered != "gzip" && offered != "identity" {
				t.Errorf("%+v: %q %q", c, answer.Header, offered)
			}
			if method == "HEAD" {
				continue
			}
			want := packed(c.coding, inner)
			if c.mended {
				want = []byte(`"https://gw.example/x"` + strings.Repeat(" ", 5000))
				if c.answered == "gzip" {
					unpacked, _ := gzip.NewReader(bytes.NewReader(body))
					body, _ = io.ReadAll(unpacked)
				}
			}
			if !bytes.Equal(body, want) {
				t.Errorf("%+v: %.60q, want %.60q", c, body, want)
			}
		}
	}
}

// TestBrokenEncoding: a body that cannot be unpacked ends so that the client notices.
func TestBrokenEncoding(t *testing.T) {
	whole := packed("gzip", strings.Repeat("x", 100_000))
	for _, body := range [][]byte{[]byte("no gzip at all"), whole[:len(whole)-6]} {
		d := newDoor(t, Config{Rewrite: Rewrite{On: true, Bodies: true}}, raw(t, answering("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\nContent-Length: "+fmt.Sprint(len(body))+"\r\n\r\n"+string(body))))
		answer, err := d.Client().Get(d.URL)
		if err == nil {
			_, err = io.ReadAll(answer.Body)
			answer.Body.Close()
		}
		if err == nil {
			t.Error("taken for whole")
		}
		if res := d.result(t, 1); res.Err != Broken {
			t.Errorf("%+v", res)
		}
	}
}

// TestPointInward: a back end under a name of its own finds its own addresses in requests.
func TestPointInward(t *testing.T) {
	var rec recorder
	back := raw(t, rec.script)
	d := newDoor(t, Config{Host: ownHost, Rewrite: Rewrite{On: true}}, back+"/app")
	d.out = Outgoing{Address: "192.0.2.1", Scheme: "https", Host: "gw.example:8443", Prefix: "/oa"}
	for _, c := range []struct{ given, want string }{
		{"https://gw.example:8443", back}, {"https://gw.example:8443/oa/x?y", back + "/app/x?y"}, {"https://gw.example:8443/other", back + "/other"},
		{"https://gw.example:84430", "https://gw.example:84430"}, {"https://evil.example/oa", "https://evil.example/oa"}, {"null", "null"},
	} {
		request, _ := http.NewRequest("GET", d.URL+"/oa/z", nil)
		for _, name := range []string{"Origin", "Referer", "Destination"} {
			request.Header.Set(name, c.given)
		}
		answer, err := d.Client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		all := rec.all()
		got := all[len(all)-1]
		for _, name := range []string{"Origin", "Referer", "Destination"} {
			if !strings.Contains(got, "\r\n"+name+": "+c.want+"\r\n") || !strings.HasPrefix(got, "GET /app/z HTTP/1.1\r\n") {
				t.Errorf("%+v: %q", c, got)
			}
		}
	}
}
