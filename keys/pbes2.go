package keys

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/asn1"
	"fmt"
	"hash"

	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/sm4"
	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"
	"golang.org/x/crypto/scrypt"
)

// PBES2 (RFC 8018 6.2) is read by own code, because gmsm's obeys any cost a file
// asks for and panics on an IV or ciphertext of the wrong length.

// Limits on what opening a file may cost: some seconds and a quarter of a GiB.
const (
	maxScryptMemory = 256 << 20 // 128·N·r octets
	maxScryptWork   = 1 << 24   // N·r·p
	maxIterations   = 10_000_000
	maxSalt         = 1024
)

var (
	oidPBES2  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}
	oidPBKDF2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}
	oidScrypt = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11591, 4, 11}
)

// prfs are the PBKDF2 functions by OID: hmacWithSHA1 … (RFC 8018 B.1.2), and
// HMAC-SM3 under both of its numbers (GM/T 0006; GM/T 0091).
func prf(oid asn1.ObjectIdentifier) func() hash.Hash {
	switch oid.String() {
	case "1.2.840.113549.2.7":
		return sha1.New
	case "1.2.840.113549.2.9":
		return sha256.New
	case "1.2.840.113549.2.10":
		return sha512.New384
	case "1.2.840.113549.2.11":
		return sha512.New
	case "1.2.156.10197.1.401.2", "1.2.156.10197.1.401.3.1":
		return sm3.New
	}
	return nil
}

// blockCipher returns the CBC cipher of an OID and its key's length.
func blockCipher(oid asn1.ObjectIdentifier) (newBlock func([]byte) (cipher.Block, error), keyLen int) {
	switch oid.String() {
	case "2.16.840.1.101.3.4.1.2":
		return aes.NewCipher, 16
	case "2.16.840.1.101.3.4.1.22":
		return aes.NewCipher, 24
	case "2.16.840.1.101.3.4.1.42":
		return aes.NewCipher, 32
	case "1.2.156.10197.1.104.2":
		return sm4.NewCipher, 16
	}
	return nil, 0
}

// pbes2 is how a key file is encrypted, all limits checked.
type pbes2 struct {
	salt       []byte
	iterations int              // PBKDF2, 0 for scrypt
	prf        func() hash.Hash // PBKDF2
	n, r, p    int              // scrypt
	newBlock   func([]byte) (cipher.Block, error)
	keyLen     int
	iv         []byte
}

// parsePBES2 reads EncryptedPrivateKeyInfo (RFC 5958 3).
func parsePBES2(info []byte) (*pbes2, []byte, error) {
	input := cryptobyte.String(info)
	var body, algorithm, parameters, kdf, scheme, ciphertext cryptobyte.String
	var oid asn1.ObjectIdentifier
	if !input.ReadASN1(&body, der.SEQUENCE) || !input.Empty() ||
		!body.ReadASN1(&algorithm, der.SEQUENCE) ||
		!body.ReadASN1(&ciphertext, der.OCTET_STRING) || !body.Empty() ||
		!algorithm.ReadASN1ObjectIdentifier(&oid) {
		return nil, nil, errTruncated("key file")
	}
	if !oid.Equal(oidPBES2) {
		return nil, nil, errScheme("it is not PBES2")
	}
	if !algorithm.ReadASN1(&parameters, der.SEQUENCE) ||
		!parameters.ReadASN1(&kdf, der.SEQUENCE) ||
		!parameters.ReadASN1(&scheme, der.SEQUENCE) || !parameters.Empty() {
		return nil, nil, errTruncated("key file")
	}
	p := new(pbes2)
	if err := p.readCipher(scheme); err != nil {
		return nil, nil, err
	}
	if err := p.readKDF(kdf); err != nil {
		return nil, nil, err
	}
	if len(ciphertext) == 0 || len(ciphertext)%len(p.iv) != 0 {
		return nil, nil, errTruncated("key file")
	}
	return p, ciphertext, nil
}

func (p *pbes2) readCipher(scheme cryptobyte.String) error {
	var oid asn1.ObjectIdentifier
	var iv cryptobyte.String
	if !scheme.ReadASN1ObjectIdentifier(&oid) {
		return errTruncated("key file")
	}
	if p.newBlock, p.keyLen = blockCipher(oid); p.newBlock == nil {
		return errScheme("the cipher is not AES-CBC or SM4-CBC")
	}
	if !scheme.ReadASN1(&iv, der.OCTET_STRING) || !scheme.Empty() || len(iv) != aes.BlockSize {
		return errTruncated("key file")
	}
	p.iv = iv
	return nil
}

