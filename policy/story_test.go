package policy

import (
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"onecert/pki"
)

// compiled reads rules in YAML.
func compiled(t testing.TB, text string) *Set {
	t.Helper()
	rules, err := Decode([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	set, err := Compile(rules)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// request is somebody of the civil affairs bureau on a working morning.
func request(change func(*Request)) *Request {
	r := &Request{Address: netip.MustParseAddr("10.1.2.3"), At: time.Date(2026, 9, 22, 2, 30, 0, 0, time.UTC),
		Application: "oa", Protocol: ProtocolTLS, Method: "GET", Host: "oa.demo.example", Path: "/a"}
	if change != nil {
		change(r)
	}
	return r
}

func byPassword(user string, groups ...string) *Subject {
	return &Subject{Login: LoginPassword, Level: LevelPassword, User: user, Groups: groups}
}

func byCertificate(t testing.TB, subject string) *Subject {
	t.Helper()
	name, err := pki.ParseName(subject)
	if err != nil {
		t.Fatal(err)
	}
	issuer, err := pki.ParseName("C=CN, O=示例市数字证书中心, CN=示例市签发 CA")
	if err != nil {
		t.Fatal(err)
	}
	return &Subject{Login: LoginCertificate, Level: LevelCertificate, Certificate: &Certificate{Subject: name, Issuer: issuer, Serial: "0a0b", Fingerprint: print64(1)}}
}

const townHall = `
version: 1
lists:
  stolen:
    fingerprints: ["FF:00000000000000000000000000000000000000000000000000000000000001"]
rules:
  - {id: public, effect: allow, when: {applications: [oa], paths: [/public/**], methods: [GET, HEAD]}}
  - {id: stolen, effect: deny, when: {lists: [stolen]}}
  - {id: approve, effect: allow, require_level: 3, when: {applications: [oa], paths: [/approve/**], subject: [{type: O, values: ["示例市*局"]}]}}
  - {id: approve-else, effect: deny, when: {applications: [oa], paths: [/approve/**]}}
  - {id: staff, effect: allow, when: {applications: [oa], groups: [staff]}}
  - {id: bureau, effect: allow, when: {applications: [oa], subject: [{type: O, values: ["示例市*局"]}]}}
`

// What the gateway asks a person for follows from Missing.
func TestWhatIsMissing(t *testing.T) {
	set := compiled(t, townHall)
	li := byCertificate(t, "C=CN, O=示例市民政局, CN=李四")
	strong := *li
	strong.Login, strong.Level = LoginHardware, LevelTwoFactors
	stranger := byCertificate(t, "C=CN, O=别处, CN=王五")
	for _, c := range []struct {
		name    string
		subject *Subject
		path    string
		method  string
		want    Decision
	}{
		{"the public part asks nobody", nil, "/public/a", "GET", Decision{Allowed: true, Reason: ReasonRule, Rule: "public"}},
		{"but for what it may not do", nil, "/public/a", "POST", Decision{Reason: ReasonDefault, Missing: LevelPassword}},
		{"a password would do", nil, "/x", "GET", Decision{Reason: ReasonDefault, Missing: LevelPassword}},
		{"a certificate could help a password", byPassword("li"), "/x", "GET", Decision{Reason: ReasonDefault, Missing: LevelCertificate}},
		{"staff", byPassword("li", "staff"), "/x", "GET", Decision{Allowed: true, Reason: ReasonRule, Rule: "staff"}},
		{"by certificate", li, "/x", "GET", Decision{Allowed: true, Reason: ReasonRule, Rule: "bureau"}},
		{"nothing helps a stranger", stranger, "/x", "GET", Decision{Reason: ReasonDefault}},
		{"approving asks for more", li, "/approve/1", "POST", Decision{Reason: ReasonLevel, Rule: "approve", Missing: LevelTwoFactors}},
		{"and is satisfied", &strong, "/approve/1", "POST", Decision{Allowed: true, Reason: ReasonRule, Rule: "approve"}},
		{"a denial after a rule that could match", nil, "/approve/1", "POST", Decision{Reason: ReasonRule, Rule: "approve-else", Missing: LevelTwoFactors}},
		{"a denial for good", stranger, "/approve/1", "POST", Decision{Reason: ReasonRule, Rule: "approve-else"}},
	} {
		r := request(func(r *Request) { r.Subject, r.Path, r.Method = c.subject, c.path, c.method })
		if got := set.Decide(r); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

// A black list takes out whom it names, and whoever cannot be looked up in it.
func TestExceptions(t *testing.T) {
	set := compiled(t, `
version: 1
lists: {black: {fingerprints: ["`+print64(1)+`"]}, leavers: {users: [mallory]}}
rules:
  - {id: all, effect: allow, when: {applications: [oa]}, except: [{lists: [black]}, {lists: [leavers], paths: [/a/**]}]}
  - {id: guard, effect: deny, when: {applications: [pay]}, except: [{users: [root]}]}
  - {id: pay, effect: allow, when: {applications: [pay]}}
`)
	listed, other := byCertificate(t, "CN=a"), byCertificate(t, "CN=b")
	other.Certificate.Fingerprint = print64(2)
	named := *other
	named.User = "zoe"
	leaver := *other
	leaver.User = "mallory"
	for name, c := range map[string]struct {
		subject     *Subject
		application string
		path        string
		rule        string
	}{
		"on the black list":                             {listed, "oa", "/a", ""},
		"not on it, and known":                          {&named, "oa", "/a", "all"},
		"cannot be asked for in the list of users":      {other, "oa", "/a", ""},
		"which matters on that path only":               {other, "oa", "/b", "all"},
		"without a certificate the black list is blind": {nil, "oa", "/b", ""},
		"a leaver":                             {&leaver, "oa", "/a/b", ""},
		"the guard keeps the unknown out":      {nil, "pay", "/", "guard"},
		"and a certificate without an account": {other, "pay", "/", "guard"},
		"but not whom it excepts":              {byPassword("root"), "pay", "/", "pay"},
	} {
		r := request(func(r *Request) { r.Subject, r.Application, r.Path = c.subject, c.application, c.path })
		if got := set.Decide(r); got.Rule != c.rule {
			t.Errorf("%s: %+v, want %q", name, got, c.rule)
		}
		if e := set.Explain(r); e.Decision != set.Decide(r) {
			t.Errorf("%s: %+v", name, e)
		}
	}
}

// What cannot be judged is denied, whatever the rules say.
func TestFaults(t *testing.T) {
	set := compiled(t, "version: 1\ndefault: allow\nrules: []\n")
	good := byCertificate(t, "CN=a")
	bad := func(change func(*Subject)) func(*Request) {
		return func(r *Request) {
			s, c := *good, *good.Certificate
			s.Certificate = &c
			change(&s)
			r.Subject = &s
		}
	}
	if d := set.Decide(request(nil)); !d.Allowed {
		t.Fatalf("%+v", d)
	}
	for _, c := range []struct {
		fault  string
		change func(*Request)
	}{
		{"at", func(r *Request) { r.At = time.Time{} }},
		{"at", func(r *Request) { r.At = time.Date(10001, 1, 1, 0, 0, 0, 0, time.UTC) }},
		{"address", func(r *Request) { r.Address = netip.Addr{} }},
		{"application", func(r *Request) { r.Application = "" }},
		{"application", func(r *Request) { r.Application = strings.Repeat("x", maxText+1) }},
		{"protocol", func(r *Request) { r.Protocol = "http" }},
		{"method", func(r *Request) { r.Method = "" }},
		{"method", func(r *Request) { r.Protocol, r.Path = ProtocolTCP, "" }},
		{"path", func(r *Request) { r.Protocol, r.Method = ProtocolVPN, "" }},
		{"path", func(r *Request) { r.Path = "/a/../b" }},
		{"host", func(r *Request) { r.Host = "OA.demo.example" }},
		{"host", func(r *Request) { r.Host = "oa.demo.example." }},
		{"level", bad(func(s *Subject) { s.Level = LevelTwoFactors })},
		{"level", bad(func(s *Subject) { s.Level = -1 })},
		{"level", bad(func(s *Subject) { s.Login = "" })},
		{"login", bad(func(s *Subject) { s.Login, s.Level = "magic", 0 })},
		{"login", bad(func(s *Subject) { s.Login, s.Level = "", 0 })},
		{"login", bad(func(s *Subject) { s.Level = 0 })},
		{"login", bad(func(s *Subject) { s.Login, s.Level = LoginPassword, 1 })},
		{"login", func(r *Request) { r.Subject = &Subject{User: "root"} }},
		{"login", func(r *Request) { r.Subject = &Subject{Login: LoginCode, Level: 1} }},
		{"certificate", bad(func(s *Subject) { s.Certificate = nil })},
		{"certificate", bad(func(s *Subject) { s.Certificate.Fingerprint = strings.ToUpper(print64(1)) })},
		{"certificate", bad(func(s *Subject) { s.Certificate.Fingerprint = "" })},
		{"certificate", bad(func(s *Subject) { s.Certificate.Serial = "0A" })},
		{"certificate", bad(func(s *Subject) { s.Certificate.Issuer = nil })},
		{"certificate", bad(func(s *Subject) {
			s.Certificate.Issuer = pki.Name{{Type: "CN", Value: strings.Repeat("x", maxValue+1)}}
		})},
		{"subject", bad(func(s *Subject) { s.Groups = make([]string, maxGroups+1) })},
	} {
		r := request(c.change)
		want := Decision{Reason: ReasonFault, Fault: c.fault}
		if d := set.Decide(r); d != want {
			t.Errorf("%s: %+v", c.fault, d)
		}
		if e := set.Explain(r); e.Decision != want || e.Text.Zh == "拒绝：" || len(e.Rules) != 0 {
			t.Errorf("%s: %+v", c.fault, e)
		}
	}
	var none *Set
	if d := none.Decide(request(nil)); d != (Decision{Reason: ReasonNoRules}) {
		t.Errorf("%+v", d)
	}
	if e := none.Explain(request(nil)); e.Decision.Reason != ReasonNoRules {
		t.Errorf("%+v", e)
	}
}

// One set, asked by many at once, gives everybody his own answer.
func TestManyAtOnce(t *testing.T) {
	set := compiled(t, townHall)
	li := byCertificate(t, "C=CN, O=示例市民政局, CN=Li")
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for n := range 3000 {
				r := request(func(r *Request) { r.Path, r.At = "/x", r.At.Add(time.Duration(n)*time.Second) })
				want := ""
				if (i+n)%2 == 0 {
					r.Subject, want = li, "bureau"
				}
				if d := set.Decide(r); d.Rule != want {
					t.Errorf("%+v, want %q", d, want)
					return
				}
			}
		})
	}
	all.Wait()
}

// Kinds of login are listed weakest first, and each level has a name.
func TestLevels(t *testing.T) {
	last := LevelAnonymous
	for _, login := range Logins() {
		if login.Level() < last {
			t.Errorf("%s is below the one before", login)
		}
		last = login.Level()
		if strings.Contains(last.String(), "  ") || last.text().Zh == "" {
			t.Errorf("%q", last)
		}
	}
	if last != LevelHighest || Login("magic").Level() != LevelAnonymous || Level(9).String() != "9" || Level(9).text().En != "9" {
		t.Errorf("the best login is %s", last)
	}
}
