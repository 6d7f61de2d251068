package verify

import (
	"crypto/sha1" //nolint:gosec // names a key in RFC 6960, protects nothing
	"crypto/sha256"
	"crypto/sha512"
	"encoding/asn1"
	"hash"
	"time"

	"github.com/emmansun/gmsm/sm3"
	"golang.org/x/crypto/cryptobyte"
	cb "golang.org/x/crypto/cryptobyte/asn1"

	"onecert/pki"
)

// Answer is a parsed OCSP answer (RFC 6960 4.2). What it says does not change after
// ParseAnswer; it may be shared between questions and goroutines.
type Answer struct {
	responder    string // its name as a key; "" where it is told by its key
	keyHash      []byte // SHA-1 of its key; nil where it is told by name
	name         []byte // DER, for people
	produced     time.Time
	nonce        []byte
	singles      []single
	certificates []*Certificate
	unknown      bool // an extension is critical and not understood
	id           [sha256.Size]byte
	signed       signedPart
}

// single is what is said about one certificate.
type single struct {
	hash                      string // OID content octets
	nameHash, keyHash, serial []byte
	state                     state
	revokedAt                 time.Time
	reason                    pki.Reason
	thisUpdate, nextUpdate    time.Time // nextUpdate is zero if it does not say
	unknown                   bool
}

// state is a CertStatus.
type state int

const (
	stateGood state = iota
	stateRevoked
	stateUnknown
)

// Limits of a foreign answer.
const (
	maxAnswer             = 1 << 20
	maxSingles            = 1024
	maxAnswerCertificates = 10
)

var (
	oidBasicAnswer = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 1}
	oidNonce       = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 2}
	oidSHA1        = asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}
)

// hashes of CertIDs; read only.
var hashes = map[string]func() hash.Hash{
	octets(oidSHA1):    sha1.New,
	octets(oidSHA256):  sha256.New,
	octets(oidSHA384):  sha512.New384,
	octets(oidSHA512):  sha512.New,
	octets(pki.OIDSM3): sm3.New,
}

// ParseAnswer reads one DER OCSP answer. Its signature is checked by Check, which
// knows the issuer. An answer that only says that there is none is an error.
func ParseAnswer(der []byte) (*Answer, error) {
	if len(der) > maxAnswer {
		return nil, malformedAnswer("it is larger than 1 MiB")
	}
	input := cryptobyte.String(der)
	var outer, wrapped, bytes, kind, basic cryptobyte.String
	var code int
	if !input.ReadASN1(&outer, cb.SEQUENCE) || !input.Empty() || !outer.ReadASN1Enum(&code) {
		return nil, malformedAnswer("it does not decode")
	}
	if code != 0 {
		return nil, pki.Errorf(pki.Unavailable, "ocsp.refused", "the responder gives no answer (status %d)", code).
			To("ask again later, or use a revocation list")
	}
	if !outer.ReadASN1(&wrapped, explicit(0)) || !outer.Empty() || !wrapped.ReadASN1(&bytes, cb.SEQUENCE) || !wrapped.Empty() ||
		!bytes.ReadASN1(&kind, cb.OBJECT_IDENTIFIER) || string(kind) != octets(oidBasicAnswer) ||
		!bytes.ReadASN1(&basic, cb.OCTET_STRING) || !bytes.Empty() {
		return nil, malformedAnswer("it is not a basic response")
	}
	a := &Answer{id: sha256.Sum256(der)}
	if !a.read(basic) {
		return nil, malformedAnswer("it does not decode")
	}
	return a, nil
}

func malformedAnswer(where string) *pki.Error {
	return pki.Errorf(pki.Invalid, "ocsp.malformed", "these bytes are not an OCSP answer (%s)", where).To("ask the responder again")
}

// read reads BasicOCSPResponse.
func (a *Answer) read(s cryptobyte.String) bool {
	var outer, element, algorithm, tbs, certificates cryptobyte.String
	var present bool
	if !s.ReadASN1(&outer, cb.SEQUENCE) || !s.Empty() || !outer.ReadASN1Element(&element, cb.SEQUENCE) ||
		!outer.ReadASN1Element(&algorithm, cb.SEQUENCE) || !outer.ReadASN1BitStringAsBytes(&a.signed.signature) ||
		!outer.ReadOptionalASN1(&certificates, &present, explicit(0)) || !outer.Empty() {
		return false
	}
	a.signed.tbs, a.signed.algorithm = element, algorithm
	if !element.ReadASN1(&tbs, cb.SEQUENCE) || !a.readData(tbs) {
		return false
	}
	var list cryptobyte.String
	if present && (!certificates.ReadASN1(&list, cb.SEQUENCE) || !certificates.Empty()) {
		return false
	}
	for !list.Empty() {
		var der cryptobyte.String
		if len(a.certificates) == maxAnswerCertificates || !list.ReadASN1Element(&der, cb.SEQUENCE) {
			return false
		}
		c, err := ParseCertificate(der)
		if err != nil {
			return false
		}
		a.certificates = append(a.certificates, c)
	}
	return true
}

