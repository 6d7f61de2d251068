package identity

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"onecert/pki"
)

// TestCompileRefuses: each impossible configuration is refused, and the error names the
// field.
func TestCompileRefuses(t *testing.T) {
	ok := Item{In: InHeader, Name: "X-A", Source: "user"}
	with := func(change func(*Item)) Config { i := ok; change(&i); return Config{Items: []Item{i}} }
	for field, c := range map[string]Config{
		"charset":                 {Charset: "big5"},
		"serial":                  {Serial: "octal"},
		"times":                   {Times: "ours"},
		"legacy":                  {Legacy: "big5"},
		"forwarding":              {Forwarding: "append"},
		"names.order":             {Names: Names{Order: "x"}},
		"names.separator":         {Names: Names{Separator: "/"}},
		"names.state":             {Names: Names{State: "SP"}},
		"names.deceptive":         {Names: Names{Deceptive: "allow"}},
		"maxBytes":                {MaxBytes: 1 << 30},
		"remove":                  {Remove: Removed{Cookies: slices.Repeat([]string{"a"}, 201)}},
		"sets":                    {Sets: []string{"koal", "koal"}},
		"sets ":                   {Sets: []string{"unknown"}},
		"items":                   {Items: []Item{ok, {In: InHeader, Name: "x_a", Source: "user"}}},
		"items ":                  {Items: make([]Item, 201)},
		"items  ":                 with(func(i *Item) { i.Name = strings.Repeat("a", 65) }),
		"items.body.X-A":          with(func(i *Item) { i.In = "body" }),
		"items..X-A.in":           with(func(i *Item) { i.In = "" }),
		"items.header.X-A.source": with(func(i *Item) { i.Source = "subject.nonsense" }), "items.header.X-A.source ": with(func(i *Item) { i.Source, i.Form = "user", "hex" }),
		"items.header.X-A.source   ": with(func(i *Item) { i.Source, i.Form = "serial", "rfc3339" }),
		"items.header.X-A.source  ":  with(func(i *Item) { i.Source = "text:a\nb" }),
		"items.header.X-A.which":     with(func(i *Item) { i.Which = "0" }),
		"items.header.X-A.which ":    with(func(i *Item) { i.Which = "+1" }),
		"items.header.X-A.missing":   with(func(i *Item) { i.Missing = "x" }),
		"items.header.X-A.charset":   with(func(i *Item) { i.Charset = "x" }),
		"items.header.X-A.encoding":  with(func(i *Item) { i.Encoding = "hex" }),
		"items.header.X-A.encoding ": with(func(i *Item) { i.Source = "certificate.pem" }),
		"items.header.X-A.join":      with(func(i *Item) { i.Join = "\r\n" }),
		"items.header..name":         with(func(i *Item) { i.Name = "" }),
		"items.header.X A.name":      with(func(i *Item) { i.Name = "X A" }),
		"items.header.-X.name":       with(func(i *Item) { i.Name = "-X" }),
		"items.header.host.name":     with(func(i *Item) { i.Name = "host" }), "items.header.Content_Length.name": with(func(i *Item) { i.Name = "Content_Length" }),
		"items.header.X_Forwarded_For.name": with(func(i *Item) { i.Name = "X_Forwarded_For" }),
		"assertion.audience":                {Assertion: &Assertion{}},
		"assertion.algorithm":               {Assertion: &Assertion{Audience: "x"}},
		"assertion.algorithm ":              {Assertion: &Assertion{Audience: "x", Algorithm: "none"}},
		"assertion.seconds":                 {Assertion: &Assertion{Audience: "x", Seconds: 86400}},
		"assertion.header":                  {Assertion: &Assertion{Audience: "x", Header: "Transfer-Encoding"}},
	} {
		_, err := Compile(c, Options{})
		if pki.CodeOf(err) != "identity.config" || !strings.HasPrefix(err.Error(), "identity."+strings.TrimSpace(field)) || !strings.Contains(err.Error(), "; ") {
			t.Errorf("%s: %v", field, err)
		}
	}
	_, err := Compile(Config{Items: []Item{{In: InHeader, Name: "x_onecert_assertion", Source: "user"}}, Assertion: &Assertion{Audience: "x"}}, Options{Signer: signerOf(t, key(t, pki.P256))})
	if err == nil || !strings.HasPrefix(err.Error(), "identity.assertion.header") {
		t.Error(err)
	}
}

// TestEverySourceIsKnown: what Sources lists can be compiled and asked, with a
// certificate and without.
func TestEverySourceIsKnown(t *testing.T) {
	f := facts(t, person()...)
	f.Chain = [][]byte{f.Certificate}
	for _, source := range Sources() {
		c := Config{Items: []Item{{In: InParameter, Name: "v", Source: source}}}
		mustTell(t, c, f)
		mustTell(t, c, &Facts{})
	}
	for _, set := range SetNames() {
		mustTell(t, Config{Sets: []string{set}}, f)
		mustTell(t, Config{Sets: []string{set}}, &Facts{})
	}
}

