package verify

import (
	"encoding/asn1"

	"golang.org/x/crypto/cryptobyte"
	cb "golang.org/x/crypto/cryptobyte/asn1"
)

// reasons is a set of ReasonFlags (RFC 5280 4.2.1.13), bit 1 for keyCompromise.
type reasons uint16

// allReasons are the eight that flags exist for.
const allReasons reasons = 0x1fe

// place is a DistributionPointName: full names, or one RDN below the CRL issuer's.
type place struct {
	names    []generalName
	relative string // RDN, "" if the place is given by names
}

// point is a DistributionPoint.
type point struct {
	place   place
	named   bool // there is a place
	reasons reasons
	issuers []generalName // cRLIssuer; nil for the certificate's own issuer
}

// maxPoints bounds the distribution points of one certificate.
const maxPoints = 64

func readPoints(value cryptobyte.String, into *[]point) bool {
	var list cryptobyte.String
	if !value.ReadASN1(&list, cb.SEQUENCE) || !value.Empty() || list.Empty() {
		return false
	}
	for !list.Empty() {
		var one cryptobyte.String
		if !list.ReadASN1(&one, cb.SEQUENCE) || len(*into) == maxPoints {
			return false
		}
		p, ok := readPoint(one)
		if !ok {
			return false
		}
		*into = append(*into, p)
	}
	return true
}

func readPoint(body cryptobyte.String) (p point, ok bool) {
	var where, issuer cryptobyte.String
	var issued bool
	if !body.ReadOptionalASN1(&where, &p.named, explicit(0)) || p.named && !p.place.read(where) ||
		!readReasons(&body, 1, &p.reasons) || !body.ReadOptionalASN1(&issuer, &issued, explicit(2)) || !body.Empty() {
		return p, false
	}
	if issued {
		p.issuers, ok = readGeneralNames(issuer)
		return p, ok
	}
	return p, p.named // RFC 5280 4.2.1.13: not reasons alone
}

// read reads the content of [0] DistributionPointName.
func (p *place) read(where cryptobyte.String) (ok bool) {
	var names cryptobyte.String
	if where.PeekASN1Tag(explicit(0)) {
		if !where.ReadASN1(&names, explicit(0)) || !where.Empty() {
			return false
		}
		p.names, ok = readGeneralNames(names)
		return ok
	}
	if !where.ReadASN1(&names, explicit(1)) || !where.Empty() {
		return false
	}
	p.relative, ok = readRDN(names)
	return ok
}

// readReasons reads optional ReasonFlags; absent means all reasons.
func readReasons(body *cryptobyte.String, tag uint8, into *reasons) bool {
	*into = allReasons
	if !body.PeekASN1Tag(implicit(tag)) {
		return true
	}
	var content cryptobyte.String
	if !body.ReadASN1(&content, implicit(tag)) || len(content) == 0 || content[0] > 7 || len(content) == 1 && content[0] != 0 {
		return false
	}
	flags := asn1.BitString{Bytes: content[1:], BitLength: (len(content)-1)*8 - int(content[0])}
	*into = 0
	for i := range min(flags.BitLength, 9) {
		*into |= reasons(flags.At(i)) << i
	}
	*into &= allReasons
	return true
}

// full are the names of a place; a relative one is completed by an issuer's name.
func (p place) full(issuer distinguished) []generalName {
	if p.relative == "" {
		return p.names
	}
	return []generalName{{form: formDirectory, name: append(append(distinguished{}, issuer...), p.relative)}}
}

// places are the addresses among distribution points.
func places(points []point) (all []string) {
	for _, p := range points {
		for _, name := range p.place.names {
			if name.form == formURI {
				all = append(all, name.value)
			}
		}
	}
	return all
}
