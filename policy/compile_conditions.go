package policy

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"onecert/pki"
)

// conditions reads one block, in the order of fields.
func (c *compiler) conditions(source *Conditions) (all []condition) {
	add := func(made condition) {
		if made != nil {
			all = append(all, made)
		}
	}
	add(c.words(fieldApplications, source.Applications, c.plain("application")))
	add(c.words(fieldProtocols, texts(source.Protocols), c.oneOf(texts(Protocols()))))
	add(c.words(fieldMethods, source.Methods, c.method))
	add(c.hosts(source.Hosts))
	add(c.places(fieldPaths, source.Paths, source.PathsIgnoreCase))
	add(c.addresses(source))
	add(c.times(source.Times))
	add(c.leastLevel(source.LeastLevel))
	add(c.words(fieldLogins, texts(source.Logins), c.oneOf(texts(Logins()))))
	add(c.words(fieldUsers, source.Users, nil))
	add(c.words(fieldGroups, source.Groups, nil))
	add(c.places(fieldUnits, source.Units, true))
	add(c.lists(source.Lists))
	all = append(all, c.attributes(fieldSubject, source.Subject)...)
	all = append(all, c.attributes(fieldIssuer, source.Issuer)...)
	add(c.words(fieldProfiles, source.Profiles, nil))
	add(c.words(fieldPolicies, source.Policies, c.policy))
	add(c.words(fieldSuites, texts(source.Suites), c.oneOf(texts(pki.Suites()))))
	return all
}

func texts[T ~string](values []T) []string {
	all := make([]string, len(values))
	for i, value := range values {
		all[i] = string(value)
	}
	return all
}

// given counts values and refuses empty ones. A condition that is written without a
// value is a fault: "any of none" would hold for nobody, and somebody meant something.
func (c *compiler) given(of field, values []string) bool {
	if values == nil {
		return false
	}
	field := c.field(of)
	c.count(field, len(values))
	if len(values) == 0 {
		c.fault(field, "no-values")
	}
	for _, value := range values {
		switch {
		case strings.TrimSpace(value) == "":
			c.fault(field, "empty")
			return false
		case len(value) > maxWord || !utf8.ValidString(value):
			c.fault(field, "long", maxWord)
			return false
		}
	}
	return len(values) > 0
}

func (c *compiler) field(of field) string { return c.at + "." + of.String() }

// check refuses a value with a code; about are further words of the fault.
type check func(value string) (code string, about []any)

func (c *compiler) words(of field, values []string, wrong check) condition {
	if len(values) == 0 && (of == fieldProtocols || of == fieldLogins || of == fieldSuites) {
		return nil
	}
	if !c.given(of, values) {
		return nil
	}
	for _, value := range values {
		if wrong == nil {
			continue
		}
		if code, about := wrong(value); code != "" {
			c.fault(c.field(of), code, append([]any{value}, about...)...)
		}
	}
	return &words{of: of, values: values, set: slices.Compact(slices.Sorted(slices.Values(values)))}
}

// plain: ids have neither blanks nor control characters.
func (c *compiler) plain(code string) check {
	return func(value string) (string, []any) {
		if strings.ContainsFunc(value, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) {
			return code, nil
		}
		return "", nil
	}
}

func (c *compiler) oneOf(known []string) check {
	return func(value string) (string, []any) {
		if slices.Contains(known, value) {
			return "", nil
		}
		return "value", []any{strings.Join(known, ", ")}
	}
}

var (
	methodForm = regexp.MustCompile(`^[A-Z][A-Z_-]*$`)
	hostForm   = regexp.MustCompile(`^(\*\.)?[^\s*/\\:A-Z]+$`)
	policyForm = regexp.MustCompile(`^[0-2](\.(0|[1-9][0-9]*))+$`)
)

func (c *compiler) method(value string) (string, []any) {
	if !methodForm.MatchString(value) {
		return "method", nil
	}
	return "", nil
}

func (c *compiler) policy(value string) (string, []any) {
	if !policyForm.MatchString(value) {
		return "oid", nil
	}
	return "", nil
}

func (c *compiler) leastLevel(level Level) condition {
	if c.level(c.field(fieldLevel), level); level <= LevelAnonymous || level > LevelHighest {
		return nil
	}
	return &words{of: fieldLevel, values: []string{levelNames[level]}, set: levelNames[level:]}
}

