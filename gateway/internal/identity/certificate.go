package identity

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"net"
	"strings"
	"time"

	"github.com/emmansun/gmsm/sm3"
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"onecert/pki"
	"onecert/verify"
)

// certificate is what can be told of one. Trust has judged it; here it is only read, by
// verify's reader, which takes names that smx509 refuses (GBK in a PrintableString).
type certificate struct {
	der                 []byte
	serial              *big.Int
	subject, issuer     []attribute
	notBefore, notAfter time.Time
	extensions          map[string][]byte // value by dotted OID
	legacy              string
}

func readCertificate(der []byte, legacy string) (*certificate, error) {
	read, err := verify.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	c := &certificate{der: der, serial: read.Serial, notBefore: read.NotBefore, notAfter: read.NotAfter, legacy: legacy}
	if c.subject, err = readName(read.Subject, legacy); err != nil {
		return nil, err
	}
	if c.issuer, err = readName(read.Issuer, legacy); err != nil {
		return nil, err
	}
	ok := false
	if c.extensions, ok = readExtensions(der); !ok {
		return nil, malformed("its extensions do not decode")
	}
	return c, nil
}

// readExtensions walks to the extensions of a certificate that verify has read.
func readExtensions(der []byte) (map[string][]byte, bool) {
	input := cryptobyte.String(der)
	var outer, tbs, list, wrapped cryptobyte.String
	var present bool
	version, unique1, unique2, last := asn1.Tag(0).ContextSpecific().Constructed(), asn1.Tag(1).ContextSpecific(),
		asn1.Tag(2).ContextSpecific(), asn1.Tag(3).ContextSpecific().Constructed()
	if !input.ReadASN1(&outer, asn1.SEQUENCE) || !outer.ReadASN1(&tbs, asn1.SEQUENCE) ||
		!tbs.SkipOptionalASN1(version) || !tbs.SkipASN1(asn1.INTEGER) {
		return nil, false
	}
	for range 5 { // signature, issuer, validity, subject, subjectPublicKeyInfo
		if !tbs.SkipASN1(asn1.SEQUENCE) {
			return nil, false
		}
	}
	if !tbs.SkipOptionalASN1(unique1) || !tbs.SkipOptionalASN1(unique2) || !tbs.ReadOptionalASN1(&wrapped, &present, last) {
		return nil, false
	}
	all := map[string][]byte{}
	if !present {
		return all, true
	}
	if !wrapped.ReadASN1(&list, asn1.SEQUENCE) {
		return nil, false
	}
	for !list.Empty() {
		var one, value cryptobyte.String
		var oid pki.OID
		if !list.ReadASN1(&one, asn1.SEQUENCE) || !one.ReadASN1ObjectIdentifier(&oid) ||
			!one.SkipOptionalASN1(asn1.BOOLEAN) || !one.ReadASN1(&value, asn1.OCTET_STRING) {
			return nil, false
		}
		all[oid.String()] = value
	}
	return all, true
}

// serialText writes the serial number in one of its forms.
func (c *certificate) serialText(form string) string {
	octets := hex.EncodeToString(c.serial.Bytes())
	switch form {
	case "decimal":
		return c.serial.String()
	case "HEX":
		return strings.ToUpper(octets)
	case "colon":
		var pairs []string
		for i := 0; i < len(octets); i += 2 {
			pairs = append(pairs, octets[i:i+2])
		}
		return strings.Join(pairs, ":")
	}
	return octets
}

func (c *certificate) fingerprint(hash string) string {
	switch hash {
	case "sm3":
		sum := sm3.Sum(c.der)
		return hex.EncodeToString(sum[:])
	case "sha1": // what nginx calls the fingerprint; it identifies and protects nothing
		sum := sha1.Sum(c.der)
		return hex.EncodeToString(sum[:])
	}
	sum := sha256.Sum256(c.der)
	return hex.EncodeToString(sum[:])
}

