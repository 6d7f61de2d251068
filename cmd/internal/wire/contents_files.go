package wire

import (
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"onecert/pki"
)

// takePath adds what a path names, if anything is there: some files come later.
func (c *contents) takePath(full string) {
	info, err := os.Stat(full)
	switch {
	case err != nil:
	case info.IsDir():
		add(&c.folders, full)
	case info.Mode().IsRegular():
		add(&c.files, full)
	}
}

// beside are files that officers and auditors are given, next to the configuration.
func beside() []string { return []string{"trust.pem", "audit.pub"} }

// takeBeside adds what no configuration names but nobody can do without: the root's
// key, which lies beside the issuing CA's, encrypted as that.
func (c *contents) takeBeside() error {
	for _, name := range beside() {
		c.takePath(filepath.Join(c.dir, name))
	}
	looked := map[string]bool{}
	for _, file := range slices.Clone(c.files) {
		if label, err := labelOf(file); err != nil || !isKeyLabel(label) || looked[filepath.Dir(file)] {
			continue
		}
		looked[filepath.Dir(file)] = true
		siblings, err := filepath.Glob(filepath.Join(filepath.Dir(file), "*.pem"))
		if err != nil {
			return fmt.Errorf("looking for keys: %w", err)
		}
		for _, sibling := range siblings {
			if label, err := labelOf(sibling); err == nil && isEncrypted(label) {
				add(&c.files, sibling)
			}
		}
	}
	return nil
}

// labelOf is the label of a file's first PEM block, "" where there is none.
func labelOf(file string) (string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return "", nil
	}
	return block.Type, nil
}

func isKeyLabel(label string) bool {
	return strings.HasSuffix(label, "PRIVATE KEY") || strings.Contains(label, "SEALING KEY")
}

// isEncrypted knows the labels of keys that lie encrypted.
func isEncrypted(label string) bool {
	return label == "ENCRYPTED PRIVATE KEY" || strings.Contains(label, "SEALING KEY")
}

// keptFile is one file of an archive.
type keptFile struct {
	name string // in the archive
	mode os.FileMode
	text []byte
}

// outside is the archive's folder of what does not lie in the configuration's.
const outside = "outside"

// read reads everything, secrets only where they are asked for. places says where
// what lay outside the configuration's folder came from; apart are the secrets left
// out, as the configuration reaches them.
func (c *contents) read(secrets bool) (files []keptFile, places map[string]string, apart []string, err error) {
	r := &keeper{contents: c, places: map[string]string{}}
	for _, file := range append([]string{filepath.Join(c.dir, c.config)}, c.files...) {
		r.put(r.nameOf(file), file)
	}
	for _, folder := range c.folders {
		r.folder(folder, nil)
	}
	for _, folder := range c.shown {
		// A CA makes its own lists anew, with numbers that go on; the roots' it cannot.
		r.folder(folder, func(rel string) bool {
			first, _, nested := strings.Cut(filepath.ToSlash(rel), "/")
			return nested && slices.Contains(c.issuers, first)
		})
	}
	for _, file := range c.secrets {
		if secrets {
			r.put(r.nameOf(file), file)
		} else {
			apart = append(apart, r.local(file))
		}
	}
	return r.files, r.places, apart, r.err
}

// keeper reads files into an archive's names and keeps the first error.
type keeper struct {
	*contents
	files  []keptFile
	places map[string]string
	err    error
}

// local is a path as seen from the configuration's folder, where it lies in it.
func (k *keeper) local(full string) string {
	rel, err := filepath.Rel(k.dir, full)
	if err == nil && filepath.IsLocal(rel) {
		return filepath.ToSlash(rel)
	}
	return full
}

func (k *keeper) nameOf(full string) string {
	name := k.local(full)
	if !filepath.IsAbs(name) {
		return name
	}
	for known, from := range k.places {
		if from == full {
			return known
		}
	}
	name = outside + "/" + strconv.Itoa(len(k.places)+1) + "/" + filepath.Base(full)
	k.places[name] = full
	return name
}

// maxKept bounds one file beside the database.
const maxKept = 256 << 20

// put reads a file. A key in the clear is refused.
func (k *keeper) put(name, full string) {
	if k.err != nil || slices.ContainsFunc(k.files, func(f keptFile) bool { return f.name == name }) {
		return
	}
	info, err := os.Stat(full)
	var text []byte
	if err == nil && info.Size() > maxKept {
		err = fmt.Errorf("it has more than %d octets", maxKept)
	}
	if err == nil {
		text, err = os.ReadFile(full)
	}
	if err != nil {
		k.err = unkept(k.local(full), err)
		return
	}
	if block, _ := pem.Decode(text); block != nil && isKeyLabel(block.Type) && !isEncrypted(block.Type) {
		k.err = errPlainSecret(k.local(full))
		return
	}
	k.files = append(k.files, keptFile{name, info.Mode().Perm(), text})
}

func unkept(name string, err error) error {
	return pki.Errorf(pki.Unavailable, "backup.file", "%s cannot be read, so the backup would not be whole", name).
		To("run the backup as the user the component runs as").Because(err)
}

// folder reads every file below a folder; skip leaves some out, by their path in it.
func (k *keeper) folder(full string, skip func(rel string) bool) {
	name := k.nameOf(full)
	err := filepath.WalkDir(full, func(file string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // not made yet
		}
		if err != nil {
			return unkept(k.local(full), err)
		}
		rel, err := filepath.Rel(full, file)
		if err != nil || !entry.Type().IsRegular() || skip != nil && skip(rel) || strings.HasPrefix(entry.Name(), ".") {
			return err
		}
		k.put(path.Join(name, filepath.ToSlash(rel)), file)
		return k.err
	})
	if k.err == nil {
		k.err = err
	}
}
