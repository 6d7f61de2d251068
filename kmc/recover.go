package kmc

import (
	"context"
	"slices"

	"github.com/emmansun/gmsm/smx509"

	"onecert/audit"
	"onecert/officer"
	"onecert/pki"
)

// Recovery asks for a holder's old encryption pair, sealed to the key of the
// holder's present signing certificate.
type Recovery struct {
	CertNo      pki.Serial `json:"cert_no" maxLength:"40" doc:"Number of the encryption certificate the pair was made for"`
	CA          string     `json:"ca,omitempty" maxLength:"64" doc:"Whose certificate that is; needed where two CAs used the number"`
	Certificate []byte     `json:"certificate" maxLength:"16384" doc:"The holder's present signing certificate, DER"`
	Reason      string     `json:"reason" maxLength:"1000" doc:"Stands in the holder's ledger"`
}

// maxCertificate bounds a certificate brought along, in octets.
const maxCertificate = 16 << 10

// Recover is Restore for a custodian (密钥恢复员): no CA vouches for the holder, so
// the new signing certificate has to. It leads to a configured CA, is valid now, is
// for signing, and names the holder the pair was made for. Errors: km.order,
// km.certificate, km.recipient, km.no-key, km.ambiguous, km.store, and those of
// Config.Check.
func (c *Centre) Recover(ctx context.Context, r Recovery) (pki.KeyGrant, error) {
	actor, err := c.config.Check(ctx, officer.Recover)
	if err != nil {
		return pki.KeyGrant{}, err
	}
	if err := checkCertNo(r.CertNo); err != nil {
		return pki.KeyGrant{}, err
	}
	if !plainText(r.Reason, maxReason) {
		return pki.KeyGrant{}, errOrder("a recovery needs a reason of 1 to %d octets of plain text", maxReason)
	}
	s := newStep(audit.Act{Actor: actor, Act: "key.recover", Object: string(r.CertNo), At: c.config.Now()})
	s.act.Detail["reason"] = r.Reason
	if !slices.Contains(actor.Roles, officer.Custodian) {
		return c.deny(ctx, s, pki.Errorf(pki.Forbidden, codeOwner, "recovery at the centre is for custodians").
			To("have the CA restore the pair, or ask a custodian"))
	}
	certificate, holder, err := c.provenHolder(ctx, r.Certificate)
	if err != nil {
		return c.deny(ctx, s, err)
	}
	s.act.Subject = holder
	s.act.Detail["certificate"] = string(pki.SerialOf(certificate.SerialNumber))
	found, err := c.oneUse(ctx, r, holder)
	if err != nil {
		return c.deny(ctx, s, err)
	}
	recipient, err := checkRecipient("", certificate.RawSubjectPublicKeyInfo)
	if err != nil {
		return c.deny(ctx, s, err)
	}
	s.judge(found, holder, r.Reason, recipient)
	return c.handOut(ctx, s, handing{found, r.CertNo, recipient})
}

// deny enters a refused try in the log and returns why.
func (c *Centre) deny(ctx context.Context, s *step, why error) (pki.KeyGrant, error) {
	s.act.Result, s.act.Detail["code"] = audit.Refused, pki.CodeOf(why)
	if err := c.hand(ctx, &job{steps: []*step{s}}); err != nil {
		return pki.KeyGrant{}, err
	}
	return pki.KeyGrant{}, why
}

// oneUse finds the holder's pair. Where only another holder has one under the number
// it is returned, so that the refusal stands in its owner's ledger.
func (c *Centre) oneUse(ctx context.Context, r Recovery, holder string) (*use, error) {
	all, err := listUses(ctx, c.config.DB.Read(), ofAnyCA, string(r.CertNo))
	if err != nil {
		return nil, unreadable(err)
	}
	all = slices.DeleteFunc(all, func(u *use) bool { return r.CA != "" && u.ca != r.CA })
	if len(all) == 0 {
		return nil, errNoKey()
	}
	var own []*use
	for _, u := range all {
		if u.holder == holder {
			own = append(own, u)
		}
	}
	switch len(own) {
	case 0:
		return all[0], nil
	case 1:
		return own[0], nil
	}
	return nil, pki.Errorf(pki.Conflict, codeAmbiguous, "several CAs have a pair of this holder under this number").
		To("name the CA")
}

// provenHolder verifies a signing certificate and returns whose it is.
func (c *Centre) provenHolder(ctx context.Context, der []byte) (*smx509.Certificate, string, error) {
	if c.config.HolderOf == nil || len(c.config.Trust) == 0 {
		return nil, "", pki.Errorf(pki.NotImplemented, codeUnbuilt, "recovery at this centre is not configured").
			To("configure the CA certificates it trusts, or have the CA restore the pair")
	}
	if len(der) > maxCertificate {
		return nil, "", errProof("it is too large")
	}
	certificate, err := smx509.ParseCertificate(der)
	if err != nil {
		return nil, "", errProof("it cannot be read").Because(err)
	}
	anchors := smx509.NewCertPool()
	for _, trusted := range c.config.Trust {
		anchors.AddCert(trusted)
	}
	_, err = certificate.Verify(smx509.VerifyOptions{Roots: anchors, CurrentTime: c.config.Now(),
		KeyUsages: []smx509.ExtKeyUsage{smx509.ExtKeyUsageAny}})
	if err != nil {
		return nil, "", errProof("it does not lead to a CA trusted here, or is not valid now").Because(err)
	}
	if certificate.IsCA || certificate.KeyUsage&smx509.KeyUsageDigitalSignature == 0 {
		return nil, "", errProof("it is not a holder's signing certificate")
	}
	if c.config.Good != nil {
		if err := c.config.Good(ctx, certificate); err != nil {
			return nil, "", err
		}
	}
	holder, err := c.config.HolderOf(certificate)
	if err != nil || !plainText(holder, maxID) {
		return nil, "", errProof("it names no holder").Because(err)
	}
	return certificate, holder, nil
}

func errProof(why string) *pki.Error {
	return pki.Errorf(pki.Forbidden, codeProof, "the signing certificate does not prove who the holder is: %s", why).
		To("have a signing certificate issued to the holder first")
}
