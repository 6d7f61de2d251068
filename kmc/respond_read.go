package kmc

import (
	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

func (a *answer) read(list *cryptobyte.String) bool {
	n, content, ok := readArm(list)
	switch {
	case !ok:
		return false
	case n == 0:
		a.apply = &returnedKey{}
		return a.apply.read(content)
	case n == 1:
		a.restore = &returnedKey{}
		return a.restore.read(content)
	case n == 2:
		a.revoke = &revokeKey{}
		return a.revoke.read(content)
	case n == 3:
		a.failed = &failure{}
		return a.failed.read(content)
	}
	return false
}

func (k *returnedKey) read(input cryptobyte.String) bool {
	var public, sealed cryptobyte.String
	ok := readNumber(&input, &k.certNo, false) && input.ReadASN1Element(&public, cbasn1.SEQUENCE) &&
		input.ReadASN1Element(&sealed, cbasn1.SEQUENCE) && input.Empty()
	k.publicKey, k.sealed = public, sealed
	return ok
}

// read takes errNo as an INTEGER or a text of digits, and errDesc under [0], as a
// bare string, or not at all: three implementations write three forms.
func (f *failure) read(input cryptobyte.String) bool {
	if !f.readErrNo(&input) {
		return false
	}
	if input.Empty() {
		return true
	}
	if input.PeekASN1Tag(tagged(0)) || input.PeekASN1Tag(cbasn1.Tag(0).ContextSpecific()) {
		return readOptional(&input, 0, &f.text) && input.Empty()
	}
	return readText(&input, &f.text) && input.Empty()
}

const maxErrNo = 1 << 30

func (f *failure) readErrNo(input *cryptobyte.String) bool {
	var number int64
	if input.PeekASN1Tag(cbasn1.UTF8String) {
		var digits cryptobyte.String
		if !input.ReadASN1(&digits, cbasn1.UTF8String) || len(digits) == 0 || len(digits) > 9 {
			return false
		}
		for _, c := range digits {
			if c < '0' || c > '9' {
				return false
			}
			number = 10*number + int64(c-'0')
		}
	} else if !input.ReadASN1Integer(&number) {
		return false
	}
	f.number = int(number)
	return number >= 0 && number <= maxErrNo
}
