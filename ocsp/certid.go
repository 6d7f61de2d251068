package ocsp

import (
	"bytes"
	"crypto/sha1" // names an issuer, protects nothing: RFC 5019 2.1.1 demands it
	"crypto/sha256"

	"github.com/emmansun/gmsm/sm3"
	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"onecert/pki"
)

// hashAlgorithm is one that names an issuer in a CertID: its identifier's content
// octets and its function.
type hashAlgorithm struct {
	oid []byte
	sum func([]byte) []byte
}

// hashAlgorithms are those understood: SHA-1, which every client of RFC 5019 sends,
// SHA-256, and SM3 (GM/T 0006).
func hashAlgorithms() []hashAlgorithm {
	return []hashAlgorithm{
		{[]byte{0x2b, 0x0e, 0x03, 0x02, 0x1a}, func(b []byte) []byte { s := sha1.Sum(b); return s[:] }},
		{[]byte{0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01}, func(b []byte) []byte { s := sha256.Sum256(b); return s[:] }},
		{[]byte{0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x83, 0x11}, func(b []byte) []byte { s := sm3.Sum(b); return s[:] }},
	}
}

// certID is one CertID of a request (RFC 6960 4.1.1). Everything points into the
// request's octets.
type certID struct {
	raw      []byte // the whole element, repeated as it is in the answer
	hash     []byte // content of the algorithm's OBJECT IDENTIFIER
	null     bool   // its parameters are NULL, not absent
	nameHash []byte
	keyHash  []byte
	serial   []byte // content of the INTEGER
}

// serialOctets is the length of a serial as key: what RFC 5280 4.1.2.2 allows.
const serialOctets = pki.SerialOctets

// certKey names a certificate in memory: its issuer's place among those served and
// its serial, padded in front.
type certKey struct {
	serial [serialOctets]byte
	issuer uint8
}

// keyOf is the key of a serial's content octets; ok is false for what no certificate
// of ours can have: zero, a negative number, or more than 20 octets.
func keyOf(issuer uint8, content []byte) (k certKey, ok bool) {
	if len(content) == 0 || content[0]&0x80 != 0 {
		return k, false
	}
	if content[0] == 0 {
		content = content[1:]
	}
	if len(content) == 0 || len(content) > serialOctets {
		return k, false
	}
	k.issuer = issuer
	copy(k.serial[serialOctets-len(content):], content)
	return k, true
}

// number is the serial as the journal writes it.
func (k certKey) number() pki.Serial {
	const digits = "0123456789abcdef"
	trimmed := bytes.TrimLeft(k.serial[:], "\x00")
	text := make([]byte, 0, 2*serialOctets)
	for _, b := range trimmed {
		text = append(text, digits[b>>4], digits[b&15])
	}
	return pki.Serial(text)
}

// journalKey is the key of a serial the journal names.
func journalKey(issuer uint8, serial pki.Serial) (certKey, bool) {
	content := serial.Big().Bytes()
	if len(content) == 0 || len(content) > serialOctets {
		return certKey{}, false
	}
	k := certKey{issuer: issuer}
	copy(k.serial[serialOctets-len(content):], content)
	return k, true
}

// directory finds the issuer a CertID means, by the hashes of its name and key.
type directory struct {
	algorithms []hashAlgorithm
	issuers    []map[string]uint8 // for each algorithm: name hash and key hash together
}

func newDirectory() *directory {
	d := &directory{algorithms: hashAlgorithms()}
	for range d.algorithms {
		d.issuers = append(d.issuers, map[string]uint8{})
	}
	return d
}

// add makes an issuer known by its subject's DER and the bits of its key. Two issuers
// of one name and key are one for every client; the first keeps the place.
func (d *directory) add(subject, keyBits []byte, issuer uint8) (added bool) {
	for i, a := range d.algorithms {
		name := string(a.sum(subject)) + string(a.sum(keyBits))
		if _, taken := d.issuers[i][name]; taken {
			return false
		}
		d.issuers[i][name] = issuer
	}
	return true
}

// forms is how many ways there are to write one CertID: an algorithm, with or without NULL.
func (d *directory) forms() uint8 { return uint8(2 * len(d.algorithms)) }

// find returns the issuer and which of the forms the CertID has.
func (d *directory) find(id *certID) (issuer, form uint8, ok bool) {
	for i := range d.algorithms {
		if !bytes.Equal(d.algorithms[i].oid, id.hash) {
			continue
		}
		var name [128]byte
		if len(id.nameHash)+len(id.keyHash) > len(name) {
			return 0, 0, false
		}
		n := copy(name[:], id.nameHash)
		n += copy(name[n:], id.keyHash)
		issuer, ok = d.issuers[i][string(name[:n])]
		form = uint8(2 * i)
		if id.null {
			form++
		}
		return issuer, form, ok
	}
	return 0, 0, false
}

// readCertID reads one CertID, strictly DER.
func readCertID(from *cryptobyte.String, id *certID) bool {
	var element, inner, algorithm, oid, parameters cryptobyte.String
	if !from.ReadASN1Element(&element, cbasn1.SEQUENCE) {
		return false
	}
	id.raw = element
	var name, key cryptobyte.String
	ok := element.ReadASN1(&inner, cbasn1.SEQUENCE) &&
		inner.ReadASN1(&algorithm, cbasn1.SEQUENCE) &&
		algorithm.ReadASN1(&oid, cbasn1.OBJECT_IDENTIFIER) && validOID(oid)
	if !ok {
		return false
	}
	if !algorithm.Empty() {
		id.null = algorithm.ReadASN1(&parameters, cbasn1.NULL) && parameters.Empty() && algorithm.Empty()
		if !id.null {
			return false
		}
	}
	ok = inner.ReadASN1(&name, cbasn1.OCTET_STRING) && inner.ReadASN1(&key, cbasn1.OCTET_STRING) &&
		readInteger(&inner, &id.serial) && inner.Empty()
	id.hash, id.nameHash, id.keyHash = oid, name, key
	return ok
}

// maxInteger bounds a serial in a request, in octets: more than any certificate has,
// little enough to be repeated in an answer.
const maxInteger = 64

// readInteger reads an INTEGER's content octets, which have to be minimal (X.690 8.3.2).
func readInteger(from *cryptobyte.String, into *[]byte) bool {
	var content cryptobyte.String
	if !from.ReadASN1(&content, cbasn1.INTEGER) || len(content) == 0 || len(content) > maxInteger {
		return false
	}
	if len(content) > 1 && (content[0] == 0 && content[1] < 0x80 || content[0] == 0xff && content[1] >= 0x80) {
		return false
	}
	*into = content
	return true
}

// validOID holds the content octets of an OBJECT IDENTIFIER against X.690 8.19: each
// arc ends, and none begins with padding.
func validOID(content []byte) bool {
	start := true
	for _, b := range content {
		if start && b == 0x80 {
			return false
		}
		start = b < 0x80
	}
	return len(content) > 0 && len(content) <= maxInteger && start
}
