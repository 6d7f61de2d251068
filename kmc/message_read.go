package kmc

import (
	"encoding/hex"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"onecert/pki"
)

// readSigned takes CARequest or KMRespond apart. The signature is not verified.
func readSigned(der []byte) (*signedMessage, error) {
	if len(der) > maxMessage {
		return nil, pki.Errorf(pki.Invalid, codeMalformed, "the message is larger than %d octets", maxMessage).
			To("divide its operations among messages")
	}
	input := cryptobyte.String(der)
	var outer, body, signature cryptobyte.String
	if !input.ReadASN1(&outer, cbasn1.SEQUENCE) || !input.Empty() || !outer.ReadASN1Element(&body, cbasn1.SEQUENCE) {
		return nil, errMalformed()
	}
	algorithm, ok := readAlgorithm(&outer)
	if !ok || !outer.ReadASN1(&signature, cbasn1.OCTET_STRING) || !outer.Empty() {
		return nil, errMalformed()
	}
	if !algorithm.Equal(pki.OIDSM2WithSM3) && !algorithm.Equal(pki.OIDSM2Sign) && !algorithm.Equal(pki.OIDSM2) {
		return nil, errAlgorithm()
	}
	return &signedMessage{body, derSignature(signature)}, nil
}

// derSignature turns the 64 octets r‖s, which some read in the standard, into DER.
// A DER SM2Signature of exactly 64 octets would need r and s short by three octets
// each: of 2^48 signatures one.
func derSignature(signature []byte) []byte {
	if len(signature) != 64 {
		return signature
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1BigInt(new(big.Int).SetBytes(signature[:32]))
		b.AddASN1BigInt(new(big.Int).SetBytes(signature[32:]))
	})
	return b.BytesOrPanic()
}

// readRequest reads KSRequest strictly, with the dialects of the decision page.
func readRequest(der []byte) (*request, error) {
	r := &request{}
	list, err := readBody(der, &r.ca, &r.at, &r.task)
	if err != nil {
		return nil, err
	}
	for !list.Empty() {
		var o operation
		if len(r.operations) == maxOperations {
			return nil, errOperations()
		}
		if err := o.read(&list); err != nil {
			return nil, err
		}
		r.operations = append(r.operations, o)
	}
	if len(r.operations) == 0 {
		return nil, errOperations()
	}
	return r, nil
}

// readRespond reads KSRespond likewise.
func readRespond(der []byte) (*respond, error) {
	r := &respond{}
	list, err := readBody(der, &r.kmc, &r.at, &r.task)
	if err != nil {
		return nil, err
	}
	for !list.Empty() {
		var a answer
		if len(r.answers) == maxOperations {
			return nil, errOperations()
		}
		if !a.read(&list) {
			return nil, errMalformed()
		}
		r.answers = append(r.answers, a)
	}
	if len(r.answers) == 0 {
		return nil, errOperations()
	}
	return r, nil
}

// readBody reads what KSRequest and KSRespond have in common and returns their list.
func readBody(der []byte, who *entity, at *time.Time, task *pki.Serial) (list cryptobyte.String, err error) {
	input := cryptobyte.String(der)
	var body cryptobyte.String
	var version int64
	if !input.ReadASN1(&body, cbasn1.SEQUENCE) || !input.Empty() || !body.ReadASN1Integer(&version) {
		return nil, errMalformed()
	}
	if version != 1 {
		return nil, errVersion()
	}
	if err := who.read(&body); err != nil {
		return nil, err
	}
	if !body.ReadASN1(&list, cbasn1.SEQUENCE) || !body.ReadASN1GeneralizedTime(at) ||
		!readNumber(&body, task, true) || !body.Empty() {
		return nil, errMalformed()
	}
	return list, nil
}

// readNumber reads a non-negative INTEGER of at most 20 octets; 0 only where zero.
func readNumber(input *cryptobyte.String, number *pki.Serial, zero bool) bool {
	n := new(big.Int)
	if !input.ReadASN1Integer(n) || n.Sign() < 0 || n.Sign() == 0 && !zero || n.BitLen() > 8*pki.SerialOctets {
		return false
	}
	*number = pki.Serial(hex.EncodeToString(n.Bytes()))
	if n.Sign() == 0 {
		*number = "00"
	}
	return true
}

func (e *entity) read(input *cryptobyte.String) error {
	var who, name, hash cryptobyte.String
	var tag cbasn1.Tag
	if !input.ReadASN1(&who, cbasn1.SEQUENCE) {
		return errMalformed()
	}
	algorithm, ok := readAlgorithm(&who)
	if !ok || !who.ReadAnyASN1Element(&name, &tag) || !generalName(tag) || len(name) > maxName ||
		!who.ReadASN1(&hash, cbasn1.OCTET_STRING) || !readNumber(&who, &e.serial, false) || !who.Empty() {
		return errMalformed()
	}
	if !algorithm.Equal(pki.OIDSM3) {
		return errAlgorithm()
	}
	if len(hash) != 32 {
		return errMalformed()
	}
	e.name, e.keyHash = name, hash
	return nil
}

