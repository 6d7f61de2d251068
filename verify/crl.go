package verify

import (
	"bytes"
	"crypto/sha256"
	"math/big"
	"sync"
	"time"

	"golang.org/x/crypto/cryptobyte"
	asn1 "golang.org/x/crypto/cryptobyte/asn1"

	"onecert/pki"
)

// CRL is a parsed revocation list, complete or delta. What it says does not change
// after ParseCRL; it may be shared between questions and goroutines.
type CRL struct {
	issuer                 []byte // DER name
	issuerName             distinguished
	issuerKey              string
	thisUpdate, nextUpdate time.Time
	number                 *big.Int // nil if there is none
	base                   *big.Int // of a delta list, nil for a complete one
	scope                  scope
	unknown                bool // an extension, of the list or an entry, is critical and not understood
	twice                  bool // a serial stands in it twice
	numberCritical         bool
	entries                map[string]entry
	id                     [sha256.Size]byte
	signed                 signedPart
	signers                sync.Map // issuer's SPKI to what signature said: a long list is hashed once
}

// entry is what a list says about one certificate; times are Unix seconds, for there
// may be a million.
type entry struct {
	at     int64
	reason pki.Reason
}

// scope is the issuing distribution point (RFC 5280 5.2.5).
type scope struct {
	raw                            string // "" where the list has none
	place                          place
	named                          bool // a distribution point is named
	users, authorities, attributes bool
	reasons                        reasons
	indirect                       bool
}

// maxCRL is the most octets of a list we read.
const maxCRL = 512 << 20

// ParseCRL reads one DER list (RFC 5280 5). Its signature is checked by Check,
// which knows the issuer. The octets are kept and must not be changed.
func ParseCRL(der []byte) (*CRL, error) {
	if len(der) > maxCRL {
		return nil, malformedCRL("it is larger than 512 MiB")
	}
	signed, tbs, ok := readSigned(der)
	if !ok {
		return nil, malformedCRL("it does not decode")
	}
	c := &CRL{signed: signed, id: sha256.Sum256(der), scope: scope{reasons: allReasons}, entries: map[string]entry{}}
	if where := c.readTBS(tbs); where != "" {
		return nil, malformedCRL(where)
	}
	return c, nil
}

func malformedCRL(where string) *pki.Error {
	return pki.Errorf(pki.Invalid, "crl.malformed", "these bytes are not a certificate revocation list (%s)", where).
		To("fetch the list again; a PEM file must be decoded first")
}

// readTBS returns what is wrong, "" if nothing. The extensions behind the entries are
// read before them: they say how the entries are to be understood.
func (c *CRL) readTBS(tbs cryptobyte.String) string {
	var algorithm, issuer, entries, outer cryptobyte.String
	var listed, extended bool
	version := int64(0)
	if tbs.PeekASN1Tag(asn1.INTEGER) && (!tbs.ReadASN1Integer(&version) || version != 1) {
		return "its version is not one we know"
	}
	if !tbs.ReadASN1Element(&algorithm, asn1.SEQUENCE) || !bytes.Equal(algorithm, c.signed.algorithm) {
		return "its two signature algorithms are not the same"
	}
	if !tbs.ReadASN1Element(&issuer, asn1.SEQUENCE) || !readTime(&tbs, &c.thisUpdate) {
		return "it does not decode"
	}
	if (tbs.PeekASN1Tag(asn1.UTCTime) || tbs.PeekASN1Tag(asn1.GeneralizedTime)) && !readTime(&tbs, &c.nextUpdate) {
		return "its times do not decode"
	}
	if !tbs.ReadOptionalASN1(&entries, &listed, asn1.SEQUENCE) || !tbs.ReadOptionalASN1(&outer, &extended, explicit(0)) || !tbs.Empty() {
		return "it does not decode"
	}
	var ok bool
	if c.issuerName, ok = readName(issuer); !ok {
		return "its issuer does not decode"
	}
	c.issuer, c.issuerKey = issuer, c.issuerName.key()
	if extended && (version != 1 || !c.readExtensions(outer)) {
		return "its extensions do not decode"
	}
	if !c.readEntries(entries) {
		return "its entries do not decode"
	}
	return ""
}

func (c *CRL) readExtensions(outer cryptobyte.String) bool {
	var list cryptobyte.String
	if !outer.ReadASN1(&list, asn1.SEQUENCE) || !outer.Empty() {
		return false
	}
	seen := map[string]bool{}
	for !list.Empty() {
		oid, critical, value, ok := readExtension(&list)
		if !ok || seen[oid] || len(seen) == maxExtensions {
			return false
		}
		seen[oid] = true
		switch {
		case oid == octets(pki.OIDCRLNumber):
			c.numberCritical = critical
			ok = readNumber(value, &c.number)
		case oid == octets(pki.OIDDeltaCRLIndicator):
			ok = readNumber(value, &c.base)
		case oid == octets(pki.OIDIssuingDistPoint):
			c.unknown = !c.scope.read(value) || c.unknown
		case critical && oid != octets(pki.OIDAuthorityKeyID):
			c.unknown = true
		}
		if !ok {
			return false
		}
	}
	return true
}