// readData reads ResponseData.
func (a *Answer) readData(tbs cryptobyte.String) bool {
	var version, list, outer cryptobyte.String
	var versioned, extended bool
	number := int64(0)
	if !tbs.ReadOptionalASN1(&version, &versioned, explicit(0)) ||
		versioned && (!version.ReadASN1Integer(&number) || !version.Empty() || number != 0) ||
		!a.readResponder(&tbs) || !readGeneralized(&tbs, &a.produced) || !tbs.ReadASN1(&list, cb.SEQUENCE) ||
		!tbs.ReadOptionalASN1(&outer, &extended, explicit(1)) || !tbs.Empty() {
		return false
	}
	for !list.Empty() {
		var one cryptobyte.String
		var s single
		if len(a.singles) == maxSingles || !list.ReadASN1(&one, cb.SEQUENCE) || !s.read(one) {
			return false
		}
		a.singles = append(a.singles, s)
	}
	return !extended || a.readExtensions(outer)
}

func (a *Answer) readExtensions(outer cryptobyte.String) bool {
	var list cryptobyte.String
	if !outer.ReadASN1(&list, cb.SEQUENCE) || !outer.Empty() {
		return false
	}
	for !list.Empty() {
		oid, critical, value, ok := readExtension(&list)
		switch {
		case !ok:
			return false
		case oid == octets(oidNonce):
			var nonce cryptobyte.String
			if !value.ReadASN1(&nonce, cb.OCTET_STRING) || !value.Empty() || a.nonce != nil {
				return false
			}
			a.nonce = append([]byte{}, nonce...)
		case critical:
			a.unknown = true
		}
	}
	return true
}

func (a *Answer) readResponder(tbs *cryptobyte.String) bool {
	var choice cryptobyte.String
	if tbs.PeekASN1Tag(explicit(1)) {
		if !tbs.ReadASN1(&choice, explicit(1)) {
			return false
		}
		name, ok := readName(choice)
		a.responder, a.name = name.key(), choice
		return ok && len(name) > 0
	}
	return tbs.ReadASN1(&choice, explicit(2)) && choice.ReadASN1Bytes(&a.keyHash, cb.OCTET_STRING) && choice.Empty()
}

func readGeneralized(s *cryptobyte.String, into *time.Time) bool {
	var text cryptobyte.String
	return s.ReadASN1(&text, cb.GeneralizedTime) && parseTime(string(text), cb.GeneralizedTime, into)
}

// read reads SingleResponse.
func (s *single) read(one cryptobyte.String) bool {
	var id, algorithm, oid, next, outer cryptobyte.String
	var more, extended bool
	if !one.ReadASN1(&id, cb.SEQUENCE) || !id.ReadASN1(&algorithm, cb.SEQUENCE) || !algorithm.ReadASN1(&oid, cb.OBJECT_IDENTIFIER) ||
		!id.ReadASN1Bytes(&s.nameHash, cb.OCTET_STRING) || !id.ReadASN1Bytes(&s.keyHash, cb.OCTET_STRING) ||
		!id.ReadASN1Bytes(&s.serial, cb.INTEGER) || !id.Empty() || !s.readState(&one) || !readGeneralized(&one, &s.thisUpdate) ||
		!one.ReadOptionalASN1(&next, &more, explicit(0)) || more && (!readGeneralized(&next, &s.nextUpdate) || !next.Empty()) ||
		!one.ReadOptionalASN1(&outer, &extended, explicit(1)) || !one.Empty() {
		return false
	}
	s.hash = string(oid)
	var list cryptobyte.String
	if extended && (!outer.ReadASN1(&list, cb.SEQUENCE) || !outer.Empty()) {
		return false
	}
	for !list.Empty() {
		_, critical, _, ok := readExtension(&list)
		if !ok {
			return false
		}
		s.unknown = s.unknown || critical
	}
	return true
}

func (s *single) readState(one *cryptobyte.String) bool {
	var body, why cryptobyte.String
	var tag cb.Tag
	if !one.ReadAnyASN1(&body, &tag) {
		return false
	}
	switch tag {
	case implicit(0):
		return body.Empty()
	case implicit(2):
		s.state = stateUnknown
		return body.Empty()
	case explicit(1):
		s.state = stateRevoked
		var given bool
		if !readGeneralized(&body, &s.revokedAt) || !body.ReadOptionalASN1(&why, &given, explicit(0)) || !body.Empty() {
			return false
		}
		var code int
		if given && (!why.ReadASN1Enum(&code) || !why.Empty()) {
			return false
		}
		s.reason = pki.Reason(code)
		return true
	}
	return false
}
