package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"time"

	"onecert/tlcp"
)

// shake is one kind of handshake, both sides in this process over a pipe in memory.
type shake struct {
	name   string
	act    func() error
	server func() time.Duration // of the last act: how long the server worked
	floor  func() error         // the SM2 operations of both sides, nothing else
	hashes func() error         // the other primitives of both sides
}

// tls prints what TLCP costs beside its primitives, and beside TLS 1.3 of crypto/tls.
func (b *bench) tls(ctx context.Context) error {
	people, err := newTLSPeople()
	if err != nil {
		return err
	}
	if err := b.handshakes(ctx, people); err != nil {
		return err
	}
	if err := b.bulk(ctx, people); err != nil {
		return err
	}
	if err := b.onePort(ctx, people); err != nil {
		return err
	}
	if err := b.timing(ctx, people); err != nil {
		return err
	}
	return b.memory(ctx, people)
}

func (b *bench) handshakes(ctx context.Context, people *tlsPeople) error {
	rows := [][]string{{"", "µs, both sides", "SM2 µs", "floor µs", "ratio", "server µs", "a second and core"}}
	for _, s := range people.shakes() {
		if err := settle(ctx); err != nil {
			return err
		}
		row, err := b.handshake(s)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		rows = append(rows, row)
	}
	b.out.table("Handshakes, processor time of one; the client verifies the server's chain of root, CA and certificate", rows,
		"The floor is the primitives of both sides with keys at hand: SM2 (signatures, verifications, encryptions, key agreements),",
		"then SM3 over the messages, the PRF and the keys of SM4-GCM. The ratio is to all of them.",
		"A returning peer's certificates were verified under the same configuration before; a new peer's are parsed and verified.",
		"Server: from when the peer's octets are there to when it waits for more, on the clock. A second and core: servers alone.")
	return nil
}

func (b *bench) handshake(s shake) ([]string, error) {
	type pair struct{ act, sm2, floor, server time.Duration }
	var runs []pair
	last := pick(b, 100*time.Millisecond, 400*time.Millisecond)
	for range pick(b, 1, 5) {
		act, err := loop(last, s.act)
		if err != nil {
			return nil, err
		}
		var sm2, hashes time.Duration
		if s.floor != nil {
			if sm2, err = loop(last, s.floor); err != nil {
				return nil, err
			}
			if hashes, err = loop(last, s.hashes); err != nil {
				return nil, err
			}
		}
		server, err := serverTime(s, pick(b, 20, 200))
		if err != nil {
			return nil, err
		}
		runs = append(runs, pair{act, sm2, sm2 + hashes, server})
	}
	server := median(runs, func(r pair) time.Duration { return r.server })
	row := []string{s.name, micros(median(runs, func(r pair) time.Duration { return r.act })), "", "", "", micros(server), digits(1 / server.Seconds())}
	if s.floor != nil {
		row[2] = micros(median(runs, func(r pair) time.Duration { return r.sm2 }))
		row[3] = micros(median(runs, func(r pair) time.Duration { return r.floor }))
		row[4] = times(median(runs, func(r pair) float64 { return r.act.Seconds() / r.floor.Seconds() }))
	}
	return row, nil
}

// serverTime is the median of what the server worked for one handshake; others at work
// on the machine make outliers, not the median.
func serverTime(s shake, n int) (time.Duration, error) {
	var took []time.Duration
	for range n {
		if err := s.act(); err != nil {
			return 0, err
		}
		took = append(took, s.server())
	}
	return median(took, func(d time.Duration) time.Duration { return d }), nil
}

// shakes is every kind of handshake that is compared.
func (p *tlsPeople) shakes() []shake {
	var all []shake
	for _, id := range tlcp.CipherSuites() {
		if id == tlcp.ECC_SM4_CBC_SM3 || id == tlcp.ECDHE_SM4_CBC_SM3 {
			continue // the same but for the records
		}
		for _, mutual := range []bool{false, true} {
			if !mutual && id == tlcp.ECDHE_SM4_GCM_SM3 {
				continue
			}
			name := "TLCP " + tlcp.CipherSuiteName(id) + map[bool]string{false: ", one-way", true: ", mutual"}[mutual]
			all = append(all, p.tlcpShake(name+", returning peer", tlcpWay{id, mutual, false, false}),
				p.tlcpShake(name+", new peer", tlcpWay{id, mutual, true, false}))
		}
	}
	all = append(all, p.tlcpShake("TLCP ECC_SM4_GCM_SM3, mutual, resumed", tlcpWay{tlcp.ECC_SM4_GCM_SM3, true, false, true}))
	return append(all, p.tlsShake("TLS 1.3 P-256, X25519, one-way", false, false), p.tlsShake("TLS 1.3 P-256, X25519, mutual", true, false),
		p.tlsShake("TLS 1.3 P-256, mutual, resumed", true, true))
}

// tlcpWay is how a TLCP handshake is made.
type tlcpWay struct {
	suite    uint16
	mutual   bool
	stranger bool // nothing is remembered of the peer
	resumed  bool
}

func (p *tlsPeople) tlcpShake(name string, way tlcpWay) shake {
	server := &tlcp.Config{Certificates: []tlcp.Certificate{p.server}, ClientCAs: p.roots, CipherSuites: []uint16{way.suite}}
	client := &tlcp.Config{Certificates: []tlcp.Certificate{p.client}, RootCAs: p.roots, ServerName: benchName, CipherSuites: []uint16{way.suite}}
	if way.mutual {
		server.ClientAuth = tlcp.RequireAndVerifyClientCert
	}
	if way.resumed {
		server.SessionCache, client.SessionCache = tlcp.NewLRUSessionCache(1<<16), tlcp.NewLRUSessionCache(16)
	}
	var clock serverClock
	act := func() error {
		c, s := client, server
		if way.stranger {
			c, s = client.Clone(), server.Clone()
		}
		near, far := newPipe()
		return clock.meet(near, far, tlcp.Client(near, c), tlcp.Server(far, s))
	}
	made := shake{name: name, act: act, server: clock.last}
	if !way.resumed {
		made.floor = func() error { return p.tlcpFloor(way) }
		made.hashes = func() error { return p.hashFloor(way) }
	}
	return made
}

func (p *tlsPeople) tlsShake(name string, mutual, resumed bool) shake {
	server := &tls.Config{Certificates: []tls.Certificate{p.tlsServer}, ClientCAs: p.tlsRoots, CurvePreferences: []tls.CurveID{tls.X25519},
		SessionTicketsDisabled: !resumed}
	client := &tls.Config{Certificates: []tls.Certificate{p.tlsClient}, RootCAs: p.tlsRoots, ServerName: benchName, CurvePreferences: []tls.CurveID{tls.X25519}}
	if mutual {
		server.ClientAuth = tls.RequireAndVerifyClientCert
	}
	if resumed {
		client.ClientSessionCache = tls.NewLRUClientSessionCache(16)
	}
	var clock serverClock
	act := func() error {
		near, far := newPipe()
		c := tls.Client(near, client)
		return clock.meetAnd(near, far, c, tls.Server(far, server), func() error {
			if !resumed {
				return nil
			}
			far.Close() // the ticket is read with the first data, or the end
			c.Read(make([]byte, 1))
			return nil
		})
	}
	return shake{name: name, act: act, server: clock.last}
}
