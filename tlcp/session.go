package tlcp

import (
	"container/list"
	"sync"
	"time"
	"unique"
)

// Session is what both sides keep to resume: the master secret, and what was verified
// when it began. It is compact: the peer's certificates are kept as octets, each once
// for all sessions of the process.
type Session struct {
	id           []byte
	suite        uint16
	master       []byte
	ends         time.Time // by the lifetime, or the first certificate's end
	serverName   string
	certificates []unique.Handle[string]
	encrypt      int // index of the encryption certificate, 0 for none
	verified     bool
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
	s := &Session{id: id, suite: h.suite.id, master: h.c.master, serverName: h.serverName,
		ends: h.config.now().Add(h.config.lifetime())}
	if p := h.peer; p != nil {
		s.verified, s.encrypt = p.verified, p.encryptAt
		if p.notAfter.Before(s.ends) {
			s.ends = p.notAfter
		}
		for _, der := range p.raw {
			s.certificates = append(s.certificates, unique.Make(string(der)))
		}
	}
	return s
}

// restore takes up what a session keeps.
func (h *handshake) restore(s *Session) {
	h.suite, h.c.master = suiteOf(s.suite), s.master
	if len(s.certificates) > 0 {
		h.peer = &peer{kept: s.certificates, encryptAt: s.encrypt, verified: s.verified, notAfter: s.ends}
	}
}

// fresh says whether a session may still be resumed as far as time goes.
func (h *handshake) fresh(s *Session) bool { return h.config.now().Before(s.ends) }
