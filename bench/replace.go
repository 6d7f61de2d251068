package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"onecert/ca"
	"onecert/officer"
	"onecert/pki"
)

// replace is the drill of an emergency (features O10): an issuing CA was stolen, and
// everybody it certified gets a certificate from another, in the keys they have. The
// orders that come before, of the same holders, are what the rate is held against.
func (b *bench) replace(ctx context.Context) error {
	f, err := newDualFloor()
	if err != nil {
		return err
	}
	holders := pick(b, 1000, 10_000)
	rows := [][]string{{"", "holders", "s", "certificates/s", "certificates/s by orders", "of that", "server µs/holder", "floor µs", "ratio", "database µs/holder"}}
	for _, e := range b.engines {
		floor, err := loop(pick(b, 100*time.Millisecond, 300*time.Millisecond), func() error { return errors.Join(f.sign(), f.sign()) })
		if err != nil {
			return err
		}
		d, err := b.drill(ctx, e, holders)
		if err != nil {
			return fmt.Errorf("%s: %w", e.name, err)
		}
		each := d.used / time.Duration(holders)
		rows = append(rows, []string{e.name, fmt.Sprint(holders), digits(d.took.Seconds()), digits(2 * float64(holders) / d.took.Seconds()),
			digits(2 * float64(holders) / d.ordered.Seconds()), fmt.Sprintf("%.0f%%", 100*d.ordered.Seconds()/d.took.Seconds()),
			micros(each), micros(floor), times(each.Seconds() / floor.Seconds()), micros(d.database / time.Duration(holders))})
	}
	b.out.table("Emergency: all holders of a stolen issuing CA issued anew under another, in the keys they have", rows,
		"From the last approval to the last certificate; the old pair is revoked in the commit that releases the new one. Durable storage.",
		"By orders: the same holders' first dual orders, in the same run before, by 32 callers in process. Floor: 2 SM2 signatures.")
	return nil
}

// drilled is what one drill took.
type drilled struct {
	ordered, took  time.Duration
	used, database time.Duration // processor time of the drill
}

func (b *bench) drill(ctx context.Context, e engine, holders int) (d drilled, err error) {
	h, err := b.house(e, holders)
	if err != nil {
		return d, err
	}
	defer h.close()
	orders, err := persons().orders(holders)
	if err != nil {
		return d, err
	}
	d.ordered, err = clocked(func() error {
		return together(32, holders, func(i int) error { _, err := h.ca.Issue(as("ra", officer.Site), orders[i]); return err })
	})
	if err != nil {
		return d, err
	}
	id, err := h.agreeToReplace(ctx)
	if err != nil {
		return d, err
	}
	own, database := ownTime(), treeTime(e.pid)
	d.took, err = clocked(func() error { return h.replaceAll(ctx, id, int64(holders)) })
	d.used, d.database = ownTime()-own, treeTime(e.pid)-database
	return d, err
}

// agreeToReplace puts another issuing CA beside the first and has the three
// administrators agree that it takes over.
func (h *house) agreeToReplace(ctx context.Context) (id string, err error) {
	next, err := makeIssuer("sm2-2", pki.SM2, pki.SM2)
	if err != nil {
		return "", err
	}
	h.config.Issuers = append(h.config.Issuers, next)
	if err := h.restart(ctx); err != nil {
		return "", err
	}
	people := map[string]context.Context{}
	for _, role := range []string{officer.System, officer.Security, officer.Audit} {
		if people[role], err = h.administrator(role); err != nil {
			return "", err
		}
	}
	p, err := h.ca.ProposeReplacement(people[officer.System], "sm2", ca.Replacement{To: "sm2-2", Reason: "drill"})
	if err != nil {
		return "", err
	}
	for _, role := range []string{officer.Security, officer.Audit} {
		if _, err := h.officers.Approve(people[role], p.Approval, p.Digest); err != nil {
			return "", err
		}
	}
	return p.Approval, nil
}

// administrator registers an officer of a role, with a certificate of the house.
func (h *house) administrator(role string) (context.Context, error) {
	chain, _, err := h.site("admin-" + role)
	if err != nil {
		return nil, err
	}
	o, err := h.officers.Register(as("bench"), officer.Registration{Certificate: chain[0], Name: "admin." + role, Kind: officer.Person,
		Roles: []string{role}, Issuer: "ecdsa"})
	return pki.WithActor(context.Background(), pki.Actor{Name: o.Name, Roles: []string{role}, Certificate: o.Fingerprint}), err
}

// replaceAll lets the CA work until everybody is issued anew.
func (h *house) replaceAll(ctx context.Context, id string, holders int64) error {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() { h.ca.KeepReplacing(ctx); close(ended) }()
	defer func() { cancel(); <-ended }()
	for tick := time.NewTicker(5 * time.Millisecond); ; {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		all, err := h.ca.Replacements(as("bench", officer.Audit), ca.Part{})
		if err != nil {
			return err
		}
		n := slices.IndexFunc(all, func(r ca.Replacing) bool { return r.ID == id })
		switch {
		case n < 0:
			return errors.New("the replacement is not there")
		case all[n].Ended.IsZero():
		case all[n].Done != holders:
			return fmt.Errorf("%d of %d holders were issued anew", all[n].Done, holders)
		default:
			return nil
		}
	}
}
