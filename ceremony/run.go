package ceremony

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"onecert/keys"
	"onecert/pki"
	"onecert/shares"
)

// Attendants are the people at a ceremony: at a terminal, or nobody in a rehearsal.
type Attendants interface {
	// Confirm shows what is about to be signed, or the plan, and returns an error
	// where it is refused.
	Confirm(ctx context.Context, o Object) error
	// HandOut gives a custodian his share, alone, and returns what he wrote down.
	HandOut(ctx context.Context, custodian string, share shares.Share) (written shares.Share, err error)
	// HandIn takes one share of a set.
	HandIn(ctx context.Context, ask Ask) (shares.Share, error)
}

// Ask says which share is wanted next.
type Ask struct {
	Authority string // whose key is opened
	Custody   Custody
	Have      []int // places that are there
	Trouble   error // why the last one was refused, nil at first
}

// Config is what a ceremony needs beside its plan.
type Config struct {
	Plan     *Plan
	Out      string // a folder that is not there; it holds transcript.jsonl and then result
	Rehearse bool   // throw-away keys, stand-ins for roots; the state stays as it is
	People   Attendants
	Version  string // of the program
	Now      func() time.Time
	Random   io.Reader               // nil: crypto/rand
	Progress func(Entry)             // told each entry, may be nil
	Words    func(key string) string // for transcript.txt; nil: the keys themselves
	Cipher   keys.Cipher             // of key files
}

// Result says what was made.
type Result struct {
	Out         string   `json:"out"`
	Transcript  string   `json:"transcript"`
	Hash        string   `json:"hash"` // of the line that ends it: to be written down by everybody
	Rehearsal   bool     `json:"rehearsal"`
	Files       []string `json:"files"` // below Out/result
	State       string   `json:"state"`
	Authorities []string `json:"authorities"` // made or changed
}

// Names in the folder of a ceremony.
const (
	transcriptFile = "transcript.jsonl"
	textFile       = "transcript.txt"
	workFolder     = "unfinished" // becomes resultFolder with one rename
	resultFolder   = "result"
	stateFolder    = "state" // below workFolder
	issuersFile    = "issuers.yaml"
	trustFile      = "trust.pem"
)

// Run holds the ceremony. Nothing of use is left behind where it is broken off: its
// files get their names only after the transcript has ended. A ceremony that ended and
// was interrupted while naming its files is finished by running it again.
func Run(ctx context.Context, cfg Config) (*Result, error) {
	if cfg.Random == nil {
		cfg.Random = rand.Reader
	}
	if cfg.Words == nil {
		cfg.Words = func(key string) string { return key }
	}
	if _, nobody := cfg.People.(Rehearsal); nobody && !cfg.Rehearse {
		return nil, pki.Errorf(pki.Internal, "ceremony.rehearsal", "only a rehearsal is held without people")
	}
	if ended, err := endedBefore(cfg); ended || err != nil {
		if err != nil {
			return nil, err
		}
		return finish(cfg)
	}
	s, err := newSession(cfg)
	if err != nil {
		return nil, err
	}
	defer s.close()
	if err := s.hold(ctx); err != nil {
		return nil, s.abort(err)
	}
	return finish(cfg)
}

// hold is the ceremony from its first entry to its last signature.
func (s *session) hold(ctx context.Context) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	for i, act := range s.plan.Acts {
		kind, _ := act.kind()
		if err := s.log.add(Entry{Act: actStep, Object: fmt.Sprint(i + 1), Detail: map[string]string{"kind": kind}}); err != nil {
			return err
		}
		if err := s.perform(ctx, act); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return pki.Errorf(pki.Unavailable, "ceremony.interrupted", "the ceremony was interrupted").To("begin again").Because(err)
		}
	}
	if err := s.handOut(ctx); err != nil {
		return err
	}
	return s.end()
}

