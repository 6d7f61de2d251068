package keys

import (
	"bytes"
	"crypto/rand"
	"testing"

	"github.com/emmansun/gmsm/sm2"

	"onecert/pki"
)

// A to-be-signed certificate has about this many octets.
var message = bytes.Repeat([]byte("m"), 500)

func BenchmarkSignMessage(b *testing.B) {
	for _, suite := range quickSuites() {
		key := throwAway(b, suite)
		b.Run(string(suite), func(b *testing.B) {
			for b.Loop() {
				if _, err := key.SignMessage(rand.Reader, message, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkSignHardware is BenchmarkSignMessage with keys in SoftHSM and in the tests'
// software SDF device. The floors are in the packages under internal.
func BenchmarkSignHardware(b *testing.B) {
	for suite, key := range hardwareKeys(b) {
		b.Run(string(suite), func(b *testing.B) {
			for b.Loop() {
				if _, err := key.SignMessage(rand.Reader, message, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkSignFloor is gmsm's own signing of the same message: what SignMessage is measured against.
func BenchmarkSignFloor(b *testing.B) {
	signer, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("sm2 message", func(b *testing.B) {
		for b.Loop() {
			if _, err := signer.Sign(rand.Reader, message, sm2.DefaultSM2SignerOpts); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("sm2 digest", func(b *testing.B) {
		digest := message[:32]
		for b.Loop() {
			if _, err := signer.Sign(rand.Reader, digest, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkSealer(b *testing.B) {
	for _, algorithm := range []SealAlgorithm{AES256GCM, SM4GCM} {
		s := throwAwaySealer(b, algorithm)
		blob, err := s.Seal(nil, message[:138], nil) // an SM2 key as PKCS#8
		if err != nil {
			b.Fatal(err)
		}
		b.Run("seal "+string(algorithm), func(b *testing.B) {
			for b.Loop() {
				if _, err := s.Seal(rand.Reader, message[:138], nil); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("open "+string(algorithm), func(b *testing.B) {
			for b.Loop() {
				if _, err := s.Open(blob, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkGenerateFile(b *testing.B) {
	dir := b.TempDir()
	signer, err := pki.GenerateKey(rand.Reader, pki.SM2)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := writeKey(signer, []byte(dir), Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
