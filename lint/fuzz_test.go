package lint

import (
	"testing"
)

func fuzzOptions() []Options {
	issuer, pair := caPlan().der(), goodPlan().der()
	return []Options{{}, {Ours: true, Issuer: issuer, Pair: pair}, {Zlint: true, Issuer: issuer, IdentityNumber: true}}
}

// FuzzCertificate: no bytes make it panic, and what it says stays bounded.
func FuzzCertificate(f *testing.F) {
	f.Add(goodPlan().der())
	f.Add(caPlan().der())
	for _, fault := range plantedCertificates() {
		p, o := goodPlan(), Options{}
		fault.plant(p, &o)
		f.Add(p.der())
	}
	options := fuzzOptions()
	f.Fuzz(func(t *testing.T, der []byte) {
		for _, o := range options {
			findings, err := Certificate(der, o)
			checkBounded(t, findings, err)
			if o.Issuer != nil {
				o.Issuer = der
				findings, err = Certificate(options[1].Pair, o)
				checkBounded(t, findings, err)
			}
		}
	})
}

// FuzzCRL: the same for lists.
func FuzzCRL(f *testing.F) {
	f.Add(goodList().der())
	for _, fault := range plantedCRLs() {
		l, o := goodList(), Options{}
		fault.plant(l, &o)
		f.Add(l.der())
	}
	options := fuzzOptions()
	f.Fuzz(func(t *testing.T, der []byte) {
		for _, o := range options {
			findings, err := CRL(der, o)
			checkBounded(t, findings, err)
		}
	})
}

func checkBounded(t *testing.T, findings []Finding, err error) {
	if err != nil && findings != nil {
		t.Fatal("findings beside an error")
	}
	for _, f := range findings {
		if f.Rule == "" || f.Clause == "" || f.Severity == "" || f.Detail == "" || len(f.Detail) > 1200 {
			t.Fatalf("finding %q of %d octets", f.Rule, len(f.Detail))
		}
	}
}
