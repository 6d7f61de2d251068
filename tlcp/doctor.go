package tlcp

import (
	"crypto/ecdsa"
	"encoding/binary"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
)

// verifySignature checks an SM2 signature over a message. z is the key's with the
// default user id (GB/T 32918.2 5.5), which of a peer that returns is known.
func verifySignature(key *ecdsa.PublicKey, z, message, signature []byte) bool {
	digest := sm3.New()
	digest.Write(z)
	digest.Write(message)
	return sm2.VerifyASN1(key, digest.Sum(make([]byte, 0, sm3.Size)), signature)
}

// whatFits looks for what a wrong signature would be right for, after it was refused:
// the ways other programs are known to sign. It returns "" where nothing fits.
func whatFits(key *ecdsa.PublicKey, message, signature, messages []byte) string {
	if len(signature) < 8 || signature[0] != 0x30 {
		return "the signature is not a DER sequence of two numbers"
	}
	tries := []struct {
		digest [sm3.Size]byte
		says   string
	}{
		{identified(key, "", message), "the signature would be right for an empty user id in place of 1234567812345678"},
		{identified(key, "TLSv1.3+GM+Cipher+Suite", message), "the signature would be right for the user id of TLS 1.3 (RFC 8998) in place of 1234567812345678"},
		{sm3.Sum(message), "the signature would be right without user id and Z"},
		{identified(key, "1234567812345678", messages), "the signature would be right over the messages in place of their SM3 hash, as GmSSL signs"},
	}
	for _, try := range tries {
		if sm2.VerifyASN1(key, try.digest[:], signature) {
			return try.says
		}
	}
	return "it fits no user id and no form that is known"
}

// The parameters of the curve in Z (GB/T 32918.5): a, b, G.
const curveParameters = "\xff\xff\xff\xfe\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xfc" +
	"\x28\xe9\xfa\x9e\x9d\x9f\x5e\x34\x4d\x5a\x9e\x4b\xcf\x65\x09\xa7\xf3\x97\x89\xf5\x15\xab\x8f\x92\xdd\xbc\xbd\x41\x4d\x94\x0e\x93" +
	"\x32\xc4\xae\x2c\x1f\x19\x81\x19\x5f\x99\x04\x46\x6a\x39\xc9\x94\x8f\xe3\x0b\xbf\xf2\x66\x0b\xe1\x71\x5a\x45\x89\x33\x4c\x74\xc7" +
	"\xbc\x37\x36\xa2\xf4\xf6\x77\x9c\x59\xbd\xce\xe3\x6b\x69\x21\x53\xd0\xa9\x87\x7c\xc6\x2a\x47\x40\x02\xdf\x32\xe5\x21\x39\xf0\xa0"

// identified is e = SM3(Z ‖ message) for any user id, the empty one too, which gmsm
// takes for the default (GB/T 32918.2 5.5).
func identified(key *ecdsa.PublicKey, id string, message []byte) [sm3.Size]byte {
	z := binary.BigEndian.AppendUint16(nil, uint16(len(id)*8))
	z = append(z, id...)
	z = append(z, curveParameters...)
	if point, err := sm2.PublicKeyToECDH(key); err == nil { // always: keys come from certificates that were parsed
		z = append(z, point.Bytes()[1:]...)
	}
	sum := sm3.Sum(z)
	return sm3.Sum(append(sum[:], message...))
}
