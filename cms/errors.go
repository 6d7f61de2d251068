package cms

import "onecert/pki"

// The refusals. Everything after the first use of a private key that is not the
// mismatch of a pair answers errOpen and no more: a finer answer would tell a
// stranger about the decrypted octets.

func errFormat(what string) *pki.Error {
	return pki.Errorf(pki.Invalid, "envelope.format", "the %s is malformed", what).
		To("ask its sender for a new one; 'openssl asn1parse' shows where it breaks")
}

func errSize(what string, limit int) *pki.Error {
	return pki.Errorf(pki.Invalid, "envelope.size", "the %s is larger than %d octets", what, limit)
}

func errAlgorithm(what string) *pki.Error {
	return pki.Errorf(pki.Invalid, "envelope.algorithm", "the %s uses an algorithm that is not supported here", what).
		To("ask its sender for SM2 with SM4, or RSA PKCS#1 v1.5 or ECDH with AES-CBC")
}

func errOpen(what string) *pki.Error {
	return pki.Errorf(pki.Forbidden, "envelope.open", "the %s does not open with this key", what).
		To("use the key it was made for; if it is that key, the message is damaged")
}

func errMismatch(what string) *pki.Error {
	return pki.Errorf(pki.Invalid, "envelope.mismatch", "the private key in the %s does not belong to its public key", what).
		To("do not use it; report it to the key management centre")
}

func errRecipient(why string) *pki.Error {
	return pki.Errorf(pki.Invalid, "envelope.recipient", "the recipient is wrong: %s", why)
}
