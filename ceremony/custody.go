package ceremony

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"onecert/keys"
	"onecert/pki"
	"onecert/shares"
)

// secretSize is how many octets are drawn for the passphrase of a set: 192 bits, the
// strength of the strongest suite.
const secretSize = 24

// maxRefused is how many shares may be refused before a ceremony ends.
const maxRefused = 20

// set is a passphrase and who brings it back. The passphrase is the secret in lower
// hexadecimal, so that openssl opens the key files with it too.
type set struct {
	name       string // in the plan; empty for one that was brought back
	custody    Custody
	passphrase []byte
	parts      []shares.Share // to be handed out; nil for one that was brought back
}

func (x *set) wipe() {
	clear(x.passphrase)
	for _, part := range x.parts {
		part.Wipe()
	}
}

// newSet returns the set of a name, drawn and split at first use.
func (s *session) newSet(split Split, own string) (*set, error) {
	name := split.name(own)
	for _, x := range s.sets {
		if x.name == name {
			return x, nil
		}
	}
	secret := make([]byte, secretSize)
	defer clear(secret)
	if _, err := io.ReadFull(s.cfg.Random, secret); err != nil {
		return nil, fmt.Errorf("drawing a passphrase: %w", err)
	}
	parts, err := shares.Split(s.cfg.Random, secret, split.Threshold, split.Shares)
	if err != nil {
		return nil, err
	}
	x := &set{name: name, parts: parts, passphrase: hex.AppendEncode(nil, secret),
		custody: Custody{Set: parts[0].Set, Shares: split.Shares, Threshold: split.Threshold, Custodians: slices.Clone(s.plan.Custodians)}}
	s.sets = append(s.sets, x)
	return x, nil
}

// gather brings the passphrase of a set back from as many custodians as it takes.
func (s *session) gather(ctx context.Context, authority string, custody Custody) (*set, error) {
	for _, x := range s.sets {
		if x.custody.Set == custody.Set {
			return x, nil
		}
	}
	ask := Ask{Authority: authority, Custody: custody}
	var have []shares.Share
	defer func() {
		for _, share := range have {
			share.Wipe()
		}
	}()
	for refused := 0; len(have) < custody.Threshold; {
		share, err := s.cfg.People.HandIn(ctx, ask)
		if err != nil {
			return nil, err
		}
		if ask.Trouble = fits(share, custody, ask.Have); ask.Trouble != nil {
			if refused++; refused > maxRefused {
				return nil, ask.Trouble
			}
			if err := s.log.add(Entry{Act: actRefused, Object: custody.Set, Detail: map[string]string{"code": pki.CodeOf(ask.Trouble)}}); err != nil {
				return nil, err
			}
			continue
		}
		have, ask.Have = append(have, share), append(ask.Have, share.Index)
		if err := s.log.add(Entry{Act: actShareIn, Object: custody.Set, Detail: custody.person(share.Index)}); err != nil {
			return nil, err
		}
	}
	secret, err := shares.Combine(have)
	if err != nil {
		return nil, err
	}
	defer clear(secret)
	x := &set{custody: custody, passphrase: hex.AppendEncode(nil, secret)}
	s.sets = append(s.sets, x)
	return x, nil
}

// fits refuses a share of another set, or one that is there already.
func fits(share shares.Share, custody Custody, have []int) error {
	switch {
	case share.Set != custody.Set:
		return pki.Errorf(pki.Invalid, "share.mixed", "share %d is of set %s; set %s is wanted", share.Index, share.Set, custody.Set).
			To("bring the share whose set is %s", custody.Set)
	case share.Threshold != custody.Threshold || share.Total != custody.Shares:
		return pki.Errorf(pki.Invalid, "share.mixed", "share %d does not say the same of its set as the record", share.Index)
	case slices.Contains(have, share.Index):
		return pki.Errorf(pki.Invalid, "share.duplicate", "share %d of set %s is there already", share.Index, share.Set).To("each custodian brings his own")
	}
	return nil
}

