package trust

import (
	"bytes"
	"crypto/sha256"
	"encoding/pem"
	"math/big"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	asn1 "golang.org/x/crypto/cryptobyte/asn1"

	"onecert/pki"
)

// list is a revocation list, complete or delta, as lookups need it. It is read in one go
// from its octets, which are not kept: of each entry a slot remains. It does not change
// once it is read.
type list struct {
	issuer                 []byte // DER name
	thisUpdate, nextUpdate time.Time
	number, base           *big.Int // nil if there is none; base: of a delta
	scope                  scope
	entries                *serials
	id                     [sha256.Size]byte
	octets                 int

	tbs, algorithm, signature []byte // until the signature is checked
	content                   []byte // of the entries, until they are read

	signer issuerID // who signed it
}

// scope is the issuing distribution point, as far as it is taken (RFC 5280 5.2.5).
type scope struct {
	raw                string   // "" where the list has none
	named              bool     // it is of distribution points
	places             []string // their names, each a whole DER GeneralName
	users, authorities bool
}

// maxEntries bounds a list whatever its size.
const maxEntries = 20_000_000

// refused says why a list is not taken.
func refused(code, format string, args ...any) *pki.Error {
	return pki.Errorf(pki.Invalid, code, format, args...).To("fetch the list again, or ask the CA that makes it")
}

// fromPEM returns the DER of a list that may be in PEM, with text around it as tools
// leave it there.
func fromPEM(data []byte) ([]byte, error) {
	if len(data) > 0 && data[0] == 0x30 || !bytes.Contains(data[:min(len(data), 64<<10)], []byte("-----BEGIN")) {
		return data, nil
	}
	for rest := data; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return nil, refused("crl.pem", "the PEM text holds no revocation list")
		}
		if block.Type == "X509 CRL" {
			return block.Bytes, nil
		}
	}
}

// readList reads one list up to its entries, which cost most and are read when it is
// known who signed them.
func readList(der []byte) (*list, error) {
	l := &list{id: sha256.Sum256(der), octets: len(der)}
	input := cryptobyte.String(der)
	var outer, element, tbs, algorithm, signature cryptobyte.String
	if !input.ReadASN1(&outer, asn1.SEQUENCE) || !input.Empty() || !outer.ReadASN1Element(&element, asn1.SEQUENCE) ||
		!outer.ReadASN1Element(&algorithm, asn1.SEQUENCE) || !outer.ReadASN1(&signature, asn1.BIT_STRING) || !outer.Empty() ||
		len(signature) == 0 || signature[0] != 0 {
		return nil, refused("crl.malformed", "these octets are not a revocation list")
	}
	l.tbs, l.algorithm, l.signature = element, algorithm, signature[1:]
	if !element.ReadASN1(&tbs, asn1.SEQUENCE) {
		return nil, refused("crl.malformed", "these octets are not a revocation list")
	}
	if err := l.readTBS(tbs); err != nil {
		return nil, err
	}
	return l, nil
}

// readTBS reads what is signed. The extensions behind the entries are read before them:
// where they are not understood the entries mean nothing.
func (l *list) readTBS(tbs cryptobyte.String) error {
	malformed := refused("crl.malformed", "the revocation list does not decode")
	var algorithm, issuer, entries, outer cryptobyte.String
	var present, extended bool
	version := int64(0)
	if tbs.PeekASN1Tag(asn1.INTEGER) && (!tbs.ReadASN1Integer(&version) || version != 1) {
		return refused("crl.version", "the revocation list is of a version that is not known")
	}
	if !tbs.ReadASN1Element(&algorithm, asn1.SEQUENCE) || !bytes.Equal(algorithm, l.algorithm) ||
		!tbs.ReadASN1Element(&issuer, asn1.SEQUENCE) || !readTime(&tbs, &l.thisUpdate) {
		return malformed
	}
	if (tbs.PeekASN1Tag(asn1.UTCTime) || tbs.PeekASN1Tag(asn1.GeneralizedTime)) && !readTime(&tbs, &l.nextUpdate) {
		return malformed
	}
	if !tbs.ReadOptionalASN1(&entries, &present, asn1.SEQUENCE) || !tbs.ReadOptionalASN1(&outer, &extended, explicit(0)) || !tbs.Empty() {
		return malformed
	}
	l.issuer = bytes.Clone(issuer)
	if extended {
		if version != 1 {
			return malformed
		}
		if err := l.readExtensions(outer, malformed); err != nil {
			return err
		}
	}
	l.content = entries
	return nil
}

// Extensions of lists, as content octets of their OID.
const (
	extNumber    = "\x55\x1d\x14"
	extDelta     = "\x55\x1d\x1b"
	extScope     = "\x55\x1d\x1c"
	extAuthority = "\x55\x1d\x23"
	extReason    = "\x55\x1d\x15"
	extInvalid   = "\x55\x1d\x18"
	extPoints    = "\x55\x1d\x1f"
)

const maxExtensions = 100

