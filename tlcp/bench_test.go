package tlcp

import (
	"crypto/rand"
	"fmt"
	"io"
	"testing"
)

// BenchmarkHandshake is both sides' work of a handshake; make bench splits it.
func BenchmarkHandshake(b *testing.B) {
	for _, id := range CipherSuites() {
		for _, resumed := range []bool{false, true} {
			b.Run(fmt.Sprintf("%s/resumed=%v", CipherSuiteName(id), resumed), func(b *testing.B) {
				w := newWorld()
				w.client.CipherSuites, w.server.ClientAuth = []uint16{id}, RequireAndVerifyClientCert
				if resumed {
					w.client.SessionCache, w.server.SessionCache = NewLRUSessionCache(4), NewLRUSessionCache(4)
				}
				b.ReportAllocs()
				for b.Loop() {
					w.shakeInMemory(b)
				}
			})
		}
	}
}

// shakeInMemory runs a handshake without a network.
func (w *world) shakeInMemory(t testing.TB) (client, server *Conn) {
	a, b := wires()
	client, server = Client(a, w.client), Server(b, w.server)
	done := make(chan error, 1)
	go func() { done <- server.Handshake() }()
	if err := client.Handshake(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	return client, server
}

func BenchmarkRecord(b *testing.B) {
	for _, gcm := range []bool{true, false} {
		out, in := sealAndOpen(b, gcm)
		plain, buffer := make([]byte, maxPlaintext), make([]byte, 0, maxCiphertext)
		b.Run(fmt.Sprintf("gcm=%v/seal", gcm), func(b *testing.B) {
			b.SetBytes(maxPlaintext)
			for b.Loop() {
				out.seal(buffer, typeApplicationData, plain, rand.Reader)
			}
		})
		b.Run(fmt.Sprintf("gcm=%v/open", gcm), func(b *testing.B) {
			b.SetBytes(maxPlaintext)
			for b.Loop() {
				b.StopTimer()
				out2, _ := sealAndOpen(b, gcm)
				_, in = sealAndOpen(b, gcm)
				sealed, _ := out2.seal(buffer, typeApplicationData, plain, rand.Reader)
				b.StartTimer()
				if _, err := in.open(typeApplicationData, sealed); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkTransfer(b *testing.B) {
	for _, id := range []uint16{ECC_SM4_GCM_SM3, ECC_SM4_CBC_SM3} {
		b.Run(CipherSuiteName(id), func(b *testing.B) {
			w := newWorld()
			w.client.CipherSuites = []uint16{id}
			client, server := w.connect(b)
			go io.Copy(io.Discard, server)
			data := make([]byte, maxPlaintext)
			b.SetBytes(maxPlaintext)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := client.Write(data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkStranger is a handshake with a peer that was never seen.
func BenchmarkStranger(b *testing.B) {
	w := newWorld()
	w.server.ClientAuth = RequireAndVerifyClientCert
	b.ReportAllocs()
	for b.Loop() {
		fresh := world{ca: w.ca, client: w.client.Clone(), server: w.server.Clone()}
		fresh.shakeInMemory(b)
	}
}
