package trust

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"time"

	"golang.org/x/crypto/cryptobyte"
	asn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// An LDAP client for one question: the lists that stand at one entry (RFC 4511, RFC
// 4516). The module the platform has for LDAP keeps what it reads once for each level of
// nesting, six times in all, and reads whatever a server announces; a list may have a
// hundred MiB, and the directory is a stranger's.

// entryAddress is an LDAP URL, read.
type entryAddress struct{ dn, attribute string }

// parseDirectoryURL takes ldap://host[:port]/DN[?attribute[?base[?filter]]]. The filter,
// which CAs write into their certificates' addresses, changes nothing: the entry is named.
func parseDirectoryURL(u *url.URL) (entryAddress, error) {
	e := entryAddress{dn: strings.TrimPrefix(u.Path, "/"), attribute: "certificateRevocationList;binary"}
	parts := strings.Split(u.RawQuery, "?")
	if e.dn == "" || len(parts) > 3 {
		return e, errors.New("no DN, or more than attribute, scope and filter")
	}
	attribute, err := url.PathUnescape(parts[0])
	if err != nil || strings.Contains(attribute, ",") {
		return e, errors.New("not one attribute")
	}
	if attribute != "" {
		e.attribute = attribute
	}
	if len(parts) > 1 && parts[1] != "" && parts[1] != "base" {
		return e, errors.New("a scope that is not base")
	}
	return e, nil
}

// Protocol tags (RFC 4511).
const (
	ldapBind       = asn1.Tag(0x60)
	ldapBound      = asn1.Tag(0x61)
	ldapUnbind     = asn1.Tag(0x42)
	ldapSearch     = asn1.Tag(0x63)
	ldapEntry      = asn1.Tag(0x64)
	ldapDone       = asn1.Tag(0x65)
	ldapReferral   = asn1.Tag(0x73)
	ldapIntermed   = asn1.Tag(0x79)
	ldapSimple     = asn1.Tag(0x80)
	ldapPresent    = asn1.Tag(0x87)
	ldapMessageMax = 64 // messages of an answer
)

// fetchEntry reads the list at the source's entry.
func (s *sourcePlan) fetchEntry(ctx context.Context) ([]byte, error) {
	e, err := parseDirectoryURL(s.url)
	if err != nil {
		return nil, err
	}
	password, err := s.password()
	if err != nil {
		return nil, err
	}
	conn, err := s.dialDirectory(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	d := &directory{conn: conn, in: bufio.NewReaderSize(conn, 64<<10), limit: s.maxBytes}
	if s.row.User != "" {
		if err := d.bind(s.row.User, password); err != nil {
			return nil, err
		}
	}
	return d.search(e)
}

func (s *sourcePlan) dialDirectory(ctx context.Context) (net.Conn, error) {
	secure := s.url.Scheme == "ldaps"
	port := s.url.Port()
	if port == "" {
		port = map[bool]string{false: "389", true: "636"}[secure]
	}
	address := net.JoinHostPort(s.url.Hostname(), port)
	dialer := guard{s.allow}.dialer()
	if !secure {
		return dialer.DialContext(ctx, "tcp", address)
	}
	over := tls.Dialer{NetDialer: dialer, Config: &tls.Config{RootCAs: s.roots, MinVersion: tls.VersionTLS12}}
	return over.DialContext(ctx, "tcp", address)
}

// directory is a conversation.
type directory struct {
	conn  net.Conn
	in    *bufio.Reader
	limit int64 // octets still taken
	last  int64 // message id
}

// send writes one message.
func (d *directory) send(op asn1.Tag, body func(*cryptobyte.Builder)) error {
	d.last++
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(d.last)
		b.AddASN1(op, body)
	})
	message, err := b.Bytes()
	if err != nil {
		return err
	}
	_, err = d.conn.Write(message)
	return err
}

func (d *directory) bind(user, password string) error {
	err := d.send(ldapBind, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(3)
		b.AddASN1OctetString([]byte(user))
		b.AddASN1(ldapSimple, func(b *cryptobyte.Builder) { b.AddBytes([]byte(password)) })
	})
	if err != nil {
		return err
	}
	op, body, err := d.receive()
	if err != nil {
		return err
	}
	if op != ldapBound {
		return errors.New("the directory does not answer to the log in")
	}
	return result(body)
}

