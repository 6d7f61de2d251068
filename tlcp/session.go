package tlcp

import (
	"container/list"
	"sync"
	"unique"
)

// Session is what both sides keep to resume: the master secret, and what was verified
// when it began. It is compact: the peer's certificates are kept as octets, those of
// one client once for all its sessions.
type Session struct {
	id         string
	master     [masterLen]byte
	suite      uint16
	verified   bool
	encrypting bool  // pair has an encryption certificate
	ends       int64 // Unix time: by the lifetime, or the first certificate's end
	serverName string
	pair       unique.Handle[string] // the certificates, as in a Certificate message; zero for none
	above      unique.Handle[string] // the CAs
}

// SessionCache keeps sessions. A server's keys are session ids, a client's the names
// of servers; keys of the two never meet. It is used by several goroutines at once.
type SessionCache interface {
	Get(key string) (session *Session, ok bool)
	// Put stores a session; nil removes it.
	Put(key string, session *Session)
}

const (
	serverKey = "server\x00"
	clientKey = "client\x00"
)

// NewLRUSessionCache returns a cache that forgets the least recently used session.
func NewLRUSessionCache(capacity int) SessionCache {
	return &lru{capacity: max(1, capacity), order: list.New(), entries: map[string]*list.Element{}}
}

type lru struct {
	mu       sync.Mutex
	capacity int
	order    *list.List // the most recently used first
	entries  map[string]*list.Element
}

type lruEntry struct {
	key     string
	session *Session
}

// Get implements SessionCache.
func (l *lru) Get(key string) (*Session, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	element, ok := l.entries[key]
	if !ok {
		return nil, false
	}
	l.order.MoveToFront(element)
	return element.Value.(*lruEntry).session, true
}

// Put implements SessionCache.
func (l *lru) Put(key string, session *Session) {
	l.mu.Lock()
	defer l.mu.Unlock()
	element, ok := l.entries[key]
	switch {
	case ok && session == nil:
		l.order.Remove(element)
		delete(l.entries, key)
	case ok:
		element.Value.(*lruEntry).session = session
		l.order.MoveToFront(element)
	case session != nil:
		l.entries[key] = l.order.PushFront(&lruEntry{key, session})
		if l.order.Len() > l.capacity {
			oldest := l.order.Back()
			l.order.Remove(oldest)
			delete(l.entries, oldest.Value.(*lruEntry).key)
		}
	}
}

// newSession keeps what a full handshake settled.
func (h *handshake) newSession(id []byte) *Session {
	ends := h.config.now().Add(h.config.lifetime())
	s := &Session{id: string(id), suite: h.suite.id, master: [masterLen]byte(h.c.master), serverName: h.serverName}
	if p := h.peer; p != nil {
		if p.notAfter.Before(ends) {
			ends = p.notAfter
		}
		s.verified, s.encrypting = p.verified, p.encryptAt > 0
		pair, above := listed(nil, p.raw[0]), []byte(nil)
		if s.encrypting {
			pair = listed(pair, p.raw[p.encryptAt])
		}
		for i, der := range p.raw {
			if i > 0 && i != p.encryptAt {
				above = listed(above, der)
			}
		}
		s.pair, s.above = unique.Make(string(pair)), unique.Make(string(above))
	}
	s.ends = ends.Unix()
	return s
}

// listed appends a certificate to a list as it stands in a Certificate message.
func listed(list, der []byte) []byte {
	return append(append(list, byte(len(der)>>16), byte(len(der)>>8), byte(len(der))), der...)
}

// certified says whether the peer showed certificates when the session began.
func (s *Session) certified() bool { return s.pair != unique.Handle[string]{} }

// restore takes up what a session keeps.
func (h *handshake) restore(s *Session) {
	h.suite, h.c.master = suiteOf(s.suite), s.master[:]
	if s.certified() {
		h.peer = &peer{kept: s, verified: s.verified}
	}
}

// fresh says whether a session may still be resumed as far as time goes.
func (h *handshake) fresh(s *Session) bool { return h.config.now().Unix() < s.ends }
