package kmc

import (
	"crypto/ecdsa"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
)

// Structures of GM/T 0014-2012 5.2 for encoding/asn1, written from the fact sheet.
type (
	asnEntName struct {
		HashAlgorithm pkix.AlgorithmIdentifier
		EntName       asn1.RawValue
		EntPubKeyHash []byte
		SerialNumber  *big.Int
	}
	asnAppUser struct {
		UserCertNo *big.Int
		UserPubKey asn1.RawValue
		NotBefore  time.Time     `asn1:"generalized"`
		NotAfter   time.Time     `asn1:"generalized"`
		UserName   asn1.RawValue `asn1:"optional"`
		DSCode     asn1.RawValue `asn1:"optional"`
		ExtendInfo asn1.RawValue `asn1:"optional"`
	}
	asnApply struct {
		AppKeyType  pkix.AlgorithmIdentifier
		AppKeyLen   int
		RetAsymAlg  pkix.AlgorithmIdentifier
		RetSymAlg   pkix.AlgorithmIdentifier
		RetHashAlg  pkix.AlgorithmIdentifier
		AppUserInfo asnAppUser
	}
	asnRestore struct {
		RetAsymAlg pkix.AlgorithmIdentifier
		RetSymAlg  pkix.AlgorithmIdentifier
		RetHashAlg pkix.AlgorithmIdentifier
		UserCertNo *big.Int
		UserPubKey asn1.RawValue
		UserName   asn1.RawValue `asn1:"optional"` // ours, see the decision page
		ExtendInfo asn1.RawValue `asn1:"optional"`
	}
	asnRevoke struct{ UserCertNo *big.Int }
	asnKey    struct {
		UserCertNo *big.Int
		RetPubKey  asn1.RawValue
		RetPriKey  asn1.RawValue
	}
	asnError struct {
		ErrNo   int
		ErrDesc asn1.RawValue `asn1:"optional"`
	}
	asnBody struct { // KSRequest and KSRespond have one shape
		Version int
		Name    asnEntName
		List    []asn1.RawValue
		Time    time.Time `asn1:"generalized"`
		TaskNo  *big.Int
	}
	asnSigned struct {
		Body      asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Value     []byte
	}
)

var (
	asnNull     = asn1.RawValue{Tag: asn1.TagNull}
	vectorTime  = time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)
	vectorTask  = big.NewInt(0x0123456789abcdef)
	vectorStart = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	vectorEnd   = time.Date(2029, 11, 23, 0, 0, 0, 0, time.UTC)
)

// The scalars of the vectors: the first is the example key of GB/T 32918.5.
var vectorKeys = map[string]string{
	"ca":   "3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8",
	"kmc":  "1111111111111111111111111111111111111111111111111111111111111111",
	"user": "2222222222222222222222222222222222222222222222222222222222222222",
	"pair": "3333333333333333333333333333333333333333333333333333333333333333",
}

