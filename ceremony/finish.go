package ceremony

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/emmansun/gmsm/smx509"
	"go.yaml.in/yaml/v3"

	"onecert/pki"
)

// issuerEntry is an issuing CA as the CA's configuration wants it.
type issuerEntry struct {
	ID          string    `yaml:"id"`
	Key         string    `yaml:"key"`
	Certificate string    `yaml:"certificate"`
	Partitions  int       `yaml:"partitions"`
	Addresses   Addresses `yaml:"addresses"`
}

// offer puts an issuing CA into the fragment of ca.yaml. Where the key stayed with who
// requested the certificate, the URI is theirs to fill in.
func (s *session) offer(m *member, uri string) {
	if uri == "" {
		uri = "FILL IN: where the requested key is"
	}
	s.fragment = append(s.fragment, issuerEntry{m.record.ID, uri, "certs/" + m.record.ID + ".pem", m.record.Partitions, m.record.Addresses})
}

// collect writes what concerns the ceremony as a whole: the fragment, the trust list,
// the state to come.
func (s *session) collect() error {
	if len(s.fragment) > 0 {
		data, err := yaml.Marshal(map[string][]issuerEntry{"issuers": s.fragment})
		if err != nil {
			return fmt.Errorf("writing the fragment of ca.yaml: %w", err)
		}
		head := "# The issuing CAs of this ceremony, for ca.yaml. Paths start from its folder.\n"
		if s.cfg.Rehearse {
			head += "# REHEARSAL: throw-away keys. Never let a CA serve with them.\n"
		}
		if err := s.write(issuersFile, append([]byte(head), data...), 0o644); err != nil {
			return err
		}
	}
	if trust := s.trust(); len(trust) > 0 {
		if err := s.write(trustFile, encodeChain(trust), 0o644); err != nil {
			return err
		}
	}
	data, err := s.state.next(s.plan.Title, s.start, s.loaded)
	if err != nil {
		return err
	}
	s.stateHash = hash(data)
	return writeNew(filepath.Join(s.cfg.Out, workFolder, stateFolder, stateFile), data, 0o600)
}

// trust is every CA certificate once: what officers and other components are given.
func (s *session) trust() (all []*smx509.Certificate) {
	for _, m := range s.members {
		if m.certificate == nil {
			continue
		}
		for _, c := range m.whole() {
			if !slices.ContainsFunc(all, func(other *smx509.Certificate) bool { return other.Equal(c) }) {
				all = append(all, c)
			}
		}
	}
	return all
}

// endedBefore reports whether the folder holds a ceremony of this plan that ended, but
// whose files did not all get their names.
func endedBefore(cfg Config) (bool, error) {
	if !exists(filepath.Join(cfg.Out, workFolder)) || !exists(filepath.Join(cfg.Out, transcriptFile)) {
		return false, nil
	}
	report, err := VerifyFolder(cfg.Out)
	if err != nil || !report.Ended || len(report.Faults) > 0 {
		return false, nil // open refuses the folder
	}
	if report.Plan != cfg.Plan.Hash() || report.Rehearsal != cfg.Rehearse {
		return false, pki.Errorf(pki.Conflict, "ceremony.other", "%s holds another ceremony that was not finished", cfg.Out).
			To("run that one's file again on this folder, or name a new one")
	}
	return true, nil
}

// finish gives the files of an ended ceremony their names: first the state, so that no
// list number can be used twice, then the result as a whole. It can be interrupted
// anywhere and run again.
func finish(cfg Config) (*Result, error) {
	work, result := filepath.Join(cfg.Out, workFolder), filepath.Join(cfg.Out, resultFolder)
	report, err := VerifyFolder(cfg.Out)
	if err != nil {
		return nil, err
	}
	if len(report.Faults) > 0 || !report.Ended {
		return nil, pki.Errorf(pki.Internal, "ceremony.verify", "the ceremony's own transcript does not verify: %v", report.Faults)
	}
	dir := filepath.Join(result, stateFolder)
	if !cfg.Rehearse {
		dir = cfg.Plan.path(cfg.Plan.State)
		if err := handOver(filepath.Join(work, stateFolder), dir, report.State); err != nil {
			if pki.CodeOf(err) == "ceremony.superseded" { // it can never be finished
				_ = os.RemoveAll(work)
			}
			return nil, err
		}
	}
	if err := writeText(cfg, report.Entries); err != nil {
		return nil, err
	}
	if err := os.Rename(work, result); err != nil {
		return nil, fmt.Errorf("naming the result: %w", err)
	}
	if err := syncFolder(cfg.Out); err != nil {
		return nil, err
	}
	return describeResult(cfg, report, dir), nil
}

