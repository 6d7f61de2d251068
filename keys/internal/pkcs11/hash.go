package pkcs11

import (
	"crypto"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
)

// hashName is what a hash is called: its DigestInfo up to the digest (RFC 8017
// 9.2, note 1), its mechanism and its mask generation function.
type hashName struct {
	prefix         []byte
	mechanism, mgf ulong
}

// hashNames knows the hashes signatures are made with.
func hashNames(hash crypto.Hash) (hashName, bool) {
	prefix := func(arc, size byte) []byte {
		return []byte{0x30, 0x11 + size, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, arc, 0x05, 0x00, 0x04, size}
	}
	switch hash {
	case crypto.SHA256:
		return hashName{prefix(1, 32), ckmSHA256, ckgSHA256}, true
	case crypto.SHA384:
		return hashName{prefix(2, 48), ckmSHA384, ckgSHA384}, true
	case crypto.SHA512:
		return hashName{prefix(3, 64), ckmSHA512, ckgSHA512}, true
	}
	return hashName{}, false
}

// addUnsigned writes big-endian octets as a DER INTEGER: leading zeros go, and one
// comes where the top bit is set.
func addUnsigned(b *cryptobyte.Builder, octets []byte) {
	b.AddASN1BigInt(new(big.Int).SetBytes(octets))
}
