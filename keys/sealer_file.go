package keys

import (
	"bytes"
	"encoding/pem"
	"errors"
	"fmt"
	"io"

	"golang.org/x/crypto/scrypt"

	"onecert/pki"
)

// A sealer file is one PEM block with this label. Its content, in octets:
//
//	version 1 ‖ algorithm 1 ‖ log2 N 1 ‖ r 1 ‖ p 1 ‖ salt 16 ‖ nonce 12 ‖ secret 32 ‖ tag 16
//
// The secret is encrypted with the algorithm's own AEAD under
// scrypt(passphrase, salt, N, r, p); everything before it is authenticated with
// the label. Version 1 has exactly sealerFileLen octets.
const (
	labelSealer   = "ONECERT SEALING KEY"
	sealerVersion = 1
	secretLen     = 32
	sealerHead    = 5 + saltLen + nonceLen
	sealerFileLen = sealerHead + secretLen + tagLen
)

// The cost of opening a sealer file: 32 MiB, three passes. Only we read it, so
// it need not stay within OpenSSL's limit as key files do.
const (
	sealerLogN = 15
	sealerR    = 8
	sealerP    = 3
)

// OpenSealer opens the master key a URI names: a file, protected by a passphrase or
// wrapped by a device (device=). Errors: as Open's, and seal.algorithm, seal.device,
// seal.protection.
func OpenSealer(uri string, opts Options) (*Sealer, error) {
	location, err := ParseURI(uri)
	if err != nil {
		return nil, err
	}
	if location.Hardware() {
		return nil, errSealerPlace()
	}
	text, err := readPrivate(location.Path, "sealing key file")
	if err != nil {
		return nil, err
	}
	if location.Device != "" {
		return openDeviceSealer(location, text, opts)
	}
	pass, err := needPassphrase(location, opts)
	if err != nil {
		return nil, err
	}
	defer clear(pass)
	algorithm, secret, err := readSealer(text, pass)
	if err != nil {
		return nil, at(err, location.Path)
	}
	defer clear(secret)
	return newSealer(algorithm, secret)
}

// GenerateSealer makes a master key and keeps it in a new file, on disk when
// GenerateSealer returns. It never overwrites (key.exists). With device= a key of the
// device wraps it, made there if it is missing and the device can; the file is then
// worth nothing without the device.
func GenerateSealer(uri string, algorithm SealAlgorithm, opts Options) (*Sealer, error) {
	location, err := ParseURI(uri)
	if err != nil {
		return nil, err
	}
	if location.Hardware() {
		return nil, errSealerPlace()
	}
	protect, err := protection(location, algorithm, opts)
	if err != nil {
		return nil, err
	}
	secret := make([]byte, secretLen)
	defer clear(secret)
	if _, err := io.ReadFull(opts.random(), secret); err != nil {
		return nil, fmt.Errorf("drawing the master secret: %w", err)
	}
	sealer, err := newSealer(algorithm, secret)
	if err != nil {
		return nil, err
	}
	text, err := protect(secret)
	if err != nil {
		return nil, err
	}
	if err := createPrivate(location.Path, text); err != nil {
		return nil, err
	}
	return sealer, nil
}

// protection returns how the secret becomes a file: by passphrase or by device.
func protection(u URI, algorithm SealAlgorithm, opts Options) (func(secret []byte) ([]byte, error), error) {
	if err := vacant(u.Path); err != nil { // before a device makes a key for it
		return nil, err
	}
	if u.Device == "" {
		pass, err := needPassphrase(u, opts)
		return func(secret []byte) ([]byte, error) {
			defer clear(pass)
			return writeSealer(opts.random(), algorithm, secret, pass)
		}, err
	}
	w, err := openWrapping(u.Device, opts, true)
	return func(secret []byte) ([]byte, error) { return wrapSealer(w, opts.random(), algorithm, secret) }, err
}

func errSealerPlace() error {
	return pki.Errorf(pki.NotImplemented, "seal.place", "a sealing key does not live in a device, because it seals record by record").
		To("let the device wrap its file: file:/path/master.pem?device=URI, with the device's URI percent-encoded")
}

