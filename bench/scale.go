package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	mathrand "math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"onecert/ca"
	"onecert/officer"
	"onecert/pki"
)

// strangers lets a CA revoke pairs its key management centre never made: the centre is
// asked, and that it knows none is no fault here.
type strangers struct{ beside }

// Retire implements ca.KeyCentre.
func (s strangers) Retire(ctx context.Context, certNo pki.Serial) error {
	if err := s.beside.Retire(ctx, certNo); pki.KindOf(err) != pki.Unknown {
		return err
	}
	return nil
}

// scale shows what becomes of every rate as a CA's database grows tenfold and tenfold
// again (features H12).
func (b *bench) scale(ctx context.Context) error {
	for _, e := range b.engines {
		if err := b.growth(ctx, e); err != nil {
			return fmt.Errorf("%s: %w", e.name, err)
		}
	}
	return nil
}

// sizes are where the growing database is measured.
func sizes(n int) (all []int) {
	for _, s := range []int{n / 100, n / 10, n / 10 * 3, n / 10 * 6, n} {
		if s >= leastSize || s == n {
			all = append(all, s)
		}
	}
	return all
}

// leastSize leaves out what fits into any cache.
const leastSize = 10_000

func (b *bench) growth(ctx context.Context, e engine) error {
	steps := sizes(pick(b, min(b.stocked, 20_000), b.stocked))
	orders := pick(b, 300, 2000)
	h, err := b.house(e, 2*orders)
	if err != nil {
		return err
	}
	defer h.close()
	h.config.KMC = strangers{beside{h.kmc}}
	p, err := newPeople(ctx, h, steps[len(steps)-1])
	if err != nil {
		return err
	}
	b.out.line("\nA CA's database as it grows, %s: dual SM2 certificates, %d%% of the holders revoked", e.name, 100/endedEvery)
	s := &surveyor{bench: b, engine: e, people: p, orders: orders}
	var growth, rates [][]string
	for _, n := range steps {
		g, r, err := s.step(ctx, n)
		if err != nil {
			return fmt.Errorf("at %d certificates: %w", n, err)
		}
		growth, rates = append(growth, g), append(rates, r)
		// A long run says at once what it has found.
		b.out.line("  %s", strings.Join(append(slices.Clone(g), r[1:]...), "  "))
	}
	b.out.table("Size and start, "+e.name, append([][]string{{"certificates", "loaded/s", "MB", "octets each", "start s", "complete list", "all lists ms", "µs/entry"}}, growth...),
		"Loaded through the CA's own code: built, linted, signed and stored. Start: open, finish what was begun, compare records with the audit log.",
		"All lists: complete, 8 partitions and delta, read, linted, signed, stored and published; µs/entry: of the complete list.")
	b.out.table("Rates, "+e.name, append([][]string{{"certificates", "orders/s", "CA µs/order", "database µs/order", "revoke ms", "revoke µs", "show ms", "page of 100 ms", "of a holder ms", "by name ms"}}, rates...),
		"Orders of dual certificates by 32 callers in process, with the key management centre; µs is processor time. Revoke, show, page and holder: medians, one caller, random places.")
	return nil
}

// surveyor measures one database at each size.
type surveyor struct {
	bench  *bench
	engine engine
	people *people
	orders int
	made   int
}

func (s *surveyor) step(ctx context.Context, n int) (growth, rates []string, err error) {
	p, h := s.people, s.people.h
	before := p.certificates()
	took, err := p.grow(ctx, n)
	if err != nil {
		return nil, nil, err
	}
	if err := settled(ctx, h, s.engine); err != nil {
		return nil, nil, err
	}
	octets, err := databaseOctets(ctx, h, s.engine)
	if err != nil {
		return nil, nil, err
	}
	start, err := clocked(func() error { return h.restart(ctx) })
	if err != nil {
		return nil, nil, err
	}
	lists, err := s.lists()
	if err != nil {
		return nil, nil, err
	}
	growth = append([]string{fmt.Sprint(n), digits(float64(n-before) / took.Seconds()), digits(float64(octets) / 1e6), fmt.Sprint(octets / int64(n)),
		digits(start.Seconds())}, lists...)
	rates, err = s.rates(ctx)
	return growth, append([]string{fmt.Sprint(n)}, rates...), err
}

