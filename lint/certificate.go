package lint

import (
	"bytes"

	"golang.org/x/crypto/cryptobyte"
	asn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// certificate is the one parsed view all certificate rules read. Slices point into
// the bytes that came in; nothing is written after newCertificate returns.
type certificate struct {
	opts   Options
	issuer *certificate // nil when not given; itself when self-signed
	pair   *certificate // the other one of a dual pair, nil if none

	version         int  // 1 to 3 as printed, whatever was encoded plus one
	versionWritten  bool // v1 is a DEFAULT and must not be written
	serial          []byte
	inner           algorithm
	algorithm       algorithm // the outer one
	issuerName      name
	subject         name
	notBefore       moment
	notAfter        moment
	key             publicKey
	uniqueID        bool
	extensions      []extension
	noExtensions    bool // the extensions field is there and empty
	signatureUnused byte

	ext       decoded
	malformed string // the first extension of a known kind that does not decode
	faults    nameFaults
}

const notCertificate = "certificate.malformed"

// newCertificate parses der and, when given, the issuer and the pair.
func newCertificate(der []byte, opts Options) (*certificate, error) {
	c, where := parseCertificate(der, true)
	if where != "" {
		return nil, malformed(notCertificate, "certificate", where)
	}
	c.opts = opts
	var err error
	if c.issuer, err = opts.issuer(); err != nil {
		return nil, err
	}
	if c.issuer == nil && c.selfSigned() {
		c.issuer = c
	}
	if opts.Pair != nil {
		if c.pair, where = parseCertificate(opts.Pair, false); where != "" {
			return nil, malformed("pair.malformed", "certificate of the pair", where)
		}
	}
	return c, nil
}

// parseCertificate returns the view, or where the frame breaks. Names are scanned
// for the naming rules only where scan is set: not for issuer and pair.
func parseCertificate(der []byte, scan bool) (*certificate, string) {
	if len(der) > maxCertificate {
		return nil, "it is larger than 256 KiB"
	}
	input := cryptobyte.String(der)
	var outer, tbs cryptobyte.String
	if !input.ReadASN1(&outer, asn1.SEQUENCE) {
		return nil, "the outer SEQUENCE"
	}
	if !input.Empty() {
		return nil, "octets follow the outer SEQUENCE"
	}
	if !outer.ReadASN1(&tbs, asn1.SEQUENCE) {
		return nil, "tbsCertificate"
	}
	c := &certificate{}
	if where := c.readTBS(tbs); where != "" {
		return nil, where
	}
	if where := c.readTail(outer); where != "" {
		return nil, where
	}
	c.decodeExtensions()
	if scan {
		c.faults = scanName(&c.subject)
	}
	return c, ""
}

func (c *certificate) readTBS(tbs cryptobyte.String) string {
	var ok bool
	if where := c.readVersion(&tbs); where != "" {
		return where
	}
	var serial cryptobyte.String
	if !tbs.ReadASN1(&serial, asn1.INTEGER) {
		return "serialNumber"
	}
	c.serial = serial
	if c.inner, ok = readAlgorithm(&tbs); !ok {
		return "signature"
	}
	if c.issuerName, ok = readName(&tbs); !ok {
		return "issuer"
	}
	var validity cryptobyte.String
	if !tbs.ReadASN1(&validity, asn1.SEQUENCE) {
		return "validity"
	}
	var from, to bool
	c.notBefore, from = readMoment(&validity)
	c.notAfter, to = readMoment(&validity)
	if !from || !to || !validity.Empty() {
		return "validity"
	}
	if c.subject, ok = readName(&tbs); !ok {
		return "subject"
	}
	if c.key, ok = readPublicKey(&tbs); !ok {
		return "subjectPublicKeyInfo"
	}
	return c.readOptional(tbs)
}

func (c *certificate) readVersion(tbs *cryptobyte.String) string {
	var version cryptobyte.String
	if !tbs.ReadOptionalASN1(&version, &c.versionWritten, wrapped(0)) {
		return "version"
	}
	c.version = 1
	if c.versionWritten {
		var number int
		if !version.ReadASN1Integer(&number) || !version.Empty() || number < 0 || number > 255 {
			return "version"
		}
		c.version = number + 1
	}
	return ""
}

// readOptional reads the unique identifiers and the extensions.
func (c *certificate) readOptional(tbs cryptobyte.String) string {
	for _, n := range []asn1.Tag{1, 2} {
		c.uniqueID = c.uniqueID || tbs.PeekASN1Tag(context(n))
		if !tbs.SkipOptionalASN1(context(n)) {
			return "unique identifier"
		}
	}
	var field, list cryptobyte.String
	var present, ok bool
	if !tbs.ReadOptionalASN1(&field, &present, wrapped(3)) || !tbs.Empty() {
		return "extensions"
	}
	if !present {
		return ""
	}
	if !field.ReadASN1(&list, asn1.SEQUENCE) || !field.Empty() {
		return "extensions"
	}
	c.noExtensions = list.Empty()
	if c.extensions, ok = readExtensions(list); !ok {
		return "an extension"
	}
	return ""
}

// readTail reads what follows the tbsCertificate.
func (c *certificate) readTail(outer cryptobyte.String) string {
	var ok bool
	if c.algorithm, ok = readAlgorithm(&outer); !ok {
		return "signatureAlgorithm"
	}
	var bits cryptobyte.String
	if !outer.ReadASN1(&bits, asn1.BIT_STRING) || len(bits) == 0 || bits[0] > 7 || !outer.Empty() {
		return "signatureValue"
	}
	c.signatureUnused = bits[0]
	return ""
}

func (c *certificate) selfIssued() bool { return bytes.Equal(c.issuerName.raw, c.subject.raw) }

// selfSigned goes by names and key identifiers: signatures are not looked at here.
func (c *certificate) selfSigned() bool {
	return c.selfIssued() && (c.ext.issuerKey == nil || bytes.Equal(c.ext.issuerKey, c.ext.subjectKey))
}

// isCA reports the cA flag of basicConstraints.
func (c *certificate) isCA() bool { return c.ext.basic && c.ext.ca }
