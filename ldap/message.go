package ldap

import "unicode/utf8"

// The operations of RFC 4511 4.2 to 4.14: APPLICATION tags.
const (
	opBind         = 0x60
	opBindAnswer   = 0x61
	opUnbind       = 0x42
	opSearch       = 0x63
	opEntry        = 0x64
	opSearchDone   = 0x65
	opModify       = 0x66
	opAdd          = 0x68
	opDelete       = 0x4a
	opRename       = 0x6c
	opCompare      = 0x6e
	opAbandon      = 0x50
	opExtended     = 0x77
	opExtendedDone = 0x78
)

// result is a resultCode of RFC 4511 4.1.9.
type result int

const (
	success                result = 0
	operationsError        result = 1
	protocolError          result = 2
	timeLimitExceeded      result = 3
	sizeLimitExceeded      result = 4
	authMethodNotSupported result = 7
	adminLimitExceeded     result = 11
	unavailableCritical    result = 12
	noSuchObject           result = 32
	invalidDNSyntax        result = 34
	invalidCredentials     result = 49
	busy                   result = 51
	unavailable            result = 52
	unwilling              result = 53
)

// Most of what a message may hold: our answers to it are public, so nobody needs a
// long question.
const (
	mostMessage    = 32 << 10
	mostControls   = 8
	mostAttributes = 64
	mostDN         = 1024
)

type message struct {
	id       int
	op       byte
	body     ber
	controls []control
}

// control is a control of RFC 4511 4.1.11.
type control struct {
	oid      string
	critical bool
	value    ber
}

// parseMessage reads the inside of an LDAPMessage.
func parseMessage(b ber) (m message, err error) {
	if m.id, err = b.number(tagInteger); err != nil {
		return m, err
	}
	if m.op, m.body, err = b.next(); err != nil {
		return m, err
	}
	if len(b) == 0 {
		return m, nil
	}
	controls, err := b.take(0xa0)
	if err != nil || len(b) != 0 {
		return m, errMalformed
	}
	for len(controls) > 0 {
		c, err := parseControl(&controls)
		if err != nil || len(m.controls) == mostControls {
			return m, errMalformed
		}
		m.controls = append(m.controls, c)
	}
	return m, nil
}

func parseControl(b *ber) (c control, err error) {
	inside, err := b.take(tagSequence)
	if err != nil {
		return c, err
	}
	if c.oid, err = inside.text(); err != nil {
		return c, err
	}
	if len(inside) > 0 && inside[0] == tagBoolean {
		if c.critical, err = inside.boolean(); err != nil {
			return c, err
		}
	}
	if len(inside) > 0 {
		if c.value, err = inside.take(tagOctets); err != nil || len(inside) != 0 {
			return c, errMalformed
		}
	}
	return c, nil
}

// bind is a BindRequest. A password is only looked at for being there: nobody has
// one here.
type bind struct {
	version  int
	name     string
	simple   bool
	password bool
}

func parseBind(b ber) (r bind, err error) {
	if r.version, err = b.number(tagInteger); err != nil {
		return r, err
	}
	if r.name, err = b.text(); err != nil {
		return r, err
	}
	tag, content, err := b.next()
	if err != nil || len(b) != 0 || tag != 0x80 && tag != 0xa3 {
		return r, errMalformed
	}
	r.simple, r.password = tag == 0x80, len(content) > 0
	return r, nil
}

// Scopes of a search.
const (
	scopeBase = iota
	scopeOne
	scopeSub
)

// search is a SearchRequest.
type search struct {
	base       string
	scope      int
	size       int // most entries the client wants; 0: as many as we give
	time       int // seconds; 0: as long as we give
	typesOnly  bool
	filter     *filter
	attributes []string // lower case; empty: all of the user's
}

func parseSearch(b ber) (*search, error) {
	r := &search{}
	var err error
	if r.base, err = b.text(); err != nil {
		return nil, err
	}
	if len(r.base) > mostDN || !utf8.ValidString(r.base) {
		return nil, errMalformed
	}
	for _, field := range []struct {
		to   *int
		tag  byte
		most int
	}{{&r.scope, tagEnumerated, scopeSub}, {new(int), tagEnumerated, 3}, {&r.size, tagInteger, 1<<31 - 1}, {&r.time, tagInteger, 1<<31 - 1}} {
		if *field.to, err = b.number(field.tag); err != nil || *field.to > field.most {
			return nil, errMalformed
		}
	}
	if r.typesOnly, err = b.boolean(); err != nil {
		return nil, err
	}
	if r.filter, err = parseFilter(&b); err != nil {
		return nil, err
	}
	list, err := b.take(tagSequence)
	if err != nil || len(b) != 0 {
		return nil, errMalformed
	}
	for len(list) > 0 {
		name, err := list.text()
		if err != nil || len(r.attributes) == mostAttributes {
			return nil, errMalformed
		}
		r.attributes = append(r.attributes, lower(name))
	}
	return r, nil
}

// answer is an LDAPMessage of ours.
func answer(id int, op []byte, controls ...[]byte) []byte {
	parts := [][]byte{integer(tagInteger, id), op}
	if len(controls) > 0 {
		parts = append(parts, element(0xa0, controls...))
	}
	return element(tagSequence, parts...)
}

// done is an LDAPResult under the tag of an operation's answer.
func done(op byte, code result, matched, text string) []byte {
	return element(op, integer(tagEnumerated, int(code)), octets(matched), octets(text))
}

// entryAnswer is a SearchResultEntry.
func entryAnswer(dn string, attributes []attribute, typesOnly bool) []byte {
	list := make([][]byte, len(attributes))
	for i, a := range attributes {
		var values [][]byte
		if !typesOnly {
			for _, v := range a.values {
				values = append(values, element(tagOctets, v))
			}
		}
		list[i] = element(tagSequence, octets(a.name), element(tagSet, values...))
	}
	return element(opEntry, octets(dn), element(tagSequence, list...))
}

// The control of simple paged results (RFC 2696).
const oidPaged = "1.2.840.113556.1.4.319"

// paged is the value of that control.
type paged struct {
	size   int
	cookie string
}

func parsePaged(value ber) (p paged, err error) {
	inside, err := value.take(tagSequence)
	if err != nil || len(value) != 0 {
		return p, errMalformed
	}
	if p.size, err = inside.number(tagInteger); err != nil {
		return p, err
	}
	p.cookie, err = inside.text()
	if len(inside) != 0 || len(p.cookie) > 128 {
		return p, errMalformed
	}
	return p, err
}

func (p paged) control() []byte {
	value := element(tagSequence, integer(tagInteger, p.size), octets(p.cookie))
	return element(tagSequence, octets(oidPaged), element(tagOctets, value))
}
