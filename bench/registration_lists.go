package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"onecert/ra"
)

// lookups measures lists, searches and statistics of a registration with as many
// certificates as asked for, and a fifth as many applications.
func (b *bench) lookups(ctx context.Context, e engine) error {
	n := pick(b, min(b.stocked, 20_000), b.stocked)
	source, err := e.fresh()
	if err != nil {
		return err
	}
	c, err := openRegistration(ctx, source, b.dir, nil)
	if err != nil {
		return err
	}
	defer c.close()
	if err := c.FirstPosts(ctx, []string{"centre.system", "centre.security"}); err != nil {
		return err
	}
	if err := c.staff("centre"); err != nil {
		return err
	}
	f := ra.Filling{Branches: 10, Counters: 30, Applications: n / 5, Certificates: n, Days: 365}
	took, err := clocked(func() error { return c.Fill(ctx, f) })
	if err != nil {
		return err
	}
	if err := c.staff("r3", "l95"); err != nil {
		return err
	}
	rows := [][]string{{"", "centre p50 ms", "p99", "branch p50 ms", "p99", "counter p50 ms", "p99"}}
	for _, ask := range c.questions() {
		row := []string{ask.what}
		for _, node := range []string{"centre", "r3", "l95"} {
			p50, p99, err := b.asked(func() error { return ask.act(officerAt(node, "reviewer")) })
			if err != nil {
				return fmt.Errorf("%s at %s: %w", ask.what, node, err)
			}
			row = append(row, millis(p50), millis(p99))
		}
		rows = append(rows, row)
	}
	b.out.table(fmt.Sprintf("A registration with %d certificates and %d applications in 311 offices, %s", f.Certificates, f.Applications, e.name), rows,
		"At the server, one caller, pages of 50, with the rights looked up and every sensitive field masked. Aim: 100 ms.",
		fmt.Sprintf("Filled in %.0f s by SQL; the database is not warmed but by the asking.", took.Seconds()))
	return nil
}

// asked returns the median and nearly the worst of many times.
func (b *bench) asked(act func() error) (p50, p99 time.Duration, err error) {
	var all []time.Duration
	for range pick(b, 20, 60) {
		took, err := clocked(act)
		if err != nil {
			return 0, 0, err
		}
		all = append(all, took)
	}
	slices.Sort(all)
	return all[len(all)/2], all[len(all)*99/100], nil
}

type question struct {
	what string
	act  func(ctx context.Context) error
}

func (c *counterHall) questions() []question {
	applications := func(q ra.Query) func(context.Context) error {
		return func(ctx context.Context) error {
			page, err := c.Applications(ctx, q)
			if err == nil && page.After != "" { // the next page costs no more than the first
				q := q
				q.After = page.After
				_, err = c.Applications(ctx, q)
			}
			return err
		}
	}
	certificates := func(q ra.CertificateQuery) func(context.Context) error {
		return func(ctx context.Context) error { _, err := c.Certificates(ctx, q); return err }
	}
	year := func(by ...ra.By) func(context.Context) error {
		return func(ctx context.Context) error {
			_, err := c.Statistics(ctx, ra.StatisticsQuery{From: time.Now().AddDate(0, 0, -364).Format(time.DateOnly), By: by})
			return err
		}
	}
	return []question{
		{"how much waits (asked every minute by everybody)", func(ctx context.Context) error { _, err := c.Work(ctx); return err }},
		{"applications that wait, two pages", applications(ra.Query{})},
		{"delivered, of code publishers, two pages", applications(ra.Query{States: []ra.State{ra.Delivered}, Kind: ra.Code})},
		{"applications by the commonest surname, two pages", applications(ra.Query{Name: "张"})},
		{"applications by full name that wait", applications(ra.Query{Name: "张伟一", States: []ra.State{ra.Submitted}})},
		{"applications of a holder", applications(ra.Query{Holder: "H95"})},
		{"certificates, first page", certificates(ra.CertificateQuery{})},
		{"certificates by surname", certificates(ra.CertificateQuery{Name: "张"})},
		{"certificates that are held", certificates(ra.CertificateQuery{State: "held"})},
		{"certificates of a name that nobody has", certificates(ra.CertificateQuery{Name: "张伟龘"})},
		{"certificates of a holder", certificates(ra.CertificateQuery{Holder: "H95"})},
		{"statistics of a year", year()},
		{"statistics of a year by month, office, kind, operation", year(ra.ByMonth, ra.ByNode, ra.ByKind, ra.ByOperation)},
		{"statistics of a year by day", year(ra.ByDay)},
	}
}
