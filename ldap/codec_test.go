package ldap

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
)

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	raw, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// Messages as other clients write them: RFC 4511's own forms by hand, and lengths of
// four octets as Windows sends them.
func vectors() map[string]string {
	return map[string]string{
		"bind":          "30 0c 02 01 01 60 07 02 01 03 04 00 80 00",
		"bind, long":    "30 84 00 00 00 10 02 01 01 60 84 00 00 00 07 02 01 03 04 00 80 00",
		"unbind":        "30 05 02 01 02 42 00",
		"abandon":       "30 06 02 01 05 50 01 04",
		"root":          "30 25 02 01 02 63 20 04 00 0a 01 00 0a 01 00 02 01 00 02 01 00 01 01 00 87 0b 6f 62 6a 65 63 74 63 6c 61 73 73 30 00",
		"with controls": "30 21 02 01 02 42 00 a0 1a 30 18 04 16 31 2e 32 2e 38 34 30 2e 31 31 33 35 35 36 2e 31 2e 34 2e 33 31 39",
	}
}

func TestMessages(t *testing.T) {
	for name, text := range vectors() {
		raw := unhex(t, text)
		content, err := readElement(bytes.NewReader(raw), mostMessage)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if _, err := parseMessage(content); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBrokenMessages(t *testing.T) {
	for name, text := range map[string]string{
		"indefinite length":        "30 80 02 01 01 42 00 00 00",
		"five octets of length":    "30 85 00 00 00 00 05 02 01 01 42 00",
		"too long":                 "30 84 7f ff ff ff",
		"another element":          "31 05 02 01 01 42 00",
		"negative id":              "30 05 02 01 ff 42 00",
		"id too long":              "30 0d 02 09 01 00 00 00 00 00 00 00 00 42 00",
		"an operation too long":    "30 05 02 01 01 42 05",
		"rest":                     "30 07 02 01 01 42 00 02 00",
		"high tag":                 "30 06 02 01 01 7f 63 00",
		"control without a name":   "30 0b 02 01 01 42 00 a0 04 30 02 05 00",
		"announced and never sent": "30 82 10 00 02 01",
	} {
		content, err := readElement(bytes.NewReader(unhex(t, text)), mostMessage)
		if err == nil {
			_, err = parseMessage(content)
		}
		if err == nil {
			t.Errorf("%s was read", name)
		}
	}
}

// equal is the filter (name=value) in BER.
func equal(name, value string) []byte { return element(filterEqual, octets(name), octets(value)) }

func TestFilterBounds(t *testing.T) {
	deep := equal("cn", "x")
	for range deepestFilter + 1 {
		deep = element(filterNot, deep)
	}
	var wide [][]byte
	for range mostTerms {
		wide = append(wide, equal("cn", "x"))
	}
	for name, raw := range map[string][]byte{
		"deep":             deep,
		"wide":             element(filterAnd, wide...),
		"long value":       equal("cn", strings.Repeat("x", longestValue+1)),
		"not of two":       element(filterNot, equal("cn", "a"), equal("cn", "b")),
		"empty substrings": element(filterSubstrings, octets("cn"), element(tagSequence)),
		"final first":      element(filterSubstrings, octets("cn"), element(tagSequence, element(0x82, []byte("a")), element(0x80, []byte("b")))),
		"unknown kind":     element(0xab, octets("cn")),
	} {
		b := ber(raw)
		if _, err := parseFilter(&b); err == nil {
			t.Errorf("%s was read", name)
		}
	}
}

func TestMatch(t *testing.T) {
	e := &entry{dn: dn{{"uid", "H1"}}}
	e.add("objectClass", "top", "inetOrgPerson")
	e.add("cn", "Zhang  San", "张三")
	e.addBinary("userCertificate;binary", []byte{1})
	sub := func(pieces ...[]byte) []byte {
		return element(filterSubstrings, octets("cn"), element(tagSequence, pieces...))
	}
	part := func(tag byte, text string) []byte { return element(tag, []byte(text)) }
	present := func(name string) []byte { return element(filterPresent, []byte(name)) }
	for name, c := range map[string]struct {
		raw  []byte
		want truth
	}{
		"equal":                  {equal("cn", "zhang san"), yes},
		"equal by other name":    {equal("commonName", "张三"), yes},
		"not equal":              {equal("cn", "li si"), no},
		"absent":                 {equal("mail", "a@b"), no},
		"unknown":                {equal("shoeSize", "43"), undefined},
		"not unknown":            {element(filterNot, equal("shoeSize", "43")), undefined},
		"present with an option": {present("userCertificate;binary"), yes},
		"present":                {present("usercertificate"), yes},
		"not present":            {element(filterNot, present("mail")), yes},
		"and":                    {element(filterAnd, equal("cn", "张三"), equal("shoeSize", "1")), undefined},
		"and, empty":             {element(filterAnd), yes},
		"or":                     {element(filterOr, equal("shoeSize", "1"), equal("cn", "张三")), yes},
		"or, empty":              {element(filterOr), no},
		"initial":                {sub(part(0x80, "zhang")), yes},
		"any and final":          {sub(part(0x81, "ang"), part(0x82, "SAN")), yes},
		"overlapping":            {sub(part(0x80, "zhang san"), part(0x82, "san")), no},
		"greater":                {element(filterGreater, octets("cn"), octets("a")), undefined},
		"extensible":             {element(filterExtensible, element(0x83, []byte("x"))), undefined},
	} {
		b := ber(c.raw)
		f, err := parseFilter(&b)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if got := f.match(e); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

func TestNames(t *testing.T) {
	for text, want := range map[string]string{
		"o=OneCert,c=CN":                          "o=OneCert,c=CN",
		" uid = H1 ; OU=holders , o=x ":           "uid=H1,ou=holders,o=x",
		`cn=\E5\BC\A0\E4\B8\89,o=a\, b`:           `cn=张三,o=a\, b`,
		`cn=\ a\ ,o=\#1`:                          `cn=\ a\ ,o=\#1`,
		"commonName=a,organizationName=b":         "cn=a,o=b",
		"2.5.4.3=a":                               "cn=a",
		"2.5.4.6=CN":                              "c=CN",
		"Uid=#0C024831 , DomainComponent=#160178": "uid=H1,dc=x",
		`UID=H\31,O=\4F\6e\65Cert`:                "uid=H1,o=OneCert",
		`cn=a\+b\"c\<d\>e\;f\\g`:                  `cn=a\+b\"c\<d\>e\;f\\g`,
		"":                                        "",
		"cn=a=b":                                  "cn=a=b",
		"uid=HMZXW6YTBOI,ou=holders,o=x y ":       "uid=HMZXW6YTBOI,ou=holders,o=x y",
	} {
		name, ok := parseDN(text)
		if !ok || name.String() != want {
			t.Errorf("%q: %v %q", text, ok, name.String())
		}
	}
	for _, text := range []string{"o", "o=", "o=a,", "=a", "o=a,,c=b", "cn=a+sn=b", `o=a\`, `o=a\zz`, "o=<a>", "o=#", "o=#0c", "o=#0c0161zz", "o=#0201ff", "o=#0c01ff", "o=#0c016100", "uid;x=a", "o=a\x00", strings.Repeat("o=a,", 40) + "c=b"} {
		if name, ok := parseDN(text); ok {
			t.Errorf("%q was read as %v", text, name)
		}
	}
}

func FuzzMessage(f *testing.F) {
	for _, text := range vectors() {
		f.Add(unhex(f, text))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		content, err := readElement(bytes.NewReader(raw), mostMessage)
		if err != nil {
			return
		}
		m, err := parseMessage(content)
		if err != nil {
			return
		}
		bindAnswer(m.body)
		for _, c := range m.controls {
			if p, err := parsePaged(c.value); err == nil && len(p.cookie) > 128 {
				t.Error("a long cookie")
			}
		}
		if r, err := parseSearch(m.body); err == nil {
			r.filter.match(&entry{})
			if c := narrow(r.filter); strings.Count(c.text, "?") != len(c.args) {
				t.Errorf("%q has %d arguments", c.text, len(c.args))
			}
		}
	})
}

func FuzzName(f *testing.F) {
	f.Add("o=OneCert,c=CN")
	f.Add(`cn=\E5\BC\A0\ ,o=a\, b`)
	f.Fuzz(func(t *testing.T, text string) {
		name, ok := parseDN(text)
		if !ok {
			return
		}
		again, ok := parseDN(name.String())
		if !ok || !again.equal(name) {
			t.Errorf("%q became %q", text, name.String())
		}
	})
}
