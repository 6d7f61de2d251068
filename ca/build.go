package ca

import (
	"crypto"
	"crypto/x509"
	"time"

	"onecert/lint"
	"onecert/pki"
)

// backdate lets certificates work on machines whose clock is a little slow.
const backdate = 5 * time.Minute

// blueprint is one certificate before its bytes are fixed.
type blueprint struct {
	profile             *Profile
	serial              pki.Serial
	subject             []byte // DER
	altNames            []pki.AltName
	values              map[string]string
	spki                []byte
	notBefore, notAfter time.Time
}

// tbs fixes the bytes to be signed.
func (b blueprint) tbs(issuer *Issuer) ([]byte, error) {
	public, err := pki.ParsePublicKey(b.spki)
	if err != nil {
		return nil, err
	}
	extensions, err := b.extensions(issuer, public)
	if err != nil {
		return nil, err
	}
	return pki.Template{
		Serial: b.serial, Suite: issuer.suite, Issuer: issuer.Certificate.RawSubject, Subject: b.subject,
		NotBefore: b.notBefore, NotAfter: b.notAfter, PublicKey: b.spki, Extensions: extensions,
	}.TBS()
}

func (b blueprint) extensions(issuer *Issuer, public crypto.PublicKey) ([]pki.Extension, error) {
	p := b.profile
	all := []pki.Extension{
		issuer.identifier,
		pki.SubjectKeyIDExtension(pki.KeyID(public)),
		pki.KeyUsageExtension(b.usage(public)),
		pki.BasicConstraintsExtension(p.CA, p.pathLen()),
	}
	if len(p.purposes) > 0 {
		all = append(all, pki.ExtKeyUsageExtension(p.purposes, p.ExtKeyUsageCritical))
	}
	if len(b.altNames) > 0 {
		all = append(all, pki.SubjectAltNameExtension(b.altNames, false))
	}
	if len(p.policies) > 0 {
		all = append(all, pki.PoliciesExtension(p.policies, p.CPS))
	}
	private, err := b.private()
	if err != nil {
		return nil, err
	}
	all = append(all, private...)
	if p.OCSPNoCheck {
		return append(all, pki.NullExtension(pki.OIDOCSPNoCheck)), nil
	}
	return append(all,
		pki.CRLDistPointsExtension([]string{issuer.crlURL(issuer.partition(b.serial))}),
		issuer.access), nil
}

// usage takes key agreement and bulk encryption from RSA keys and key transport
// from elliptic ones that are not SM2 (RFC 8813 3, RFC 4055 1.2, RFC 5280 4.2.1.12
// beside emailProtection): bits a key does not serve mislead.
func (b blueprint) usage(public crypto.PublicKey) x509.KeyUsage {
	usage := b.profile.usage
	suite, _ := pki.SuiteOf(public) // parsed, so it has one
	switch suite.Family() {
	case "rsa":
		usage &^= x509.KeyUsageKeyAgreement | x509.KeyUsageDataEncipherment
	case "ecdsa":
		usage &^= x509.KeyUsageKeyEncipherment | x509.KeyUsageDataEncipherment
	}
	return usage
}

func (p *Profile) pathLen() int {
	if !p.CA {
		return -1
	}
	return p.PathLen
}

// private fills the profile's private extensions from the order's named values.
func (b blueprint) private() ([]pki.Extension, error) {
	var all []pki.Extension
	known := map[string]bool{}
	for _, x := range b.profile.Private {
		value := b.values[x.Name]
		known[x.Name] = !x.Off
		switch {
		case value == "" && x.Required:
			return nil, pki.Errorf(pki.Invalid, "value.missing", "profile %s requires the value %s", b.profile.Name, x.Name).
				To("give it, for example --value %s=…", x.Name)
		case value == "" || x.Off:
			continue
		case len(value) > 64:
			return nil, pki.Errorf(pki.Invalid, "value.length", "the value %s has more than 64 octets", x.Name).To("shorten it")
		case x.Form == "identify-code":
			all = append(all, pki.IdentifyCodeExtension(value))
		default:
			all = append(all, pki.StringExtension(x.oid, value))
		}
	}
	for name := range b.values {
		if !known[name] {
			return nil, pki.Errorf(pki.Invalid, "value.unknown", "profile %s has no value %.40q in use", b.profile.Name, name).To("leave it out")
		}
	}
	return all, nil
}

// lint checks a certificate under a throw-away signature: what a linter refuses is
// never signed (design.md §3.2). pair is the to-be-signed other half, if it is there.
func (ca *CA) lint(p *Profile, tbs, pair []byte, issuer *Issuer) error {
	opts := lint.Options{Authority: issuer.read, Ours: true, Zlint: issuer.suite != pki.SM2, IdentityNumber: p.carriesIdentity()}
	if pair != nil {
		opts.Pair = pki.ThrowAway(pair, issuer.suite)
	}
	findings, err := lint.Certificate(pki.ThrowAway(tbs, issuer.suite), opts)
	if err != nil {
		return pki.Errorf(pki.Internal, "lint.parse", "the certificate to be signed cannot be read back").Because(err)
	}
	for _, f := range findings {
		if f.Severity == lint.Error {
			return pki.Errorf(pki.Invalid, "lint."+f.Rule, "the certificate would break %s: %s", f.Clause, f.Detail).
				To("change the order or the profile; nothing was signed")
		}
	}
	return nil
}

func (p *Profile) carriesIdentity() bool {
	for _, x := range p.Private {
		if x.Form == "identify-code" && !x.Off {
			return true
		}
	}
	return false
}
