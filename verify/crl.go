package verify

import (
	"math/big"
	"sync"
	"time"

	"github.com/emmansun/gmsm/smx509"
	"golang.org/x/crypto/cryptobyte"
	asn1 "golang.org/x/crypto/cryptobyte/asn1"

	"onecert/pki"
)

// CRL is a parsed revocation list, complete or delta. What it says does not change
// after ParseCRL; it may be shared between questions and goroutines.
type CRL struct {
	list    *smx509.RevocationList
	number  *big.Int // nil if there is none
	base    *big.Int // of a delta list, nil for a complete one
	scope   scope
	unknown bool // an extension, of the list or an entry, is critical and not understood
	entries map[string]entry
	signers sync.Map // issuer's SPKI to what signature said: a long list is hashed once
}

// entry is what a list says about one serial.
type entry struct {
	at         time.Time
	reason     pki.Reason
	invalidity time.Time
}

// scope is the issuing distribution point (RFC 5280 5.2.5).
type scope struct {
	raw                               string // "" where the list has none
	places                            []string
	named                             bool // a distribution point is named
	users, authorities, attributes    bool
	someReasons, indirect, understood bool
}

// maxCRL is the most octets of a list we read.
const maxCRL = 512 << 20

// ParseCRL reads one DER list (RFC 5280 5). Its signature is checked by Check,
// which knows the issuer.
func ParseCRL(der []byte) (*CRL, error) {
	if len(der) > maxCRL {
		return nil, malformedCRL("it is larger than 512 MiB")
	}
	list, err := smx509.ParseRevocationList(der)
	if err != nil {
		return nil, malformedCRL("it does not decode").Because(err)
	}
	if len(list.Raw) != len(der) {
		return nil, malformedCRL("octets follow it")
	}
	c := &CRL{list: list, number: list.Number, entries: make(map[string]entry, len(list.RevokedCertificateEntries))}
	for _, e := range list.Extensions {
		switch {
		case e.Id.Equal(pki.OIDDeltaCRLIndicator):
			if c.base, err = readNumber(e.Value); err != nil {
				return nil, err
			}
		case e.Id.Equal(pki.OIDIssuingDistPoint):
			c.scope = readScope(e.Value)
		case e.Critical && !e.Id.Equal(pki.OIDAuthorityKeyID) && !e.Id.Equal(pki.OIDCRLNumber):
			c.unknown = true
		}
	}
	for i := range list.RevokedCertificateEntries {
		c.add(&list.RevokedCertificateEntries[i])
	}
	//lint:ignore SA1019 the parser fills the old field too, and a long list must not stay in memory
	list.RevokedCertificateEntries, list.RevokedCertificates = nil, nil // the map has them
	return c, nil
}

func malformedCRL(where string) *pki.Error {
	return pki.Errorf(pki.Invalid, "crl.malformed", "these bytes are not a certificate revocation list (%s)", where).
		To("fetch the list again; a PEM file must be decoded first")
}

func readNumber(value []byte) (*big.Int, error) {
	s, number := cryptobyte.String(value), new(big.Int)
	if !s.ReadASN1Integer(number) || !s.Empty() || number.Sign() < 0 {
		return nil, malformedCRL("its delta indicator does not decode")
	}
	return number, nil
}

// add notes an entry. Of a serial that stands twice the first revocation counts; a
// removal never hides one.
func (c *CRL) add(e *smx509.RevocationListEntry) {
	noted := entry{at: e.RevocationTime, reason: pki.Reason(e.ReasonCode)}
	for _, x := range e.Extensions {
		switch {
		case x.Id.Equal(pki.OIDInvalidityDate):
			s := cryptobyte.String(x.Value)
			if !s.ReadASN1GeneralizedTime(&noted.invalidity) {
				noted.invalidity = time.Time{}
			}
		case x.Critical && !x.Id.Equal(pki.OIDReasonCode):
			c.unknown = true
		}
	}
	key := string(e.SerialNumber.Bytes())
	if earlier, twice := c.entries[key]; !twice || earlier.reason == pki.RemoveFromCRL {
		c.entries[key] = noted
	}
}

func readScope(value []byte) scope {
	p := scope{raw: string(value), understood: true}
	s := cryptobyte.String(value)
	var body, choice, names cryptobyte.String
	if !s.ReadASN1(&body, asn1.SEQUENCE) || !s.Empty() || !body.ReadOptionalASN1(&choice, &p.named, asn1.Tag(0).Constructed().ContextSpecific()) {
		p.understood = false
		return p
	}
	if p.named && choice.ReadASN1(&names, asn1.Tag(0).Constructed().ContextSpecific()) {
		for !names.Empty() {
			var name cryptobyte.String
			var tag asn1.Tag
			if !names.ReadAnyASN1(&name, &tag) {
				p.understood = false
				return p
			}
			if tag == asn1.Tag(6).ContextSpecific() {
				p.places = append(p.places, string(name))
			}
		}
	}
	for i, flag := range []*bool{&p.users, &p.authorities, &p.someReasons, &p.indirect, &p.attributes} {
		var content cryptobyte.String
		var present bool
		if !body.ReadOptionalASN1(&content, &present, asn1.Tag(i+1).ContextSpecific()) {
			p.understood = false
			return p
		}
		*flag = present && (i == 2 || len(content) == 1 && content[0] != 0)
	}
	p.understood = body.Empty()
	return p
}

// signedBy checks the list's signature with an issuer's key, once a key.
func (c *CRL) signedBy(issuer *smx509.Certificate) bool {
	key := string(issuer.RawSubjectPublicKeyInfo)
	if known, ok := c.signers.Load(key); ok {
		return known == ""
	}
	code := signature(issuer, c.list.SignatureAlgorithm, c.list.RawTBSRevocationList, c.list.Signature)
	c.signers.Store(key, code)
	return code == ""
}

// Issuer returns the issuer's name, DER, to index lists by.
func (c *CRL) Issuer() []byte { return c.list.RawIssuer }

// NextUpdate returns when the list ends; zero if it does not say.
func (c *CRL) NextUpdate() time.Time { return c.list.NextUpdate }

// Delta reports whether the list only has changes against another.
func (c *CRL) Delta() bool { return c.base != nil }
