package sdf

import (
	"bytes"
	"unsafe"

	"onecert/pki"
)

// KEK is a key-encrypting key inside a device (SDF_GenerateKeyWithKEK). Each text is
// encrypted with a fresh SM4 key, which the device makes and wraps with the KEK; it
// does not say whether what it decrypts was changed: that is the caller's to find out.
type KEK struct {
	device *Device
	index  uint32
}

// maxWrapped bounds a wrapped SM4 key, whose form is the maker's own.
const maxWrapped = 512

// OpenKEK returns the KEK at an index. Errors: library.symbol; whether the device
// has one there shows at the first use.
func (d *Device) OpenKEK(index uint32) (*KEK, error) {
	err := d.needs("SDF_GenerateKeyWithKEK", "SDF_ImportKeyWithKEK", "SDF_Encrypt", "SDF_Decrypt", "SDF_DestroyKey")
	if err != nil {
		return nil, err
	}
	return &KEK{d, index}, nil
}

// Encrypt encrypts whole blocks of 16 octets with SM4-CBC and an IV of 16 octets
// under a fresh key, and returns the wrapped key with the ciphertext.
func (k *KEK) Encrypt(iv, blocks []byte) (wrapped, ciphertext []byte, err error) {
	if err := checkBlocks(iv, blocks); err != nil {
		return nil, nil, err
	}
	err = k.device.use(false, func(s *session) error {
		out, length := buffer(maxWrapped), uint32(maxWrapped)
		var handle uintptr
		err := k.device.call("SDF_GenerateKeyWithKEK", s.handle, 128, sgdSM4CBC, uintptr(k.index),
			uintptr(unsafe.Pointer(&out[0])), uintptr(unsafe.Pointer(&length)), uintptr(unsafe.Pointer(&handle)))
		if err != nil {
			return err
		}
		defer func() { _ = k.device.call("SDF_DestroyKey", s.handle, handle) }() // goes with the session otherwise
		if length == 0 || length > maxWrapped {
			return pki.Errorf(pki.Unavailable, "key.device-failed", "the device wraps a key into an impossible length")
		}
		wrapped = bytes.Clone(out[:length])
		ciphertext, err = k.crypt("SDF_Encrypt", s, handle, iv, blocks)
		return err
	})
	return wrapped, ciphertext, err
}

// Decrypt is the reverse of Encrypt.
func (k *KEK) Decrypt(wrapped, iv, ciphertext []byte) (blocks []byte, err error) {
	if err := checkBlocks(iv, ciphertext); err != nil {
		return nil, err
	}
	if len(wrapped) == 0 || len(wrapped) > maxWrapped {
		return nil, errCiphertext()
	}
	err = k.device.use(true, func(s *session) error {
		in := buffer(len(wrapped))
		copy(in, wrapped)
		var handle uintptr
		err := k.device.call("SDF_ImportKeyWithKEK", s.handle, sgdSM4CBC, uintptr(k.index),
			uintptr(unsafe.Pointer(&in[0])), uintptr(len(wrapped)), uintptr(unsafe.Pointer(&handle)))
		if err != nil {
			return err
		}
		defer func() { _ = k.device.call("SDF_DestroyKey", s.handle, handle) }()
		blocks, err = k.crypt("SDF_Decrypt", s, handle, iv, ciphertext)
		return err
	})
	return blocks, err
}

func (k *KEK) crypt(function string, s *session, handle uintptr, iv, in []byte) ([]byte, error) {
	own, input := bytes.Clone(iv), bytes.Clone(in) // some libraries write the next IV into it
	out, length := buffer(len(in)), uint32(len(in))
	err := k.device.call(function, s.handle, handle, sgdSM4CBC, uintptr(unsafe.Pointer(&own[0])),
		uintptr(unsafe.Pointer(&input[0])), uintptr(len(input)), uintptr(unsafe.Pointer(&out[0])), uintptr(unsafe.Pointer(&length)))
	if err != nil {
		return nil, err
	}
	if int(length) != len(in) {
		return nil, pki.Errorf(pki.Unavailable, "key.device-failed", "the device encrypts whole blocks into another length")
	}
	return out[:length], nil
}

func checkBlocks(iv, blocks []byte) error {
	if len(iv) != 16 || len(blocks) == 0 || len(blocks)%16 != 0 {
		return pki.Errorf(pki.Internal, "key.blocks", "what is to be encrypted is not whole blocks")
	}
	return nil
}
