package pki

import (
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Listed is one entry of a CRL. A zero Invalidity leaves the extension out; reason
// unspecified is left out too (RFC 5280 5.3.1).
type Listed struct {
	Serial     Serial
	At         time.Time
	Reason     Reason
	Invalidity time.Time
}

// List is everything that stands in a CRL but its entries (RFC 5280 5.1).
type List struct {
	Suite      Suite // of the issuer's key
	Issuer     []byte
	ThisUpdate time.Time
	NextUpdate time.Time
	Number     int64
	Base       int64 // delta CRL: number of the full CRL it builds on; 0 for a full one
	KeyID      []byte
	PointURI   string   // the distribution point this CRL is for; "" for the complete list
	Freshest   []string // where the delta CRL is found; full CRLs only
}

// AddListed appends one entry in DER to dst. Entries are encoded as they stream
// from the journal, so a list of a million never stands in memory twice.
func AddListed(dst []byte, e Listed) []byte {
	b := cryptobyte.NewBuilder(dst)
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1BigInt(e.Serial.Big())
		addTime(b, e.At)
		if e.Reason == Unspecified && e.Invalidity.IsZero() {
			return
		}
		addExtensions(b, listedExtensions(e))
	})
	return b.BytesOrPanic()
}

func listedExtensions(e Listed) (all []Extension) {
	if e.Reason != Unspecified {
		all = append(all, Extension{OID: OIDReasonCode, Value: []byte{10, 1, byte(e.Reason)}})
	}
	if !e.Invalidity.IsZero() {
		all = append(all, Extension{OID: OIDInvalidityDate, Value: buildPayload(func(b *cryptobyte.Builder) {
			b.AddASN1GeneralizedTime(e.Invalidity.UTC())
		})})
	}
	return all
}

// TBS returns the to-be-signed bytes of a CRL around entries made by AddListed.
func (l List) TBS(entries []byte) ([]byte, error) {
	algorithm := AlgorithmIdentifier(l.Suite)
	if algorithm == nil {
		return nil, Errorf(Internal, "crl.suite", "no signature algorithm for the issuer's suite")
	}
	b := cryptobyte.NewBuilder(make([]byte, 0, len(entries)+1024))
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1) // v2
		b.AddBytes(algorithm)
		b.AddBytes(l.Issuer)
		addTime(b, l.ThisUpdate)
		addTime(b, l.NextUpdate)
		if len(entries) > 0 { // an empty list is absent, RFC 5280 5.1.2.6
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddBytes(entries) })
		}
		b.AddASN1(explicitTag(0), func(b *cryptobyte.Builder) { addExtensions(b, l.extensions()) })
	})
	return b.Bytes()
}

func (l List) extensions() []Extension {
	integer := func(n int64) []byte {
		return buildPayload(func(b *cryptobyte.Builder) { b.AddASN1BigInt(big.NewInt(n)) })
	}
	all := []Extension{AuthorityKeyIDExtension(l.KeyID), {OID: OIDCRLNumber, Value: integer(l.Number)}}
	if l.Base > 0 {
		all = append(all, Extension{OIDDeltaCRLIndicator, true, integer(l.Base)})
	} else if len(l.Freshest) > 0 {
		all = append(all, FreshestCRLExtension(l.Freshest))
	}
	if l.PointURI != "" {
		all = append(all, Extension{OIDIssuingDistPoint, true, buildPayload(func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { addPointName(b, []string{l.PointURI}) })
		})})
	}
	return all
}
