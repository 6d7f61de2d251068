package policy

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"time"

	"onecert/pki"
)

// dice makes random rules and requests from few words, so that they meet often.
type dice struct{ *rand.Rand }

func (d dice) chance(percent int) bool { return d.IntN(100) < percent }

func pick[T any](d dice, from ...T) T { return from[d.IntN(len(from))] }

// some picks one to three of them.
func some[T any](d dice, from ...T) (all []T) {
	for range 1 + d.IntN(3) {
		all = append(all, pick(d, from...))
	}
	return all
}

func (d dice) rules() *Rules {
	r := &Rules{Version: 1, Lists: map[string]List{}, Networks: map[string][]string{}, Calendars: map[string]Calendar{}}
	if d.chance(20) {
		r.Default = pick(d, Allow, Deny)
	}
	r.Calendars["cn"] = Calendar{Holidays: []string{"2026-10-01/2026-10-07", "2026-01-01"}, Workdays: []string{"2026-09-20", "2026-10-10"}}
	r.Calendars["none"] = Calendar{}
	r.Networks["office"] = []string{"10.1.0.0/16", "10.9.0.1-10.9.0.5"}
	r.Networks["none"] = []string{}
	for _, name := range []string{"black", "white", "people", "empty"} {
		r.Lists[name] = d.list(name)
	}
	for i := range d.IntN(9) {
		r.Rules = append(r.Rules, d.rule(i))
	}
	return r
}

func (d dice) list(name string) (l List) {
	if name == "empty" {
		return l
	}
	if d.chance(60) || name == "people" {
		l.Users = some(d, "alice", "bob", "carol")
	}
	if name == "people" {
		return l
	}
	if d.chance(40) {
		l.Fingerprints = some(d, print64(1), strings.ToUpper(print64(2)), print64(3))
	}
	if d.chance(40) {
		l.Serials = []ListSerial{{pick(d, "C=CN, O=Root, CN=CA 1", "c=cn, o=root, cn=ca 2"), pick(d, "0A", "0b", "0c")}}
	}
	if d.chance(40) {
		l.Names = some(d, "C=CN, O=示例市民政局, CN=张三", "C=CN, O=demo, OU=A, CN=li", "C=CN")
	}
	return l
}

func print64(n int) string { return fmt.Sprintf("%064x", n*0xabc) }

func (d dice) rule(i int) Rule {
	r := Rule{ID: fmt.Sprintf("r%d", i), Name: pick(d, "", "一条规则"), Disabled: d.chance(8), Effect: pick(d, Allow, Allow, Deny), When: d.conditions(25)}
	if r.Effect == Allow && d.chance(30) {
		r.RequireLevel = Level(d.IntN(5))
	}
	for d.chance(25) && len(r.Except) < 3 {
		e := d.conditions(12)
		if len((&compiler{set: &Set{}, rules: &Rules{}, zones: map[string]int{}}).conditionsQuietly(&e)) == 0 {
			e.Users = []string{"alice"}
		}
		r.Except = append(r.Except, e)
	}
	return r
}

// conditionsQuietly counts conditions; names are not known here, which does no harm.
func (c *compiler) conditionsQuietly(e *Conditions) []condition {
	all := c.conditions(e)
	if e.Lists != nil {
		all = append(all, &lists{})
	}
	return all
}

func (d dice) conditions(percent int) (c Conditions) {
	for _, give := range []func(){
		func() { c.Applications = some(d, "oa", "mail", "pay") },
		func() { c.Protocols = some(d, Protocols()...) },
		func() { c.Methods = some(d, "GET", "POST", "DELETE") },
		func() { c.Hosts = some(d, "oa.demo.example", "*.demo.example", "*.oa.demo.example", "x.test") },
		func() {
			c.Paths = some(d, "/", "/**", "/a", "/a/", "/a/**", "/a/*/c", "/a/?", "/A/**", "/a/b*/**", "/公文/**", `/x\*y`, "/*")
			c.PathsIgnoreCase = d.chance(30)
		},
		func() {
			c.Addresses = some(d, "10.1.2.3", "10.1.0.0/16", "10.0.0.0/8", "0.0.0.0/0", "::/0", "2001:db8::/32", "10.1.2.0-10.1.2.255", "255.255.255.255")
		},
		func() { c.Networks = some(d, "office", "none") },
		func() { c.Times = d.windows() },
		func() { c.LeastLevel = Level(d.IntN(5)) },
		func() { c.Logins = some(d, Logins()...) },
		func() { c.Users = some(d, "alice", "bob", "dave") },
		func() { c.Groups = some(d, "staff", "audit", "admin") },
		func() {
			c.Units = some(d, "示例省", "示例省/**", "示例省/财政厅", "*/财政厅/**", "a/?", "A/**", "**")
		},
		func() { c.Lists = some(d, "black", "white", "people", "empty") },
		func() { c.Subject = d.attributes() },
		func() { c.Issuer = d.attributes() },
		func() { c.Profiles = some(d, "person-sign", "device") },
		func() { c.Policies = some(d, "1.2.3", "1.2.156.1") },
		func() { c.Suites = some(d, pki.SM2, pki.P256) },
	} {
		if d.chance(percent / 2) {
			give()
		}
	}
	return c
}

