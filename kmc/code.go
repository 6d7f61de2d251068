package kmc

import (
	"bytes"
	"errors"
	"strings"
	"unicode/utf8"

	"onecert/pki"
)

// Codes of the errors of this room. Each has its number below.
const (
	codeMalformed  = "km.malformed"
	codeVersion    = "km.version"
	codeOperations = "km.operations"
	codeAlgorithm  = "km.algorithm"
	codeOrder      = "km.order"
	codeRecipient  = "km.recipient"
	codeStranger   = "km.stranger"
	codeSignature  = "km.signature"
	codeClock      = "km.time"
	codeOwner      = "km.holder"
	codeProof      = "km.certificate"

	codeInvestigator = "km.investigator"

	codeNoKey     = "km.no-key"
	codeReplay    = "km.replay"
	codeOther     = "km.other-order"
	codeCertNo    = "km.cert-no"
	codeAmbiguous = "km.ambiguous"
	codeDestroyed = "km.destroyed"
	codeKept      = "km.kept"
	codeInCase    = "km.in-case"
	codeNoCase    = "km.no-case"
	codeStore     = "km.store"
	codeMaking    = "km.making"
	codeClosed    = "km.closed"
	codeLeaseLost = "km.lease-lost"
	codeSealing   = "km.sealing"
	codeUnbuilt   = "km.not-implemented"

	// Of holders' signing keys, which no message of GM/T 0014 is about.
	codeNoSigningKey       = "km.no-signing-key"
	codeSigningLimit       = "km.signing-limit"
	codeTicket             = "km.ticket"
	codeAsker              = "km.asker"
	codeShown              = "km.shown"
	codeNoPassword         = "km.no-password"
	codePackageForm        = "km.package-form"
	codePackageCertificate = "km.package-certificate"
	codeTransportProof     = "km.proof"
	codeDelivered          = "km.delivered"
	codeWiped              = "km.wiped"
)

// numbers is our table of errNo (GM/T 0014-2012 names the field and, as far as we
// know, no values). The hundreds say what the asker may do and are the pki.Kind; a
// reader that does not know a number goes by them. Never reuse a number.
var numbers = []struct {
	number int
	code   string
}{
	{101, codeMalformed}, {102, codeVersion}, {103, codeOperations}, {104, codeAlgorithm},
	{105, codeOrder}, {106, codeRecipient},
	{201, codeStranger}, {202, codeSignature}, {203, codeClock}, {204, codeOwner}, {205, codeProof},
	{301, codeNoKey},
	{401, codeReplay}, {402, codeOther}, {403, codeCertNo}, {404, codeAmbiguous}, {405, codeDestroyed},
	{501, codeStore}, {502, "audit.unwritable"}, {503, codeMaking}, {504, codeClosed}, {505, codeSealing}, {506, codeLeaseLost},
	{601, codeUnbuilt},
}

// kindHundreds is the hundreds of errNo by pki.Kind.
var kindHundreds = map[pki.Kind]int{
	pki.Invalid: 100, pki.Forbidden: 200, pki.Unknown: 300, pki.Conflict: 400,
	pki.Unavailable: 500, pki.NotImplemented: 600, pki.Internal: 900,
}

// failureOf turns an error into ErrorPkgRespond: the number, and in errDesc three
// lines of UTF-8, code, what is wrong, what to do. Causes stay here.
func failureOf(err error) *failure {
	e, ok := errors.AsType[*pki.Error](err)
	if !ok {
		e = pki.Errorf(pki.Internal, "internal", "something failed in the key management centre").
			To("tell its operator the time and the task number")
	}
	number := kindHundreds[e.Kind]
	for _, n := range numbers {
		if n.code == e.Code {
			number = n.number
		}
	}
	text := strings.Join([]string{e.Code, oneLine(e.Wrong), oneLine(e.Remedy)}, "\n")
	return &failure{number, []byte(cut(text, maxText))}
}

func oneLine(text string) string { return strings.ReplaceAll(text, "\n", " ") }

// cut shortens text to at most max octets without dividing a character.
func cut(text string, max int) string {
	if len(text) <= max {
		return text
	}
	for max > 0 && !utf8.RuneStart(text[max]) {
		max--
	}
	return text[:max]
}

// err turns ErrorPkgRespond back into the error. A number that is not in our table
// keeps its kind; a foreign text becomes what is wrong.
func (f *failure) err() error {
	e := &pki.Error{Kind: pki.Internal, Code: "km.foreign"}
	for kind, hundreds := range kindHundreds {
		if f.number/100*100 == hundreds {
			e.Kind = kind
		}
	}
	for _, n := range numbers {
		if n.number == f.number {
			e.Code = n.code
		}
	}
	lines := bytes.Split(f.text, []byte("\n"))
	if len(lines) == 3 && codeLike(lines[0]) {
		e.Code, e.Wrong, e.Remedy = string(lines[0]), plain(lines[1]), plain(lines[2])
		return e
	}
	if e.Wrong = plain(f.text); e.Wrong == "" {
		e.Wrong = "the key management centre refused without saying why"
	}
	e.Remedy = "look the number of the error up in the manual of the key management centre"
	return e
}

// codeLike tells a code of ours from foreign text.
func codeLike(text []byte) bool {
	for _, c := range text {
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '.' || c == '-') {
			return false
		}
	}
	return len(text) > 0 && len(text) <= 64
}

// plain makes foreign text fit to show: UTF-8 without control characters.
func plain(text []byte) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == utf8.RuneError || r >= 0x80 && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return -1
		}
		return r
	}, string(text))
}
