package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"onecert/pki"
	"onecert/policy"
)

// policy measures one decision: the processor time of Decide, by number of rules and by
// how it ends. The floor is what nobody can do without: find an application's rule in a
// map, and compare its organisation and path with the request's.
func (b *bench) policy(context.Context) error {
	rows := [][]string{{"rules", "last rule allows µs", "visitor denied µs", "each another second µs", "floor µs", "allocations"}}
	last := pick(b, 50*time.Millisecond, 2*time.Second)
	for _, n := range []int{1, 10, 100, 1000, 10_000} {
		set, err := policy.Compile(rulesOfAllKinds(n))
		if err != nil {
			return fmt.Errorf("compiling %d rules: %w", n, err)
		}
		row, err := decisions(set, n, last)
		if err != nil {
			return err
		}
		rows = append(rows, row)
	}
	b.out.table("Access policy: processor time of one decision", rows,
		"A tenth of the rules each has a condition on application, user and group, name with wildcards, path with wildcards,",
		"address, time with calendar, list, issuer and policy, host and method, level and units; only the last one matches.",
		"One of the lists has 100,000 users.")
	return nil
}

// perLook is how many decisions are made between two looks at the clock.
const perLook = 100

func decisions(set *policy.Set, n int, last time.Duration) ([]string, error) {
	official := officialsRequest()
	visitor := *official
	visitor.Subject, visitor.Application = nil, "elsewhere"
	floor := map[string]*bareRule{official.Application: {"示例市民政局", "/api/"}}
	row := []string{fmt.Sprint(n)}
	for _, act := range []func(i int) bool{
		func(int) bool { return set.Decide(official).Rule == "last" },
		func(int) bool { return !set.Decide(&visitor).Allowed },
		func(i int) bool {
			moved := *official
			moved.At = moved.At.Add(time.Duration(i) * time.Second)
			return set.Decide(&moved).Rule == "last"
		},
		func(int) bool { return floor[official.Application].matches(official) },
	} {
		each, err := loop(last, func() error {
			for i := range perLook {
				if !act(i) {
					return errors.New("a decision is not the one expected")
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		row = append(row, micros(each/perLook))
	}
	return append(row, fmt.Sprintf("%.0f", testing.AllocsPerRun(1000, func() { set.Decide(official) }))), nil
}

// bareRule is the least a rule can be.
type bareRule struct{ organisation, below string }

func (r *bareRule) matches(q *policy.Request) bool {
	return r != nil && q.Subject.Certificate.Subject.Get("O") == r.organisation && len(q.Path) >= len(r.below) && q.Path[:len(r.below)] == r.below
}

// rulesOfAllKinds has n rules, of which only the last matches officialsRequest.
func rulesOfAllKinds(n int) *policy.Rules {
	r := &policy.Rules{Version: 1, Lists: map[string]policy.List{"blocked": {}},
		Calendars: map[string]policy.Calendar{"china": {Holidays: []string{"2026-10-01/2026-10-07"}, Workdays: []string{"2026-10-10"}}}}
	var blocked policy.List
	for i := range 100_000 {
		blocked.Users = append(blocked.Users, fmt.Sprintf("leaver-%d", i))
	}
	r.Lists["blocked"] = blocked
	for i := range n - 1 {
		rule := policy.Rule{ID: fmt.Sprintf("rule-%d", i), Effect: policy.Allow}
		ruleOfKind(r, &rule.When, i)
		r.Rules = append(r.Rules, rule)
	}
	r.Rules = append(r.Rules, policy.Rule{ID: "last", Effect: policy.Allow, RequireLevel: policy.LevelTwoFactors,
		When: policy.Conditions{Applications: []string{"oa"}, Paths: []string{"/api/**"}, Times: []policy.Window{{From: "08:30", To: "18:00"}},
			Subject: []policy.Attribute{{Type: "O", Values: []string{"示例*局"}}}},
		Except: []policy.Conditions{{Lists: []string{"blocked"}}}})
	return r
}

func ruleOfKind(r *policy.Rules, w *policy.Conditions, i int) {
	switch i % 10 {
	case 0:
		w.Applications = []string{fmt.Sprintf("application-%d", i)}
	case 1:
		w.Users, w.Groups = []string{fmt.Sprintf("user-%d", i)}, []string{fmt.Sprintf("group-%d", i)}
	case 2:
		w.Subject = []policy.Attribute{{Type: "CN", Values: []string{fmt.Sprintf("*张%d*", i)}}}
	case 3:
		w.Paths = []string{fmt.Sprintf("/api/*/items-%d/**", i)}
	case 4:
		w.Addresses = []string{fmt.Sprintf("10.%d.%d.0/24", i/256, i%256)}
	case 5:
		w.Times = []policy.Window{{Weekdays: []string{"mon", "tue"}, From: fmt.Sprintf("%02d:%02d", i/60%18, i%60), To: "18:00", Calendar: "china", Days: policy.Off}}
	case 6:
		name := fmt.Sprintf("list-%d", i)
		r.Lists[name] = policy.List{Users: []string{name}, Fingerprints: []string{fmt.Sprintf("%064x", i)}}
		w.Lists = []string{name}
	case 7:
		w.Issuer, w.Policies = []policy.Attribute{{Type: "CN", Values: []string{fmt.Sprintf("CA %d", i)}}}, []string{fmt.Sprintf("1.2.3.%d", i)}
	case 8:
		w.Hosts, w.Methods = []string{fmt.Sprintf("*.unit-%d.demo.example", i)}, []string{"DELETE"}
	case 9:
		w.LeastLevel, w.Units = policy.LevelHighest, []string{fmt.Sprintf("示例省/单位%d/**", i)}
	}
}

// officialsRequest is a usual one, with everything a login by certificate yields.
func officialsRequest() *policy.Request {
	return &policy.Request{Address: netip.MustParseAddr("10.200.3.4"), At: time.Date(2026, 9, 22, 2, 30, 0, 0, time.UTC), Application: "oa",
		Protocol: policy.ProtocolTLCP, Method: "GET", Host: "oa.demo.example", Path: "/api/documents/items/2026/1",
		Subject: &policy.Subject{Login: policy.LoginHardware, Level: policy.LevelTwoFactors, User: "zhangsan", Groups: []string{"staff", "officers"},
			Certificate: &policy.Certificate{
				Subject: pki.Name{{Type: "C", Value: "CN"}, {Type: "O", Value: "示例市民政局"}, {Type: "OU", Value: "信息中心"}, {Type: "CN", Value: "张三"}},
				Issuer:  pki.Name{{Type: "C", Value: "CN"}, {Type: "O", Value: "示例市数字证书中心"}, {Type: "CN", Value: "示例市签发 CA"}},
				Serial:  "5f0102030405060708090a0b0c0d0e0f10111213", Fingerprint: fmt.Sprintf("%064x", 9_999_999), Profile: "person-sign",
				Policies: []string{"1.2.156.1"}, Units: []string{"信息中心"}, Suite: pki.SM2}}}
}
