package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"image"
	"image/png"
	"time"

	"onecert/officer"
	"onecert/pki"
	"onecert/ra"
)

// fourProcesses measures the batch issue through LRA, RA, CA and KMC as four processes
// that speak mutual TLS, from approval to the stored certificates and envelope in the
// counter's own database.
func (b *bench) fourProcesses(ctx context.Context) error {
	spent := [][]string{{"processor µs each", "LRA", "RA", "CA", "KMC", "database", "together", "floor: CA and KMC alone", "ratio"}}
	rates := [][]string{{"", "entered and handed up, applications/s", "issued and back, orders/s", "certificates/s", "orders/s of 2 free processors"}}
	for _, e := range b.engines {
		r, err := b.issueApart(ctx, e)
		if err != nil {
			return fmt.Errorf("%s, four processes: %w", e.name, err)
		}
		rates = append(rates, []string{e.name, digits(r.up.rate), digits(r.back.rate), digits(2 * r.back.rate), digits(2 / r.back.used.Seconds())})
		for _, part := range []struct {
			what string
			run  apartRun
		}{{e.name + ", entered and handed up", r.up}, {e.name + ", issued and back", r.back}} {
			row := []string{part.what}
			for _, name := range append(fourNames(), "database") {
				row = append(row, micros(part.run.by[name]))
			}
			row = append(row, micros(part.run.used))
			if part.run.orders {
				row = append(row, micros(r.alone.used), times(part.run.used.Seconds()/r.alone.used.Seconds()))
			} else {
				row = append(row, "–", "–")
			}
			spent = append(spent, row)
		}
	}
	b.out.table("Batch issue of dual SM2 certificates through LRA, RA, CA and KMC: four processes of the program over mutual TLS, each with a database of its own, durable", rates,
		"Entered and handed up: with two scanned papers each, from the clerk's first call to all of them under review at the RA, 16 calls at once.",
		"Issued and back: from what is approved at the RA to pair and envelope in the counter's database, asked for every second. Aim: 500 dual certificates/s.")
	b.out.table("The same, processor time of each process", spent,
		"Floor: as many orders at a CA and a KMC alone in one process, without a registration or a network, in the same minute. SQLite runs in its process.")
	return nil
}

// apartRun is what n of something took: their rate, and processor time each by process.
type apartRun struct {
	spent
	by     map[string]time.Duration
	orders bool
}

type apartRuns struct {
	up, back apartRun
	alone    spent
}

// desks are the officers of the four processes, each over the network.
type desks struct{ registrar, clerk, reviewer, issuer *ra.Client }

func (f *four) people() (d desks, err error) {
	for _, one := range []struct {
		to           **ra.Client
		at, security string
		name         string
	}{{&d.registrar, "lra", outpost + ".security", outpost + ".registrar"}, {&d.clerk, "lra", outpost + ".security", outpost + ".issuer"},
		{&d.reviewer, "ra", "centre.security", "ra1.reviewer"}, {&d.issuer, "ra", "centre.security", "ra1.issuer"}} {
		if *one.to, err = f.post(one.at, one.security, one.name); err != nil {
			return d, err
		}
	}
	return d, nil
}

func (b *bench) issueApart(ctx context.Context, e engine) (r apartRuns, err error) {
	n, warm := pick(b, 60, 2000), pick(b, 10, 200)
	if r.alone, err = b.caAlone(e, n); err != nil {
		return r, err
	}
	f, err := b.openFour(ctx, e, n+warm+10)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	d, err := f.people()
	if err != nil {
		return r, err
	}
	if _, err := f.round(ctx, d, 0, warm); err != nil { // to warm up
		return r, err
	}
	fresh, err := f.round(ctx, d, warm, n)
	fresh.alone = r.alone
	return fresh, err
}

// caAlone is as many orders at a CA in this process.
func (b *bench) caAlone(e engine, n int) (spent, error) {
	h, err := b.house(e, n+300)
	if err != nil {
		return spent{}, err
	}
	defer h.close()
	orders, err := caOrders(n)
	if err != nil {
		return spent{}, err
	}
	return spentOn(e, n, func() (time.Duration, error) {
		return clocked(func() error {
			return together(32, n, func(i int) error { _, err := h.ca.Issue(as("ra", officer.Site), orders[i]); return err })
		})
	})
}

