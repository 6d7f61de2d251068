package kmc

import (
	"bytes"
	"testing"
	"time"

	"onecert/pki"
)

func testVault() *vault {
	return &vault{sealer: testSealer(), random: testRandom(), now: time.Now}
}

// A record opens as what it was made, and as nothing else: no octet of it and no
// column beside it can be changed.
func TestRecordIsBound(t *testing.T) {
	v := testVault()
	for _, suite := range []pki.Suite{pki.SM2, pki.P256, pki.P384, pki.RSA2048} {
		r, err := v.make(suite)
		if err != nil {
			t.Fatal(err)
		}
		if len(r.id) != 32 || r.suite != suite {
			t.Errorf("%+v", r)
		}
		if err := v.check(r); err != nil {
			t.Error(err)
		}
		other, err := v.make(suite)
		if err != nil {
			t.Fatal(err)
		}
		for name, change := range map[string]func(*record){
			"id":         func(r *record) { r.id = other.id },
			"suite":      func(r *record) { r.suite = pki.RSA4096 },
			"public key": func(r *record) { r.spki = other.spki },
			"record":     func(r *record) { r.sealed = other.sealed },
			"cut":        func(r *record) { r.sealed = r.sealed[:len(r.sealed)-1] },
			"empty":      func(r *record) { r.sealed = nil },
		} {
			changed := *r
			change(&changed)
			if _, err := v.private(&changed); err == nil {
				t.Errorf("%s: opens with another %s", suite, name)
			}
		}
		for i := 0; i < len(r.sealed); i += 7 {
			changed := *r
			changed.sealed = bytes.Clone(r.sealed)
			changed.sealed[i] ^= 1
			if _, err := v.open(&changed); err == nil {
				t.Errorf("%s: octet %d changed and it opens", suite, i)
			}
		}
	}
}

// A record of a form that is not known is refused, not guessed at.
func TestRecordForm(t *testing.T) {
	v := testVault()
	r, err := v.make(pki.SM2)
	if err != nil {
		t.Fatal(err)
	}
	for _, plaintext := range [][]byte{{}, {1}, {2, 1, 2, 3}, append([]byte{1}, make([]byte, 31)...), append([]byte{2}, make([]byte, 32)...)} {
		if r.sealed, err = v.sealer.Seal(testRandom(), plaintext, r.binding()); err != nil {
			t.Fatal(err)
		}
		if _, err := v.private(r); err == nil {
			t.Errorf("%x was taken for a key", plaintext)
		}
	}
}

// The self-check notices a private key that is not the public key's.
func TestRecordSelfCheck(t *testing.T) {
	v := testVault()
	for _, suite := range []pki.Suite{pki.SM2, pki.P256} {
		one, err := v.make(suite)
		if err != nil {
			t.Fatal(err)
		}
		two, err := v.make(suite)
		if err != nil {
			t.Fatal(err)
		}
		private, err := v.private(two)
		if err != nil {
			t.Fatal(err)
		}
		plaintext, err := encodePrivate(private)
		if err != nil {
			t.Fatal(err)
		}
		if one.sealed, err = v.sealer.Seal(testRandom(), plaintext, one.binding()); err != nil {
			t.Fatal(err)
		}
		if err := v.check(one); err == nil {
			t.Errorf("%s: a foreign private key was not noticed", suite)
		}
	}
}

// The binding is unambiguous: moving a character from one part to the next changes it.
func TestBinding(t *testing.T) {
	one := &record{id: "ab", suite: "c", spki: []byte{1}}
	two := &record{id: "a", suite: "bc", spki: []byte{1}}
	if bytes.Equal(one.binding(), two.binding()) {
		t.Error("two records share a binding")
	}
}

// FuzzOpenRecord: whatever stands in the database, nothing panics.
func FuzzOpenRecord(f *testing.F) {
	v := testVault()
	r, err := v.make(pki.P256)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(r.sealed, []byte{1, 2, 3})
	f.Fuzz(func(t *testing.T, sealed, plaintext []byte) {
		for _, suite := range []pki.Suite{pki.SM2, pki.P256, pki.RSA2048} {
			damaged := record{id: r.id, suite: suite, spki: r.spki, sealed: sealed}
			if err := v.check(&damaged); err == nil && !bytes.Equal(sealed, r.sealed) {
				t.Error("a damaged record opened")
			}
			var err error
			if damaged.sealed, err = v.sealer.Seal(testRandom(), plaintext, damaged.binding()); err == nil {
				v.check(&damaged) // an odd plaintext under a good seal
			}
		}
	})
}
