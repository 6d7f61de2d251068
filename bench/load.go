package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// load is one measured run: clients that each send an order, wait for its answer
// and send the next, until the time is over or no order is left.
type load struct {
	server  *child
	engine  engine
	clients int
	last    time.Duration
	orders  []prepared
}

// run is what one load gave.
type run struct {
	orders   int
	took     time.Duration
	waits    []time.Duration // of each order, sorted
	server   time.Duration   // processor time
	database time.Duration   // of the engine's own processes
	client   time.Duration
	other    time.Duration // everything else on the machine
}

func (r run) rate() float64 { return float64(r.orders) / r.took.Seconds() }

func (r run) quantile(q float64) time.Duration {
	if len(r.waits) == 0 {
		return 0
	}
	return r.waits[min(len(r.waits)-1, int(q*float64(len(r.waits))))]
}

// each is a processor time by order.
func (r run) each(total time.Duration) time.Duration { return total / time.Duration(max(1, r.orders)) }

// usage is a reading of all clocks.
type usage struct{ server, database, client, machine time.Duration }

func (l *load) usage() usage {
	return usage{treeTime(l.server.command.Process.Pid), treeTime(l.engine.pid), ownTime(), machineTime()}
}

func (l *load) run(ctx context.Context) (run, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	connections := make([]*client, l.clients)
	for i := range connections {
		c, err := dial(ctx, l.server.ready)
		if err != nil {
			return run{}, err
		}
		defer c.close()
		connections[i] = c
	}
	waits, errs := make([][]time.Duration, l.clients), make([]error, l.clients)
	var next atomic.Int64
	var group sync.WaitGroup
	before, start := l.usage(), time.Now()
	for i, c := range connections {
		group.Go(func() {
			waits[i], errs[i] = l.loop(ctx, c, &next, start.Add(l.last))
			if errs[i] != nil {
				cancel()
			}
		})
	}
	group.Wait()
	took, after := time.Since(start), l.usage()
	r := run{took: took, server: after.server - before.server, database: after.database - before.database, client: after.client - before.client}
	r.other = max(0, after.machine-before.machine-r.server-r.database-r.client)
	for _, w := range waits {
		r.waits = append(r.waits, w...)
	}
	slices.Sort(r.waits)
	r.orders = len(r.waits)
	return r, errors.Join(errs...)
}

func (l *load) loop(ctx context.Context, c *client, next *atomic.Int64, end time.Time) (waits []time.Duration, err error) {
	for now := time.Now(); now.Before(end) && ctx.Err() == nil; {
		n := int(next.Add(1)) - 1
		if n >= len(l.orders) {
			break
		}
		body, err := c.send(l.orders[n].render)
		if err != nil {
			return waits, err
		}
		after := time.Now()
		waits = append(waits, after.Sub(now))
		if l.orders[n].key != nil {
			if err := l.orders[n].check(body); err != nil {
				return waits, fmt.Errorf("order %d: %w", l.orders[n].n, err)
			}
			after = time.Now()
		}
		now = after
	}
	return waits, nil
}

// together runs act n times in so many goroutines.
func together(workers, n int, act func(i int) error) error {
	var next atomic.Int64
	var group sync.WaitGroup
	errs := make([]error, workers)
	for w := range workers {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && errs[w] == nil; i = int(next.Add(1)) - 1 {
				errs[w] = act(i)
			}
		})
	}
	group.Wait()
	return errors.Join(errs...)
}
