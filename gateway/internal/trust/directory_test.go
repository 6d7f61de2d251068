package trust

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/url"
	"testing"
	"time"
)

// deaf is a connection on which everything was said beforehand.
type deaf struct{ net.Conn }

func (deaf) Write(b []byte) (int, error)     { return len(b), nil }
func (deaf) SetReadDeadline(time.Time) error { return nil }

// hear searches in an answer made beforehand.
func hear(answer string, limit int64) ([]byte, error) {
	d := &directory{conn: deaf{}, in: bufio.NewReader(bytes.NewReader([]byte(answer))), limit: limit}
	return d.search(entryAddress{"cn=x", "certificateRevocationList;binary"})
}

// Answers of a directory whose list is "LIST": lengths as short as can be, and in the
// four octets that Windows always writes.
const (
	shortEntry = "\x30\x31\x02\x01\x01\x64\x2c\x04\x04cn=x\x30\x24\x30\x22\x04\x18certificaterevocationlis\x31\x06\x04\x04LIST"
	shortDone  = "\x30\x0c\x02\x01\x01\x65\x07\x0a\x01\x00\x04\x00\x04\x00"
	longDone   = "\x30\x84\x00\x00\x00\x10\x02\x01\x01\x65\x84\x00\x00\x00\x07\x0a\x01\x00\x04\x00\x04\x00"
)

// entry makes a search result with an attribute and values.
func entryAnswer(long bool, attribute string, values ...string) string {
	wrap := func(tag byte, content string) string {
		n := len(content)
		if long {
			return string([]byte{tag, 0x84, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}) + content
		}
		return string([]byte{tag, 0x82, byte(n >> 8), byte(n)}) + content
	}
	all := ""
	for _, v := range values {
		all += wrap(4, v)
	}
	attributes := wrap(0x30, wrap(0x30, wrap(4, attribute)+wrap(0x31, all)))
	return wrap(0x30, "\x02\x01\x01"+wrap(0x64, wrap(4, "cn=x")+attributes))
}

func TestDirectoryAnswers(t *testing.T) {
	const name = "certificateRevocationList;binary"
	for what, c := range map[string]struct{ answer, list string }{
		"short":           {entryAnswer(false, name, "LIST") + shortDone, "LIST"},
		"long":            {entryAnswer(true, name, "LIST") + longDone, "LIST"},
		"other case":      {entryAnswer(false, "CERTIFICATEREVOCATIONLIST", "LIST") + shortDone, "LIST"},
		"with a referral": {"\x30\x07\x02\x01\x01\x73\x02\x04\x00" + entryAnswer(false, name, "LIST") + shortDone, "LIST"},
		"another name":    {entryAnswer(false, "userCertificate", "LIST") + shortDone, ""},
		"two values":      {entryAnswer(false, name, "LIST", "LIST") + shortDone, ""},
		"no value":        {entryAnswer(false, name) + shortDone, ""},
		"two entries":     {entryAnswer(false, name, "LIST") + entryAnswer(false, name, "LIST") + shortDone, ""},
		"nothing":         {shortDone, ""},
		"no end":          {entryAnswer(false, name, "LIST"), ""},
		"not found":       {"\x30\x0c\x02\x01\x01\x65\x07\x0a\x01\x20\x04\x00\x04\x00", ""},
		"another message": {"\x30\x0c\x02\x01\x02\x65\x07\x0a\x01\x00\x04\x00\x04\x00", ""},
		"no length":       {"\x30\x80", ""},
		"a huge length":   {"\x30\x84\xff\xff\xff\xff", ""},
		"cut":             {shortEntry[:20], ""},
		"a page":          {"HTTP/1.1 400 Bad Request\r\n\r\n", ""},
	} {
		list, err := hear(c.answer, 10_000)
		if string(list) != c.list && err == nil || (err == nil) != (c.list != "") {
			t.Errorf("%s: %q, %v", what, list, err)
		}
	}
	if _, err := hear(entryAnswer(true, name, string(make([]byte, 20_000)))+shortDone, 10_000); !errors.Is(err, errTooLong) {
		t.Error("too long:", err)
	}
}

func TestDirectoryAddresses(t *testing.T) {
	for text, want := range map[string]*entryAddress{
		"ldap://h/CN=%E7%AD%BE%E5%8F%91,O=x":                                                           {"CN=签发,O=x", "certificateRevocationList;binary"},
		"ldap://h/cn=x?deltaRevocationList":                                                            {"cn=x", "deltaRevocationList"},
		"ldap://h/cn=x?certificateRevocationList;binary?base?(objectClass=*)":                          {"cn=x", "certificateRevocationList;binary"},
		"ldap://h/CN=crl1,OU=CRL,C=CN?certificateRevocationList?base?objectclass=cRLDistributionPoint": {"CN=crl1,OU=CRL,C=CN", "certificateRevocationList"},
		"ldap://h/":                nil,
		"ldap://h/cn=x?a,b":        nil,
		"ldap://h/cn=x??sub":       nil,
		"ldap://h/cn=x?a?base?x?y": nil,
	} {
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		got, err := parseDirectoryURL(u)
		if want == nil && err == nil || want != nil && (err != nil || got != *want) {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
}

// FuzzDirectory: whatever a directory answers, the client ends, and gives no more than
// it may.
func FuzzDirectory(f *testing.F) {
	f.Add(entryAnswer(false, "certificateRevocationList;binary", "LIST") + shortDone)
	f.Add(entryAnswer(true, "certificateRevocationList", "LIST") + longDone)
	f.Add(shortEntry + shortDone)
	f.Fuzz(func(t *testing.T, answer string) {
		list, err := hear(answer, 4096)
		if err == nil && len(list) > 4096 {
			t.Errorf("%d octets", len(list))
		}
		if err != nil && list != nil && !errors.Is(err, io.EOF) {
			t.Error("a list and an error")
		}
	})
}
