package cms

import (
	"bytes"
	"time"

	"github.com/emmansun/gmsm/smx509"
	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"

	"onecert/pki"
)

// SignedDocument is a signed document as read. Nothing of it may be believed before By
// has named who signed.
type SignedDocument struct {
	Content      []byte
	At           time.Time // as the signer says
	Certificates [][]byte  // DER, as carried along

	digest     algorithm
	method     algorithm
	attributes []byte // content of the SET
	declared   []byte // message digest
	signature  []byte
	signer     identifier
}

// ReadSigned reads a signed document of one signer, in DER or BER, under the
// international or the national content type. Errors: envelope.format, envelope.size,
// envelope.algorithm.
func ReadSigned(message []byte) (*SignedDocument, error) {
	if len(message) > MaxMessage {
		return nil, errSize(nameSigned, MaxMessage)
	}
	encoded, ok := fromBER(message)
	if !ok {
		return nil, errFormat(nameSigned)
	}
	input := cryptobyte.String(encoded)
	var info, outer, body, signers cryptobyte.String
	var kind pki.OID
	if !input.ReadASN1(&info, der.SEQUENCE) || !input.Empty() || !readOID(&info, &kind) || !isSignedData(kind) ||
		!info.ReadASN1(&outer, tag0c) || !info.Empty() || !outer.ReadASN1(&body, der.SEQUENCE) || !outer.Empty() ||
		!body.SkipASN1(der.INTEGER) || !body.SkipASN1(der.SET) {
		return nil, errFormat(nameSigned)
	}
	d := &SignedDocument{}
	if !d.readContent(&body) || !d.readCertificates(&body) || !body.SkipOptionalASN1(tag1c) ||
		!body.ReadASN1(&signers, der.SET) || !body.Empty() || !d.readSigner(signers) || !d.readAttributes() {
		return nil, errFormat(nameSigned)
	}
	return d, nil
}

func readOID(s *cryptobyte.String, to *pki.OID) bool { return s.ReadASN1ObjectIdentifier(to) }

// readContent reads the encapsulated content, which may stand in pieces.
func (d *SignedDocument) readContent(s *cryptobyte.String) bool {
	var body, holder cryptobyte.String
	var kind pki.OID
	if !s.ReadASN1(&body, der.SEQUENCE) || !readOID(&body, &kind) || !(kind.Equal(oidData) || kind.Equal(oidGMData)) ||
		!body.ReadASN1(&holder, tag0c) || !body.Empty() {
		return false
	}
	var content cryptobyte.String
	if holder.PeekASN1Tag(der.OCTET_STRING) {
		ok := holder.ReadASN1(&content, der.OCTET_STRING) && holder.Empty()
		d.Content = content
		return ok
	}
	if !holder.ReadASN1(&content, der.OCTET_STRING|0x20) || !holder.Empty() {
		return false
	}
	whole, ok := joinPieces(content)
	d.Content = whole
	return ok
}

func (d *SignedDocument) readCertificates(s *cryptobyte.String) bool {
	var bundle cryptobyte.String
	var there bool
	if !s.ReadOptionalASN1(&bundle, &there, tag0c) {
		return false
	}
	for !bundle.Empty() {
		var one cryptobyte.String
		var tag der.Tag
		if !bundle.ReadAnyASN1Element(&one, &tag) {
			return false
		}
		if tag == der.SEQUENCE {
			d.Certificates = append(d.Certificates, one)
		}
	}
	return true
}

// readSigner reads the one SignerInfo; it has signed attributes.
func (d *SignedDocument) readSigner(signers cryptobyte.String) bool {
	var body, attributes, signature cryptobyte.String
	var ok bool
	if !signers.ReadASN1(&body, der.SEQUENCE) || !signers.Empty() || !body.SkipASN1(der.INTEGER) {
		return false
	}
	if d.signer, ok = readID(&body); !ok {
		return false
	}
	if d.digest, ok = readAlgorithm(&body); !ok || !body.ReadASN1(&attributes, tag0c) {
		return false
	}
	if d.method, ok = readAlgorithm(&body); !ok || !body.ReadASN1(&signature, der.OCTET_STRING) || !body.SkipOptionalASN1(tag1c) || !body.Empty() {
		return false
	}
	d.attributes, d.signature = attributes, signature
	return len(attributes) > 0
}

// readAttributes finds the content type, the digest and the time; each may stand there
// once (RFC 5652 11). Others say nothing to us.
func (d *SignedDocument) readAttributes() bool {
	var kinds int
	for rest := cryptobyte.String(d.attributes); !rest.Empty(); {
		var one, values cryptobyte.String
		var oid, kind pki.OID
		if !rest.ReadASN1(&one, der.SEQUENCE) || !readOID(&one, &oid) || !one.ReadASN1(&values, der.SET) || !one.Empty() {
			return false
		}
		switch {
		case oid.Equal(oidContentType):
			if kinds++; !readOID(&values, &kind) || !(kind.Equal(oidData) || kind.Equal(oidGMData)) || !values.Empty() {
				return false
			}
		case oid.Equal(oidMessageDigest):
			var digest cryptobyte.String
			if d.declared != nil || !values.ReadASN1(&digest, der.OCTET_STRING) || !values.Empty() {
				return false
			}
			d.declared = digest
		case oid.Equal(oidSigningTime):
			read := values.ReadASN1UTCTime
			if values.PeekASN1Tag(der.GeneralizedTime) {
				read = values.ReadASN1GeneralizedTime
			}
			if !d.At.IsZero() || !read(&d.At) || !values.Empty() {
				return false
			}
		}
	}
	return kinds == 1 && d.declared != nil
}

// By says whether the holder of a certificate signed the document. It looks at neither
// the certificate's life nor its issuer: whom to believe its callers know. Errors:
// envelope.signer, envelope.algorithm.
func (d *SignedDocument) By(c *smx509.Certificate) error {
	if !d.signer.names(Recipient{Public: c.PublicKey, Issuer: c.RawIssuer, Serial: c.SerialNumber, KeyID: c.SubjectKeyId}) {
		return errSigner()
	}
	m, err := methodOf(c.PublicKey)
	if err != nil {
		return err
	}
	if !d.digest.is(m.digestOID) || !d.digest.bare() || !d.method.bare() || !d.method.is(m.signatureOID, m.bareOID()) {
		return errAlgorithm(nameSigned)
	}
	if !bytes.Equal(d.declared, m.sum(d.Content)) || c.CheckSignature(m.check, wrap(der.SET, d.attributes), d.signature) != nil {
		return errSigner()
	}
	return nil
}

// bareOID is the other number seen for a method: RSA with its digest, SM2 by itself.
func (m method) bareOID() pki.OID {
	switch m.check {
	case smx509.SHA256WithRSA:
		return pki.OIDRSASHA256
	case smx509.SM2WithSM3:
		return pki.OIDSM2Sign
	}
	return m.signatureOID
}

func errSigner() *pki.Error {
	return pki.Errorf(pki.Forbidden, "envelope.signer", "the %s is not signed with the key of that certificate", nameSigned).
		To("ask who should have signed it")
}
