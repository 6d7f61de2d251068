package policy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"onecert/pki"
)

// Every fault is found where it is, says so in both languages, and has a case here.
func TestEveryFault(t *testing.T) {
	seen := map[string]bool{"too-many": true, "size": true, "long": true} // TestLimits
	for _, c := range []struct{ code, field, text string }{
		{"document", "document", ""},
		{"document", "document", "version: 1\nrules: []\ncolour: red"},
		{"document", "document", "version: 1\nrules: []\n---\nversion: 1"},
		{"document", "document", "version: 1\nversion: 1\nrules: []"},
		{"document", "document", `{"version": 1, "rules": [{"id": "a", "Effect": "allow"}]}`},
		{"version", "version", "version: 2\nrules: []"},
		{"effect", "default", "version: 1\ndefault: maybe\nrules: []"},
		{"effect", "effect", "version: 1\nrules: [{id: a, effect: Allow}]"},
		{"id", "id", "version: 1\nrules: [{effect: allow}]"},
		{"id", "id", "version: 1\nrules: [{id: '-a', effect: allow}]"},
		{"id-twice", "id", "version: 1\nrules: [{id: a, effect: allow}, {id: a, effect: deny}]"},
		{"level", "require_level", "version: 1\nrules: [{id: a, effect: allow, require_level: 5}]"},
		{"level", "when.least_level", "version: 1\nrules: [{id: a, effect: allow, when: {least_level: -1}}]"},
		{"level-deny", "require_level", "version: 1\nrules: [{id: a, effect: deny, require_level: 2}]"},
		{"nothing", "except.1", "version: 1\nrules: [{id: a, effect: allow, except: [{}]}]"},
		{"no-values", "when.users", "version: 1\nrules: [{id: a, effect: allow, when: {users: []}}]"},
		{"no-values", "when.addresses", "version: 1\nrules: [{id: a, effect: allow, when: {addresses: []}}]"},
		{"no-values", "when.times", "version: 1\nrules: [{id: a, effect: allow, when: {times: []}}]"},
		{"no-values", "when.subject", "version: 1\nrules: [{id: a, effect: allow, when: {subject: [{type: CN}]}}]"},
		{"empty", "when.users", "version: 1\nrules: [{id: a, effect: allow, when: {users: [' ']}}]"},
		{"empty", "lists.l.users", "version: 1\nlists: {l: {users: ['']}}\nrules: []"},
		{"value", "when.protocols", "version: 1\nrules: [{id: a, effect: allow, when: {protocols: [http]}}]"},
		{"value", "when.logins", "version: 1\nrules: [{id: a, effect: allow, when: {logins: [pin]}}]"},
		{"value", "when.suites", "version: 1\nrules: [{id: a, effect: allow, when: {suites: [sm9]}}]"},
		{"application", "when.applications", "version: 1\nrules: [{id: a, effect: allow, when: {applications: [my oa]}}]"},
		{"method", "when.methods", "version: 1\nrules: [{id: a, effect: allow, when: {methods: [get]}}]"},
		{"host", "when.hosts", "version: 1\nrules: [{id: a, effect: allow, when: {hosts: [a.*.example]}}]"},
		{"path.root", "when.paths", "version: 1\nrules: [{id: a, effect: allow, when: {paths: [a]}}]"},
		{"path.segment", "when.paths", "version: 1\nrules: [{id: a, effect: allow, when: {paths: [/a/../b]}}]"},
		{"path.segment", "when.paths", "version: 1\nrules: [{id: a, effect: allow, when: {paths: [/a/**/b]}}]"},
		{"path.segment", "when.paths", "version: 1\nrules: [{id: a, effect: allow, when: {paths: [/a%2fb]}}]"},
		{"units", "when.units", "version: 1\nrules: [{id: a, effect: allow, when: {units: [a//b]}}]"},
		{"address", "when.addresses", "version: 1\nrules: [{id: a, effect: allow, when: {addresses: [10.0.0.1/8]}}]"},
		{"address", "networks.n", "version: 1\nnetworks: {n: [x]}\nrules: []"},
		{"unknown-name", "when.networks", "version: 1\nrules: [{id: a, effect: allow, when: {networks: [n]}}]"},
		{"unknown-name", "when.lists", "version: 1\nrules: [{id: a, effect: allow, when: {lists: [n]}}]"},
		{"unknown-name", "when.lists", "version: 1\nlists: {m: {}}\nrules: [{id: a, effect: allow, when: {lists: [n]}}]"},
		{"unknown-name", "when.times.1.calendar", "version: 1\nrules: [{id: a, effect: allow, when: {times: [{calendar: x, days: off}]}}]"},
		{"weekday", "when.times.1.weekdays", "version: 1\nrules: [{id: a, effect: allow, when: {times: [{weekdays: [Mon]}]}}]"},
		{"no-values", "when.times.1.weekdays", "version: 1\nrules: [{id: a, effect: allow, when: {times: [{weekdays: []}]}}]"},
		{"clock", "when.times.1.from", "version: 1\nrules: [{id: a, effect: allow, when: {times: [{from: '24:00'}]}}]"},
		{"clock", "when.times.1.to", "version: 1\nrules: [{id: a, effect: allow, when: {times: [{to: '8:00'}]}}]"},
		{"clock-same", "when.times.1.to", "version: 1\nrules: [{id: a, effect: allow, when: {times: [{from: '08:00', to: '08:00'}]}}]"},
		{"date", "when.times.1.first_day", "version: 1\nrules: [{id: a, effect: allow, when: {times: [{first_day: 2026-02-30}]}}]"},
		{"date-order", "when.times.1.last_day", "version: 1\nrules: [{id: a, effect: allow, when: {times: [{first_day: 2026-02-03, last_day: 2026-02-02}]}}]"},
		{"zone", "when.times.1.time_zone", "version: 1\nrules: [{id: a, effect: allow, when: {times: [{time_zone: Beijing}]}}]"},
		{"zone", "when.times.1.time_zone", "version: 1\nrules: [{id: a, effect: allow, when: {times: [{time_zone: Local}]}}]"},
		{"days", "when.times.1.days", "version: 1\nrules: [{id: a, effect: allow, when: {times: [{days: working}]}}]"},
		{"calendar", "calendars.c.holidays", "version: 1\ncalendars: {c: {holidays: [2026-10-01/2028-10-02]}}\nrules: []"},
		{"calendar", "calendars.c.workdays", "version: 1\ncalendars: {c: {holidays: [2026-10-01], workdays: [2026-10-01]}}\nrules: []"},
		{"calendar", "calendars.c.holidays", "version: 1\ncalendars: {c: {holidays: [1970-01-02, 9999-01-01]}}\nrules: []"},
		{"attribute", "when.subject", "version: 1\nrules: [{id: a, effect: allow, when: {subject: [{type: XX, values: [a]}]}}]"},
		{"oid", "when.policies", "version: 1\nrules: [{id: a, effect: allow, when: {policies: [1.2.x]}}]"},
		{"fingerprint", "lists.l.fingerprints", "version: 1\nlists: {l: {fingerprints: [abc]}}\nrules: []"},
		{"serial", "lists.l.serials", "version: 1\nlists: {l: {serials: [{issuer: CN=a, serial: xyz}]}}\nrules: []"},
		{"dn", "lists.l.serials", "version: 1\nlists: {l: {serials: [{issuer: nobody, serial: '01'}]}}\nrules: []"},
		{"dn", "lists.l.names", "version: 1\nlists: {l: {names: ['XX=a']}}\nrules: []"},
	} {
		seen[c.code] = true
		faults := faultsIn(c.text)
		if len(faults) != 1 || faults[0].Code != c.code || faults[0].Field != c.field {
			t.Errorf("%s: %s at %s was to be found: %v", c.text, c.code, c.field, faults)
			continue
		}
		for _, language := range []string{"zh", "en"} {
			if line := faults[0].In(language); strings.Contains(line, "%!") || !strings.Contains(line, c.field) {
				t.Errorf("%s", line)
			}
		}
	}
	for code := range faultTexts {
		if !seen[code] {
			t.Errorf("nothing here provokes %q", code)
		}
	}
}

