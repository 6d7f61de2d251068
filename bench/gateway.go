package main

import (
	"context"
	"time"
)

// gatewayRules is how many rules the measured gateway's policy has.
const gatewayRules = 120

// gatewayRun is what is measured of a gateway and its neighbours, and what of it later
// tables need.
type gatewayRun struct {
	people  *tlsPeople
	nginx   proxy
	gateway *gatewayProcess
	ways    []road
	stops   []func()

	request, megabyte, connection map[string]time.Duration // processor time of one, by way
	rate                          map[string]float64       // of requests, as many as came to it
}

// gatewayTables prints what the gateway costs beside other proxies, and beside the floor.
func (b *bench) gatewayTables(ctx context.Context) error {
	people, err := newTLSPeople()
	if err != nil {
		return err
	}
	back, err := startBackEnd()
	if err != nil {
		return err
	}
	defer back.Close()
	f := &gatewayRun{people: people, request: map[string]time.Duration{}, megabyte: map[string]time.Duration{}, connection: map[string]time.Duration{}, rate: map[string]float64{}}
	defer f.stop()
	if err := b.startAll(ctx, f, back.address); err != nil {
		return err
	}
	for _, print := range []func(context.Context, *gatewayRun) error{b.carrying, b.newConnections, b.crowds, b.capacity, b.paced} {
		if err := print(ctx, f); err != nil {
			return err
		}
	}
	f.stop()
	return b.decision(ctx, people, back.address)
}

// startAll starts every server there is a way to.
func (b *bench) startAll(ctx context.Context, f *gatewayRun, back string) error {
	bare, err := b.bareProxies(ctx, f.people, back)
	if err != nil {
		return err
	}
	for _, p := range bare {
		f.stops = append(f.stops, p.stop)
		w := road{name: p.name, proxy: p, dial: f.people.byTLS(p.address, nil), nginx: nginxOneWay}
		if p.name == forwardTLCP {
			w.dial = f.people.byTLCP(p.address, nil)
		}
		f.ways = append(f.ways, w)
	}
	web, addresses, err := startNginx(b.dir, back)
	if err != nil {
		return err
	}
	f.nginx, f.stops = web, append(f.stops, web.stop)
	f.ways = append([]road{{nginxOneWay, web, f.people.byTLS(addresses[0], nil), nginxOneWay, ""},
		{nginxMutual, web, f.people.byTLS(addresses[1], &f.people.tlsClient), nginxMutual, ""}}, f.ways...)
	if f.gateway, err = b.startGateway(f.people, back, gatewayRules, 1000); err != nil {
		return err
	}
	f.stops = append(f.stops, f.gateway.stop)
	f.ways = append(f.ways, f.gateway.ways(f.people)...)
	return nil
}

func (f *gatewayRun) stop() {
	for _, stop := range f.stops {
		stop()
	}
	f.stops = nil
}

// way returns one by its name.
func (f *gatewayRun) way(name string) road {
	for _, w := range f.ways {
		if w.name == name {
			return w
		}
	}
	return road{}
}
