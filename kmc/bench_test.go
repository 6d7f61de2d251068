package kmc

import (
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"

	"onecert/cms"
	"onecert/pki"
	"onecert/pkitest"
)

// processorTime is what the process has used, all threads.
func processorTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// measure runs act b.N times in 32 goroutines and reports processor time for each.
func measure(b *testing.B, act func(n int)) {
	var next atomic.Int64
	var group sync.WaitGroup
	b.ResetTimer()
	start := processorTime()
	for range 32 {
		group.Go(func() {
			for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
				act(int(n))
			}
		})
	}
	group.Wait()
	b.ReportMetric(float64((processorTime()-start).Microseconds())/float64(b.N), "cpu-µs/op")
}

// BenchmarkFloor is the bare cryptography of an order: one envelope.
func BenchmarkFloor(b *testing.B) {
	k := newToken(b, pki.SM2)
	key, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	recipient := k.signer.Public().(*ecdsa.PublicKey)
	measure(b, func(int) {
		if _, err := cms.SealSM2Key(rand.Reader, recipient, key); err != nil {
			b.Error(err)
		}
	})
}

// BenchmarkGenerate is an order in process with durable storage, pairs from the pool.
func BenchmarkGenerate(b *testing.B) {
	for engine, source := range map[string]func(testing.TB) string{"sqlite": pkitest.SQLite, "postgres": pkitest.DurablePostgres} {
		b.Run(engine, func(b *testing.B) {
			h := newHouse(b, source(b), func(c *Config) {
				c.Pool, c.Now = map[pki.Suite]PoolSize{pki.SM2: {b.N, 0}}, time.Now
			})
			h.settle()
			k := newToken(b, pki.SM2)
			measure(b, func(n int) {
				if _, err := h.centre.Generate(as("ca1"), h.order(n, pki.SM2, k)); err != nil {
					b.Error(err)
				}
			})
			b.StopTimer()
			h.config.DB.Close() // no check of the invariants: it costs more than the orders
			h.centre.Close()
			h.centre = nil
		})
	}
}

// BenchmarkMessages is the same by GM/T 0014 messages, both ends in one process.
func BenchmarkMessages(b *testing.B) {
	h := newHouse(b, pkitest.SQLite(b), func(c *Config) { c.Pool, c.Now = map[pki.Suite]PoolSize{pki.SM2: {b.N, 0}}, time.Now })
	h.settle()
	c, _ := h.wired(nil)
	k := newToken(b, pki.SM2)
	measure(b, func(n int) {
		if _, err := c.Generate(context.Background(), h.order(n, pki.SM2, k)); err != nil {
			b.Error(err)
		}
	})
	b.StopTimer()
	h.centre.Close()
	h.config.DB.Close()
	h.centre = nil
}

// BenchmarkMake is what filling the pool costs a pair.
func BenchmarkMake(b *testing.B) {
	v := testVault()
	for _, suite := range []pki.Suite{pki.SM2, pki.P256} {
		b.Run(string(suite), func(b *testing.B) {
			for b.Loop() {
				if _, err := v.make(suite); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