func vectorKey(t testing.TB, name string) *sm2.PrivateKey {
	t.Helper()
	scalar, err := hex.DecodeString(vectorKeys[name])
	if err != nil {
		t.Fatal(err)
	}
	key, err := sm2.NewPrivateKey(scalar)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// maker builds messages; what it cannot do fails the test.
type maker struct{ testing.TB }

func (m maker) der(value any, params string) asn1.RawValue {
	m.Helper()
	der, err := asn1.MarshalWithParams(value, params)
	if err != nil {
		m.Fatal(err)
	}
	return asn1.RawValue{FullBytes: der}
}

func algorithm(dotted string, parameters asn1.RawValue) pkix.AlgorithmIdentifier {
	var oid asn1.ObjectIdentifier
	for part := range strings.SplitSeq(dotted, ".") {
		n, _ := new(big.Int).SetString(part, 10)
		oid = append(oid, int(n.Int64()))
	}
	return pkix.AlgorithmIdentifier{Algorithm: oid, Parameters: parameters}
}

var none asn1.RawValue

func (m maker) curve(dotted string) asn1.RawValue {
	return m.der(algorithm(dotted, none).Algorithm, "")
}

func (m maker) spki(name string) asn1.RawValue {
	public := vectorKey(m, name).PublicKey
	return m.point("1.2.156.10197.1.301", &public)
}

func (m maker) point(curve string, public *ecdsa.PublicKey) asn1.RawValue {
	size := (public.Params().BitSize + 7) / 8
	//lint:ignore SA1019 PublicKey.Bytes knows no SM2 curve
	bits := append([]byte{4}, public.X.FillBytes(make([]byte, size))...)
	//lint:ignore SA1019 PublicKey.Bytes knows no SM2 curve
	bits = append(bits, public.Y.FillBytes(make([]byte, size))...)
	return m.der(struct {
		Algorithm pkix.AlgorithmIdentifier
		Bits      asn1.BitString
	}{algorithm("1.2.840.10045.2.1", m.curve(curve)), asn1.BitString{Bytes: bits, BitLength: 8 * len(bits)}}, "")
}

// rsaKey is a public key of 2048 bits whose modulus 2^2047+1 is nobody's: a codec
// looks at sizes only.
func (m maker) rsaKey() asn1.RawValue {
	n := new(big.Int).Lsh(big.NewInt(1), 2047)
	bits := m.der(struct {
		N *big.Int
		E int
	}{n.Add(n, big.NewInt(1)), 65537}, "").FullBytes
	return m.der(struct {
		Algorithm pkix.AlgorithmIdentifier
		Bits      asn1.BitString
	}{algorithm("1.2.840.113549.1.1.1", asnNull), asn1.BitString{Bytes: bits, BitLength: 8 * len(bits)}}, "")
}

func (m maker) octets(tag, text string) asn1.RawValue {
	return m.der([]byte(text), "explicit,tag:"+tag)
}

// directory is a directoryName: [4] EXPLICIT Name of C=CN, CN=name.
func (m maker) directory(name string) asn1.RawValue {
	return m.der(pkix.Name{Country: []string{"CN"}, CommonName: name}.ToRDNSequence(), "explicit,tag:4")
}

func (m maker) entity(key, name string, serial int64) asnEntName {
	hash := sm3.Sum(m.spki(key).FullBytes)
	return asnEntName{algorithm("1.2.156.10197.1.401", none), m.directory(name), hash[:], big.NewInt(serial)}
}

func (m maker) apply() asnApply {
	return asnApply{algorithm("1.2.156.10197.1.301", none), 256,
		algorithm("1.2.156.10197.1.301.3", none), algorithm("1.2.156.10197.1.104", none), algorithm("1.2.156.10197.1.401", none),
		asnAppUser{UserCertNo: vectorCertNo(1), UserPubKey: m.spki("user"), NotBefore: vectorStart, NotAfter: vectorEnd,
			UserName: m.octets("0", "holder-1"), ExtendInfo: m.octets("2", "application-1")}}
}

func (m maker) restore() asnRestore {
	return asnRestore{RetAsymAlg: algorithm("1.2.156.10197.1.301.3", none), RetSymAlg: algorithm("1.2.156.10197.1.104", none),
		RetHashAlg: algorithm("1.2.156.10197.1.401", none), UserCertNo: vectorCertNo(1), UserPubKey: m.spki("user")}
}

func (m maker) owned() asnRestore {
	r := m.restore()
	r.UserName, r.ExtendInfo = m.octets("0", "holder-1"), m.octets("2", "new token")
	return r
}

func vectorCertNo(n int64) *big.Int {
	base, _ := new(big.Int).SetString("40112233445566778899aabbccddeeff00112200", 16)
	return base.Add(base, big.NewInt(n))
}

func (m maker) request(list ...asn1.RawValue) asnBody {
	return asnBody{1, m.entity("ca", "Example Issuing CA", 0x1001), list, vectorTime, vectorTask}
}

func (m maker) respond(list ...asn1.RawValue) asnBody {
	return asnBody{1, m.entity("kmc", "Example KMC", 0x2002), list, vectorTime.Add(time.Second), vectorTask}
}

// sign wraps a body; the signature is deterministic, so the files are reproducible.
func (m maker) sign(key string, body any) asnSigned {
	raw := m.der(body, "")
	return asnSigned{raw, algorithm("1.2.156.10197.1.501", none), m.signature(key, raw.FullBytes)}
}

func (m maker) signature(name string, message []byte) []byte {
	key := vectorKey(m, name)
	digest, err := sm2.CalculateSM2Hash(&key.PublicKey, message, nil)
	if err != nil {
		m.Fatal(err)
	}
	signature, err := sm2.SignDeterministic(key, digest, nil)
	if err != nil {
		m.Fatal(err)
	}
	return signature
}

func (m maker) hex(value any) string { return hex.EncodeToString(m.der(value, "").FullBytes) }

// envelope has the outline of a SignedAndEnvelopedData (GM/T 0010) around octets
// that open with no key: the codec carries it and looks no deeper.
func (m maker) envelope() asn1.RawValue {
	return m.der(struct {
		Version    int
		Recipients []asn1.RawValue            `asn1:"set"`
		Digests    []pkix.AlgorithmIdentifier `asn1:"set"`
		Content    struct {
			Type      asn1.ObjectIdentifier
			Algorithm pkix.AlgorithmIdentifier
			Octets    []byte `asn1:"tag:0"`
		}
		Signers []asn1.RawValue `asn1:"set"`
	}{Version: 1, Digests: []pkix.AlgorithmIdentifier{algorithm("1.2.156.10197.1.401", none)},
		Content: struct {
			Type      asn1.ObjectIdentifier
			Algorithm pkix.AlgorithmIdentifier
			Octets    []byte `asn1:"tag:0"`
		}{algorithm("1.2.156.10197.6.1.4.2.1", none).Algorithm, algorithm("1.2.156.10197.1.104.1", asnNull), make([]byte, 32)}}, "")
}

func (m maker) key(n int64) asnKey {
	return asnKey{vectorCertNo(n), m.spki("pair"), m.envelope()}
}
