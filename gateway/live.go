package gateway

import (
	"context"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"onecert/pki"
)

// A right may end while it is used: the certificate is revoked, the session ended. live
// knows what hangs on each, so that it is cut at once: connections that showed the
// certificate, and long exchanges of those who came with a session alone.

// holding is what a live thing hangs on.
type holding struct {
	issuer  string     // id of our CA, or empty for certificates of others
	serial  pki.Serial // with issuer
	leaf    string     // SHA-256 of the certificate, hex
	session string     // id; empty where there is none
}

// keys are the names under which a holding is found.
func (h holding) keys() (all [3]string, n int) {
	if h.serial != "" {
		all[n], n = "c:"+h.issuer+"/"+string(h.serial), n+1
	}
	if h.leaf != "" {
		all[n], n = "f:"+h.leaf, n+1
	}
	if h.session != "" {
		all[n], n = "s:"+h.session, n+1
	}
	return all, n
}

const liveShards = 64

// live is the register of what must be cut. It is divided, so that connections that come
// and go do not wait for each other.
type live struct {
	seed   maphash.Seed
	shards [liveShards]liveShard
	asking chan struct{} // places for those that wait for an answer
}

type liveShard struct {
	mu  sync.Mutex
	all map[string]map[*tie]struct{}
}

// tie is one entry; cut is called at most once, from any goroutine.
type tie struct {
	holding holding
	once    sync.Once
	cut     func()
	still   func(ctx context.Context) right // nil: it is asked elsewhere
	asking  atomic.Bool
}

// right is what is left of one.
type right int

const (
	rightEnded right = iota
	rightGood
	rightUnknown // as good as ended, unless asking helps
)

func newLive() *live {
	l := &live{seed: maphash.MakeSeed(), asking: make(chan struct{}, liveAsking)}
	for i := range l.shards {
		l.shards[i].all = map[string]map[*tie]struct{}{}
	}
	return l
}

func (l *live) shard(key string) *liveShard {
	return &l.shards[maphash.String(l.seed, key)%liveShards]
}

// tie registers what cut ends; untie takes it out again.
func (l *live) tie(h holding, cut func(), still func(context.Context) right) *tie {
	t := &tie{holding: h, cut: cut, still: still}
	keys, n := h.keys()
	for _, key := range keys[:n] {
		s := l.shard(key)
		s.mu.Lock()
		if s.all[key] == nil {
			s.all[key] = map[*tie]struct{}{}
		}
		s.all[key][t] = struct{}{}
		s.mu.Unlock()
	}
	return t
}

func (l *live) untie(t *tie) {
	keys, n := t.holding.keys()
	for _, key := range keys[:n] {
		s := l.shard(key)
		s.mu.Lock()
		delete(s.all[key], t)
		if len(s.all[key]) == 0 {
			delete(s.all, key)
		}
		s.mu.Unlock()
	}
}

// end cuts everything under a key and says how many that were.
func (l *live) end(key string) int {
	s := l.shard(key)
	s.mu.Lock()
	ties := make([]*tie, 0, len(s.all[key]))
	for t := range s.all[key] {
		ties = append(ties, t)
	}
	s.mu.Unlock()
	for _, t := range ties {
		t.once.Do(t.cut)
	}
	return len(ties)
}

func (l *live) endCertificate(issuer string, serial pki.Serial) int {
	return l.end("c:" + issuer + "/" + string(serial))
}
func (l *live) endSession(id string) int { return l.end("s:" + id) }

// How many may wait at once for what a distant server says about their certificates, and
// for how long. Who finds no place is asked about a second later.
const (
	liveAsking = 256
	stillWait  = 5 * time.Second
)

// sweep cuts what has lost its right without anybody saying so: a certificate ended or is
// on a list of another CA, a session was ended by another gateway. Every tie has a leaf.
// It waits for nobody: what only a distant server knows is asked beside it, and cut when
// that says nothing.
func (l *live) sweep(ctx context.Context) (cut int) {
	hurried, cancel := context.WithCancel(ctx)
	cancel()
	for i := range l.shards {
		for _, t := range l.shards[i].leaves() {
			if t.still == nil || t.asking.Load() {
				continue
			}
			switch t.still(hurried) {
			case rightEnded:
				t.once.Do(t.cut)
				cut++
			case rightUnknown:
				l.ask(ctx, t)
			}
		}
	}
	return cut
}

// leaves are the ties that are found by their certificate.
func (s *liveShard) leaves() (all []*tie) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, ties := range s.all {
		if key[0] != 'f' {
			continue
		}
		for t := range ties {
			all = append(all, t)
		}
	}
	return all
}

// ask looks at a tie with patience.
func (l *live) ask(ctx context.Context, t *tie) {
	select {
	case l.asking <- struct{}{}:
	default:
		return
	}
	t.asking.Store(true)
	go func() {
		ctx, cancel := context.WithTimeout(ctx, stillWait)
		defer cancel()
		if t.still(ctx) != rightGood {
			t.once.Do(t.cut)
		}
		t.asking.Store(false)
		<-l.asking
	}()
}