// lists signs all lists.
func (s *surveyor) lists() ([]string, error) {
	start := time.Now()
	lists, err := s.people.h.ca.SignCRLs(as("ra", officer.Site), "sm2")
	if err != nil {
		return nil, err
	}
	took := time.Since(start)
	return []string{fmt.Sprint(lists[0].Entries), millis(took), micros(took / time.Duration(max(1, lists[0].Entries)))}, nil
}

// rates measures what the CA is asked for day by day.
func (s *surveyor) rates(ctx context.Context) ([]string, error) {
	row, err := s.issue()
	if err != nil {
		return nil, err
	}
	h, victims := s.people.h, s.people.draw(pick(s.bench, 20, 100))
	live := s.people.kept
	ra := as("ra", officer.Site)
	any := func() holder { return live[mathrand.IntN(len(live))] }
	wait, used, err := h.revoke(victims)
	if err != nil {
		return nil, err
	}
	row = append(row, millis(wait), micros(used))
	for _, ask := range []struct {
		times int
		act   func() error
	}{
		{pick(s.bench, 100, 1000), func() error { _, err := h.ca.Show(ra, "sm2", any().pair[1]); return err }},
		{pick(s.bench, 5, 20), func() error {
			page, err := h.ca.List(ra, ca.Filter{Issuer: "sm2", After: "sm2/" + string(any().pair[0])})
			return filled(page, err, 1)
		}},
		{pick(s.bench, 20, 200), func() error { page, err := h.ca.List(ra, ca.Filter{Holder: any().id}); return filled(page, err, 2) }},
		{1, func() error { page, err := h.ca.List(ra, ca.Filter{Subject: any().cn}); return filled(page, err, 2) }},
	} {
		each, err := often(ask.times, ask.act)
		if err != nil {
			return nil, err
		}
		row = append(row, millis(each))
	}
	return row, nil
}

// filled refuses a page with fewer certificates than there must be.
func filled(page *ca.Page, err error, least int) error {
	if err == nil && len(page.Certificates) < least {
		err = errors.New("a page lacks certificates")
	}
	return err
}

// often returns the median time of several goes.
func often(n int, act func() error) (time.Duration, error) {
	var all []time.Duration
	for range n {
		took, err := clocked(act)
		if err != nil {
			return 0, err
		}
		all = append(all, took)
	}
	return median(all, func(d time.Duration) time.Duration { return d }), nil
}

// issue orders dual certificates by 32 callers; requests are made beforehand.
func (s *surveyor) issue() ([]string, error) {
	h, m := s.people.h, persons()
	if err := h.fill(); err != nil {
		return nil, err
	}
	m.made = s.made
	orders, err := m.orders(s.orders)
	if err != nil {
		return nil, err
	}
	s.made = m.made
	own, database, start := ownTime(), treeTime(s.engine.pid), time.Now()
	err = together(32, len(orders), func(i int) error { _, err := h.ca.Issue(as("ra", officer.Site), orders[i]); return err })
	took := time.Since(start)
	own, database = (ownTime()-own)/time.Duration(len(orders)), (treeTime(s.engine.pid)-database)/time.Duration(len(orders))
	return []string{digits(float64(len(orders)) / took.Seconds()), micros(own), micros(database)}, err
}

// settled gathers statistics, as PostgreSQL's own daemon would soon.
func settled(ctx context.Context, h *house, e engine) error {
	if e.pid == 0 {
		return settle(ctx)
	}
	return h.store.Tx(ctx, func(tx *sql.Tx) error { _, err := tx.ExecContext(ctx, "ANALYZE"); return err })
}

// databaseOctets is what the CA's database takes on disk.
func databaseOctets(ctx context.Context, h *house, e engine) (total int64, err error) {
	if e.pid != 0 {
		err = h.store.Read().QueryRowContext(ctx, "SELECT pg_database_size(current_database())").Scan(&total)
		return total, err
	}
	dir := filepath.Dir(strings.TrimPrefix(h.source, "sqlite:"))
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			total += info.Size()
		}
		return err
	})
	return total, err
}
