package tlcp

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
)

// Certificate is the pair one party shows, with its keys. The keys may be in hardware.
type Certificate struct {
	Sign    [][]byte // DER: the signing certificate, then the CAs above it without the root
	Encrypt [][]byte // DER: the encryption certificate, then CAs above it that Sign lacks

	// SignKey signs whole messages: it is called with sm2.DefaultSM2SignerOpts.
	SignKey crypto.Signer
	// EncryptKey decrypts a DER SM2Cipher. For the ECDHE suites it is a
	// *sm2.PrivateKey, or has its methods Public and SM2MQV (of *ecdh.PrivateKey), or
	// implements KeyExchanger.
	EncryptKey crypto.Decrypter

	// The first of Sign and Encrypt, parsed. Where they are nil, each handshake parses.
	SignLeaf, EncryptLeaf *smx509.Certificate
}

// list is the certificate message's content: signing, encryption, CAs
// (GB/T 38636 6.4.5.3).
func (c *Certificate) list() [][]byte {
	all := make([][]byte, 0, len(c.Sign)+len(c.Encrypt))
	all = append(all, c.Sign[:min(1, len(c.Sign))]...)
	all = append(all, c.Encrypt[:min(1, len(c.Encrypt))]...)
	all = append(all, c.Sign[min(1, len(c.Sign)):]...)
	return append(all, c.Encrypt[min(1, len(c.Encrypt)):]...)
}

// leaf returns the parsed signing certificate.
func (c *Certificate) leaf() (*smx509.Certificate, error) {
	if c.SignLeaf != nil {
		return c.SignLeaf, nil
	}
	if len(c.Sign) == 0 {
		return nil, errors.New("tlcp: the certificate has no signing certificate")
	}
	return smx509.ParseCertificate(c.Sign[0])
}

// pair says whether both halves are there, with keys that do what the suite needs.
func (c *Certificate) pair(s *suite) error {
	switch {
	case len(c.Sign) == 0 || c.SignKey == nil:
		return errors.New("the signing certificate or its key is missing")
	case len(c.Encrypt) == 0 || c.EncryptKey == nil:
		return errors.New("the encryption certificate or its key is missing")
	case s.ecdhe:
		_, err := exchangerOf(c.EncryptKey)
		return err
	}
	return nil
}

// X509KeyPair makes a Certificate of four PEM texts. The texts with certificates may
// go on with CAs. The keys are not encrypted (PRIVATE KEY, EC PRIVATE KEY).
func X509KeyPair(signCert, signKey, encryptCert, encryptKey []byte) (Certificate, error) {
	var c Certificate
	var err error
	if c.Sign, c.SignLeaf, err = readChain(signCert); err != nil {
		return c, fmt.Errorf("tlcp: reading the signing certificate: %w", err)
	}
	if c.Encrypt, c.EncryptLeaf, err = readChain(encryptCert); err != nil {
		return c, fmt.Errorf("tlcp: reading the encryption certificate: %w", err)
	}
	sign, err := readKey(signKey, c.SignLeaf)
	if err != nil {
		return c, fmt.Errorf("tlcp: reading the signing key: %w", err)
	}
	encrypt, err := readKey(encryptKey, c.EncryptLeaf)
	if err != nil {
		return c, fmt.Errorf("tlcp: reading the encryption key: %w", err)
	}
	c.SignKey, c.EncryptKey = sign, encrypt
	c.Encrypt = without(c.Encrypt, c.Sign)
	return c, nil
}

// LoadX509KeyPair is X509KeyPair for files.
func LoadX509KeyPair(signCert, signKey, encryptCert, encryptKey string) (Certificate, error) {
	var texts [4][]byte
	for i, name := range []string{signCert, signKey, encryptCert, encryptKey} {
		var err error
		if texts[i], err = os.ReadFile(name); err != nil {
			return Certificate{}, fmt.Errorf("tlcp: %w", err)
		}
	}
	return X509KeyPair(texts[0], texts[1], texts[2], texts[3])
}

// without leaves out the CAs of list that other has: they need not go twice.
func without(list, other [][]byte) [][]byte {
	kept := list[:1:1]
	for _, der := range list[1:] {
		twice := false
		for _, o := range other {
			twice = twice || string(o) == string(der)
		}
		if !twice {
			kept = append(kept, der)
		}
	}
	return kept
}

func readChain(text []byte) (chain [][]byte, leaf *smx509.Certificate, err error) {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			chain = append(chain, block.Bytes)
		}
	}
	if len(chain) == 0 {
		return nil, nil, errors.New("there is no certificate in the text")
	}
	leaf, err = smx509.ParseCertificate(chain[0])
	return chain, leaf, err
}

func readKey(text []byte, leaf *smx509.Certificate) (*sm2.PrivateKey, error) {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if !strings.HasSuffix(block.Type, "PRIVATE KEY") {
			continue
		}
		key, err := parseKey(block.Bytes)
		if err != nil {
			return nil, err
		}
		if public, ok := leaf.PublicKey.(*ecdsa.PublicKey); !ok || !public.Equal(key.Public()) {
			return nil, errors.New("the key does not belong to the certificate")
		}
		return key, nil
	}
	return nil, errors.New("there is no private key in the text")
}

func parseKey(der []byte) (*sm2.PrivateKey, error) {
	if key, err := smx509.ParseSM2PrivateKey(der); err == nil {
		return key, nil
	}
	parsed, err := smx509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, errors.New("the private key is neither PKCS#8 nor SEC 1, or it is encrypted")
	}
	key, ok := parsed.(*sm2.PrivateKey)
	if !ok {
		return nil, errors.New("the private key is not an SM2 key")
	}
	return key, nil
}

// issuedUnder says whether one of the CAs named, as DER, stands above the signing
// certificate; true where none is named.
func (c *Certificate) issuedUnder(names [][]byte) bool {
	if len(names) == 0 {
		return true
	}
	for i, der := range c.Sign {
		parsed, err := smx509.ParseCertificate(der)
		if i == 0 && c.SignLeaf != nil {
			parsed, err = c.SignLeaf, nil
		}
		if err == nil && slices.ContainsFunc(names, func(name []byte) bool { return bytes.Equal(name, parsed.RawIssuer) }) {
			return true
		}
	}
	return false
}
