package ocsp

import (
	"bytes"
	"encoding/base64"
	"errors"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Limits on a request. A request for one certificate has 70 to 150 octets; a signed
// one brings a certificate or two.
const (
	maxRequest      = 16 << 10 // octets
	maxCertificates = 32       // in one request
	maxExtensions   = 16
	maxNonce        = 128 // octets, RFC 9654 2.1
)

// Identifiers of extensions, as content octets: id-pkix-ocsp-nonce, -archive-cutoff
// (RFC 6960 4.4) and id-ce-invalidityDate (RFC 5280 5.3.2).
var (
	oidBasic         = []byte{0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x01}
	oidNonce         = []byte{0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x02}
	oidArchiveCutoff = []byte{0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x06}
	oidInvalidity    = []byte{0x55, 0x1d, 0x18}
)

// What can be wrong with a request. The texts go to nobody: the client gets the
// status, the metrics the kind.
var (
	errMalformed = errors.New("the request is not a DER OCSPRequest")
	errTooMany   = errors.New("the request asks for too many certificates")
	errNonce     = errors.New("the nonce has no or too many octets")
	errCritical  = errors.New("the request has a critical extension nobody here understands")
)

// request is an OCSPRequest as far as it matters (RFC 6960 4.1). Its signature and
// its requestor's name are not looked at: anybody may ask.
type request struct {
	ids   []certID
	nonce []byte    // content octets; nil without one
	few   [2]certID // room for the usual
}

// parse reads a request, strictly. What it keeps points into der.
func (r *request) parse(der []byte) error {
	input := cryptobyte.String(der)
	var outer, tbs, list cryptobyte.String
	if !input.ReadASN1(&outer, cbasn1.SEQUENCE) || !input.Empty() || !outer.ReadASN1(&tbs, cbasn1.SEQUENCE) || !signed(outer) {
		return errMalformed
	}
	if !version(&tbs) || !requestor(&tbs) || !tbs.ReadASN1(&list, cbasn1.SEQUENCE) {
		return errMalformed
	}
	r.ids, r.nonce = r.few[:0], nil
	for !list.Empty() {
		if len(r.ids) == maxCertificates {
			return errTooMany
		}
		if err := r.addSingle(&list); err != nil {
			return err
		}
	}
	if len(r.ids) == 0 {
		return errMalformed
	}
	if err := readExtensions(&tbs, tagged(2), r.extension); err != nil {
		return err
	}
	if !tbs.Empty() {
		return errMalformed
	}
	return nil
}

func (r *request) addSingle(list *cryptobyte.String) error {
	var single cryptobyte.String
	if !list.ReadASN1(&single, cbasn1.SEQUENCE) {
		return errMalformed
	}
	r.ids = append(r.ids, certID{})
	if !readCertID(&single, &r.ids[len(r.ids)-1]) {
		return errMalformed
	}
	// serviceLocator (RFC 6960 4.4.6) and its like change nothing here.
	if err := readExtensions(&single, tagged(0), critical); err != nil {
		return err
	}
	if !single.Empty() {
		return errMalformed
	}
	return nil
}

func (r *request) extension(oid []byte, isCritical bool, value cryptobyte.String) error {
	if !bytes.Equal(oid, oidNonce) {
		return critical(oid, isCritical, value)
	}
	var nonce cryptobyte.String
	if r.nonce != nil || !value.ReadASN1(&nonce, cbasn1.OCTET_STRING) || !value.Empty() {
		return errMalformed
	}
	if len(nonce) == 0 || len(nonce) > maxNonce {
		return errNonce
	}
	r.nonce = nonce
	return nil
}

// critical ignores an extension unless that is forbidden (RFC 6960 4.4).
func critical(_ []byte, isCritical bool, _ cryptobyte.String) error {
	if isCritical {
		return errCritical
	}
	return nil
}

// tagged is the tag [n] of something constructed.
func tagged(n uint8) cbasn1.Tag { return cbasn1.Tag(n).Constructed().ContextSpecific() }

// version reads [0] EXPLICIT Version DEFAULT v1. DER leaves the default out; some
// clients write it all the same.
func version(tbs *cryptobyte.String) bool {
	var explicit cryptobyte.String
	var present bool
	if !tbs.ReadOptionalASN1(&explicit, &present, tagged(0)) {
		return false
	}
	return !present || bytes.Equal(explicit, []byte{2, 1, 0})
}

// requestor passes over [1] EXPLICIT GeneralName.
func requestor(tbs *cryptobyte.String) bool {
	var explicit, name cryptobyte.String
	var present bool
	var tag cbasn1.Tag
	if !tbs.ReadOptionalASN1(&explicit, &present, tagged(1)) {
		return false
	}
	return !present || explicit.ReadAnyASN1(&name, &tag) && explicit.Empty()
}

// signed passes over the optional [0] EXPLICIT Signature that may follow.
func signed(rest cryptobyte.String) bool {
	if rest.Empty() {
		return true
	}
	var explicit, signature, part, certificates cryptobyte.String
	var present bool
	return rest.ReadASN1(&explicit, tagged(0)) && rest.Empty() &&
		explicit.ReadASN1(&signature, cbasn1.SEQUENCE) && explicit.Empty() &&
		signature.ReadASN1(&part, cbasn1.SEQUENCE) && signature.ReadASN1(&part, cbasn1.BIT_STRING) &&
		signature.ReadOptionalASN1(&certificates, &present, tagged(0)) && signature.Empty()
}

// readExtensions hands each extension under an explicit tag to fn, if there are any.
func readExtensions(from *cryptobyte.String, tag cbasn1.Tag, fn func(oid []byte, critical bool, value cryptobyte.String) error) error {
	var explicit, all cryptobyte.String
	var present bool
	if !from.ReadOptionalASN1(&explicit, &present, tag) {
		return errMalformed
	}
	if !present {
		return nil
	}
	if !explicit.ReadASN1(&all, cbasn1.SEQUENCE) || !explicit.Empty() || all.Empty() {
		return errMalformed
	}
	for n := 0; !all.Empty(); n++ {
		var extension, oid, value cryptobyte.String
		isCritical := false
		if n == maxExtensions || !all.ReadASN1(&extension, cbasn1.SEQUENCE) ||
			!extension.ReadASN1(&oid, cbasn1.OBJECT_IDENTIFIER) || !validOID(oid) ||
			extension.PeekASN1Tag(cbasn1.BOOLEAN) && (!extension.ReadASN1Boolean(&isCritical) || !isCritical) ||
			!extension.ReadASN1(&value, cbasn1.OCTET_STRING) || !extension.Empty() {
			return errMalformed
		}
		if err := fn(oid, isCritical, value); err != nil {
			return err
		}
	}
	return nil
}

// decodePath reads the base64 of a GET (RFC 6960 A.1) out of a request's path, as it
// came over the wire, into dst, by way of text; both are as long as they may get. It takes every spelling met: the alphabets of RFC
// 4648 4 and 5, with padding, without, percent-encoded or not; slashes in front do
// not count, because a prefix may end with one, nor does a query. A blank is a plus that somebody took
// for a form's.
func decodePath(dst, text []byte, path string) ([]byte, error) {
	for len(path) > 0 && path[0] == '/' {
		path = path[1:]
	}
	text = text[:0]
	padded := 0
	for i := 0; i < len(path); i++ {
		c := path[i]
		if c == '?' {
			break
		}
		if c == '%' {
			if i+2 >= len(path) {
				return nil, errMalformed
			}
			high, low := unhex(path[i+1]), unhex(path[i+2])
			if high > 15 || low > 15 {
				return nil, errMalformed
			}
			c, i = high<<4|low, i+2
		}
		switch c {
		case '\r', '\n':
			continue
		case '=':
			padded++
			continue
		case ' ', '-':
			c = '+'
		case '_':
			c = '/'
		}
		if padded > 0 || len(text) == cap(text) {
			return nil, errMalformed
		}
		text = append(text, c)
	}
	if padded > 2 || padded > 0 && (len(text)+padded)%4 != 0 {
		return nil, errMalformed
	}
	if base64.RawStdEncoding.DecodedLen(len(text)) > len(dst) {
		return nil, errMalformed
	}
	// Strict refuses bits that are set where the last octet has ended.
	n, err := base64.RawStdEncoding.Strict().Decode(dst, text)
	if err != nil {
		return nil, errMalformed
	}
	return dst[:n], nil
}

func unhex(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10
	}
	return 255
}
