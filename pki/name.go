package pki

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Attribute is one part of a name: a short type ("CN") and its value.
type Attribute struct {
	Type  string `json:"type" yaml:"type"`
	Value string `json:"value" yaml:"value"`
}

// Name is a distinguished name (甄别名) from root to leaf: C, ST, L, O, OU, CN.
// Each attribute is an RDN of its own.
type Name []Attribute

type attributeType struct {
	short string
	oid   OID
	max   int // upper bound in characters, RFC 5280 appendix A.1
}

// attributeTypes are the attributes a name may have, in the order they are written.
var attributeTypes = []attributeType{
	{"C", OID{2, 5, 4, 6}, 2},
	{"DC", OID{0, 9, 2342, 19200300, 100, 1, 25}, 63},
	{"ST", OID{2, 5, 4, 8}, 128},
	{"L", OID{2, 5, 4, 7}, 128},
	{"STREET", OID{2, 5, 4, 9}, 128},
	{"O", OID{2, 5, 4, 10}, 64},
	{"organizationIdentifier", OID{2, 5, 4, 97}, 64},
	{"OU", OID{2, 5, 4, 11}, 64},
	{"title", OID{2, 5, 4, 12}, 64},
	{"CN", OID{2, 5, 4, 3}, 64},
	{"SN", OID{2, 5, 4, 4}, 64},
	{"GN", OID{2, 5, 4, 42}, 64},
	{"serialNumber", OID{2, 5, 4, 5}, 64},
	{"UID", OID{0, 9, 2342, 19200300, 100, 1, 1}, 256},
	{"E", OIDEmail, 255},
}

func typeByShort(short string) (attributeType, bool) {
	for _, t := range attributeTypes {
		if strings.EqualFold(t.short, short) || short == "S" && t.short == "ST" {
			return t, true
		}
	}
	return attributeType{}, false
}

// AttributeTypes lists the short names of all known attribute types in writing order.
func AttributeTypes() []string {
	all := make([]string, len(attributeTypes))
	for i, t := range attributeTypes {
		all[i] = t.short
	}
	return all
}

// Get returns the first value of a type, "" if there is none.
func (n Name) Get(short string) string {
	for _, a := range n {
		if a.Type == short {
			return a.Value
		}
	}
	return ""
}

// String returns the name for people, root first: "C=CN, O=示例市民政局, CN=张三".
// Separators inside values are escaped with a backslash, so that the text can be
// read back and nobody is fooled by a value that looks like two.
func (n Name) String() string {
	parts := make([]string, len(n))
	for i, a := range n {
		parts[i] = a.Type + "=" + escapes.Replace(a.Value)
	}
	return strings.Join(parts, ", ")
}

