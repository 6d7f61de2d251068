package verify

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"strings"
	"testing"
	"time"

	"onecert/pki"
)

// oddCase is a chain that somebody once got wrong, in the spirit of the x509-limbo
// suite: want has, by profile, a code that must be among the reasons, or "good", or ""
// where it is not asked. A profile that is not named is judged like the one before it.
type oddCase struct {
	name string
	want map[Profile]string
	make func(l *lab) Request
}

func always(code string) map[Profile]string   { return map[Profile]string{Path: code} }
func strictly(code string) map[Profile]string { return map[Profile]string{Path: "good", RFC5280: code} }
func onTheWeb(code string) map[Profile]string { return map[Profile]string{Path: "good", CABF: code} }
func (c oddCase) expected(p Profile) (code string) {
	for _, profile := range Profiles() {
		if want, ok := c.want[profile]; ok {
			code = want
		}
		if profile == p {
			return code
		}
	}
	return code
}

// under is a root and a leaf below it.
func under(name string, want map[Profile]string, root, leaf []tweak) oddCase {
	return oddCase{name, want, func(l *lab) Request {
		anchor := l.ca("root", nil, root...)
		return ask(l.leaf(anchor, leaf...), []*made{anchor})
	}}
}

func formCases() []oddCase {
	one := func(t ...tweak) []tweak { return t }
	empty := func(s *spec) { s.subject = []byte{0x30, 0} }
	unknown := raw(pki.OID{1, 3, 6, 1, 4, 1, 55738, 666, 1}, true, "")
	serial := func(octets string) tweak { return func(s *spec) { s.serial = []byte(octets) } }
	return []oddCase{
		under("all rules kept", always("good"), nil, nil),
		under("unknown critical extension in the leaf", always("path.critical-extension"), nil, one(unknown)),
		under("unknown critical extension in the root", always("path.critical-extension"), one(unknown), nil),
		under("empty issuer", always("trust.unknown-issuer"), nil, one(func(s *spec) { s.issuer = []byte{0x30, 0} })),
		under("CA without a name", always("path.no-name"), one(empty, func(s *spec) { s.issuer = []byte{0x30, 0} }), nil),
		under("the same extension twice", always("path.duplicate-extension"), nil, one(also(pki.SubjectAltNameExtension([]pki.AltName{{Kind: "dns", Value: "example.com"}}, false)))),
		under("alternative name that is no DER", always("path.malformed-extension"), nil, one(raw(pki.OIDSubjectAltName, false, "example.com"))),
		under("access information that is no DER", always("path.malformed-extension"), nil, one(raw(pki.OIDAIA, false, "malformed"))),
		under("alternative name beyond ASCII", always("path.malformed-extension"), nil, one(raw(pki.OIDSubjectAltName, false, sequence(wrap(implicit(2), "示例.example.com"))))),
		under("root without basic constraints", always("path.not-a-ca"), one(without(pki.OIDBasicConstraints)), nil),
		under("root that may not sign certificates", always("path.ca-usage"), one(usage(x509.KeyUsageCRLSign)), nil),
		under("leaf without key usage", map[Profile]string{Path: "good"}, nil, one(without(pki.OIDKeyUsage))),
		under("leaf without extended key usage", onTheWeb("profile.leaf-extended"), nil, one(without(pki.OIDExtKeyUsage))),
		under("leaf for another purpose", always("usage.extended"), nil, one(extendedUsage(2))),
		under("leaf for any purpose", onTheWeb("profile.leaf-extended"), nil, one(extendedUsage(1, 0))),
		under("leaf for servers and clients", always("good"), nil, one(extendedUsage(1, 2))),
		under("leaf for servers and code", onTheWeb("profile.leaf-extended"), nil, one(extendedUsage(1, 3))),
		under("critical extended key usage", onTheWeb("profile.leaf-extended"), nil, one(marking(pki.OIDExtKeyUsage, true))),
		under("root with extended key usage", onTheWeb("profile.root-extended"), one(extendedUsage(1)), nil),
		under("root for other purposes", always("path.extended-usage"), one(extendedUsage(2)), nil),

		under("no authority key identifier", strictly("profile.aki-missing"), nil, one(without(pki.OIDAuthorityKeyID))),
		under("critical authority key identifier", strictly("profile.aki-critical"), nil, one(marking(pki.OIDAuthorityKeyID, true))),
		under("root without subject key identifier", strictly("profile.ski-missing"), one(without(pki.OIDSubjectKeyID)), one(without(pki.OIDAuthorityKeyID), also(pki.AuthorityKeyIDExtension([]byte{1})))),
		under("critical subject key identifier", strictly("profile.ski-critical"), one(marking(pki.OIDSubjectKeyID, true)), nil),
		under("basic constraints not critical", strictly("profile.basic-critical"), one(marking(pki.OIDBasicConstraints, false)), nil),
		under("leaf that may sign certificates", strictly("profile.leaf-usage"), nil, one(usage(x509.KeyUsageCertSign|x509.KeyUsageDigitalSignature))),
		under("critical access information", strictly("profile.access-critical"), nil, one(func(s *spec) {
			e := pki.AuthorityInfoExtension(nil, []string{"http://ca.demo.example/ca.crt"})
			e.Critical = true
			with(e)(s)
		})),
		under("no subject, alternative name not critical", strictly("profile.alternative-critical"), nil, one(empty)),
		under("no subject, alternative name critical", always("good"), nil, one(empty, marking(pki.OIDSubjectAltName, true))),
		under("subject beside a critical alternative name", onTheWeb("profile.alternative-mark"), nil, one(marking(pki.OIDSubjectAltName, true))),
		under("path length without a CA", strictly("profile.length-without-ca"), nil, one(raw(pki.OIDBasicConstraints, true, sequence("\x02\x01\x00")))),
		under("serial zero", strictly("profile.serial"), nil, one(serial("\x00"))),
		under("negative serial", strictly("profile.serial"), nil, one(serial("\xfe"))),
		under("serial of 22 octets", strictly("profile.serial"), nil, one(serial("\x01"+strings.Repeat("\x02", 21)))),
		under("serial of 20 octets", always("good"), nil, one(serial("\x01"+strings.Repeat("\x02", 19)))),
		under("policy constraints not critical", strictly("profile.policy-critical"), one(raw(oidPolicyConstraints, false, sequence("\x80\x01\x03"))), nil),
		under("inhibited policy not critical", strictly("profile.any-critical"), one(raw(oidInhibitAnyPolicy, false, "\x02\x01\x03")), nil),
		under("no alternative name", always("name.dns"), nil, one(without(pki.OIDSubjectAltName))),
		under("version 1", always("name.dns"), nil, one(func(s *spec) { s.version, s.extensions = 0, nil })),
		under("certificate of a CA as a server's", onTheWeb("profile.leaf-ca"), nil, one(length(-1))),
		under("weak curve in the leaf", always("path.weak-key"), nil, one(func(s *spec) {
			key, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
			if err != nil {
				panic(err)
			}
			if s.spki, err = x509.MarshalPKIXPublicKey(key.Public()); err != nil {
				panic(err)
			}
		})),
		under("a key of no kind", always("path.unknown-key"), nil, one(func(s *spec) { s.spki = []byte(sequence(sequence("\x06\x03\x2b\x65\x70") + "\x03\x02\x00\x01")) })),
		under("an unusable key in the root", always("path.signature"), one(func(s *spec) { s.spki = []byte(sequence(sequence("\x06\x03\x2b\x65\x70") + "\x03\x02\x00\x01")) }), nil),
		under("root of another authority", onTheWeb("profile.authority"), one(also(pki.AuthorityKeyIDExtension([]byte{1, 2, 3}))), nil),
		under("common name that is no alternative", onTheWeb("profile.common-name"), nil, one(func(s *spec) {
			name, _ := pki.Name{{Type: "CN", Value: "Example.COM"}}.DER()
			s.subject = name
		})),
		under("key usage that allows nothing", onTheWeb("profile.leaf-no-usage"), nil, one(raw(pki.OIDKeyUsage, true, "\x03\x01\x00"))),
		under("not yet valid", always("path.not-yet-valid"), nil, one(func(s *spec) { s.before = now.Add(time.Second) })),
		under("valid since now", always("good"), nil, one(func(s *spec) { s.before = now })),
		under("valid until now", always("good"), nil, one(func(s *spec) { s.after = now })),
		under("root expired", always("path.expired"), one(func(s *spec) { s.after = now.Add(-time.Second) }), nil),
	}
}

