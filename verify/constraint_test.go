package verify

import (
	"strings"
	"testing"

	"onecert/pki"
)

// constraintCases hold a leaf's names (kind and value in turn) against the
// constraints of a CA between it and the root.
func constraintCases() (all []oddCase) {
	const refused = "path.name-constraints"
	none := []string(nil)
	v6 := func(last byte) string { return strings.Repeat("\x00", 15) + string(last) }
	mask := strings.Repeat("\xff", 16)
	for _, c := range []struct {
		name                string
		permitted, excluded []string
		leaf                []string
		want                string
	}{
		{"host permitted", []string{"dns", "example.com"}, none, []string{"dns", "example.com"}, "good"},
		{"host below permitted", []string{"dns", "example.com"}, none, []string{"dns", "foo.bar.example.com"}, "good"},
		{"host in another case", []string{"dns", "Example.COM"}, none, []string{"dns", "a.eXample.com"}, "good"},
		{"host beside permitted", []string{"dns", "example.com"}, none, []string{"dns", "not-example.com"}, refused},
		{"host above permitted", []string{"dns", "foo.example.com"}, none, []string{"dns", "example.com"}, refused},
		{"host excluded", none, []string{"dns", "example.com"}, []string{"dns", "example.com"}, refused},
		{"second host excluded", none, []string{"dns", "bad.example.com"}, []string{"dns", "example.com", "dns", "bad.example.com"}, refused},
		{"permitted and excluded", []string{"dns", "example.com"}, []string{"dns", "example.com"}, []string{"dns", "example.com"}, refused},
		{"one of two permitted", []string{"dns", "a.example", "dns", "b.example"}, none, []string{"dns", "b.example"}, "good"},
		{"every host excluded", none, []string{"dns", ""}, []string{"dns", "example.com"}, refused},
		{"wildcard that could be excluded", []string{"dns", "example.com"}, []string{"dns", "bar.example.com"}, []string{"dns", "*.example.com"}, refused},
		{"wildcard wider than permitted", []string{"dns", "foo.example.com"}, none, []string{"dns", "*.example.com"}, refused},
		{"wildcard within permitted", []string{"dns", "example.com"}, none, []string{"dns", "*.example.com"}, "good"},
		{"wildcard that cannot be excluded", none, []string{"dns", "a.b.example.com"}, []string{"dns", "*.example.com"}, "good"},
		{"base with a wildcard", []string{"dns", "*.example.com"}, none, []string{"dns", "foo.example.com"}, refused},
		{"base with a leading dot", []string{"dns", ".example.com"}, none, []string{"dns", "foo.example.com"}, refused},
		{"host with a leading dot", []string{"dns", "example.com"}, none, []string{"dns", ".example.com", "dns", "foo.example.com"}, refused},

		{"address permitted", []string{"ip", "\xc0\x00\x02\x00\xff\xff\xff\x00"}, none, []string{"ip", "\xc0\x00\x02\x01"}, "good"},
		{"address beside permitted", []string{"ip", "\xc0\x00\x02\x00\xff\xff\xff\x00"}, none, []string{"ip", "\xc0\x00\x03\x01"}, refused},
		{"address excluded", none, []string{"ip", "\xc0\x00\x02\x00\xff\xff\xff\x00"}, []string{"ip", "\xc0\x00\x02\x01"}, refused},
		{"address of version 6 permitted", []string{"ip", v6(1) + mask}, none, []string{"ip", v6(1)}, "good"},
		{"address of version 6 excluded", none, []string{"ip", v6(1) + mask}, []string{"ip", v6(1)}, refused},
		{"address of the other version", []string{"ip", "\xc0\x00\x02\x00\xff\xff\xff\x00"}, none, []string{"ip", v6(1)}, refused},
		{"base without mask", []string{"ip", "\x7f\x00\x00\x01"}, none, []string{"ip", "\x7f\x00\x00\x01"}, refused},
		{"mask with a hole", []string{"ip", "\x7f\x00\x00\x01\xff\x00\xff\x00"}, none, []string{"ip", "\x7f\x00\x00\x01"}, refused},
		{"mask within an octet", []string{"ip", "\x0a\x80\x00\x00\xff\x80\x00\x00"}, none, []string{"ip", "\x0a\xff\x00\x01"}, "good"},
		{"range as an address", []string{"ip", "\xc0\x00\x02\x00\xff\xff\xff\x00"}, none, []string{"ip", "\xc0\x00\x02\x00\xff\xff\xff\x00", "ip", "\xc0\x00\x02\x01"}, refused},

		{"directory name permitted", []string{"dn", "C=CN, O=示例"}, none, []string{"dn", "C=CN, O=示例, CN=a"}, "good"},
		{"directory name in other case and spaces", []string{"dn", "C=CN, O=Example  Unit"}, none, []string{"dn", "C=CN, O=EXAMPLE unit, CN=a"}, "good"},
		{"directory name beside permitted", []string{"dn", "CN=foo"}, none, []string{"dn", "CN=not-foo"}, refused},
		{"directory name excluded", none, []string{"dn", "CN=foo"}, []string{"dn", "CN=foo"}, refused},

		{"mailbox permitted", []string{"email", "foo@example.com"}, none, []string{"email", "foo@EXAMPLE.com"}, "good"},
		{"mailbox in other case", []string{"email", "foo@example.com"}, none, []string{"email", "Foo@example.com"}, refused},
		{"mailbox of a permitted host", []string{"email", "example.com"}, none, []string{"email", "foo@example.com"}, "good"},
		{"mailbox below a permitted host", []string{"email", "example.com"}, none, []string{"email", "foo@a.example.com"}, refused},
		{"mailbox of a permitted domain", []string{"email", ".example.com"}, none, []string{"email", "foo@a.example.com"}, "good"},
		{"mailbox at the permitted domain itself", []string{"email", ".example.com"}, none, []string{"email", "foo@example.com"}, refused},
		{"mailbox excluded", none, []string{"email", "example.com"}, []string{"email", "foo@example.com"}, refused},
		{"mailbox with two signs", []string{"email", "example.com"}, none, []string{"email", "good@example.com", "email", "invalid@address@example.com"}, refused},
		{"base with two signs", []string{"email", "invalid@invalid@example.com"}, none, []string{"email", "a@example.com"}, refused},

		{"URI permitted", []string{"uri", "example.com"}, none, []string{"uri", "https://example.com/a"}, "good"},
		{"URI below permitted", []string{"uri", "example.com"}, none, []string{"uri", "https://a.example.com/"}, refused},
		{"URI in a permitted domain", []string{"uri", ".example.com"}, none, []string{"uri", "https://a.example.com:8443/"}, "good"},
		{"URI excluded", none, []string{"uri", ".example.com"}, []string{"uri", "https://a.example.com/"}, refused},
		{"URI without a host", []string{"uri", "example.com"}, none, []string{"uri", "urn:a:b"}, refused},
		{"URI with an address", none, []string{"uri", "example.com"}, []string{"uri", "https://192.0.2.1/"}, refused},
		{"URI that hides its host", none, []string{"uri", "bad.example"}, []string{"uri", "https://good.example@bad.example/"}, refused},

		{"another kind permitted", []string{"ip", "\xc0\x00\x02\x00\xff\xff\xff\x00"}, none, []string{"dns", "example.com"}, "good"},
		{"another kind excluded", none, []string{"ip", "\xc0\x00\x02\x00\xff\xff\xff\x00"}, []string{"dns", "example.com"}, "good"},
		{"a kind nobody compares", none, []string{"other", "\x06\x03\x2a\x03\x04\xa0\x02\x05\x00"}, []string{"dns", "example.com", "other", "\x06\x03\x2a\x03\x04\xa0\x02\x05\x00"}, refused},
		{"a kind nobody compares and nobody has", none, []string{"other", "\x06\x03\x2a\x03\x04\xa0\x02\x05\x00"}, []string{"dns", "example.com"}, "good"},
	} {
		all = append(all, oddCase{c.name, map[Profile]string{Path: c.want, CABF: ""}, func(l *lab) Request {
			root := l.ca("root", nil)
			ca := l.ca("ca", root, l.constraints(c.permitted, c.excluded))
			subject := []byte{0x30, 0}
			if c.leaf[0] == "dn" {
				subject = l.name(c.leaf[1])
			}
			leaf := l.leaf(ca, l.alternatives(c.leaf...), marking(pki.OIDSubjectAltName, c.leaf[0] != "dn"), func(s *spec) { s.subject = subject })
			r := ask(leaf, []*made{root}, ca)
			r.Names = Names{}
			return r
		}})
	}
	return all
}