func readNumber(value cryptobyte.String, into **big.Int) bool {
	*into = new(big.Int)
	return value.ReadASN1Integer(*into) && value.Empty() && (*into).Sign() >= 0
}

// read reads the issuing distribution point; a scope that is not understood makes
// the list useless.
func (p *scope) read(value cryptobyte.String) bool {
	p.raw = string(value)
	var body, where cryptobyte.String
	if !value.ReadASN1(&body, asn1.SEQUENCE) || !value.Empty() || !body.ReadOptionalASN1(&where, &p.named, explicit(0)) ||
		p.named && !p.place.read(where) || !readFlag(&body, 1, &p.users) || !readFlag(&body, 2, &p.authorities) ||
		!readReasons(&body, 3, &p.reasons) || !readFlag(&body, 4, &p.indirect) || !readFlag(&body, 5, &p.attributes) {
		return false
	}
	return body.Empty()
}

func readFlag(body *cryptobyte.String, tag uint8, into *bool) bool {
	var content cryptobyte.String
	var present bool
	if !body.ReadOptionalASN1(&content, &present, implicit(tag)) {
		return false
	}
	*into = present && len(content) == 1 && content[0] == 0xff
	return !present || len(content) == 1 && (content[0] == 0 || content[0] == 0xff)
}

// readEntries notes all entries. In an indirect list an entry is about the issuer
// named last (RFC 5280 5.3.3).
func (c *CRL) readEntries(list cryptobyte.String) bool {
	issuer := c.issuerKey
	for !list.Empty() {
		var one, serial, extensions cryptobyte.String
		var at time.Time
		var extended bool
		if !list.ReadASN1(&one, asn1.SEQUENCE) || !one.ReadASN1(&serial, asn1.INTEGER) || len(serial) == 0 || !readTime(&one, &at) ||
			!one.ReadOptionalASN1(&extensions, &extended, asn1.SEQUENCE) || !one.Empty() {
			return false
		}
		noted := entry{at: at.Unix()}
		if extended && !c.readEntry(extensions, &noted, &issuer) {
			return false
		}
		c.add(c.entryKey(issuer, serial), noted)
	}
	return true
}

func (c *CRL) readEntry(list cryptobyte.String, noted *entry, issuer *string) bool {
	for !list.Empty() {
		oid, critical, value, ok := readExtension(&list)
		if !ok {
			return false
		}
		switch {
		case oid == octets(pki.OIDReasonCode):
			var code int
			if !value.ReadASN1Enum(&code) || !value.Empty() {
				return false
			}
			noted.reason = pki.Reason(code)
		case oid == octets(pki.OIDInvalidityDate):
			// It tells when the key was lost; what was done before counts for nothing.
		case oid == octets(oidCertificateIssuer) && c.scope.indirect:
			if *issuer, ok = readIssuer(value); !ok {
				return false
			}
		case critical:
			c.unknown = true
		}
	}
	return true
}

func readIssuer(value cryptobyte.String) (string, bool) {
	var list cryptobyte.String
	if !value.ReadASN1(&list, asn1.SEQUENCE) || !value.Empty() {
		return "", false
	}
	names, ok := readGeneralNames(list)
	for _, name := range names {
		if name.form == formDirectory {
			return name.name.key(), ok
		}
	}
	return "", false
}

func (c *CRL) entryKey(issuer string, serial []byte) string {
	if c.scope.indirect {
		return framed(issuer, string(serial))
	}
	return string(serial)
}

// add notes an entry. Of a serial that stands twice the first revocation counts; a
// removal never hides one.
func (c *CRL) add(key string, noted entry) {
	earlier, twice := c.entries[key]
	c.twice = c.twice || twice
	if !twice || earlier.reason == pki.RemoveFromCRL {
		c.entries[key] = noted
	}
}

func (c *CRL) find(certificate *Certificate) (entry, bool) {
	found, ok := c.entries[c.entryKey(certificate.issuerKey, certificate.serial)]
	return found, ok
}

// signedBy checks the list's signature with a key, once a key.
func (k *check) listSignedBy(c *CRL, issuer *Certificate) bool {
	key := string(issuer.SPKI)
	if known, ok := c.signers.Load(key); ok {
		return known == ""
	}
	if !k.spent.signature() {
		return false
	}
	code := c.signed.check(issuer.PublicKey)
	c.signers.Store(key, code)
	return code == ""
}

// Issuer returns the issuer's name, DER, to index lists by.
func (c *CRL) Issuer() []byte { return c.issuer }

// ThisUpdate returns when the list begins.
func (c *CRL) ThisUpdate() time.Time { return c.thisUpdate }

// NextUpdate returns when the list ends; zero if it does not say.
func (c *CRL) NextUpdate() time.Time { return c.nextUpdate }

// Delta reports whether the list only has changes against another.
func (c *CRL) Delta() bool { return c.base != nil }
