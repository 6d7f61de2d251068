package gateway

import (
	"math/rand/v2"
	"sync"
	"time"
)

// Counts is what was counted of something in a while.
type Counts struct {
	Requests int64               `json:"requests" doc:"requests and TCP connections that are over; of handshakes: how many"`
	Refused  int64               `json:"refused" doc:"answered by a page of the gateway"`
	Failed   int64               `json:"failed" doc:"no back end answered, or it broke off"`
	Sent     int64               `json:"sent" doc:"octets to clients"`
	Received int64               `json:"received" doc:"octets from clients"`
	Took     int64               `json:"took" doc:"microseconds in all"`
	Latency  [latencySteps]int64 `json:"latency" doc:"how many took at most 1, 2, 5, 10, 20, 50, 100, 200, 500 ms, 1, 2, 5, 10 s, and longer"`
}

const latencySteps = 14

// latencyBounds are the ends of the steps; the last has none.
func latencyBounds() [latencySteps - 1]time.Duration {
	const ms = time.Millisecond
	return [...]time.Duration{1 * ms, 2 * ms, 5 * ms, 10 * ms, 20 * ms, 50 * ms, 100 * ms, 200 * ms, 500 * ms, 1000 * ms, 2000 * ms, 5000 * ms, 10_000 * ms}
}

// latencyStep is the step a time belongs to.
func latencyStep(d time.Duration) int {
	for i, bound := range latencyBounds() {
		if d <= bound {
			return i
		}
	}
	return latencySteps - 1
}

func (c *Counts) add(o *Counts) {
	c.Requests, c.Refused, c.Failed = c.Requests+o.Requests, c.Refused+o.Refused, c.Failed+o.Failed
	c.Sent, c.Received, c.Took = c.Sent+o.Sent, c.Received+o.Received, c.Took+o.Took
	for i, n := range o.Latency {
		c.Latency[i] += n
	}
}

// quantile is how long at most a part (0.5, 0.99) of the requests took, by the step it
// falls into; beyond the last step it is that step's beginning.
func (c *Counts) quantile(part float64) time.Duration {
	bounds := latencyBounds()
	want, seen := part*float64(c.Requests), int64(0)
	for i, bound := range bounds {
		if seen += c.Latency[i]; float64(seen) >= want {
			return bound
		}
	}
	return bounds[latencySteps-2]
}

// The kinds of figures.
const (
	FigureApplication = "application" // by application; "" for what belonged to none
	FigureUser        = "user"        // by account, by the day only
	FigurePage        = "page"        // by the page that was shown in the place of an answer
	FigureFault       = "fault"       // by what went wrong with a back end
	FigureProtocol    = "protocol"    // by protocol
	FigureHandshake   = "handshake"   // by result: "TLS 1.3", "TLCP 1.1 resumed", "TLS: no common suite"
)

// figureKey is what is counted apart.
type figureKey struct {
	minute int64 // minutes since 1970
	kind   string
	name   string
}

// The bounds of what is counted apart: beyond them it is counted under the name "*".
const (
	figureShards   = 16
	maxShardKeys   = 4_000
	maxUsersAday   = 10_000
	nameOfOthers   = "*"
	maxPendingKeys = 200_000
)

// tally is the counts that are not written yet. It is divided, so that requests that end
// at the same time do not wait for each other.
type tally struct{ shards [figureShards]tallyShard }

type tallyShard struct {
	mu  sync.Mutex
	all map[figureKey]*Counts
	_   [40]byte // each shard has cache lines of its own
}

// of returns the counts under a key; the shard is locked.
func (s *tallyShard) of(key figureKey) *Counts {
	if c := s.all[key]; c != nil {
		return c
	}
	if len(s.all) >= maxShardKeys {
		key.name = nameOfOthers
		if c := s.all[key]; c != nil {
			return c
		}
	}
	if s.all == nil {
		s.all = map[figureKey]*Counts{}
	}
	c := &Counts{}
	s.all[key] = c
	return c
}

// visit counts a request that is over.
func (t *tally) visit(v *Visit) {
	one := Counts{Requests: 1, Sent: v.Sent, Received: v.Received, Took: v.Took.Microseconds()}
	one.Latency[latencyStep(v.Took)] = 1
	if v.Problem != "" {
		one.Refused = 1
	}
	if v.Error != "" {
		one.Failed = 1
	}
	minute := minuteOf(v.At.Add(v.Took))
	s := &t.shards[rand.Uint32()%figureShards]
	s.mu.Lock()
	defer s.mu.Unlock()
	s.of(figureKey{minute, FigureApplication, v.Application}).add(&one)
	s.of(figureKey{minute, FigureProtocol, v.TLS}).add(&one)
	if v.Subject != nil && v.Subject.User != "" {
		s.of(figureKey{minute, FigureUser, v.Subject.User}).add(&one)
	}
	if v.Problem != "" {
		s.of(figureKey{minute, FigurePage, v.Problem}).add(&one)
	}
	if v.Error != "" {
		s.of(figureKey{minute, FigureFault, v.Error}).add(&one)
	}
}

// handshake counts one by its result.
func (t *tally) handshake(at time.Time, result string, good bool) {
	one := Counts{Requests: 1}
	if !good {
		one.Failed = 1
	}
	s := &t.shards[rand.Uint32()%figureShards]
	s.mu.Lock()
	defer s.mu.Unlock()
	s.of(figureKey{minuteOf(at), FigureHandshake, result}).add(&one)
}

// take hands over what was counted since it was called last.
func (t *tally) take() map[figureKey]*Counts {
	all := map[figureKey]*Counts{}
	for i := range t.shards {
		s := &t.shards[i]
		s.mu.Lock()
		taken := s.all
		s.all = nil
		s.mu.Unlock()
		merge(all, taken)
	}
	return all
}

func merge(into, from map[figureKey]*Counts) {
	for key, c := range from {
		if have := into[key]; have != nil {
			have.add(c)
		} else {
			into[key] = c
		}
	}
}

func minuteOf(at time.Time) int64 { return at.Unix() / 60 }

// china is where the day begins at which people there write another date.
func china() *time.Location { return time.FixedZone("CST", 8*60*60) }

// dayOf is the beginning of the day a minute is in.
func dayOf(minute int64) time.Time {
	t := time.Unix(minute*60, 0).In(china())
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, china())
}
