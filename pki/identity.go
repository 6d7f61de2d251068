package pki

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Kinds of identity document.
const (
	Resident   = "resident"    // 居民身份证, GB 11643
	Military   = "military"    // 军官证
	Passport   = "passport"    // 护照
	CreditCode = "credit-code" // 统一社会信用代码, GB 32100
)

// NormalIdentity brings a document's number into the one spelling it is hashed in,
// so that one person is one holder however the number was typed: full-width forms
// folded, separators dropped, letters large. Resident numbers and credit codes must
// have their check character; passports and military cards have none.
func NormalIdentity(kind, number string) (string, error) {
	plain := plainNumber(number)
	wrong := Errorf(Invalid, "identity.number", "the number is not one of a %.20s document", kind)
	switch kind {
	case Resident:
		if !ResidentNumber(plain) {
			return "", wrong.To("check its 18 characters; the last one is a check character")
		}
	case CreditCode:
		if !SocialCreditCode(plain) {
			return "", wrong.To("check its 18 characters; the last one is a check character")
		}
	case Military, Passport:
		if len(plain) < 4 || len(plain) > 32 {
			return "", wrong.To("give the number as it stands in the document")
		}
	default:
		return "", Errorf(Invalid, "identity.kind", "%.20q is not a kind of identity document", kind).
			To("use resident, military, passport or credit-code")
	}
	return plain, nil
}

// plainNumber keeps letters and digits, large, in their ordinary form.
func plainNumber(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9':
			return r
		case unicode.IsDigit(r):
			return '0' + digitValue(r)
		case unicode.IsLetter(r):
			return unicode.ToUpper(r)
		}
		return -1
	}, norm.NFKC.String(text))
}

// digitZeros are the zeros of the scripts whose digits a keyboard can produce here;
// NFKC has folded full-width and circled ones before.
const digitZeros = "٠۰߀०๐༠၀០᠐"

func digitValue(r rune) rune {
	for _, zero := range digitZeros {
		if r >= zero && r <= zero+9 {
			return r - zero
		}
	}
	return 0 // of a script not listed: it makes no valid number, and is no reason to fail
}

// ResidentNumber checks form and check character of a resident identity number
// (GB 11643-1999: 17 digits and ISO 7064 MOD 11-2).
func ResidentNumber(number string) bool {
	if len(number) != 18 {
		return false
	}
	sum := 0
	for i := range 17 {
		if number[i] < '0' || number[i] > '9' {
			return false
		}
		sum = (sum + int(number[i]-'0')) * 2 % 11
	}
	return number[17] == "10X98765432"[sum]
}

// SocialCreditCode checks form and check character of a unified social credit code
// (GB 32100-2015: base 31 without I, O, S, V, Z; weights 3^i mod 31).
func SocialCreditCode(code string) bool {
	const digits = "0123456789ABCDEFGHJKLMNPQRTUWXY"
	if len(code) != 18 {
		return false
	}
	sum, weight := 0, 1
	for i := range 17 {
		value := strings.IndexByte(digits, code[i])
		if value < 0 {
			return false
		}
		sum, weight = (sum+value*weight)%31, weight*3%31
	}
	return code[17] == digits[(31-sum)%31]
}

// HidesIdentity reports whether a text holds what could be a resident identity
// number, however it is broken up: 18 characters with a date of birth and the right
// check character, or fifteen digits of the old form. Longer runs of digits are
// other numbers.
func HidesIdentity(text string) bool {
	plain := plainNumber(text)
	for i := 0; i+18 <= len(plain); i++ {
		alone := (i == 0 || !isDigit(plain[i-1])) && (i+18 == len(plain) || !isDigit(plain[i+18]))
		if alone && ResidentNumber(plain[i:i+18]) && century(plain[i+6:i+8]) && date(plain[i+10:i+14]) {
			return true
		}
	}
	return oldNumber(plain)
}

func century(text string) bool { return text == "19" || text == "20" }

// date checks month and day as far as a shape goes.
func date(text string) bool {
	return text[:2] >= "01" && text[:2] <= "12" && text[2:] >= "01" && text[2:] <= "31"
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// oldNumber finds a run of exactly fifteen digits whose middle is a date (GB 11643-1989).
func oldNumber(plain string) bool {
	run := 0
	for i := 0; i <= len(plain); i++ {
		if i < len(plain) && isDigit(plain[i]) {
			run++
			continue
		}
		if run == 15 && date(plain[i-7:i-3]) {
			return true
		}
		run = 0
	}
	return false
}
