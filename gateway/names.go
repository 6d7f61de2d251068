package gateway

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"onecert/pki"
)

var namePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)

func isName(text string) bool { return namePattern.MatchString(text) }

func field(list string, i int, name string) string { return fmt.Sprintf("%s[%d].%s", list, i, name) }

// within says where in the configuration an error of a piece belongs.
func within(where string, err error) error {
	if e, ok := errors.AsType[*pki.Error](err); ok {
		wrapped := *e
		wrapped.Wrong = where + ": " + e.Wrong
		return &wrapped
	}
	return fmt.Errorf("%s: %w", where, err)
}

// originOf returns the origin (RFC 6454) of an https address, in its plainest form.
func originOf(address string) (origin string, ok bool) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.User != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "" {
		return "", false
	}
	host, port, ok := hostOf(u.Host)
	if !ok {
		return "", false
	}
	return originAt(host, port), true
}

// originAt writes the origin of a host and a port; 443 is left out.
func originAt(host, port string) string {
	if port == "" || port == "443" {
		return "https://" + host
	}
	return "https://" + host + ":" + port
}

func noVersion(number int64) error {
	return pki.Errorf(pki.Unknown, "gateway.version", "there is no configuration with the number %d", number).To("list the versions")
}