func (c Custody) person(place int) map[string]string {
	detail := map[string]string{"place-in-set": fmt.Sprint(place)}
	if place >= 1 && place <= len(c.Custodians) {
		detail["custodian"] = c.Custodians[place-1]
	}
	return detail
}

// handOut gives the new shares out, each custodian alone, and proves with what they
// wrote down that the keys open.
func (s *session) handOut(ctx context.Context) error {
	for _, x := range s.sets {
		if len(x.parts) == 0 {
			continue // brought back, not new
		}
		if err := s.handOutSet(ctx, x); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) handOutSet(ctx context.Context, x *set) error {
	var written []shares.Share
	defer func() {
		for _, share := range written {
			share.Wipe()
		}
	}()
	for i, part := range x.parts {
		back, err := s.cfg.People.HandOut(ctx, x.custody.Custodians[i], part)
		if err != nil {
			return err
		}
		written = append(written, back)
		detail := x.custody.person(part.Index)
		detail["number"] = fmt.Sprintf("%d/%d", x.custody.Threshold, x.custody.Shares)
		if err := s.log.add(Entry{Act: actShareOut, Object: x.custody.Set, Detail: detail}); err != nil {
			return err
		}
	}
	return s.prove(x, written)
}

// prove opens every key of a new set with the shares as they were written down.
func (s *session) prove(x *set, written []shares.Share) error {
	secret, err := shares.Combine(written)
	if err != nil {
		return err
	}
	defer clear(secret)
	passphrase := hex.AppendEncode(nil, secret)
	defer clear(passphrase)
	for _, m := range s.members {
		if m.record.Custody == nil || m.record.Custody.Set != x.custody.Set {
			continue
		}
		path := filepath.Join(s.cfg.Out, workFolder, filepath.FromSlash(keyFile(m.record.ID, m.record.Kind, x.custody.Set)))
		key, err := keys.Open(keys.URI{Path: path}.String(), keys.Options{Passphrase: passphrase})
		if err != nil {
			return err
		}
		if publicHash(key) != publicHash(m.key) { // of a stand-in too
			return pki.Errorf(pki.Internal, "ceremony.key", "the key of %s reads back as another one", m.record.ID)
		}
	}
	return nil
}

func publicHash(key *keys.Key) string {
	spki, err := pki.MarshalPublicKey(key.Public())
	if err != nil {
		return ""
	}
	return pki.KeyHash(spki)
}

// keyFile is where a split key's file goes, below the folder of the ceremony's work:
// a root's into the state, with its set's number, so that a later splitting never
// meets an earlier file.
func keyFile(id, kind, set string) string {
	if kind == kindRoot {
		return stateFolder + "/keys/" + id + "-" + set + ".pem"
	}
	return "keys/" + id + ".pem"
}

// made is a new key and where it is.
type made struct {
	key     *keys.Key
	uri     string // as it goes into the state or the fragment
	custody *Custody
}

// newKey makes a CA's key where the plan wants it.
func (s *session) newKey(id, kind string, suite pki.Suite, at Location) (made, error) {
	if at.Split != nil {
		return s.newSplitKey(id, kind, suite, *at.Split)
	}
	location, err := keys.ParseURI(at.Key)
	if err != nil {
		return made{}, err
	}
	outside := location.Hardware() || filepath.IsAbs(location.Path)
	switch {
	case s.cfg.Rehearse && (outside || filepath.IsAbs(location.Pass)): // nothing outside the folder
		return s.newKeyInside(id, kind, suite, keys.URI{Path: "keys/" + id + ".pem", Pass: "passphrase"})
	case location.Scheme == "sdf":
		return s.keyOfCard(id, suite, at.Key)
	case outside:
		return s.newKeyOutside(id, suite, at.Key, location)
	}
	return s.newKeyInside(id, kind, suite, location)
}

// newKeyInside makes a key file in the folder of the result or, for a root, of the
// state, and its passphrase file where there is none.
func (s *session) newKeyInside(id, kind string, suite pki.Suite, at keys.URI) (made, error) {
	base := ""
	if kind == kindRoot {
		base = stateFolder
	}
	folder := filepath.Join(s.cfg.Out, workFolder, base)
	pass := absolute(folder, at.Pass)
	if !filepath.IsAbs(at.Pass) && !exists(pass) {
		if err := s.newPassphrase(pass); err != nil {
			return made{}, err
		}
	}
	key, err := s.generate(keys.URI{Path: filepath.Join(folder, at.Path), Pass: pass}, suite, nil)
	if err != nil {
		return made{}, err
	}
	uri := at.String()
	return made{key: key, uri: uri}, errors.Join(s.note(filepath.ToSlash(filepath.Join(base, at.Path))), s.noteKey(id, key, uri))
}

// keyOfCard takes a key that the maker's tool has put into an SDF device: the interface
// cannot make one (GM/T 0018).
func (s *session) keyOfCard(id string, suite pki.Suite, uri string) (made, error) {
	key, err := keys.Open(uri, keys.Options{})
	if err != nil {
		return made{}, err
	}
	if key.Suite() != suite {
		return made{}, pki.Errorf(pki.Conflict, "ceremony.key", "the device's key for %s is %s, not %s", id, key.Suite(), suite).To("name the index of a key of that suite")
	}
	place, _, _ := strings.Cut(uri, "?")
	return made{key: key, uri: uri}, s.log.add(Entry{Act: actKeyOpened, Object: id, Detail: map[string]string{"suite": string(suite), "key": publicHash(key), "location": place}})
}

func (s *session) newSplitKey(id, kind string, suite pki.Suite, split Split) (made, error) {
	x, err := s.newSet(split, id)
	if err != nil {
		return made{}, err
	}
	name := keyFile(id, kind, x.custody.Set)
	key, err := s.generate(keys.URI{Path: filepath.Join(s.cfg.Out, workFolder, filepath.FromSlash(name))}, suite, x.passphrase)
	if err != nil {
		return made{}, err
	}
	uri := keys.URI{Path: strings.TrimPrefix(name, stateFolder+"/")}.String()
	custody := x.custody
	return made{key, uri, &custody}, errors.Join(s.note(name), s.noteKey(id, key, uri))
}

// newKeyOutside makes a key in a device or in a file elsewhere. A file is taken away
// again where the ceremony is broken off; what a device holds is its owner's to remove.
func (s *session) newKeyOutside(id string, suite pki.Suite, uri string, at keys.URI) (made, error) {
	key, err := keys.Generate(uri, suite, keys.Options{Cipher: s.cfg.Cipher, Random: s.cfg.Random})
	if err != nil {
		return made{}, err
	}
	if !at.Hardware() {
		s.outside = append(s.outside, at.Path)
	}
	return made{key: key, uri: uri}, s.noteKey(id, key, uri)
}

func (s *session) generate(at keys.URI, suite pki.Suite, passphrase []byte) (*keys.Key, error) {
	if err := os.MkdirAll(filepath.Dir(at.Path), 0o700); err != nil {
		return nil, fmt.Errorf("making the folder of keys: %w", err)
	}
	return keys.Generate(at.String(), suite, keys.Options{Passphrase: passphrase, Cipher: s.cfg.Cipher, Random: s.cfg.Random})
}

func (s *session) newPassphrase(path string) error {
	secret := make([]byte, 32)
	defer clear(secret)
	if _, err := io.ReadFull(s.cfg.Random, secret); err != nil {
		return fmt.Errorf("drawing a passphrase: %w", err)
	}
	return writeNew(path, append(hex.AppendEncode(nil, secret), '\n'), 0o600)
}

// noteKey leaves out what follows a URI's question mark: where a PIN is.
func (s *session) noteKey(id string, key *keys.Key, uri string) error {
	uri, _, _ = strings.Cut(uri, "?")
	return s.log.add(Entry{Act: actKeyMade, Object: id, Detail: map[string]string{"suite": string(key.Suite()), "key": publicHash(key), "location": uri}})
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
