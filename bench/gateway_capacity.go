package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// The figures of the appliance (G14).
const (
	applianceConnections = 4000   // new ones a second
	applianceRequests    = 25_000 // a second
	applianceConcurrent  = 5500
	applianceMegabytes   = 850.0 / 8 // a second
)

// capacity prints how many cores the appliance's figures need, from what was measured.
func (b *bench) capacity(_ context.Context, f *gatewayRun) error {
	rows := [][]string{{"", "new connection µs", "cores for 4,000 a second", "request µs", "cores for 25,000 a second", "MB µs", "cores for 850 Mbit/s", "all at once"}}
	for _, name := range []string{gatewayTLS, gatewayMutualTLS, gatewayTLCP, gatewayMutualTLCP, nginxOneWay, nginxMutual} {
		connect, ask, carry := f.connection[name], f.request[name], f.megabyte[name]
		cores := []float64{connect.Seconds() * applianceConnections, ask.Seconds() * applianceRequests, carry.Seconds() * applianceMegabytes}
		rows = append(rows, []string{name, micros(connect), digits(cores[0]), micros(ask), digits(cores[1]), micros(carry), digits(cores[2]), digits(cores[0] + cores[1] + cores[2])})
	}
	b.out.table("The appliance's figures (G14): cores of this machine they need, from the processor times above", rows,
		fmt.Sprintf("New connections bring a request; requests of 1 kB come over %d connections that are kept; 850 Mbit/s are downloads of 100 MB.", crowded),
		"All at once: the sum, as if each load came on top of the others. 5,500 concurrent connections are in the table before.")
	return nil
}

// crowds holds as many connections as the appliance: what they take while they say nothing,
// and what a request costs among them.
func (b *bench) crowds(ctx context.Context, f *gatewayRun) error {
	n := pick(b, 100, applianceConcurrent)
	rows := [][]string{{fmt.Sprintf("%d connections", n), "kB each, idle", "after a collection", "MB in all", "made in s", "request µs", "of the few's", "a second", "ms p50", "ms p99"}}
	for _, name := range []string{nginxMutual, gatewayMutualTLS, gatewayMutualTLCP} {
		if err := settle(ctx); err != nil {
			return err
		}
		row, err := b.crowd(ctx, f, f.way(name), n)
		if err != nil {
			return fmt.Errorf("%d connections by %s: %w", n, name, err)
		}
		rows = append(rows, row)
	}
	b.out.table("Many connections, each after one request; memory is what the process has more than before (PSS)", rows,
		fmt.Sprintf("Then all ask, %d at a time, each connection in its turn. Of the few's: processor time beside that of %d connections.", crowded, crowded),
		"Aim: under 40 kB an idle connection over mutual TLS; p99 under 50 ms.")
	return nil
}

func (b *bench) crowd(ctx context.Context, f *gatewayRun, w road, n int) ([]string, error) {
	collect := func() error { return nil }
	if w.proxy.command == f.gateway.command {
		collect = func() error { _, err := f.gateway.ask("collect"); return err }
	}
	if err := collect(); err != nil {
		return nil, err
	}
	pid := w.proxy.command.Process.Pid
	before, begin := share(pid), time.Now()
	all, err := w.connect(ctx, n)
	if err != nil {
		return nil, err
	}
	defer closeConns(all)
	if err := together(crowded, n, func(i int) error { return all[i].ask("/1k") }); err != nil {
		return nil, err
	}
	made := time.Since(begin)
	time.Sleep(pick(b, 100*time.Millisecond, time.Second)) // requests are over when their answer is written, and a little later
	idle := share(pid) - before
	if err := collect(); err != nil {
		return nil, err
	}
	least := share(pid) - before
	r, err := b.allAsk(ctx, w, all)
	if err != nil {
		return nil, err
	}
	kB := func(octets int64) string { return digits(float64(max(octets, 0)) / float64(n) / 1000) }
	row := []string{w.name, kB(idle), kB(least), digits(float64(max(idle, 0)) / 1e6), digits(made.Seconds()), micros(r.each(asking{})), times(r.each(asking{}).Seconds() / f.request[w.name].Seconds()),
		digits(r.rate(asking{})), millis(r.quantile(0.5)), millis(r.quantile(0.99))}
	if w.proxy.command != f.gateway.command {
		row[2] = ""
	}
	return row, nil
}

