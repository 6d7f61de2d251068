package kmc

import (
	"crypto"
	"crypto/sha256"
	"encoding/binary"
	"time"
	"unicode"
	"unicode/utf8"

	"onecert/audit"
	"onecert/pki"
)

// What an order may hold, in octets.
const (
	maxID     = 200
	maxReason = 1000
	maxSPKI   = 2048
)

// newStep begins a touch that will be entered as done.
func newStep(act audit.Act) *step {
	act.Result, act.Detail = audit.Done, map[string]string{}
	return &step{act: act}
}

// checkOrder judges an order at the border and returns the recipient's key.
func checkOrder(o pki.KeyOrder) (crypto.PublicKey, error) {
	switch {
	case !plainText(o.Application, maxID):
		return nil, errOrder("the application's id is not 1 to %d octets of plain text", maxID)
	case !plainText(o.Holder, maxID):
		return nil, errOrder("the holder's id is not 1 to %d octets of plain text", maxID)
	case o.Suite.Family() == "":
		return nil, errOrder("the suite of the pair is not one of ours")
	case !o.NotBefore.Before(o.NotAfter):
		return nil, errOrder("the validity ends before it begins")
	case !writableTime(o.NotBefore) || !writableTime(o.NotAfter):
		return nil, errOrder("the validity is outside the years 1970 to 9999")
	}
	if err := checkCertNo(o.CertNo); err != nil {
		return nil, err
	}
	return checkRecipient(o.Suite, o.Recipient)
}

func checkRestore(r pki.KeyRestore) (crypto.PublicKey, error) {
	switch {
	case !plainText(r.Holder, maxID):
		return nil, errOrder("the holder's id is not 1 to %d octets of plain text", maxID)
	case r.Reason != "" && !plainText(r.Reason, maxReason):
		return nil, errOrder("the reason is not plain text of at most %d octets", maxReason)
	}
	if err := checkCertNo(r.CertNo); err != nil {
		return nil, err
	}
	return checkRecipient("", r.Recipient)
}

func checkCertNo(certNo pki.Serial) error {
	if serial, err := pki.ParseSerial(string(certNo)); err != nil || serial != certNo {
		return errOrder("the certificate number is not a serial in its canonical form")
	}
	return nil
}

// checkRecipient reads the key the answer is to be sealed to. pair is the suite of
// the pair, "" where it is not known yet.
func checkRecipient(pair pki.Suite, spki []byte) (crypto.PublicKey, error) {
	if len(spki) > maxSPKI {
		return nil, errRecipient()
	}
	public, err := pki.ParsePublicKey(spki)
	if err != nil {
		return nil, errRecipient().Because(err)
	}
	if pair == "" {
		return public, nil
	}
	return public, fits(pair, public)
}

// fits refuses a recipient no form of envelope exists for: a pair goes to a key of
// its own kind, national to national and international to international.
func fits(pair pki.Suite, recipient crypto.PublicKey) error {
	suite, err := pki.SuiteOf(recipient)
	if err != nil {
		return err
	}
	if (pair == pki.SM2) != (suite == pki.SM2) {
		return pki.Errorf(pki.Invalid, codeRecipient, "a %s pair is not sealed to a %s key", pair, suite).
			To("make an SM2 signing key for an SM2 pair, an RSA or ECDSA one for the others")
	}
	return nil
}

func errRecipient() *pki.Error {
	return pki.Errorf(pki.Invalid, codeRecipient, "the key to seal to is not a public key of an accepted kind").
		To("send the SubjectPublicKeyInfo of the holder's signing key: SM2, RSA, P-256 or P-384")
}

func errOrder(wrong string, args ...any) *pki.Error {
	return pki.Errorf(pki.Invalid, codeOrder, wrong, args...).To("correct the order and send it again")
}

// plainText accepts 1 to max octets of UTF-8 without control characters: what both
// engines store and a ledger can show.
func plainText(text string, max int) bool {
	if text == "" || len(text) > max || !utf8.ValidString(text) {
		return false
	}
	for _, r := range text {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return false
		}
	}
	return true
}

func writableTime(t time.Time) bool { return t.Year() >= 1970 && t.Year() <= 9999 }

// digestOf is what makes two orders of one application the same: who gets what. The
// number and the times are not in it: a CA that was stopped before it stored anything
// comes again with a new number, later, and has to be given the pair of the first time.
func digestOf(o pki.KeyOrder) []byte {
	h := sha256.New()
	for _, part := range [][]byte{[]byte("onecert kmc order 2"), []byte(o.Application), []byte(o.Suite), o.Recipient, []byte(o.Holder)} {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(part))))
		h.Write(part)
	}
	return h.Sum(nil)
}
