package policy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os/exec"
	"strings"
	"testing"
	"time"

	"onecert/pki"
)

// judgeCase is a question to testdata/judge.py, and the rules and request that ask us
// the same.
type judgeCase struct {
	Kind     string    `json:"kind"`
	Wanted   []string  `json:"wanted,omitempty"`
	Value    string    `json:"value,omitempty"`
	Source   string    `json:"source,omitempty"`
	Window   *Window   `json:"window,omitempty"`
	Calendar *Calendar `json:"calendar,omitempty"`
	At       string    `json:"at,omitempty"`

	when    Conditions
	request *Request
}

// Addresses, moments and patterns are judged as Python's ipaddress, zoneinfo and fnmatch
// judge them.
func TestAnotherLanguageAgrees(t *testing.T) {
	d := dice{rand.New(rand.NewPCG(20, 26))}
	calendar := Calendar{Holidays: []string{"2026-10-01/2026-10-07", "2027-01-01"}, Workdays: []string{"2026-09-20", "2026-10-10"}}
	var cases []judgeCase
	for range 1500 {
		cases = append(cases, d.addressCase(), d.momentCase(&calendar), d.patternCase())
	}
	var questions bytes.Buffer
	for _, c := range cases {
		line, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		questions.Write(append(line, '\n'))
	}
	command := exec.CommandContext(t.Context(), "python3", "testdata/judge.py")
	command.Stdin = &questions
	out, err := command.CombinedOutput()
	answers := strings.Fields(string(out))
	if err != nil || len(answers) != len(cases) {
		t.Fatalf("scripts/deps.sh installs what this needs: %v, %d answers\n%.2000s", err, len(answers), out)
	}
	count := map[string]int{}
	for i, c := range cases {
		rules := &Rules{Version: 1, Calendars: map[string]Calendar{"c": calendar}, Rules: []Rule{{ID: "r", Effect: Allow, When: c.when}}}
		set, err := Compile(rules)
		if err != nil {
			t.Fatal(err)
		}
		got := set.Decide(c.request)
		if got.Reason == ReasonFault || got.Allowed != (answers[i] == "yes") {
			told(t, rules, c.request)
			t.Fatalf("%+v, and Python says %s", got, answers[i])
		}
		count[c.Kind+" "+answers[i]]++
	}
	if len(count) != 6 {
		t.Errorf("%v", count)
	}
	for answer, n := range count {
		if n < 100 {
			t.Errorf("only %d times %s", n, answer)
		}
	}
}

// near draws an address from a few networks, so that it is often at an edge.
func (d dice) near() netip.Addr {
	if d.chance(40) {
		return netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, 14: byte(d.IntN(3)), 15: byte(d.IntN(256))})
	}
	return netip.AddrFrom4([4]byte{10, byte(d.IntN(2)), byte(d.IntN(3)), byte(d.IntN(256))})
}

func (d dice) addressCase() judgeCase {
	c := judgeCase{Kind: "address"}
	for range 1 + d.IntN(4) {
		a := d.near()
		switch d.IntN(3) {
		case 0:
			c.Wanted = append(c.Wanted, a.String())
		case 1:
			prefix, _ := a.Prefix(a.BitLen() - d.IntN(14))
			c.Wanted = append(c.Wanted, prefix.String())
		default:
			last := a
			for range d.IntN(200) {
				last = last.Next()
			}
			c.Wanted = append(c.Wanted, a.String()+"-"+last.String())
		}
	}
	at := d.near()
	if at.Is4() && d.chance(10) {
		at = netip.AddrFrom16(at.As16())
	}
	c.Value, c.when.Addresses, c.request = at.String(), c.Wanted, request(func(r *Request) { r.Address = at })
	return c
}

func (d dice) momentCase(calendar *Calendar) judgeCase {
	w := d.windows()[0]
	w.TimeZone = pick(d, "", "UTC", "America/New_York", "Europe/London", "Australia/Lord_Howe", "Asia/Kathmandu")
	if w.Calendar != "" {
		w.Calendar = "c"
	}
	at := time.Date(2026, 9, 15, 0, 0, 0, 0, time.UTC).Add(time.Duration(d.IntN(150*24*3600)) * time.Second)
	if d.chance(50) {
		at = time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(d.IntN(12*24*60)-24*60) * time.Minute)
	}
	return judgeCase{Kind: "moment", Window: &w, Calendar: calendar, At: at.Format("2006-01-02T15:04:05+00:00"), when: Conditions{Times: []Window{w}},
		request: request(func(r *Request) { r.At = at })}
}

func (d dice) patternCase() judgeCase {
	letters := func(most int, from ...string) (text string) {
		for range 1 + d.IntN(most) {
			text += pick(d, from...)
		}
		return text
	}
	c := judgeCase{Kind: "pattern", Source: letters(5, "a", "b", "示", "*", "?", "[", "*"), Value: letters(6, "a", "b", "示", "[", "a")}
	c.when.Subject = []Attribute{{Type: "CN", Values: []string{c.Source}, MatchCase: d.chance(50)}}
	c.request = request(func(r *Request) {
		r.Subject = &Subject{Login: LoginCertificate, Level: LevelCertificate, Certificate: &Certificate{Subject: pki.Name{{Type: "CN", Value: c.Value}},
			Issuer: pki.Name{{Type: "CN", Value: "CA"}}, Serial: "01", Fingerprint: fmt.Sprintf("%064x", 1)}}
	})
	return c
}