// writeSealer encodes the file and proves that it can be opened again.
func writeSealer(random io.Reader, algorithm SealAlgorithm, secret, pass []byte) ([]byte, error) {
	suite, ok := algorithm.suite()
	if !ok {
		return nil, errSealAlgorithm()
	}
	body := make([]byte, sealerHead, sealerFileLen)
	copy(body, []byte{sealerVersion, suite.number, sealerLogN, sealerR, sealerP})
	if _, err := io.ReadFull(random, body[5:]); err != nil {
		return nil, fmt.Errorf("drawing salt and nonce: %w", err)
	}
	key, err := sealerFileKey(suite, body, pass)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	aead, err := newGCM(suite, key)
	if err != nil {
		return nil, err
	}
	body = aead.Seal(body, body[sealerHead-nonceLen:sealerHead], secret, boundData([]byte(labelSealer), body[:sealerHead]))
	text := encodePEM(labelSealer, body)
	_, again, err := readSealer(text, pass)
	if err != nil || !bytes.Equal(again, secret) {
		return nil, errors.New("reading back the new sealing key: it does not open")
	}
	clear(again)
	return text, nil
}

func readSealer(text, pass []byte) (SealAlgorithm, []byte, error) {
	algorithm, body, err := parseSealer(text)
	if err != nil {
		return "", nil, err
	}
	suite, _ := algorithm.suite()
	key, err := sealerFileKey(suite, body, pass)
	if err != nil {
		return "", nil, err
	}
	defer clear(key)
	aead, err := newGCM(suite, key)
	if err != nil {
		return "", nil, err
	}
	head := body[:sealerHead]
	secret, err := aead.Open(nil, head[sealerHead-nonceLen:], body[sealerHead:], boundData([]byte(labelSealer), head))
	if err != nil {
		return "", nil, errPassphrase("sealing key file")
	}
	return algorithm, secret, nil
}

// sealerBlock returns the content of a sealing key file, which must be of a version.
func sealerBlock(text []byte, version byte) ([]byte, error) {
	block, rest := pem.Decode(text)
	switch {
	case block == nil && bytes.Contains(text, []byte("-----BEGIN ")):
		return nil, errTruncated("sealing key file")
	case block == nil || block.Type != labelSealer:
		return nil, pki.Errorf(pki.Invalid, "key.not-a-key", "the file is not a sealing key").
			To("name the file that was made with the database")
	case len(bytes.TrimSpace(rest)) != 0:
		return nil, errTruncated("sealing key file")
	case len(block.Bytes) > 0 && block.Bytes[0] == version:
		return block.Bytes, nil
	case len(block.Bytes) > 0 && block.Bytes[0] == sealerVersion:
		return nil, errSealerProtection("a passphrase", "pass=file:/path/to/passphrase in place of device=")
	case len(block.Bytes) > 0 && block.Bytes[0] == sealerDeviceVersion:
		return nil, errSealerProtection("a device", "device=URI with the device's URI, percent-encoded")
	}
	return nil, pki.Errorf(pki.Invalid, "seal.format", "the sealing key file is of neither version %d nor %d", sealerVersion, sealerDeviceVersion).
		To("open it with the release that made it")
}

func errSealerProtection(by, remedy string) error {
	return pki.Errorf(pki.Invalid, "seal.protection", "the sealing key file is protected by %s", by).To("write %s", remedy)
}

// parseSealer checks everything that can be checked without the passphrase.
func parseSealer(text []byte) (SealAlgorithm, []byte, error) {
	body, err := sealerBlock(text, sealerVersion)
	if err != nil {
		return "", nil, err
	}
	if len(body) != sealerFileLen {
		return "", nil, errTruncated("sealing key file")
	}
	algorithm, ok := sealAlgorithm(body[1])
	if !ok {
		return "", nil, errSealAlgorithm()
	}
	if body[2] > 24 || !scryptAffordable(1<<body[2], int(body[3]), int(body[4])) {
		return "", nil, pki.Errorf(pki.Invalid, "seal.format", "the sealing key file asks for a scrypt cost that is not a sane one").
			To("restore it from the backup")
	}
	return algorithm, body, nil
}

func sealerFileKey(suite sealSuite, body, pass []byte) ([]byte, error) {
	key, err := scrypt.Key(pass, body[5:5+saltLen], 1<<body[2], int(body[3]), int(body[4]), suite.keyLen)
	if err != nil {
		return nil, fmt.Errorf("deriving the sealing key file's key: %w", err)
	}
	return key, nil
}
