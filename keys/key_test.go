package keys

import (
	"bytes"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"io"
	"math/big"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"

	"onecert/pki"
)

// The interfaces a Key is handed out as.
var (
	_ crypto.Signer        = (*Key)(nil)
	_ crypto.MessageSigner = (*Key)(nil)
	_ crypto.Decrypter     = (*Key)(nil)
	_ ecdh.KeyExchanger    = (*Key)(nil)
)

func throwAway(t testing.TB, suite pki.Suite) *Key {
	t.Helper()
	signer, err := pki.GenerateKey(rand.Reader, suite)
	if err != nil {
		t.Fatal(err)
	}
	key, err := Wrap(signer)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// quickSuites leaves out the RSA sizes whose making takes seconds.
func quickSuites() []pki.Suite {
	return []pki.Suite{pki.SM2, pki.RSA2048, pki.P256, pki.P384}
}

func verify(public crypto.PublicKey, msg, signature []byte) bool {
	switch key := public.(type) {
	case *rsa.PublicKey:
		digest := sha256.Sum256(msg)
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature) == nil
	case *ecdsa.PublicKey:
		switch key.Curve {
		case sm2.P256():
			return sm2.VerifyASN1WithSM2(key, nil, msg, signature)
		case elliptic.P256():
			digest := sha256.Sum256(msg)
			return ecdsa.VerifyASN1(key, digest[:], signature)
		default:
			digest := sha512.Sum384(msg)
			return ecdsa.VerifyASN1(key, digest[:], signature)
		}
	}
	return false
}

func TestSignMessage(t *testing.T) {
	msg := []byte("to be signed")
	for _, suite := range quickSuites() {
		key := throwAway(t, suite)
		if key.Suite() != suite {
			t.Errorf("%s: suite %s", suite, key.Suite())
		}
		for _, random := range []io.Reader{rand.Reader, nil} {
			signature, err := key.SignMessage(random, msg, nil)
			if err != nil || !verify(key.Public(), msg, signature) {
				t.Errorf("%s: %v", suite, err)
			}
		}
		if suite == pki.SM2 {
			continue
		}
		// An explicit hash counts, as crypto.MessageSigner promises.
		signature, err := key.SignMessage(nil, msg, crypto.SHA512)
		if err != nil || verify(key.Public(), msg, signature) {
			t.Errorf("%s: SHA-512 was not used (%v)", suite, err)
		}
	}
}

func TestSignRSAPSS(t *testing.T) {
	key := throwAway(t, pki.RSA2048)
	opts := &rsa.PSSOptions{Hash: crypto.SHA384, SaltLength: rsa.PSSSaltLengthEqualsHash}
	msg := []byte("to be signed")
	signature, err := key.SignMessage(nil, msg, opts)
	if err != nil {
		t.Fatal(err)
	}
	digest := sha512.Sum384(msg)
	if err := rsa.VerifyPSS(key.Public().(*rsa.PublicKey), crypto.SHA384, digest[:], signature, opts); err != nil {
		t.Error(err)
	}
}

func TestSignTakesDigestExceptSM2(t *testing.T) {
	key := throwAway(t, pki.P256)
	digest := sha256.Sum256([]byte("m"))
	signature, err := key.Sign(nil, digest[:], crypto.SHA256)
	if err != nil || !verify(key.Public(), []byte("m"), signature) {
		t.Errorf("P-256: %v", err)
	}
	key = throwAway(t, pki.SM2)
	for _, opts := range []crypto.SignerOpts{nil, sm2.DefaultSM2SignerOpts, sm2.NewSM2SignerOption(false, nil)} {
		signature, err := key.Sign(nil, []byte("m"), opts)
		if err != nil || !verify(key.Public(), []byte("m"), signature) {
			t.Errorf("SM2 with %T: %v", opts, err)
		}
	}
}

