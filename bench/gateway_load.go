package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// asking is one kind of load on a server: clients that each ask, read the whole answer and
// ask again.
type asking struct {
	name      string
	path      string
	clients   int
	megabytes float64 // of one answer, where those are counted
	anew      bool    // a connection for each request
}

// answered is what one run gave.
type answered struct {
	waits []time.Duration // sorted
	took  time.Duration
	used  time.Duration // processor time of the server
}

func (a asking) units(requests int) float64 {
	if a.megabytes > 0 {
		return a.megabytes * float64(requests)
	}
	return float64(requests)
}

func (r answered) rate(a asking) float64       { return a.units(len(r.waits)) / r.took.Seconds() }
func (r answered) eachSecond(a asking) float64 { return a.units(len(r.waits)) / r.used.Seconds() }

// each is the processor time of one unit.
func (r answered) each(a asking) time.Duration {
	return time.Duration(float64(r.used) / a.units(len(r.waits)))
}

func (r answered) quantile(q float64) time.Duration {
	return r.waits[min(len(r.waits)-1, int(q*float64(len(r.waits))))]
}

// run asks by a way for a while. Connections that are kept are made before the clock
// starts.
func (a asking) run(ctx context.Context, w road, last time.Duration) (r answered, err error) {
	var kept []*client
	if !a.anew {
		if kept, err = w.connect(ctx, a.clients); err != nil {
			return r, err
		}
		defer closeConns(kept)
	}
	warm, err := w.connect(ctx, 1)
	if err != nil {
		return r, err
	}
	defer closeConns(warm)
	if err := warm[0].ask(a.path); err != nil {
		return r, err
	}
	waits, errs := make([][]time.Duration, a.clients), make([]error, a.clients)
	var group sync.WaitGroup
	before, start := treeTime(w.proxy.command.Process.Pid), time.Now()
	for i := range a.clients {
		group.Go(func() {
			act := func() error { return w.once(ctx, a.path) }
			if kept != nil {
				act = func() error { return kept[i].ask(a.path) }
			}
			waits[i], errs[i] = untilThen(ctx, start.Add(last), act)
		})
	}
	group.Wait()
	r = answered{took: time.Since(start), used: treeTime(w.proxy.command.Process.Pid) - before}
	return r.of(waits, errs)
}

// of puts together what clients gave.
func (r answered) of(waits [][]time.Duration, errs []error) (answered, error) {
	if err := errors.Join(errs...); err != nil {
		return r, err
	}
	r.waits = slices.Concat(waits...)
	slices.Sort(r.waits)
	r.used = max(r.used, jiffy) // the clock of another process is as rough as that
	if len(r.waits) == 0 {
		return r, errors.New("a run too short to be measured")
	}
	return r, nil
}

// untilThen acts until the time is over, at least once.
func untilThen(ctx context.Context, end time.Time, act func() error) (waits []time.Duration, err error) {
	for now := time.Now(); len(waits) == 0 || now.Before(end) && ctx.Err() == nil; {
		if err := act(); err != nil {
			return nil, err
		}
		after := time.Now()
		waits, now = append(waits, after.Sub(now)), after
	}
	return waits, nil
}

// connect makes n connections, several at a time.
func (w road) connect(ctx context.Context, n int) ([]*client, error) {
	all := make([]*client, n)
	err := together(16, n, func(i int) error {
		c, err := w.dial(ctx)
		if err != nil {
			return fmt.Errorf("connecting: %w", err)
		}
		all[i] = &client{conn: c, reader: bufio.NewReaderSize(c, 4<<10)}
		return nil
	})
	if err != nil {
		closeConns(all)
		return nil, err
	}
	return all, nil
}

func closeConns(all []*client) {
	for _, c := range all {
		if c != nil {
			c.close()
		}
	}
}

// once asks over a connection of its own.
func (w road) once(ctx context.Context, path string) error {
	c, err := w.connect(ctx, 1)
	if err != nil {
		return err
	}
	defer c[0].drop()
	return c[0].ask(path)
}

// drop ends the connection beneath at once: a client that has its answer owes no
// farewell, and a port is free again.
func (c *client) drop() {
	if inner, ok := c.conn.(interface{ NetConn() net.Conn }); ok {
		inner.NetConn().Close()
	}
}

// ask asks and reads the whole answer.
func (c *client) ask(path string) error {
	c.conn.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(c.conn, "GET "+path+" HTTP/1.1\r\nHost: "+benchName+"\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n"); err != nil {
		return fmt.Errorf("asking: %w", err)
	}
	status, length, err := c.header()
	if err != nil {
		return fmt.Errorf("reading an answer: %w", err)
	}
	n, err := io.CopyN(io.Discard, c.reader, int64(length))
	if err != nil || status != http.StatusOK || n == 0 {
		return fmt.Errorf("an answer %d of %d octets: %w", status, n, err)
	}
	return nil
}
