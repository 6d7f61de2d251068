package cms

import (
	"encoding/asn1"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"onecert/pki"
)

// maxBundle bounds a bundle of certificates.
const maxBundle = 1 << 20

// Certificates returns the certificates of a SignedData, in DER and in their order: of
// a bundle without signers (.p7b, RFC 8551 3.8) as of a signed message, whose signature
// is not looked at. Error: cms.certificates.
func Certificates(message []byte) ([][]byte, error) {
	refused := pki.Errorf(pki.Invalid, "cms.certificates", "this is no SignedData with certificates")
	if len(message) > maxBundle {
		return nil, refused
	}
	der, ok := fromBER(message)
	if !ok {
		return nil, refused
	}
	zero := cbasn1.Tag(0).ContextSpecific().Constructed()
	input := cryptobyte.String(der)
	var info, content, signed, bundle cryptobyte.String
	var kind asn1.ObjectIdentifier
	if !input.ReadASN1(&info, cbasn1.SEQUENCE) || !input.Empty() || !info.ReadASN1ObjectIdentifier(&kind) || !isSignedData(kind) ||
		!info.ReadASN1(&content, zero) || !content.ReadASN1(&signed, cbasn1.SEQUENCE) ||
		!signed.SkipASN1(cbasn1.INTEGER) || !signed.SkipASN1(cbasn1.SET) || !signed.SkipASN1(cbasn1.SEQUENCE) || !signed.ReadASN1(&bundle, zero) {
		return nil, refused
	}
	var all [][]byte
	for !bundle.Empty() {
		var one cryptobyte.String
		var tag cbasn1.Tag
		if !bundle.ReadAnyASN1Element(&one, &tag) {
			return nil, refused
		}
		if tag == cbasn1.SEQUENCE { // the other choices are certificates of old and of attributes
			all = append(all, one)
		}
	}
	if len(all) == 0 {
		return nil, refused
	}
	return all, nil
}

// isSignedData knows the type by its international and its national name (GM/T 0010).
func isSignedData(kind asn1.ObjectIdentifier) bool {
	return kind.Equal(oidSigned) || kind.Equal(oidGMSigned)
}
