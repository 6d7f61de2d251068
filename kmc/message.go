package kmc

import (
	"time"

	"onecert/pki"
)

// What a message may hold. A request of 256 operations for RSA pairs is 200 KiB;
// more than that comes from nobody we serve.
const (
	maxMessage    = 256 << 10 // octets
	maxOperations = 256
	maxText       = 1024 // octets of userName, dsCode, extendInfo, errDesc
	maxName       = 4096 // octets of an entName
)

// entity is EntName: who speaks, by name, key and certificate number.
type entity struct {
	name    []byte     // GeneralName, DER; compared, never interpreted
	keyHash []byte     // SM3 of the SubjectPublicKeyInfo
	serial  pki.Serial // of the certificate the message key stands in
}

// request is KSRequest (GM/T 0014-2012 5.2).
type request struct {
	ca         entity
	operations []operation
	at         time.Time
	task       pki.Serial // any non-negative INTEGER up to 20 octets
}

// operation is Request: exactly one of the three is set.
type operation struct {
	apply   *applyKey
	restore *restoreKey
	revoke  *revokeKey
}

// protection is how the asker wants the private key sealed.
type protection struct {
	asymmetric, symmetric, hash pki.OID
}

// applyKey is ApplyKeyReq with its AppUserInfo.
type applyKey struct {
	suite               pki.Suite // appKeyType and appKeyLen
	protect             protection
	certNo              pki.Serial
	recipient           []byte // userPubKey, SPKI
	notBefore, notAfter time.Time
	userName            []byte // [0]: we write the holder's id
	region              []byte // [1]
	extend              []byte // [2]: we write the application's id
}

// restoreKey is RestoreKeyReq. userName and extend are ours: the standard's five
// fields have no place for whose key it is and why it is wanted.
type restoreKey struct {
	protect   protection
	certNo    pki.Serial
	recipient []byte
	userName  []byte // [0]: the holder's id
	extend    []byte // [2]: the reason
}

// revokeKey is RevokeKeyReq and RevokeKeyRespond.
type revokeKey struct{ certNo pki.Serial }

// respond is KSRespond.
type respond struct {
	kmc     entity
	answers []answer
	at      time.Time
	task    pki.Serial
}

// answer is Respond: exactly one of the four is set.
type answer struct {
	apply   *returnedKey
	restore *returnedKey
	revoke  *revokeKey
	failed  *failure
}

// returnedKey is RetKeyRespond.
type returnedKey struct {
	certNo    pki.Serial
	publicKey []byte // SPKI
	sealed    []byte // SignedAndEnvelopedData without ContentInfo, DER
}

// failure is ErrorPkgRespond.
type failure struct {
	number int
	text   []byte
}

// signedMessage is CARequest and KMRespond, which have one shape.
type signedMessage struct {
	body      []byte // DER of KSRequest or KSRespond: what is signed
	signature []byte // DER SM2Signature
}

// Refusals of a message as such, before anything in it is done.

func errMalformed() *pki.Error {
	return pki.Errorf(pki.Invalid, codeMalformed, "the message is not one of GM/T 0014-2012 in DER").
		To("compare it with vectors/kmc")
}

func errAlgorithm() *pki.Error {
	return pki.Errorf(pki.Invalid, codeAlgorithm, "the message names an algorithm that is not supported here").
		To("see docs/decisions on the KM protocol for what is read")
}

func errVersion() *pki.Error {
	return pki.Errorf(pki.Invalid, codeVersion, "the message's version is not 1").To("use GM/T 0014-2012")
}

func errOperations() *pki.Error {
	return pki.Errorf(pki.Invalid, codeOperations, "a message holds 1 to %d operations", maxOperations).
		To("divide them among messages")
}