// TestOwnItemInsteadOfTheSets: an installation that differs in one name of a set.
func TestOwnItemInsteadOfTheSets(t *testing.T) {
	out := mustTell(t, Config{Sets: []string{"jit"}, Items: []Item{{In: InHeader, Name: "username", Source: "subject.title"}, {In: InHeader, Name: "devicename", Source: "text:gw-1"}}}, facts(t, person()...))
	if single(t, out, "username") != "zhangsan01" || single(t, out, "devicename") != "gw-1" {
		t.Errorf("%v", out.Header)
	}
}

// TestConfigIsData: a Config goes through JSON unchanged, and the zero one is small.
func TestConfigIsData(t *testing.T) {
	zero, err := json.Marshal(Config{})
	if err != nil || string(zero) != "{}" {
		t.Errorf("%s %v", zero, err)
	}
	text, err := json.Marshal(everything())
	fail(t, err)
	var back Config
	fail(t, json.Unmarshal(text, &back))
	again, _ := json.Marshal(back)
	if string(again) != string(text) {
		t.Errorf("%s\n%s", text, again)
	}
}

// TestSessionsDoNotMix: two sessions of one plan, used at once, each get their own.
func TestSessionsDoNotMix(t *testing.T) {
	p := compiled(t, everything())
	a, b := facts(t, person()...), facts(t, utf(oidCN, "李四"), utf(oidT, "lisi02"))
	b.User = "lisi02"
	for _, f := range []*Facts{a, b} {
		t.Run(f.User, func(t *testing.T) {
			t.Parallel()
			d, err := p.Prepare(f)
			fail(t, err)
			for range 200 {
				out := emptyRequest()
				out.Header["Cookie"] = []string{"user=EVIL"}
				p.Strip(out.Header, out.URL)
				fail(t, d.Apply(out, oneRequest()))
				if cookieValue(t, out, "KOAL_CERT_T") != f.User || cookieValue(t, out, "user") != f.User || single(t, out, "username") != f.User {
					t.Fatalf("%v", out.Header)
				}
			}
		})
	}
}

// TestNobody: what is told about nobody is the same however it was prepared, and whoever
// is somebody is never told as nobody.
func TestNobody(t *testing.T) {
	c := Config{Sets: []string{"nginx", "authelia", "koal"}, Items: []Item{{In: InHeader, Name: "X-Level", Source: "level"}}}
	for _, refused := range []string{"", "expired", "something else"} {
		out := mustTell(t, c, &Facts{Refused: refused})
		want := map[string]string{"": "NONE"}[refused]
		if want == "" {
			want = "FAILED:" + refused
		}
		if single(t, out, "X-SSL-Client-Verify") != want || cookieValue(t, out, "KOAL_CLIENT_IP") != "192.0.2.7" || single(t, out, "Remote-User") != "" {
			t.Errorf("%q: %v", refused, out.Header)
		}
	}
	for _, f := range []Facts{{User: "a"}, {Level: "a"}, {Name: "a"}, {Email: "a"}, {Groups: []string{"a"}}, {Session: "a"}, {Since: time.Unix(1, 0)}, {Privilege: "a"}, {Certificate: []byte{1}}} {
		if f.nobody() {
			t.Errorf("%+v is nobody", f)
		}
	}
	demanding := Config{Items: []Item{{In: InHeader, Name: "X-User", Source: "user", Missing: "refuse"}}}
	if _, err := told(t, demanding, &Facts{}); pki.CodeOf(err) != "identity.missing" {
		t.Error(err)
	}
}

// BenchmarkStripAndApply is what a request costs: an ordinary browser's request, with a
// small set and with the largest.
func BenchmarkStripAndApply(b *testing.B) {
	for name, c := range map[string]Config{"forwarding": {}, "nginx": {Sets: []string{"nginx"}}, "koal": {Sets: []string{"koal"}}, "jit+assertion": {Sets: []string{"jit"}, Assertion: &Assertion{Audience: "x"}}} {
		b.Run(name, func(b *testing.B) {
			p, err := Compile(c, Options{Signer: signerOf(b, key(b, pki.P256))})
			fail(b, err)
			d, err := p.Prepare(facts(b, person()...))
			fail(b, err)
			r := oneRequest()
			b.ReportAllocs()
			for b.Loop() {
				out := emptyRequest()
				for key, value := range map[string]string{"User-Agent": "Mozilla/5.0", "Accept": "text/html", "Accept-Language": "zh-CN", "Accept-Encoding": "gzip", "Cookie": "JSESSIONID=0123456789abcdef; theme=light"} {
					out.Header[key] = []string{value}
				}
				out.URL.RawQuery = "page=1&size=20"
				p.Strip(out.Header, out.URL)
				if err := d.Apply(out, r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkStrip is the removing alone: an honest request costs no memory.
func BenchmarkStrip(b *testing.B) {
	p := compiled(b, everything())
	out := emptyRequest()
	out.Header = http.Header{"User-Agent": {"Mozilla/5.0"}, "Accept": {"text/html"}, "Accept-Language": {"zh-CN"}, "Cookie": {"JSESSIONID=0123456789abcdef; theme=light"}}
	out.URL.RawQuery = "page=1&size=20"
	b.ReportAllocs()
	for b.Loop() {
		p.Strip(out.Header, out.URL)
	}
}
