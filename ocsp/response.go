package ocsp

import (
	"time"

	"onecert/pki"
)

// Response status (RFC 6960 4.2.1). Those but successful carry nothing else and are
// not signed.
const (
	successful       = 0
	malformedRequest = 1
	internalError    = 2
	tryLater         = 3
	unauthorized     = 6
)

// failure is the whole of a response that is not successful.
func failure(status byte) []byte { return []byte{0x30, 3, 0x0a, 1, status} }

// fate is what a certificate's answer says.
type fate struct {
	state      pki.State // Valid, Held or Revoked; Reserved: unknown
	at         time.Time // of the revocation or hold
	reason     pki.Reason
	invalidity time.Time
	cutoff     time.Time // for an expired certificate: since when expired ones are kept; else zero
}

// single is one SingleResponse: the CertID as the request had it and its fate.
type single struct {
	id []byte
	fate
}

// content is a ResponseData before it is encoded. Every answer holds to one moment.
type content struct {
	keyHash    []byte // of the signer: ResponderID byKey
	produced   time.Time
	thisUpdate time.Time
	nextUpdate time.Time
	singles    []single
	nonce      []byte
}

// Tags of X.690 and of RFC 6960's choices.
const (
	tagInteger     = 0x02
	tagBits        = 0x03
	tagOctets      = 0x04
	tagOID         = 0x06
	tagEnumerated  = 0x0a
	tagTime        = 0x18
	tagSequence    = 0x30
	tagGood        = 0x80 // [0] IMPLICIT NULL
	tagRevoked     = 0xa1 // [1] IMPLICIT RevokedInfo
	tagUnknown     = 0x82 // [2] IMPLICIT NULL
	tagExplicit0   = 0xa0
	tagExplicit1   = 0xa1
	tagByKey       = 0xa2 // ResponderID [2]
	lengthOneOctet = 0x80
)

// element appends one DER element made of parts to dst.
func element(dst []byte, tag byte, parts ...[]byte) []byte {
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	dst = append(dst, tag)
	switch {
	case n < lengthOneOctet:
		dst = append(dst, byte(n))
	case n < 1<<8:
		dst = append(dst, 0x81, byte(n))
	case n < 1<<16:
		dst = append(dst, 0x82, byte(n>>8), byte(n))
	default:
		dst = append(dst, 0x83, byte(n>>16), byte(n>>8), byte(n))
	}
	for _, p := range parts {
		dst = append(dst, p...)
	}
	return dst
}

// generalizedTime is a time's element in the only form DER and RFC 6960 allow: UTC
// with seconds.
func generalizedTime(dst []byte, t time.Time) []byte {
	dst = append(dst, tagTime, 15)
	return t.UTC().AppendFormat(dst, "20060102150405Z")
}

// extension is one that is not critical.
func extension(dst, oid, value []byte) []byte {
	var name [16]byte
	return element(dst, tagSequence, element(name[:0], tagOID, oid), element(nil, tagOctets, value))
}

// status appends the CertStatus of a fate.
func (f *fate) status(dst []byte) []byte {
	switch f.state {
	case pki.Valid:
		return append(dst, tagGood, 0)
	case pki.Revoked, pki.Held:
		var at [17]byte
		if f.reason == pki.Unspecified { // absent rather than said, as RFC 5280 5.3.1 wants it in CRLs
			return element(dst, tagRevoked, generalizedTime(at[:0], f.at))
		}
		return element(dst, tagRevoked, generalizedTime(at[:0], f.at), []byte{tagExplicit0, 3, tagEnumerated, 1, byte(f.reason)})
	}
	return append(dst, tagUnknown, 0)
}

// extensions are a fate's singleExtensions with their tag [1]; nil without any.
func (f *fate) extensions() []byte {
	if f.invalidity.IsZero() && f.cutoff.IsZero() {
		return nil
	}
	var all []byte
	if !f.cutoff.IsZero() {
		all = extension(all, oidArchiveCutoff, generalizedTime(nil, f.cutoff))
	}
	if !f.invalidity.IsZero() {
		all = extension(all, oidInvalidity, generalizedTime(nil, f.invalidity))
	}
	return element(nil, tagExplicit1, element(nil, tagSequence, all))
}

// tbs returns the ResponseData (RFC 6960 4.2.1), which is what is signed.
func (c *content) tbs() []byte {
	var produced, this, next [19]byte
	generalizedTime(produced[:0], c.produced)
	generalizedTime(this[:0], c.thisUpdate)
	element(next[:0], tagExplicit0, generalizedTime(nil, c.nextUpdate))
	list := make([]byte, 0, 160*len(c.singles))
	for i := range c.singles {
		s := &c.singles[i]
		var state [32]byte
		list = element(list, tagSequence, s.id, s.status(state[:0]), this[:17], next[:19], s.extensions())
	}
	var nonce []byte
	if c.nonce != nil {
		value := element(nil, tagOctets, c.nonce)
		nonce = element(nil, tagExplicit1, element(nil, tagSequence, extension(nil, oidNonce, value)))
	}
	var key [32]byte
	byKey := element(key[:0], tagByKey, element(nil, tagOctets, c.keyHash))
	return element(make([]byte, 0, len(list)+len(nonce)+96), tagSequence, byKey, produced[:17], element(nil, tagSequence, list), nonce)
}

// envelope puts the signature beside what it covers and wraps both up. tail is the
// responder's certificate under its tag [0].
func envelope(tbs, algorithm, signature, tail []byte) []byte {
	bits := element(make([]byte, 0, len(signature)+5), tagBits, []byte{0}, signature)
	size := len(tbs) + len(algorithm) + len(bits) + len(tail)
	basic := element(make([]byte, 0, size+4), tagSequence, tbs, algorithm, bits, tail)
	octets := element(make([]byte, 0, size+12), tagOctets, basic)
	bytes := element(make([]byte, 0, size+32), tagSequence, element(nil, tagOID, oidBasic), octets)
	inner := element(make([]byte, 0, size+40), tagExplicit0, bytes)
	return element(make([]byte, 0, size+48), tagSequence, []byte{tagEnumerated, 1, successful}, inner)
}
