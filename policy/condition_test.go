package policy

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"path"
	"strings"
	"testing"
	"time"
)

func TestPatterns(t *testing.T) {
	for _, c := range []struct {
		pattern, yes, no string // separated by |
	}{
		{"张三", "张三", "张三丰|三|"},
		{"张*", "张|张三|张三丰", "李张|"},
		{"*局", "局|民政局", "局长|"},
		{"示例?局", "示例市局", "示例局|示例市市局"},
		{"*市*局", "示例市民政局|市局", "市|局市"},
		{"a*b*c", "abc|axbxc|abcbc", "ab|acb|abcd"},
		{"*?", "x|张", ""},
		{"?*?", "xy|张三", "x|"},
		{`a\*b`, "a*b", "axb|ab"},
		{`\\`, `\`, `\\|`},
		{"*a?c*", "abc|xxabcxx|aabc", "ac|abd"},
		{"ab*ba", "abba|abxba", "aba|ab"},
	} {
		p := newPattern(c.pattern, false)
		for _, text := range strings.Split(c.yes, "|") {
			if !p.matches(text) || p.octets&^octetsOf(text) != 0 {
				t.Errorf("%q does not match %q", c.pattern, text)
			}
		}
		for _, text := range strings.Split(c.no, "|") {
			if c.no != "" && p.matches(text) {
				t.Errorf("%q matches %q", c.pattern, text)
			}
		}
	}
	for text, want := range map[string]string{"  A  B ": "a b", "ÄÖ": "äö", "示例市": "示例市", "Ａ": "ａ", "": "", " ": "", "x": "x", "é": "é"} {
		if got := folded(text); got != want {
			t.Errorf("%q becomes %q", text, got)
		}
	}
}

func TestNormalPath(t *testing.T) {
	for _, good := range []string{"/", "/a", "/a/", "/a/b;x=1/c", "/公文/1", "/100%", "/a.b", "/..a", "/a b", "/a%zz", "/…"} {
		if !NormalPath(good) {
			t.Errorf("%q is refused", good)
		}
	}
	for _, bad := range []string{"", "a", "//", "/a//b", "/.", "/..", "/a/./b", "/a/..", "/a/..;x/b", "/;x", "/a/;x/b", `/a\b`, "/a%2fb", "/%2e%2e/", "/a%252f", "/a\x00", "/a\n", "/a\x7f", "/\xff",
		"/" + strings.Repeat("a", maxPath)} {
		if NormalPath(bad) {
			t.Errorf("%.40q is let through", bad)
		}
	}
}

// Whatever is normal is so for path.Clean as well, and what rules see of it too.
func FuzzNormalPath(f *testing.F) {
	for _, seed := range []string{"/", "/a/b", "/a;x/b", "/a/../b", "/%2e", "/a//b", "/..;/a", "/公"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !NormalPath(text) {
			return
		}
		if clean := path.Clean(text); clean != strings.TrimSuffix(text, "/") && text != "/" {
			t.Errorf("%q is not clean: %q", text, clean)
		}
		judged := judgedPath(text)
		if judged != "" && (!NormalPath(judged) || strings.Contains(judged, ";")) {
			t.Errorf("%q is judged as %q", text, judged)
		}
		if p, fault := newPlace("/**", false); fault != "" || !p.matches(judged) {
			t.Errorf("%q is not below the root", text)
		}
	})
}

// A window's day, zone, night and calendar, against moments a person can check.
func TestWindows(t *testing.T) {
	calendars := "calendars: {cn: {holidays: [2026-10-01/2026-10-07, 2026-09-25/2026-09-27], workdays: [2026-09-20, 2026-10-10]}}\n"
	for _, c := range []struct{ window, yes, no string }{
		{"{weekdays: [mon, fri], from: '08:30', to: '18:00'}", "2026-09-21T08:30:00+08:00|2026-09-21T17:59:59+08:00|2026-09-25T03:00:00Z", "2026-09-21T08:29:59+08:00|2026-09-21T18:00:00+08:00|2026-09-22T09:00:00+08:00"},
		{"{weekdays: [fri], from: '22:00', to: '06:00'}", "2026-09-25T22:00:00+08:00|2026-09-26T05:59:59+08:00", "2026-09-26T06:00:00+08:00|2026-09-26T22:00:00+08:00|2026-09-25T05:00:00+08:00|2026-09-25T21:59:00+08:00"},
		{"{first_day: 2026-09-20, last_day: 2026-09-30}", "2026-09-19T16:00:00Z|2026-09-30T15:59:59Z", "2026-09-19T15:59:59Z|2026-09-30T16:00:00Z"},
		{"{first_day: 2026-09-20, last_day: 2026-09-20, from: '22:00', to: '02:00'}", "2026-09-20T23:00:00+08:00|2026-09-21T01:59:00+08:00", "2026-09-20T01:00:00+08:00|2026-09-21T22:30:00+08:00"},
		{"{calendar: cn, days: working, from: '09:00', to: '24:00'}", "2026-09-20T09:00:00+08:00|2026-10-10T23:59:00+08:00|2026-10-08T10:00:00+08:00", "2026-10-01T10:00:00+08:00|2026-10-11T10:00:00+08:00|2026-09-25T10:00:00+08:00"},
		{"{calendar: cn, days: off}", "2026-10-01T10:00:00+08:00|2026-10-11T10:00:00+08:00", "2026-09-20T10:00:00+08:00|2026-10-08T10:00:00+08:00"},
		{"{calendar: cn, days: working, weekdays: [sat, sun]}", "2026-09-20T10:00:00+08:00", "2026-09-21T10:00:00+08:00|2026-09-19T10:00:00+08:00"},
		// The clock of New York is put back on 1 November 2026 at 02:00: 01:30 comes twice, and both count.
		{"{time_zone: America/New_York, from: '01:00', to: '02:00'}", "2026-11-01T05:30:00Z|2026-11-01T06:30:00Z", "2026-11-01T07:30:00Z|2026-11-01T04:59:00Z"},
		// In spring 02:30 does not exist: what would be so is 03:30.
		{"{time_zone: America/New_York, from: '02:00', to: '03:00'}", "2026-03-09T06:30:00Z", "2026-03-08T07:30:00Z|2026-03-08T06:59:00Z"},
	} {
		set := compiled(t, "version: 1\n"+calendars+"rules: [{id: r, effect: allow, when: {times: ["+c.window+"]}}]\n")
		for want, moments := range map[bool]string{true: c.yes, false: c.no} {
			for _, text := range strings.Split(moments, "|") {
				at, err := time.Parse(time.RFC3339, text)
				if err != nil {
					t.Fatal(err)
				}
				if d := set.Decide(request(func(r *Request) { r.At = at })); d.Allowed != want {
					t.Errorf("%s at %s: %v", c.window, text, d.Allowed)
				}
			}
		}
	}
	for day := range int32(40_000) {
		if weekdayOf(day) != dateOf(day).Weekday() || dayOf(dateOf(day).Date()) != day {
			t.Fatalf("day %d", day)
		}
	}
}

func TestAddresses(t *testing.T) {
	for text, want := range map[string]string{"192.0.2.0/24": "192.0.2.0 192.0.2.255", "10.0.0.1": "10.0.0.1 10.0.0.1", "10.0.0.1-10.0.0.9": "10.0.0.1 10.0.0.9",
		"2001:db8::/33": "2001:db8:: 2001:db8:7fff:ffff:ffff:ffff:ffff:ffff", "::ffff:10.0.0.1": "10.0.0.1 10.0.0.1", "0.0.0.0/0": "0.0.0.0 255.255.255.255"} {
		s, ok := parseSpan(text)
		if got := fmt.Sprint(s.first, " ", s.last); !ok || got != want {
			t.Errorf("%s is %s", text, got)
		}
	}
	for _, bad := range []string{"", "10.0.0.1/24", "10.0.0.9-10.0.0.1", "10.0.0.1-::1", "fe80::1%eth0", "10.0.0", "::ffff:10.0.0.0/104", "10.0.0.0/33", "a-b"} {
		if s, ok := parseSpan(bad); ok {
			t.Errorf("%q is %v", bad, s)
		}
	}
	spans := merged([]span{{netip.MustParseAddr("10.0.0.5"), netip.MustParseAddr("10.0.0.9")}, {netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.6")}, {netip.MustParseAddr("10.0.0.2"), netip.MustParseAddr("10.0.0.3")}})
	if len(spans) != 1 || spans[0].last.String() != "10.0.0.9" {
		t.Errorf("%v", spans)
	}
}

// Lists of 100,000 entries in each form, asked by what is in them and what is not.
func TestLongLists(t *testing.T) {
	const n = 100_000
	long := List{}
	for i := range n {
		long.Users = append(long.Users, fmt.Sprintf("user-%d", i))
		long.Fingerprints = append(long.Fingerprints, print64(i+10))
		long.Serials = append(long.Serials, ListSerial{"C=CN, O=Demo, CN=CA", fmt.Sprintf("%08x", i+1<<24)})
		long.Names = append(long.Names, fmt.Sprintf("C=CN, O=Demo, CN=Person %d", i))
	}
	rules := &Rules{Version: 1, Lists: map[string]List{"long": long}, Rules: []Rule{{ID: "r", Effect: Allow, When: Conditions{Lists: []string{"long"}}}}}
	start := time.Now()
	set, err := Compile(rules)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("400,000 entries compiled in %v", time.Since(start))
	base := byCertificate(t, "CN=nobody")
	base.User = "nobody"
	for name, c := range map[string]struct {
		change func(s *Subject, c *Certificate)
		want   bool
	}{
		"nothing":          {func(*Subject, *Certificate) {}, false},
		"user":             {func(s *Subject, _ *Certificate) { s.User = "user-99999" }, true},
		"user, other case": {func(s *Subject, _ *Certificate) { s.User = "USER-99999" }, false},
		"fingerprint":      {func(_ *Subject, c *Certificate) { c.Fingerprint = print64(n + 9) }, true},
		"name":             {func(_ *Subject, c *Certificate) { c.Subject = parseName(t, "C=cn, O=DEMO, CN=person 99999") }, true},
		"name, more":       {func(_ *Subject, c *Certificate) { c.Subject = parseName(t, "C=CN, O=Demo, CN=Person 1, CN=Person 2") }, false},
		"name, joined":     {func(_ *Subject, c *Certificate) { c.Subject = parseName(t, `C=CN, O=Demo\, CN\=Person 1`) }, false},
		"serial":           {func(_ *Subject, c *Certificate) { c.Serial, c.Issuer = "01000005", parseName(t, "C=CN, O=Demo, CN=CA") }, true},
		"serial, other issuer": {func(_ *Subject, c *Certificate) {
			c.Serial, c.Issuer = "01000005", parseName(t, "C=CN, O=Demo, CN=CA 2")
		}, false},
	} {
		s, cert := *base, *base.Certificate
		s.Certificate = &cert
		c.change(&s, &cert)
		if d := set.Decide(request(func(r *Request) { r.Subject = &s })); d.Allowed != c.want {
			t.Errorf("%s: %v", name, d)
		}
	}
}

// Deciding allocates no more for many rules than for few: what there is, is a text for
// the folded attributes, one for the units, one for the path.
func TestAllocations(t *testing.T) {
	for _, n := range []int{10, 1000} {
		d := dice{rand.New(rand.NewPCG(uint64(n), 2))}
		rules := d.rules()
		rules.Rules = nil
		for i := range n {
			rules.Rules = append(rules.Rules, d.rule(i))
		}
		set, err := Compile(rules)
		if err != nil {
			t.Fatal(err)
		}
		for range 100 {
			r, f := d.request(), set.facts() // without the pool, which the race detector empties at random
			if count := testing.AllocsPerRun(20, func() { set.decide(f, r); f.clear() }); count > 4 {
				told(t, rules, r)
				t.Fatalf("%.0f allocations with %d rules", count, n)
			}
		}
	}
}
