package forward

import (
	"encoding/json"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"onecert/pki"
)

func TestConfigurationsRefused(t *testing.T) {
	one := []Backend{{URL: "http://10.0.0.5"}}
	for _, c := range []struct {
		config Config
		field  string
	}{
		{Config{}, "backends"},
		{Config{Backends: make([]Backend, 65)}, "backends"},
		{Config{Backends: []Backend{{}}}, "backends.url"},
		{Config{Backends: []Backend{{URL: "ftp://a"}}}, "backends.url"},
		{Config{Backends: []Backend{{URL: "http://a:b@c"}}}, "backends.url"},
		{Config{Backends: []Backend{{URL: "http://a/?x"}}}, "backends.url"},
		{Config{Backends: []Backend{{URL: "http://a/../x"}}}, "backends.url"},
		{Config{Backends: []Backend{{URL: "http://a/%2fx"}}}, "backends.url"},
		{Config{Backends: []Backend{{URL: "http://a b"}}}, "backends.url"},
		{Config{Backends: []Backend{{URL: "http://a", Weight: 101}}}, "backends.weight"},
		{Config{Backends: []Backend{{URL: "http://a"}, {URL: "http://a:80"}}}, "backends"},
		{Config{Backends: []Backend{{URL: "http://a", Name: "x\ny"}}}, "backends.name"},
		{Config{Backends: one, Protocol: "h3"}, "protocol"},
		{Config{Backends: one, Protocol: H2}, "protocol"},
		{Config{Backends: []Backend{{URL: "https://a"}}, Protocol: H2C}, "protocol"},
		{Config{Backends: one, Balance: "random"}, "balance"},
		{Config{Backends: one, Retries: "always"}, "retries"},
		{Config{Backends: one, Forwarded: "yes"}, "forwarded"},
		{Config{Backends: one, Host: "a\r\nb"}, "host"},
		{Config{Backends: one, Host: "a/b"}, "host"},
		{Config{Backends: one, Sticky: Sticky{Cookie: "a b"}}, "sticky.cookie"},
		{Config{Backends: one, Check: Check{Path: "health"}}, "check.path"},
		{Config{Backends: one, Check: Check{Path: "/a b"}}, "check.path"},
		{Config{Backends: one, Check: Check{Path: "/", Status: []int{99}}}, "check.status"},
		{Config{Backends: one, Check: Check{Path: "/", Interval: "5"}}, "check.interval"},
		{Config{Backends: one, Limits: Limits{Idle: "-1s"}}, "limits.idle"},
		{Config{Backends: one, Limits: Limits{Connect: "1000h"}}, "limits.connect"},
		{Config{Backends: one, Limits: Limits{HeaderBytes: 2 << 20}}, "limits"},
		{Config{Backends: one, Passive: Passive{Failures: -2}}, "passive.failures"},
		{Config{Backends: one, Rewrite: Rewrite{Bodies: true}}, "rewrite.on"},
		{Config{Backends: one, Rewrite: Rewrite{On: true, Mappings: []Mapping{{Internal: "x"}}}}, "rewrite.mappings.internal"},
		{Config{Backends: one, Rewrite: Rewrite{On: true, Mappings: []Mapping{{"http://a", "/b"}}}}, "rewrite.mappings.external"},
		{Config{Backends: []Backend{{URL: "http://a/x"}, {URL: "http://b/y"}}, Rewrite: Rewrite{On: true}}, "rewrite.on"},
		{Config{Backends: []Backend{{URL: "https://a"}}, TLS: TLS{Roots: "no PEM"}}, "tls.roots"},
		{Config{Backends: []Backend{{URL: "https://a"}}, TLS: TLS{ServerName: "a b"}}, "tls.serverName"},
		{Config{Backends: []Backend{{URL: "https://a"}}, TLS: TLS{MinVersion: "1.1"}}, "tls.minVersion"},
	} {
		_, err := New(c.config, options())
		if pki.KindOf(err) != pki.Invalid || pki.CodeOf(err) != "forward."+c.field || !strings.HasPrefix(err.Error(), c.field+": ") {
			t.Errorf("%+v: %v (%s)", c.config, err, pki.CodeOf(err))
		}
	}
	if _, err := New(Config{Backends: one, Sticky: Sticky{Cookie: "r"}}, Options{Key: make([]byte, 31)}); pki.CodeOf(err) != "forward.sticky.cookie" {
		t.Error(err)
	}
}

// TestConfigJSON: what is stored reads back.
func TestConfigJSON(t *testing.T) {
	c := Config{Backends: []Backend{{Name: "a", URL: "http://10.0.0.5", Weight: 2, Drain: true}}, Protocol: HTTP1, Check: Check{Path: "/", Status: []int{200}}, Rewrite: Rewrite{On: true, Mappings: []Mapping{{"http://a", ""}}}}
	data, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var back Config
	decoder := json.NewDecoder(strings.NewReader(string(data)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&back); err != nil || !reflect.DeepEqual(c, back) {
		t.Errorf("%v %s", err, data)
	}
}

func TestPrefix(t *testing.T) {
	for _, c := range []struct{ url, prefix, path, raw string }{
		{"/oa/x", "/oa", "/x", ""}, {"/oa", "/oa", "/", ""}, {"/oa/", "/oa/", "/", ""}, {"/oa/a%2Fb", "/oa", "/a/b", "/a%2Fb"},
		{"/oax", "/oa", "", ""}, {"/x", "/oa", "", ""}, {"/x", "", "/x", ""}, {"/oa//x", "/oa", "//x", ""},
	} {
		u, _ := url.ParseRequestURI(c.url)
		f := &flow{o: &Outgoing{Prefix: c.prefix}, url: *u, r: &http.Request{Method: "GET"}}
		err := f.stripPrefix()
		if (err != nil) != (c.path == "") || err == nil && (f.url.Path != c.path || f.url.RawPath != c.raw) {
			t.Errorf("%+v: %q %q %v", c, f.url.Path, f.url.RawPath, err)
		}
	}
}