// chainCases are about more than one CA.
func chainCases() []oddCase {
	const refused = "path.name-constraints"
	other := func(l *lab, name string) tweak { return l.alternatives("dns", name) }
	return []oddCase{
		{"self-issued CAs are free of constraints", map[Profile]string{Path: "good", CABF: ""}, func(l *lab) Request {
			root := l.ca("not-example", nil, l.permits("dns", "example.com"))
			next := l.ca("not-example", root, other(l, "not-example.com"))
			return ask(l.leaf(next), []*made{root}, next)
		}},
		{"a self-issued leaf is not", map[Profile]string{Path: refused, CABF: ""}, func(l *lab) Request {
			root := l.ca("root", nil, l.permits("dns", "example.com"))
			ca := l.ca("same", root)
			leaf := l.leaf(ca, func(s *spec) { s.subject = s.issuer }, other(l, "not-example.com"))
			r := ask(leaf, []*made{root}, ca)
			r.Names = Names{}
			return r
		}},
		{"a CA between has an excluded name", map[Profile]string{Path: refused, CABF: ""}, func(l *lab) Request {
			root := l.ca("root", nil)
			first := l.ca("first", root, l.excludes("dns", "forbidden.example.com"))
			second := l.ca("second", first, other(l, "forbidden.example.com"))
			return ask(l.leaf(second), []*made{root}, first, second)
		}},
		{"a CA below narrows", map[Profile]string{Path: refused, CABF: ""}, func(l *lab) Request {
			root := l.ca("root", nil)
			first := l.ca("first", root, l.permits("dns", "example.com", "dns", "bar.example"))
			second := l.ca("second", first, l.permits("dns", "bar.example"))
			return ask(l.leaf(second), []*made{root}, first, second)
		}},
		{"a CA below does not widen", map[Profile]string{Path: refused, CABF: ""}, func(l *lab) Request {
			root := l.ca("root", nil)
			first := l.ca("first", root, l.permits("dns", "bar.example"))
			second := l.ca("second", first, l.permits("dns", "bar.example", "dns", "example.com"))
			return ask(l.leaf(second), []*made{root}, first, second)
		}},
		{"constraints with a minimum", map[Profile]string{Path: refused, CABF: ""}, func(l *lab) Request {
			base := sequence(l.general("dns", "example.com") + "\x80\x01\x01")
			return constrained(l, sequence(wrap(explicit(0), base)))
		}},
		{"constraints with a maximum", map[Profile]string{Path: refused, CABF: ""}, func(l *lab) Request {
			base := sequence(l.general("dns", "example.com") + "\x81\x01\x05")
			return constrained(l, sequence(wrap(explicit(0), base)))
		}},
		{"constraints without either side", map[Profile]string{Path: "path.malformed-extension"}, func(l *lab) Request { return constrained(l, sequence("")) }},
		{"constraints with empty sides", map[Profile]string{Path: "path.malformed-extension"}, func(l *lab) Request {
			return constrained(l, sequence(wrap(explicit(0), "")+wrap(explicit(1), "")))
		}},
		{"constraints not critical", map[Profile]string{Path: "good", RFC5280: "profile.constraints-critical", CABF: "good"}, func(l *lab) Request {
			root := l.ca("root", nil, l.permits("dns", "example.com"), marking(pki.OIDNameConstraints, false))
			return ask(l.leaf(root), []*made{root})
		}},
		{"constraints in a leaf", strictly("profile.constraints-leaf"), func(l *lab) Request {
			root := l.ca("root", nil)
			return ask(l.leaf(root, l.permits("dns", "example.com")), []*made{root})
		}},
		{"e-mail in the subject counts", map[Profile]string{Path: refused, CABF: ""}, func(l *lab) Request {
			root := l.ca("root", nil, l.permits("email", "example.com"))
			return ask(l.leaf(root, l.named("CN=a, E=a@other.example")), []*made{root})
		}},
	}
}

func constrained(l *lab, value string) Request {
	root := l.ca("root", nil, raw(pki.OIDNameConstraints, true, value))
	return ask(l.leaf(root), []*made{root})
}

func TestConstraints(t *testing.T) {
	for _, suite := range []pki.Suite{pki.P256, pki.SM2} {
		judgeOdd(t, suite, append(constraintCases(), chainCases()...))
	}
}
