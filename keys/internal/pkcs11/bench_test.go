package pkcs11

import (
	"crypto"
	"testing"

	"onecert/keys/internal/pool"
	"onecert/pki"
)

// BenchmarkSign measures signing in SoftHSM: "bare" is the module's own C_SignInit and
// C_Sign in one session, the floor; "key" is what Sign adds: pool, handle, form, and
// the verification of each signature.
func BenchmarkSign(b *testing.B) {
	hsm, m := softhsm(b)
	for _, suite := range []pki.Suite{pki.RSA2048, pki.RSA3072, pki.P256} {
		signer := generate(b, m, hsm, New{Suite: suite, Use: Sign})
		digest := digestOf(crypto.SHA256)
		k, how, input := &key{}, &mechanism{kind: ckmECDSA}, digest
		switch s := signer.(type) {
		case *RSAKey:
			names, _ := hashNames(crypto.SHA256)
			k, how, input = &s.key, &mechanism{kind: ckmRSAPKCS}, append(names.prefix, digest...)
		case *ECKey:
			k = &s.key
		}
		b.Run(string(suite)+"/bare", func(b *testing.B) {
			err := m.pool.Do(k.place, func(s *session) (pool.Verdict, error) {
				h, err := m.lookup(s, k.object)
				if err != nil {
					return pool.Keep, err
				}
				for b.Loop() {
					if err := m.f.begin(fnSignInit, s.handle, how, h.number); err != nil {
						return pool.Keep, err
					}
					if _, err := m.f.crypt(fnSign, s.handle, input, 512); err != nil {
						return pool.Keep, err
					}
				}
				return pool.Keep, nil
			})
			if err != nil {
				b.Fatal(err)
			}
		})
		b.Run(string(suite)+"/key", func(b *testing.B) {
			for b.Loop() {
				if _, err := signer.Sign(nil, digest, crypto.SHA256); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(string(suite)+"/key-parallel", func(b *testing.B) {
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := signer.Sign(nil, digest, crypto.SHA256); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}