func (l *list) readExtensions(outer cryptobyte.String, malformed error) error {
	var all cryptobyte.String
	if !outer.ReadASN1(&all, asn1.SEQUENCE) || !outer.Empty() {
		return malformed
	}
	var seen []string
	for !all.Empty() {
		oid, critical, value, ok := readExtension(&all)
		if !ok || slices.Contains(seen, string(oid)) || len(seen) == maxExtensions {
			return malformed
		}
		seen = append(seen, string(oid))
		switch {
		case string(oid) == extNumber:
			ok = readNumber(value, &l.number)
		case string(oid) == extDelta:
			ok = readNumber(value, &l.base)
		case string(oid) == extScope:
			if err := l.scope.read(value); err != nil {
				return err
			}
		case critical && string(oid) != extAuthority:
			return refused("crl.critical-extension", "the revocation list has a critical extension that is not understood")
		}
		if !ok {
			return malformed
		}
	}
	if l.base != nil && l.number == nil {
		return malformed
	}
	return nil
}

// read takes the scopes that are met: distribution points by name, holders only, CAs
// only. Indirect lists and lists for some reasons need more than one list to say that a
// certificate is good.
func (s *scope) read(value cryptobyte.String) error {
	malformed := refused("crl.malformed", "the revocation list's scope does not decode")
	s.raw = string(value)
	var body, where, names cryptobyte.String
	if !value.ReadASN1(&body, asn1.SEQUENCE) || !value.Empty() || !body.ReadOptionalASN1(&where, &s.named, explicit(0)) {
		return malformed
	}
	var reasons cryptobyte.String
	var some, indirect, attributes bool
	if !readFlag(&body, 1, &s.users) || !readFlag(&body, 2, &s.authorities) || !body.ReadOptionalASN1(&reasons, &some, implicit(3)) ||
		!readFlag(&body, 4, &indirect) || !readFlag(&body, 5, &attributes) || !body.Empty() {
		return malformed
	}
	if some || indirect || attributes {
		return refused("crl.scope", "the list is indirect, of some reasons only, or of attribute certificates").
			To("give the CA's complete list")
	}
	if !s.named {
		return nil
	}
	if !where.ReadASN1(&names, explicit(0)) || !where.Empty() {
		return refused("crl.scope", "the list names its distribution point in a way that is not taken").To("give the CA's complete list")
	}
	s.places = readNames(names)
	if s.places == nil {
		return malformed
	}
	return nil
}

// maxPlaces bounds the names of one distribution point.
const maxPlaces = 64

// readNames returns the elements of GeneralNames, nil if they do not decode.
func readNames(names cryptobyte.String) (all []string) {
	for !names.Empty() {
		var one cryptobyte.String
		var tag asn1.Tag
		if !names.ReadAnyASN1Element(&one, &tag) || len(all) == maxPlaces {
			return nil
		}
		all = append(all, string(one))
	}
	return all
}

// readEntries fills the set. A first look counts, so that its table is made once.
func (l *list) readEntries() error {
	malformed := refused("crl.malformed", "the entries of the revocation list do not decode")
	content := cryptobyte.String(l.content)
	l.content = nil
	n, ok := countElements(content)
	if !ok || n > maxEntries {
		return malformed
	}
	l.entries = newSerials(n)
	for !content.Empty() {
		var one, serial, extensions cryptobyte.String
		var noted listed
		var extended bool
		if !content.ReadASN1(&one, asn1.SEQUENCE) || !one.ReadASN1(&serial, asn1.INTEGER) || !minimal(serial) || !readTime(&one, &noted.at) ||
			!one.ReadOptionalASN1(&extensions, &extended, asn1.SEQUENCE) || !one.Empty() {
			return malformed
		}
		if extended {
			if err := readEntry(extensions, &noted, malformed); err != nil {
				return err
			}
		}
		key := keyOf(serial)
		l.entries.add(&key, noted)
	}
	return nil
}

// readEntry reads the extensions of an entry.
func readEntry(all cryptobyte.String, noted *listed, malformed error) error {
	for !all.Empty() {
		oid, critical, value, ok := readExtension(&all)
		if !ok {
			return malformed
		}
		switch {
		case string(oid) == extReason:
			var content cryptobyte.String
			if !value.ReadASN1(&content, asn1.ENUM) || !value.Empty() || len(content) != 1 || content[0] > 10 || content[0] == 7 {
				return malformed
			}
			noted.reason = pki.Reason(content[0])
		case string(oid) == extInvalid:
			// It tells when the key was lost, which is of no account at a door.
		case critical:
			return refused("crl.critical-extension", "an entry of the revocation list has a critical extension that is not understood")
		}
	}
	return nil
}

// places are the names of the distribution points of a certificate whose lists speak of
// it alone and for every reason, each a whole DER GeneralName.
func placesOf(points []byte) (all []string) {
	value := cryptobyte.String(points)
	var sequence cryptobyte.String
	if !value.ReadASN1(&sequence, asn1.SEQUENCE) {
		return nil
	}
	for !sequence.Empty() && len(all) < maxPlaces {
		var point, where, names cryptobyte.String
		var named bool
		if !sequence.ReadASN1(&point, asn1.SEQUENCE) || !point.ReadOptionalASN1(&where, &named, explicit(0)) {
			return all
		}
		if named && point.Empty() && where.ReadASN1(&names, explicit(0)) {
			all = append(all, readNames(names)...)
		}
	}
	return all
}

// covers reports whether a list speaks about a certificate of its issuer.
func (s *scope) covers(k *link) bool {
	if s.users && k.authority || s.authorities && !k.authority {
		return false
	}
	return !s.named || slices.ContainsFunc(k.places, func(p string) bool { return slices.Contains(s.places, p) })
}