func TestSM2UserID(t *testing.T) {
	key := throwAway(t, pki.SM2)
	uid := []byte("TLSv1.3+GM+Cipher+Suite")
	for name, sign := range map[string]func(io.Reader, []byte, crypto.SignerOpts) ([]byte, error){"Sign": key.Sign, "SignMessage": key.SignMessage} {
		signature, err := sign(nil, []byte("m"), sm2.NewSM2SignerOption(true, uid))
		if err != nil || !sm2.VerifyASN1WithSM2(key.Public().(*ecdsa.PublicKey), uid, []byte("m"), signature) {
			t.Errorf("%s: %v", name, err)
		}
		if verify(key.Public(), []byte("m"), signature) {
			t.Errorf("%s: the user id had no effect", name)
		}
	}
}

// TestSM2Vector holds Z against the example of GB/T 32918.5, as the fact sheet oids.md §3 has it.
func TestSM2Vector(t *testing.T) {
	d, _ := hex.DecodeString("3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8")
	want, _ := hex.DecodeString("B2E14C5C79C6DF5B85F4FE7ED8DB7A262B9DA7E07CCB0EA9F4747B8CCDA8A4F3")
	signer, err := sm2.NewPrivateKey(d)
	if err != nil {
		t.Fatal(err)
	}
	key, err := Wrap(signer)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(key.z, want) {
		t.Errorf("Z = %X", key.z)
	}
}

