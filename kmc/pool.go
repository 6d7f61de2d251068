package kmc

import (
	"slices"
	"sync"
	"time"

	"onecert/pki"
)

// PoolSize is how many spare pairs of a suite are kept ready: when fewer than Low
// are left they are filled up to Target. The zero value keeps none: each order of
// that suite makes its pair while it waits.
type PoolSize struct {
	Target int `yaml:"target" json:"target"`
	Low    int `yaml:"low" json:"low"`
}

// DefaultPool suits a centre that serves mostly SM2. Pairs on curves are made in
// microseconds, RSA pairs in tenths of a second to seconds: filling these pools the
// first time takes about twenty seconds of one processor.
func DefaultPool() map[pki.Suite]PoolSize {
	return map[pki.Suite]PoolSize{
		pki.SM2: {2000, 1500}, pki.P256: {500, 300}, pki.P384: {200, 100},
		pki.RSA2048: {32, 16}, pki.RSA3072: {8, 4}, pki.RSA4096: {4, 2},
	}
}

// maxPool bounds a target: each spare pair is held in memory, sealed.
const maxPool = 1_000_000

// pool is the spare library (备用库) in memory, oldest first. The database is the
// truth: a pair that stands here and in kmc_use is refused when it is taken.
type pool struct {
	mu    sync.Mutex
	ready map[pki.Suite][]*record
	sizes map[pki.Suite]PoolSize
	low   map[pki.Suite]chan struct{} // wakes the suite's filler
	rates map[pki.Suite]float64       // pairs made a second, at the last filling
	doubt map[pki.Suite]time.Time     // when the oldest pair was made that a commit without a clear end may have stored

	filling map[pki.Suite]chan struct{} // held by whoever fills the suite
}

func newPool(sizes map[pki.Suite]PoolSize) (*pool, error) {
	p := &pool{ready: map[pki.Suite][]*record{}, sizes: map[pki.Suite]PoolSize{},
		low: map[pki.Suite]chan struct{}{}, rates: map[pki.Suite]float64{}, doubt: map[pki.Suite]time.Time{}, filling: map[pki.Suite]chan struct{}{}}
	for _, suite := range pki.Suites() {
		size := sizes[suite]
		if size.Target < 0 || size.Target > maxPool || size.Low < 0 || size.Low > size.Target {
			return nil, pki.Errorf(pki.Invalid, "km.pool", "the pool of %s does not have 0 ≤ low ≤ target ≤ %d", suite, maxPool).
				To("set low to about half of target")
		}
		p.sizes[suite], p.low[suite], p.filling[suite] = size, make(chan struct{}, 1), make(chan struct{}, 1)
	}
	for suite := range sizes {
		if _, err := pki.ParseSuite(string(suite)); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// take removes the oldest spare pair, nil where there is none, and wakes the filler
// at the low-water mark.
func (p *pool) take(suite pki.Suite) *record {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.wake(suite)
	ready := p.ready[suite]
	if len(ready) == 0 {
		return nil
	}
	first := ready[0]
	ready[0] = nil
	p.ready[suite] = ready[1:]
	return first
}

// wake is called with mu held.
func (p *pool) wake(suite pki.Suite) {
	if len(p.ready[suite]) >= p.sizes[suite].Low {
		return
	}
	select {
	case p.low[suite] <- struct{}{}:
	default:
	}
}

// add takes pairs that stand in the database unused.
func (p *pool) add(records ...*record) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range records {
		p.ready[r.suite] = append(p.ready[r.suite], r)
	}
}

// giveBack returns pairs that were taken and not used, to the front: they are the
// oldest.
func (p *pool) giveBack(records ...*record) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range slices.Backward(records) {
		p.ready[r.suite] = slices.Insert(p.ready[r.suite], 0, r)
	}
}

// doubts notes pairs of a commit that failed: should it have happened all the same, they
// are spare in the database and not here. The mark from which a restart looks for spare
// pairs stays before them.
func (p *pool) doubts(records ...*record) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range records {
		if first, ok := p.doubt[r.suite]; !ok || r.madeAt.Before(first) {
			p.doubt[r.suite] = r.madeAt
		}
	}
}

// doubted is when the oldest of those was made, zero where there is none.
func (p *pool) doubted(suite pki.Suite) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.doubt[suite]
}

// missing is how many pairs are wanted up to the target.
func (p *pool) missing(suite pki.Suite) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return max(0, p.sizes[suite].Target-len(p.ready[suite]))
}

func (p *pool) spare(suite pki.Suite) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.ready[suite])
}

// oldest returns when the oldest spare pair was made, zero where there is none.
func (p *pool) oldest(suite pki.Suite) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	var first time.Time
	for _, r := range p.ready[suite] {
		if first.IsZero() || r.madeAt.Before(first) {
			first = r.madeAt
		}
	}
	return first
}

// measured notes that n pairs took so long.
func (p *pool) measured(suite pki.Suite, n int, took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if took > 0 {
		p.rates[suite] = float64(n) / took.Seconds()
	}
}

func (p *pool) rate(suite pki.Suite) float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.rates[suite]
}

func (p *pool) list(suite pki.Suite) []*record {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.ready[suite])
}
