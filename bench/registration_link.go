package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"time"

	"onecert/officer"
	"onecert/pki"
	"onecert/ra"
	"onecert/serve"
)

// overLink measures the batch issue where the orders come from a counter with a
// database of its own, over its link to the registration.
func (b *bench) overLink(ctx context.Context) error {
	rows := [][]string{{"", "handed up, applications/s", "processor µs each", "issued and back, orders/s", "certificates/s", "processor µs/order", "orders/s of 2 free processors"}}
	for _, e := range b.engines {
		row, err := b.linkedIssue(ctx, e)
		if err != nil {
			return fmt.Errorf("%s, over the link: %w", e.name, err)
		}
		rows = append(rows, append([]string{e.name}, row...))
	}
	b.out.table("The same from a local counter with a database of its own: LRA, link over mutual TLS, RA, CA and KMC", rows,
		"Handed up: from the counter's database to the registration's. Issued and back: from what is approved at the registration to pair and envelope in the counter's database.",
		"All in one process, each on a database of its own, durable. Aim: 500.")
	return nil
}

const outpost = "lra9"

// linked makes a counter below a registration, reached over mutual TLS on this machine.
func (b *bench) linked(ctx context.Context, h *house, above *counterHall, source string) (*counterHall, error) {
	added, err := above.AddNode(as("centre.system", officer.System), ra.Node{ID: outpost, Parent: "ra1", Level: ra.LRA, Name: "示例独立受理点", Site: outpost})
	if err != nil {
		return nil, err
	}
	if _, err := above.SetNode(as("centre.security", officer.Security), outpost, added.Version, ra.Active); err != nil {
		return nil, err
	}
	if err := above.staff(outpost); err != nil {
		return nil, err
	}
	peers := &serve.Peers{Roots: h.roots, Who: func(_ context.Context, peer *x509.Certificate) (pki.Actor, error) {
		return pki.Actor{Name: outpost, Roles: []string{officer.Site}, Certificate: pki.Fingerprint(peer.Raw)}, nil
	}}
	api := serve.New(serve.Config{Title: "bench ra", Peers: peers, Log: quiet()})
	above.Routes(api.Huma)
	var own [2]*serve.Identity
	for i, name := range []string{"ra", outpost} {
		chain, key, err := h.site(name)
		if err != nil {
			return nil, err
		}
		if own[i], err = serve.NewIdentity(chain, key); err != nil {
			return nil, err
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	serving, stop := context.WithCancel(ctx)
	h.later(stop)
	go serve.Run(serving, serve.Server{Name: "ra", Listener: listener, TLS: serve.ServerTLS(own[0], h.roots), Handler: api, Log: quiet()})
	client, err := serve.NewClient("https://"+listener.Addr().String(), serve.ClientTLS(own[1], h.roots, time.Now))
	if err != nil {
		return nil, err
	}
	c, err := openRegistration(ctx, source, b.dir, nil, func(c *ra.Config) {
		c.Home, c.States = ra.Node{ID: outpost, Parent: "ra1", Level: ra.LRA, Name: "示例独立受理点", Path: "/centre/ra1/" + outpost + "/"}, nil
		c.Upstream = ra.NewClient(client)
	})
	if err != nil {
		return nil, err
	}
	return c, c.Sync(ctx)
}

// linkedIssue returns what the columns of its table show.
func (b *bench) linkedIssue(ctx context.Context, e engine) ([]string, error) {
	n := pick(b, 300, 2000)
	h, err := b.house(e, n+300)
	if err != nil {
		return nil, err
	}
	defer h.close()
	var sources [2]string
	for i := range sources {
		if sources[i], err = e.fresh(); err != nil {
			return nil, err
		}
	}
	above, err := openRegistration(ctx, sources[0], b.dir, makers{h.ca})
	if err != nil {
		return nil, err
	}
	defer above.close()
	if err := above.tree(ctx); err != nil {
		return nil, err
	}
	counter, err := b.linked(ctx, h, above, sources[1])
	if err != nil {
		return nil, err
	}
	defer counter.close()
	if err := together(16, n, func(i int) error { _, err := counter.submitted(outpost, i); return err }); err != nil {
		return nil, err
	}
	up, err := spentOn(e, n, func() (time.Duration, error) { return clocked(func() error { return counter.Sync(ctx) }) })
	if err != nil {
		return nil, err
	}
	if err := above.approveAll(n); err != nil {
		return nil, err
	}
	back, err := spentOn(e, n, func() (time.Duration, error) {
		return clocked(func() error { return above.carriedTo(ctx, counter, n) })
	})
	if err != nil {
		return nil, err
	}
	return []string{digits(up.rate), micros(up.used), digits(back.rate), digits(2 * back.rate), micros(back.used), digits(2 / back.used.Seconds())}, nil
}

// approveAll approves what has come up the link.
func (c *counterHall) approveAll(n int) error {
	who := officerAt("ra1", "reviewer")
	for n > 0 {
		page, err := c.Applications(who, ra.Query{States: []ra.State{ra.Submitted}, Limit: 100})
		if err != nil {
			return err
		}
		if len(page.Items) == 0 {
			return fmt.Errorf("%d applications have not come over the link", n)
		}
		err = together(8, len(page.Items), func(i int) error {
			_, err := c.Approve(who, page.Items[i].ID, ra.Decision{Version: page.Items[i].Version})
			return err
		})
		if err != nil {
			return err
		}
		n -= len(page.Items)
	}
	return nil
}

// carriedTo has everything carried out, and waits until the counter has what came of it.
func (c *counterHall) carriedTo(ctx context.Context, counter *counterHall, n int) error {
	done := make(chan error, 1)
	go func() { _, err := c.carry(); done <- err }()
	for carried := false; ; {
		if err := counter.Sync(ctx); err != nil {
			return errors.Join(err, <-done)
		}
		if carried {
			return counter.holds(n)
		}
		select {
		case err := <-done:
			if err != nil {
				return err
			}
			carried = true // and once more for what came last
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// holds says whether a counter has n applications with what was made for them.
func (c *counterHall) holds(n int) error {
	all, err := c.Statistics(officerAt(outpost, "issuer"), ra.StatisticsQuery{})
	if err != nil {
		return err
	}
	for _, f := range all.Standing {
		if f.Node == outpost && f.Event == "in:issued" && f.Times == int64(n) {
			return nil
		}
	}
	return fmt.Errorf("the counter has not heard of all %d: %+v", n, all.Standing)
}
