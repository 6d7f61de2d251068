package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"onecert/ca"
	"onecert/crl"
	"onecert/db"
	"onecert/officer"
	"onecert/pki"
	"onecert/serve"
	"onecert/status"
	"onecert/verify"
)

// publishing shows what one more revocation costs in a list of a million, what making
// that list costs, how soon a revocation is to be seen, and how a copy catches up.
func (b *bench) publishing(ctx context.Context) error {
	return b.publish(ctx, pick(b, 50_000, 1_000_000), pick(b, 40, 300))
}

func (b *bench) publish(ctx context.Context, revoked, orders int) error {
	h, err := b.house(b.engines[0], 2*orders)
	if err != nil {
		return err
	}
	defer h.close()
	var pairs []*ca.Issued
	m := persons()
	for n := range orders {
		issued, err := h.issue(m, n)
		if err != nil {
			return err
		}
		pairs = append(pairs, issued)
	}
	if err := h.crowd(ctx, revoked); err != nil {
		return err
	}
	return errors.Join(b.longList(ctx, h, revoked, pairs[0]), b.seen(ctx, h, revoked, pairs[1:]))
}

// longList makes every list of an issuer, then those that one more pair needs.
func (b *bench) longList(ctx context.Context, h *house, revoked int, pair *ca.Issued) error {
	rows := [][]string{{"", "s", "MB of the complete list", "peak MB"}}
	row := func(name string, act func() error) error {
		if err := forgetPeak(); err != nil {
			return err
		}
		start := time.Now()
		if err := act(); err != nil {
			return err
		}
		took := time.Since(start)
		list, err := ca.LastList(ctx, h.store, "sm2")
		if err != nil {
			return err
		}
		rows = append(rows, []string{name, digits(took.Seconds()), digits(float64(list.Size) / 1e6), digits(mostMemory(os.Getpid()))})
		return nil
	}
	sign := func() error { _, err := h.ca.SignCRLs(as("ra", officer.Site), "sm2"); return err }
	if err := row("first, read from the table", sign); err != nil {
		return err
	}
	if err := row("all lists again", sign); err != nil {
		return err
	}
	if _, err := h.ca.Revoke(as("ra", officer.Site), "sm2", pair.Sign.Serial, ca.Revocation{Reason: "keyCompromise"}); err != nil {
		return err
	}
	if err := row("all lists with one more pair", sign); err != nil {
		return err
	}
	b.out.table(fmt.Sprintf("All lists of an SM2 issuer with %d entries: the complete one, 8 partitions, 9 deltas", revoked), rows,
		"Linted, signed, stored and published as files. Peak: the highest memory of the whole process meanwhile, with KMC and CA in it.")
	return nil
}

// seen revokes ten pairs a second and measures when the delta of the partition, the
// issuer's delta and a copy across the network have it.
func (b *bench) seen(ctx context.Context, h *house, revoked int, pairs []*ca.Issued) error {
	publisher, err := h.publisher(filepath.Join(b.dir, "published"))
	if err != nil {
		return err
	}
	follower, done, err := h.follower(ctx, filepath.Join(b.dir, "copy.db"))
	if err != nil {
		return err
	}
	defer done()
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	running.Go(func() { h.ca.KeepCRLs(ctx) })
	running.Go(func() { publisher.Keep(ctx) })
	start, before := time.Now(), follower.Freshness().Number
	running.Go(func() { follower.Keep(ctx) })
	last, err := h.journal.Last(ctx)
	if err != nil {
		return err
	}
	if err := wait(ctx, 10*time.Minute, func() bool { return follower.Freshness().Number >= last }); err != nil {
		return fmt.Errorf("catching up: %w", err)
	}
	rate := float64(last-before) / time.Since(start).Seconds()
	asked, err := h.witness(filepath.Join(b.dir, "witness"), follower.Journal())
	if err != nil {
		return err
	}
	running.Go(func() { _ = asked.responder.Run(ctx) })
	if err := caughtUp(ctx, asked.responder); err != nil {
		return err
	}
	rows := [][]string{{"", "p50 ms", "p99 ms", "most ms"}}
	lags := map[string][]time.Duration{}
	for n, pair := range pairs {
		next := time.Now().Add(100 * time.Millisecond)
		begun := time.Now()
		if _, err := h.ca.Revoke(as("ra", officer.Site), "sm2", pair.Sign.Serial, ca.Revocation{Reason: "superseded"}); err != nil {
			return err
		}
		number, err := h.journal.Last(ctx)
		if err != nil {
			return err
		}
		certificate, err := verify.ParseCertificate(pair.Sign.DER)
		if err != nil {
			return err
		}
		says := func() bool { return asked.revoked(ctx, certificate) }
		if err := observe(ctx, begun, number, watched{follower, publisher, says, pair.Sign.Partition}, lags); err != nil {
			return fmt.Errorf("revocation %d: %w", n, err)
		}
		time.Sleep(time.Until(next))
	}
	for _, name := range []string{"a copy over HTTP", overOCSP, "the issuer's delta", "the partition's delta"} {
		all := lags[name]
		slices.Sort(all)
		rows = append(rows, []string{name, millis(all[len(all)/2]), millis(all[len(all)*99/100]), millis(all[len(all)-1])})
	}
	b.out.table(fmt.Sprintf("From asking for a revocation until it is to be seen, %d revoked before, at most 10 a second", revoked), rows,
		fmt.Sprintf("A copy that had nothing caught up %d entries at %.0f a second.", last-before, rate))
	return nil
}

