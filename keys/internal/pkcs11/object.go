package pkcs11

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/asn1"
	"math/big"
	"unsafe"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"

	"onecert/pki"
)

// Object says which key in a token is meant, by label, by id or by both.
type Object struct {
	Label string
	ID    string // octets
}

// object is Object with the class, as sessions remember it.
type object struct {
	Object
	class ulong
}

// handle is an object as one session knows it.
type handle struct {
	number ulong
	always bool // CKA_ALWAYS_AUTHENTICATE: the PIN is asked for at each use
}

func (o object) template() []attribute {
	t := []attribute{number(ckaClass, o.class)}
	if o.Label != "" {
		t = append(t, octets(ckaLabel, []byte(o.Label)))
	}
	if o.ID != "" {
		t = append(t, octets(ckaID, []byte(o.ID)))
	}
	return t
}

// lookup finds the object through a session, once a session: whether a handle
// outlives its session differs between modules.
func (m *Module) lookup(s *session, o object) (handle, error) {
	if h, ok := s.objects[o]; ok {
		return h, nil
	}
	found, err := m.f.find(s.handle, 2, o.template()...)
	switch {
	case err != nil:
		return handle{}, err
	case len(found) == 0:
		return handle{}, pki.Errorf(pki.Unknown, "key.missing", "the token holds no such %s", className(o.class)).
			To("correct object= or id= in the key's URI; pkcs11-tool --login -O lists the objects")
	case len(found) > 1:
		return handle{}, pki.Errorf(pki.Invalid, "key.several", "the token holds more than one such %s", className(o.class)).
			To("add id= to the key's URI; pkcs11-tool --login -O lists the objects")
	}
	h := handle{number: found[0]}
	if o.class == ckoPrivate {
		if h.always, err = m.flag(s, h.number, ckaAlwaysAuthenticate); err != nil {
			return handle{}, err
		}
	}
	s.objects[o] = h
	return h, nil
}

func className(class ulong) string {
	switch class {
	case ckoPrivate:
		return "private key"
	case ckoPublic:
		return "public key"
	}
	return "secret key"
}

func (m *Module) flag(s *session, object, kind ulong) (bool, error) {
	value, err := m.f.value(s.handle, object, kind)
	return len(value) == 1 && value[0] != 0, err
}

func (m *Module) number(s *session, object, kind ulong) (ulong, error) {
	value, err := m.f.value(s.handle, object, kind)
	if err != nil || len(value) != int(unsafe.Sizeof(ulong(0))) {
		return ^ulong(0), err
	}
	return *(*ulong)(unsafe.Pointer(&value[0])), nil
}

// publicOf reads the public key that belongs to a private one: from the public
// object with the same id, or from the private object where it says enough (RSA).
func (m *Module) publicOf(s *session, private ulong, o Object) (crypto.PublicKey, error) {
	kind, err := m.number(s, private, ckaKeyType)
	if err != nil {
		return nil, err
	}
	source := private
	found, err := m.f.find(s.handle, 2, append(object{o, ckoPublic}.template(), number(ckaKeyType, kind))...)
	if err != nil {
		return nil, err
	}
	if len(found) == 1 {
		source = found[0]
	}
	switch kind {
	case ckkRSA:
		return m.rsaOf(s, source)
	case ckkEC:
		return m.ecOf(s, source)
	}
	return nil, pki.Errorf(pki.Invalid, "key.algorithm", "the key in the token is neither RSA nor EC").
		To("PKCS#11 has no number for SM2 keys: use an SDF device for them")
}

func (m *Module) rsaOf(s *session, source ulong) (crypto.PublicKey, error) {
	modulus, err := m.f.value(s.handle, source, ckaModulus)
	if err != nil {
		return nil, err
	}
	exponent, err := m.f.value(s.handle, source, ckaExponent)
	if err != nil {
		return nil, err
	}
	e := new(big.Int).SetBytes(exponent)
	if len(modulus) == 0 || len(exponent) == 0 {
		return nil, errNoPublic()
	}
	if e.BitLen() > 31 || e.Bit(0) == 0 || e.Cmp(big.NewInt(65537)) < 0 {
		return nil, pki.Errorf(pki.Invalid, "key.exponent", "the RSA exponent is even, below 65537 or over 31 bits").To("make a new key")
	}
	return &rsa.PublicKey{N: new(big.Int).SetBytes(modulus), E: int(e.Int64())}, nil
}

func (m *Module) ecOf(s *session, source ulong) (crypto.PublicKey, error) {
	params, err := m.f.value(s.handle, source, ckaECParams)
	if err != nil {
		return nil, err
	}
	point, err := m.f.value(s.handle, source, ckaECPoint)
	if err != nil {
		return nil, err
	}
	if len(params) == 0 || len(point) == 0 {
		return nil, errNoPublic()
	}
	return parsePoint(params, point)
}

var (
	oidP256 = asn1.ObjectIdentifier{1, 2, 840, 10045, 3, 1, 7}
	oidP384 = asn1.ObjectIdentifier{1, 3, 132, 0, 34}
	oidSM2  = asn1.ObjectIdentifier{1, 2, 156, 10197, 1, 301}
)

// parsePoint reads CKA_EC_PARAMS and CKA_EC_POINT: the curve's name as DER, and the
// uncompressed point in an OCTET STRING, or bare as some modules give it.
func parsePoint(params, point []byte) (crypto.PublicKey, error) {
	var name asn1.ObjectIdentifier
	input := cryptobyte.String(params)
	if !input.ReadASN1ObjectIdentifier(&name) || !input.Empty() {
		return nil, pki.Errorf(pki.Invalid, "key.curve", "the token does not give the key's curve by name").To("make the key on P-256 or P-384")
	}
	var curve elliptic.Curve
	switch {
	case name.Equal(oidP256):
		curve = elliptic.P256()
	case name.Equal(oidP384):
		curve = elliptic.P384()
	case name.Equal(oidSM2):
		return nil, errNoSM2()
	default:
		return nil, pki.Errorf(pki.Invalid, "key.curve", "the key's curve is neither P-256 nor P-384").To("make a new key")
	}
	bare := 1 + 2*((curve.Params().BitSize+7)/8)
	if len(point) != bare {
		var inner cryptobyte.String
		wrapped := cryptobyte.String(point)
		if !wrapped.ReadASN1(&inner, der.OCTET_STRING) || !wrapped.Empty() {
			return nil, errPoint()
		}
		point = inner
	}
	key, err := ecdsa.ParseUncompressedPublicKey(curve, bytes.Clone(point))
	if err != nil {
		return nil, errPoint()
	}
	return key, nil
}

func errPoint() error {
	return pki.Errorf(pki.Invalid, "key.point", "the public key in the token is not an uncompressed point on its curve").To("make a new key")
}

func errNoPublic() error {
	return pki.Errorf(pki.Invalid, "key.no-public", "the token holds no public key beside the private one").
		To("import it with the same id and label (pkcs11-tool --write-object PUB --type pubkey)")
}

func errNoSM2() error {
	return pki.Errorf(pki.NotImplemented, "key.no-sm2", "SM2 through PKCS#11 is not built: the standard has no numbers for it, every maker has his own, and SoftHSM has none").
		To("use an SDF device (sdf:/path/lib.so?index=N) or an encrypted key file for SM2")
}