// allAsk lets many connections ask, each in its turn.
func (b *bench) allAsk(ctx context.Context, w road, all []*client) (answered, error) {
	waits := make([][]time.Duration, crowded)
	pid := w.proxy.command.Process.Pid
	before, start := treeTime(pid), time.Now()
	end := start.Add(pick(b, 200*time.Millisecond, 4*time.Second))
	err := together(crowded, crowded, func(worker int) (err error) {
		own := all[worker*len(all)/crowded : (worker+1)*len(all)/crowded]
		at := 0
		waits[worker], err = untilThen(ctx, end, func() error {
			at++
			return own[at%len(own)].ask("/1k")
		})
		return err
	})
	return answered{took: time.Since(start), used: treeTime(pid) - before}.of(waits, []error{err})
}

// share is the memory a process has, its part of what it shares with others: octets.
func share(pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if rest, found := strings.CutPrefix(line, "Pss:"); found {
			var kB int64
			fmt.Sscan(rest, &kB)
			return kB << 10
		}
	}
	return 0
}

// paced prints how long requests take when a server is four fifths busy: requests come by
// the clock, whether or not those before are answered, and wait in a line of their own.
func (b *bench) paced(ctx context.Context, f *gatewayRun) error {
	rows := [][]string{{"", "a second", "came to", "busy", "ms p50", "ms p99", "ms p99.9"}}
	for _, name := range []string{nginxMutual, gatewayMutualTLS, gatewayMutualTLCP} {
		if err := settle(ctx); err != nil {
			return err
		}
		w := f.way(name)
		rate := 0.8 * min(1/f.request[name].Seconds(), f.rate[name])
		var runs []answered
		for range pick(b, 1, 3) {
			r, err := w.paced(ctx, rate, pick(b, 200*time.Millisecond, 2*time.Second))
			if err != nil {
				return fmt.Errorf("%s, paced: %w", name, err)
			}
			runs = append(runs, r)
		}
		quantile := func(q float64) string {
			return millis(median(runs, func(r answered) time.Duration { return r.quantile(q) }))
		}
		rows = append(rows, []string{name, digits(rate), digits(median(runs, func(r answered) float64 { return r.rate(asking{}) })),
			fmt.Sprintf("%.0f%%", 100*median(runs, func(r answered) float64 { return r.used.Seconds() / r.took.Seconds() })), quantile(0.5), quantile(0.99), quantile(0.999)})
	}
	b.out.table(fmt.Sprintf("Requests of 1 kB at 80%% of the most, over %d connections; from when each was due", crowded), rows,
		"80% of the requests a processor has time for, or of those that load and back end could send it above, whichever are fewer. Busy: the server's processor.")
	return nil
}

var errLate = errors.New("the load fell behind for good")

// paced asks by the clock.
func (w road) paced(ctx context.Context, rate float64, last time.Duration) (r answered, err error) {
	all, err := w.connect(ctx, crowded)
	if err != nil {
		return r, err
	}
	defer closeConns(all)
	for _, c := range all {
		if err := c.ask("/1k"); err != nil {
			return r, err
		}
	}
	due := time.Duration(float64(time.Second) / rate)
	n := max(int(last/due), 1)
	waits := make([]time.Duration, n)
	idle := make(chan *client, crowded)
	for _, c := range all {
		idle <- c
	}
	pid := w.proxy.command.Process.Pid
	before, start := treeTime(pid), time.Now()
	err = together(crowded, n, func(i int) error {
		at := start.Add(time.Duration(i) * due)
		time.Sleep(time.Until(at))
		c := <-idle
		defer func() { idle <- c }()
		if time.Since(at) > patience {
			return errLate
		}
		if err := c.ask("/1k"); err != nil {
			return err
		}
		waits[i] = time.Since(at)
		return nil
	})
	return answered{took: time.Since(start), used: treeTime(pid) - before}.of([][]time.Duration{waits}, []error{err})
}
