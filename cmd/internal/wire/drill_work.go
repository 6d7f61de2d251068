package wire

import (
	"context"
	"crypto/rand"
	"fmt"
	"strconv"

	"github.com/emmansun/gmsm/smx509"

	"onecert/backup"
	"onecert/ca"
	"onecert/cms"
	"onecert/keys"
	"onecert/kmc"
	"onecert/officer"
	"onecert/pki"
	"onecert/sso"
)

// InProcess lets a CA ask the KMC beside it: who acts there is the CA's site, under
// the name it is registered with.
type InProcess struct {
	Centre *KMCProcess
	Name   string
}

func (p InProcess) as(ctx context.Context) context.Context {
	return pki.WithActor(ctx, pki.Actor{Name: p.Name, Roles: []string{officer.Site}})
}

// Generate implements ca.KeyCentre.
func (p InProcess) Generate(ctx context.Context, order pki.KeyOrder) (pki.KeyGrant, error) {
	return p.Centre.Generate(p.as(ctx), order)
}

// Restore implements ca.KeyCentre.
func (p InProcess) Restore(ctx context.Context, restore pki.KeyRestore) (pki.KeyGrant, error) {
	return p.Centre.Restore(p.as(ctx), restore)
}

// Retire implements ca.KeyCentre.
func (p InProcess) Retire(ctx context.Context, certNo pki.Serial) error {
	return p.Centre.Retire(p.as(ctx), certNo)
}

// drillProfile is what is issued: a person's pair, where there is a KMC.
const drillProfile = "person-sign"

// drillDays is how long what a drill issues could be good at most.
const drillDays = 1

// drillSuites is the key the drill makes for an issuer's algorithms.
var drillSuites = map[string]pki.Suite{"sm2": pki.SM2, "rsa": pki.RSA2048, "ecdsa": pki.P256}

// acting is the drill in the role of one who issues and revokes.
func acting(ctx context.Context) context.Context {
	return pki.WithActor(ctx, pki.Actor{Name: "drill", Roles: []string{officer.Issuer}})
}

