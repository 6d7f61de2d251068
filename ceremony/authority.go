package ceremony

import (
	"context"
	"crypto"
	"encoding/base64"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/keys"
	"onecert/pki"
)

// makeRoot makes a root: its key, and its certificate under itself.
func (s *session) makeRoot(ctx context.Context, a *RootAct) error {
	subject, err := subjectDER(a.Subject)
	if err != nil {
		return err
	}
	made, err := s.newKey(a.ID, kindRoot, a.Suite, a.Location)
	if err != nil {
		return err
	}
	pathLen := -1
	if a.PathLength != nil {
		pathLen = *a.PathLength
	}
	m := &member{key: made.key, record: &Record{ID: a.ID, Kind: kindRoot, Suite: a.Suite, Key: made.uri, Custody: made.custody,
		PublicKey: publicHash(made.key), Addresses: a.Addresses}}
	authority := pki.Authority{Subject: subject, PublicKey: made.key.Public(), NotBefore: s.start, NotAfter: s.start.AddDate(a.Years, 0, 0), PathLen: pathLen}
	if m.certificate, err = s.certify(ctx, a.ID, authority, m.key, nil); err != nil {
		return err
	}
	s.join(m)
	return s.publish(m)
}

// makeIssuing makes an issuing CA below a parent whose key is here.
func (s *session) makeIssuing(ctx context.Context, a *IssuingAct) error {
	parent, err := s.opened(ctx, a.Parent)
	if err != nil {
		return err
	}
	m := &member{record: &Record{ID: a.ID, Kind: kindIssuing, Parent: a.Parent, Addresses: a.Addresses, Partitions: partitions(a.Partitions)}}
	subject, public, uri, err := s.issuingKey(a, m)
	if err != nil {
		return err
	}
	authority := pki.Authority{Subject: subject, PublicKey: public, NotBefore: s.start, NotAfter: s.start.AddDate(a.Years, 0, 0),
		PathLen: a.PathLength, Constraints: a.NameConstraints}
	for _, text := range a.Policies {
		policy, err := pki.ParseOID(text)
		if err != nil {
			return err
		}
		authority.Policies = append(authority.Policies, policy)
	}
	if err := s.under(ctx, parent, m, authority); err != nil {
		return err
	}
	s.join(m)
	s.offer(m, uri)
	return s.publish(m)
}

// issuingKey makes the key, or takes it from a request.
func (s *session) issuingKey(a *IssuingAct, m *member) (subject []byte, public crypto.PublicKey, uri string, err error) {
	if a.Request != "" {
		return s.requestedKey(a, m)
	}
	if subject, err = subjectDER(a.Subject); err != nil {
		return nil, nil, "", err
	}
	made, err := s.newKey(a.ID, kindIssuing, a.Suite, a.Location)
	if err != nil {
		return nil, nil, "", err
	}
	m.key, m.record.Suite, m.record.Custody, m.record.PublicKey = made.key, a.Suite, made.custody, publicHash(made.key)
	return subject, made.key.Public(), made.uri, nil
}

// requestedKey reads the request of a key that was made elsewhere. The file's subject,
// where it gives one, wins: it is what was reviewed.
func (s *session) requestedKey(a *IssuingAct, m *member) (subject []byte, public crypto.PublicKey, uri string, err error) {
	data, err := readBounded(s.plan.path(a.Request), "request")
	if err != nil {
		return nil, nil, "", err
	}
	request, err := pki.ParseRequest(data, false)
	if err != nil {
		return nil, nil, "", err
	}
	subject = request.Subject
	if a.Subject != "" {
		if subject, err = subjectDER(a.Subject); err != nil {
			return nil, nil, "", err
		}
	}
	m.record.Suite, m.record.PublicKey = request.Suite, pki.KeyHash(request.SPKI)
	err = s.log.add(Entry{Act: actImported, Object: a.ID, Detail: map[string]string{"kind": string(Request), "sha256": hash(data),
		"suite": string(request.Suite), "key": m.record.PublicKey}})
	return subject, request.PublicKey, "", err
}

// under certifies a CA by its parent and notes it with the parent.
func (s *session) under(ctx context.Context, parent, m *member, a pki.Authority) (err error) {
	by := parent.signer()
	if m.certificate, err = s.certify(ctx, m.record.ID, below(a, by), by.Key, parent.certificate); err != nil {
		return err
	}
	m.chain = parent.whole()
	return s.issuedBy(parent, m.record.ID, m.certificate)
}

// issuedBy notes with a CA what it has signed.
func (s *session) issuedBy(by *member, whose string, c *smx509.Certificate) error {
	serial := pki.SerialOf(c.SerialNumber)
	if by.record.hasIssued(serial) {
		return pki.Errorf(pki.Internal, "ceremony.serial", "a serial number was drawn that %s has used", by.record.ID).To("the random source is broken: stop")
	}
	by.record.Issued = append(by.record.Issued, IssuedRecord{Serial: serial, Authority: whose, Subject: nameText(c.RawSubject),
		SHA256: hash(c.Raw), NotAfter: c.NotAfter})
	return nil
}

