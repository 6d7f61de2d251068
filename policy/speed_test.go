package policy

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"onecert/pki"
)

// manyRules has rules with a hundred of each kind of condition, none of which the
// request of manyRequest meets, but for the last rule.
func manyRules(n int) *Rules {
	r := &Rules{Version: 1, Lists: map[string]List{}, Calendars: map[string]Calendar{"cn": {Holidays: []string{"2026-10-01/2026-10-07"}, Workdays: []string{"2026-10-10"}}}}
	for i := range n - 1 {
		rule := Rule{ID: fmt.Sprintf("rule-%d", i), Effect: Allow}
		w := &rule.When
		switch i % 10 {
		case 0:
			w.Applications = []string{fmt.Sprintf("app-%d", i)}
		case 1:
			w.Users = []string{fmt.Sprintf("user-%d", i)}
			w.Groups = []string{fmt.Sprintf("group-%d", i)}
		case 2:
			w.Subject = []Attribute{{Type: "CN", Values: []string{fmt.Sprintf("*张%d*", i)}}}
		case 3:
			w.Paths = []string{fmt.Sprintf("/api/*/items-%d/**", i)}
		case 4:
			w.Addresses = []string{fmt.Sprintf("10.%d.%d.0/24", i/256, i%256)}
		case 5:
			w.Times = []Window{{Weekdays: []string{"mon", "tue"}, From: fmt.Sprintf("%02d:%02d", i/60%18, i%60), To: "18:00", Calendar: "cn", Days: Off}}
		case 6:
			name := fmt.Sprintf("list-%d", i)
			r.Lists[name] = List{Users: []string{name}, Fingerprints: []string{print64(i + 100)}}
			w.Lists = []string{name}
		case 7:
			w.Issuer = []Attribute{{Type: "CN", Values: []string{fmt.Sprintf("CA %d", i)}}}
			w.Policies = []string{fmt.Sprintf("1.2.3.%d", i)}
		case 8:
			w.Hosts = []string{fmt.Sprintf("*.unit-%d.demo.example", i)}
			w.Methods = []string{"PURGE"}
		case 9:
			w.LeastLevel = LevelHighest
			w.Units = []string{fmt.Sprintf("示例省/单位%d/**", i)}
		}
		if i%10 == 1 {
			rule.Except = []Conditions{{Lists: []string{"black"}}}
		}
		r.Rules = append(r.Rules, rule)
	}
	r.Lists["black"] = List{Users: []string{"mallory"}}
	r.Rules = append(r.Rules, Rule{ID: "last", Effect: Allow, When: Conditions{Applications: []string{"oa"}, Subject: []Attribute{{Type: "O", Values: []string{"示例*"}}},
		Paths: []string{"/api/**"}, Times: []Window{{From: "08:30", To: "18:00"}}}, Except: []Conditions{{Lists: []string{"black"}}}})
	return r
}

func manyRequest() *Request {
	subject, _ := pki.ParseName("C=CN, O=示例市民政局, OU=信息中心, CN=张三")
	issuer, _ := pki.ParseName("C=CN, O=示例市数字证书中心, CN=示例市签发 CA")
	return &Request{Subject: &Subject{Login: LoginHardware, Level: LevelTwoFactors, User: "zhangsan", Groups: []string{"staff", "officers"},
		Certificate: &Certificate{Subject: subject, Issuer: issuer, Serial: "5f0102030405060708090a0b0c0d0e0f10111213", Fingerprint: print64(9), Profile: "person-sign",
			Policies: []string{"1.2.156.1"}, Units: []string{"信息中心"}, Suite: pki.SM2}},
		Address: netip.MustParseAddr("10.200.3.4"), At: time.Date(2026, 9, 22, 2, 30, 0, 0, time.UTC), Application: "oa", Protocol: ProtocolTLCP, Method: "GET",
		Host: "oa.demo.example", Path: "/api/documents/items-7x/2026/1"}
}

func BenchmarkDecide(b *testing.B) {
	for _, n := range []int{1, 10, 100, 1000, 10000} {
		set, err := Compile(manyRules(n))
		if err != nil {
			b.Fatal(err)
		}
		allowed, denied := manyRequest(), manyRequest()
		denied.Application = "other"
		anonymous := *denied
		anonymous.Subject = nil
		for name, r := range map[string]*Request{"last": allowed, "default": denied, "anonymous": &anonymous} {
			if d := set.Decide(r); d.Allowed != (name == "last") || d.Rule != "" != d.Allowed {
				b.Fatalf("%+v", d)
			}
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					set.Decide(r)
				}
			})
		}
	}
}