func pemOf(der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// byteSequence is RFC 8941's form of octets (3.3.5), which RFC 9440 uses.
func byteSequence(der []byte) string { return ":" + base64.StdEncoding.EncodeToString(der) + ":" }

// Kinds of alternative names, by tag (RFC 5280 4.2.1.6).
var altNameTags = map[string]asn1.Tag{
	"email": asn1.Tag(1).ContextSpecific(), "dns": asn1.Tag(2).ContextSpecific(),
	"uri": asn1.Tag(6).ContextSpecific(), "ip": asn1.Tag(7).ContextSpecific(),
	"upn": asn1.Tag(0).ContextSpecific().Constructed(),
}

// altNames returns the alternative names of one kind.
func (c *certificate) altNames(kind string) ([]string, error) {
	value, there := c.extensions[pki.OIDSubjectAltName.String()]
	if !there {
		return nil, nil
	}
	input := cryptobyte.String(value)
	var list cryptobyte.String
	if !input.ReadASN1(&list, asn1.SEQUENCE) {
		return nil, malformed("its alternative names do not decode")
	}
	var all []string
	for !list.Empty() {
		var content cryptobyte.String
		var tag asn1.Tag
		if !list.ReadAnyASN1(&content, &tag) {
			return nil, malformed("its alternative names do not decode")
		}
		if tag != altNameTags[kind] {
			continue
		}
		switch text, ok := altNameText(kind, content, c.legacy); {
		case ok:
			all = append(all, text)
		case kind != "upn": // other names of other kinds are nobody's fault
			return nil, malformed("an alternative name of it cannot be read")
		}
	}
	return all, nil
}

func altNameText(kind string, content cryptobyte.String, legacy string) (string, bool) {
	switch kind {
	case "ip":
		if len(content) != net.IPv4len && len(content) != net.IPv6len {
			return "", false
		}
		return net.IP(content).String(), true
	case "upn":
		return principal(content, legacy)
	}
	return decodeText(asn1.IA5String, content, legacyRefuse)
}

// principal reads an OtherName with Microsoft's user principal name.
func principal(content cryptobyte.String, legacy string) (string, bool) {
	var oid pki.OID
	var wrapped, text cryptobyte.String
	var tag asn1.Tag
	if !content.ReadASN1ObjectIdentifier(&oid) || oid.String() != "1.3.6.1.4.1.311.20.2.3" ||
		!content.ReadASN1(&wrapped, asn1.Tag(0).ContextSpecific().Constructed()) || !wrapped.ReadAnyASN1(&text, &tag) {
		return "", false
	}
	return decodeText(tag, text, legacy)
}

// policies returns the OIDs of the certificate policies.
func (c *certificate) policies() ([]string, error) {
	value, there := c.extensions[pki.OIDPolicies.String()]
	if !there {
		return nil, nil
	}
	input := cryptobyte.String(value)
	var list cryptobyte.String
	if !input.ReadASN1(&list, asn1.SEQUENCE) {
		return nil, malformed("its policies do not decode")
	}
	var all []string
	for !list.Empty() {
		var one cryptobyte.String
		var oid pki.OID
		if !list.ReadASN1(&one, asn1.SEQUENCE) || !one.ReadASN1ObjectIdentifier(&oid) {
			return nil, malformed("its policies do not decode")
		}
		all = append(all, oid.String())
	}
	return all, nil
}

// extension returns the text of a private extension: a string, perhaps inside a SEQUENCE,
// SET or OCTET STRING, or bare octets of text as some CAs write.
func (c *certificate) extension(oid string) ([]string, error) {
	value, there := c.extensions[oid]
	if !there {
		return nil, nil
	}
	input := cryptobyte.String(value)
	for range 4 {
		var content cryptobyte.String
		var tag asn1.Tag
		if !input.ReadAnyASN1(&content, &tag) || !input.Empty() {
			break
		}
		if text, ok := decodeText(tag, content, c.legacy); ok {
			return []string{text}, nil
		}
		input = content
	}
	if text, ok := decodeUndeclared(value, c.legacy); ok && clean(text) {
		return []string{text}, nil
	}
	return nil, pki.Errorf(pki.Invalid, "identity.unreadable", "extension %s of the certificate holds no text", oid).
		To("do not tell the application this extension")
}
