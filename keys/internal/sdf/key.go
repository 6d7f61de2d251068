package sdf

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"errors"
	"io"
	"unsafe"

	"github.com/emmansun/gmsm/sm2"

	"onecert/keys/internal/pin"
	"onecert/pki"
)

// Address says which key in a device is meant, and where the maker's library
// differs from the standard.
type Address struct {
	Index uint32
	Use   Use
	// Field is the length of numbers in the maker's structures: 64 octets, or 32
	// where his header says ECCref_MAX_LEN 32.
	Field int
	// ShortDecrypt is for libraries whose SDF_InternalDecrypt_ECC takes no
	// algorithm, as in some headers of the 2012 standard.
	ShortDecrypt bool
}

// Use says which of the two pairs at an index is meant.
type Use string

// The uses.
const (
	Sign    Use = "sign"
	Encrypt Use = "encrypt"
)

// key is a private key at an index.
type key struct {
	device *Device
	at     Address
	layout layout
	public *ecdsa.PublicKey
	bare   bool // no password was given
}

// SignKey is a signing pair. It implements crypto.Signer over e, the 32 octets
// SM3(Z ‖ M): the device sees no message.
type SignKey struct{ key }

// EncryptKey is an encryption pair. It implements crypto.Decrypter; as a
// crypto.Signer it refuses to sign.
type EncryptKey struct{ key }

// Public returns the public key, an *ecdsa.PublicKey on SM2's curve.
func (k *key) Public() crypto.PublicKey { return k.public }

// Open reads a public key and proves the password: a *SignKey or an *EncryptKey.
// password may be nil for devices that want none. Errors: key.device-gone,
// key.missing, key.point, key.pin, key.pin-differs, library.symbol.
func (d *Device) Open(at Address, password []byte) (crypto.Signer, error) {
	k := key{device: d, at: at, layout: layout(at.Field), bare: len(password) == 0}
	export, work := "SDF_ExportSignPublicKey_ECC", "SDF_InternalSign_ECC"
	if at.Use == Encrypt {
		export, work = "SDF_ExportEncPublicKey_ECC", "SDF_InternalDecrypt_ECC"
	}
	if err := d.needs(export, work, "SDF_GetPrivateKeyAccessRight"); err != nil {
		return nil, err
	}
	if err := k.read(export); err != nil {
		return nil, err
	}
	prove := func() error {
		return d.use(false, func(s *session) error {
			delete(s.rights, at.Index) // a password is looked at only when it is shown
			return k.right(s)
		})
	}
	if err := d.password(at.Index).Try(password, prove); err != nil {
		return nil, err
	}
	if at.Use == Encrypt {
		return &EncryptKey{k}, nil
	}
	return &SignKey{k}, nil
}

// read reads the public key.
func (k *key) read(export string) error {
	return k.device.use(false, func(s *session) error {
		structure := buffer(layout(64).publicLen()) // the library may have the longer one
		err := k.device.call(export, s.handle, uintptr(k.at.Index), uintptr(unsafe.Pointer(&structure[0])))
		if err == nil {
			k.public, err = k.layout.public(structure)
		}
		return err
	})
}

func (d *Device) password(index uint32) *pin.PIN {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.passwords[index] == nil {
		d.passwords[index] = &pin.PIN{}
	}
	return d.passwords[index]
}

// right gets a session the right to use the private key, once a session.
func (k *key) right(s *session) error {
	if s.rights[k.at.Index] {
		return nil
	}
	err := k.device.password(k.at.Index).Show(func(password []byte) (pin.Answer, error) {
		if len(password) == 0 { // a device that wants one says so at the first use
			return pin.Accepted, nil
		}
		return k.show(s, password)
	})
	if err == nil {
		s.rights[k.at.Index] = true
	}
	return err
}

