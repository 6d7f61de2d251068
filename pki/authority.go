package pki

import (
	"crypto"
	"crypto/x509"
	"time"

	"github.com/emmansun/gmsm/smx509"
)

// Authority is what the certificate of a CA says (RFC 5280 4.2.1). The certificate
// and list of its parent are found at Issuer, CRL and OCSP; a root has none of them.
type Authority struct {
	Subject     []byte // DER; for a new key under an old name, the old certificate's
	PublicKey   crypto.PublicKey
	NotBefore   time.Time
	NotAfter    time.Time
	PathLen     int // how many CAs may follow; negative for no limit
	Constraints NameConstraints
	Policies    []OID
	Issuer      []string // addresses of the parent's certificate
	CRL         []string
	OCSP        []string
}

// AnyPolicy in a CA's certificate lets it issue under every policy (RFC 5280 4.2.1.4).
func AnyPolicy() OID { return OID{2, 5, 29, 32, 0} }

// Template returns what stands in the CA's certificate under its parent's, or under
// its own key where parent is nil. Nothing is signed.
func (a Authority) Template(serial Serial, parent *smx509.Certificate) (Template, error) {
	spki, err := MarshalPublicKey(a.PublicKey)
	if err != nil {
		return Template{}, err
	}
	signer, issuer := a.PublicKey, a.Subject
	if parent != nil {
		signer, issuer = parent.PublicKey, parent.RawSubject
	}
	suite, err := SuiteOf(signer)
	if err != nil {
		return Template{}, err
	}
	t := Template{Serial: serial, Suite: suite, Issuer: issuer, Subject: a.Subject,
		NotBefore: a.NotBefore, NotAfter: a.NotAfter, PublicKey: spki}
	if parent != nil {
		t.Extensions = append(t.Extensions, AuthorityKeyIDExtension(parent.SubjectKeyId))
	}
	t.Extensions, err = a.extend(t.Extensions)
	return t, err
}

func (a Authority) extend(all []Extension) ([]Extension, error) {
	all = append(all, SubjectKeyIDExtension(KeyID(a.PublicKey)),
		KeyUsageExtension(x509.KeyUsageCertSign|x509.KeyUsageCRLSign),
		BasicConstraintsExtension(true, a.PathLen))
	if !a.Constraints.Empty() {
		constraints, err := NameConstraintsExtension(a.Constraints)
		if err != nil {
			return nil, err
		}
		all = append(all, constraints)
	}
	if len(a.Policies) > 0 {
		all = append(all, PoliciesExtension(a.Policies, ""))
	}
	if len(a.CRL) > 0 {
		all = append(all, CRLDistPointsExtension(a.CRL))
	}
	if len(a.OCSP)+len(a.Issuer) > 0 {
		all = append(all, AuthorityInfoExtension(a.OCSP, a.Issuer))
	}
	return all, nil
}
