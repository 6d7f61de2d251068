package keys

import (
	"crypto"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"onecert/pki"
)

// Open opens the private key a URI names. Errors of all: key.uri, key.missing,
// key.algorithm, key.size, key.passphrase-missing, key.passphrase-file. Of files:
// key.mode, key.permission, key.passphrase (wrong), key.plain (unencrypted, and
// Options.AllowPlain not set), key.truncated, key.not-a-key, key.malformed,
// key.encryption. Of devices: library.missing, .path, .mode, .load, .symbol,
// .version, .platform; key.device-gone (it does not answer: it is asked again at each
// use), key.device-busy, key.device-failed, key.device-refused, key.pin (wrong),
// key.pin-differs (another one is in force), key.pin-locked, key.pin-final,
// key.pin-value, key.several, key.no-public, key.point, key.no-sm2, key.sessions.
func Open(uri string, opts Options) (*Key, error) {
	location, err := ParseURI(uri)
	if err != nil {
		return nil, err
	}
	if location.Hardware() {
		return openHardware(location, opts)
	}
	if location.Device != "" {
		return nil, errNotSealer()
	}
	text, err := readPrivate(location.Path, "key file")
	if err != nil {
		return nil, err
	}
	defer clear(text)
	pass, err := passphrase(location, opts)
	if err != nil {
		return nil, err
	}
	defer clear(pass)
	signer, err := readKey(text, pass, opts.AllowPlain)
	if err != nil {
		return nil, at(err, location.Path)
	}
	return Wrap(signer)
}

// Generate makes a key of the suite and keeps it in a new file: PKCS#8, PBES2
// with scrypt and the cipher of opts (RFC 8018, RFC 7914), which OpenSSL 3.0
// opens. The file is read back in memory before it is written, and on disk with
// its name when Generate returns. It never overwrites (key.exists). In a PKCS#11
// token the key is made inside and never comes out; in an SDF device it cannot be
// made (key.generate).
func Generate(uri string, suite pki.Suite, opts Options) (*Key, error) {
	location, err := ParseURI(uri)
	if err != nil {
		return nil, err
	}
	if location.Hardware() {
		return generateHardware(location, suite, opts)
	}
	if location.Device != "" {
		return nil, errNotSealer()
	}
	pass, err := needPassphrase(location, opts)
	if err != nil {
		return nil, err
	}
	defer clear(pass)
	if err := vacant(location.Path); err != nil { // before an RSA key costs seconds
		return nil, err
	}
	signer, err := pki.GenerateKey(opts.random(), suite)
	if err != nil {
		return nil, fmt.Errorf("making a %s key: %w", suite, err)
	}
	text, err := writeKey(signer, pass, opts)
	if err != nil {
		return nil, err
	}
	if err := createPrivate(location.Path, text); err != nil {
		return nil, err
	}
	return Wrap(signer)
}

// vacant refuses a name that is taken; createPrivate refuses it again, safely.
func vacant(path string) error {
	switch _, err := os.Lstat(path); {
	case err == nil:
		return errExists(path)
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("looking for %s: %w", path, err)
	}
	return nil
}

// writeKey encodes and encrypts a key, and proves that it can be opened again.
func writeKey(signer crypto.Signer, pass []byte, opts Options) ([]byte, error) {
	info, err := marshalPKCS8(signer)
	if err != nil {
		return nil, err
	}
	defer clear(info)
	der, err := encryptPBES2(opts.random(), pass, info, opts.Cipher)
	if err != nil {
		return nil, err
	}
	text := encodePEM(labelEncrypted, der)
	again, err := readKey(text, pass, false)
	if err != nil {
		return nil, fmt.Errorf("reading back the new key: %w", err)
	}
	if !samePublic(again.Public(), signer.Public()) {
		return nil, errors.New("reading back the new key: it is another one")
	}
	return text, nil
}

// at names the file in an error about its content.
func at(err error, path string) error {
	if e, ok := errors.AsType[*pki.Error](err); ok {
		named := *e
		named.Wrong = path + ": " + e.Wrong
		return &named
	}
	return fmt.Errorf("%s: %w", path, err)
}

func samePublic(a, b crypto.PublicKey) bool {
	comparable, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && comparable.Equal(b)
}

func errNotSealer() error {
	return errURI("device= is for the files of sealers; name the device itself for a key in it")
}