func faultsIn(text string) Faults {
	rules, err := Decode([]byte(text))
	if err == nil {
		_, err = Compile(rules)
	}
	if err != nil && pki.KindOf(err) != pki.Invalid {
		return nil
	}
	return FaultsOf(err)
}

func TestLimits(t *testing.T) {
	many := func(n int) []string { return slices.Repeat([]string{"x"}, n) }
	for name, c := range map[string]struct {
		code  string
		rules Rules
	}{
		"rules":      {"too-many", Rules{Rules: make([]Rule, maxRules+1)}},
		"exceptions": {"too-many", Rules{Rules: []Rule{{ID: "a", Effect: Allow, Except: slices.Repeat([]Conditions{{LeastLevel: 1}}, maxExceptions+1)}}}},
		"values":     {"too-many", Rules{Rules: []Rule{{ID: "a", Effect: Allow, When: Conditions{Users: many(maxValues + 1)}}}}},
		"entries":    {"too-many", Rules{Lists: map[string]List{"l": {Users: many(maxEntries + 1)}}}},
		"name":       {"long", Rules{Rules: []Rule{{ID: "a", Effect: Allow, Name: strings.Repeat("x", maxAbout+1)}}}},
		"value":      {"long", Rules{Rules: []Rule{{ID: "a", Effect: Allow, When: Conditions{Users: []string{strings.Repeat("x", maxWord+1)}}}}}},
	} {
		c.rules.Version = 1
		_, err := Compile(&c.rules)
		if faults := FaultsOf(err); len(faults) == 0 || len(faults) > maxFaults || faults[0].Code != c.code || len(faults.Error()) > 64<<10 {
			t.Errorf("%s: %v", name, faults)
		}
	}
	wide := Rules{Version: 1, Networks: map[string][]string{"n": make([]string, 0, 2000)}}
	for i := range 2000 {
		wide.Networks["n"] = append(wide.Networks["n"], fmt.Sprintf("10.%d.%d.0/25", i/256, i%256))
	}
	for i := range maxSpans/2000 + 2 {
		wide.Rules = append(wide.Rules, Rule{ID: fmt.Sprint("r", i), Effect: Allow, When: Conditions{Networks: []string{"n"}}})
	}
	if _, err := Compile(&wide); len(FaultsOf(err)) != 1 || FaultsOf(err)[0].Rule != "r500" {
		t.Errorf("%v", err)
	}
	ix := newIndex(64)
	ix.most = 1
	if ix.with(make(row, 1), []int{1}); ix.over {
		t.Error("one row is within the bound")
	}
	if ix.with(make(row, 1), []int{2}); !ix.over {
		t.Error("a second row is not")
	}
	if _, err := Decode(make([]byte, MaxRules+1)); len(FaultsOf(err)) != 1 || FaultsOf(err)[0].Code != "size" {
		t.Errorf("%v", err)
	}
}

