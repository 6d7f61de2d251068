package verify

import (
	"net/netip"
	"net/url"
	"strings"
)

// hostname reports whether a text is a DNS name in its ASCII form (RFC 1034 3.5 with
// the underscore that is met), with a wildcard as its whole first label at most.
func hostname(text string, wildcard bool) bool {
	if wildcard {
		text = strings.TrimPrefix(text, "*.")
	}
	if text == "" || len(text) > 253 {
		return false
	}
	for label := range strings.SplitSeq(text, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			c := label[i]
			letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
			if !letter && c != '-' && c != '_' {
				return false
			}
		}
	}
	return true
}

// splitMailbox splits Local@Domain. Quoted local parts, which nobody has, are refused.
func splitMailbox(text string) (local, host string, ok bool) {
	local, host, ok = strings.Cut(text, "@")
	if !ok || local == "" || strings.ContainsAny(local, " \"(),:;<>[\\]") || strings.Contains(host, "@") {
		return "", "", false
	}
	return local, host, true
}

// hostOf returns the host of a URI; one without a DNS name has none (RFC 5280
// 4.2.1.10 wants such a name refused under a constraint).
func hostOf(uri string) (string, bool) {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme == "" || !hostname(u.Hostname(), false) {
		return "", false
	}
	if _, err := netip.ParseAddr(u.Hostname()); err == nil {
		return "", false
	}
	return u.Hostname(), true
}
