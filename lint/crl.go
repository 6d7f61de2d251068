package lint

import (
	"hash/maphash"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	asn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// crl is the one parsed view all CRL rules read. Entries are walked once and
// leave only what the rules ask about, for there may be millions.
type crl struct {
	opts   Options
	issuer *certificate // nil when not given

	version         int // as printed; 1 when absent
	inner           algorithm
	algorithm       algorithm
	issuerName      name
	thisUpdate      moment
	nextUpdate      moment
	hasNext         bool
	emptyList       bool // revokedCertificates is there and empty
	entries         int
	extensions      []extension
	noExtensions    bool
	signatureUnused byte

	number    []byte
	base      []byte // deltaCRLIndicator
	issuerKey []byte
	scope     scope
	malformed string
	entry     entryFaults
}

// scope is the issuing distribution point (RFC 5280 5.2.5).
type scope struct {
	present  bool
	empty    bool
	only     int // how many of onlyContainsUserCerts, CACerts, AttributeCerts
	indirect bool
	point    distributionPoint
	hasPoint bool
}

const notCRL = "crl.malformed"

func newCRL(der []byte, opts Options) (*crl, error) {
	l, where := parseCRL(der)
	if where != "" {
		return nil, malformed(notCRL, "certificate revocation list", where)
	}
	l.opts = opts
	var err error
	l.issuer, err = opts.issuer()
	return l, err
}

func parseCRL(der []byte) (*crl, string) {
	if len(der) > maxCRL {
		return nil, "it is larger than 512 MiB"
	}
	input := cryptobyte.String(der)
	var outer, tbs, bits cryptobyte.String
	if !input.ReadASN1(&outer, asn1.SEQUENCE) || !input.Empty() {
		return nil, "the outer SEQUENCE"
	}
	if !outer.ReadASN1(&tbs, asn1.SEQUENCE) {
		return nil, "tbsCertList"
	}
	l := &crl{version: 1}
	if where := l.readTBS(tbs); where != "" {
		return nil, where
	}
	var ok bool
	if l.algorithm, ok = readAlgorithm(&outer); !ok {
		return nil, "signatureAlgorithm"
	}
	if !outer.ReadASN1(&bits, asn1.BIT_STRING) || len(bits) == 0 || bits[0] > 7 || !outer.Empty() {
		return nil, "signatureValue"
	}
	l.signatureUnused = bits[0]
	l.decodeExtensions()
	return l, ""
}

func (l *crl) readTBS(tbs cryptobyte.String) string {
	if tbs.PeekASN1Tag(asn1.INTEGER) {
		if !tbs.ReadASN1Integer(&l.version) || l.version < 0 || l.version > 255 {
			return "version"
		}
		l.version++
	}
	var ok bool
	if l.inner, ok = readAlgorithm(&tbs); !ok {
		return "signature"
	}
	if l.issuerName, ok = readName(&tbs); !ok {
		return "issuer"
	}
	if l.thisUpdate, ok = readMoment(&tbs); !ok {
		return "thisUpdate"
	}
	if tbs.PeekASN1Tag(asn1.UTCTime) || tbs.PeekASN1Tag(asn1.GeneralizedTime) {
		l.hasNext = true
		if l.nextUpdate, ok = readMoment(&tbs); !ok {
			return "nextUpdate"
		}
	}
	if where := l.readEntries(&tbs); where != "" {
		return where
	}
	return l.readExtensions(tbs)
}

func (l *crl) readEntries(tbs *cryptobyte.String) string {
	if !tbs.PeekASN1Tag(asn1.SEQUENCE) {
		return ""
	}
	var list cryptobyte.String
	if !tbs.ReadASN1(&list, asn1.SEQUENCE) {
		return "revokedCertificates"
	}
	l.emptyList = list.Empty()
	seed := maphash.MakeSeed()
	hashes := make([]uint64, 0, min(len(list)/36, 1<<20))
	for again := list; !again.Empty(); {
		serial, ok := l.entry.read(&again, l.thisUpdate)
		if !ok {
			return "an entry"
		}
		hashes = append(hashes, maphash.Bytes(seed, serial))
		l.entries++
	}
	l.entry.repeated = repeats(list, hashes)
	return ""
}

// repeats reports whether a serial stands twice. Equal hashes only raise the
// suspicion; the serials themselves are then compared.
func repeats(list cryptobyte.String, hashes []uint64) bool {
	slices.Sort(hashes)
	suspicious := false
	for i := 1; i < len(hashes); i++ {
		suspicious = suspicious || hashes[i] == hashes[i-1]
	}
	if !suspicious {
		return false
	}
	seen := make(map[string]bool, len(hashes))
	for !list.Empty() {
		var body, serial cryptobyte.String
		if !list.ReadASN1(&body, asn1.SEQUENCE) || !body.ReadASN1(&serial, asn1.INTEGER) {
			return false
		}
		if seen[string(serial)] {
			return true
		}
		seen[string(serial)] = true
	}
	return false
}

func (l *crl) readExtensions(tbs cryptobyte.String) string {
	var field, list cryptobyte.String
	var present, ok bool
	if !tbs.ReadOptionalASN1(&field, &present, wrapped(0)) || !tbs.Empty() {
		return "crlExtensions"
	}
	if !present {
		return ""
	}
	if !field.ReadASN1(&list, asn1.SEQUENCE) || !field.Empty() {
		return "crlExtensions"
	}
	l.noExtensions = list.Empty()
	if l.extensions, ok = readExtensions(list); !ok {
		return "an extension"
	}
	return ""
}

func (l *crl) decodeExtensions() {
	for i := range l.extensions {
		e := &l.extensions[i]
		if findExtension(l.extensions[:i], string(e.oid)) == nil && !l.decode(e) && l.malformed == "" {
			l.malformed = dotted(e.oid)
		}
	}
}

func (l *crl) decode(e *extension) (ok bool) {
	s := cryptobyte.String(e.value)
	switch string(e.oid) {
	case oidCRLNumber:
		l.number, ok = readNumber(&s)
	case oidDeltaCRL:
		l.base, ok = readNumber(&s)
	case oidAuthorityKeyID:
		l.issuerKey, ok = readAuthorityKeyID(&s)
	case oidIssuingDistPoint:
		ok = l.scope.read(&s)
	case oidFreshestCRL:
		_, ok = readPoints(&s)
	default:
		return true
	}
	return ok && s.Empty()
}

// readNumber reads a CRLNumber (RFC 5280 5.2.3: not negative, 20 octets at most).
func readNumber(s *cryptobyte.String) ([]byte, bool) {
	var number cryptobyte.String
	if !s.ReadASN1(&number, asn1.INTEGER) || integerFault(number) != "" || number[0] >= 0x80 || len(number) > 20 {
		return nil, false
	}
	return number, true
}

func (p *scope) read(s *cryptobyte.String) bool {
	p.present = true
	var body, choice cryptobyte.String
	if !s.ReadASN1(&body, asn1.SEQUENCE) {
		return false
	}
	p.empty = body.Empty()
	var ok bool
	if !body.ReadOptionalASN1(&choice, &p.hasPoint, wrapped(0)) {
		return false
	}
	if p.hasPoint {
		if p.point.names, p.point.relative, ok = readPointName(choice); !ok {
			return false
		}
	}
	for _, n := range []asn1.Tag{1, 2, 3, 4, 5} {
		var flag cryptobyte.String
		var present bool
		if !body.ReadOptionalASN1(&flag, &present, context(n)) {
			return false
		}
		if !present || n == 3 {
			continue
		}
		// The flags are DEFAULT FALSE, so DER writes TRUE or nothing.
		if string(flag) != "\xff" {
			return false
		}
		if n == 4 {
			p.indirect = true
		} else {
			p.only++
		}
	}
	return body.Empty()
}
