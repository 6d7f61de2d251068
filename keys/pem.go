package keys

import (
	"bytes"
	"crypto"
	"encoding/pem"
	"strings"

	"onecert/pki"
)

// The PEM labels of private keys (RFC 7468; RFC 5915; OpenSSL's own for SM2).
const (
	labelEncrypted = "ENCRYPTED PRIVATE KEY"
	labelPKCS8     = "PRIVATE KEY"
	labelSEC1      = "EC PRIVATE KEY"
	labelSM2       = "SM2 PRIVATE KEY" // "openssl ec" 3.0 writes SEC 1 under this name
	labelPKCS1     = "RSA PRIVATE KEY"
)

// readKey reads the one private key in a PEM text. pass is nil where none is known.
func readKey(text, pass []byte, allowPlain bool) (crypto.Signer, error) {
	block, err := keyBlock(text)
	if err != nil {
		return nil, err
	}
	defer clear(block.Bytes)
	if block.Type == labelEncrypted {
		return readEncrypted(block.Bytes, pass)
	}
	if !allowPlain {
		return nil, errPlain()
	}
	switch block.Type {
	case labelPKCS8:
		return parsePKCS8(block.Bytes)
	case labelPKCS1:
		return parsePKCS1(block.Bytes)
	default:
		return parseSEC1(block.Bytes, nil)
	}
}

// lookAtKey is readKey as far as it goes without deriving anything.
func lookAtKey(text []byte, hasPass, allowPlain bool) error {
	block, err := keyBlock(text)
	if err != nil {
		return err
	}
	defer clear(block.Bytes)
	switch {
	case block.Type != labelEncrypted && !allowPlain:
		return errPlain()
	case block.Type == labelEncrypted && !hasPass:
		return errNotNamed()
	case block.Type == labelEncrypted:
		_, _, err = parsePBES2(block.Bytes)
	}
	return err
}

func errPlain() error {
	return pki.Errorf(pki.Forbidden, "key.plain", "the private key is not encrypted").
		To("encrypt it: openssl pkcs8 -topk8 -scrypt -v2 aes-256-cbc -in OLD -out NEW")
}

func errNotNamed() error {
	return pki.Errorf(pki.Invalid, "key.passphrase-missing", "the key file is encrypted and no passphrase is named").
		To("add ?pass=file:/path/to/passphrase to the key's URI")
}

func readEncrypted(der, pass []byte) (crypto.Signer, error) {
	scheme, ciphertext, err := parsePBES2(der)
	if err != nil {
		return nil, err
	}
	if pass == nil {
		return nil, errNotNamed()
	}
	info, err := scheme.decrypt(pass, ciphertext)
	if err != nil {
		return nil, err
	}
	defer clear(info)
	// One wrong passphrase in 256 leaves good padding; then the content is noise.
	if !looksLikePKCS8(info) {
		return nil, errPassphrase("key file")
	}
	return parsePKCS8(info)
}

// keyBlock returns the one key block of a PEM text. Curve parameters before it
// (openssl ecparam) and text around it are skipped; a second key is refused,
// because nobody could say which was meant.
func keyBlock(text []byte) (*pem.Block, error) {
	var found *pem.Block
	var other string
	var blocks int
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		blocks++
		switch {
		case !isKeyLabel(block.Type):
			if !strings.HasSuffix(block.Type, " PARAMETERS") {
				other = knownLabel(block.Type)
			}
		case found != nil:
			return nil, pki.Errorf(pki.Invalid, "key.several", "the file holds more than one private key").To("keep one key a file")
		default:
			found = block
		}
	}
	switch {
	case bytes.Count(text, []byte("-----BEGIN ")) != blocks: // pem.Decode passes over broken blocks
		return nil, errTruncated("key file")
	case found == nil:
		return nil, notAKey(other)
	case found.Headers["DEK-Info"] != "" || found.Headers["Proc-Type"] != "":
		return nil, errScheme("it uses the old PEM encryption with MD5")
	case len(found.Bytes) == 0:
		return nil, errTruncated("key file")
	}
	return found, nil
}

func isKeyLabel(label string) bool {
	switch label {
	case labelEncrypted, labelPKCS8, labelSEC1, labelSM2, labelPKCS1:
		return true
	}
	return false
}

// knownLabel keeps foreign text out of errors.
func knownLabel(label string) string {
	switch label {
	case "CERTIFICATE", "CERTIFICATE REQUEST", "PUBLIC KEY", labelSealer:
		return label
	}
	return "something else"
}

func notAKey(other string) error {
	wrong := "the file is not a PEM private key"
	if other != "" {
		wrong = "the file holds no private key but " + other
	}
	return pki.Errorf(pki.Invalid, "key.not-a-key", "%s", wrong).
		To("name a file with ENCRYPTED PRIVATE KEY in it; convert DER with: openssl pkcs8 -topk8 -scrypt -inform DER")
}

func encodePEM(label string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der})
}