// search asks for the attribute of one entry and takes its only value.
func (d *directory) search(e entryAddress) (list []byte, err error) {
	err = d.send(ldapSearch, func(b *cryptobyte.Builder) {
		b.AddASN1OctetString([]byte(e.dn))
		b.AddASN1Enum(0) // this entry
		b.AddASN1Enum(0) // aliases are not followed
		b.AddASN1Int64(2)
		b.AddASN1Int64(60)
		b.AddASN1Boolean(false)
		b.AddASN1(ldapPresent, func(b *cryptobyte.Builder) { b.AddBytes([]byte("objectClass")) })
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1OctetString([]byte(e.attribute)) })
	})
	if err != nil {
		return nil, err
	}
	for range ldapMessageMax {
		op, body, err := d.receive()
		if err != nil {
			return nil, err
		}
		switch op {
		case ldapEntry:
			if list != nil {
				return nil, errors.New("the directory gives several entries")
			}
			if list, err = onlyValue(body, e.attribute); err != nil {
				return nil, err
			}
		case ldapDone:
			if err := result(body); err != nil {
				return nil, err
			}
			if list == nil {
				return nil, errors.New("the directory's entry has no list")
			}
			_ = d.send(ldapUnbind, func(*cryptobyte.Builder) {})
			return list, nil
		case ldapReferral, ldapIntermed:
		default:
			return nil, errors.New("the directory answers something else than was asked")
		}
	}
	return nil, errors.New("the directory's answer does not end")
}

// onlyValue reads SearchResultEntry: one attribute of the name with one value.
func onlyValue(body ber, attribute string) ([]byte, error) {
	malformed := errors.New("the directory's entry does not decode")
	var attributes, one, name, values, value ber
	if !body.read(asn1.OCTET_STRING, &name) || !body.read(asn1.SEQUENCE, &attributes) {
		return nil, malformed
	}
	plain, _, _ := strings.Cut(attribute, ";")
	for len(attributes) > 0 {
		if !attributes.read(asn1.SEQUENCE, &one) || !one.read(asn1.OCTET_STRING, &name) || !one.read(asn1.SET, &values) {
			return nil, malformed
		}
		if other, _, _ := strings.Cut(string(name), ";"); !strings.EqualFold(other, plain) {
			continue
		}
		if !values.read(asn1.OCTET_STRING, &value) || len(values) > 0 {
			return nil, errors.New("the directory's entry has several lists, or none")
		}
		return value, nil
	}
	return nil, errors.New("the directory's entry has no list")
}

// result reads LDAPResult.
func result(body ber) error {
	var code ber
	if !body.read(asn1.ENUM, &code) || len(code) != 1 {
		return errors.New("the directory's answer does not decode")
	}
	if code[0] != 0 {
		return fmt.Errorf("the directory answers with code %d", code[0])
	}
	return nil
}

// receive reads one message of this conversation.
func (d *directory) receive() (op asn1.Tag, body ber, err error) {
	_ = d.conn.SetReadDeadline(time.Now().Add(2 * time.Minute))
	tag, err := d.in.ReadByte()
	if err != nil {
		return 0, nil, err
	}
	length, err := readLength(d.in)
	if err != nil {
		return 0, nil, err
	}
	if d.limit -= length; d.limit < 0 {
		return 0, nil, errTooLong
	}
	message, err := readAll(io.LimitReader(d.in, length), length, length)
	if err != nil {
		return 0, nil, err
	}
	malformed := errors.New("the directory's answer does not decode")
	content, id := ber(message), ber(nil)
	if int64(len(message)) != length || asn1.Tag(tag) != asn1.SEQUENCE || !content.read(asn1.INTEGER, &id) || len(content) == 0 ||
		len(id) != 1 || int64(id[0]) != d.last {
		return 0, nil, malformed
	}
	op = asn1.Tag(content[0])
	if !content.read(op, &body) {
		return 0, nil, malformed
	}
	return op, body, nil
}

// ber reads definite lengths only (RFC 4511 5.1), but not only the shortest: directories
// of one large maker write four octets always.
type ber []byte

// read takes one element of a tag off the front.
func (b *ber) read(tag asn1.Tag, content *ber) bool {
	s := *b
	if len(s) < 2 || asn1.Tag(s[0]) != tag {
		return false
	}
	n, header := int(s[1]), 2
	if n >= 0x80 {
		more := n & 0x7f
		if more == 0 || more > 4 || len(s) < 2+more {
			return false
		}
		n = 0
		for _, octet := range s[2 : 2+more] {
			n = n<<8 | int(octet)
		}
		header += more
	}
	if len(s)-header < n {
		return false
	}
	*content, *b = s[header:header+n], s[header+n:]
	return true
}

func readLength(r io.ByteReader) (int64, error) {
	first, err := r.ReadByte()
	if err != nil || first < 0x80 {
		return int64(first), err
	}
	if first == 0x80 || first > 0x84 {
		return 0, errors.New("the directory writes lengths that are not taken")
	}
	n := int64(0)
	for range first & 0x7f {
		octet, err := r.ReadByte()
		if err != nil {
			return 0, err
		}
		n = n<<8 | int64(octet)
	}
	return n, nil
}
