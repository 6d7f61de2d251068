package wire

import (
	"bytes"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/emmansun/gmsm/smx509"

	"onecert/keys"
	"onecert/pki"
)

func sortedKeys[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// WriteNew creates a file that must not exist, with its folder, and makes it last.
func WriteNew(path string, data []byte, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if errors.Is(err, os.ErrExist) {
		return pki.Errorf(pki.Conflict, "file.exists", "%s is there already and is not overwritten", path).To("choose another folder, or move it away")
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	_, err = file.Write(data)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

// ReplaceFile writes a file by rename, in the place of an older one.
func ReplaceFile(path string, data []byte, mode os.FileMode) error {
	temporary := path + ".new"
	if err := os.WriteFile(temporary, data, mode); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	if err := os.Rename(temporary, path); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

// replaceChanged is ReplaceFile where the file does not hold the data already.
func replaceChanged(path string, data []byte, mode os.FileMode) error {
	if have, err := os.ReadFile(path); err == nil && bytes.Equal(have, data) {
		return nil
	}
	return ReplaceFile(path, data, mode)
}

// PEM encodes certificates, one block each.
func PEM(ders ...[]byte) []byte {
	var out []byte
	for _, der := range ders {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	return out
}

// readCertificates reads every certificate of a PEM file, at least one.
func readCertificates(path string) ([]*smx509.Certificate, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, pki.Errorf(pki.Invalid, "config.certificate", "the certificate file %s cannot be read", path).Because(err)
	}
	var all []*smx509.Certificate
	for {
		block, rest := pem.Decode(data)
		if block == nil {
			break
		}
		data = rest
		cert, err := smx509.ParseCertificate(block.Bytes)
		if err != nil || block.Type != "CERTIFICATE" {
			return nil, pki.Errorf(pki.Invalid, "config.certificate", "%s holds something that is not a certificate", path).Because(err)
		}
		all = append(all, cert)
	}
	if len(all) == 0 {
		return nil, pki.Errorf(pki.Invalid, "config.certificate", "%s holds no PEM certificate", path)
	}
	return all, nil
}

func rawChain(certs []*smx509.Certificate) [][]byte {
	out := make([][]byte, len(certs))
	for i, c := range certs {
		out[i] = c.Raw
	}
	return out
}

// readSecret reads a file of hexadecimal digits that only its owner may read.
func readSecret(path string, octets int) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, pki.Errorf(pki.Invalid, "config.secret", "the secret file %s cannot be read", path).Because(err)
	}
	if info.Mode()&0o077 != 0 {
		return nil, pki.Errorf(pki.Invalid, "config.secret", "the secret file %s can be read by others", path).To("chmod 600 it, and consider it seen")
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	secret, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(secret) < octets {
		return nil, pki.Errorf(pki.Invalid, "config.secret", "the secret file %s does not hold %d octets in hexadecimal", path, octets)
	}
	return secret, nil
}

// resolveURI makes the paths inside a file: key URI relative to dir.
func resolveURI(dir, text string) (string, error) {
	uri, err := keys.ParseURI(text)
	if err != nil {
		return "", err
	}
	uri.Path, uri.Pass = resolve(dir, uri.Path), resolve(dir, uri.Pass)
	return uri.String(), nil
}

func openKey(dir, uri string) (*keys.Key, error) {
	full, err := resolveURI(dir, uri)
	if err != nil {
		return nil, err
	}
	return keys.Open(full, keys.Options{})
}

// keyURI names a key file with its passphrase file.
func keyURI(path, pass string) string {
	return keys.URI{Path: path, Pass: pass}.String()
}

// databaseSource resolves the path of an SQLite source and reads one kept in a file.
func databaseSource(dir, source, file string) (string, error) {
	if file != "" {
		text, err := os.ReadFile(resolve(dir, file))
		if err != nil {
			return "", pki.Errorf(pki.Invalid, "config.database", "the file that holds the database source cannot be read").Because(err)
		}
		source = strings.TrimSpace(string(text))
	}
	if path, ok := strings.CutPrefix(source, "sqlite:"); ok {
		return "sqlite:" + resolve(dir, path), nil
	}
	if _, err := url.Parse(source); err != nil {
		return "", pki.Errorf(pki.Invalid, "config.database", "the database source is neither sqlite:PATH nor a postgres URL")
	}
	return source, nil
}