// issueAll issues, revokes and lists with every issuing key.
func (d *drilling) issueAll(ctx context.Context) error {
	if d.kmc == nil {
		d.note("no-kmc")
	}
	for _, file := range d.ca.config.Issuers {
		if file.ListsOnly {
			continue
		}
		issuer, err := d.ca.Issuer(file.ID)
		if err != nil {
			return err
		}
		var issued *ca.Issued
		var key *keys.Key
		err = d.step("issue", file.ID, func() (err error) { issued, key, err = d.issue(ctx, issuer); return err })
		if err == nil && issued.Encrypt != nil {
			err = d.step("envelope", file.ID, func() error { return opensTo(key, issued.Envelope, issued.Encrypt.DER) })
		}
		if err == nil {
			err = d.step("revoke", file.ID, func() error {
				_, err := d.ca.Revoke(acting(ctx), file.ID, issued.Sign.Serial, ca.Revocation{Reason: "cessationOfOperation"})
				return err
			})
		}
		if err == nil {
			err = d.step("list", file.ID, func() error { return d.list(ctx, issuer, issued) })
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (d *drilling) issue(ctx context.Context, issuer *ca.Issuer) (*ca.Issued, *keys.Key, error) {
	suite, err := pki.SuiteOf(issuer.Certificate.PublicKey)
	if err != nil {
		return nil, nil, err
	}
	made, err := pki.GenerateKey(rand.Reader, drillSuites[suite.Family()])
	if err != nil {
		return nil, nil, fmt.Errorf("making a key for the drill: %w", err)
	}
	key, err := keys.Wrap(made)
	if err != nil {
		return nil, nil, err
	}
	request, err := newRequest(key, "drill")
	if err != nil {
		return nil, nil, err
	}
	number := strconv.FormatInt(d.options.now()().UnixNano(), 36)
	order := ca.Order{Application: "drill-" + issuer.ID + "-" + number, Profile: drillProfile, Issuer: issuer.ID, Request: request, Holder: "drill-" + number,
		Subject: pki.Name{{Type: "C", Value: "CN"}, {Type: "O", Value: "恢复演练 restore drill"}, {Type: "CN", Value: "演练勿用 drill not for use"}},
		Days:    drillDays, Single: d.kmc == nil}
	issued, err := d.ca.Issue(acting(ctx), order)
	if err != nil {
		return nil, nil, err
	}
	certificate, err := smx509.ParseCertificate(issued.Sign.DER)
	if err == nil {
		err = certificate.CheckSignatureFrom(issuer.Certificate)
	}
	if err != nil {
		return nil, nil, pki.Errorf(pki.Internal, "drill.certificate", "the certificate issued does not verify").Because(err)
	}
	return issued, key, nil
}

// opensTo opens an envelope with the holder's key and holds what is in it against the
// certificate.
func opensTo(key *keys.Key, envelope *pki.Envelope, certificate []byte) error {
	inside, err := openedKey(key, envelope)
	if err != nil {
		return err
	}
	parsed, err := smx509.ParseCertificate(certificate)
	if err != nil {
		return fmt.Errorf("reading the certificate: %w", err)
	}
	k := &checker{now: parsed.NotBefore}
	return k.fits(parsed, inside)
}

// openedKey is the private key in an envelope.
func openedKey(key *keys.Key, envelope *pki.Envelope) (*keys.Key, error) {
	if envelope == nil {
		return nil, pki.Errorf(pki.Internal, "drill.envelope", "there is no envelope")
	}
	if envelope.Format == pki.SM2EnvelopedKey {
		inside, err := cms.OpenSM2Key(key, envelope.DER)
		if err != nil {
			return nil, err
		}
		return keys.Wrap(inside)
	}
	content, err := cms.OpenEnvelope(key, envelope.DER)
	if err != nil {
		return nil, err
	}
	defer clear(content)
	return keys.ReadPKCS8(content)
}

// list signs the issuer's lists and looks for the revoked certificate on them.
func (d *drilling) list(ctx context.Context, issuer *ca.Issuer, issued *ca.Issued) error {
	lists, err := d.ca.SignCRLs(acting(ctx), issuer.ID)
	if err != nil {
		return err
	}
	before := d.about["ca"].Figures["crl."+issuer.ID]
	for _, l := range lists {
		list, err := smx509.ParseRevocationList(l.DER)
		if err == nil {
			err = list.CheckSignatureFrom(issuer.Certificate)
		}
		if err != nil || list.Number.Int64() <= before {
			return pki.Errorf(pki.Internal, "drill.list", "a list does not verify, or its number %d is not above %d", l.Number, before).Because(err)
		}
		if l.Partition == -1 && l.Base == 0 && (!listed(list, issued.Sign) || !listed(list, issued.Encrypt)) {
			return pki.Errorf(pki.Internal, "drill.list", "the list does not have the certificate just revoked")
		}
	}
	return nil
}

func listed(list *smx509.RevocationList, c *ca.Certificate) bool {
	if c == nil {
		return true
	}
	for _, entry := range list.RevokedCertificateEntries {
		if pki.SerialOf(entry.SerialNumber) == c.Serial {
			return true
		}
	}
	return false
}

// recoverAll recovers an escrowed key of each suite and opens with it what was
// encrypted before the backup.
func (d *drilling) recoverAll(ctx context.Context) error {
	samples := d.about["kmc"].Samples
	if len(samples) == 0 {
		d.note("no-keys")
	}
	for _, s := range samples {
		if err := d.step("recover", string(s.Suite), func() error { return d.recover(ctx, s) }); err != nil {
			return err
		}
	}
	return nil
}

func (d *drilling) recover(ctx context.Context, s backup.Sample) error {
	made, err := pki.GenerateKey(rand.Reader, drillSuites[s.Suite.Family()])
	if err != nil {
		return fmt.Errorf("making a key for the drill: %w", err)
	}
	key, err := keys.Wrap(made)
	if err != nil {
		return err
	}
	spki, err := pki.MarshalPublicKey(key.Public())
	if err != nil {
		return err
	}
	grant, err := InProcess{d.kmc, s.CA}.Restore(ctx, pki.KeyRestore{CertNo: s.CertNo, Recipient: spki, Holder: s.Holder, Reason: "restore drill"})
	if err != nil {
		return err
	}
	recovered, err := openedKey(key, &grant.Envelope)
	if err != nil {
		return err
	}
	text, err := cms.OpenEnvelope(recovered, s.Sealed)
	if err != nil {
		return err
	}
	if !opens(s, text) {
		return pki.Errorf(pki.Internal, "drill.sample", "what the recovered key opens is not what was encrypted before the backup")
	}
	return nil
}

// checkAll holds what was restored against the rules, if that is asked for.
func (d *drilling) checkAll(ctx context.Context) error {
	if !d.Thorough {
		d.note("not-thorough")
		return nil
	}
	for component, check := range map[string]func() []string{
		"ca":  func() []string { return ca.CheckInvariants(ctx, d.ca.CA) },
		"kmc": func() []string { return kmc.CheckInvariants(ctx, d.kmc.Centre) },

		componentGateway: func() []string { return sso.CheckInvariants(ctx, d.gateway.Logins) },
	} {
		if _, there := d.about[component]; !there {
			continue
		}
		err := d.step("check", component, func() error {
			if faults := check(); len(faults) > 0 {
				return pki.Errorf(pki.Conflict, "drill.invariant", "%d rules are broken, the first: %.300s", len(faults), faults[0]).
					To("have the auditor look at the backup and at the component it is of")
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
