package ceremony

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"

	"github.com/emmansun/gmsm/smx509"

	"onecert/keys"
	"onecert/lint"
	"onecert/pki"
)

// Kind is what an object is.
type Kind string

// The kinds of objects a ceremony signs.
const (
	Certificate Kind = "certificate"
	List        Kind = "crl"
	Request     Kind = "request"
)

// Object is something about to be signed. Its octets are fixed: what is linted,
// shown and confirmed is what will be signed, and nothing else can be.
type Object struct {
	Kind     Kind
	Name     string // of its file, without folder and ending
	Suite    pki.Suite
	TBS      []byte
	Findings []lint.Finding // nothing of severity error
}

// SHA256 is the hash of the octets to be signed, in hexadecimal: what people compare.
func (o Object) SHA256() string { return hash(o.TBS) }

// Draft is the object under a signature that nobody made, to be shown.
func (o Object) Draft() []byte { return pki.ThrowAway(o.TBS, o.Suite) }

func hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// prepareCertificate fixes and lints the certificate of a CA. Without a parent it is
// signed by its own key.
func prepareCertificate(random io.Reader, name string, a pki.Authority, parent *smx509.Certificate) (Object, error) {
	serial, err := pki.NewSerial(random)
	if err != nil {
		return Object{}, err
	}
	template, err := a.Template(serial, parent)
	if err != nil {
		return Object{}, err
	}
	tbs, err := template.TBS()
	if err != nil {
		return Object{}, err
	}
	o := Object{Kind: Certificate, Name: name, Suite: template.Suite, TBS: tbs}
	var issuer []byte
	if parent != nil {
		issuer = parent.Raw
	}
	// zlint tells a root by its own signature, which the draft does not have yet.
	o.Findings, err = lint.Certificate(o.Draft(), lint.Options{Issuer: issuer, Ours: true, Zlint: parent != nil})
	return o, refuse(o.Findings, err)
}

// prepareList fixes and lints a list; entries are made by pki.AddListed.
func prepareList(name string, l pki.List, entries []byte, issuer *smx509.Certificate) (Object, error) {
	tbs, err := l.TBS(entries)
	if err != nil {
		return Object{}, err
	}
	o := Object{Kind: List, Name: name, Suite: l.Suite, TBS: tbs}
	o.Findings, err = lint.CRL(o.Draft(), lint.Options{Issuer: issuer.Raw, Ours: true, Zlint: true})
	return o, refuse(o.Findings, err)
}

// refuse turns the first broken rule into an error.
func refuse(findings []lint.Finding, err error) error {
	if err != nil {
		return fmt.Errorf("linting what is to be signed: %w", err)
	}
	for _, f := range findings {
		if f.Severity == lint.Error {
			return pki.Errorf(pki.Invalid, "lint."+f.Rule, "what is to be signed would break %s: %s", f.Clause, f.Detail).
				To("mend the ceremony's file; nothing was signed")
		}
	}
	return nil
}

// sign signs the fixed octets.
func (o Object) sign(random io.Reader, key *keys.Key) ([]byte, error) {
	signature, err := key.SignMessage(random, o.TBS, nil)
	if err != nil {
		return nil, fmt.Errorf("signing the %s %s: %w", o.Kind, o.Name, err)
	}
	return pki.Assemble(o.TBS, o.Suite, signature), nil
}
