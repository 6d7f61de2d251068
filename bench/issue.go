package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"
)

// contest is orders of one kind under load, on every engine in turns, beside the
// floor of the same round.
type contest struct {
	name    string
	clients int
	last    time.Duration
	rounds  int
	guess   int // orders a second, at most
	maker   func() *maker
	floor   func() error
}

// result is one engine in one round.
type result struct {
	run
	floor time.Duration
}

func (r result) ratio() float64 { return r.each(r.server).Seconds() / r.floor.Seconds() }

// dual measures dual SM2 orders: by 32 clients at once, which is what the aims are
// about, by 128, where more orders share a commit, and alone.
func (b *bench) dual(ctx context.Context) error {
	f, err := newDualFloor()
	if err != nil {
		return err
	}
	parts, err := dualParts(b, f)
	if err != nil {
		return err
	}
	rounds, last := pick(b, 1, 3), pick(b, 2*time.Second, 6*time.Second)
	for _, c := range []contest{
		{name: "32 clients", clients: 32, last: last, rounds: rounds, guess: 4000, maker: persons, floor: f.all},
		{name: "128 clients", clients: 128, last: last / 2, rounds: rounds, guess: 4000, maker: persons, floor: f.all},
		{name: "1 client", clients: 1, last: last / 2, rounds: rounds, guess: 1000, maker: persons, floor: f.all},
	} {
		results, err := b.hold(ctx, c)
		if err != nil {
			return err
		}
		b.cost("Cost of a dual SM2 order through the API over mutual TLS, durable storage, "+c.name, c, results, parts)
		b.throughput("Throughput of dual SM2 orders, "+c.name+" (keep-alive, load on the same machine)", results, 2)
	}
	return nil
}

func dualParts(b *bench, f *dualFloor) (string, error) {
	last := pick(b, 100*time.Millisecond, 300*time.Millisecond)
	var parts [3]time.Duration
	for i, act := range []func() error{f.sign, f.verify, f.envelope} {
		var err error
		if parts[i], err = loop(last, act); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("Floor: 2 SM2 signatures (%s µs each), 1 SM2 verification (%s µs), 1 SM2EnvelopedKey (%s µs), nothing else. Aim: at most 3.00×.",
		micros(parts[0]), micros(parts[1]), micros(parts[2])), nil
}

// single measures P-256 server certificates by 16 clients.
func (b *bench) single(ctx context.Context) error {
	f, err := newSingleFloor()
	if err != nil {
		return err
	}
	c := contest{name: "16 clients", clients: 16, last: pick(b, 1500*time.Millisecond, 4*time.Second), rounds: pick(b, 1, 3), guess: 5000,
		maker: servers, floor: f.all}
	results, err := b.hold(ctx, c)
	if err != nil {
		return err
	}
	b.cost("Cost of a single P-256 certificate through the API over mutual TLS, durable storage, 16 clients", c, results,
		"Floor: parse the request, verify it, sign a certificate with the standard library, nothing stored.")
	b.throughput("Throughput of single P-256 certificates, 16 clients (keep-alive, load on the same machine)", results, 1)
	return nil
}

// hold runs a contest: each round measures the floor and then every engine. The
// results are by engine.
func (b *bench) hold(ctx context.Context, c contest) ([][]result, error) {
	servers := make([]*child, len(b.engines))
	makers := make([]*maker, len(b.engines))
	pool := int(float64(c.guess)*c.last.Seconds()) + keptEvery
	for i, e := range b.engines {
		server, err := b.startChild(ctx, e, pool)
		if err != nil {
			return nil, err
		}
		defer server.stop()
		servers[i], makers[i] = server, c.maker()
		if err := b.warm(ctx, c, e, server, makers[i]); err != nil {
			return nil, err
		}
	}
	results := make([][]result, len(b.engines))
	for round := range c.rounds {
		for i, e := range b.engines {
			orders, err := makers[i].reserve(ctx, servers[i].Address, c.guess, c.last.Seconds())
			if err != nil {
				return nil, err
			}
			if err := servers[i].ask(request{Do: "fill"}); err != nil {
				return nil, err
			}
			if err := settle(ctx); err != nil {
				return nil, err
			}
			floor, err := loop(pick(b, 200*time.Millisecond, 500*time.Millisecond), c.floor)
			if err != nil {
				return nil, err
			}
			r, err := b.measure(ctx, round, &load{server: servers[i], engine: e, clients: c.clients, last: c.last, orders: orders})
			if err != nil {
				return nil, fmt.Errorf("%s: %w", e.name, err)
			}
			results[i] = append(results[i], result{r, floor})
		}
	}
	return results, nil
}

// warm fills caches and lets the pools of connections grow.
func (b *bench) warm(ctx context.Context, c contest, e engine, server *child, m *maker) error {
	orders, err := m.make(server.Address, 20*c.clients+300)
	if err != nil {
		return err
	}
	_, err = (&load{server: server, engine: e, clients: c.clients, last: time.Minute, orders: orders}).run(ctx)
	return err
}

func (b *bench) measure(ctx context.Context, round int, l *load) (run, error) {
	if b.profile == "" || round > 0 {
		return l.run(ctx)
	}
	file, err := filepath.Abs(filepath.Join(b.profile, fmt.Sprintf("%s-%d.prof", l.engine.name, l.clients)))
	if err != nil {
		return run{}, fmt.Errorf("naming the profile: %w", err)
	}
	if err := l.server.ask(request{Do: "profile", File: file}); err != nil {
		return run{}, err
	}
	r, err := l.run(ctx)
	if err != nil {
		return run{}, err
	}
	return r, l.server.ask(request{Do: "profiled"})
}

func (b *bench) cost(title string, c contest, results [][]result, note string) {
	rows := [][]string{{"", "server µs/order", "floor µs", "ratio", "database µs/order", "client µs/order", "other cores"}}
	for i, e := range b.engines {
		all := results[i]
		rows = append(rows, []string{e.name,
			micros(median(all, func(r result) time.Duration { return r.each(r.server) })),
			micros(median(all, func(r result) time.Duration { return r.floor })),
			times(median(all, result.ratio)),
			micros(median(all, func(r result) time.Duration { return r.each(r.database) })),
			micros(median(all, func(r result) time.Duration { return r.each(r.client) })),
			digits(median(all, func(r result) float64 { return r.other.Seconds() / r.took.Seconds() })),
		})
	}
	b.out.table(title, rows, note, fmt.Sprintf("Medians of %d interleaved runs of %.1f s; the server is CA and KMC in one process; SQLite works inside it.", c.rounds, c.last.Seconds()))
}

func (b *bench) throughput(title string, results [][]result, certificates int) {
	rows := [][]string{{"", "orders/s", "certificates/s", "p50 ms", "p99 ms", "server cores", "database cores", "client cores"}}
	for i, e := range b.engines {
		all := results[i]
		cores := func(of func(run) time.Duration) string {
			return digits(median(all, func(r result) float64 { return of(r.run).Seconds() / r.took.Seconds() }))
		}
		rate := median(all, func(r result) float64 { return r.rate() })
		rows = append(rows, []string{e.name, digits(rate), digits(rate * float64(certificates)),
			millis(median(all, func(r result) time.Duration { return r.quantile(.5) })),
			millis(median(all, func(r result) time.Duration { return r.quantile(.99) })),
			cores(func(r run) time.Duration { return r.server }),
			cores(func(r run) time.Duration { return r.database }),
			cores(func(r run) time.Duration { return r.client }),
		})
	}
	b.out.table(title, rows)
}
