package trustlist

import (
	"bytes"
	"encoding/pem"
	"net/url"
	"regexp"
	"slices"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/pki"
)

var rowName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,30}$`)

// IsName says whether a list or a CA may be called so.
func IsName(text string) bool { return rowName.MatchString(text) }

func invalid(at, format string, args ...any) *pki.Error {
	e := refused("trustlist.content", format, args...)
	e.Wrong = at + ": " + e.Wrong
	return e
}

// Check refuses a list that nobody should sign or follow. Errors: trustlist.format,
// trustlist.content.
func (l *List) Check() error {
	switch {
	case l.Format != Format:
		return refused("trustlist.format", "the list is not of the format %s", Format).To("write that into the field format")
	case !IsName(l.Name):
		return invalid("name", "%.40q is no name", l.Name).To("use at most 31 small letters, digits and hyphens")
	case l.Number < 1:
		return invalid("number", "it is not positive").To("begin with 1 and add 1 for each list")
	case l.Issued.IsZero() || !l.Ends.After(l.Issued) || l.Ends.Sub(l.Issued) > maxLife:
		return invalid("ends", "it is not within %d days after issued", int(maxLife.Hours()/24)).To("say when the next list comes at the latest")
	case len(l.CAs) > maxCAs:
		return invalid("cas", "there are more than %d", maxCAs)
	case len(l.Publisher) > 400:
		return invalid("publisher", "it is too long")
	}
	seen := map[string]bool{}
	for _, ca := range l.CAs {
		if !IsName(ca.Name) || seen[ca.Name] {
			return invalid("cas", "%.40q is no name or stands there twice", ca.Name).To("use at most 31 small letters, digits and hyphens, each name once")
		}
		seen[ca.Name] = true
		if err := ca.check("cas[" + ca.Name + "]"); err != nil {
			return err
		}
	}
	return nil
}

func (c *CA) check(at string) error {
	if n, ok := certificates(c.Anchors); !ok || n == 0 {
		return invalid(at+".anchors", "it is not a sequence of PEM certificates").To("give the root, or the CA certificate to trust")
	}
	if _, ok := certificates(c.Intermediates); !ok {
		return invalid(at+".intermediates", "it is not a sequence of PEM certificates")
	}
	if c.Level < 0 || c.Level > 9 || len(c.Title) > 400 {
		return invalid(at+".level", "it is not between 0 and 9, or the title is too long")
	}
	for _, use := range c.Uses {
		if !slices.Contains([]string{"login", "sign", "seal", "timestamp", "vpn"}, use) {
			return invalid(at+".uses", "%.32q is no use", use).To("use login, sign, seal, timestamp or vpn")
		}
	}
	for _, s := range c.Revocation {
		if err := s.check(at + ".revocation"); err != nil {
			return err
		}
	}
	return nil
}

func (s *Source) check(at string) error {
	if !IsName(s.Name) {
		return invalid(at, "%.40q is no name", s.Name).To("use at most 31 small letters, digits and hyphens")
	}
	at += "[" + s.Name + "]"
	for _, span := range []string{s.Every, s.MaxAge} {
		if _, err := time.ParseDuration(span); span != "" && err != nil {
			return invalid(at, "%.32q is no time span", span).To("write it as 90s, 15m or 24h")
		}
	}
	address, err := url.Parse(s.URL)
	if err != nil || address.User != nil {
		return invalid(at+".url", "it is no address, or has a password in it")
	}
	schemes := map[string][]string{"crl": {"http", "https", "ldap", "ldaps"}, "ocsp": {"", "http", "https"}, "upload": {""}}[s.Kind]
	if !slices.Contains(schemes, address.Scheme) {
		return invalid(at, "the kind is none of crl, ocsp and upload, or the address does not fit it").
			To("a list of others may name no file of the reader's machine, and cannot say that revocation does not matter")
	}
	return nil
}

// certificates counts those of PEM text; ok is false where there is anything else.
func certificates(text string) (n int, ok bool) {
	for rest := []byte(text); len(bytes.TrimSpace(rest)) > 0; n++ {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil || block.Type != "CERTIFICATE" {
			return n, false
		}
		if c, err := smx509.ParseCertificate(block.Bytes); err != nil || !c.IsCA {
			return n, false
		}
	}
	return n, true
}