// round takes n persons from the counter to certificates and back.
func (f *four) round(ctx context.Context, d desks, from, n int) (r apartRuns, err error) {
	requests, err := requestsOf(n)
	if err != nil {
		return r, err
	}
	papers, err := scans()
	if err != nil {
		return r, err
	}
	var found []*ra.Application
	r.up, err = f.spentOn(n, func() error {
		err := together(16, n, func(i int) error { return d.enter(ctx, from+i, requests[i], papers) })
		if err != nil {
			return err
		}
		found, err = waiting(ctx, d.reviewer, n)
		return err
	})
	if err != nil {
		return r, err
	}
	err = together(8, n, func(i int) error {
		_, err := d.reviewer.Approve(ctx, found[i].ID, ra.Decision{Version: found[i].Version})
		return err
	})
	if err != nil {
		return r, err
	}
	r.back, err = f.spentOn(n, func() error {
		if _, err := d.issuer.CarryAll(ctx, ra.CarryQuery{Node: outpost}); err != nil {
			return err
		}
		return d.until(ctx, from+n)
	})
	r.back.orders = true
	return r, err
}

// spentOn is what n of something took in each process.
func (f *four) spentOn(n int, act func() error) (r apartRun, err error) {
	before := f.spentBy()
	took, err := clocked(act)
	if err != nil {
		return r, err
	}
	r.rate, r.by = float64(n)/took.Seconds(), map[string]time.Duration{}
	for name, all := range f.spentBy() {
		r.by[name] = (all - before[name]) / time.Duration(n)
		r.used += r.by[name]
	}
	return r, nil
}

func requestsOf(n int) ([][]byte, error) {
	all := make([][]byte, n)
	return all, together(2, n, func(i int) error {
		key, err := pki.GenerateKey(rand.Reader, pki.SM2)
		if err == nil {
			all[i], err = newRequest(key, pki.Name{{Type: "CN", Value: "anybody"}})
		}
		return err
	})
}

// scans are pictures that could be of papers.
func scans() (all [2][]byte, err error) {
	for i := range all {
		page := image.NewGray(image.Rect(0, 0, 40+i, 40))
		_, _ = rand.Read(page.Pix)
		var content bytes.Buffer
		if err := png.Encode(&content, page); err != nil {
			return all, err
		}
		all[i] = content.Bytes()
	}
	return all, nil
}

// enter takes in one person with his papers and hands the application to review.
func (d desks) enter(ctx context.Context, i int, request []byte, papers [2][]byte) error {
	a, err := d.registrar.Register(ctx, ra.Entry{Operation: ra.Issue, Kind: ra.Person, Request: request, Fields: map[string]string{"name": fmt.Sprintf("试用者%07d", i),
		"identity_kind": "resident", "identity": residentNumber(i), "unit": "示例市民政局", "phone": "13900000000"}})
	for k, sort := range []string{"form", "identity"} {
		if err == nil {
			a, err = d.registrar.Attach(ctx, a.ID, a.Version, sort, sort+".png", papers[k])
		}
	}
	if err == nil {
		_, err = d.registrar.Submit(ctx, a.ID, ra.Decision{Version: a.Version})
	}
	return err
}

// longest is how long a round may take.
const longest = 10 * time.Minute

// waiting is what has come to review, once all of it has.
func waiting(ctx context.Context, reviewer *ra.Client, n int) (all []*ra.Application, err error) {
	for end := time.Now().Add(longest); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		stands, err := standing(ctx, reviewer, "in:submitted")
		if err != nil || stands < n {
			if err != nil {
				return nil, err
			}
			continue
		}
		for q := (ra.Query{States: []ra.State{ra.Submitted}, Limit: 200}); ; {
			page, err := reviewer.Applications(ctx, q)
			if err != nil {
				return nil, err
			}
			all = append(all, page.Items...)
			if q.After = page.After; q.After == "" {
				return all, nil
			}
		}
	}
	return nil, errors.New("what was entered did not come up the link")
}

// until waits until the counter has all of them issued.
func (d desks) until(ctx context.Context, n int) error {
	for end := time.Now().Add(longest); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if stands, err := standing(ctx, d.clerk, "in:issued"); err != nil || stands >= n {
			return err
		}
	}
	return errors.New("the counter has not heard of all that were issued")
}

// standing is how many applications of the counter stand so, as an officer sees it.
func standing(ctx context.Context, who *ra.Client, event string) (n int, err error) {
	all, err := who.Statistics(ctx, ra.StatisticsQuery{Node: outpost})
	if err != nil {
		return 0, err
	}
	for _, f := range all.Standing {
		if f.Node == outpost && f.Event == event {
			n += int(f.Times)
		}
	}
	return n, nil
}
