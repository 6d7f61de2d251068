package ldap

import (
	"errors"
	"io"
)

// errMalformed is every break of the encoding; a peer that breaks it is told so
// once and the connection ends (RFC 4511 4.1.1).
var errMalformed = errors.New("the message is not LDAP")

// Tags of ASN.1 and of LDAP that are used in more than one place.
const (
	tagBoolean    = 0x01
	tagInteger    = 0x02
	tagOctets     = 0x04
	tagEnumerated = 0x0a
	tagSequence   = 0x30
	tagSet        = 0x31
)

// ber reads BER as RFC 4511 5.1 restricts it: definite lengths only. Lengths need not
// be minimal, because the clients of Windows write four octets always.
type ber []byte

// header reads a tag and a length of at most four octets, and returns how many
// octets they took.
func (b ber) header() (tag byte, length, size int, err error) {
	if len(b) < 2 || b[0]&0x1f == 0x1f {
		return 0, 0, 0, errMalformed
	}
	tag, length = b[0], int(b[1])
	if length < 0x80 {
		return tag, length, 2, nil
	}
	octets := length & 0x7f
	if octets == 0 || octets > 4 || len(b) < 2+octets {
		return 0, 0, 0, errMalformed
	}
	value := uint64(0)
	for _, octet := range b[2 : 2+octets] {
		value = value<<8 | uint64(octet)
	}
	if value > 1<<31-1 {
		return 0, 0, 0, errMalformed
	}
	return tag, int(value), 2 + octets, nil
}

// next takes one element off the front.
func (b *ber) next() (tag byte, content ber, err error) {
	tag, length, size, err := b.header()
	if err != nil || length > len(*b)-size {
		return 0, nil, errMalformed
	}
	content = (*b)[size : size+length]
	*b = (*b)[size+length:]
	return tag, content, nil
}

// take is next for an element that has to have the tag.
func (b *ber) take(tag byte) (ber, error) {
	got, content, err := b.next()
	if err != nil || got != tag {
		return nil, errMalformed
	}
	return content, nil
}

func (b *ber) text() (string, error) {
	content, err := b.take(tagOctets)
	return string(content), err
}

// number reads an INTEGER or ENUMERATED that is not negative and fits 31 bits: no
// other number occurs in LDAP.
func (b *ber) number(tag byte) (int, error) {
	content, err := b.take(tag)
	if err != nil {
		return 0, err
	}
	return content.integer()
}

func (b ber) integer() (int, error) {
	if len(b) == 0 || len(b) > 8 || b[0]&0x80 != 0 {
		return 0, errMalformed
	}
	value := uint64(0)
	for _, octet := range b {
		value = value<<8 | uint64(octet)
	}
	if value > 1<<31-1 {
		return 0, errMalformed
	}
	return int(value), nil
}

func (b *ber) boolean() (bool, error) {
	content, err := b.take(tagBoolean)
	if err != nil || len(content) != 1 {
		return false, errMalformed
	}
	return content[0] != 0, nil
}

// readElement reads one whole element of at most most octets from a connection. A
// peer cannot make us hold more than it sends.
func readElement(r io.Reader, most int) (ber, error) {
	head := make([]byte, 2, 64)
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, err
	}
	if head[0] != tagSequence {
		return nil, errMalformed
	}
	if more := int(head[1]) & 0x7f; head[1]&0x80 != 0 {
		if more == 0 || more > 4 {
			return nil, errMalformed
		}
		head = head[:2+more]
		if _, err := io.ReadFull(r, head[2:]); err != nil {
			return nil, err
		}
	}
	_, length, size, err := ber(head).header()
	if err != nil || length > most-size {
		return nil, errMalformed
	}
	content := make([]byte, length)
	if _, err := io.ReadFull(r, content); err != nil {
		return nil, err
	}
	return content, nil
}

// element returns tag, length and the parts as one element, with a minimal length.
func element(tag byte, parts ...[]byte) []byte {
	length := 0
	for _, part := range parts {
		length += len(part)
	}
	out := append(make([]byte, 0, length+6), tag)
	switch {
	case length < 0x80:
		out = append(out, byte(length))
	case length < 1<<8:
		out = append(out, 0x81, byte(length))
	case length < 1<<16:
		out = append(out, 0x82, byte(length>>8), byte(length))
	case length < 1<<24:
		out = append(out, 0x83, byte(length>>16), byte(length>>8), byte(length))
	default:
		out = append(out, 0x84, byte(length>>24), byte(length>>16), byte(length>>8), byte(length))
	}
	for _, part := range parts {
		out = append(out, part...)
	}
	return out
}

func octets(text string) []byte { return element(tagOctets, []byte(text)) }

// integer encodes a number that is not negative.
func integer(tag byte, value int) []byte {
	content := []byte{byte(value >> 24), byte(value >> 16), byte(value >> 8), byte(value)}
	for len(content) > 1 && content[0] == 0 && content[1]&0x80 == 0 {
		content = content[1:]
	}
	return element(tag, content)
}