// handOver commits the state and makes sure that it is the one that was signed for.
func handOver(from, dir, want string) error {
	if err := commitState(from, dir); err != nil {
		return err
	}
	data, err := os.ReadFile(filepath.Join(dir, stateFile))
	if err != nil || hash(data) != want {
		return pki.Errorf(pki.Conflict, "ceremony.state", "the roots' state is not the one this ceremony ended with").
			To("look for another ceremony held on it since").Because(err)
	}
	if err := os.RemoveAll(from); err != nil {
		return fmt.Errorf("clearing up: %w", err)
	}
	return nil
}

func describeResult(cfg Config, report *Report, dir string) *Result {
	r := &Result{Out: cfg.Out, Transcript: filepath.Join(cfg.Out, transcriptFile), Hash: report.Hash, Rehearsal: report.Rehearsal, State: dir,
		Files: []string{}, Authorities: []string{}}
	for _, e := range report.Entries {
		switch {
		case e.Act == actFile && !strings.HasPrefix(e.Object, stateFolder+"/"):
			r.Files = append(r.Files, e.Object)
		case e.Act == actSigned && e.Detail["kind"] == string(Certificate):
			r.Authorities = append(r.Authorities, e.Object)
		}
	}
	return r
}

// commitState brings the new files into the folder of the state and then replaces
// root-state.yaml with one rename. The old one is kept beside it under its generation.
func commitState(from, dir string) error {
	fresh, err := os.ReadFile(filepath.Join(from, stateFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // committed before, and cleared up
	}
	if err != nil {
		return fmt.Errorf("reading the new state: %w", err)
	}
	before, err := os.ReadFile(filepath.Join(dir, stateFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("reading the state: %w", err)
	}
	if bytes.Equal(before, fresh) {
		return nil
	}
	var old, next State // their files are not looked at: some may be there already
	if err := errors.Join(yaml.Unmarshal(before, &old), yaml.Unmarshal(fresh, &next)); err != nil {
		return fmt.Errorf("reading the states: %w", err)
	}
	switch {
	case before == nil && next.Generation > 1 || old.Generation+1 < next.Generation:
		return pki.Errorf(pki.Unavailable, "ceremony.state", "the folder of the roots' state is not there, or is an old copy").
			To("bring the one back that the ceremony began with, and run the same command again")
	case next.Generation != old.Generation+1 || before != nil && next.Previous != hash(before):
		return pki.Errorf(pki.Conflict, "ceremony.superseded", "another ceremony was held on the roots' state since this one began").
			To("this one does not count, and its files are taken away: hold it again")
	}
	if err := copyNew(from, dir); err != nil {
		return err
	}
	if before != nil {
		if err := copyFile(filepath.Join(dir, fmt.Sprintf("root-state-%d.yaml", old.Generation)), before); err != nil {
			return err
		}
	}
	return replaceFile(filepath.Join(dir, stateFile), fresh)
}

// copyNew copies every file but the state itself.
func copyNew(from, dir string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || entry.Name() == stateFile {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("reading a new file: %w", err)
		}
		return copyFile(filepath.Join(dir, name), data)
	})
}

// copyFile writes a file unless it is there with the same content; it is there as a
// whole or not at all.
func copyFile(path string, data []byte) error {
	switch have, err := os.ReadFile(path); {
	case err == nil && bytes.Equal(have, data):
		return nil
	case err == nil:
		return pki.Errorf(pki.Conflict, "ceremony.exists", "%s is there already with another content", path).To("look at what made it")
	}
	return replaceFile(path, data)
}

// replaceFile writes a file by rename.
func replaceFile(path string, data []byte) error {
	_ = os.Remove(path + ".new") // of an interruption
	if err := writeNew(path+".new", data, 0o600); err != nil {
		return err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return syncFolder(filepath.Dir(path))
}

func makeFolder(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	return nil
}
