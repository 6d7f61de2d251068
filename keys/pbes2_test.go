package keys

import (
	"bytes"
	"crypto/cipher"
	"crypto/rand"
	"fmt"
	"testing"

	"github.com/emmansun/gmsm/pkcs"
	"github.com/emmansun/gmsm/pkcs8"

	"onecert/pki"
)

// cheaply encrypts at a cost that lets a test or fuzzer try thousands of times.
func cheaply(t testing.TB, info, pass []byte) []byte {
	t.Helper()
	p := &pbes2{n: 2, r: 1, p: 1, salt: []byte("salt"), iv: make([]byte, 16)}
	p.newBlock, p.keyLen = blockCipher(oidAES256CBC)
	key, err := p.deriveKey(pass)
	if err != nil {
		t.Fatal(err)
	}
	block, err := p.newBlock(key)
	if err != nil {
		t.Fatal(err)
	}
	pad := 16 - len(info)%16
	padded := append(bytes.Clone(info), bytes.Repeat([]byte{byte(pad)}, pad)...)
	cipher.NewCBCEncrypter(block, p.iv).CryptBlocks(padded, padded)
	der, err := p.marshal(oidAES256CBC, padded)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// About 12 of 3000 wrong passphrases leave good padding; the answer is the same.
func TestWrongPassphraseAlwaysLooksTheSame(t *testing.T) {
	signer, err := pki.GenerateKey(rand.Reader, pki.SM2)
	if err != nil {
		t.Fatal(err)
	}
	info, err := marshalPKCS8(signer)
	if err != nil {
		t.Fatal(err)
	}
	der := cheaply(t, info, []byte("right"))
	if _, err := readEncrypted(der, []byte("right")); err != nil {
		t.Fatal(err)
	}
	for i := range 3000 {
		if _, err := readEncrypted(der, fmt.Appendf(nil, "wrong %d", i)); pki.CodeOf(err) != "key.passphrase" {
			t.Fatalf("passphrase %d: %v", i, err)
		}
	}
}

// gmsm's pkcs8 is another implementation of the same format: both ways.
func TestAgreesWithGmsm(t *testing.T) {
	pass := []byte("共享 passphrase")
	for _, suite := range quickSuites() {
		signer, err := pki.GenerateKey(rand.Reader, suite)
		if err != nil {
			t.Fatal(err)
		}
		info, err := marshalPKCS8(signer)
		if err != nil {
			t.Fatal(err)
		}
		for _, choice := range []Cipher{AES256CBC, SM4CBC} {
			der, err := encryptPBES2(rand.Reader, pass, info, choice)
			if err != nil {
				t.Fatal(err)
			}
			theirs, err := pkcs8.ParsePKCS8PrivateKey(der, pass)
			if err != nil {
				t.Errorf("%s: gmsm does not open ours: %v", suite, err)
			} else if again, _ := pkcs8.MarshalPrivateKey(theirs, nil, nil); !bytes.Equal(again, info) {
				t.Errorf("%s: gmsm reads another key", suite)
			}
		}
		for name, encrypter := range map[string]pkcs.PBESEncrypter{
			"scrypt SM4":     pkcs.NewPBESEncrypter(pkcs.SM4CBC, pkcs.NewScryptOpts(16, 1024, 8, 1)),
			"scrypt AES-128": pkcs.NewPBESEncrypter(pkcs.AES128CBC, pkcs.NewScryptOpts(8, 1024, 8, 2)),
			"SM3 PRF":        pkcs.NewPBESEncrypter(pkcs.SM4CBC, pkcs.NewPBKDF2Opts(pkcs.SM3, 16, 1000)),
			"SHA-1 PRF":      pkcs.NewPBESEncrypter(pkcs.AES256CBC, pkcs.NewPBKDF2Opts(pkcs.SHA1, 16, 1000)),
			"SHA-512 PRF":    pkcs.NewPBESEncrypter(pkcs.AES192CBC, pkcs.NewPBKDF2Opts(pkcs.SHA512, 16, 1000)),
		} {
			der, err := pkcs8.MarshalPrivateKey(signer, pass, encrypter)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := readEncrypted(der, pass); err != nil || !samePublic(got.Public(), signer.Public()) {
				t.Errorf("%s %s: %v", suite, name, err)
			}
		}
	}
}

func TestUnsupportedSchemes(t *testing.T) {
	signer, err := pki.GenerateKey(rand.Reader, pki.SM2)
	if err != nil {
		t.Fatal(err)
	}
	for name, encrypter := range map[string]pkcs.PBESEncrypter{
		"AES-GCM":     pkcs.NewPBESEncrypter(pkcs.AES256GCM, pkcs.NewScryptOpts(16, 16, 1, 1)),
		"SM4-ECB":     pkcs.NewPBESEncrypter(pkcs.SM4ECB, pkcs.NewScryptOpts(16, 16, 1, 1)),
		"3DES":        pkcs.NewPBESEncrypter(pkcs.TripleDESCBC, pkcs.NewPBKDF2Opts(pkcs.SHA256, 16, 10)),
		"GM/T 0091":   pkcs.NewSMPBESEncrypter(16, 10),
		"SHA-224 PRF": pkcs.NewPBESEncrypter(pkcs.AES256CBC, pkcs.NewPBKDF2Opts(pkcs.SHA224, 16, 10)),
	} {
		der, err := pkcs8.MarshalPrivateKey(signer, []byte("x"), encrypter)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := readEncrypted(der, []byte("x")); pki.CodeOf(err) != "key.encryption" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A file must not decide how much memory or time it takes to refuse it.
func TestCostLimits(t *testing.T) {
	for _, c := range []struct {
		n, r, p int
		ok      bool
	}{
		{16384, 8, 1, true}, {32768, 8, 3, true}, {1 << 18, 8, 1, true},
		{0, 8, 1, false}, {1, 8, 1, false}, {3, 8, 1, false}, {-2, 8, 1, false}, {16384, 0, 1, false},
		{16384, 8, 0, false}, {16384, -1, 1, false}, {1 << 62, 8, 1, false}, {1 << 19, 8, 1, false},
		{2, 1 << 62, 1, false}, {2, 1, 1 << 62, false}, {1 << 20, 1 << 5, 1, false}, {2, 1 << 21, 1, false},
	} {
		if got := scryptAffordable(c.n, c.r, c.p); got != c.ok {
			t.Errorf("N=%d r=%d p=%d: %v", c.n, c.r, c.p, got)
		}
	}
	p := &pbes2{n: 1 << 30, r: 8, p: 1, salt: []byte("salt"), iv: make([]byte, 16)}
	der, err := p.marshal(oidAES256CBC, make([]byte, 16))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := parsePBES2(der); pki.CodeOf(err) != "key.encryption" {
		t.Errorf("%v", err)
	}
	for _, length := range []int{0, 15, 17} {
		p := &pbes2{n: 2, r: 1, p: 1, salt: []byte("salt"), iv: make([]byte, 16)}
		if der, err = p.marshal(oidAES256CBC, make([]byte, length)); err != nil {
			t.Fatal(err)
		}
		if _, _, err := parsePBES2(der); pki.CodeOf(err) != "key.truncated" {
			t.Errorf("%d octets of ciphertext: %v", length, err)
		}
	}
}