// Rules are the same in YAML and in JSON, and survive being written and read.
func TestForms(t *testing.T) {
	for seed := range uint64(200) {
		rules := dice{rand.New(rand.NewPCG(seed, 1))}.rules()
		text, err := json.MarshalIndent(rules, "", "\t")
		if err != nil {
			t.Fatal(err)
		}
		again, err := Decode(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Compile(again); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		back, err := json.MarshalIndent(again, "", "\t")
		if err != nil || !bytes.Equal(back, text) {
			t.Fatalf("%v\n%s\n%s", err, text, back)
		}
	}
}

// What is decoded either compiles or is refused with faults; what compiles decides, and
// explains itself alike.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(townHall))
	f.Add([]byte("version: 1\nrules: [{id: a, effect: allow, when: {paths: [/a/*/**], units: ['*/b'], hosts: ['*.x']}}]"))
	f.Add([]byte(`{"version":1,"calendars":{"c":{"holidays":["2026-01-01/2026-01-03"]}},"rules":[{"id":"a","effect":"deny","when":{"times":[{"calendar":"c","days":"off","from":"22:00","to":"01:00"}]}}]}`))
	f.Add([]byte("version: 1\nlists: {l: {names: ['CN=a'], serials: [{issuer: CN=b, serial: '1'}]}}\nrules: [{id: a, effect: allow, except: [{lists: [l]}]}]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > 4096 {
			return
		}
		rules, err := Decode(text)
		if err != nil {
			if pki.KindOf(err) != pki.Invalid {
				t.Fatalf("%v", err)
			}
			return
		}
		set, err := Compile(rules)
		if err != nil {
			if len(FaultsOf(err)) == 0 {
				t.Fatalf("%v", err)
			}
			return
		}
		d := dice{rand.New(rand.NewPCG(uint64(len(text)), 3))}
		for range 8 {
			r := d.request()
			got, e := set.Decide(r), set.Explain(r)
			if got != e.Decision {
				t.Fatalf("%+v, and explained %+v", got, e.Decision)
			}
		}
		set.Warnings(time.Date(2026, 9, 22, 0, 0, 0, 0, time.UTC))
	})
}

