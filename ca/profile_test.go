package ca_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"onecert/ca"
	"onecert/pki"
)

func TestDeliveredProfiles(t *testing.T) {
	all, err := ca.DeliveredProfiles()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"person-sign", "person-encrypt", "organisation-sign", "organisation-encrypt", "device-server",
		"device-client", "device-vpn", "code-signing", "ocsp-responder", "time-stamping", "site", "officer", "sub-ca"} {
		if all[name] == nil {
			t.Errorf("profile %s is missing", name)
		}
	}
	for name, p := range all {
		for _, x := range p.Private {
			if x.Name == "identity_number" && !x.Off {
				t.Errorf("%s: the identity number must be off as delivered", name)
			}
		}
		if len(p.Hash()) != 64 {
			t.Errorf("%s: no content hash", name)
		}
	}
}

const goodProfile = `name: test-sign
version: 1
kind: device
description:
  zh: 测试
  en: a test
suites: [sm2]
validity: {days: 30, max_days: 60}
subject:
  - {type: C, fixed: CN}
  - {type: CN, required: true}
key_usage: [digitalSignature]
`

func TestWrongProfileNamesFileLineAndRule(t *testing.T) {
	cases := []struct{ old, new, want string }{
		{"kind: device", "kind: wizard", "x.yaml:3: kind-known"},
		{"suites: [sm2]", "suites: [sm9]", "x.yaml:7: suites-known"},
		{"days: 30", "days: 90", "x.yaml:8: validity-order"},
		{"{type: CN, required: true}", "{type: XX}", "x.yaml:11: subject-type"},
		{"{type: CN, required: true}", "{type: C}", "x.yaml:11: subject-once"},
		{"[digitalSignature]", "[digitalSignature, keyCertSign]", "x.yaml:12: usage-ca"},
		{"key_usage:", "keyusage:", "x.yaml:12: known-fields"},
		{"version: 1", "version: one", "x.yaml:2: known-fields"},
		{"name: test-sign", "name: Test Sign", "x.yaml:1: name-form"},
		{"key_usage: [digitalSignature]\n", "key_usage: [digitalSignature]\next_key_usage: [timeStamping]\n", "x.yaml:13: purpose-timestamp"},
		{"key_usage: [digitalSignature]\n", "key_usage: [digitalSignature]\npolicies: [hello]\n", "x.yaml:13: policy-oid"},
		{"suites: [sm2]", "suites: [sm2]\npair: {profile: other, suites: [sm2]}", "pair-exists"},
		{"  en: a test", "  en: a test\n  en: again", "x.yaml:7: known-fields"},
	}
	for _, c := range cases {
		data := strings.Replace(goodProfile, c.old, c.new, 1)
		_, err := ca.LoadProfiles(fstest.MapFS{"x.yaml": {Data: []byte(data)}})
		if err == nil || !strings.Contains(err.Error(), c.want) || pki.KindOf(err) != pki.Invalid {
			t.Errorf("%q: got %v, want %q", c.new, err, c.want)
		}
	}
	if _, err := ca.LoadProfiles(fstest.MapFS{"x.yaml": {Data: []byte(goodProfile)}}); err != nil {
		t.Error(err)
	}
}

func FuzzProfile(f *testing.F) {
	f.Add([]byte(goodProfile))
	f.Add([]byte("a: [\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, faults := ca.ParseProfile("f.yaml", data)
		if (p == nil) == (len(faults) == 0) {
			t.Errorf("profile %v with faults %v", p != nil, faults)
		}
	})
}
