package crl

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"onecert/pki"
)

const (
	indexFile   = "index.json"
	sourceFault = "source"
	// inMemory is the size up to which a list is handed out from memory; longer ones
	// from their file, which stays open while anybody reads it.
	inMemory = 1 << 20
)

// shelf is what is published of one issuer.
type shelf struct {
	issuer *Issuer
	dir    string
	log    *slog.Logger

	mu      sync.RWMutex
	lists   map[string]*published // by name
	history map[string]*history
	faults  map[string]error
	loud    map[string]int
	until   time.Time
}

// published is one list being handed out. It never changes.
type published struct {
	pki.ListHead
	etag        string
	plain, gzip content
}

// content is octets in memory or in a file.
type content struct {
	octets []byte
	file   *os.File // closes itself when nobody refers to it any more
	size   int64
}

func (c content) reader() io.ReadSeeker {
	if c.file != nil {
		return io.NewSectionReader(c.file, 0, c.size)
	}
	return bytes.NewReader(c.octets)
}

// openShelf reads what was published before. A file that is not what it should be is
// left where it is and not handed out: the next list takes its place.
func openShelf(config Config, issuer *Issuer) (*shelf, error) {
	s := &shelf{issuer: issuer, dir: filepath.Join(config.Dir, issuer.ID), log: config.Log, lists: map[string]*published{},
		history: map[string]*history{}, faults: map[string]error{}, loud: map[string]int{}}
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return nil, fmt.Errorf("opening the published lists: %w", err)
	}
	files, err := filepath.Glob(filepath.Join(s.dir, "*.crl"))
	if err != nil {
		return nil, fmt.Errorf("opening the published lists: %w", err)
	}
	known := s.readIndex()
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".crl")
		if err := s.load(name, known[name], config.Now()); err != nil {
			config.Log.Warn("a published list is not handed out again", "issuer", issuer.ID, "list", name, "error", err)
		}
	}
	left, err := filepath.Glob(filepath.Join(s.dir, ".new-*"))
	if err == nil {
		for _, file := range left { // of a process that was killed
			os.Remove(file)
		}
	}
	return s, nil
}

func (s *shelf) readIndex() map[string]pki.ListHead {
	known := map[string]pki.ListHead{}
	text, err := os.ReadFile(filepath.Join(s.dir, indexFile))
	var all []pki.ListHead
	if err != nil || json.Unmarshal(text, &all) != nil {
		return known // the lists speak for themselves; only their count of entries is missing
	}
	for _, head := range all {
		known[head.Name] = head
	}
	return known
}

func (s *shelf) load(name string, known pki.ListHead, now time.Time) error {
	der, err := os.ReadFile(filepath.Join(s.dir, name+".crl"))
	if err != nil {
		return err
	}
	l, err := read(der)
	if err != nil {
		return err
	}
	if err := l.judge(s.issuer, name, now); err != nil && pki.CodeOf(err) != "crl.lapsed" {
		return err
	}
	head := pki.ListHead{Issuer: s.issuer.ID, Name: name, Number: l.number, Base: l.base, Size: int64(len(der)), ThisUpdate: l.thisUpdate.UTC(), NextUpdate: l.nextDate.UTC()}
	if known.Number == l.number {
		head.Journal, head.Entries = known.Journal, known.Entries
	}
	return s.show(head, der)
}

// put publishes a verified list: first its compressed form, then itself, by rename.
func (s *shelf) put(head pki.ListHead, der []byte) error {
	err := writeFile(s.dir, head.Name+".crl.gz", func(w io.Writer) error { return compress(w, der) })
	if err == nil {
		err = writeFile(s.dir, head.Name+".crl", func(w io.Writer) error { _, err := w.Write(der); return err })
	}
	if err == nil {
		err = s.show(head, der)
	}
	if err != nil {
		return pki.Errorf(pki.Unavailable, "crl.write", "list %s of issuer %s cannot be written; the one before stays", head.Name, s.issuer.ID).
			To("check the folder's space and rights; it is tried again").Because(err)
	}
	return s.remember(head)
}

// compress prefers speed where the list is long: serial numbers are random, so little
// is to be gained by effort.
func compress(w io.Writer, der []byte) error {
	level := gzip.DefaultCompression
	if len(der) > inMemory {
		level = gzip.BestSpeed
	}
	z, err := gzip.NewWriterLevel(w, level)
	if err != nil {
		return err
	}
	_, err = z.Write(der)
	return errors.Join(err, z.Close())
}

