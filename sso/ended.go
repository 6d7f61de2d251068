package sso

import (
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"
)

// ended is what a reader asks besides the token: which sessions are over before their
// time. It is divided, so that readers and a writer seldom meet.
type ended[K comparable] struct {
	seed   maphash.Seed
	any    atomic.Bool // something was ever put in
	shards [64]endedShard[K]
}

type endedShard[K comparable] struct {
	mu sync.RWMutex
	at map[K]mark
}

// mark ends what began until before; it may be forgotten after until.
type mark struct{ before, until time.Time }

func newEnded[K comparable]() *ended[K] { return &ended[K]{seed: maphash.MakeSeed()} }

func (e *ended[K]) shard(key K) *endedShard[K] {
	return &e.shards[maphash.Comparable(e.seed, key)%uint64(len(e.shards))]
}

// put ends what has the key and began until before.
func (e *ended[K]) put(key K, m mark) {
	e.any.Store(true)
	s := e.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.at == nil {
		s.at = map[K]mark{}
	}
	if earlier := s.at[key]; earlier.before.After(m.before) {
		m.before = earlier.before
	}
	s.at[key] = m
}

// drop takes a mark back that was put until the store had said more.
func (e *ended[K]) drop(key K) {
	s := e.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.at, key)
}

// has reports whether what has the key and began at started is over.
func (e *ended[K]) has(key K, started time.Time) bool {
	if !e.any.Load() {
		return false
	}
	s := e.shard(key)
	s.mu.RLock()
	defer s.mu.RUnlock()
	m, found := s.at[key]
	return found && !started.After(m.before)
}

// forget lets go of what nobody can ask about any more.
func (e *ended[K]) forget(now time.Time) {
	for i := range e.shards {
		s := &e.shards[i]
		s.mu.Lock()
		for key, m := range s.at {
			if now.After(m.until) {
				delete(s.at, key)
			}
		}
		s.mu.Unlock()
	}
}