func warned(t *testing.T, text, now string) (codes []string) {
	t.Helper()
	at, err := time.Parse(time.DateOnly, now)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range compiled(t, text).Warnings(at) {
		if w.Text.Zh == "" || w.Text.En == "" {
			t.Errorf("%+v", w)
		}
		codes = append(codes, strings.TrimPrefix(fmt.Sprintf("%s:%s", w.Rule, w.Code), ":"))
	}
	return codes
}

func TestWarnings(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"rules: []", ""},
		{"default: allow\nrules: []", "default-allow"},
		{"lists: {a: {}, b: {users: [x]}}\nrules: [{id: r, effect: allow, when: {lists: [a]}}]", "empty unused"},
		{"networks: {a: [10.0.0.0/8], b: []}\nrules: [{id: r, effect: allow, except: [{networks: [b]}]}]", "unused empty"},
		{"calendars: {cn: {holidays: [2026-01-01]}}\nrules: [{id: r, effect: allow, when: {times: [{calendar: cn, days: off}]}}]", ""},
		{"calendars: {cn: {holidays: [2025-01-01]}}\nrules: [{id: r, effect: allow, when: {times: [{calendar: cn, days: off}]}}]", "calendar-year"},
		{"rules: [{id: r, effect: allow, when: {times: [{last_day: 2026-09-20}]}}]", "r:past"},
		{"rules: [{id: r, effect: allow, when: {times: [{last_day: 2026-09-20}, {last_day: 2026-09-22}]}}]", ""},
		{"rules: [{id: a, effect: allow}, {id: b, effect: deny}]", "b:shadowed"},
		{"rules: [{id: a, effect: allow, except: [{users: [x]}]}, {id: b, effect: deny}]", ""},
		{"rules: [{id: a, effect: deny, when: {paths: [/a/**]}}, {id: b, effect: allow, when: {paths: [/a/b, /a/c/**], users: [x]}}]", "b:shadowed"},
		{"rules: [{id: a, effect: deny, when: {paths: [/a/**]}}, {id: b, effect: allow, when: {paths: [/ab]}}]", ""},
		{"rules: [{id: a, effect: deny, when: {addresses: [10.0.0.0/8]}}, {id: b, effect: allow, when: {addresses: [10.1.0.0/16]}}]", "b:shadowed"},
		{"rules: [{id: a, effect: deny, when: {subject: [{type: O, values: ['示例*']}]}}, {id: b, effect: allow, when: {subject: [{type: O, values: [示例市局]}]}}]", "b:shadowed"},
		{"rules: [{id: a, effect: deny, when: {hosts: ['*.x.example']}}, {id: b, effect: allow, when: {hosts: [a.x.example]}}]", "b:shadowed"},
		{"rules: [{id: a, effect: allow, when: {least_level: 3, logins: [password]}}]", "a:no-login"},
		{"rules: [{id: a, effect: allow, when: {protocols: [tcp], paths: [/a]}}]", "a:protocol"},
		{"rules: [{id: a, disabled: true, effect: allow}, {id: b, effect: deny}]", ""},
	} {
		if got := strings.Join(warned(t, "version: 1\n"+c.text, "2026-09-22"), " "); got != c.want {
			t.Errorf("%s: %q, want %q", c.text, got, c.want)
		}
	}
	december := "version: 1\ncalendars: {cn: {holidays: [2026-01-01]}}\nrules: [{id: r, effect: allow, when: {times: [{calendar: cn, days: off}]}}]"
	if got := warned(t, december, "2026-12-02"); !slices.Equal(got, []string{"calendar-year"}) {
		t.Errorf("%q", got)
	}
}

// A rule that is called shadowed never decides.
func TestShadowedRulesNeverDecide(t *testing.T) {
	shadowed := 0
	for seed := range uint64(1500) {
		d := dice{rand.New(rand.NewPCG(seed, 11))}
		rules := d.rules()
		set, err := Compile(rules)
		if err != nil {
			t.Fatal(err)
		}
		never := map[string]bool{}
		for _, w := range set.Warnings(time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)) {
			if w.Code == "shadowed" || w.Code == "past" || w.Code == "protocol" {
				never[w.Rule] = true
			}
		}
		shadowed += len(never)
		for range 40 {
			if r := d.request(); never[set.Decide(r).Rule] {
				told(t, rules, r)
				t.Fatalf("seed %d: %+v", seed, set.Decide(r))
			}
		}
	}
	if shadowed < 100 {
		t.Errorf("only %d rules were called so", shadowed)
	}
}
