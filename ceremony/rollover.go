package ceremony

import (
	"context"
	"encoding/pem"

	"onecert/keys"
	"onecert/pki"
)

// rollOver gives an issuing CA a new key: a certificate by its parent, and for those
// who know only one of the two keys the cross certificates between them, each as long
// as both live (RFC 4210 4.4: NewWithOld, OldWithNew).
func (s *session) rollOver(ctx context.Context, a *RolloverAct) error {
	old, err := s.oldMember(ctx, a)
	if err != nil {
		return err
	}
	parent, err := s.opened(ctx, old.record.Parent)
	if err != nil {
		return err
	}
	suite := a.Suite
	if suite == "" {
		suite = old.record.Suite
	}
	made, err := s.newKey(a.ID, kindIssuing, suite, a.Location)
	if err != nil {
		return err
	}
	m := &member{key: made.key, record: &Record{ID: a.ID, Kind: kindIssuing, Suite: suite, Parent: old.record.Parent, Custody: made.custody,
		PublicKey: publicHash(made.key), Addresses: old.record.Addresses, Partitions: old.record.Partitions}}
	authority, err := describe(old.certificate)
	if err != nil {
		return err
	}
	authority.PublicKey, authority.NotBefore, authority.NotAfter = made.key.Public(), s.start, s.start.AddDate(a.Years, 0, 0)
	if err := s.under(ctx, parent, m, authority); err != nil {
		return err
	}
	s.join(m)
	s.offer(m, made.uri)
	if err := s.publish(m); err != nil {
		return err
	}
	if err := s.cross(ctx, old, m, authority); err != nil {
		return err
	}
	return s.cross(ctx, m, old, authority)
}

// oldMember returns the CA whose key is followed, with that key.
func (s *session) oldMember(ctx context.Context, a *RolloverAct) (*member, error) {
	m, err := s.find(a.Authority)
	if err != nil || m.key != nil {
		return m, err
	}
	if s.cfg.Rehearse {
		return m, s.standIn(ctx, m)
	}
	uri, err := resolveURI(s.plan.dir, a.OldKey)
	if err != nil {
		return nil, err
	}
	if m.key, err = keys.Open(uri, keys.Options{}); err != nil {
		return nil, err
	}
	if publicHash(m.key) != m.record.PublicKey {
		m.key = nil
		return nil, pki.Errorf(pki.Conflict, "ceremony.key", "old_key is not the key of %s", a.Authority).To("name the key the CA issues with today")
	}
	return m, s.log.add(Entry{Act: actKeyOpened, Object: a.Authority, Detail: map[string]string{"key": m.record.PublicKey}})
}

// cross certifies one key of a name by the other, as long as both live.
func (s *session) cross(ctx context.Context, by, of *member, a pki.Authority) error {
	name := of.record.ID + "-by-" + by.record.ID
	a.PublicKey, a.NotBefore, a.NotAfter = of.key.Public(), s.start, earliest(by.certificate.NotAfter, of.certificate.NotAfter)
	by.record.Addresses.in(&a, by.record.ID)
	c, err := s.certify(ctx, name, a, by.key, by.certificate)
	if err != nil {
		return err
	}
	if err := s.issuedBy(by, name, c); err != nil {
		return err
	}
	return s.write("certs/"+name+".pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}), 0o644)
}
