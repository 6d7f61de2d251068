package ocsp

import (
	"encoding/binary"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"onecert/pki"
)

func keyNumber(n uint64, issuer uint8) certKey {
	k := certKey{issuer: issuer}
	binary.BigEndian.PutUint64(k.serial[12:], n)
	return k
}

// The table is a map, whatever happens to it, and however it grows.
func TestKnownIsAMap(t *testing.T) {
	k := newKnown()
	random := rand.New(rand.NewPCG(1, 1))
	want := map[certKey]record{}
	for range 200_000 {
		key := keyNumber(random.Uint64N(50_000), uint8(random.IntN(3)))
		r := record{state: slotValid, notAfter: random.Uint32()}
		if random.IntN(4) == 0 {
			r.state = slotHeld + byte(random.IntN(2))
			r.listing = listing{at: random.Int64(), reason: uint8(random.IntN(11))}
		}
		k.set(key, r)
		want[key] = r
	}
	for issuer := range uint8(4) {
		for n := range uint64(50_100) {
			key := keyNumber(n, issuer)
			got, ok := k.get(key)
			if w, here := want[key]; ok != here || got != w {
				t.Fatalf("%d of %d: %+v %v, want %+v %v", n, issuer, got, ok, w, here)
			}
		}
	}
	seen := map[certKey]record{}
	for n := range shardCount {
		k.each(n, func(key certKey, r record) { seen[key] = r })
	}
	if n, octets := k.size(); n != len(want) || len(seen) != n || octets < n*slotOctets {
		t.Errorf("%d of %d, %d seen, %d octets", n, len(want), len(seen), octets)
	}
	k.clear()
	if _, ok := k.get(keyNumber(1, 0)); ok {
		t.Error("known after clear")
	}
}

// Large tables lie outside the heap; readers go on while they grow and are forgotten.
func TestKnownGrowsUnderReaders(t *testing.T) {
	k := newKnown()
	var readers sync.WaitGroup
	done := make(chan bool)
	const each = 3 * shardCount * offHeap / slotOctets / 2
	for range 2 {
		readers.Go(func() {
			for n := uint64(0); ; n++ {
				select {
				case <-done:
					return
				default:
				}
				if r, ok := k.get(keyNumber(n%each, 0)); ok && r.notAfter != uint32(n%each) {
					t.Error("another record")
					return
				}
			}
		})
	}
	for n := range uint64(each) {
		k.set(keyNumber(n, 0), record{state: slotValid, notAfter: uint32(n)})
	}
	n, octets := k.size()
	if n != each || octets > each*slotOctets*2 {
		t.Errorf("%d certificates in %d octets", n, octets)
	}
	k.clear()
	close(done)
	readers.Wait()
}

// A serial is the same in a request, in memory and in the journal.
func TestKeys(t *testing.T) {
	for _, s := range []pki.Serial{"01", "7f", "80", "ff00", newSerial()} {
		content := s.Big().Bytes()
		if content[0] >= 0x80 {
			content = append([]byte{0}, content...)
		}
		a, okA := keyOf(3, content)
		b, okB := journalKey(3, s)
		if !okA || !okB || a != b || a.number() != s {
			t.Errorf("%s: %x, %x, %s", s, a, b, a.number())
		}
	}
	if _, ok := journalKey(0, "00"); ok {
		t.Error("zero is a serial")
	}
}

func TestStamps(t *testing.T) {
	for _, at := range []time.Time{time.Unix(0, 0), time.Unix(epoch, 0), time.Unix(epoch+forever-1, 0), time.Date(2049, 1, 2, 3, 4, 5, 0, time.UTC)} {
		r := record{notAfter: stamp(at)}
		if got := r.expires(); at.Unix() >= epoch && !got.Equal(at) || at.Unix() < epoch && got.Unix() != epoch {
			t.Errorf("%v becomes %v", at, got)
		}
	}
	if r := (record{notAfter: stamp(time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC))}); !r.expires().After(time.Date(30000, 1, 1, 0, 0, 0, 0, time.UTC)) {
		t.Error("what has no end (RFC 5280 4.1.2.5) ends", r.expires())
	}
}