// generalName accepts the tags of GeneralName (RFC 5280 4.2.1.6), [0] to [8].
func generalName(tag cbasn1.Tag) bool {
	for n := uint8(0); n <= 8; n++ {
		if tag == tagged(n) || tag == cbasn1.Tag(n).ContextSpecific() {
			return true
		}
	}
	return false
}

// readArm reads one CHOICE arm under an IMPLICIT or an EXPLICIT tag. An EXPLICIT
// body is exactly one SEQUENCE; no IMPLICIT one is: each has more elements than one
// or begins with an INTEGER.
func readArm(list *cryptobyte.String) (n int, content cryptobyte.String, ok bool) {
	var tag cbasn1.Tag
	if !list.ReadAnyASN1(&content, &tag) {
		return 0, nil, false
	}
	for n = 0; n < 4 && tag != tagged(uint8(n)); n++ {
	}
	rest := content
	var inner cryptobyte.String
	if rest.ReadASN1(&inner, cbasn1.SEQUENCE) && rest.Empty() {
		content = inner
	}
	return n, content, true
}

func (o *operation) read(list *cryptobyte.String) error {
	n, content, ok := readArm(list)
	if !ok {
		return errMalformed()
	}
	switch n {
	case 0:
		o.apply = &applyKey{}
		return o.apply.read(content)
	case 1:
		o.restore = &restoreKey{}
		ok = o.restore.read(content)
	case 2:
		o.revoke = &revokeKey{}
		ok = o.revoke.read(content)
	default:
		ok = false
	}
	if !ok {
		return errMalformed()
	}
	return nil
}

func (a *applyKey) read(input cryptobyte.String) (err error) {
	if a.suite, err = readKeyType(&input); err != nil {
		return err
	}
	var user, recipient cryptobyte.String
	if !a.protect.read(&input) || !input.ReadASN1(&user, cbasn1.SEQUENCE) || !input.Empty() ||
		!readNumber(&user, &a.certNo, false) || !user.ReadASN1Element(&recipient, cbasn1.SEQUENCE) ||
		!user.ReadASN1GeneralizedTime(&a.notBefore) || !user.ReadASN1GeneralizedTime(&a.notAfter) ||
		!readOptional(&user, 0, &a.userName) || !readOptional(&user, 1, &a.region) ||
		!readOptional(&user, 2, &a.extend) || !user.Empty() {
		return errMalformed()
	}
	a.recipient = recipient
	return nil
}

func (r *restoreKey) read(input cryptobyte.String) bool {
	var recipient cryptobyte.String
	ok := r.protect.read(&input) && readNumber(&input, &r.certNo, false) &&
		input.ReadASN1Element(&recipient, cbasn1.SEQUENCE) &&
		readOptional(&input, 0, &r.userName) && readOptional(&input, 2, &r.extend) && input.Empty()
	r.recipient = recipient
	return ok
}

func (r *revokeKey) read(input cryptobyte.String) bool {
	return readNumber(&input, &r.certNo, false) && input.Empty()
}

// readOptional reads an optional text under [tag]: EXPLICIT or IMPLICIT, an OCTET
// STRING or a character string, or a SEQUENCE of exactly one such string.
func readOptional(input *cryptobyte.String, tag uint8, octets *[]byte) bool {
	var content cryptobyte.String
	if input.PeekASN1Tag(cbasn1.Tag(tag).ContextSpecific()) { // IMPLICIT
		return input.ReadASN1(&content, cbasn1.Tag(tag).ContextSpecific()) && setText(octets, content)
	}
	if !input.PeekASN1Tag(tagged(tag)) {
		return true
	}
	return input.ReadASN1(&content, tagged(tag)) && readText(&content, octets) && content.Empty()
}

func readText(input *cryptobyte.String, octets *[]byte) bool {
	var content cryptobyte.String
	var tag cbasn1.Tag
	if !input.ReadAnyASN1(&content, &tag) {
		return false
	}
	if tag == cbasn1.SEQUENCE {
		list := content
		if !list.ReadAnyASN1(&content, &tag) || !list.Empty() {
			return false
		}
	}
	switch tag {
	case cbasn1.OCTET_STRING, cbasn1.UTF8String, cbasn1.IA5String, cbasn1.PrintableString:
		return setText(octets, content)
	}
	return false
}

func setText(octets *[]byte, content []byte) bool {
	*octets = append([]byte{}, content...)
	return len(content) <= maxText
}