// show hands out what lies in the files from now on.
func (s *shelf) show(head pki.ListHead, der []byte) error {
	sum := sha256.Sum256(der)
	p := &published{ListHead: head, etag: hex.EncodeToString(sum[:16])}
	var err error
	if p.plain, err = s.content(head.Name + ".crl"); err != nil {
		return err
	}
	if p.gzip, err = s.content(head.Name + ".crl.gz"); err != nil {
		p.gzip = content{} // it goes without
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lists[head.Name] = p
	return nil
}

func (s *shelf) content(name string) (content, error) {
	file, err := os.Open(filepath.Join(s.dir, name))
	if err != nil {
		return content{}, err
	}
	info, err := file.Stat()
	if err != nil || info.Size() > inMemory {
		return content{file: file, size: info.Size()}, err
	}
	defer file.Close()
	octets, err := io.ReadAll(file)
	return content{octets: octets, size: int64(len(octets))}, err
}

func writeFile(dir, name string, write func(io.Writer) error) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	file, err := os.CreateTemp(dir, ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // after the rename there is nothing to remove
	err = write(file)
	if err = errors.Join(err, file.Chmod(0o644), file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), filepath.Join(dir, name))
}

// writeIndex lists what is published, for mirrors and for people.
func (s *shelf) writeIndex() error {
	text, err := json.MarshalIndent(s.heads(), "", " ")
	if err != nil {
		return err
	}
	return writeFile(s.dir, indexFile, func(w io.Writer) error { _, err := w.Write(append(text, '\n')); return err })
}

func (s *shelf) heads() []pki.ListHead {
	s.mu.RLock()
	defer s.mu.RUnlock()
	all := make([]pki.ListHead, 0, len(s.lists))
	for _, p := range s.lists {
		all = append(all, p.ListHead)
	}
	slices.SortFunc(all, func(a, b pki.ListHead) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

func (s *shelf) get(name string) *published {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.lists[name]
}

// number of the list published under a name, 0 without one.
func (s *shelf) number(name string) int64 {
	if p := s.get(name); p != nil {
		return p.Number
	}
	return 0
}

// journal is the number up to which the newest list of all entries is true.
func (s *shelf) journal() (newest int64) {
	for _, name := range []string{"complete", "delta"} {
		if p := s.get(name); p != nil {
			newest = max(newest, p.Journal)
		}
	}
	return newest
}

func (s *shelf) expect(until time.Time) { s.mu.Lock(); defer s.mu.Unlock(); s.until = until }

func (s *shelf) expected() time.Time { s.mu.RLock(); defer s.mu.RUnlock(); return s.until }

// failed notes what keeps a list, or all, from being renewed, and tells the log when
// that begins and ends.
func (s *shelf) failed(what string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.faults[what]
	if err == nil {
		delete(s.faults, what)
		if before != nil {
			s.log.Info("lists are published again", "issuer", s.issuer.ID, "what", what)
		}
		return
	}
	s.faults[what] = err
	if before == nil || pki.CodeOf(before) != pki.CodeOf(err) {
		s.log.Error("lists cannot be published", "issuer", s.issuer.ID, "what", what, "error", err, "cause", errors.Unwrap(err))
	}
}

func (s *shelf) states() (all []State) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	names := map[string]bool{}
	for name := range s.lists {
		names[name] = true
	}
	for name := range s.faults {
		names[name] = true
	}
	for name := range names {
		state := State{ListHead: pki.ListHead{Issuer: s.issuer.ID, Name: name}, Fault: s.faults[name]}
		if p := s.lists[name]; p != nil {
			state.ListHead = p.ListHead
			if state.Fault == nil {
				state.Fault = s.faults[sourceFault]
			}
		}
		all = append(all, state)
	}
	slices.SortFunc(all, func(a, b State) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// louder notes how alarming a list's age is and reports whether that changed.
func (s *shelf) louder(name string, level int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.loud[name]
	s.loud[name] = level
	return before != level
}

// missing reports whether an error says that there is no such file.
func missing(err error) bool { return errors.Is(err, fs.ErrNotExist) }
