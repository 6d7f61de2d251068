package lint

import (
	"onecert/pki"
)

// Severity says how bad a finding is; the zero value "" means nothing was found.
type Severity string

// Error: a rule of the standard is broken, we never sign it. Warning: advice of
// the standard or good practice is not followed. Notice: worth knowing.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Notice  Severity = "notice"
)

// Finding is one broken rule. Detail is made of our own words, numbers, code
// points and object identifiers; foreign text is never copied into it unbounded.
type Finding struct {
	Rule     string   `json:"rule"`   // stable, "rfc5280.serial.length"
	Clause   string   `json:"clause"` // where the rule is written
	Severity Severity `json:"severity"`
	Detail   string   `json:"detail"`
}

// Options says what is known about the certificate or CRL and how strict to be.
type Options struct {
	// Issuer is the issuer's certificate, DER. Without it the rules which compare
	// the two are silent; a self-signed certificate is its own issuer.
	Issuer []byte
	// Authority is Issuer read before, for whoever checks many certificates of one.
	Authority *Authority
	// Pair is the other certificate of a dual pair (双证书), DER; nil if none.
	Pair []byte
	// Zlint also runs the public rule set on RSA and ECDSA certificates and CRLs.
	// It knows no SM2, so SM2 ones pass it by.
	Zlint bool
	// Ours is set for what we are about to sign: practice and naming rules then
	// block instead of advise.
	Ours bool
	// IdentityNumber says that the profile carries the identity-number extension
	// on purpose (design.md decision 13); its presence is then a warning.
	IdentityNumber bool
}

// Authority is an issuer's certificate that was read once. It is safe for
// concurrent use.
type Authority struct{ of *certificate }

// issuer returns the issuer's certificate, nil if it was not given.
func (o Options) issuer() (*certificate, error) {
	switch {
	case o.Authority != nil:
		return o.Authority.of, nil
	case o.Issuer == nil:
		return nil, nil
	}
	read, err := ReadAuthority(o.Issuer)
	if err != nil {
		return nil, err
	}
	return read.of, nil
}

// ReadAuthority reads an issuer's certificate, DER.
func ReadAuthority(der []byte) (*Authority, error) {
	c, where := parseCertificate(der, false)
	if where != "" {
		return nil, malformed("issuer.malformed", "issuer certificate", where)
	}
	return &Authority{c}, nil
}

// Limits on foreign bytes. A certificate of 256 KiB is 100 times a usual one; the
// largest CRLs in public use are under 100 MiB.
const (
	maxCertificate = 256 << 10
	maxCRL         = 512 << 20
)

// Certificate checks one DER certificate. The error is not nil only when der has
// not the frame of a certificate at all; everything else is a finding. The order
// of findings is the order of the rule tables.
func Certificate(der []byte, opts Options) ([]Finding, error) {
	c, err := newCertificate(der, opts)
	if err != nil {
		return nil, err
	}
	var findings []Finding
	for _, table := range certificateTables {
		findings = run(findings, table, c, opts)
	}
	if opts.Zlint && c.key.kind != keySM2 && string(c.algorithm.oid) != oidSM2WithSM3 {
		findings = append(findings, zlintCertificate(der)...)
	}
	return findings, nil
}

// CRL checks one DER certificate revocation list, as Certificate does.
func CRL(der []byte, opts Options) ([]Finding, error) {
	l, err := newCRL(der, opts)
	if err != nil {
		return nil, err
	}
	var findings []Finding
	for _, table := range crlTables {
		findings = run(findings, table, l, opts)
	}
	if opts.Zlint && string(l.algorithm.oid) != oidSM2WithSM3 {
		findings = append(findings, zlintCRL(der)...)
	}
	return findings, nil
}

// Worst returns the highest severity among the findings, "" if there are none.
func Worst(findings []Finding) Severity {
	worst := Severity("")
	for _, f := range findings {
		switch {
		case f.Severity == Error:
			return Error
		case f.Severity == Warning, worst == "":
			worst = f.Severity
		}
	}
	return worst
}

// certificateTables and crlTables are all rules there are; read only.
var (
	certificateTables = [][]rule[certificate]{
		rfc5280Frame, rfc5280Names, rfc5280Extensions, rfc5280Usage, rfc5280Issuer,
		practiceCertificate, gbt20518Certificate, identityRules, naming,
	}
	crlTables = [][]rule[crl]{rfc5280CRL, practiceCRL, gbt20518CRL}
)

// rule is one line of a table. check returns "" when the rule holds, else what is
// wrong. A rule reports its first fault only, which bounds the findings.
type rule[T any] struct {
	name    string
	clause  string
	ours    Severity // when we are about to sign it
	foreign Severity // when it is somebody else's
	check   func(*T) string
}

func run[T any](findings []Finding, table []rule[T], subject *T, opts Options) []Finding {
	for i := range table {
		r := &table[i]
		detail := r.check(subject)
		if detail == "" {
			continue
		}
		severity := r.foreign
		if opts.Ours {
			severity = r.ours
		}
		findings = append(findings, Finding{r.name, r.clause, severity, detail})
	}
	return findings
}

// Rule describes a rule for documents and translations.
type Rule struct {
	Name    string   `json:"name"`
	Clause  string   `json:"clause"`
	Ours    Severity `json:"ours"`
	Foreign Severity `json:"foreign"`
}

// Rules lists our own rules (not zlint's) in the order they run.
func Rules() []Rule {
	var all []Rule
	for _, table := range certificateTables {
		all = describe(all, table)
	}
	for _, table := range crlTables {
		all = describe(all, table)
	}
	return all
}

func describe[T any](all []Rule, table []rule[T]) []Rule {
	for _, r := range table {
		all = append(all, Rule{r.name, r.clause, r.ours, r.foreign})
	}
	return all
}

// malformed is the only error of the room: the frame itself cannot be read.
func malformed(code, noun, where string) error {
	return pki.Errorf(pki.Invalid, code, "these bytes are not a DER %s (%s)", noun, where).
		To("give one complete %s in DER; a PEM file must be decoded first", noun)
}
