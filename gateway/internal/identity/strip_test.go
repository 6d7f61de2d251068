package identity

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// everything is an application that is told by all three ways under names of its own.
func everything() Config {
	return Config{
		Sets: []string{"koal", "jit", "nginx", "rfc9440"}, Forwarding: "both",
		Items: []Item{
			{In: InHeader, Name: "X-Own_Name", Source: "user"}, {In: InCookie, Name: "user", Source: "user"},
			{In: InParameter, Name: "user", Source: "user"}, {In: InParameter, Name: "cert.cn", Source: "subject.CN"},
		},
		Remove: Removed{Headers: []string{"X-Legacy-*"}, Cookies: []string{"gateway_session"}, Parameters: []string{"ticket"}},
	}
}

// TestStripSpellings: each trick by itself. EVIL must be gone, "good" must stay.
func TestStripSpellings(t *testing.T) {
	p := compiled(t, everything())
	for _, key := range []string{
		"Dnname", "DNNAME", "X_SSL_Client_Verify", "x-ssl_client-VERIFY", "X.SSL.Client.Verify", "Client_Cert", "client-cert-chain",
		"X-Forwarded-For", "x_forwarded_for", "X-Forwarded-Anything", "Forwarded", "X_Real_IP", "KOAL_CERT_CN", "Koal-Cert-T", "x-own-name", "X-OWN_NAME",
		"Remote_User", "X-Auth-Request-Groups", "X-OneCert-Assertion", "x_onecert_assertion", "X-Legacy-Thing", "_X-Real-IP", "X-Real-IP_", "SSL_CLIENT_S_DN",
		"X-Original-URL", "X-Request-ID", "username", "Password",
	} {
		h := http.Header{key: {"EVIL"}, "Accept": {"good"}, "X-Own": {"good"}, "Dn-Name": {"good"}}
		p.Strip(h, nil)
		if len(h) != 3 {
			t.Errorf("header %s: %v", key, h)
		}
	}
	for _, line := range []string{
		"KOAL_CERT_CN=EVIL", "koal_cert_cn=EVIL", "KOAL-CERT-CN=EVIL", "KOAL.CERT.CN=EVIL", "KOAL CERT CN=EVIL", "KOAL%5fCERT%5FCN=EVIL", "%4b%4F%41L_CERT_CN=EVIL",
		"KOAL%255FCERT_CN=EVIL", "  KOAL_CERT_CN  =  EVIL", "KOAL_CERT_CN[]=EVIL", "user[0]=EVIL", "user%00x=EVIL", "USER=EVIL", "\tuser=EVIL", `"user"=EVIL`, `KOAL_CERT_CN="EVIL"`,
		`x="y, KOAL_CERT_CN=EVIL"`, `x=y, KOAL_CERT_CN=EVIL`, `x=y KOAL_CERT_CN=EVIL`, `x user=EVIL`, `x,user = EVIL`, `"x"user=EVIL`, `x=y,user =EVIL`, "=KOAL_CERT_CN=EVIL", "==user=EVIL", "x=KOAL_CERT_CN=EVIL",
		`$Version=1; user=EVIL`, `$Version="EVIL"`, `x="open; user=EVIL`, `x="EVIL`, `x="a"EVIL`, `user=EVIL; user=EVIL`, `user=EVIL;Path=/;user=EVIL`, "ＵＳＥＲ=EVIL", "u%u0073er=EVIL",
		"SSL_VERIFY_CERT=EVIL", "gateway-session=EVIL", "user=\"a; user=EVIL; b=\"", "KOAL_CERT_PHONE=EVIL",
	} {
		for _, whole := range []string{line, "g=good; " + line, line + "; g=good", "g=good;" + line + ";h=good"} {
			h := http.Header{"Cookie": {whole}}
			p.Strip(h, nil)
			if left := strings.Join(h["Cookie"], "; "); strings.Contains(left, "EVIL") || strings.Contains(left, `"`) || strings.Contains(whole, "g=good;") && !strings.Contains(left, "g=good") {
				t.Errorf("cookie %q: %q is left", whole, left)
			}
		}
	}
	for _, query := range []string{
		"user=EVIL", "USER=EVIL", "%75ser=EVIL", "%2575ser=EVIL", "%25%37%35ser=EVIL", "u%73er=EVIL", "user%00=EVIL", "user%00junk=EVIL", "+user=EVIL", "%20user=EVIL", "user[]=EVIL", "user%5B%5D=EVIL",
		"cert_cn=EVIL", "cert.cn=EVIL", "cert+cn=EVIL", "cert%20cn=EVIL", "cert[cn=EVIL", "CERT%2ECN=EVIL", "a=1;user=EVIL", "a=1;%75ser=EVIL;b=2", "user=EVIL&user=EVIL", "%u0075ser=EVIL", "%uFF55ser=EVIL",
		"%EF%BD%95ser=EVIL", "%C1%B5ser=EVIL", "%E0%81%B5ser=EVIL", "u%C5%BFer=EVIL", "KOAL_CERT_CN=EVIL", "koal-cert-cn=EVIL", "ticket=EVIL", "user", "%25252575ser=EVIL",
	} {
		for _, whole := range []string{query, "g=good&" + query, query + "&h=good"} {
			u := &url.URL{RawQuery: whole}
			p.Strip(http.Header{}, u)
			if strings.Contains(u.RawQuery, "EVIL") || strings.Contains(whole, "good") && !strings.Contains(u.RawQuery, "good") || u.Query().Has("user") {
				t.Errorf("query %q: %q is left", whole, u.RawQuery)
			}
		}
	}
}

