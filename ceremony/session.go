package ceremony

import (
	"crypto"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/keys"
	"onecert/pki"
)

// session is one ceremony while it is held.
type session struct {
	cfg     Config
	plan    *Plan
	start   time.Time // what certificates made here begin at
	own     *keys.Key // signs the transcript and is forgotten
	log     *transcript
	closing func() error

	dir       string // of the roots' state
	state     *State
	loaded    []byte // the state as it was, nil at the first ceremony
	stateHash string // of the state to come
	members   []*member
	sets      []*set
	fragment  []issuerEntry
	files     []product
	outside   []string // key files made elsewhere
}

// member is a CA with what is known of it here.
type member struct {
	record      *Record
	certificate *smx509.Certificate   // nil while an outside root has not answered
	chain       []*smx509.Certificate // above it
	key         *keys.Key             // nil until it is made or opened
	original    *smx509.Certificate   // where certificate is a rehearsal's stand-in
}

// product is a file of the result, hashed.
type product struct{ name, sha256 string }

func (m *member) signer() Signer {
	return Signer{ID: m.record.ID, Key: m.key, Certificate: m.certificate, Addresses: m.record.Addresses}
}

// real is the certificate that others know, also in a rehearsal.
func (m *member) real() *smx509.Certificate {
	if m.original != nil {
		return m.original
	}
	return m.certificate
}

// whole is the certificate with all above it.
func (m *member) whole() []*smx509.Certificate {
	return append([]*smx509.Certificate{m.certificate}, m.chain...)
}

// newSession reads the state, holds the plan against it, and begins the transcript.
func newSession(cfg Config) (*session, error) {
	s := &session{cfg: cfg, plan: cfg.Plan, dir: cfg.Plan.path(cfg.Plan.State), start: cfg.Now().UTC().Truncate(time.Second)}
	var err error
	if s.state, s.loaded, err = loadState(s.dir); err != nil {
		return nil, err
	}
	if err := cfg.Plan.against(s.state, s.start); err != nil {
		return nil, err
	}
	if err := s.enrol(); err != nil {
		return nil, err
	}
	if s.own, err = s.throwAway(pki.SM2); err != nil {
		return nil, err
	}
	return s, s.open()
}

// enrol takes the CAs of the state in.
func (s *session) enrol() error {
	for _, r := range s.state.Authorities {
		m := &member{record: r}
		if r.Certificate != "" {
			chain, err := r.chain(s.dir)
			if err != nil {
				return err
			}
			m.certificate, m.chain = chain[0], chain[1:]
		}
		s.members = append(s.members, m)
	}
	return nil
}

// throwAway makes a key that never leaves memory.
func (s *session) throwAway(suite pki.Suite) (*keys.Key, error) {
	signer, err := pki.GenerateKey(s.cfg.Random, suite)
	if err != nil {
		return nil, fmt.Errorf("making a %s key: %w", suite, err)
	}
	return keys.Wrap(signer)
}

// open makes the folder of the ceremony and begins the transcript.
func (s *session) open() error {
	entries, err := os.ReadDir(s.cfg.Out)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("looking into %s: %w", s.cfg.Out, err)
	}
	if len(entries) > 0 {
		return pki.Errorf(pki.Conflict, "ceremony.out", "%s is not empty; nothing is overwritten", s.cfg.Out).
			To("name a new folder; that of a ceremony that was broken off is kept as evidence")
	}
	if err := os.MkdirAll(filepath.Join(s.cfg.Out, workFolder), 0o700); err != nil {
		return fmt.Errorf("making the ceremony's folder: %w", err)
	}
	file, err := os.OpenFile(filepath.Join(s.cfg.Out, transcriptFile), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("beginning the transcript: %w", err)
	}
	s.log = &transcript{out: file, sync: file.Sync, now: s.cfg.Now, previous: originHash, progress: s.cfg.Progress}
	s.closing = file.Close
	return syncFolder(s.cfg.Out)
}

// close forgets what was secret, as far as Go lets one.
func (s *session) close() {
	for _, set := range s.sets {
		set.wipe()
	}
	if s.closing != nil {
		_ = s.closing()
	}
}

// find returns a CA; the plan has been checked, so it is there.
func (s *session) find(id string) (*member, error) {
	for _, m := range s.members {
		if m.record.ID == id {
			return m, nil
		}
	}
	return nil, pki.Errorf(pki.Unknown, "ceremony.authority", "there is no CA %s", id)
}

// join takes a new CA in.
func (s *session) join(m *member) {
	s.members = append(s.members, m)
	s.state.Authorities = append(s.state.Authorities, m.record)
}

// write makes a file of the result. Names are slash-separated; nothing is overwritten.
func (s *session) write(name string, data []byte, mode os.FileMode) error {
	if err := writeNew(filepath.Join(s.cfg.Out, workFolder, filepath.FromSlash(name)), data, mode); err != nil {
		return err
	}
	s.files = append(s.files, product{name, hash(data)})
	return nil
}

// note adds a file that something else has written.
func (s *session) note(name string) error {
	data, err := os.ReadFile(filepath.Join(s.cfg.Out, workFolder, filepath.FromSlash(name)))
	if err != nil {
		return fmt.Errorf("reading a new file: %w", err)
	}
	s.files = append(s.files, product{name, hash(data)})
	return nil
}

func writeNew(path string, data []byte, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if errors.Is(err, fs.ErrExist) {
		return pki.Errorf(pki.Conflict, "ceremony.exists", "%s is there already and is not overwritten", path).To("look at what made it; name another folder")
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	_, err = file.Write(data)
	if err = errors.Join(err, file.Sync(), file.Close(), syncFolder(filepath.Dir(path))); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

func encodeKey(public crypto.PublicKey) string {
	spki, err := pki.MarshalPublicKey(public)
	if err != nil {
		return "" // our own keys have a suite
	}
	return base64.StdEncoding.EncodeToString(spki)
}
