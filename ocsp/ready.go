package ocsp

import (
	"hash/maphash"
	"sync"
)

// ready keeps finished answers for certificates that are asked for, by octets no more
// than it may. What was not asked for lately goes first: a clock (second chance) in
// each part, which a hit only marks.
//
// A change of the journal drops an answer, and whoever began to make one before the
// change must not put it back afterwards. So each part counts its drops: put takes an
// answer only if none has happened since its maker asked for the count, which it does
// before it looks at the certificate's state.
type ready struct {
	seed  maphash.Seed
	parts [readyParts]readyPart
}

const readyParts = 64

// readyKey is a certificate and the form its CertID has in the request.
type readyKey struct {
	certKey
	form uint8
}

type readyPart struct {
	mu      sync.RWMutex
	answers map[readyKey]*answer
	ring    []*answer
	hand    int
	octets  int
	limit   int
	drops   uint64
}

// keptOverhead is what keeping one answer costs beside its own octets.
const keptOverhead = 400

func newReady(limit int) *ready {
	r := &ready{seed: maphash.MakeSeed()}
	for i := range r.parts {
		r.parts[i].answers = map[readyKey]*answer{}
		r.parts[i].limit = limit / readyParts
	}
	return r
}

// part depends on the certificate alone: all its forms lie together.
func (r *ready) part(key *certKey) *readyPart {
	return &r.parts[maphash.Bytes(r.seed, key.serial[:])%readyParts]
}

// get returns an answer if one is there.
func (r *ready) get(key readyKey) *answer {
	p := r.part(&key.certKey)
	p.mu.RLock()
	defer p.mu.RUnlock()
	a := p.answers[key]
	if a != nil && !a.used.Load() { // usually set: no write that other processors would have to see
		a.used.Store(true)
	}
	return a
}

// drops returns the count to hand to put.
func (r *ready) drops(key certKey) uint64 {
	p := r.part(&key)
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.drops
}

// put keeps an answer, once, unless something was dropped since drops was asked for.
func (r *ready) put(key readyKey, a *answer, drops uint64) {
	p := r.part(&key.certKey)
	p.mu.Lock()
	defer p.mu.Unlock()
	size := len(a.body) + keptOverhead
	if p.drops != drops || size > p.limit {
		return
	}
	if old := p.answers[key]; old != nil {
		p.remove(old)
	}
	for p.octets+size > p.limit {
		p.evict()
	}
	a.key, a.at = key, len(p.ring)
	p.answers[key] = a
	p.ring = append(p.ring, a)
	p.octets += size
}

// evict lets the first go that was not asked for since the hand passed it last.
func (p *readyPart) evict() {
	for {
		if p.hand >= len(p.ring) {
			p.hand = 0
		}
		if p.ring[p.hand].used.Swap(false) {
			p.hand++
			continue
		}
		p.remove(p.ring[p.hand])
		return
	}
}

// remove puts the last of the ring into the place that becomes free.
func (p *readyPart) remove(a *answer) {
	end := len(p.ring) - 1
	p.ring[a.at], p.ring[end] = p.ring[end], nil
	if a.at < end {
		p.ring[a.at].at = a.at
	}
	p.ring = p.ring[:end]
	delete(p.answers, a.key)
	p.octets -= len(a.body) + keptOverhead
}

// drop forgets every answer about a certificate.
func (r *ready) drop(key certKey, forms uint8) {
	p := r.part(&key)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drops++
	for form := range forms {
		if a := p.answers[readyKey{key, form}]; a != nil {
			p.remove(a)
		}
	}
}

// clear forgets all answers.
func (r *ready) clear() {
	for i := range r.parts {
		p := &r.parts[i]
		p.mu.Lock()
		p.drops++
		p.answers, p.ring, p.hand, p.octets = map[readyKey]*answer{}, nil, 0, 0
		p.mu.Unlock()
	}
}

// size returns how many answers are kept and their octets.
func (r *ready) size() (answers, octets int) {
	for i := range r.parts {
		p := &r.parts[i]
		p.mu.RLock()
		answers += len(p.ring)
		octets += p.octets
		p.mu.RUnlock()
	}
	return answers, octets
}
