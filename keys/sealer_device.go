package keys

import (
	"bytes"
	"crypto/hkdf"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"onecert/keys/internal/pkcs11"
	"onecert/keys/internal/sdf"
	"onecert/pki"
)

// A sealer file whose secret a device has wrapped has the same label and version 2.
// In octets:
//
//	version 1 ‖ algorithm 1 ‖ wrapping 1 ‖ length 2 ‖ wrapped key ‖ iv 16 ‖ secret 32 ‖ tag 16
//
// wrapping 1 is AES-256-CBC with a key in a PKCS#11 token (wrapped key is empty), 2 is
// SM4-CBC with a fresh key that an SDF device has wrapped with its KEK (in its own
// form). Neither says whether it was changed, so the tag does: it is derived from the
// secret and everything before it, and without the device nobody can make a file
// whose secret is known to him.
const (
	sealerDeviceVersion = 2
	sealerDeviceHead    = 5
	wrappingToken       = 1
	wrappingCard        = 2
	maxWrapped          = 512
)

// wrapping is how a device encrypts and decrypts whole blocks.
type wrapping struct {
	number  byte
	encrypt func(iv, blocks []byte) (wrapped, ciphertext []byte, err error)
	decrypt func(wrapped, iv, ciphertext []byte) ([]byte, error)
}

// openWrapping opens the device's key; where create is set and a token has none of
// that name, it is made.
func openWrapping(uri string, opts Options, create bool) (*wrapping, error) {
	u, err := parseHardware(uri)
	if err != nil {
		return nil, err
	}
	if u.Scheme == schemeSDF {
		return openCardWrapping(u)
	}
	if u.Type == "private" || u.Use != "" || u.Object == (Object{}) {
		return nil, errURI("device= needs the name of a secret key in the token: object=NAME, and type=secret-key or none")
	}
	pass, err := passphrase(u, opts)
	if err != nil {
		return nil, err
	}
	defer clear(pass)
	module, err := pkcs11.Load(u.Path, u.Sessions)
	if err != nil {
		return nil, err
	}
	secret, err := module.OpenSecret(u.Token, u.Object, pass)
	if create && pki.CodeOf(err) == "key.missing" {
		secret, err = module.GenerateSecret(u.Token, u.Object, pass, opts.random())
	}
	if err != nil {
		return nil, err
	}
	return &wrapping{wrappingToken,
		func(iv, blocks []byte) ([]byte, []byte, error) {
			ciphertext, err := secret.Encrypt(iv, blocks)
			return nil, ciphertext, err
		},
		func(_, iv, ciphertext []byte) ([]byte, error) { return secret.Decrypt(iv, ciphertext) },
	}, nil
}

func openCardWrapping(u URI) (*wrapping, error) {
	if !u.HasIndex || u.Use != "kek" || u.Pass != "" {
		return nil, errURI("device= needs the index of a KEK in the device, without a password: index=N&use=kek")
	}
	device, err := sdf.Load(u.Path, u.Sessions)
	if err != nil {
		return nil, err
	}
	kek, err := device.OpenKEK(u.Index)
	if err != nil {
		return nil, err
	}
	return &wrapping{wrappingCard, kek.Encrypt, kek.Decrypt}, nil
}