// TestLongNames: PHP cuts blanks off the front of a name, however many; long values stay.
func TestLongNames(t *testing.T) {
	p := compiled(t, everything())
	h := http.Header{"Cookie": {strings.Repeat("%20", 3000) + "user=EVIL; t=" + strings.Repeat("a", 6000) + "=="}}
	u := &url.URL{RawQuery: strings.Repeat("+", 9000) + "user=EVIL&t=" + strings.Repeat("a", 6000)}
	p.Strip(h, u)
	if h.Get("Cookie") != "t="+strings.Repeat("a", 6000)+"==" || u.RawQuery != "t="+strings.Repeat("a", 6000) {
		t.Errorf("%.40q %.40q", h, u.RawQuery)
	}
}

// TestStripLeaves: what is not ours comes through as it was.
func TestStripLeaves(t *testing.T) {
	p := compiled(t, everything())
	for _, line := range []string{"a=b; c=d", `j={"x":1,"y":"z"}`, "a=b;c", "users=x; username=y; my_user=z", `q="quoted value"`, `q="with \" inside"`, "t=abc=; z==", "redirect=/x?user=1&b=2", "lang=zh-CN", "a=b;"} {
		h := http.Header{"Cookie": {line}}
		if p.Strip(h, nil); h["Cookie"][0] != line {
			t.Errorf("cookie %q became %q", line, h["Cookie"])
		}
	}
	for _, query := range []string{"a=1&b=2", "a=1;b=2", "users=1", "q=user=1", "a", "", "&&", "q=%E5%BC%A0&x=%zz"} {
		u := &url.URL{RawQuery: query}
		if p.Strip(http.Header{}, u); u.RawQuery != query {
			t.Errorf("query %q became %q", query, u.RawQuery)
		}
	}
	h := http.Header{"Connection": {"keep-alive, X-SSL-Client-Verify", "dnname"}, "Trailer": {"Grpc-Status, X_Real_IP"}, "Cookie2": {"$Version=1"}, "cookie": {"user=EVIL"}}
	p.Strip(h, nil)
	if fmt.Sprint(h) != "map[Connection:[keep-alive] Trailer:[Grpc-Status]]" {
		t.Errorf("%v", h)
	}
}

// TestAlwaysAllSets: an application that is told nothing at all gets no spoofed name of
// any set.
func TestAlwaysAllSets(t *testing.T) {
	p := compiled(t, Config{Forwarding: "none"})
	h, u := http.Header{"Cookie": {"theirs=1"}}, &url.URL{RawQuery: "theirs=1"}
	for _, items := range sets(Config{}) {
		for _, one := range items {
			switch one.In {
			case InHeader:
				h[one.Name] = []string{"EVIL"}
			case InCookie:
				h["Cookie"] = append(h["Cookie"], one.Name+"=EVIL")
			case InParameter:
				u.RawQuery += "&" + one.Name + "=EVIL"
			}
		}
	}
	p.Strip(h, u)
	if fmt.Sprint(h, u.RawQuery) != "map[Cookie:[theirs=1]]theirs=1" {
		t.Errorf("%v %v", h, u.RawQuery)
	}
}