// hostCases are alternative names against the host asked for.
func hostCases() (all []oddCase) {
	for _, c := range []struct{ presented, host, want string }{
		{"example.com", "example.com", "good"}, {"EXAMPLE.com", "example.COM", "good"}, {"example.com", "example.com.", "good"},
		{"example.com", "example2.com", "name.dns"}, {"abc.example.com", "def.example.com", "name.dns"},
		{"example.com", "abc.example.com", "name.dns"}, {"abc.example.com", "example.com", "name.dns"},
		{"*.example.com", "foo.example.com", "good"}, {"*.example.com", "foo.bar.example.com", "name.dns"}, {"*.example.com", "example.com", "name.dns"},
		{"ba*.example.com", "baz.example.com", "name.dns"}, {"foo.*.example.com", "foo.bar.example.com", "name.dns"},
		{"xn--*-1b3c148a.example.com", "xn--bliss-1b3c148a.example.com", "name.dns"}, {"*", "com", "name.dns"}, {"*.*.com", "a.b.com", "name.dns"},
		{"example.com\x00.evil.example", "example.com", "path.malformed-extension"}, {"", "example.com", "name.dns"}, {"192.0.2.1", "192.0.2.1", "request.names"},
	} {
		all = append(all, oddCase{"host " + c.presented + " for " + c.host, map[Profile]string{Path: c.want}, func(l *lab) Request {
			root := l.ca("root", nil)
			r := ask(l.leaf(root, l.alternatives("dns", c.presented), func(s *spec) { s.subject = l.name("C=CN") }), []*made{root})
			r.Names.DNS = []string{c.host}
			return r
		}})
	}
	return all
}

