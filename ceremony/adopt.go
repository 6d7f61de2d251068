package ceremony

import (
	"context"
	"path/filepath"

	"github.com/emmansun/gmsm/smx509"

	"onecert/keys"
	"onecert/pki"
)

// adopt takes a root off line whose key was on a serving machine: the key goes into a
// new file under a split passphrase, its lists go on from the last one.
func (s *session) adopt(ctx context.Context, a *AdoptAct) error {
	c, err := s.readOne(a.Certificate)
	if err != nil {
		return err
	}
	if !c.IsCA || !sameName(c.RawIssuer, c.RawSubject) || c.CheckSignatureFrom(c) != nil {
		return pki.Errorf(pki.Invalid, "ceremony.adopt", "the certificate of %s is not a root's", a.ID).To("only roots are adopted, with the issuing CAs below them")
	}
	m, err := s.adopted(ctx, a, c)
	if err != nil {
		return err
	}
	if err := s.store(m, a.Split); err != nil {
		return err
	}
	data, err := readBounded(s.plan.path(a.CRL), "list")
	if err != nil {
		return err
	}
	list, err := readList(data, c)
	if err != nil {
		return err
	}
	s.join(m)
	if err := s.adoptList(m, list); err != nil {
		return err
	}
	for _, below := range a.Issuing {
		if err := s.adoptIssuing(m, below); err != nil {
			return err
		}
	}
	return s.publish(m)
}

// adopted opens the key where it was. A rehearsal leaves it there.
func (s *session) adopted(ctx context.Context, a *AdoptAct, c *smx509.Certificate) (*member, error) {
	suite, err := pki.SuiteOf(c.PublicKey)
	if err != nil {
		return nil, err
	}
	m := &member{certificate: c, record: &Record{ID: a.ID, Kind: kindRoot, Suite: suite, Addresses: a.Addresses}}
	if s.cfg.Rehearse {
		if err := s.standIn(ctx, m); err != nil {
			return nil, err
		}
		m.record.PublicKey = publicHash(m.key)
		return m, nil
	}
	uri, err := resolveURI(s.plan.dir, a.OldKey)
	if err != nil {
		return nil, err
	}
	if m.key, err = keys.Open(uri, keys.Options{}); err != nil {
		return nil, err
	}
	m.record.PublicKey = publicHash(m.key)
	if !m.record.sameKey(c.PublicKey) {
		return nil, pki.Errorf(pki.Conflict, "ceremony.adopt", "old_key is not the key of the certificate of %s", a.ID).To("name the key the root signs with today")
	}
	return m, s.log.add(Entry{Act: actKeyOpened, Object: a.ID, Detail: map[string]string{"key": m.record.PublicKey}})
}

// store writes a root's key under a set's passphrase into the state.
func (s *session) store(m *member, split Split) error {
	x, err := s.newSet(split, m.record.ID)
	if err != nil {
		return err
	}
	name := keyFile(m.record.ID, kindRoot, x.custody.Set)
	path := filepath.Join(s.cfg.Out, workFolder, filepath.FromSlash(name))
	if err := makeFolder(path); err != nil {
		return err
	}
	if err := keys.Store(keys.URI{Path: path}.String(), m.key, keys.Options{Passphrase: x.passphrase, Cipher: s.cfg.Cipher, Random: s.cfg.Random}); err != nil {
		return err
	}
	custody := x.custody
	m.record.Custody, m.record.Key = &custody, keys.URI{Path: name[len(stateFolder)+1:]}.String()
	return s.note(name)
}

// adoptList goes on where the on-line root's list ended: with its number, and with
// all its entries.
func (s *session) adoptList(m *member, list *smx509.RevocationList) error {
	number := list.Number.Int64()
	m.record.List = &ListRecord{Number: number, SHA256: hash(list.Raw), File: listFile(m.record.ID, number), ThisUpdate: list.ThisUpdate, NextUpdate: list.NextUpdate}
	for _, e := range list.RevokedCertificateEntries {
		if _, err := pki.ParseReason(pki.Reason(e.ReasonCode).String()); err != nil {
			return pki.Errorf(pki.Conflict, "ceremony.adopt", "the last list of %s holds a CA that is only on hold", m.record.ID).To("release or revoke it first")
		}
		m.record.Issued = append(m.record.Issued, IssuedRecord{Serial: pki.SerialOf(e.SerialNumber),
			Revoked: &RevokedRecord{At: e.RevocationTime.UTC(), Reason: pki.Reason(e.ReasonCode).String()}})
	}
	return s.write(stateFolder+"/"+m.record.List.File, list.Raw, 0o644)
}

func (s *session) adoptIssuing(root *member, a AdoptedCA) error {
	c, err := s.readOne(a.Certificate)
	if err != nil {
		return err
	}
	suite, err := pki.SuiteOf(c.PublicKey)
	if err != nil {
		return err
	}
	if !c.IsCA || c.CheckSignatureFrom(root.real()) != nil {
		return pki.Errorf(pki.Invalid, "ceremony.adopt", "%s is not a CA below %s", a.ID, root.record.ID)
	}
	spki, err := pki.MarshalPublicKey(c.PublicKey)
	if err != nil {
		return err
	}
	m := &member{certificate: c, chain: root.whole(), record: &Record{ID: a.ID, Kind: kindIssuing, Suite: suite, Parent: root.record.ID,
		PublicKey: pki.KeyHash(spki), Addresses: a.Addresses, Partitions: partitions(a.Partitions)}}
	s.join(m)
	if !root.record.hasIssued(pki.SerialOf(c.SerialNumber)) {
		if err := s.issuedBy(root, a.ID, c); err != nil {
			return err
		}
	}
	return s.publish(m)
}

// readOne reads the first certificate of a file the plan names, and notes it.
func (s *session) readOne(file string) (*smx509.Certificate, error) {
	data, err := readBounded(s.plan.path(file), "certificate file")
	if err != nil {
		return nil, err
	}
	all, err := readCertificates(data, file)
	if err != nil {
		return nil, err
	}
	c := all[0]
	return c, s.log.add(Entry{Act: actImported, Object: file, Detail: map[string]string{"kind": string(Certificate), "sha256": hash(c.Raw),
		"serial": string(pki.SerialOf(c.SerialNumber)), "subject": nameText(c.RawSubject)}})
}

// reshare writes a root's key anew under a passphrase with other custodians.
func (s *session) reshare(ctx context.Context, a *ReshareAct) error {
	m, err := s.opened(ctx, a.Authority)
	if err != nil {
		return err
	}
	return s.store(m, a.Split)
}