func TestSignRefuses(t *testing.T) {
	rsaKey, sm2Key := throwAway(t, pki.RSA2048), throwAway(t, pki.SM2)
	digest := make([]byte, 32)
	for name, sign := range map[string]func() ([]byte, error){
		"RSA without hash":       func() ([]byte, error) { return rsaKey.Sign(nil, digest, nil) },
		"RSA with hash 0":        func() ([]byte, error) { return rsaKey.Sign(nil, digest, crypto.Hash(0)) },
		"RSA with SHA-1":         func() ([]byte, error) { return rsaKey.SignMessage(nil, digest, crypto.SHA1) },
		"RSA with short digest":  func() ([]byte, error) { return rsaKey.Sign(nil, digest[:31], crypto.SHA256) },
		"SM2 with SHA-256":       func() ([]byte, error) { return sm2Key.Sign(nil, digest, crypto.SHA256) },
		"SM2 message of SHA-256": func() ([]byte, error) { return sm2Key.SignMessage(nil, digest, crypto.SHA256) },
	} {
		if signature, err := sign(); signature != nil || pki.KindOf(err) != pki.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A certificate each made through smx509 and, where it can, crypto/x509: they
// call SignMessage and verify what they get.
func TestSignsCertificates(t *testing.T) {
	name, from, to := pkix.Name{CommonName: "示例"}, time.Unix(1e9, 0), time.Unix(2e9, 0)
	national := &smx509.Certificate{SerialNumber: big.NewInt(0x4d2000), Subject: name, NotBefore: from, NotAfter: to}
	standard := &x509.Certificate{SerialNumber: big.NewInt(0x4d2000), Subject: name, NotBefore: from, NotAfter: to}
	for _, suite := range quickSuites() {
		key := throwAway(t, suite)
		der, err := smx509.CreateCertificate(rand.Reader, national, national, key.Public(), key)
		if err != nil {
			t.Errorf("%s: %v", suite, err)
			continue
		}
		if _, err := smx509.ParseCertificate(der); err != nil {
			t.Errorf("%s: %v", suite, err)
		}
		if suite == pki.SM2 {
			continue
		}
		if _, err := x509.CreateCertificate(rand.Reader, standard, standard, key.Public(), key); err != nil {
			t.Errorf("%s with crypto/x509: %v", suite, err)
		}
	}
}

func TestDecrypt(t *testing.T) {
	secret := []byte("a content key...")
	key := throwAway(t, pki.SM2)
	ciphertext, err := sm2.EncryptASN1(rand.Reader, key.Public().(*ecdsa.PublicKey), secret)
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := key.Decrypt(nil, ciphertext, nil); err != nil || !bytes.Equal(plain, secret) {
		t.Errorf("SM2: %v", err)
	}
	key = throwAway(t, pki.RSA2048)
	//lint:ignore SA1019 a key decrypts what others still write
	ciphertext, err = rsa.EncryptPKCS1v15(rand.Reader, key.Public().(*rsa.PublicKey), secret)
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := key.Decrypt(nil, ciphertext, nil); err != nil || !bytes.Equal(plain, secret) {
		t.Errorf("RSA: %v", err)
	}
	if _, err := throwAway(t, pki.P256).Decrypt(nil, ciphertext, nil); pki.CodeOf(err) != "key.no-decryption" {
		t.Errorf("P-256: %v", err)
	}
}

func TestECDH(t *testing.T) {
	for _, suite := range []pki.Suite{pki.P256, pki.P384} {
		a, b := throwAway(t, suite), throwAway(t, suite)
		one, err := a.ECDH(b.PublicKey())
		if err != nil {
			t.Fatal(err)
		}
		two, err := b.ECDH(a.PublicKey())
		if err != nil || !bytes.Equal(one, two) {
			t.Errorf("%s: %v", suite, err)
		}
		// A key outside the process offers the exchange itself.
		outside, err := Wrap(exchanger{b})
		if err != nil {
			t.Fatal(err)
		}
		if three, err := outside.ECDH(a.PublicKey()); err != nil || !bytes.Equal(one, three) {
			t.Errorf("%s outside: %v", suite, err)
		}
	}
	key := throwAway(t, pki.SM2)
	if _, err := key.ECDH(throwAway(t, pki.P256).PublicKey()); pki.CodeOf(err) != "key.no-agreement" {
		t.Errorf("SM2: %v", err)
	}
	if key.Curve() != nil || key.PublicKey() != nil {
		t.Error("SM2 offers a curve for crypto/ecdh")
	}
}

type exchanger struct{ *Key }

// device is a signer that hides its key, as hardware does: whole messages for SM2.
type device struct{ inner crypto.Signer }

func (d device) Public() crypto.PublicKey { return d.inner.Public() }
func (d device) Sign(r io.Reader, m []byte, o crypto.SignerOpts) ([]byte, error) {
	return d.inner.Sign(r, m, o)
}

func TestWrapForeignSigner(t *testing.T) {
	for _, suite := range quickSuites() {
		signer, err := pki.GenerateKey(rand.Reader, suite)
		if err != nil {
			t.Fatal(err)
		}
		key, err := Wrap(device{signer})
		if err != nil {
			t.Fatal(err)
		}
		signature, err := key.SignMessage(nil, []byte("m"), nil)
		if err != nil || !verify(key.Public(), []byte("m"), signature) {
			t.Errorf("%s: %v", suite, err)
		}
		if _, err := key.Decrypt(nil, make([]byte, 256), nil); pki.CodeOf(err) != "key.no-decryption" {
			t.Errorf("%s: a signer decrypts: %v", suite, err)
		}
	}
}

func TestWrapConvertsAndRefuses(t *testing.T) {
	signer, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := Wrap(&signer.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	signature, err := key.SignMessage(nil, []byte("m"), nil)
	if err != nil || !verify(key.Public(), []byte("m"), signature) {
		t.Errorf("an SM2 key held as *ecdsa.PrivateKey: %v", err)
	}
	if again, err := Wrap(key); err != nil || again != key {
		t.Error("wrapping a Key again makes another")
	}
	if _, err := Wrap(nil); pki.CodeOf(err) != "key.not-a-key" {
		t.Errorf("nil: %v", err)
	}
	p521, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Wrap(p521); pki.CodeOf(err) != "key.algorithm" {
		t.Errorf("P-521: %v", err)
	}
}