var escapes = strings.NewReplacer(`\`, `\\`, `,`, `\,`, `=`, `\=`, `+`, `\+`)

// ParseName reads what String writes. Order is kept as written.
func ParseName(text string) (Name, error) {
	var name Name
	for part := range splitEscaped(text, ',') {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		short, value, ok := strings.Cut(part, "=")
		t, known := typeByShort(strings.TrimSpace(short))
		if !ok || !known {
			return nil, Errorf(Invalid, "name.attribute", "part %d of the name is not TYPE=value with a known type", len(name)+1).
				To("write it like C=CN, O=Unit, CN=Name; a comma inside a value is written \\,")
		}
		name = append(name, Attribute{Type: t.short, Value: unescape(strings.TrimSpace(value))})
	}
	if len(name) == 0 {
		return nil, Errorf(Invalid, "name.empty", "the name is empty").To("write it like C=CN, O=Unit, CN=Name")
	}
	return name, nil
}

func splitEscaped(text string, separator byte) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		start := 0
		for i := 0; i < len(text); i++ {
			switch text[i] {
			case '\\':
				i++
			case separator:
				if !yield(text[start:i]) {
					return
				}
				start = i + 1
			}
		}
		if start <= len(text) {
			yield(text[start:])
		}
	}
}

func unescape(text string) string {
	if !strings.Contains(text, `\`) {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+1 < len(text) {
			i++
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

// CheckLengths refuses unknown types, empty or over-long values and text that is
// not UTF-8 (RFC 5280 appendix A.1 upper bounds).
func (n Name) CheckLengths() error {
	for _, a := range n {
		t, ok := typeByShort(a.Type)
		if !ok {
			return Errorf(Invalid, "name.attribute", "attribute type %.32q is not known", a.Type).To("use one of %s", strings.Join(AttributeTypes(), ", "))
		}
		switch length := utf8.RuneCountInString(a.Value); {
		case !utf8.ValidString(a.Value):
			return Errorf(Invalid, "name.encoding", "the value of %s is not UTF-8 text", t.short).To("write it in UTF-8; with OpenSSL, use 'req -utf8'")
		case length == 0:
			return Errorf(Invalid, "name.empty", "the value of %s is empty", t.short).To("fill it in, or leave the attribute out")
		case length > t.max:
			return Errorf(Invalid, "name.length", "the value of %s has %d characters, more than the %d allowed", t.short, length, t.max).
				To("shorten it, or use another attribute")
		}
	}
	return nil
}

// DER encodes the name. C and serialNumber are PrintableString, E and DC
// IA5String, everything else UTF8String: one form for Chinese and ASCII alike, so
// that byte-wise comparison elsewhere never meets two spellings (GB/T 20518 5.2).
func (n Name) DER() ([]byte, error) {
	if err := n.CheckLengths(); err != nil {
		return nil, err
	}
	b := cryptobyte.NewBuilder(make([]byte, 0, 256))
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, a := range n {
			addRDN(b, a)
		}
	})
	return b.Bytes()
}

func addRDN(b *cryptobyte.Builder, a Attribute) {
	t, _ := typeByShort(a.Type)
	tag := cbasn1.UTF8String
	switch t.short {
	case "C", "serialNumber":
		tag = cbasn1.PrintableString
		if !printable(a.Value) {
			tag = cbasn1.UTF8String
		}
	case "E", "DC":
		tag = cbasn1.IA5String
		if !ascii(a.Value) {
			tag = cbasn1.UTF8String
		}
	}
	b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(t.oid)
			b.AddASN1(tag, func(b *cryptobyte.Builder) { b.AddBytes([]byte(a.Value)) })
		})
	})
}

func printable(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && !strings.ContainsRune(" '()+,-./:=?", rune(c)) {
			return false
		}
	}
	return true
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// NameOf reads a DER name. Types it does not know keep their dotted number;
// BMPString and the national character sets of old certificates are not decoded
// here, their bytes are kept when they are valid UTF-8.
func NameOf(der []byte) (Name, error) {
	input := cryptobyte.String(der)
	var rdns cryptobyte.String
	if !input.ReadASN1(&rdns, cbasn1.SEQUENCE) || !input.Empty() {
		return nil, malformedName()
	}
	var name Name
	for !rdns.Empty() {
		var set cryptobyte.String
		if !rdns.ReadASN1(&set, cbasn1.SET) || set.Empty() {
			return nil, malformedName()
		}
		for !set.Empty() {
			a, ok := readAttribute(&set)
			if !ok {
				return nil, malformedName()
			}
			name = append(name, a)
		}
	}
	return name, nil
}

func malformedName() error { return Errorf(Invalid, "name.der", "the name is not valid DER") }

func readAttribute(set *cryptobyte.String) (Attribute, bool) {
	var pair, value cryptobyte.String
	var oid OID
	var tag cbasn1.Tag
	if !set.ReadASN1(&pair, cbasn1.SEQUENCE) || !pair.ReadASN1ObjectIdentifier(&oid) ||
		!pair.ReadAnyASN1(&value, &tag) || !pair.Empty() {
		return Attribute{}, false
	}
	text := string(value)
	if tag == cbasn1.Tag(30) {
		text = decodeBMP(value)
	}
	if !utf8.ValidString(text) {
		text = strings.ToValidUTF8(text, "\uFFFD")
	}
	for _, t := range attributeTypes {
		if t.oid.Equal(oid) {
			return Attribute{Type: t.short, Value: text}, true
		}
	}
	return Attribute{Type: oid.String(), Value: text}, true
}

func decodeBMP(b []byte) string {
	runes := make([]rune, 0, len(b)/2)
	for i := 0; i+1 < len(b); i += 2 {
		runes = append(runes, rune(b[i])<<8|rune(b[i+1]))
	}
	return string(runes)
}