func (s *session) perform(ctx context.Context, act Act) error {
	switch {
	case act.Root != nil:
		return s.makeRoot(ctx, act.Root)
	case act.Adopt != nil:
		return s.adopt(ctx, act.Adopt)
	case act.Issuing != nil:
		return s.makeIssuing(ctx, act.Issuing)
	case act.RootCRL != nil:
		return s.makeList(ctx, act.RootCRL)
	case act.Rollover != nil:
		return s.rollOver(ctx, act.Rollover)
	case act.Retire != nil:
		return s.retire(act.Retire)
	case act.OutsideRequest != nil:
		return s.request(ctx, act.OutsideRequest)
	case act.OutsideImport != nil:
		return s.importAnswer(act.OutsideImport)
	case act.Reshare != nil:
		return s.reshare(ctx, act.Reshare)
	}
	return pki.Errorf(pki.NotImplemented, "ceremony.act", "an act is none that is known")
}

// begin says who is there and what was agreed.
func (s *session) begin(ctx context.Context) error {
	p := s.plan
	e := Entry{Act: actBegin, Object: p.file, Detail: map[string]string{"title": p.Title, "version": s.cfg.Version, "plan": p.Hash(),
		"rehearsal": fmt.Sprint(s.cfg.Rehearse), "key": encodeKey(s.own.Public())}}
	if p.Place != "" {
		e.Detail["place"] = p.Place
	}
	if s.loaded != nil {
		e.Detail["state"] = hash(s.loaded)
	}
	e.People = append(e.People, Person{"operator", p.Operator})
	for _, name := range p.Custodians {
		e.People = append(e.People, Person{"custodian", name})
	}
	for _, name := range p.Witnesses {
		e.People = append(e.People, Person{"witness", name})
	}
	if err := s.log.add(e); err != nil {
		return err
	}
	return s.confirm(ctx, Object{Kind: "plan", Name: p.file, TBS: p.data})
}

// confirm asks the people and notes their consent.
func (s *session) confirm(ctx context.Context, o Object) error {
	if err := s.cfg.People.Confirm(ctx, o); err != nil {
		return err
	}
	return s.log.add(Entry{Act: actConfirmed, Object: o.Name, Detail: map[string]string{"kind": string(o.Kind), "sha256": o.SHA256()}})
}

// abort notes why, and takes away what was made. The reason given to people is the
// one that ended the ceremony, whatever fails afterwards.
func (s *session) abort(reason error) error {
	wrong := "an internal error"
	if e, ok := errors.AsType[*pki.Error](reason); ok {
		wrong = e.Wrong
	}
	if err := s.log.add(Entry{Act: actAborted, Detail: map[string]string{"code": pki.CodeOf(reason), "wrong": wrong}}); err == nil {
		_ = s.log.sign(s.cfg.Random, ceremonyKey, s.own, s.log.previous)
		_ = writeText(s.cfg, s.log.entries)
	}
	_ = os.RemoveAll(filepath.Join(s.cfg.Out, workFolder))
	for _, path := range s.outside {
		_ = os.Remove(path)
	}
	return reason
}

// end notes every file with its hash, closes the transcript and has it signed: by the
// ceremony's own key and by every key of a CA that was used.
func (s *session) end() error {
	if err := s.collect(); err != nil {
		return err
	}
	for _, f := range s.files {
		if err := s.log.add(Entry{Act: actFile, Object: f.name, Detail: map[string]string{"sha256": f.sha256}}); err != nil {
			return err
		}
	}
	if err := s.log.add(Entry{Act: actState, Object: stateFile, Detail: map[string]string{"sha256": s.stateHash, "number": fmt.Sprint(s.state.Generation)}}); err != nil {
		return err
	}
	signers := []string{ceremonyKey}
	for _, m := range s.members {
		if m.key != nil {
			signers = append(signers, m.record.ID)
		}
	}
	if err := s.log.add(Entry{Act: actEnd, Detail: map[string]string{"signers": strings.Join(signers, " ")}}); err != nil {
		return err
	}
	last := s.log.previous
	if err := s.log.sign(s.cfg.Random, ceremonyKey, s.own, last); err != nil {
		return err
	}
	for _, m := range s.members {
		if m.key == nil {
			continue
		}
		if err := s.log.sign(s.cfg.Random, m.record.ID, m.key, last); err != nil {
			return err
		}
	}
	return nil
}

// ceremonyKey is how the ceremony's own key is called in signatures.
const ceremonyKey = "ceremony"
