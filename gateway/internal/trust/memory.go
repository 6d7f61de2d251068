package trust

import (
	"bytes"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"
)

// memory remembers the paths of certificates seen, up to a bound: those used since the
// hand last came by stay (a clock, the cheap form of "least recently used", in which a
// reader writes nothing that another reader waits for).
type memory struct {
	seed   maphash.Seed
	shards [memoryShards]memoryShard
}

const memoryShards = 64

type memoryShard struct {
	mu   sync.RWMutex
	at   map[uint64]int // by hash, place in ring
	ring []*memo
	room int
	hand int
}

// memo is a path and what it was found for.
type memo struct {
	hash   uint64
	der    []byte
	others [][]byte // of a bad path: with other intermediates it might be good
	path   *path
	used   atomic.Bool
}

func newMemory(room int) *memory {
	m := &memory{seed: maphash.MakeSeed()}
	for i := range m.shards {
		m.shards[i] = memoryShard{at: map[uint64]int{}, room: max(1, room/memoryShards)}
	}
	return m
}

func (m *memory) shard(hash uint64) *memoryShard { return &m.shards[hash%memoryShards] }

// find returns the path of a certificate if it is still true at a moment.
func (m *memory) find(chain [][]byte, at time.Time) *path {
	hash := maphash.Bytes(m.seed, chain[0])
	s := m.shard(hash)
	s.mu.RLock()
	place, ok := s.at[hash]
	var found *memo
	if ok {
		found = s.ring[place]
	}
	s.mu.RUnlock()
	if !ok || !bytes.Equal(found.der, chain[0]) || !found.path.holds(at) {
		return nil
	}
	if found.path.verdict.Code != Good && !same(found.others, chain[1:]) {
		return nil
	}
	if !found.used.Load() {
		found.used.Store(true)
	}
	return found.path
}

func same(a, b [][]byte) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !bytes.Equal(a[i], b[i]) {
			return false
		}
	}
	return true
}

// note remembers a path. A bad one never takes the place of a good one that holds: what
// somebody else sends beside a certificate is not its holder's fault.
func (m *memory) note(chain [][]byte, p *path, at time.Time) {
	hash := maphash.Bytes(m.seed, chain[0])
	fresh := &memo{hash: hash, der: bytes.Clone(chain[0]), path: p}
	if p.verdict.Code != Good {
		for _, der := range chain[1:] {
			fresh.others = append(fresh.others, bytes.Clone(der))
		}
	}
	s := m.shard(hash)
	s.mu.Lock()
	defer s.mu.Unlock()
	if place, ok := s.at[hash]; ok {
		old := s.ring[place]
		if old.path.verdict.Code == Good && p.verdict.Code != Good && old.path.holds(at) && bytes.Equal(old.der, fresh.der) {
			return
		}
		s.ring[place] = fresh
		return
	}
	s.at[hash] = s.vacate(fresh)
}

// vacate finds a place in the ring: a new one, or that of one not used lately.
func (s *memoryShard) vacate(fresh *memo) (place int) {
	if len(s.ring) < s.room {
		s.ring = append(s.ring, fresh)
		return len(s.ring) - 1
	}
	for s.ring[s.hand].used.Swap(false) {
		s.hand = (s.hand + 1) % len(s.ring)
	}
	place = s.hand
	s.hand = (s.hand + 1) % len(s.ring)
	delete(s.at, s.ring[place].hash)
	s.ring[place] = fresh
	return place
}
