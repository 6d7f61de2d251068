package gateway

import (
	"encoding/binary"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func someGuest(i int) *guest {
	s := Session{ID: fmt.Sprint("s", i)}
	binary.BigEndian.PutUint64(s.Fingerprint[:], uint64(i))
	token := ""
	return newGuest(&person{}, s, token)
}

// TestCrowdOfGuests: beyond as many as are remembered, one more costs no more than before,
// and who was seen last stays.
func TestCrowdOfGuests(t *testing.T) {
	var g guests
	now := time.Unix(1_800_000_000, 0)
	const some = 2000
	fill := func(from, to int, at time.Time) time.Duration {
		begin := time.Now()
		for i := from; i < to; i++ {
			g.add(someGuest(i), at)
		}
		return time.Since(begin)
	}
	fill(0, maxGuests-some, now)
	before := fill(maxGuests-some, maxGuests, now)
	beyond := fill(maxGuests, maxGuests+some, now.Add(time.Second))
	if beyond > 50*before+50*time.Millisecond {
		t.Errorf("%d beyond the bound took %v, the same below it %v", some, beyond, before)
	}
	if len(g.bySession) != maxGuests || len(g.byLeaf) != maxGuests {
		t.Errorf("%d and %d are remembered", len(g.bySession), len(g.byLeaf))
	}
	kept := 0
	for i := maxGuests; i < maxGuests+some; i++ {
		if g.bySession[fmt.Sprint("s", i)] != nil {
			kept++
		}
	}
	if kept != some {
		t.Errorf("%d of the %d newest are remembered", kept, some)
	}
}

// TestAlone: one at a time for a certificate, others beside it, and nothing stays behind.
func TestAlone(t *testing.T) {
	var g guests
	var inside [2]atomic.Int32
	var all sync.WaitGroup
	for i := range 200 {
		all.Go(func() {
			defer g.alone([32]byte{byte(i % 2)})()
			if inside[i%2].Add(1) != 1 {
				t.Error("two at once")
			}
			time.Sleep(100 * time.Microsecond)
			inside[i%2].Add(-1)
		})
	}
	all.Wait()
	if len(g.opening) != 0 {
		t.Errorf("%d turns stay", len(g.opening))
	}
}
