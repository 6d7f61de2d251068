package ldap

import "strings"

// Bounds of a filter.
const (
	deepestFilter = 16
	mostTerms     = 64
	longestValue  = 1024
)

// Kinds of filter (RFC 4511 4.5.1.7).
const (
	filterAnd        = 0xa0
	filterOr         = 0xa1
	filterNot        = 0xa2
	filterEqual      = 0xa3
	filterSubstrings = 0xa4
	filterGreater    = 0xa5
	filterLess       = 0xa6
	filterPresent    = 0x87
	filterApprox     = 0xa8
	filterExtensible = 0xa9
)

// filter is one node of a search filter.
type filter struct {
	kind  byte
	parts []*filter // of and, or, not
	name  string    // attribute, lower case, without ;binary
	value string    // prepared for comparison
	sub   substrings
}

type substrings struct {
	initial, final string
	any            []string
}

func parseFilter(b *ber) (*filter, error) {
	terms := 0
	return parseTerm(b, 0, &terms)
}

func parseTerm(b *ber, depth int, terms *int) (*filter, error) {
	if *terms++; depth > deepestFilter || *terms > mostTerms {
		return nil, errMalformed
	}
	tag, content, err := b.next()
	if err != nil {
		return nil, err
	}
	f := &filter{kind: tag}
	switch tag {
	case filterAnd, filterOr, filterNot:
		for len(content) > 0 {
			part, err := parseTerm(&content, depth+1, terms)
			if err != nil {
				return nil, err
			}
			f.parts = append(f.parts, part)
		}
		if tag == filterNot && len(f.parts) != 1 {
			return nil, errMalformed
		}
		return f, nil
	case filterPresent:
		f.name = attributeName(string(content))
		return f, nil
	case filterEqual, filterApprox, filterGreater, filterLess:
		return f, f.assertion(content)
	case filterSubstrings:
		return f, f.substrings(content)
	case filterExtensible:
		return f, nil // no rule of ours fits any: it is undefined
	}
	return nil, errMalformed
}

func (f *filter) assertion(b ber) error {
	name, err := b.text()
	if err != nil {
		return err
	}
	value, err := b.text()
	if err != nil || len(b) != 0 || len(value) > longestValue {
		return errMalformed
	}
	f.name, f.value = attributeName(name), prepare(value)
	return nil
}

func (f *filter) substrings(b ber) error {
	name, err := b.text()
	if err != nil {
		return err
	}
	list, err := b.take(tagSequence)
	if err != nil || len(b) != 0 || len(list) == 0 {
		return errMalformed
	}
	f.name = attributeName(name)
	for first := true; len(list) > 0; first = false {
		tag, content, err := list.next()
		if err != nil || len(content) == 0 || len(content) > longestValue || len(f.sub.any) == mostTerms {
			return errMalformed
		}
		piece := prepare(string(content))
		switch {
		case tag == 0x80 && first:
			f.sub.initial = piece
		case tag == 0x81:
			f.sub.any = append(f.sub.any, piece)
		case tag == 0x82 && len(list) == 0:
			f.sub.final = piece
		default:
			return errMalformed
		}
	}
	return nil
}

// truth is three-valued: what is undefined does not become true by a "not" (RFC
// 4511 4.5.1.7).
type truth int

const (
	no truth = iota
	undefined
	yes
)

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}

// match judges an entry.
func (f *filter) match(e *entry) truth {
	switch f.kind {
	case filterAnd:
		least := yes
		for _, part := range f.parts {
			least = min(least, part.match(e))
		}
		return least
	case filterOr:
		most := no
		for _, part := range f.parts {
			most = max(most, part.match(e))
		}
		return most
	case filterNot:
		return yes - f.parts[0].match(e)
	case filterPresent:
		return truthOf(e.get(f.name) != nil)
	case filterEqual, filterApprox:
		return f.compare(e, func(value string) bool { return value == f.value })
	case filterSubstrings:
		return f.compare(e, f.sub.match)
	}
	return undefined // orderings and extensible rules: none of ours has them
}

func (f *filter) compare(e *entry, fits func(string) bool) truth {
	if !searchable(f.name) {
		return undefined
	}
	a := e.get(f.name)
	if a == nil {
		return no
	}
	for _, value := range a.values {
		if fits(prepare(string(value))) {
			return yes
		}
	}
	return no
}

func (s *substrings) match(value string) bool {
	rest, found := strings.CutPrefix(value, s.initial)
	if !found {
		return false
	}
	for _, piece := range s.any {
		if _, rest, found = strings.Cut(rest, piece); !found {
			return false
		}
	}
	return strings.HasSuffix(rest, s.final)
}

// prepare brings a value into the form values are compared in (RFC 4518, as far as
// our attributes need it: case folded, white space joined).
func prepare(value string) string {
	value = strings.ReplaceAll(strings.ToValidUTF8(value, "\uFFFD"), "\x00", "\uFFFD") // what no database takes
	return strings.ToLower(strings.Join(strings.Fields(value), " "))
}

func lower(name string) string { return strings.ToLower(name) }

// attributeName is the type without its options: nobody can compare by ;binary.
func attributeName(name string) string {
	name, _, _ = strings.Cut(lower(name), ";")
	if full, ok := aliases(name); ok {
		return full
	}
	return name
}

// aliases are the other names of an attribute (RFC 4519, RFC 4523).
func aliases(name string) (string, bool) {
	switch name {
	case "commonname", "2.5.4.3":
		return "cn", true
	case "userid", "0.9.2342.19200300.100.1.1":
		return "uid", true
	case "countryname", "2.5.4.6":
		return "c", true
	case "localityname", "2.5.4.7":
		return "l", true
	case "stateorprovincename", "2.5.4.8":
		return "st", true
	case "domaincomponent", "0.9.2342.19200300.100.1.25":
		return "dc", true
	case "organizationname", "2.5.4.10":
		return "o", true
	case "organizationalunitname", "2.5.4.11":
		return "ou", true
	case "surname", "2.5.4.4":
		return "sn", true
	case "rfc822mailbox", "0.9.2342.19200300.100.1.3":
		return "mail", true
	case "2.5.4.36":
		return "usercertificate", true
	case "2.5.4.37":
		return "cacertificate", true
	case "2.5.4.39":
		return "certificaterevocationlist", true
	case "2.5.4.53":
		return "deltarevocationlist", true
	case "2.5.4.0":
		return "objectclass", true
	}
	return "", false
}

// searchable reports whether an attribute has an equality rule here. Certificates
// and lists have none: their readers look at them themselves.
func searchable(name string) bool {
	switch name {
	case "cn", "uid", "o", "ou", "sn", "mail", "c", "dc", "objectclass":
		return true
	}
	return false
}
