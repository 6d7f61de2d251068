package portal

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/smx509"

	"onecert/pki"
)

// facts are what a page shows of a certificate.
type facts struct {
	Subject, Issuer     string
	Serial              pki.Serial
	NotBefore, NotAfter time.Time
	SHA256, SM3, SHA1   string // fingerprints, in pairs of digits
}

func factsOf(der []byte) (*facts, error) {
	cert, err := smx509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	subject, err := pki.NameOf(cert.RawSubject)
	if err != nil {
		return nil, err
	}
	issuer, err := pki.NameOf(cert.RawIssuer)
	if err != nil {
		return nil, err
	}
	long, short, national := sha256.Sum256(der), sha1.Sum(der), sm3.Sum(der)
	return &facts{Subject: subject.String(), Issuer: issuer.String(), Serial: pki.SerialOf(cert.SerialNumber),
		NotBefore: cert.NotBefore, NotAfter: cert.NotAfter, SHA256: pairs(long[:]), SM3: pairs(national[:]), SHA1: pairs(short[:])}, nil
}

// pairs writes a fingerprint as people compare it.
func pairs(sum []byte) string {
	text := strings.ToUpper(hex.EncodeToString(sum))
	var out []string
	for ; len(text) > 1; text = text[2:] {
		out = append(out, text[:2])
	}
	return strings.Join(out, ":")
}

// issuedBy reports whether a CA signed a certificate.
func issuedBy(cert *smx509.Certificate, a Authority) bool {
	ca, err := smx509.ParseCertificate(a.Chain[0])
	return err == nil && bytes.Equal(cert.RawIssuer, ca.RawSubject) && cert.CheckSignatureFrom(ca) == nil
}

func chainOf(a Authority) []facts {
	var all []facts
	for _, der := range a.Chain {
		if f, err := factsOf(der); err == nil {
			all = append(all, *f)
		}
	}
	return all
}
