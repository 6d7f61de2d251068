package trust

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"io"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"onecert/pki"
	"onecert/status"
)

// Options is what a Store needs beyond its configuration. The zero value works, without
// a journal and without a memory of lists across a restart.
type Options struct {
	// Dir is where good lists and uploads are kept, so that a restart needs no network;
	// "" for nowhere, and uploads are then lost with the process.
	Dir string
	// Journal is the platform's status journal, its own or a copy; nil where there is
	// none. Behind says how far a copy is behind its source (status.Copy.Age).
	Journal *status.Journal
	Behind  func() time.Duration
	// OnRevoked is told of each certificate the journal says is revoked or held, one after
	// the other. Judge knows already, and nothing waits for it.
	OnRevoked func(issuer string, serial pki.Serial)
	// OnList is told that a newer trust list is here than before.
	OnList   func()
	Now      func() time.Time // nil: time.Now
	Random   io.Reader        // jitter and nonces; nil: crypto/rand
	Log      *slog.Logger     // nil: nothing is logged
	Remember int              // certificates of a set whose path is remembered; 0: 100,000
}

func (o Options) orUsual() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Random == nil {
		o.Random = rand.Reader
	}
	if o.Remember <= 0 {
		o.Remember = 100_000
	}
	return o
}

// Store has the sets of a configuration and the data behind them. It is safe for
// concurrent use.
type Store struct {
	opts       Options
	generation atomic.Uint64

	life    context.Context
	end     context.CancelFunc
	workers sync.WaitGroup
	gate    sync.RWMutex // no worker begins once closed is set
	closed  bool

	telling sync.Mutex // guards untold
	untold  []revocation
	news    chan struct{} // there is something untold

	mu      sync.Mutex // guards what follows; Judge never takes it
	sets    map[string]*Set
	running map[[32]byte]*running
	// followers are the signed lists of CAs, by name.
	followers map[string]*follower
}

// running is a source at work.
type running struct {
	feed      *feed
	responder *responder
	journal   *journal
	stop      context.CancelFunc
}

// Set is one named set of CAs. It stays the same object when the configuration changes.
type Set struct {
	name  string
	store *Store
	state atomic.Pointer[setState] // nil: in no configuration
}

// New returns a Store; it takes up what Options.Dir has and begins to fetch the rest.
// Close ends it.
func New(c Config, o Options) (*Store, error) {
	s := &Store{opts: o.orUsual(), sets: map[string]*Set{}, running: map[[32]byte]*running{}, news: make(chan struct{}, 1)}
	s.life, s.end = context.WithCancel(context.Background())
	if err := s.Apply(c); err != nil {
		s.end()
		return nil, err
	}
	if s.opts.OnRevoked != nil {
		s.spawn(s.tellAll)
	}
	return s, nil
}

// revocation is a certificate OnRevoked is to be told of.
type revocation struct {
	issuer string
	serial pki.Serial
}

// tell notes what OnRevoked is to be told, without waiting for it: what it does with
// thousands of certificates at once must not hold up the following of the journal.
func (s *Store) tell(issuer string, all []pki.Serial) {
	if s.opts.OnRevoked == nil || len(all) == 0 {
		return
	}
	s.telling.Lock()
	for _, serial := range all {
		s.untold = append(s.untold, revocation{issuer, serial})
	}
	s.telling.Unlock()
	select {
	case s.news <- struct{}{}:
	default:
	}
}

// tellAll tells, until the store closes.
func (s *Store) tellAll() {
	for {
		select {
		case <-s.life.Done():
			return
		case <-s.news:
		}
		s.telling.Lock()
		all := s.untold
		s.untold = nil
		s.telling.Unlock()
		for _, r := range all {
			if s.life.Err() != nil {
				return
			}
			s.opts.OnRevoked(r.issuer, r.serial)
		}
	}
}

// Apply takes another configuration over, or refuses it whole. Sources that are in both
// keep their data.
func (s *Store) Apply(c Config) error {
	p, err := compile(c)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.life.Err() != nil {
		return pki.Errorf(pki.Unavailable, "trust.closed", "the trust sets are closed")
	}
	for _, ca := range p.cas {
		for _, source := range ca.sources {
			if source.row.Kind == SourceJournal && s.opts.Journal == nil {
				return invalid("cas["+ca.row.Name+"].revocation["+source.row.Name+"]", "this gateway has no status journal").
					To("follow the CA's journal in the process's configuration, or use its lists")
			}
		}
	}
	authorities := map[*caPlan]*authority{}
	wanted := map[[32]byte]bool{}
	for _, ca := range p.cas {
		authorities[ca] = s.authority(ca, wanted)
	}
	for key, r := range s.running {
		if !wanted[key] {
			r.stop()
			delete(s.running, key)
		}
	}
	s.followLists(p)
	s.awaitJournals()
	s.replaceSets(p, authorities)
	s.changed()
	return nil
}