func TestForms(t *testing.T) {
	for _, suite := range []pki.Suite{pki.P256, pki.SM2} {
		judgeOdd(t, suite, append(formCases(), hostCases()...))
	}
}

// judgeOdd asks every case in every profile. The web's rules do not know SM2.
func judgeOdd(t *testing.T, suite pki.Suite, cases []oddCase) {
	t.Helper()
	for _, c := range cases {
		for _, profile := range Profiles() {
			if c.expected(profile) == "" || suite == pki.SM2 && profile == CABF {
				continue
			}
			r := c.make(&lab{t: t, suite: suite})
			r.Profile = profile
			v := Check(t.Context(), r)
			want := c.expected(profile)
			found := v.Good && want == "good"
			for _, reason := range v.Reasons {
				found = found || reason.Code == want
			}
			if !found {
				t.Errorf("%s, %s, %s: good %v, %v, want %s", suite, profile, c.name, v.Good, v.Reasons, want)
			}
		}
	}
}

// SM2 is refused by the rules of the public web, with the reason.
func TestSM2OnTheWeb(t *testing.T) {
	l := &lab{t: t, suite: pki.SM2}
	root := l.ca("root", nil)
	r := ask(l.leaf(root), []*made{root})
	r.Profile = CABF
	wantCodes(t, "SM2", Check(t.Context(), r), "profile.key")
}
