package sdf

import (
	"testing"

	"onecert/keys/internal/devicetest"
	"onecert/keys/internal/dynlib"
)

// BenchmarkSign measures signing in the software device of the tests: "bare" is a loop
// in C, the floor; "binding" the same calls from Go in one session; "key" is what Sign
// adds: pool, form, and the verification of each signature.
func BenchmarkSign(b *testing.B) {
	soft, d := newTestDevice(b, devicetest.Standard)
	signer := open(b, d, soft, Address{Index: 1, Use: Sign}).(*SignKey)
	library, err := dynlib.Open(soft.Library)
	if err != nil {
		b.Fatal(err)
	}
	loop, ok := library.Lookup("SOFTSDF_SignLoop")
	if !ok {
		b.Fatal("the device has no loop")
	}
	e := digest(b)
	b.Run("bare", func(b *testing.B) {
		err := d.use(false, func(s *session) error {
			if err := signer.right(s); err != nil {
				return err
			}
			b.ResetTimer()
			if code := Code(loop.Call(s.handle, 1, uintptr(b.N))); code != 0 {
				return code
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	})
	b.Run("binding", func(b *testing.B) {
		err := d.use(false, func(s *session) error {
			if err := signer.right(s); err != nil {
				return err
			}
			for b.Loop() {
				if _, err := signer.signE(s, e); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	})
	b.Run("key", func(b *testing.B) {
		for b.Loop() {
			if _, err := signer.Sign(nil, e, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("key-parallel", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, err := signer.Sign(nil, e, nil); err != nil {
					b.Error(err)
					return
				}
			}
		})
	})
}
