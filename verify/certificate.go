package verify

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"math/big"
	"time"

	"github.com/emmansun/gmsm/smx509"
	"golang.org/x/crypto/cryptobyte"
	asn1 "golang.org/x/crypto/cryptobyte/asn1"

	"onecert/pki"
)

// maxCertificate is the most octets of a certificate we read; maxModulus the most
// bits of an RSA key we calculate with.
const (
	maxCertificate = 256 << 10
	maxModulus     = 8192
)

// Certificate is a certificate as this room reads it: the outer form strictly, each
// extension by itself, so that one that does not decode is a reason in the verdict.
// Its fields are not changed after ParseCertificate.
type Certificate struct {
	Raw                 []byte
	Version             int // 1, 2 or 3
	Serial              *big.Int
	Issuer, Subject     []byte // DER names
	NotBefore, NotAfter time.Time
	SPKI                []byte
	PublicKey           crypto.PublicKey // nil where its kind is not known

	id                      [sha256.Size]byte
	serial                  []byte // content octets of the INTEGER
	issuerName, subjectName distinguished
	issuerKey, subjectKey   string // the names as keys of maps
	signed                  signedPart
	extensions
}

// signedPart is what certificates, lists and OCSP answers have in common.
type signedPart struct {
	tbs       []byte
	algorithm []byte // AlgorithmIdentifier, DER
	signature []byte
}

// ParseCertificate reads one DER certificate (RFC 5280 4.1).
func ParseCertificate(der []byte) (*Certificate, error) {
	if len(der) > maxCertificate {
		return nil, malformedCertificate("it is larger than 256 KiB")
	}
	der = bytes.Clone(der)
	signed, tbs, ok := readSigned(der)
	if !ok {
		return nil, malformedCertificate("it does not decode")
	}
	c := &Certificate{Raw: der, id: sha256.Sum256(der), signed: signed}
	if where := c.readTBS(tbs); where != "" {
		return nil, malformedCertificate(where)
	}
	return c, nil
}

func malformedCertificate(where string) *pki.Error {
	return pki.Errorf(pki.Invalid, "certificate.malformed", "these bytes are not a certificate (%s)", where).
		To("ask whoever gave it for the certificate again; a PEM file must be decoded first")
}

// readSigned reads SEQUENCE{tbs, algorithm, BIT STRING} and returns the content of tbs.
func readSigned(der []byte) (p signedPart, tbs cryptobyte.String, ok bool) {
	input := cryptobyte.String(der)
	var outer, element, algorithm, signature cryptobyte.String
	if !input.ReadASN1(&outer, asn1.SEQUENCE) || !input.Empty() || !outer.ReadASN1Element(&element, asn1.SEQUENCE) ||
		!outer.ReadASN1Element(&algorithm, asn1.SEQUENCE) || !outer.ReadASN1(&signature, asn1.BIT_STRING) || !outer.Empty() {
		return p, nil, false
	}
	if len(signature) > 0 && signature[0] == 0 { // else it is not whole octets, and no signature
		p.signature = signature[1:]
	}
	p.tbs, p.algorithm = element, algorithm
	return p, tbs, element.ReadASN1(&tbs, asn1.SEQUENCE)
}

