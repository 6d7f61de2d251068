package ceremony

import (
	"encoding/pem"

	"github.com/emmansun/gmsm/smx509"

	"onecert/pki"
)

// maxChain bounds the certificates in one file.
const maxChain = 10

// readCertificates reads PEM certificates, or one in DER. name is for errors.
func readCertificates(data []byte, name string) (all []*smx509.Certificate, err error) {
	wrong := pki.Errorf(pki.Invalid, "ceremony.certificate", "%s does not hold 1 to %d certificates", name, maxChain).To("give PEM, or DER for a single one")
	ders := [][]byte{data}
	if len(data) == 0 || data[0] != 0x30 {
		ders = nil
		for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
			if block.Type != "CERTIFICATE" {
				return nil, wrong
			}
			ders = append(ders, block.Bytes)
		}
	}
	if len(ders) == 0 || len(ders) > maxChain {
		return nil, wrong
	}
	for _, der := range ders {
		c, err := smx509.ParseCertificate(der)
		if err != nil {
			return nil, wrong.Because(err)
		}
		all = append(all, c)
	}
	return all, nil
}

// readList reads a list in DER or PEM and checks who signed it.
func readList(data []byte, by *smx509.Certificate) (*smx509.RevocationList, error) {
	if block, _ := pem.Decode(data); block != nil && block.Type == "X509 CRL" {
		data = block.Bytes
	}
	list, err := smx509.ParseRevocationList(data)
	if err != nil || list.Number == nil || !list.Number.IsInt64() {
		return nil, pki.Errorf(pki.Invalid, "ceremony.list", "a revocation list is malformed or has no number").Because(err)
	}
	if err := list.CheckSignatureFrom(by); err != nil {
		return nil, pki.Errorf(pki.Invalid, "ceremony.list", "a revocation list is not signed by the CA it is said to be of").Because(err)
	}
	return list, nil
}

func encodeChain(chain []*smx509.Certificate) (out []byte) {
	for _, c := range chain {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return out
}
