package pkitest

import (
	"crypto/rand"
	"fmt"

	"github.com/emmansun/gmsm/smx509"

	"onecert/keys"
	"onecert/lint"
	"onecert/pki"
)

// Certify makes the certificate of a throw-away CA, linted as ours, signed by the
// parent's key or, where parent is nil, by its own.
func Certify(a pki.Authority, signer *keys.Key, parent *smx509.Certificate) (*smx509.Certificate, error) {
	serial, err := pki.NewSerial(rand.Reader)
	if err != nil {
		return nil, err
	}
	template, err := a.Template(serial, parent)
	if err != nil {
		return nil, err
	}
	tbs, err := template.TBS()
	if err != nil {
		return nil, err
	}
	opts := lint.Options{Ours: true}
	if parent != nil {
		opts.Issuer = parent.Raw
	}
	findings, err := lint.Certificate(pki.ThrowAway(tbs, template.Suite), opts)
	if err != nil {
		return nil, fmt.Errorf("linting a test CA: %w", err)
	}
	if lint.Worst(findings) == lint.Error {
		return nil, fmt.Errorf("a test CA breaks rules: %v", findings)
	}
	signature, err := signer.SignMessage(rand.Reader, tbs, nil)
	if err != nil {
		return nil, fmt.Errorf("signing a test CA: %w", err)
	}
	return smx509.ParseCertificate(pki.Assemble(tbs, template.Suite, signature))
}