// spell writes a name in one of the ways a client could; kind is the place.
func spell(r *rand.Rand, name, kind string) string {
	var b strings.Builder
	for i := range len(name) {
		c := name[i]
		if c == '-' || c == '_' || c == '.' {
			separators := "-_."
			if kind == InParameter {
				separators = "-_. +"
			}
			c = separators[r.IntN(len(separators))]
			if c == ' ' {
				b.WriteString("%20")
				continue
			}
		}
		if r.IntN(3) == 0 && c != '-' {
			c = strings.ToUpper(string(rune(c)))[0]
		} else if r.IntN(3) == 0 {
			c = strings.ToLower(string(rune(c)))[0]
		}
		if kind == InHeader || r.IntN(4) != 0 {
			b.WriteByte(c)
			continue
		}
		escaped := fmt.Sprintf("%%%02x", c)
		for range r.IntN(3) {
			escaped = strings.ReplaceAll(escaped, "%", "%25")
		}
		b.WriteString(escaped)
	}
	return b.String()
}

// spoof is a random request in which every value EVIL stands under one of our names in
// some spelling, and every value good-N under a name of the application's own.
func spoof(r *rand.Rand, p *Plan) (h http.Header, u *url.URL, good []string) {
	h, u = http.Header{}, &url.URL{Path: "/"}
	var cookies, pairs []string
	for range 1 + r.IntN(8) {
		one := p.items[r.IntN(len(p.items))]
		name := spell(r, one.Name, one.In)
		switch one.In {
		case InHeader:
			h[name] = append(h[name], "EVIL")
		case InCookie:
			shapes := []string{"%s=EVIL", " %s = EVIL", `%s="EVIL"`, `x="a, %s=EVIL"`, `x="a; %s=EVIL"`, `x="a; %s=EVIL`, "x=a %s=EVIL", "x=a,%s=EVIL", "=%s=EVIL", "$Path=/; %s=EVIL", "%s[a]=EVIL", "%s=EVIL; %[1]s=EVIL"}
			cookies = append(cookies, fmt.Sprintf(shapes[r.IntN(len(shapes))], name))
		case InParameter:
			shapes := []string{"%s=EVIL", "a=1;%s=EVIL", "%s[]=EVIL", "+%s=EVIL", "%s%%00=EVIL", "%s=EVIL&%[1]s=EVIL"}
			pairs = append(pairs, fmt.Sprintf(shapes[r.IntN(len(shapes))], name))
		}
	}
	for i := range r.IntN(3) {
		value := fmt.Sprintf("good-%d", i)
		good = append(good, value)
		h[fmt.Sprintf("X-Theirs-%d", i)] = []string{value}
		cookies = slices.Insert(cookies, r.IntN(len(cookies)+1), fmt.Sprintf("theirs%d=%s", i, value))
		pairs = slices.Insert(pairs, r.IntN(len(pairs)+1), fmt.Sprintf("theirs%d=%s", i, value))
	}
	for len(cookies) > 0 { // HTTP/2 may cut the Cookie header anywhere between cookies
		n := 1 + r.IntN(len(cookies))
		h["Cookie"] = append(h["Cookie"], strings.Join(cookies[:n], [...]string{"; ", ";", " ; "}[r.IntN(3)]))
		cookies = cookies[n:]
	}
	u.RawQuery = strings.Join(pairs, "&")
	return h, u, good
}

// TestOnlyOurValues is the property: whatever a client spells, the application receives
// exactly what it would have received without, and the client's own values. Python's
// readers of cookies and queries are asked too.
func TestOnlyOurValues(t *testing.T) {
	p := compiled(t, everything())
	f := facts(t, person()...)
	clean := mustTell(t, everything(), f)
	prepared, err := p.Prepare(f)
	fail(t, err)
	r := rand.New(rand.NewPCG(7, 9))
	var lines []string
	for range 1500 {
		h, u, good := spoof(r, p)
		before := fmt.Sprint(h, u.RawQuery)
		p.Strip(h, u)
		out := &http.Request{URL: u, Header: h}
		fail(t, prepared.Apply(out, oneRequest()))
		if after := fmt.Sprint(out.Header, u.RawQuery); strings.Contains(after, "EVIL") {
			t.Fatalf("%s\nbecame %s", before, after)
		}
		for key, want := range clean.Header {
			if key != "Cookie" && single(t, out, key) != want[0] {
				t.Fatalf("%s: header %s is %q", before, key, single(t, out, key))
			}
		}
		for i, value := range good {
			if out.Header.Get(fmt.Sprintf("X-Theirs-%d", i)) != value || cookieValue(t, out, fmt.Sprintf("theirs%d", i)) != value || u.Query().Get(fmt.Sprintf("theirs%d", i)) != value {
				t.Fatalf("%s\nlost %s: %v %s", before, value, out.Header, u.RawQuery)
			}
		}
		for _, c := range clean.Cookies() {
			if cookieValue(t, out, c.Name) != c.Value {
				t.Fatalf("%s: cookie %s is %q", before, c.Name, cookieValue(t, out, c.Name))
			}
		}
		line, _ := json.Marshal([]string{out.Header["Cookie"][0], u.RawQuery})
		lines = append(lines, string(line))
	}
	reader := `
import sys, json, http.cookies, urllib.parse
for line in sys.stdin:
    cookie, query = json.loads(line)
    c = http.cookies.SimpleCookie(); c.load(cookie)
    q = [v for k, v in urllib.parse.parse_qsl(query) if k == "user"]
    print(c["KOAL_CERT_T"].value, c["user"].value, *q)
`
	for i, said := range strings.Split(strings.TrimSpace(run(t, strings.Join(lines, "\n"), "python3", "-c", reader)), "\n") {
		if said != "zhangsan01 zhangsan01 zhangsan01" {
			t.Fatalf("Python reads %q out of %s", said, lines[i])
		}
	}
}

