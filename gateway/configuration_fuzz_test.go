package gateway_test

import (
	"encoding/json"
	"errors"
	"slices"
	"sort"
	"testing"

	"onecert/gateway"
	"onecert/pki"
)

// places are all the places of a document, in a fixed order: each puts another value there.
func places(node any) (all []func(value any)) {
	switch v := node.(type) {
	case map[string]any:
		names := make([]string, 0, len(v))
		for name := range v {
			names = append(names, name)
		}
		sort.Strings(names)
		for _, name := range names {
			all = append(all, func(value any) { v[name] = value })
			all = append(all, places(v[name])...)
		}
	case []any:
		for i := range v {
			all = append(all, func(value any) { v[i] = value })
			all = append(all, places(v[i])...)
		}
	}
	return all
}

// FuzzConfiguration: whatever document the API is given to check, it is answered, by a
// reason an administrator can read if it cannot run; what can run says the same when it is
// written and read again, and nothing of it runs afterwards. value, where it is JSON, takes
// the place number at of a document that is good.
func FuzzConfiguration(f *testing.F) {
	h := newHouse(f)
	good := []string{h.text(), h.text(h.withJournal()...),
		h.text(`"title": "办公",`, `"title": "办公", "foldCase": true, "prefix": "/a", "strip": true, "hosts": ["*.example.gov"], "access": [{"path": "/public/**", "certificate": "optional", "methods": ["GET"]}],`,
			`"trust": "staff",`, `"trust": "staff", "clientCertificate": "optional", "trustedProxies": ["10.0.0.0/8"], "limits": {"idle": "5s", "connections": 9}, "groups": ["P-256"], "protocols": ["tls1.3", "tlcp"],`),
		h.text(`"kind": "web"`, `"kind": "tcp"`, `"applications": ["oa"]}]`, `"target": {"application": "db", "backends": ["127.0.0.1:1"], "proxyProtocol": true}}]`)}
	for _, text := range good {
		f.Add([]byte(text), uint16(0), []byte(nil))
	}
	for i, value := range []string{`null`, `""`, `-1`, `1e99`, `[]`, `{}`, `"\u0000"`, `"0s"`, `"9999999h"`, `"/**"`, `["x"]`, `{"name":"x"}`, `true`, `[null]`, `"https://a:1"`} {
		f.Add([]byte(nil), uint16(i*7), []byte(value))
	}
	f.Fuzz(func(t *testing.T, document []byte, at uint16, value []byte) {
		if json.Valid(value) {
			var base, other any
			if json.Unmarshal([]byte(good[int(at)%len(good)]), &base) != nil || json.Unmarshal(value, &other) != nil {
				t.Fatal("a seed is no JSON")
			}
			all := places(base)
			all[int(at)/len(good)%len(all)](other)
			document, _ = json.Marshal(base)
		}
		c, err := gateway.Parse(document)
		if err != nil {
			readable(t, err)
			return
		}
		before, _ := json.Marshal(c)
		checked, err := h.g.Examine(as("audit"), c)
		if err != nil {
			readable(t, err)
			return
		}
		if checked == nil {
			t.Fatal("neither an answer nor an error")
		}
		again, err := gateway.Parse(before)
		if err != nil {
			t.Fatalf("what was good does not decode again: %v", err)
		}
		after, _ := json.Marshal(again)
		if !slices.Equal(before, after) {
			t.Errorf("it says something else when it is read again:\n%s\n%s", before, after)
		}
		if _, err := h.g.Examine(as("audit"), again); err != nil {
			t.Errorf("what was good is refused when it is read again: %v", err)
		}
		if running, v, err := h.g.Current(as("audit")); err != nil || v.Number != 0 || len(running.Services) != 0 {
			t.Errorf("a check changed what runs: %+v, %v", v, err)
		}
	})
}

// readable: an error of a configuration says what is wrong.
func readable(t *testing.T, err error) {
	t.Helper()
	if e, ok := errors.AsType[*pki.Error](err); !ok || e.Kind == pki.Internal || e.Code == "" || e.Wrong == "" || len(e.Wrong) > 2000 {
		t.Errorf("an administrator cannot read %T %v", err, err)
	}
}
