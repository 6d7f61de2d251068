package lint

// identityRules keep personal identity numbers out of certificates, because a
// published certificate cannot be taken back (design.md decision 13); read only.
var identityRules = []rule[certificate]{
	{"gbt20518.identity.extension", clauseClear, Error, Warning, checkIdentityExtension},
	{"gbt20518.identity.allowed", clauseClear, Warning, Warning, checkIdentityAllowed},
	{"gbt20518.identity.number", clauseClear, Error, Warning, checkIdentityNumber},
}

func (c *certificate) identityExtension() bool {
	return findExtension(c.extensions, oidIdentifyCode) != nil || findExtension(c.extensions, oidInsuranceNumber) != nil
}

func checkIdentityExtension(c *certificate) string {
	if !c.opts.IdentityNumber && c.identityExtension() {
		return "the certificate publishes a personal identity or social insurance number"
	}
	return ""
}

func checkIdentityAllowed(c *certificate) string {
	if c.opts.IdentityNumber && c.identityExtension() {
		return "the certificate publishes a personal identity or social insurance number, as its profile wants"
	}
	return ""
}

// checkIdentityNumber looks for resident identity numbers where they hide: in the
// subject, in alternative names and in extensions we do not know.
func checkIdentityNumber(c *certificate) string {
	for i := range c.subject.attributes {
		a := &c.subject.attributes[i]
		if hasIdentityNumber([]byte(a.text), organisational(a.oid)) {
			return "the subject's " + a.label() + " holds a resident identity number"
		}
	}
	for i := range c.extensions {
		e := &c.extensions[i]
		switch oid := string(e.oid); oid {
		case oidIdentifyCode, oidInsuranceNumber:
			continue // reported above
		case oidSubjectAltName:
		default:
			if knownExtension(e.oid) && oid != oidICRegistration && oid != oidOrganizationCode && oid != oidTaxationNumber {
				continue
			}
		}
		if hasIdentityNumber(e.value, organisational(e.oid)) {
			return "extension " + dotted(e.oid) + " holds a resident identity number"
		}
	}
	return ""
}

// organisational reports whether a place is made for an organisation's code, where
// eighteen digits are a unified social credit code unless its check digit says no.
func organisational(oid []byte) bool {
	switch string(oid) {
	case oidOrganizationCode, oidICRegistration, oidTaxationNumber, "\x55\x04\x61", "\x55\x04\x05":
		return true
	}
	return false
}

// hasIdentityNumber finds 18 characters that form a resident identity number
// (GB 11643: region, date of birth, sequence, check character) and are not part
// of a longer run of letters and digits, one leading type prefix ("SF") apart.
func hasIdentityNumber(text []byte, organisation bool) bool {
	for i := 0; i+18 <= len(text); i++ {
		window := text[i : i+18]
		if window[0] < '1' || window[0] > '8' || i > 0 && digit(text[i-1]) {
			continue
		}
		if i+18 < len(text) && letterDigit(text[i+18]) {
			continue
		}
		if residentNumber(window) && !(organisation && socialCreditCode(window)) {
			return true
		}
	}
	return false
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

// residentNumber checks date and check character (GB 11643-1999, ISO 7064 MOD 11-2).
func residentNumber(n []byte) bool {
	sum := 0
	for _, c := range n[:17] {
		if !digit(c) {
			return false
		}
		sum = (sum + int(c-'0')) * 2 % 11
	}
	year := string(n[6:8])
	month, day := int(n[10]-'0')*10+int(n[11]-'0'), int(n[12]-'0')*10+int(n[13]-'0')
	if year != "19" && year != "20" || month < 1 || month > 12 || day < 1 || day > 31 {
		return false
	}
	last := n[17]
	if last == 'x' {
		last = 'X'
	}
	return last == "10X98765432"[sum]
}

// socialCreditCode checks the check character of a unified social credit code
// (GB 32100-2015: base 31, weights 3^i).
func socialCreditCode(n []byte) bool {
	const digits = "0123456789ABCDEFGHJKLMNPQRTUWXY"
	sum, weight := 0, 1
	for i, c := range n {
		value := -1
		for j := range len(digits) {
			if digits[j] == c {
				value = j
			}
		}
		if value < 0 {
			return false
		}
		if i == 17 {
			return value == (31-sum)%31
		}
		sum = (sum + value*weight) % 31
		weight = weight * 3 % 31
	}
	return false
}
