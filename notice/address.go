package notice

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"onecert/pki"
)

// Address is where a mail goes.
type Address struct {
	Name string `json:"name,omitempty"` // of the person, for the header; may be missing
	At   string `json:"at"`             // local@domain
}

// Limits of RFC 5321 4.5.3.1, the path's less its brackets.
const (
	maxLocal   = 64
	maxAddress = 254
	maxName    = 64 // runes
)

var (
	atoms  = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$")
	labels = regexp.MustCompile(`^([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$`)
)

// ParseAddress reads "local@domain" or "Name <local@domain>". It takes less than
// RFC 5322 allows: no quoted local part, comment, route, address literal or letter
// beyond ASCII in the address itself (a domain in Chinese is written as xn--…). What
// mail systems read differently is what an address could be smuggled through.
func ParseAddress(text string) (Address, error) {
	text = strings.Trim(text, " \t")
	a := Address{At: text}
	if open := strings.LastIndexByte(text, '<'); open >= 0 && strings.HasSuffix(text, ">") {
		a.Name, a.At = strings.Trim(text[:open], " \t"), text[open+1:len(text)-1]
		if len(a.Name) >= 2 && a.Name[0] == '"' && a.Name[len(a.Name)-1] == '"' {
			a.Name = a.Name[1 : len(a.Name)-1]
		}
	}
	return a, a.check()
}

func (a Address) check() error {
	local, domain, _ := strings.Cut(a.At, "@")
	switch {
	case len(a.At) > maxAddress || len(local) > maxLocal:
		return badAddress("it is too long")
	case !atoms.MatchString(local) || !labels.MatchString(domain):
		return badAddress("it is not of the form local@domain")
	case utf8.RuneCountInString(a.Name) > maxName || !oneLine(a.Name) || strings.ContainsAny(a.Name, `<>"\`):
		return badAddress("its name is too long or has characters that stand in no name")
	}
	return nil
}

func badAddress(why string) error {
	return pki.Errorf(pki.Invalid, "notice.address", "the mail address is not right: %s", why).
		To("write it as name@example.cn, in letters, digits and the signs usual there")
}

// Masked is the address as lists and logs show it: its first letter and its domain.
func (a Address) Masked() string {
	local, domain, ok := strings.Cut(a.At, "@")
	if !ok || local == "" {
		return ""
	}
	return local[:1] + "***@" + domain
}

// String is Masked, so that an address does not slip into a log in full.
func (a Address) String() string { return a.Masked() }

// GoString is Masked too.
func (a Address) GoString() string { return a.Masked() }
