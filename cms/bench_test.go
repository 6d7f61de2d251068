package cms

import (
	"crypto/rand"
	"testing"

	"github.com/emmansun/gmsm/sm2"
)

func BenchmarkSealSM2Key(b *testing.B) {
	holder, escrowed := newSM2(b), newSM2(b)
	for b.Loop() {
		if _, err := SealSM2Key(rand.Reader, &holder.PublicKey, escrowed); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSealFloor is the one SM2 encryption SealSM2Key cannot do without.
func BenchmarkSealFloor(b *testing.B) {
	holder, key := newSM2(b), make([]byte, contentKeyLen)
	for b.Loop() {
		if _, err := sm2.EncryptASN1(rand.Reader, &holder.PublicKey, key); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpenSM2Key(b *testing.B) {
	holder := newSM2(b)
	sealed, err := SealSM2Key(rand.Reader, &holder.PublicKey, newSM2(b))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := OpenSM2Key(holder, sealed); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAnswerSM2Key(b *testing.B) {
	holder, escrowed := newSM2(b), newSM2(b)
	by, _ := centre(b, false)
	to := Recipient{Public: holder.Public()}
	for b.Loop() {
		if _, err := AnswerSM2Key(rand.Reader, to, by, escrowed); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerifyAndRepack(b *testing.B) {
	holder, escrowed := newSM2(b), newSM2(b)
	by, public := centre(b, false)
	message, err := AnswerSM2Key(rand.Reader, Recipient{Public: holder.Public()}, by, escrowed)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := VerifyAnswer(message, public); err != nil {
			b.Fatal(err)
		}
		if _, err := RepackSM2(message, &escrowed.PublicKey); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEnvelope(b *testing.B) {
	for _, suite := range suites() {
		to := Recipient{Public: newKey(b, suite).Public()}
		content := make([]byte, 1200) // an RSA key as PKCS#8
		b.Run(string(suite), func(b *testing.B) {
			for b.Loop() {
				if _, err := Envelope(rand.Reader, to, content); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
