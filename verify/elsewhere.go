package verify

import "bytes"

// SignsList says why a list, read elsewhere because it is too long for CRL, is not
// signed by this CA; "" if it is. issuer is the name in the list, tbs and algorithm are
// whole elements, signature the octets of the BIT STRING.
func (c *Certificate) SignsList(issuer, tbs, algorithm, signature []byte) (code string) {
	name, ok := readName(issuer)
	switch {
	case !ok || name.key() != c.subjectKey:
		return "crl.scope"
	case !c.may(usageCRLSign):
		return "crl.issuer-usage"
	case (signedPart{tbs, algorithm, signature}).check(c.PublicKey) != "":
		return "crl.signature"
	}
	return ""
}

// ReasonOf returns the words of a code, for findings made elsewhere about a certificate.
func ReasonOf(code string, c *Certificate) Reason { return reason(code, c) }

// IsCA reports whether the certificate says it is a CA's.
func (c *Certificate) IsCA() bool { return c.ca() }

// SerialOctets are the content octets of the serial number, as lists write it.
func (c *Certificate) SerialOctets() []byte { return bytes.Clone(c.serial) }

// Nonce returns the nonce of an answer; nil if it has none (RFC 9654).
func (a *Answer) Nonce() []byte { return bytes.Clone(a.nonce) }
