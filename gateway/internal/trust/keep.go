package trust

import (
	"encoding/hex"
	"os"
	"path/filepath"
)

// kept is where a source's last good list lies. The name holds nothing foreign.
func (s *Store) kept(p *sourcePlan) string {
	return filepath.Join(s.opts.Dir, hex.EncodeToString(p.where[:16])+".crl")
}

// keep writes a good list down. A failure costs a fetch after the next start and no
// more, so it is only logged.
func (s *Store) keep(p *sourcePlan, data []byte) {
	if s.opts.Dir == "" {
		return
	}
	if err := s.write(p, data); err != nil {
		s.log("a revocation list could not be kept", "ca", p.ca, "source", p.row.Name, "error", err)
	}
}

// write puts the file in place whole: a crash leaves the old one.
func (s *Store) write(p *sourcePlan, data []byte) error {
	if err := os.MkdirAll(s.opts.Dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(s.opts.Dir, "new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), s.kept(p))
	}
	return err
}

// recall takes a list up that was kept. It is judged as if it came from anywhere.
func (f *feed) recall() {
	if f.store.opts.Dir == "" {
		return
	}
	file, err := os.Open(f.store.kept(f.sourcePlan))
	if err != nil {
		return // none was kept
	}
	defer file.Close()
	data, err := readAll(file, 0, f.maxBytes)
	if err == nil {
		_, err = f.take(data)
	}
	if err != nil {
		f.store.log("a kept revocation list is of no use", "ca", f.ca, "source", f.row.Name, "error", err)
	}
}
