package pkcs11

import (
	"crypto"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/asn1"
	"fmt"
	"io"
	"unsafe"

	"onecert/keys/internal/pool"
	"onecert/pki"
)

// Use is what a new key may do.
type Use string

// The uses. A key does one of them: a signature asked for must not open a message.
const (
	Sign    Use = "sign"    // and nothing else
	Encrypt Use = "encrypt" // RSA: decrypt; EC: agree on keys
)

// New says which key pair is to be made, and where.
type New struct {
	Token  Token
	Object Object // with a label; without an id one is drawn
	Suite  pki.Suite
	Use    Use
}

// idLen is how many octets the id of a new object has.
const idLen = 16

// Generate makes a key pair in a token: kept there, sensitive, not extractable, as
// is checked afterwards. Errors: as Open's, and key.exists, key.name, key.exposed.
// Two processes that make one name at once are not kept from it: PKCS#11 has no
// names that are unique.
func (m *Module) Generate(n New, pin []byte, random io.Reader) (crypto.Signer, error) {
	how, public, private, err := pairTemplates(n.Suite, n.Use)
	if err != nil {
		return nil, err
	}
	where, o, err := m.prepare(n.Token, n.Object, ckoPrivate, pin, random)
	if err != nil {
		return nil, err
	}
	own := object{o, ckoPrivate}.template()[1:]
	err = m.write(where, func(s *session) error {
		return m.makePair(s, how, append(public, own...), append(private, own...))
	})
	if err != nil {
		return nil, err
	}
	signer, err := m.Open(n.Token, o, pin)
	if err != nil || n.Use != Sign {
		return signer, err
	}
	digest, hash := trialDigest(n.Suite)
	if _, err := signer.Sign(random, digest, hash); err != nil { // verifies
		return nil, fmt.Errorf("trying the new key: %w", err)
	}
	return signer, nil
}

func trialDigest(suite pki.Suite) ([]byte, crypto.Hash) {
	if suite == pki.P384 {
		sum := sha512.Sum384([]byte("trial"))
		return sum[:], crypto.SHA384
	}
	sum := sha256.Sum256([]byte("trial"))
	return sum[:], crypto.SHA256
}

// prepare logs in, gives the object an id and sees that its name is free.
func (m *Module) prepare(t Token, o Object, class ulong, pin []byte, random io.Reader) (place, Object, error) {
	if o.Label == "" {
		return place{}, o, pki.Errorf(pki.Invalid, "key.name", "a new key in a token needs a name").To("add object=NAME to the key's URI")
	}
	if o.ID == "" {
		id := make([]byte, idLen)
		if _, err := io.ReadFull(random, id); err != nil {
			return place{}, o, fmt.Errorf("drawing an id: %w", err)
		}
		o.ID = string(id)
	}
	where, info, err := m.locate(t)
	if err == nil {
		err = m.unlock(where, info, pin)
	}
	if err != nil {
		return place{}, o, err
	}
	return where, o, m.pool.Do(where, func(s *session) (pool.Verdict, error) {
		for _, taken := range []Object{{Label: o.Label}, {ID: o.ID}} {
			found, err := m.f.find(s.handle, 1, object{taken, class}.template()...)
			if err != nil {
				return m.judge(s, err), m.explain(err)
			}
			if len(found) > 0 {
				return pool.Keep, pki.Errorf(pki.Conflict, "key.exists", "the token holds a key of this name or id already").
					To("name another one in the key's URI")
			}
		}
		return pool.Keep, nil
	})
}

// write runs an act that changes the token, once, in a session that may.
func (m *Module) write(where place, act func(*session) error) error {
	return m.pool.Do(where, func(reader *session) (pool.Verdict, error) {
		s, err := m.openIn(reader.slot, ckfSerialSession|ckfRWSession)
		if err != nil {
			return pool.Keep, m.explain(err)
		}
		defer func() { _ = m.f.call(fnCloseSession, uintptr(s.handle)) }()
		return pool.Keep, m.explain(act(s))
	})
}

// makePair generates and looks at what the token made of it.
func (m *Module) makePair(s *session, how *mechanism, public, private []attribute) error {
	var made [2]ulong
	err := m.f.call(fnGenerateKeyPair, uintptr(s.handle), uintptr(unsafe.Pointer(how)),
		uintptr(unsafe.Pointer(&public[0])), uintptr(len(public)), uintptr(unsafe.Pointer(&private[0])), uintptr(len(private)),
		uintptr(unsafe.Pointer(&made[0])), uintptr(unsafe.Pointer(&made[1])))
	if err != nil {
		return err
	}
	return m.guarded(s, made[1], made[:])
}

// guarded destroys what was made if the token would give the key out.
func (m *Module) guarded(s *session, secret ulong, made []ulong) error {
	sensitive, err := m.flag(s, secret, ckaSensitive)
	if err != nil {
		return err
	}
	extractable, err := m.flag(s, secret, ckaExtractable)
	if err != nil {
		return err
	}
	if sensitive && !extractable {
		return nil
	}
	for _, object := range made {
		_ = m.f.call(fnDestroyObject, uintptr(s.handle), uintptr(object))
	}
	return pki.Errorf(pki.Invalid, "key.exposed", "the token made a key that it would give out; it was destroyed").
		To("set the token up so that keys are sensitive and not extractable")
}

// pairTemplates says how a pair of a suite is made. Label and id are still to be added.
func pairTemplates(suite pki.Suite, use Use) (how *mechanism, public, private []attribute, err error) {
	public = []attribute{yes(ckaToken, true)}
	private = []attribute{yes(ckaToken, true), yes(ckaPrivate, true), yes(ckaSensitive, true), yes(ckaExtractable, false)}
	var curve asn1.ObjectIdentifier
	bits := ulong(0)
	switch suite {
	case pki.RSA2048:
		bits = 2048
	case pki.RSA3072:
		bits = 3072
	case pki.RSA4096:
		bits = 4096
	case pki.P256:
		curve = oidP256
	case pki.P384:
		curve = oidP384
	case pki.SM2:
		return nil, nil, nil, errNoSM2()
	default:
		return nil, nil, nil, pki.Errorf(pki.Invalid, "suite.unknown", "there is no such algorithm suite")
	}
	rsaKey := bits != 0
	if rsaKey {
		how = &mechanism{kind: ckmRSAKeyPairGen}
		public = append(public, number(ckaModulusBits, bits), octets(ckaExponent, []byte{1, 0, 1}))
	} else {
		how = &mechanism{kind: ckmECKeyPairGen}
		name, err := asn1.Marshal(curve)
		if err != nil {
			return nil, nil, nil, fmt.Errorf("encoding the curve's name: %w", err)
		}
		public = append(public, octets(ckaECParams, name))
	}
	sign := use == Sign
	public = append(public, yes(ckaVerify, sign), yes(ckaEncrypt, !sign && rsaKey))
	private = append(private, yes(ckaSign, sign), yes(ckaDecrypt, !sign && rsaKey), yes(ckaDerive, !sign && !rsaKey))
	return how, public, private, nil
}