// certify fixes, lints, shows and signs a certificate, and reads it back.
func (s *session) certify(ctx context.Context, name string, a pki.Authority, key *keys.Key, issuer *smx509.Certificate) (*smx509.Certificate, error) {
	o, err := prepareCertificate(s.cfg.Random, name, a, issuer)
	if err != nil {
		return nil, err
	}
	der, err := s.sign(ctx, o, key)
	if err != nil {
		return nil, err
	}
	c, err := readBack(der, issuer)
	if err != nil {
		return nil, err
	}
	return c, s.log.add(Entry{Act: actSigned, Object: name, Detail: map[string]string{"kind": string(o.Kind), "sha256": hash(der),
		"serial": string(pki.SerialOf(c.SerialNumber)), "subject": nameText(c.RawSubject)}})
}

// sign notes what is proposed, has it confirmed, and signs it.
func (s *session) sign(ctx context.Context, o Object, key *keys.Key) ([]byte, error) {
	detail := map[string]string{"kind": string(o.Kind), "sha256": o.SHA256(), "tbs": base64.StdEncoding.EncodeToString(o.TBS), "key": publicHash(key)}
	var advice []string
	for _, f := range o.Findings {
		advice = append(advice, string(f.Severity)+" "+f.Rule)
	}
	if len(advice) > 0 {
		detail["findings"] = strings.Join(advice, ", ")
	}
	if err := s.log.add(Entry{Act: actProposed, Object: o.Name, Detail: detail}); err != nil {
		return nil, err
	}
	if err := s.confirm(ctx, o); err != nil {
		return nil, err
	}
	return o.sign(s.cfg.Random, key)
}

// opened returns a CA with its key, opening it where it is not open yet.
func (s *session) opened(ctx context.Context, id string) (*member, error) {
	m, err := s.find(id)
	if err != nil || m.key != nil {
		return m, err
	}
	if s.cfg.Rehearse {
		return m, s.standIn(ctx, m)
	}
	if m.record.Kind != kindRoot || m.record.Key == "" {
		return nil, pki.Errorf(pki.Conflict, "ceremony.key", "the key of %s is not at this ceremony", id).To("only roots, and CAs made in the same ceremony, sign here")
	}
	uri, err := resolveURI(s.dir, m.record.Key)
	if err != nil {
		return nil, err
	}
	var opts keys.Options
	detail := map[string]string{}
	if m.record.Custody != nil {
		x, err := s.gather(ctx, id, *m.record.Custody)
		if err != nil {
			return nil, err
		}
		opts.Passphrase = x.passphrase
		detail["set"] = x.custody.Set
	}
	key, err := keys.Open(uri, opts)
	if err != nil {
		return nil, err
	}
	if publicHash(key) != m.record.PublicKey {
		return nil, pki.Errorf(pki.Conflict, "ceremony.key", "the key file of %s holds another key than its certificate", id).To("bring the key file that the state belongs to")
	}
	m.key, detail["key"] = key, m.record.PublicKey
	return m, s.log.add(Entry{Act: actKeyOpened, Object: id, Detail: detail})
}

// publish writes a CA's certificate for those who configure and for those who fetch.
func (s *session) publish(m *member) error {
	id := m.record.ID
	chain := encodeChain(m.whole())
	m.record.Certificate, m.record.SHA256, m.record.Subject = "certs/"+id+".pem", hash(m.certificate.Raw), nameText(m.certificate.RawSubject)
	for _, file := range []struct {
		name string
		data []byte
	}{{"certs/" + id + ".pem", chain}, {"public/aia/" + id + ".cer", m.certificate.Raw}, {stateFolder + "/certs/" + id + ".pem", chain}} {
		if err := s.write(file.name, file.data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func absolute(dir, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// resolveURI makes the paths of a key file's URI absolute; other URIs stay as they are.
func resolveURI(dir, text string) (string, error) {
	if !strings.HasPrefix(text, "file:") {
		return text, nil
	}
	uri, err := keys.ParseURI(text)
	if err != nil {
		return "", err
	}
	uri.Path, uri.Pass = absolute(dir, uri.Path), absolute(dir, uri.Pass)
	return uri.String(), nil
}

func partitions(n int) int {
	if n == 0 {
		return 16
	}
	return n
}

func subjectDER(text string) ([]byte, error) {
	name, err := pki.ParseName(text)
	if err != nil {
		return nil, err
	}
	return name.DER()
}

func nameText(der []byte) string {
	name, err := pki.NameOf(der)
	if err != nil {
		return fmt.Sprintf("%x", der[:min(len(der), 32)])
	}
	return name.String()
}

// earliest returns the first of two moments.
func earliest(a, b time.Time) time.Time {
	return slices.MinFunc([]time.Time{a, b}, time.Time.Compare)
}
