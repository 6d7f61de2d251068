package tlcp

import (
	"crypto/cipher"
	"crypto/subtle"
	"fmt"
	"io"

	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/sm4"
)

const blockLen = sm4.BlockSize

// cbcMode is SM4-CBC whose IV can be set anew for each record.
type cbcMode interface {
	cipher.BlockMode
	SetIV([]byte)
}

// cbcSealer protects records with HMAC-SM3, then padding, then SM4-CBC under a random
// IV of the record's own (GB/T 38636 6.3.3.4.2).
type cbcSealer struct {
	mode  cbcMode
	mac   *macKey
	seq   sequence
	extra [additionalLen]byte
}

func newCBCSealer(mac, key []byte) (*cbcSealer, error) {
	mode, err := newCBC(key, cipher.NewCBCEncrypter)
	if err != nil {
		return nil, err
	}
	m, err := newMACKey(mac)
	if err != nil {
		return nil, err
	}
	return &cbcSealer{mode: mode, mac: m}, nil
}

func newCBC(key []byte, kind func(cipher.Block, []byte) cipher.BlockMode) (cbcMode, error) {
	block, err := sm4.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("taking the record key: %w", err)
	}
	mode, ok := kind(block, make([]byte, blockLen)).(cbcMode)
	if !ok {
		return nil, fmt.Errorf("SM4-CBC of this build cannot take a new IV")
	}
	return mode, nil
}

func (c *cbcSealer) growth() int { return blockLen + sm3.Size + blockLen }

func (c *cbcSealer) seal(out []byte, contentType uint8, plaintext []byte, random io.Reader) ([]byte, error) {
	seq, err := c.seq.next()
	if err != nil {
		return nil, err
	}
	start := len(out)
	out = append(out, make([]byte, blockLen)...)
	iv := out[start:]
	if _, err := io.ReadFull(random, iv); err != nil {
		return nil, fmt.Errorf("drawing the IV of a record: %w", err)
	}
	putAdditional(&c.extra, seq, contentType, len(plaintext))
	body := len(out)
	out = append(out, plaintext...)
	if out, err = c.mac.sum(out, c.extra[:], plaintext); err != nil {
		return nil, err
	}
	pad := blockLen - 1 - (len(out)-body)%blockLen
	for range pad + 1 {
		out = append(out, byte(pad))
	}
	c.mode.SetIV(out[start : start+blockLen])
	c.mode.CryptBlocks(out[body:], out[body:])
	return out, nil
}

// cbcOpener is the other direction. Its time must not depend on the padding or on
// where the MAC stands: padding and MAC are checked together, the MAC over a number
// of SM3 blocks that only the record's length decides (macKey.sumSecret).
type cbcOpener struct {
	mode  cbcMode
	mac   *macKey
	seq   sequence
	extra [additionalLen]byte
}

func newCBCOpener(mac, key []byte) (*cbcOpener, error) {
	mode, err := newCBC(key, cipher.NewCBCDecrypter)
	if err != nil {
		return nil, err
	}
	m, err := newMACKey(mac)
	if err != nil {
		return nil, err
	}
	return &cbcOpener{mode: mode, mac: m}, nil
}

func (c *cbcOpener) open(contentType uint8, fragment []byte) ([]byte, error) {
	seq, err := c.seq.next()
	if err != nil {
		return nil, err
	}
	// IV, then at least a MAC and one octet of padding, in whole blocks.
	least := (sm3.Size/blockLen + 1) * blockLen
	if len(fragment) < blockLen+least || len(fragment)%blockLen != 0 {
		return nil, errBadRecord
	}
	body := fragment[blockLen:]
	c.mode.SetIV(fragment[:blockLen])
	c.mode.CryptBlocks(body, body)
	length, good := unpad(body)
	putAdditional(&c.extra, seq, contentType, length)
	want, err := c.mac.sumSecret(c.extra[:], body, length)
	if err != nil {
		return nil, err
	}
	var got [sm3.Size]byte
	copySecret(&got, body, length)
	good &= subtle.ConstantTimeCompare(want, got[:])
	if good != 1 {
		return nil, errBadRecord
	}
	return body[:length], nil
}

// unpad returns the length of the content before MAC and padding, and 1 where the
// padding is right. For wrong padding the length is that of a record with one octet
// of it, so that what follows takes the same time.
func unpad(body []byte) (length, good int) {
	pad := int(body[len(body)-1])
	good = subtle.ConstantTimeLessOrEq(pad+1+sm3.Size, len(body))
	for i := range min(256, len(body)) { // the last octet is i = 0
		inside := subtle.ConstantTimeLessOrEq(i, pad)
		equal := subtle.ConstantTimeByteEq(body[len(body)-1-i], byte(pad))
		good &= equal | (inside ^ 1)
	}
	pad = subtle.ConstantTimeSelect(good, pad, 0)
	return len(body) - 1 - pad - sm3.Size, good
}

// copySecret copies the MAC that starts at the secret offset, in a time that depends
// only on the length of body.
func copySecret(mac *[sm3.Size]byte, body []byte, offset int) {
	first := max(0, len(body)-sm3.Size-256)
	var rotated [sm3.Size]byte
	for i := first; i < len(body); i++ {
		inside := subtle.ConstantTimeLessOrEq(offset, i) & (subtle.ConstantTimeLessOrEq(offset+sm3.Size, i) ^ 1)
		rotated[(i-first)%sm3.Size] |= body[i] & byte(-inside)
	}
	shift := (offset - first) % sm3.Size // 32 is a power of two: no division by a secret
	for bit := 1; bit < sm3.Size; bit <<= 1 {
		turned := rotated
		for i := range rotated {
			turned[i] = rotated[(i+bit)%sm3.Size]
		}
		subtle.ConstantTimeCopy(subtle.ConstantTimeEq(int32(shift&bit), int32(bit)), rotated[:], turned[:])
	}
	*mac = rotated
}
