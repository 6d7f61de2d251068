package lint

import (
	"testing"

	"onecert/pki"
)

// BenchmarkCertificate is the cost of linting one person certificate as the CA
// does before signing; the aim for SM2 is under 40 µs, parsing included.
func BenchmarkCertificate(b *testing.B) {
	for _, suite := range []pki.Suite{pki.SM2, pki.P256, pki.RSA2048} {
		h := newHierarchy(b, suite)
		signing := h.leaf(b, h.kinds()["person"])
		encryption := h.encryption(b, h.kinds()["person"])
		cases := []struct {
			name string
			opts Options
		}{
			{"alone", Options{Ours: true}},
			{"issuer", Options{Ours: true, Issuer: h.ca.Raw}},
			{"issuer+pair", Options{Ours: true, Issuer: h.ca.Raw, Pair: encryption}},
			{"issuer+zlint", Options{Ours: true, Issuer: h.ca.Raw, Zlint: true}},
		}
		for _, c := range cases {
			b.Run(string(suite)+"/"+c.name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if findings, err := Certificate(signing, c.opts); err != nil || len(findings) != 0 {
						b.Fatal(findings, err)
					}
				}
			})
		}
	}
}

// BenchmarkCRL is the cost per entry of linting a large list.
func BenchmarkCRL(b *testing.B) {
	h := newHierarchy(b, pki.SM2)
	list := h.crl(b, 100_000)
	opts := Options{Ours: true, Issuer: h.ca.Raw}
	for b.Loop() {
		if findings, err := CRL(list, opts); err != nil || len(findings) != 0 {
			b.Fatal(findings, err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/100_000, "ns/entry")
}