func (c *compiler) hosts(values []string) condition {
	if !c.given(fieldHosts, values) {
		return nil
	}
	made := &hosts{values: values}
	for _, value := range values {
		if !hostForm.MatchString(value) {
			c.fault(c.field(fieldHosts), "host", value)
			continue
		}
		if domain, below := strings.CutPrefix(value, "*."); below {
			made.below = append(made.below, domain)
		} else {
			made.exact = append(made.exact, value)
		}
	}
	slices.Sort(made.below)
	slices.Sort(made.exact)
	return made
}

func (c *compiler) places(of field, values []string, fold bool) condition {
	if !c.given(of, values) {
		return nil
	}
	made := &places{of: of, values: values, fold: fold}
	for _, value := range values {
		source := value
		if of == fieldUnits {
			source = "/" + value
		}
		one, wrong := newPlace(source, fold)
		if wrong == "" && of == fieldPaths && one.literal != "" && !NormalPath(one.literal) {
			wrong = "path.segment"
		}
		if wrong != "" && of == fieldUnits {
			wrong = "units"
		}
		if wrong != "" {
			c.fault(c.field(of), wrong, value)
			continue
		}
		made.all = append(made.all, one)
	}
	return made
}

// addresses joins what is written here and what is named.
func (c *compiler) addresses(source *Conditions) condition {
	if source.Addresses == nil && source.Networks == nil {
		return nil
	}
	field := c.field(fieldAddresses)
	if len(source.Addresses)+len(source.Networks) == 0 {
		c.fault(field, "no-values")
	}
	all := c.spans(field, source.Addresses)
	values := slices.Clone(source.Addresses)
	for _, name := range source.Networks {
		spans, known := c.networks[name]
		if !known {
			c.fault(c.at+".networks", "unknown-name", name)
		}
		all, values = append(all, spans...), append(values, name)
	}
	made := &addresses{values, merged(all)}
	if c.spanned += len(made.spans); c.spanned > maxSpans && c.spanned-len(made.spans) <= maxSpans {
		c.fault(field, "too-many", maxSpans)
	}
	return made
}

func (c *compiler) lists(values []string) condition {
	if !c.given(fieldLists, values) {
		return nil
	}
	made := &lists{values: values, index: c.set.lists}
	for _, name := range values {
		if c.set.lists == nil {
			c.fault(c.field(fieldLists), "unknown-name", name)
			continue
		}
		number, known := c.set.lists.numbers[name]
		if !known {
			c.fault(c.field(fieldLists), "unknown-name", name)
			continue
		}
		made.numbers = append(made.numbers, number)
	}
	if made.index == nil {
		return nil // a fault already
	}
	return made
}

func (c *compiler) attributes(of field, sources []Attribute) (all []condition) {
	for _, source := range sources {
		if len(source.Values) == 0 {
			c.fault(c.field(of), "no-values")
			continue
		}
		if !c.given(of, source.Values) {
			continue
		}
		short, ok := attributeType(source.Type)
		if !ok {
			c.fault(c.field(of), "attribute", source.Type)
			continue
		}
		all = append(all, c.attribute(of, short, &source))
	}
	return all
}

// attributeType is the name pki.NameOf gives a type.
func attributeType(text string) (short string, ok bool) {
	if id, err := pki.ParseOID(text); err == nil {
		return typeOf(id)
	}
	name, err := pki.ParseName(text + "=x")
	if err != nil || len(name) != 1 {
		return "", false
	}
	return name[0].Type, true
}

// typeOf asks pki what it calls the type of an attribute.
func typeOf(id pki.OID) (short string, ok bool) {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(id)
				b.AddASN1(cbasn1.UTF8String, func(b *cryptobyte.Builder) { b.AddBytes([]byte("x")) })
			})
		})
	})
	der, err := b.Bytes()
	if err != nil {
		return "", false
	}
	name, err := pki.NameOf(der)
	if err != nil || len(name) != 1 {
		return "", false
	}
	return name[0].Type, true
}

func (c *compiler) attribute(of field, short string, source *Attribute) *attribute {
	made := &attribute{of: of, short: short, values: source.Values, fold: !source.MatchCase, kind: slices.Index(c.set.kinds, kind{of, short})}
	if made.kind < 0 {
		made.kind = len(c.set.kinds)
		c.set.kinds = append(c.set.kinds, kind{of, short})
	}
	for _, value := range source.Values {
		one := newPattern(value, made.fold)
		if literal, ok := one.literal(); ok && made.fold {
			made.exact = append(made.exact, literal)
		} else {
			made.wild = append(made.wild, one)
		}
	}
	slices.Sort(made.exact)
	return made
}
