package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

// asking is one kind of load on a proxy: clients that each ask, read the whole answer and
// ask again.
type asking struct {
	name      string
	path      string
	clients   int
	megabytes float64 // of one answer, where those are counted
	local     bool    // only the server without a back end
}

// answered is what one run gave.
type answered struct {
	waits []time.Duration // sorted
	took  time.Duration
	used  time.Duration // processor time of the proxy
}

func (a asking) units(requests int) float64 {
	if a.megabytes > 0 {
		return a.megabytes * float64(requests)
	}
	return float64(requests)
}

func (r answered) rate(a asking) float64       { return a.units(len(r.waits)) / r.took.Seconds() }
func (r answered) eachSecond(a asking) float64 { return a.units(len(r.waits)) / r.used.Seconds() }

func (r answered) quantile(q float64) time.Duration {
	return r.waits[min(len(r.waits)-1, int(q*float64(len(r.waits))))]
}

// run asks through a proxy for a while. Connections are made before the clock starts.
func (a asking) run(ctx context.Context, people *tlsPeople, p proxy, last time.Duration) (r answered, err error) {
	connections := make([]*tls.Conn, a.clients)
	for i := range connections {
		dialer := tls.Dialer{Config: &tls.Config{RootCAs: people.tlsRoots, ServerName: benchName, CurvePreferences: []tls.CurveID{tls.X25519}}}
		c, err := dialer.DialContext(ctx, "tcp", p.address)
		if err != nil {
			return r, fmt.Errorf("connecting: %w", err)
		}
		defer c.Close()
		connections[i] = c.(*tls.Conn)
	}
	if _, err := a.loop(ctx, connections[0], time.Now()); err != nil { // one, to warm up
		return r, err
	}
	waits, errs := make([][]time.Duration, a.clients), make([]error, a.clients)
	var group sync.WaitGroup
	before, start := treeTime(p.command.Process.Pid), time.Now()
	for i, c := range connections {
		group.Go(func() { waits[i], errs[i] = a.loop(ctx, c, start.Add(last)) })
	}
	group.Wait()
	r = answered{took: time.Since(start), used: treeTime(p.command.Process.Pid) - before}
	if err := errors.Join(errs...); err != nil {
		return r, err
	}
	for _, w := range waits {
		r.waits = append(r.waits, w...)
	}
	slices.Sort(r.waits)
	if len(r.waits) == 0 || r.used == 0 {
		return r, errors.New("a run too short to be measured")
	}
	return r, nil
}

// loop asks over one connection until the time is over, at least once.
func (a asking) loop(ctx context.Context, c *tls.Conn, end time.Time) (waits []time.Duration, err error) {
	question := []byte("GET " + a.path + " HTTP/1.1\r\nHost: " + benchName + "\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n")
	in := bufio.NewReaderSize(c, 64<<10)
	for now := time.Now(); len(waits) == 0 || now.Before(end) && ctx.Err() == nil; {
		if _, err := c.Write(question); err != nil {
			return nil, fmt.Errorf("asking: %w", err)
		}
		answer, err := http.ReadResponse(in, nil)
		if err != nil {
			return nil, fmt.Errorf("reading an answer: %w", err)
		}
		n, err := io.Copy(io.Discard, answer.Body)
		if err != nil || answer.StatusCode != http.StatusOK || n != answer.ContentLength {
			return nil, fmt.Errorf("an answer %d of %d octets: %w", answer.StatusCode, n, err)
		}
		after := time.Now()
		waits, now = append(waits, after.Sub(now)), after
	}
	return waits, nil
}
