package verify

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"errors"

	"github.com/emmansun/gmsm/smx509"

	"onecert/pki"
)

// validate holds a path against RFC 5280 6.1. Its own checks come first, since they
// name the certificate at fault; smx509 then judges the path once more as a whole,
// with name constraints, policies and extended key usages along it.
func (r Request) validate(path []*smx509.Certificate) []Reason {
	var reasons []Reason
	for i, c := range path {
		reasons = append(reasons, r.each(c)...)
		if i > 0 {
			reasons = append(reasons, issuing(path, i)...)
		}
	}
	reasons = append(reasons, r.Purpose.usage(path[0])...)
	if len(reasons) == 0 {
		reasons = r.whole(path)
	}
	return reasons
}

// each checks what holds for every certificate of the path, the anchor included:
// an anchor past its time is no anchor.
func (r Request) each(c *smx509.Certificate) []Reason {
	var reasons []Reason
	switch {
	case r.At.Before(c.NotBefore):
		reasons = append(reasons, reason("path.not-yet-valid", c).at(c.NotBefore))
	case r.At.After(c.NotAfter):
		reasons = append(reasons, reason("path.expired", c).at(c.NotAfter))
	}
	if len(c.UnhandledCriticalExtensions) > 0 {
		reasons = append(reasons, reason("path.critical-extension", c))
	}
	if weakKey(c) {
		reasons = append(reasons, reason("path.weak-key", c))
	}
	return reasons
}

func weakKey(c *smx509.Certificate) bool {
	switch key := c.PublicKey.(type) {
	case *rsa.PublicKey:
		return key.N.BitLen() < 2048 || key.E < 3 || key.E%2 == 0
	case *ecdsa.PublicKey:
		return key.Curve.Params().BitSize < 256
	}
	return false
}

// issuing checks path[i] in its role as the issuer of path[i-1].
func issuing(path []*smx509.Certificate, i int) []Reason {
	c := path[i]
	var reasons []Reason
	if !c.BasicConstraintsValid || !c.IsCA {
		reasons = append(reasons, reason("path.not-a-ca", c))
	}
	if findExtension(c, pki.OIDKeyUsage) != nil && c.KeyUsage&smx509.KeyUsageCertSign == 0 {
		reasons = append(reasons, reason("path.ca-usage", c))
	}
	if c.BasicConstraintsValid && c.MaxPathLen >= 0 && below(path[1:i]) > c.MaxPathLen {
		reasons = append(reasons, reason("path.length", c))
	}
	return reasons
}

// below counts the CAs that a path length limits: self-issued ones, which only
// carry a key over to the next, are not counted (RFC 5280 4.2.1.9).
func below(cas []*smx509.Certificate) (n int) {
	for _, c := range cas {
		if !bytes.Equal(c.RawSubject, c.RawIssuer) {
			n++
		}
	}
	return n
}

// whole lets smx509 judge exactly this path. An empty list of usages would mean
// serverAuth to it, so one is always given.
func (r Request) whole(path []*smx509.Certificate) []Reason {
	roots, others := smx509.NewCertPool(), smx509.NewCertPool()
	roots.AddCert(path[len(path)-1])
	for _, c := range path[:len(path)-1] {
		others.AddCert(c)
	}
	_, err := path[0].Verify(smx509.VerifyOptions{
		Roots: roots, Intermediates: others, CurrentTime: r.At,
		KeyUsages: []smx509.ExtKeyUsage{r.Purpose.extended()},
	})
	if err == nil {
		return nil
	}
	var constraint smx509.CertificateInvalidError
	if errors.As(err, &constraint) {
		return []Reason{reason(codeOf(constraint.Reason), constraint.Cert)}
	}
	return []Reason{r.hint(path, err)}
}

// hint: smx509 hides the cause of a broken path in an error without fields; name
// constraints are the only check it makes there that we have not made before.
func (r Request) hint(path []*smx509.Certificate, err error) Reason {
	var unknown smx509.UnknownAuthorityError
	if !errors.As(err, &unknown) {
		return reason("path.invalid", path[0])
	}
	for _, c := range path[1:] {
		if findExtension(c, pki.OIDNameConstraints) != nil {
			return reason("path.name-constraints", c)
		}
	}
	return reason("path.invalid", path[0])
}

func codeOf(invalid smx509.InvalidReason) string {
	switch invalid {
	case smx509.IncompatibleUsage, smx509.CANotAuthorizedForExtKeyUsage:
		return "path.extended-usage"
	case smx509.CANotAuthorizedForThisName, smx509.UnconstrainedName, smx509.TooManyConstraints:
		return "path.name-constraints"
	case smx509.TooManyIntermediates:
		return "path.length"
	case smx509.NoValidChains:
		return "path.policy"
	}
	return "path.invalid"
}
