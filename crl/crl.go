package crl

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/pki"
	"onecert/status"
)

// Issuer is whose lists are published.
type Issuer struct {
	ID          string
	Certificate *smx509.Certificate
	Chain       []*smx509.Certificate // above Certificate, the root last
}

// Config is what a publisher is made of. Dir, Source and Issuers are required.
type Config struct {
	Dir     string // {Dir}/{issuer}/{name}.crl; nobody else writes there
	Source  Source
	Issuers []Issuer
	// Journal tells when to ask; without one the source is asked each Idle.
	Journal *status.Journal
	// Interval is the shortest time between two questions for one issuer's lists, 100 ms
	// if 0; Idle the longest, 30 s with a journal and 2 s without if 0.
	Interval, Idle time.Duration
	// Fresh is the longest a cache keeps a list without asking again, 10 s if 0, and
	// never beyond its nextUpdate.
	Fresh time.Duration
	Now   func() time.Time
	Log   *slog.Logger
}

func (c *Config) settle() {
	fallback := func(d *time.Duration, value time.Duration) {
		if *d == 0 {
			*d = value
		}
	}
	fallback(&c.Interval, 100*time.Millisecond)
	fallback(&c.Fresh, 10*time.Second)
	if c.Journal != nil {
		fallback(&c.Idle, 30*time.Second)
	}
	fallback(&c.Idle, 2*time.Second)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
}

// Publisher hands out the lists of some issuers. It is safe for concurrent use.
type Publisher struct {
	config  Config
	shelves map[string]*shelf // by issuer

	round sync.Mutex // one refreshing at a time
}

// New opens a folder with what was published before: after a restart it is handed out
// at once, whether or not the source answers.
func New(config Config) (*Publisher, error) {
	config.settle()
	p := &Publisher{config: config, shelves: map[string]*shelf{}}
	for n := range config.Issuers {
		issuer := &config.Issuers[n]
		if issuer.Certificate == nil || issuer.ID == "" || p.shelves[issuer.ID] != nil {
			return nil, pki.Errorf(pki.Invalid, "crl.config", "an issuer has no id or certificate, or is there twice")
		}
		s, err := openShelf(config, issuer)
		if err != nil {
			return nil, err
		}
		p.shelves[issuer.ID] = s
	}
	return p, nil
}