const overOCSP = "OCSP from that copy"

// watched is where a revocation has to be seen.
type watched struct {
	follower  *status.Copy
	publisher *crl.Publisher
	revoked   func() bool // by OCSP
	partition int
}

// observe waits until everybody has a revocation.
func observe(ctx context.Context, begun time.Time, number int64, at watched, lags map[string][]time.Duration) error {
	lists := map[string]string{"delta": "the issuer's delta", pki.ListName(at.partition, true): "the partition's delta"}
	missing := map[string]bool{"a copy over HTTP": true, overOCSP: true, "the issuer's delta": true, "the partition's delta": true}
	note := func(name string) {
		if missing[name] {
			lags[name] = append(lags[name], time.Since(begun))
			delete(missing, name)
		}
	}
	return wait(ctx, 30*time.Second, func() bool {
		if missing[overOCSP] && at.revoked() {
			note(overOCSP)
		}
		if at.follower.Freshness().Number >= number {
			note("a copy over HTTP")
		}
		for _, state := range at.publisher.States() {
			if name := lists[state.Name]; name != "" && state.Journal >= number {
				note(name)
			}
		}
		return len(missing) == 0
	})
}

func wait(ctx context.Context, longest time.Duration, good func() bool) error {
	for deadline := time.Now().Add(longest); !good(); time.Sleep(time.Millisecond) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if time.Now().After(deadline) {
			return errors.New("it did not happen in time")
		}
	}
	return nil
}

// publisher publishes the lists of the SM2 issuer.
func (h *house) publisher(dir string) (*crl.Publisher, error) {
	issuer, err := h.ca.Issuer("sm2")
	if err != nil {
		return nil, err
	}
	return crl.New(crl.Config{Dir: dir, Source: h.ca, Journal: h.journal,
		Issuers: []crl.Issuer{{ID: "sm2", Certificate: issuer.Certificate, Chain: issuer.Chain}}, Log: quiet()})
}

// follower is a copy of the journal over loopback HTTP.
func (h *house) follower(ctx context.Context, path string) (*status.Copy, func(), error) {
	api := serve.New(serve.Config{Title: "bench", Log: quiet()})
	status.NewOrigin(h.journal, nil).Routes(api.Huma, func(context.Context) error { return nil })
	server := httptest.NewServer(http.HandlerFunc(api.ServeHTTP))
	client, err := serve.NewClient(server.URL, nil)
	if err != nil {
		return nil, nil, err
	}
	d, err := db.Open(ctx, "sqlite:"+path)
	if err != nil {
		return nil, nil, err
	}
	c, err := status.OpenCopy(ctx, status.CopyConfig{DB: d, Source: status.NewClient(client), Log: quiet()})
	if err != nil {
		return nil, nil, err
	}
	return c, func() {
		client.HTTP.CloseIdleConnections()
		server.CloseClientConnections()
		server.Close()
		c.Close()
		d.Close()
	}, nil
}

// forgetPeak makes the kernel count the process's highest memory anew.
func forgetPeak() error { return os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) }
