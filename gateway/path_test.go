package gateway

import (
	"net/url"
	"testing"
)

func TestPlainPath(t *testing.T) {
	for raw, want := range map[string]string{
		"/":               "/",
		"/a/b":            "/a/b",
		"/a//b":           "/a/b",
		"//a":             "/a",
		"/a/b/":           "/a/b/",
		"/a;x=1/b":        "/a/b",
		"/a;x=1/":         "/a/",
		"/.well-known/x":  "/.well-known/x",
		"/a/..b":          "/a/..b",
		"/%E4%B8%AD":      "/中",
		"/a%20b":          "/a b",
		"/..;/a":          "",
		"/a/..;x/b":       "",
		"/a/../b":         "",
		"/a/./b":          "",
		"/a/%2e%2e/b":     "",
		"/a/%252e%252e/b": "",
		"/a%2fb":          "",
		"/a%2Fb":          "",
		"/a%252fb":        "",
		"/a%25252Fb":      "",
		"/a%5cb":          "",
		"/a\\b":           "",
		"/a%00":           "",
		"/a%0a":           "",
		"/..":             "",
		"/a/.":            "",
		"/%2e":            "",
		"/a/.%2e/":        "",
	} {
		u, err := url.ParseRequestURI(raw)
		if err != nil {
			if want != "" {
				t.Errorf("%s: %v", raw, err)
			}
			continue
		}
		got, ok := plainPath(u)
		if ok != (want != "") || got != want {
			t.Errorf("%s became %q, %v; want %q", raw, got, ok, want)
		}
	}
}

func TestPattern(t *testing.T) {
	for _, c := range []struct {
		pattern, path string
		fits          bool
	}{
		{"/", "/", true}, {"/", "/a", false}, {"/**", "/", true}, {"/**", "/a/b", true},
		{"/a", "/a", true}, {"/a", "/a/", true}, {"/a/", "/a/", true}, {"/a/", "/a", true}, {"/a", "/a/b", false}, {"/a/", "/a/b", false},
		{"/a/**", "/a", true}, {"/a/**", "/a/", true}, {"/a/**", "/a/b/c", true}, {"/a/**", "/ab", false},
		{"/a/*", "/a/b", true}, {"/a/*", "/a/", false}, {"/a/*", "/a/b/c", false}, {"/*/b", "/a/b", true}, {"/*/b", "/b", false},
		{"/a/*", "/a/b/", true}, {"/a/**/", "/a/b", true},
	} {
		p, err := parsePattern(c.pattern)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.fits(c.path); got != c.fits {
			t.Errorf("%s and %s: %v", c.pattern, c.path, got)
		}
	}
	for _, bad := range []string{"", "a", "/a**", "/../a", "/a//b", "/a//", "//", "/**/a"} {
		if _, err := parsePattern(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

func TestHostOf(t *testing.T) {
	for header, want := range map[string]string{
		"Example.GOV": "example.gov", "a.gov:443": "a.gov", "a.gov.": "a.gov", "[::1]:8443": "[::1]", "127.0.0.1:1": "127.0.0.1",
		"": "", "a b": "", "a/b": "", "a@b": "", "a:b": "", "a:": "", "[::1%25lo]": "", "a#b": "", "a,b": "", "[127.0.0.1]": "",
	} {
		host, _, ok := hostOf(header)
		if ok != (want != "") || ok && host != want {
			t.Errorf("%q is %q, %v", header, host, ok)
		}
	}
}