// Keep publishes what is new until ctx ends: soon after the journal has news, and each
// Idle. A failure is logged when it begins, leaves what is published in place, and is
// tried again; at half and three quarters of a list's life it is an alarm.
func (p *Publisher) Keep(ctx context.Context) {
	after := int64(0)
	if p.config.Journal != nil {
		after, _ = p.config.Journal.Last(ctx) // without an answer the whole journal is news
	}
	target, owed := map[string]int64{}, map[string]int64{}
	for ctx.Err() == nil {
		begun := time.Now()
		_ = p.Refresh(ctx) // logged, and told by States
		p.alarm()
		wait := p.config.Idle
		if p.behind(target) {
			wait = p.config.Interval
		} else if p.owing(owed) {
			wait = min(wait, fullWait)
		}
		before := maps.Clone(target)
		after = p.await(ctx, after, wait, target)
		for issuer, number := range target {
			if number != before[issuer] {
				owed[issuer] = number
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(p.config.Interval - time.Since(begun)):
		}
	}
}

// patience is how long the lists of a change are asked for at the shortest interval.
const patience = 10 * time.Second

// await waits for news, notes up to where lists should be true, and returns the
// journal number it has seen.
func (p *Publisher) await(ctx context.Context, after int64, wait time.Duration, target map[string]int64) int64 {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	if p.config.Journal == nil {
		<-ctx.Done()
		return after
	}
	for {
		entries, err := p.config.Journal.Next(ctx, after, 0)
		if pki.CodeOf(err) == "status.rewound" {
			return 0
		}
		if err != nil {
			select { // a database that is away must not make this loop spin
			case <-ctx.Done():
			case <-time.After(p.config.Interval):
			}
			return after
		}
		news := false
		for _, e := range entries {
			after = e.Number
			if s := p.shelves[e.Issuer]; s != nil && e.Event != status.Issued {
				target[e.Issuer], news = e.Number, true
				s.expect(time.Now().Add(patience))
			}
		}
		if news {
			return after
		}
	}
}

// behind reports whether some issuer's lists are not yet what the journal has.
func (p *Publisher) behind(target map[string]int64) bool {
	for issuer, number := range target {
		if s := p.shelves[issuer]; s.journal() >= number || time.Now().After(s.expected()) {
			delete(target, issuer)
		}
	}
	return len(target) > 0
}

// The complete list follows its delta by the CA's own schedule, of which the journal
// says nothing: it is asked for each fullWait, and for fullPatience at most.
const (
	fullWait     = time.Second
	fullPatience = 10 * time.Minute
)

// owing reports whether some issuer's complete list is not yet what the journal had.
func (p *Publisher) owing(owed map[string]int64) bool {
	for issuer, number := range owed {
		s := p.shelves[issuer]
		complete := s.get("complete")
		if complete != nil && complete.Journal >= number || time.Now().After(s.expected().Add(fullPatience)) {
			delete(owed, issuer)
		}
	}
	return len(owed) > 0
}

// Refresh asks once for every issuer and publishes what is new.
func (p *Publisher) Refresh(ctx context.Context) error {
	p.round.Lock()
	defer p.round.Unlock()
	var all error
	for _, issuer := range p.config.Issuers {
		err := p.refresh(ctx, p.shelves[issuer.ID])
		if err != nil && ctx.Err() == nil {
			all = errors.Join(all, fmt.Errorf("publishing the lists of %s: %w", issuer.ID, err))
		}
	}
	return all
}

func (p *Publisher) refresh(ctx context.Context, s *shelf) error {
	heads, err := p.config.Source.Lists(ctx, s.issuer.ID)
	if err != nil {
		s.failed(sourceFault, err)
		return err
	}
	s.failed(sourceFault, nil)
	var all error
	changed := false
	for _, head := range heads {
		if _, _, known := pki.ParseListName(head.Name); !known || head.Number <= s.number(head.Name) {
			continue
		}
		err := p.take(ctx, s, head)
		s.failed(head.Name, err)
		changed = changed || err == nil
		all = errors.Join(all, err)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	if changed {
		err := s.writeIndex()
		s.failed(indexFile, err)
		all = errors.Join(all, err)
	}
	return all
}

// take fetches, judges and publishes one list.
func (p *Publisher) take(ctx context.Context, s *shelf, head pki.ListHead) error {
	if head.Size > maxList {
		return pki.Errorf(pki.Invalid, "crl.size", "list %s of issuer %s is said to be larger than %d octets", head.Name, s.issuer.ID, maxList)
	}
	octets, err := p.config.Source.OpenList(ctx, s.issuer.ID, head.Name, head.Number)
	if err != nil {
		return err
	}
	defer octets.Close()
	der := bytes.NewBuffer(make([]byte, 0, max(512, head.Size+512)))
	if _, err := io.Copy(der, io.LimitReader(octets, maxList+1)); err != nil {
		return pki.Errorf(pki.Unavailable, "crl.fetch", "list %s of issuer %s broke off on its way", head.Name, s.issuer.ID).To("it is fetched again").Because(err)
	}
	l, err := read(der.Bytes())
	if err != nil {
		return err
	}
	if err := l.judge(s.issuer, head.Name, p.config.Now()); err != nil {
		return err
	}
	if before := s.number(head.Name); l.number <= before || l.number < head.Number {
		return pki.Errorf(pki.Conflict, "crl.number", "list %s of issuer %s has number %d, which is not above %d", head.Name, s.issuer.ID, l.number, before).
			To("numbers only grow: raise the CA's counter ('onecert ca crl-number'), or see where lists are fetched from")
	}
	head.Issuer, head.Number, head.Base, head.ThisUpdate, head.NextUpdate, head.Size = s.issuer.ID, l.number, l.base, l.thisUpdate.UTC(), l.nextDate.UTC(), int64(der.Len())
	return s.put(head, der.Bytes())
}

// State is what is published under one name.
type State struct {
	pki.ListHead
	Fault error `json:"-"` // why there is nothing newer, nil if all is well
}

// States returns what is published, for health: a list past half of its life is late,
// and past NextUpdate it is handed out no longer.
func (p *Publisher) States() (all []State) {
	for _, issuer := range p.config.Issuers {
		all = append(all, p.shelves[issuer.ID].states()...)
	}
	return all
}

// alarm tells once of each list that comes past half and three quarters of its life.
func (p *Publisher) alarm() {
	now := p.config.Now()
	for _, state := range p.States() {
		if state.Number == 0 {
			continue
		}
		life, age := state.NextUpdate.Sub(state.ThisUpdate), now.Sub(state.ThisUpdate)
		level := 0
		switch {
		case age > life*3/4:
			level = 2
		case age > life/2:
			level = 1
		}
		if !p.shelves[state.Issuer].louder(state.Name, level) {
			continue
		}
		at := []slog.Level{slog.LevelInfo, slog.LevelWarn, slog.LevelError}[level]
		says := []string{"a CRL was made anew", "a CRL is past half of its life", "a CRL is past three quarters of its life"}[level]
		p.config.Log.Log(context.Background(), at, says, "issuer", state.Issuer, "list", state.Name, "next_update", state.NextUpdate)
	}
}