func (p *pbes2) readKDF(kdf cryptobyte.String) error {
	var oid asn1.ObjectIdentifier
	var parameters cryptobyte.String
	if !kdf.ReadASN1ObjectIdentifier(&oid) || !kdf.ReadASN1(&parameters, der.SEQUENCE) || !kdf.Empty() {
		return errTruncated("key file")
	}
	switch {
	case oid.Equal(oidScrypt):
		return p.readScrypt(parameters)
	case oid.Equal(oidPBKDF2):
		return p.readPBKDF2(parameters)
	}
	return errScheme("the key derivation is not scrypt or PBKDF2")
}

// readScrypt reads scrypt-params (RFC 7914 7).
func (p *pbes2) readScrypt(s cryptobyte.String) error {
	var salt cryptobyte.String
	if !s.ReadASN1(&salt, der.OCTET_STRING) ||
		!s.ReadASN1Integer(&p.n) || !s.ReadASN1Integer(&p.r) || !s.ReadASN1Integer(&p.p) ||
		!p.readKeyLength(&s) || !s.Empty() || len(salt) > maxSalt {
		return errTruncated("key file")
	}
	p.salt = salt
	if !scryptAffordable(p.n, p.r, p.p) {
		return errScheme("its scrypt cost is not a sane one")
	}
	return nil
}

func scryptAffordable(n, r, p int) bool {
	return n > 1 && n&(n-1) == 0 && r > 0 && p > 0 &&
		n <= maxScryptWork && r <= maxScryptWork/n && p <= maxScryptWork/(n*r) &&
		n*r <= maxScryptMemory/128
}

// readPBKDF2 reads PBKDF2-params (RFC 8018 A.2) with a specified salt.
func (p *pbes2) readPBKDF2(s cryptobyte.String) error {
	var salt, algorithm cryptobyte.String
	var hasPRF bool
	if !s.ReadASN1(&salt, der.OCTET_STRING) || !s.ReadASN1Integer(&p.iterations) ||
		!p.readKeyLength(&s) || !s.ReadOptionalASN1(&algorithm, &hasPRF, der.SEQUENCE) ||
		!s.Empty() || len(salt) > maxSalt {
		return errTruncated("key file")
	}
	p.salt = salt
	p.prf = sha1.New // the DEFAULT of RFC 8018
	if hasPRF {
		var oid asn1.ObjectIdentifier
		if !algorithm.ReadASN1ObjectIdentifier(&oid) {
			return errTruncated("key file")
		}
		p.prf = prf(oid)
	}
	if p.prf == nil || p.iterations < 1 || p.iterations > maxIterations {
		return errScheme("its PBKDF2 function or count is not a sane one")
	}
	return nil
}

// readKeyLength reads the optional keyLength, which must fit the cipher.
func (p *pbes2) readKeyLength(s *cryptobyte.String) bool {
	if !s.PeekASN1Tag(der.INTEGER) {
		return true
	}
	var length int
	return s.ReadASN1Integer(&length) && length == p.keyLen
}

func (p *pbes2) deriveKey(pass []byte) ([]byte, error) {
	if p.iterations > 0 {
		return pbkdf2.Key(p.prf, string(pass), p.salt, p.iterations, p.keyLen)
	}
	return scrypt.Key(pass, p.salt, p.n, p.r, p.p, p.keyLen)
}

// decrypt answers a wrong passphrase and damage with the same error: without a
// MAC in the format they cannot be told apart.
func (p *pbes2) decrypt(pass, ciphertext []byte) ([]byte, error) {
	key, err := p.deriveKey(pass)
	if err != nil {
		return nil, fmt.Errorf("deriving the key file's key: %w", err)
	}
	defer clear(key)
	block, err := p.newBlock(key)
	if err != nil {
		return nil, fmt.Errorf("taking the key file's cipher: %w", err)
	}
	plain := make([]byte, len(ciphertext))
	cipher.NewCBCDecrypter(block, p.iv).CryptBlocks(plain, ciphertext)
	pad := int(plain[len(plain)-1])
	if pad == 0 || pad > block.BlockSize() {
		return nil, errPassphrase("key file")
	}
	for _, b := range plain[len(plain)-pad:] {
		if int(b) != pad {
			return nil, errPassphrase("key file")
		}
	}
	return plain[:len(plain)-pad], nil
}
