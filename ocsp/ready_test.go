package ocsp

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
)

func answerOf(octets int) *answer { return &answer{body: make([]byte, octets)} }

// No more octets than allowed, and what is asked for stays.
func TestReadyIsBounded(t *testing.T) {
	const limit = readyParts * 20 * (1000 + keptOverhead)
	r := newReady(limit)
	favourite := readyKey{keyNumber(7, 0), 1}
	r.put(favourite, answerOf(1000), r.drops(favourite.certKey))
	for n := range uint64(20_000) {
		key := readyKey{keyNumber(1000+n, 0), 0}
		r.put(key, answerOf(500+int(n%1000)), r.drops(key.certKey))
		if r.get(favourite) == nil {
			t.Fatalf("after %d others what is asked for is gone", n)
		}
		if _, octets := r.size(); octets > limit {
			t.Fatalf("%d octets of %d", octets, limit)
		}
	}
	if n, octets := r.size(); n < readyParts*10 || octets < limit/2 {
		t.Errorf("only %d answers, %d octets of %d", n, octets, limit)
	}
	huge := readyKey{keyNumber(8, 0), 0}
	r.put(huge, answerOf(limit), r.drops(huge.certKey))
	if r.get(huge) != nil {
		t.Error("an answer larger than its part is kept")
	}
	r.clear()
	if n, octets := r.size(); n != 0 || octets != 0 || r.get(favourite) != nil {
		t.Error("kept after clear")
	}
}

// All forms of a certificate's answers go at once, others stay.
func TestReadyDrops(t *testing.T) {
	r := newReady(1 << 20)
	for form := range uint8(6) {
		for n := range uint64(3) {
			key := readyKey{keyNumber(n, 0), form}
			r.put(key, answerOf(10), r.drops(key.certKey))
		}
	}
	r.drop(keyNumber(1, 0), 6)
	for form := range uint8(6) {
		for n := range uint64(3) {
			if got := r.get(readyKey{keyNumber(n, 0), form}); (got == nil) != (n == 1) {
				t.Errorf("certificate %d, form %d: %v", n, form, got)
			}
		}
	}
	stale := r.drops(keyNumber(1, 0))
	r.drop(keyNumber(1, 0), 6)
	r.put(readyKey{keyNumber(1, 0), 0}, answerOf(10), stale)
	if r.get(readyKey{keyNumber(1, 0), 0}) != nil {
		t.Error("an answer begun before a change is kept after it")
	}
}

// However makers and changes meet, no answer older than the last change is kept.
func TestReadyUnderChanges(t *testing.T) {
	r := newReady(readyParts * 3 * (100 + keptOverhead)) // so that answers are evicted, too
	const certificates = 16
	var state, dropped [certificates]atomic.Int64
	var makers sync.WaitGroup
	for w := range 4 {
		makers.Go(func() {
			random := rand.New(rand.NewPCG(uint64(w), 1))
			for range 20_000 {
				n := random.Uint64N(certificates)
				key := readyKey{keyNumber(n, 0), uint8(random.IntN(6))}
				before := dropped[n].Load()
				if got := r.get(key); got != nil && got.next < before {
					t.Errorf("state %d is answered after %d", got.next, before)
					return
				}
				drops := r.drops(key.certKey)
				a := answerOf(100)
				a.next = state[n].Load()
				r.put(key, a, drops)
			}
		})
	}
	for i := range 5_000 {
		n := uint64(i % certificates)
		next := state[n].Load() + 1
		state[n].Store(next) // as the follower does: first the state, then the drop
		r.drop(keyNumber(n, 0), 6)
		dropped[n].Store(next) // from here on nobody may see an older one
	}
	makers.Wait()
	for n := range uint64(certificates) {
		for form := range uint8(6) {
			if got := r.get(readyKey{keyNumber(n, 0), form}); got != nil && got.next != state[n].Load() {
				t.Errorf("certificate %d ended at %d, the answer says %d", n, state[n].Load(), got.next)
			}
		}
	}
}
