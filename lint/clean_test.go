package lint

import (
	"slices"
	"testing"

	"onecert/pki"
)

var testSuites = []pki.Suite{pki.SM2, pki.RSA2048, pki.P256, pki.P384}

func wantClean(t *testing.T, what string, findings []Finding, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v", what, err)
	}
	for _, f := range findings {
		t.Errorf("%s: %s %s: %s", what, f.Severity, f.Rule, f.Detail)
	}
}

// A clean certificate of every kind and suite, alone and as a pair, shows nothing,
// neither by our rules nor by zlint's.
func TestCleanCertificates(t *testing.T) {
	for _, suite := range testSuites {
		h := newHierarchy(t, suite)
		opts := Options{Issuer: h.root.Raw, Zlint: true, Ours: true}
		findings, err := Certificate(h.root.Raw, Options{Zlint: true, Ours: true})
		wantClean(t, string(suite)+" root", findings, err)
		findings, err = Certificate(h.ca.Raw, opts)
		wantClean(t, string(suite)+" issuing CA", findings, err)
		opts.Issuer = h.ca.Raw
		for kind, template := range h.kinds() {
			signing := h.leaf(t, template)
			findings, err = Certificate(signing, opts)
			wantClean(t, string(suite)+" "+kind, findings, err)
			if kind != "person" && kind != "organisation" {
				continue
			}
			again := h.kinds()[kind]
			encryption := h.encryption(t, again)
			with := opts
			with.Pair = signing
			findings, err = Certificate(encryption, with)
			wantClean(t, string(suite)+" "+kind+" encryption", findings, err)
		}
	}
}

// An issuer read before gives the findings that its bytes give.
func TestAuthority(t *testing.T) {
	for _, suite := range testSuites {
		h := newHierarchy(t, suite)
		stranger, err := ReadAuthority(h.root.Raw)
		if err != nil {
			t.Fatal(err)
		}
		leaf := h.leaf(t, h.kinds()["person"])
		for name, der := range map[string][]byte{"certificate": leaf, "crl": h.crl(t, 2)} {
			check := Certificate
			if name == "crl" {
				check = CRL
			}
			want, err1 := check(der, Options{Issuer: h.root.Raw, Ours: true})
			got, err2 := check(der, Options{Authority: stranger, Ours: true})
			if err1 != nil || err2 != nil || len(want) == 0 || !slices.Equal(got, want) {
				t.Errorf("%s %s: %v (%v), want %v (%v)", suite, name, got, err2, want, err1)
			}
		}
	}
	if _, err := ReadAuthority([]byte{0x30, 0}); err == nil {
		t.Error("half a certificate was read")
	}
}

func TestCleanCRLs(t *testing.T) {
	for _, suite := range testSuites {
		h := newHierarchy(t, suite)
		opts := Options{Issuer: h.ca.Raw, Zlint: true, Ours: true}
		for _, entries := range []int{0, 1, 1000} {
			findings, err := CRL(h.crl(t, entries), opts)
			wantClean(t, string(suite)+" CRL", findings, err)
		}
		findings, err := CRL(h.crl(t, 3, deltaIndicator(6), scopeUsers("http://crl.demo.example/ca/1.crl")), opts)
		wantClean(t, string(suite)+" delta CRL", findings, err)
	}
}

// What smx509 makes, the throw-away signature too: lint looks at no signature.
func TestSignatureIsNotLookedAt(t *testing.T) {
	h := newHierarchy(t, pki.SM2)
	der := h.leaf(t, h.kinds()["person"])
	for i := range 60 {
		der[len(der)-1-i] = 0xaa
	}
	findings, err := Certificate(der, Options{Issuer: h.ca.Raw, Ours: true})
	wantClean(t, "throw-away signature", findings, err)
}