// FuzzStrip: nothing of ours is left for the readers of the standard library, doing it
// again changes nothing, and nothing is made up.
func FuzzStrip(f *testing.F) {
	f.Add("Dnname", `a=b; KOAL_CERT_CN=x; c="d`, "user=1&a=2;b=3")
	f.Add("X_Real_IP", `x="a; user=1"`, "%2575ser=1")
	f.Add("Connection", "user, dnname", "u%u0073er[]=1&%00")
	p := compiled(f, everything())
	f.Fuzz(func(t *testing.T, key, cookies, query string) {
		h, u := http.Header{key: {"v"}, "Cookie": {cookies}}, &url.URL{RawQuery: query}
		p.Strip(h, u)
		for name := range h {
			if p.headers.hasHeader(name) {
				t.Errorf("header %q is left", name)
			}
		}
		for _, c := range (&http.Request{Header: h}).Cookies() {
			if p.cookies.hasEncoded(c.Name) {
				t.Errorf("cookie %q of %q is left", c.Name, cookies)
			}
		}
		values, _ := url.ParseQuery(u.RawQuery)
		for name := range values {
			if p.parameters.hasEncoded(name) {
				t.Errorf("parameter %q of %q is left", name, query)
			}
		}
		again := h.Clone()
		v := *u
		if p.Strip(again, &v); fmt.Sprint(again, v) != fmt.Sprint(h, *u) {
			t.Errorf("the second time: %v %v, the first: %v %v", again, v, h, *u)
		}
		if len(strings.Join(h["Cookie"], ""))+len(u.RawQuery) > 2*(len(cookies)+len(query)) {
			t.Errorf("%v %v out of %q %q", h, u.RawQuery, cookies, query)
		}
	})
}

// TestStripIsLinear: the largest header a server takes costs little, whatever is in it.
func TestStripIsLinear(t *testing.T) {
	p := compiled(t, everything())
	for _, piece := range []string{"=", " =", "a=", "%25", "%u0041", "%C1%B5", "[", ";", "&", `"`, "ｋ", "a,b =", strings.Repeat("[", 4000) + "&", strings.Repeat("%25", 1300) + ";"} {
		long := strings.Repeat(piece, 256<<10/len(piece))
		start := time.Now()
		p.Strip(http.Header{"Cookie": {long, "x=" + long}, "Connection": {long}}, &url.URL{RawQuery: long + "=1&x=" + long})
		if d := time.Since(start); d > 5*time.Second {
			t.Errorf("%q: %s", piece, d)
		}
	}
}

// FuzzCookies: a part is never judged harmless while one of the ways to read it finds one
// of our names.
func FuzzCookies(f *testing.F) {
	for _, seed := range []string{"a=b", `x="y, user=1"`, "=user=1", "a=b user = 1", `$Version=1`, `q="a\"b"`} {
		f.Add(seed)
	}
	p := compiled(f, everything())
	f.Fuzz(func(t *testing.T, part string) {
		if strings.Contains(part, ";") || p.ourCookie(part) {
			return
		}
		for _, separator := range []string{",", " ", "\t", "="} {
			for i, piece := range strings.Split(part, separator) {
				name, _, pair := strings.Cut(piece, "=")
				if separator == "=" {
					name, pair = piece, i < strings.Count(part, "=")
				}
				if pair && !strings.ContainsAny(name, ", \t\"") && p.cookies.hasHeader(strings.TrimSpace(name)) {
					t.Errorf("%q read at %q has %q", part, separator, name)
				}
			}
		}
	})
}
