package cms

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"fmt"
	"io"

	"github.com/emmansun/gmsm/sm4"
	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"

	"onecert/pki"
)

const ivLen = 16

// contentCipher is a cipher in CBC mode that contents are encrypted with.
type contentCipher struct {
	oid      pki.OID
	keyLen   int
	newBlock func([]byte) (cipher.Block, error)
}

// contentCiphers are those read: AES-CBC (RFC 3565), SM4-CBC, and SM4 without a
// mode but with an IV, which is CFCA's CBC. Triple DES, OpenSSL 3.0's default, is
// refused: -aes256 asks it for better.
func contentCiphers() []contentCipher {
	return []contentCipher{
		{oidAES256CBC, 32, aes.NewCipher}, {oidAES192CBC, 24, aes.NewCipher}, {oidAES128CBC, 16, aes.NewCipher},
		{pki.OIDSM4CBC, 16, sm4.NewCipher}, {pki.OIDSM4, 16, sm4.NewCipher},
	}
}

func findCipher(oid pki.OID) (contentCipher, bool) {
	for _, c := range contentCiphers() {
		if c.oid.Equal(oid) {
			return c, true
		}
	}
	return contentCipher{}, false
}

// encrypted is an EncryptedContentInfo.
type encrypted struct {
	raw       []byte // the DER of the whole
	kind      pki.OID
	algorithm algorithm
	content   []byte
}

// encryptContent makes the DER of an EncryptedContentInfo with a fresh IV.
func encryptContent(random io.Reader, kind pki.OID, c contentCipher, key, content []byte) ([]byte, error) {
	iv := make([]byte, ivLen)
	if _, err := io.ReadFull(random, iv); err != nil {
		return nil, fmt.Errorf("drawing an IV: %w", err)
	}
	block, err := c.newBlock(key)
	if err != nil {
		return nil, fmt.Errorf("taking the content cipher: %w", err)
	}
	pad := block.BlockSize() - len(content)%block.BlockSize()
	padded := make([]byte, len(content), len(content)+pad)
	copy(padded, content)
	padded = append(padded, bytes.Repeat([]byte{byte(pad)}, pad)...)
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(padded, padded)
	return buildEncrypted(kind, c.oid, octetString(iv), padded)
}

func buildEncrypted(kind, oid pki.OID, parameters, content []byte) ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(kind)
		addAlgorithm(b, oid, parameters)
		b.AddASN1(tag0, func(b *cryptobyte.Builder) { b.AddBytes(content) })
	})
	return build(&b, "content")
}

// readEncrypted reads an EncryptedContentInfo. The content may stand in pieces,
// as streaming writers leave it; GM/T 0010's sharedInfo is refused, for nothing
// that is read uses it.
func readEncrypted(s *cryptobyte.String) (*encrypted, bool) {
	var element, body, content cryptobyte.String
	if !s.ReadASN1Element(&element, der.SEQUENCE) {
		return nil, false
	}
	input := element
	e := &encrypted{raw: element}
	var ok bool
	if !input.ReadASN1(&body, der.SEQUENCE) || !body.ReadASN1ObjectIdentifier(&e.kind) {
		return nil, false
	}
	if e.algorithm, ok = readAlgorithm(&body); !ok {
		return nil, false
	}
	var tag der.Tag
	if !body.ReadAnyASN1(&content, &tag) || !body.Empty() {
		return nil, false
	}
	switch tag {
	case tag0:
		e.content = content
		return e, true
	case tag0c:
		e.content, ok = joinPieces(content)
		return e, ok
	}
	return nil, false
}

func joinPieces(pieces cryptobyte.String) ([]byte, bool) {
	var whole []byte
	for !pieces.Empty() {
		var piece cryptobyte.String
		if !pieces.ReadASN1(&piece, der.OCTET_STRING) {
			return nil, false
		}
		whole = append(whole, piece...)
	}
	return whole, true
}

// cipher returns the content's cipher and IV, all lengths checked.
func (e *encrypted) cipher(what string) (contentCipher, []byte, error) {
	c, ok := findCipher(e.algorithm.oid)
	if !ok {
		return c, nil, errAlgorithm(what)
	}
	iv, ok := e.algorithm.octets(ivLen)
	if !ok || len(e.content) == 0 || len(e.content)%ivLen != 0 {
		return c, nil, errFormat(what)
	}
	return c, iv, nil
}

// open decrypts. The format has no MAC: wrong padding is all that can be noticed.
func (c contentCipher) open(key, iv, content []byte) ([]byte, bool) {
	block, err := c.newBlock(key)
	if err != nil {
		return nil, false
	}
	plain := make([]byte, len(content))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, content)
	pad := int(plain[len(plain)-1])
	if pad == 0 || pad > block.BlockSize() || !bytes.Equal(plain[len(plain)-pad:], bytes.Repeat([]byte{byte(pad)}, pad)) {
		clear(plain)
		return nil, false
	}
	return plain[:len(plain)-pad], true
}