// readTBS returns what is wrong, "" if nothing.
func (c *Certificate) readTBS(tbs cryptobyte.String) string {
	var version, validity, algorithm, serial, issuer, subject, spki cryptobyte.String
	var versioned bool
	number := int64(0)
	if !tbs.ReadOptionalASN1(&version, &versioned, explicit(0)) ||
		versioned && (!version.ReadASN1Integer(&number) || !version.Empty() || number < 1 || number > 2) {
		return "its version is not one we know"
	}
	c.Version, c.Serial = int(number)+1, new(big.Int)
	rest := tbs
	if !tbs.ReadASN1Integer(c.Serial) || !rest.ReadASN1(&serial, asn1.INTEGER) {
		return "its serial number does not decode"
	}
	if !tbs.ReadASN1Element(&algorithm, asn1.SEQUENCE) || !bytes.Equal(algorithm, c.signed.algorithm) {
		return "its two signature algorithms are not the same"
	}
	if !tbs.ReadASN1Element(&issuer, asn1.SEQUENCE) || !tbs.ReadASN1(&validity, asn1.SEQUENCE) ||
		!tbs.ReadASN1Element(&subject, asn1.SEQUENCE) || !tbs.ReadASN1Element(&spki, asn1.SEQUENCE) {
		return "it does not decode"
	}
	c.serial, c.Issuer, c.Subject, c.SPKI = serial, issuer, subject, spki
	if !readTime(&validity, &c.NotBefore) || !readTime(&validity, &c.NotAfter) || !validity.Empty() {
		return "its validity does not decode"
	}
	var ok1, ok2 bool
	c.issuerName, ok1 = readName(issuer)
	c.subjectName, ok2 = readName(subject)
	if !ok1 || !ok2 {
		return "its names do not decode"
	}
	c.issuerKey, c.subjectKey = c.issuerName.key(), c.subjectName.key()
	c.PublicKey = publicKey(spki)
	return c.readTail(tbs)
}

// readTail reads the unique identifiers nobody uses, and the extensions.
func (c *Certificate) readTail(tbs cryptobyte.String) string {
	var list cryptobyte.String
	var present bool
	if !tbs.SkipOptionalASN1(implicit(1)) || !tbs.SkipOptionalASN1(implicit(2)) ||
		!tbs.ReadOptionalASN1(&list, &present, explicit(3)) || !tbs.Empty() || present && c.Version != 3 {
		return "it does not decode"
	}
	if present && !c.extensions.read(list) {
		return "its extensions do not decode"
	}
	return ""
}

// publicKey returns nil for keys that cannot be used.
func publicKey(spki []byte) crypto.PublicKey {
	if key, err := smx509.ParsePKIXPublicKey(spki); err == nil {
		if rsaKey, ok := key.(*rsa.PublicKey); ok && rsaKey.N.BitLen() > maxModulus {
			return nil
		}
		return key
	}
	// Tongsuo names SM2 twice where others name the curve.
	if key, err := pki.ParsePublicKey(spki); err == nil {
		return key
	}
	return nil
}

// readTime reads the two forms RFC 5280 4.1.2.5 allows, and nothing near them.
func readTime(s *cryptobyte.String, into *time.Time) bool {
	var text cryptobyte.String
	var tag asn1.Tag
	if !s.ReadAnyASN1(&text, &tag) {
		return false
	}
	return parseTime(string(text), tag, into)
}

func parseTime(text string, tag asn1.Tag, into *time.Time) bool {
	layout := "20060102150405Z"
	if tag == asn1.UTCTime {
		layout = "060102150405Z"
	} else if tag != asn1.GeneralizedTime {
		return false
	}
	at, err := time.Parse(layout, text)
	if err != nil || at.Format(layout) != text {
		return false
	}
	if tag == asn1.UTCTime && at.Year() >= 2050 { // Go's window ends in 2068, RFC 5280's in 2049
		at = at.AddDate(-100, 0, 0)
	}
	*into = at
	return true
}

func implicit(n uint8) asn1.Tag { return asn1.Tag(n).ContextSpecific() }
func explicit(n uint8) asn1.Tag { return asn1.Tag(n).ContextSpecific().Constructed() }

// selfIssued: issuer and subject are the same name (RFC 5280 3.2).
func (c *Certificate) selfIssued() bool { return c.issuerKey == c.subjectKey }

// ca reports whether the certificate says it is a CA's.
func (c *Certificate) ca() bool { return c.basic != nil && c.basic.ca }

func (c *Certificate) same(other *Certificate) bool { return c.id == other.id }

// SHA256 returns the certificate's fingerprint.
func (c *Certificate) SHA256() [sha256.Size]byte { return c.id }

// OCSP, CRL, Delta and Issuers are the addresses the certificate names for its
// status, its lists, their changes, and its issuer's certificate.
func (c *Certificate) OCSP() []string    { return c.ocsp }
func (c *Certificate) CRL() []string     { return places(c.points) }
func (c *Certificate) Delta() []string   { return places(c.freshest) }
func (c *Certificate) Issuers() []string { return c.issuers }