// show shows the password. The standard has no code for a wrong one, so every
// answer counts as that which does not plainly mean something else.
func (k *key) show(s *session, password []byte) (pin.Answer, error) {
	shown := bytes.Clone(password) // the library gets a copy of its own
	defer clear(shown)
	err := k.device.call("SDF_GetPrivateKeyAccessRight", s.handle, uintptr(k.at.Index),
		uintptr(unsafe.Pointer(&shown[0])), uintptr(len(shown)))
	var code Code
	switch {
	case err == nil:
		return pin.Accepted, nil
	case !errors.As(err, &code):
		return pin.Unheard, err
	}
	switch code {
	case sdrCommFail, sdrHardFail, sdrOpenDevice, sdrOpenSession, sdrKeyNotExist, sdrNotSupport:
		return pin.Unheard, err
	}
	if _, probed := k.device.info(s); probed != nil { // the session is dead, not the password wrong
		return pin.Unheard, err
	}
	return pin.Refused, pki.Errorf(pki.Forbidden, "key.pin", "the device refuses the password of this index (%s)", code).
		To("correct the password file; devices count wrong tries, and this process will not try this password again")
}

// hint says what a failure most likely is where no password was given: not every
// device has a code of its own for it.
func (k *key) hint(err error) error {
	if e, ok := errors.AsType[*pki.Error](err); ok && k.bare && (e.Code == "key.device-failed" || e.Code == "key.ciphertext") {
		hinted := *e
		hinted.Remedy += "; the key's URI names no password, which the device may want: pass-source=file:/path/to/password"
		return &hinted
	}
	return err
}

// Sign signs e = SM3(Z ‖ M), 32 octets, and returns DER. The signature is verified
// before it is given out: a device that was exchanged has another key.
func (k *SignKey) Sign(_ io.Reader, e []byte, _ crypto.SignerOpts) ([]byte, error) {
	if len(e) != digestLen {
		return nil, pki.Errorf(pki.Invalid, "key.digest", "an SDF device signs the 32 octets e = SM3(Z ‖ M)")
	}
	var structure []byte
	err := k.device.use(false, func(s *session) error {
		if err := k.right(s); err != nil {
			return err
		}
		var err error
		structure, err = k.signE(s, e)
		return err
	})
	if err != nil {
		return nil, k.hint(err)
	}
	signature, err := k.layout.signatureDER(structure)
	if err != nil {
		return nil, err
	}
	if !sm2.VerifyASN1(k.public, e, signature) {
		return nil, errWrong()
	}
	return signature, nil
}

// signE returns the ECCSignature of e.
func (k *SignKey) signE(s *session, e []byte) ([]byte, error) {
	structure := buffer(layout(64).signatureLen()) // the library may have the longer one
	return structure, k.device.call("SDF_InternalSign_ECC", s.handle, uintptr(k.at.Index),
		uintptr(unsafe.Pointer(&e[0])), digestLen, uintptr(unsafe.Pointer(&structure[0])))
}

// Sign refuses: a pair for encryption signs nothing.
func (k *EncryptKey) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, pki.Errorf(pki.Invalid, "key.use", "the key is the encryption pair of its index and does not sign").
		To("use the signing pair: leave use=encrypt out of the key's URI")
}

// Decrypt opens a DER SM2Cipher. The device checks its digest.
func (k *EncryptKey) Decrypt(_ io.Reader, ciphertext []byte, _ crypto.DecrypterOpts) ([]byte, error) {
	structure, err := k.layout.cipher(ciphertext)
	if err != nil {
		return nil, err
	}
	capacity := len(structure)
	text := buffer(capacity)
	length := uint32(capacity)
	err = k.device.use(true, func(s *session) error {
		if err := k.right(s); err != nil {
			return err
		}
		length = uint32(capacity)
		if k.at.ShortDecrypt {
			return k.device.call("SDF_InternalDecrypt_ECC", s.handle, uintptr(k.at.Index),
				uintptr(unsafe.Pointer(&structure[0])), uintptr(unsafe.Pointer(&text[0])), uintptr(unsafe.Pointer(&length)))
		}
		return k.device.call("SDF_InternalDecrypt_ECC", s.handle, uintptr(k.at.Index), sgdSM2Enc,
			uintptr(unsafe.Pointer(&structure[0])), uintptr(unsafe.Pointer(&text[0])), uintptr(unsafe.Pointer(&length)))
	})
	if err != nil {
		return nil, k.hint(err)
	}
	if length == 0 || int(length) > capacity {
		return nil, pki.Errorf(pki.Unavailable, "key.device-failed", "the device gives a text of impossible length").
			To("see the maker's header for the form of SDF_InternalDecrypt_ECC: without an algorithm it needs decrypt=short in the key's URI")
	}
	opened := bytes.Clone(text[:length])
	clear(text)
	return opened, nil
}
