package verify

import (
	"crypto/ecdsa"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
)

// signature checks who signed a certificate or a list. It returns "" when the
// signature holds, else the code of what is wrong. smx509 alone would take SHA-1
// here, and an ECDSA signature by an SM2 key, which no standard knows.
func signature(issuer *smx509.Certificate, algorithm smx509.SignatureAlgorithm, signed, value []byte) string {
	switch algorithm {
	case smx509.MD2WithRSA, smx509.MD5WithRSA, smx509.SHA1WithRSA, smx509.DSAWithSHA1, smx509.ECDSAWithSHA1:
		return "path.weak-algorithm"
	case smx509.UnknownSignatureAlgorithm:
		return "path.unknown-algorithm"
	}
	if issuer.PublicKey == nil {
		return "path.unknown-algorithm"
	}
	if key, ok := issuer.PublicKey.(*ecdsa.PublicKey); ok && (key.Curve == sm2.P256()) != (algorithm == smx509.SM2WithSM3) {
		return "path.signature"
	}
	if issuer.CheckSignature(algorithm, signed, value) != nil {
		return "path.signature"
	}
	return ""
}
