package sso

import (
	"hash/maphash"
	"strings"
	"sync"
)

// recent are tokens that were opened lately: a browser brings the same one for minutes,
// and opening costs more than all else that is asked. It is found by the whole token.
// What ended or went idle is looked at afterwards, each time.
type recent struct {
	seed   maphash.Seed
	shards [64]recentShard
}

type recentShard struct {
	mu sync.RWMutex
	at map[string]*Session
}

// recentMost is how many a shard has before it begins anew: some 20 MB in all.
const recentMost = 512

func newRecent() *recent { return &recent{seed: maphash.MakeSeed()} }

func (r *recent) shard(token string) *recentShard {
	return &r.shards[maphash.String(r.seed, token)%uint64(len(r.shards))]
}

func (r *recent) find(token string) (*Session, bool) {
	s := r.shard(token)
	s.mu.RLock()
	defer s.mu.RUnlock()
	found, ok := s.at[token]
	return found, ok
}

// note keeps a copy: the token may be a piece of something larger.
func (r *recent) note(token string, session *Session) {
	s := r.shard(token)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.at == nil || len(s.at) >= recentMost {
		s.at = make(map[string]*Session, recentMost)
	}
	s.at[strings.Clone(token)] = session
}

// clear forgets all: a key is gone.
func (r *recent) clear() {
	for i := range r.shards {
		s := &r.shards[i]
		s.mu.Lock()
		s.at = nil
		s.mu.Unlock()
	}
}
