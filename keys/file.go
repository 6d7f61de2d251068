package keys

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"onecert/pki"
)

// maxFile bounds a key, sealer or passphrase file. An encrypted RSA 4096 key has
// 3.4 KiB; files with text around the PEM have a little more.
const maxFile = 64 << 10

// maxPassphrase bounds a passphrase in octets; OpenSSL reads no more than 1024.
const maxPassphrase = 1024

// readPrivate reads a file only its owner may read. what names it in errors.
func readPrivate(path, what string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, errOpen(path, what, err)
	}
	if !info.Mode().IsRegular() { // opening a FIFO would block
		return nil, pki.Errorf(pki.Invalid, "key.file", "the %s %s is not a regular file", what, path)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, errOpen(path, what, err)
	}
	defer file.Close()
	if info, err = file.Stat(); err != nil { // of what was opened, should the name have moved
		return nil, errOpen(path, what, err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, pki.Errorf(pki.Forbidden, "key.mode", "the %s %s is open to others (mode %04o)", what, path, info.Mode().Perm()).
			To("chmod 600 %s, and change the key or passphrase if others could read it", path)
	}
	content, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	if len(content) > maxFile {
		return nil, pki.Errorf(pki.Invalid, "key.file", "the %s %s is larger than %d octets", what, path, maxFile)
	}
	return content, nil
}

func errOpen(path, what string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return pki.Errorf(pki.Unknown, "key.missing", "the %s %s does not exist", what, path).Because(err)
	case errors.Is(err, fs.ErrPermission):
		return pki.Errorf(pki.Forbidden, "key.permission", "the %s %s may not be read by this user", what, path).Because(err)
	}
	return fmt.Errorf("opening %s: %w", path, err)
}

// createPrivate writes a new file with mode 0600 and returns when it and its
// name are on disk. It never overwrites: a lost key cannot be made again.
func createPrivate(path string, content []byte) (err error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return errExists(path)
	}
	if err != nil {
		return fmt.Errorf("creating %s: %w", path, err)
	}
	defer func() {
		if err != nil { // half a key file would only be in the way
			_ = os.Remove(path)
		}
	}()
	_, err = file.Write(content)
	if err == nil {
		err = file.Sync()
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = syncDirectory(filepath.Dir(path))
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

func syncDirectory(path string) error {
	directory, err := os.Open(path)
	if err != nil {
		return err
	}
	defer directory.Close()
	return directory.Sync()
}

func errExists(path string) error {
	return pki.Errorf(pki.Conflict, "key.exists", "%s exists and will not be overwritten", path).
		To("name another file, or move the old one away")
}

// passphrase returns a copy of the passphrase in force, nil if none is named. A
// passphrase file holds one line, as OpenSSL's -passin file: reads it.
func passphrase(location URI, opts Options) ([]byte, error) {
	if opts.Passphrase != nil {
		return checkPassphrase(bytes.Clone(opts.Passphrase), "passphrase")
	}
	if location.Pass == "" {
		return nil, nil
	}
	content, err := readPrivate(location.Pass, "passphrase file")
	if err != nil {
		return nil, err
	}
	content = bytes.TrimSuffix(content, []byte("\n"))
	content = bytes.TrimSuffix(content, []byte("\r"))
	return checkPassphrase(content, "passphrase file "+location.Pass)
}

func checkPassphrase(pass []byte, what string) ([]byte, error) {
	switch {
	case len(pass) == 0:
		return nil, errPassphraseFile(what, "is empty")
	case len(pass) > maxPassphrase:
		return nil, errPassphraseFile(what, fmt.Sprintf("is longer than %d octets", maxPassphrase))
	case bytes.ContainsAny(pass, "\x00\r\n"):
		return nil, errPassphraseFile(what, "is not one line of text")
	}
	return pass, nil
}

func errPassphraseFile(what, why string) error {
	return pki.Errorf(pki.Invalid, "key.passphrase-file", "the %s %s", what, why).
		To("put the passphrase on one line")
}

// needPassphrase is passphrase for files that are always encrypted.
func needPassphrase(location URI, opts Options) ([]byte, error) {
	pass, err := passphrase(location, opts)
	if err == nil && pass == nil {
		return nil, errNoPassphrase(location)
	}
	return pass, err
}

func errNoPassphrase(location URI) error {
	return pki.Errorf(pki.Invalid, "key.passphrase-missing", "no passphrase is named for the key file %s", location.Path).
		To("add ?pass=file:/path/to/passphrase to the key's URI")
}
