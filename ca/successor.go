package ca

import (
	"context"
	"fmt"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/audit"
	"onecert/officer"
	"onecert/pki"
	"onecert/status"
)

// revokePredecessors adds to a completion what it replaces: certificates of the old
// order that are not revoked yet and, where the keys are replaced, every other
// certificate of those keys.
func (ca *CA) revokePredecessors(ctx context.Context, o *storedOrder, done *completion) error {
	now := ca.cfg.Now().UTC().Truncate(time.Second)
	old, err := ca.readPredecessor(ctx, o)
	if err != nil {
		return err
	}
	replaced := []*storedOrder{old}
	if o.act == actReissue {
		if replaced, err = ca.sharing(ctx, old); err != nil {
			return err
		}
	}
	for _, r := range replaced {
		if err := ca.revokeReplaced(ctx, o, r, done, now); err != nil {
			return err
		}
	}
	return nil
}

func (ca *CA) revokeReplaced(ctx context.Context, o, replaced *storedOrder, done *completion, now time.Time) error {
	for _, c := range replaced.certs {
		record, err := ca.recordOf(ctx, replaced.issuer, c.serial)
		if err != nil {
			return err
		}
		if record.State == pki.Revoked {
			continue
		}
		done.changes = append(done.changes, status.Change{Issuer: replaced.issuer, Serial: c.serial, Event: status.Revoked, Reason: o.reason,
			At: now, NotAfter: c.notAfter, Partition: c.partition})
		done.acts = append(done.acts, audit.Act{Actor: pki.Actor{Name: o.actor}, Act: "certificate.revoked",
			Object: replaced.issuer + "/" + string(c.serial), Subject: o.holder, Result: audit.Done, At: now,
			Detail: map[string]string{"reason": o.reason.String(), "because": o.act + " " + o.application}})
	}
	return nil
}

// maxLineage bounds how far back encryption history is followed.
const maxLineage = 64

// addHistory adds the holder's earlier encryption keys to the answer of a re-issue.
// Whoever makes certificates could make one for a key of his own, so making is not
// enough to get keys: a registration site, where one person registered and another
// reviewed, gets them at once; for others a custodian recovers them at the KMC.
func (ca *CA) addHistory(ctx context.Context, issued *Issued, actor pki.Actor) error {
	if issued.Encrypt == nil || issued.Sign.State != pki.Valid {
		return nil
	}
	if officer.May(actor, officer.Recover) != nil {
		issued.HistoryWaits = true
		return nil
	}
	o, err := ca.readOrder(ctx, issued.Application)
	if err != nil {
		return err
	}
	issued.History, err = ca.history(ctx, o, actor)
	return err
}

// history asks the KMC for every earlier encryption key of a re-issued order,
// sealed to the new signing key. The keys are sealed anew each time they are asked for.
func (ca *CA) history(ctx context.Context, o *storedOrder, actor pki.Actor) ([]pki.KeyGrant, error) {
	signing, err := readSPKI(o.half(sign).tbs)
	if err != nil {
		return nil, err
	}
	var grants []pki.KeyGrant
	seen := map[pki.Serial]bool{}
	step := o
	for range maxLineage {
		if step.predecessor == "" {
			return grants, nil
		}
		if step, err = ca.readPredecessor(ctx, step); err != nil {
			return nil, err
		}
		second := step.half(encrypt)
		if second == nil || seen[second.escrow] {
			continue
		}
		seen[second.escrow] = true
		grant, err := ca.cfg.KMC.Restore(ctx, pki.KeyRestore{CertNo: second.escrow, Recipient: signing, Holder: o.holder,
			Reason: "re-issue " + o.application + " by " + actor.Name})
		if pki.CodeOf(err) == "km.destroyed" {
			continue // after its retention: the others can still be had
		}
		if err != nil {
			return nil, fmt.Errorf("recovering the encryption history: %w", err)
		}
		grants = append(grants, grant)
	}
	return grants, nil
}

// issuedData is what a successor takes over from a certificate we made.
type issuedData struct {
	subject  pki.Name
	altNames []pki.AltName
	values   map[string]string
	spki     []byte
}

// parseTBS reads our own stored bytes back.
func parseTBS(tbs []byte) (*smx509.Certificate, error) {
	for _, suite := range []pki.Suite{pki.SM2, pki.P256, pki.P384, pki.RSA2048} {
		cert, err := smx509.ParseCertificate(pki.ThrowAway(tbs, suite))
		if err == nil {
			return cert, nil
		}
	}
	return nil, pki.Errorf(pki.Internal, "certificate.stored", "a stored certificate cannot be read back").
		To("check the database with 'onecert audit verify'")
}

func readSPKI(tbs []byte) ([]byte, error) {
	cert, err := parseTBS(tbs)
	if err != nil {
		return nil, err
	}
	return cert.RawSubjectPublicKeyInfo, nil
}

func readIssued(tbs []byte, p *Profile) (*issuedData, error) {
	cert, err := parseTBS(tbs)
	if err != nil {
		return nil, err
	}
	data := &issuedData{values: map[string]string{}, spki: cert.RawSubjectPublicKeyInfo}
	if data.subject, err = pki.NameOf(cert.RawSubject); err != nil {
		return nil, err
	}
	for _, host := range cert.DNSNames {
		data.altNames = append(data.altNames, pki.AltName{Kind: "dns", Value: host})
	}
	for _, address := range cert.EmailAddresses {
		data.altNames = append(data.altNames, pki.AltName{Kind: "email", Value: address})
	}
	for _, uri := range cert.URIs {
		data.altNames = append(data.altNames, pki.AltName{Kind: "uri", Value: uri.String()})
	}
	for _, ip := range cert.IPAddresses {
		data.altNames = append(data.altNames, pki.AltName{Kind: "ip", Value: ip.String()})
	}
	for _, x := range p.Private {
		for _, e := range cert.Extensions {
			if e.Id.Equal(x.oid) {
				data.values[x.Name] = pki.ExtensionText(e.Value)
			}
		}
	}
	return data, nil
}
