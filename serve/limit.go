package serve

import (
	"container/heap"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
)

// The rule by which every listener of the product limits its callers. Behind one
// address there may be a machine or an office of five thousand, so no rate and no
// number is too much for a source by itself. Only when a server has no more to give
// is what it has shared out evenly among the sources that ask:
//
//  1. Connections. While there are seats, whoever comes gets one. When all are taken,
//     a newcomer gets a seat from the source that holds most of them, as long as it
//     holds fewer itself afterwards than that one; of those the source's connection
//     goes that carries no request and was not used for longest. Else it is refused.
//  2. Turns. While there is room, a request is answered at once, and a TLS handshake
//     made. When as many are under way as may be, a source goes on having its even
//     share of them; beyond that its requests wait in a line of its own, and the
//     sources take turns. Who has waited too long, or is last in the longest line when
//     too many wait, is told to come again (503 with Retry-After).
//
// A source is an IPv4 address or an IPv6 network of 64 bits.

// Fair returns l with at most so many connections open at once, shared out by rule 1:
// for listeners that speak another protocol than HTTP. Server has it by itself.
func Fair(l net.Listener, connections int) net.Listener {
	return FairBy(l, func() int { return connections })
}

// FairBy is Fair with a number that may change: who is there stays, and newcomers find
// what counts now.
func FairBy(l net.Listener, connections func() int) net.Listener {
	return &seats{Listener: l, total: connections, crowds: map[netip.Prefix]*crowd{}}
}

// seats is a listener with rule 1.
type seats struct {
	net.Listener
	total func() int
	tick  atomic.Int64 // counts arrivals: a clock for what was used when

	mu     sync.Mutex
	open   int
	crowds map[netip.Prefix]*crowd
	order  crowdHeap // the largest first
}

// crowd is one source: its connections, which seats guards, and its requests, which
// turns guards.
type crowd struct {
	source netip.Prefix
	open   map[*seat]struct{}
	at     int // in the heap

	busy int          // under way
	line []chan error // who waits, the first first: told nil when it is their turn
}

// seat is one connection.
type seat struct {
	net.Conn
	of      *seats
	crowd   *crowd
	used    atomic.Int64          // tick of the last octets that came
	busy    atomic.Int32          // requests under way on it
	shaking atomic.Pointer[turns] // where it has a turn for its handshake
}

// Accept implements net.Listener.
func (p *seats) Accept() (net.Conn, error) {
	for {
		conn, err := p.Listener.Accept()
		if err != nil {
			return nil, err
		}
		c := &seat{Conn: conn, of: p}
		c.used.Store(p.tick.Add(1))
		if p.take(c, sourceOf(conn.RemoteAddr())) {
			return c, nil
		}
		conn.Close()
	}
}

// take finds a seat for a connection, if need be one that another gives up.
func (p *seats) take(c *seat, source netip.Prefix) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open >= p.total() {
		loser := p.loser(source)
		if loser == nil {
			return false
		}
		p.remove(loser)
		go loser.Close() // may have to say goodbye; its seat is free already
	}
	own := p.crowds[source]
	if own == nil {
		own = &crowd{source: source, open: map[*seat]struct{}{}}
		p.crowds[source] = own
		heap.Push(&p.order, own)
	}
	own.open[c], c.crowd = struct{}{}, own
	heap.Fix(&p.order, own.at)
	p.open++
	return true
}

// looked is how many connections of a source are compared: in a large crowd one that
// was not used for long is found soon enough.
const looked = 64

// loser is the connection that gives way to one of source; mu is held.
func (p *seats) loser(source netip.Prefix) (found *seat) {
	if len(p.order) == 0 {
		return nil
	}
	own, most := 0, p.order[0]
	if c := p.crowds[source]; c != nil {
		own = len(c.open)
	}
	if own+1 >= len(most.open) {
		return nil
	}
	n := 0
	for c := range most.open { // in no particular order
		if c.busy.Load() == 0 && (found == nil || c.used.Load() < found.used.Load()) {
			found = c
		}
		if n++; n >= looked && found != nil {
			break
		}
	}
	return found
}

// remove gives a seat back, once; mu is held.
func (p *seats) remove(c *seat) {
	own := c.crowd
	if _, here := own.open[c]; !here {
		return
	}
	delete(own.open, c)
	p.open--
	if len(own.open) == 0 {
		heap.Remove(&p.order, own.at)
		delete(p.crowds, own.source)
		return
	}
	heap.Fix(&p.order, own.at)
}

// Read implements net.Conn.
func (c *seat) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.used.Store(c.of.tick.Load())
	return n, err
}

// Write implements net.Conn.
func (c *seat) Write(b []byte) (int, error) {
	c.shook()
	return c.Conn.Write(b)
}

// Close implements net.Conn.
func (c *seat) Close() error {
	err := c.Conn.Close()
	c.shook()
	c.of.mu.Lock()
	defer c.of.mu.Unlock()
	c.of.remove(c)
	return err
}

// shook ends the turn of a handshake: with the first octets of the answer its costly
// part is done.
func (c *seat) shook() {
	if c.shaking.Load() == nil {
		return
	}
	if turns := c.shaking.Swap(nil); turns != nil {
		turns.leave(c.crowd)
	}
}

// crowdHeap has the source with the most connections first.
type crowdHeap []*crowd

// Len implements heap.Interface.
func (h crowdHeap) Len() int { return len(h) }

// Less implements heap.Interface.
func (h crowdHeap) Less(i, j int) bool { return len(h[i].open) > len(h[j].open) }

// Swap implements heap.Interface.
func (h crowdHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].at, h[j].at = i, j
}

// Push implements heap.Interface.
func (h *crowdHeap) Push(x any) {
	c := x.(*crowd)
	c.at = len(*h)
	*h = append(*h, c)
}

// Pop implements heap.Interface.
func (h *crowdHeap) Pop() any {
	last := len(*h) - 1
	c := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return c
}
