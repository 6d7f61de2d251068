package portal

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/pem"
	"strings"
	"unicode/utf16"

	"github.com/emmansun/gmsm/smx509"

	"onecert/cms"
	"onecert/pki"
)

// readCertificate reads what people have: PEM, DER, bare base64 and bundles without
// signers (.p7b), with the marks that editors put in front. Of several certificates it
// is the first that is no CA's, else the first.
func readCertificate(raw []byte) (*smx509.Certificate, error) {
	var first *smx509.Certificate
	for _, der := range certificatesIn(plain(raw)) {
		cert, err := smx509.ParseCertificate(der)
		if err != nil {
			continue
		}
		if !cert.IsCA {
			return cert, nil
		}
		if first == nil {
			first = cert
		}
	}
	if first == nil {
		return nil, pki.Errorf(pki.Invalid, "portal.file", "the file is not a certificate").
			To("choose a .cer, .crt, .pem or .p7b file; a .pfx or .p12 file holds a private key and must not be given away")
	}
	return first, nil
}

// mostInFile is the most certificates of one file that are looked at.
const mostInFile = 64

// certificatesIn returns what may be certificates.
func certificatesIn(raw []byte) (all [][]byte) {
	for rest := raw; len(all) < mostInFile; {
		block, more := pem.Decode(rest)
		if block == nil {
			break
		}
		switch block.Type {
		case "CERTIFICATE", "X509 CERTIFICATE":
			all = append(all, block.Bytes)
		case "PKCS7", "CMS":
			all = append(all, inBundle(block.Bytes)...)
		}
		rest = more
	}
	if len(all) > 0 || bytes.Contains(raw, []byte("-----BEGIN ")) {
		return all
	}
	if der, ok := fromBase64(raw); ok {
		raw = der
	}
	return append(inBundle(raw), raw)
}

func inBundle(message []byte) [][]byte {
	all, err := cms.Certificates(message)
	if err != nil { // what it is else, the next reader says
		return nil
	}
	return all[:min(len(all), mostInFile)]
}

// plain takes off the mark that says how a text is encoded, and makes UTF-16, in which
// editors of Windows write, octets again.
func plain(raw []byte) []byte {
	if rest, found := bytes.CutPrefix(raw, []byte("\xef\xbb\xbf")); found {
		return rest
	}
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(raw, []byte{0xff, 0xfe}):
		order = binary.LittleEndian
	case bytes.HasPrefix(raw, []byte{0xfe, 0xff}):
		order = binary.BigEndian
	default:
		return raw
	}
	var text []uint16
	for rest := raw[2:]; len(rest) >= 2; rest = rest[2:] {
		text = append(text, order.Uint16(rest))
	}
	return []byte(string(utf16.Decode(text)))
}

// fromBase64 reads base64 in either alphabet, padded or not, over any lines.
func fromBase64(raw []byte) ([]byte, bool) {
	text := strings.Join(strings.Fields(string(raw)), "")
	text = strings.TrimRight(strings.NewReplacer("-", "+", "_", "/").Replace(text), "=")
	der, err := base64.RawStdEncoding.DecodeString(text)
	return der, err == nil && len(der) > 0
}
