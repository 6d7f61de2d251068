package pkcs11

import (
	"io"
	"unsafe"

	"onecert/pki"
)

// Secret is an AES-256 key in a token. It encrypts whole blocks with CBC, which
// every token has, and does not say whether what it decrypts was changed: that is
// the caller's to find out.
type Secret struct{ key }

// OpenSecret logs in to a token and finds an AES key in it. Errors: as Open's.
func (m *Module) OpenSecret(t Token, o Object, pin []byte) (*Secret, error) {
	where, info, err := m.locate(t)
	if err == nil {
		err = m.unlock(where, info, pin)
	}
	if err != nil {
		return nil, err
	}
	s := &Secret{key{module: m, place: where, object: object{o, ckoSecret}}}
	err = s.use(func(in *session, h handle) error {
		kind, err := m.number(in, h.number, ckaKeyType)
		if err == nil && kind != ckkAES {
			return pki.Errorf(pki.Invalid, "key.algorithm", "the secret key in the token is not one for AES").To("make one for AES")
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	s.known = true
	return s, nil
}

// GenerateSecret makes an AES-256 key in a token, sensitive and not extractable.
// Errors: as Generate's.
func (m *Module) GenerateSecret(t Token, o Object, pin []byte, random io.Reader) (*Secret, error) {
	where, o, err := m.prepare(t, o, ckoSecret, pin, random)
	if err != nil {
		return nil, err
	}
	template := append(object{o, ckoSecret}.template()[1:],
		yes(ckaToken, true), yes(ckaPrivate, true), yes(ckaSensitive, true), yes(ckaExtractable, false),
		yes(ckaEncrypt, true), yes(ckaDecrypt, true), number(ckaValueLen, 32))
	err = m.write(where, func(s *session) error {
		var made [1]ulong
		err := m.f.call(fnGenerateKey, uintptr(s.handle), uintptr(unsafe.Pointer(&mechanism{kind: ckmAESKeyGen})),
			uintptr(unsafe.Pointer(&template[0])), uintptr(len(template)), uintptr(unsafe.Pointer(&made[0])))
		if err != nil {
			return err
		}
		return m.guarded(s, made[0], made[:])
	})
	if err != nil {
		return nil, err
	}
	return m.OpenSecret(t, o, pin)
}

// Encrypt encrypts whole blocks of 16 octets with an IV of 16 octets.
func (s *Secret) Encrypt(iv, blocks []byte) ([]byte, error) {
	return s.crypt(fnEncryptInit, fnEncrypt, iv, blocks)
}

// Decrypt is the reverse of Encrypt.
func (s *Secret) Decrypt(iv, blocks []byte) ([]byte, error) {
	return s.crypt(fnDecryptInit, fnDecrypt, iv, blocks)
}

func (s *Secret) crypt(begin, end int, iv, blocks []byte) ([]byte, error) {
	if len(iv) != 16 || len(blocks) == 0 || len(blocks)%16 != 0 {
		return nil, pki.Errorf(pki.Internal, "key.blocks", "what is to be encrypted is not whole blocks")
	}
	how := &mechanism{ckmAESCBC, first(iv), ulong(len(iv))}
	out, err := s.operate(begin, end, how, blocks, len(blocks))
	if err == nil && len(out) != len(blocks) {
		err = errWrong()
	}
	return output(out, err)
}