// firstRead is how long a configuration waits for its journals, which lie in a database at
// hand; one that takes longer is read while services refuse.
const firstRead = 2 * time.Second

// awaitJournals lets nobody be refused for a journal that is only being read for the first
// time.
func (s *Store) awaitJournals() {
	enough := time.After(firstRead)
	for _, r := range s.running {
		if r.journal == nil {
			continue
		}
		select {
		case <-r.journal.ready:
		case <-enough:
			return
		case <-s.life.Done():
			return
		}
	}
}

// authority puts a CA to work with the sources that run already and new ones.
func (s *Store) authority(ca *caPlan, wanted map[[32]byte]bool) *authority {
	a := &authority{plan: ca}
	for _, source := range ca.sources {
		if source.row.Kind == SourceNone {
			a.unchecked = true
			continue
		}
		wanted[source.key] = true
		r := s.running[source.key]
		if r == nil {
			r = s.start(source)
			s.running[source.key] = r
		}
		switch {
		case r.feed != nil:
			a.feeds = append(a.feeds, r.feed)
		case r.responder != nil:
			a.responders = append(a.responders, r.responder)
		case r.journal != nil:
			a.journals = append(a.journals, r.journal)
		}
	}
	return a
}

// start begins with a source.
func (s *Store) start(p *sourcePlan) *running {
	ctx, stop := context.WithCancel(s.life)
	r := &running{stop: stop}
	switch p.row.Kind {
	case SourceOCSP:
		r.responder = newResponder(s, p)
	case SourceJournal:
		r.journal = newJournal(s, p)
		s.spawn(func() { r.journal.run(ctx) })
	default:
		r.feed = newFeed(s, p)
		if before := s.twin(p); before == nil || !r.feed.inherit(before) {
			r.feed.recall()
		}
		if p.url != nil {
			s.spawn(func() { r.feed.run(ctx) })
		}
	}
	return r
}

// twin is the source of the same place under the configuration before.
func (s *Store) twin(p *sourcePlan) *feed {
	for _, r := range s.running {
		if r.feed != nil && r.feed.where == p.where && r.feed.key != p.key {
			return r.feed
		}
	}
	return nil
}

func (s *Store) replaceSets(p *plan, authorities map[*caPlan]*authority) {
	states := map[string]*setState{}
	for _, set := range p.sets {
		state := &setState{store: s, stale: set.stale, byCertificate: map[[32]byte]*authority{}, memory: newMemory(s.opts.Remember)}
		for _, ca := range set.cas {
			a := authorities[ca]
			state.authorities = append(state.authorities, a)
			state.roots = append(state.roots, ca.anchors...)
			state.others = append(state.others, ca.all[len(ca.anchors):]...)
			for _, c := range ca.all {
				if state.byCertificate[c.SHA256()] == nil { // the first that names it
					state.byCertificate[c.SHA256()] = a
				}
			}
		}
		states[set.name] = state
		if s.sets[set.name] == nil {
			s.sets[set.name] = &Set{name: set.name, store: s}
		}
	}
	for name, set := range s.sets {
		set.state.Store(states[name])
	}
}

// Close ends fetching and following, and waits for it.
func (s *Store) Close() {
	s.gate.Lock()
	s.closed = true
	s.gate.Unlock()
	s.end()
	s.workers.Wait()
}

// Set returns a set by name. Of a name that is in no configuration every certificate is
// of an unknown issuer, until a configuration has it.
func (s *Store) Set(name string) *Set {
	s.mu.Lock()
	defer s.mu.Unlock()
	set := s.sets[name]
	if set == nil {
		set = &Set{name: name, store: s}
		if rowName.MatchString(name) && len(s.sets) < 4*maxCAs {
			s.sets[name] = set
		}
	}
	return set
}

// Generation changes whenever a verdict may have changed otherwise than by time.
func (s *Store) Generation() uint64 { return s.generation.Load() }

func (s *Store) changed() { s.generation.Add(1) }

// spawn runs something that Close waits for; false if the store is closed.
func (s *Store) spawn(act func()) bool {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if !s.closed {
		s.workers.Go(act)
	}
	return !s.closed
}

// jitter shifts a span by up to a tenth, so that many gateways do not ask at once.
func (s *Store) jitter(d time.Duration) time.Duration {
	var octets [4]byte
	if _, err := io.ReadFull(s.opts.Random, octets[:]); err != nil {
		return d // jitter is a courtesy
	}
	return d - d/10 + time.Duration(float64(d/5)*float64(binary.LittleEndian.Uint32(octets[:]))/(1<<32))
}

func (s *Store) log(message string, args ...any) {
	if s.opts.Log != nil {
		s.opts.Log.Warn(message, args...)
	}
}

func decimal(n int64) string { return strconv.FormatInt(n, 10) }