func (d dice) attributes() (all []Attribute) {
	for range 1 + d.IntN(2) {
		all = append(all, Attribute{Type: pick(d, "O", "OU", "CN", "C"), MatchCase: d.chance(30),
			Values: some(d, "CN", "cn", "示例*", "*民政局", "张?", "张三", "demo", "D*o", "A", "?", "*", `\*`, "r*t", "CA 1", "li")})
	}
	return all
}

func (d dice) windows() (all []Window) {
	for range 1 + d.IntN(2) {
		w := Window{TimeZone: pick(d, "", "", "UTC", "America/New_York")}
		if d.chance(40) {
			w.Weekdays = some(d, "mon", "tue", "sat", "sun", "thu")
		}
		if d.chance(50) {
			w.From, w.To = pick(d, "08:30", "22:00", ""), pick(d, "18:00", "06:15", "24:00")
		}
		if d.chance(30) {
			w.FirstDay = pick(d, "2026-09-20", "2026-10-01")
		}
		if d.chance(30) {
			w.LastDay = pick(d, "2026-10-07", "2026-10-10")
		}
		if d.chance(40) {
			w.Days, w.Calendar = pick(d, Working, Off), pick(d, "cn", "none")
		}
		all = append(all, w)
	}
	return all
}

func (d dice) request() *Request {
	r := &Request{Subject: d.subject(), At: time.Date(2026, 9, 18, 0, 0, 0, 0, time.UTC).Add(time.Duration(d.IntN(26*24*60)) * time.Minute),
		Address:     netip.MustParseAddr(pick(d, "10.1.2.3", "10.9.0.3", "10.9.0.6", "192.0.2.1", "255.255.255.255", "::", "2001:db8::1", "::ffff:10.1.2.3", "0.0.0.0")),
		Application: pick(d, "oa", "mail", "pay", "new"), Protocol: pick(d, Protocols()...), Host: pick(d, "", "oa.demo.example", "a.oa.demo.example", "demo.example", "x.test")}
	if r.Protocol == ProtocolTLS || r.Protocol == ProtocolTLCP {
		r.Method = pick(d, "GET", "POST", "PUT")
		r.Path = pick(d, "/", "/a", "/a/", "/A/b", "/a/b/c", "/a/b", "/a;x=1/b", "/公文/1", "/x*y", "/ab", "/a/bc/d/e", "/a/../b", "//a", "/a%2fb")
	}
	return r
}

func (d dice) subject() *Subject {
	if d.chance(15) {
		return nil
	}
	s := &Subject{Login: pick(d, Logins()...)}
	if s.Level = s.Login.Level(); s.Level > 1 && d.chance(10) {
		s.Level--
	}
	if s.Level == 0 {
		return s
	}
	if s.Login == LoginPassword || s.Login == LoginCode || d.chance(60) {
		s.User = pick(d, "alice", "bob", "carol", "dave", "erin")
		if d.chance(60) {
			s.Groups = some(d, "staff", "audit", "other")
		}
	}
	if d.chance(30) {
		s.Units = pick(d, []string{"示例省", "财政厅"}, []string{"a"}, []string{"a", "B"})
	}
	if s.Login.Level() >= LevelCertificate {
		s.Certificate = d.certificate()
	}
	return s
}

func (d dice) certificate() *Certificate {
	names := []string{"C=CN, O=示例市民政局, CN=张三", "C=CN, O=示例市民政局, OU=财政厅, OU=A, CN=张三丰", "C=CN, O=Demo, OU=A, CN=li", "CN=*", "C=CN, CN=a\\, O\\=demo"}
	subject, _ := pki.ParseName(pick(d, names...))
	issuer, _ := pki.ParseName(pick(d, "C=CN, O=Root, CN=CA 1", "C=CN, O=Root, CN=CA 2", "O=示例省, CN=CA"))
	c := &Certificate{Subject: subject, Issuer: issuer, Serial: pick[pki.Serial](d, "0a", "0b", "0c"), Fingerprint: print64(1 + d.IntN(4)),
		Profile: pick(d, "", "person-sign", "device"), Suite: pick(d, "", pki.SM2, pki.P256)}
	if d.chance(50) {
		c.Policies = some(d, "1.2.3", "1.2.4")
	}
	for _, a := range subject {
		if a.Type == "OU" {
			c.Units = append(c.Units, a.Value)
		}
	}
	return c
}
