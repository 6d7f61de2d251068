package crl

import (
	"testing"
	"time"

	"onecert/pki"
)

// FuzzRead: foreign octets are read or refused, and what is read has what a list needs.
func FuzzRead(f *testing.F) {
	for _, head := range []pki.List{
		{Suite: pki.SM2, Number: 7, KeyID: []byte{1}, PointURI: "http://pki.example/crl/sm2/3.crl", Freshest: []string{"http://pki.example/crl/sm2/3-delta.crl"}},
		{Suite: pki.P256, Number: 1 << 40, Base: 3, KeyID: []byte{1}},
		{Suite: pki.RSA2048, Number: 1, KeyID: []byte{1}},
	} {
		head.Issuer = []byte{0x30, 0}
		head.ThisUpdate, head.NextUpdate = time.Unix(1_900_000_000, 0), time.Unix(1_900_090_000, 0)
		tbs, err := head.TBS(pki.AddListed(nil, pki.Listed{Serial: "0a", At: head.ThisUpdate, Reason: 1}))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(pki.ThrowAway(tbs, head.Suite))
	}
	f.Add([]byte{0x30, 0x80, 0, 0})
	f.Fuzz(func(t *testing.T, der []byte) {
		l, err := read(der)
		if err != nil {
			if pki.KindOf(err) != pki.Invalid {
				t.Fatal(err)
			}
			return
		}
		if l.number <= 0 || l.base < 0 || len(l.issuer) == 0 || len(l.tbs) == 0 || len(l.signature) == 0 || l.nextDate.IsZero() {
			t.Fatalf("%+v passes", l)
		}
	})
}

func TestTakesGzip(t *testing.T) {
	for text, want := range map[string]bool{"": false, "gzip": true, "GZIP": true, "br": false, "br, gzip": true, "gzip;q=0": false, "gzip; q=0.0": false, "gzip;q=0.001": true,
		"*": true, "*;q=0": false, "gzip;q=0, *": false, "*, gzip;q=0": false, "identity": false, "x-gzip": true, "gzip;q=high": false, "deflate, gzip;q=1.0, *;q=0.5": true} {
		if got := takesGzip([]string{text}); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// TestReadTakesTheWholeForm: what stands behind or between is refused.
func TestReadRefuses(t *testing.T) {
	head := pki.List{Suite: pki.SM2, Issuer: []byte{0x30, 0}, Number: 7, KeyID: []byte{1}, ThisUpdate: time.Unix(1_900_000_000, 0), NextUpdate: time.Unix(1_900_090_000, 0)}
	tbs, err := head.TBS(nil)
	if err != nil {
		t.Fatal(err)
	}
	good := pki.ThrowAway(tbs, pki.SM2)
	if _, err := read(good); err != nil {
		t.Fatal(err)
	}
	for n := range len(good) {
		if _, err := read(good[:n]); err == nil {
			t.Errorf("%d octets of %d are read", n, len(good))
		}
	}
	head.Number = 0
	if tbs, err = head.TBS(nil); err != nil {
		t.Fatal(err)
	}
	if _, err := read(pki.ThrowAway(tbs, pki.SM2)); err == nil {
		t.Error("a list without a number is read")
	}
}