// wrapSealer encodes the file and proves that it can be opened again.
func wrapSealer(w *wrapping, random io.Reader, algorithm SealAlgorithm, secret []byte) ([]byte, error) {
	suite, ok := algorithm.suite()
	if !ok {
		return nil, errSealAlgorithm()
	}
	iv := make([]byte, saltLen)
	if _, err := io.ReadFull(random, iv); err != nil {
		return nil, fmt.Errorf("drawing an IV: %w", err)
	}
	wrapped, ciphertext, err := w.encrypt(iv, secret)
	if err != nil {
		return nil, err
	}
	if len(wrapped) > maxWrapped || len(ciphertext) != secretLen || bytes.Equal(ciphertext, secret) {
		return nil, errors.New("wrapping the sealing key: the device has not encrypted it")
	}
	body := []byte{sealerDeviceVersion, suite.number, w.number}
	body = binary.BigEndian.AppendUint16(body, uint16(len(wrapped)))
	body = append(append(append(body, wrapped...), iv...), ciphertext...)
	tag, err := sealerTag(suite, secret, body)
	if err != nil {
		return nil, err
	}
	body = append(body, tag...)
	_, again, err := unwrapSealer(w, body)
	if err != nil {
		return nil, fmt.Errorf("reading back the new sealing key: %w", err)
	}
	defer clear(again)
	if !bytes.Equal(again, secret) {
		return nil, errors.New("reading back the new sealing key: it is another one")
	}
	return encodePEM(labelSealer, body), nil
}

func sealerTag(suite sealSuite, secret, body []byte) ([]byte, error) {
	tag, err := hkdf.Key(suite.hash, secret, nil, "onecert sealer 2 file "+string(body), tagLen)
	if err != nil {
		return nil, fmt.Errorf("deriving the sealing key file's tag: %w", err)
	}
	return tag, nil
}

// deviceSealer is a parsed file of version 2.
type deviceSealer struct {
	algorithm               SealAlgorithm
	wrapping                byte
	wrapped, iv, ciphertext []byte
	tagged, tag             []byte
}

func parseDeviceSealer(body []byte) (*deviceSealer, error) {
	const tail = saltLen + secretLen + tagLen
	if len(body) < sealerDeviceHead+tail {
		return nil, errTruncated("sealing key file")
	}
	algorithm, ok := sealAlgorithm(body[1])
	if !ok {
		return nil, errSealAlgorithm()
	}
	length := int(binary.BigEndian.Uint16(body[3:]))
	if length > maxWrapped || len(body) != sealerDeviceHead+length+tail {
		return nil, errTruncated("sealing key file")
	}
	rest := body[sealerDeviceHead:]
	return &deviceSealer{algorithm: algorithm, wrapping: body[2],
		wrapped: rest[:length], iv: rest[length : length+saltLen], ciphertext: rest[length+saltLen : length+saltLen+secretLen],
		tagged: body[:len(body)-tagLen], tag: body[len(body)-tagLen:]}, nil
}

func unwrapSealer(w *wrapping, body []byte) (SealAlgorithm, []byte, error) {
	file, err := parseDeviceSealer(body)
	if err != nil {
		return "", nil, err
	}
	if file.wrapping != w.number {
		return "", nil, pki.Errorf(pki.Invalid, "seal.device", "the sealing key file was wrapped by another kind of device").
			To("name in device= the device it was made with")
	}
	secret, err := w.decrypt(file.wrapped, file.iv, file.ciphertext)
	if err != nil {
		return "", nil, err
	}
	suite, _ := file.algorithm.suite()
	tag, err := sealerTag(suite, secret, file.tagged)
	if err != nil {
		return "", nil, err
	}
	if len(secret) != secretLen || subtle.ConstantTimeCompare(tag, file.tag) != 1 {
		clear(secret)
		return "", nil, pki.Errorf(pki.Conflict, "seal.device", "the device does not open the sealing key file: it is damaged, or the device's key is another one").
			To("name the device's key it was made with, or restore the file from the backup")
	}
	return file.algorithm, secret, nil
}

// openDeviceSealer is OpenSealer for a file with device= in its URI.
func openDeviceSealer(u URI, text []byte, opts Options) (*Sealer, error) {
	body, err := sealerBlock(text, sealerDeviceVersion)
	if err != nil {
		return nil, at(err, u.Path)
	}
	w, err := openWrapping(u.Device, opts, false)
	if err != nil {
		return nil, err
	}
	algorithm, secret, err := unwrapSealer(w, body)
	if err != nil {
		return nil, at(err, u.Path)
	}
	defer clear(secret)
	return newSealer(algorithm, secret)
}
