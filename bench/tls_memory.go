package main

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"

	"onecert/tlcp"
)

// mallocs is how many allocations one act makes, after a few that may keep what they
// allocate.
func mallocs(act func() error, n int) (float64, error) {
	for range 2 * runtime.GOMAXPROCS(0) { // each connection of a mover once, and again
		if err := act(); err != nil {
			return 0, err
		}
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range n {
		if err := act(); err != nil {
			return 0, err
		}
	}
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / float64(n), nil
}

// memory shows what a server keeps: of a session that may be resumed, and of a
// connection that says nothing.
func (b *bench) memory(ctx context.Context, people *tlsPeople) error {
	rows := [][]string{{"at the server", "how many", "kB each", "MB in all", "aim", "made in s"}}
	sessions, err := b.sessions(ctx, people)
	if err != nil {
		return err
	}
	rows = append(rows, sessions...)
	for _, id := range []uint16{tlcp.ECC_SM4_GCM_SM3, tlcp.ECC_SM4_CBC_SM3} {
		row, err := b.idle(people, id)
		if err != nil {
			return err
		}
		rows = append(rows, row)
	}
	b.out.table("Memory that TLCP takes and keeps", rows,
		"What is reachable after a collection, less what was before.",
		"Sessions: of as many clients, each with a pair of its own, after full mutual handshakes. What else: certificates read and verified, a bounded number of them.",
		"Idle: established, all buffers for records given back; without those of the network.")
	return nil
}

// sessions fills a server's cache, each session another client's.
func (b *bench) sessions(ctx context.Context, people *tlsPeople) ([][]string, error) {
	count := pick(b, 1000, 20_000)
	cache := tlcp.NewLRUSessionCache(count)
	server := &tlcp.Config{Certificates: []tlcp.Certificate{people.server}, ClientCAs: people.roots,
		ClientAuth: tlcp.RequireAndVerifyClientCert, SessionCache: cache, CipherSuites: []uint16{tlcp.ECC_SM4_GCM_SM3}}
	before, begin := heap(), time.Now()
	for i := range count {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		certificate, err := people.another(i)
		if err != nil {
			return nil, err
		}
		near, far := newPipe()
		client := &tlcp.Config{Certificates: []tlcp.Certificate{certificate}, RootCAs: people.roots, ServerName: benchName,
			SessionCache: tlcp.NewLRUSessionCache(1)} // without one it offers no session to keep
		if err := new(serverClock).meet(near, far, tlcp.Client(near, client), tlcp.Server(far, server)); err != nil {
			return nil, err
		}
	}
	took := time.Since(begin)
	all := heap()
	runtime.KeepAlive(server) // and no longer
	own := heap()
	runtime.KeepAlive(cache)
	return [][]string{memoryRow("a session in the cache", count, own-before, "30 MB for 20,000", took),
		{"what else is remembered of peers", "", "", digits(float64(all-own) / 1e6), "", ""}}, nil
}

// another is a client with certificates that nobody else has, in the keys of the first.
func (p *tlsPeople) another(n int) (tlcp.Certificate, error) {
	certificate := p.client
	certificate.SignLeaf, certificate.EncryptLeaf = nil, nil
	for half, to := range map[smx509.KeyUsage]*[][]byte{
		smx509.KeyUsageDigitalSignature:                                  &certificate.Sign,
		smx509.KeyUsageKeyEncipherment | smx509.KeyUsageDataEncipherment: &certificate.Encrypt,
	} {
		key := p.client.SignKey.(*sm2.PrivateKey)
		if to == &certificate.Encrypt {
			key = p.client.EncryptKey.(*sm2.PrivateKey)
		}
		c, err := sm2CertificateOf(fmt.Sprintf("client%05d.example.test", n), half, &key.PublicKey, p.issuer, p.issuerKey)
		if err != nil {
			return certificate, err
		}
		*to = append([][]byte{c.Raw}, (*to)[1:]...)
	}
	return certificate, nil
}

// idle holds many connections that say nothing.
func (b *bench) idle(people *tlsPeople, id uint16) ([]string, error) {
	count := pick(b, 500, 10_000)
	config := &tlcp.Config{Certificates: []tlcp.Certificate{people.server}, CipherSuites: []uint16{id}}
	client := &tlcp.Config{RootCAs: people.roots, ServerName: benchName, CipherSuites: []uint16{id}}
	conns := make([]*tlcp.Conn, 0, count)
	before, begin := heap(), time.Now()
	for range count {
		near, far := newPipe()
		server := tlcp.Server(far, config)
		var clock serverClock
		if err := clock.meet(near, far, tlcp.Client(near, client), server); err != nil {
			return nil, err
		}
		near.to.data, near.from.data, near.to.read, near.from.read = nil, nil, 0, 0 // the pipe's own
		conns = append(conns, server)
	}
	took := time.Since(begin)
	row := memoryRow("an idle connection, "+tlcp.CipherSuiteName(id), count, heap()-before, "20 kB each", took)
	runtime.KeepAlive(conns)
	return row, nil
}

func memoryRow(what string, count int, octets uint64, aim string, took time.Duration) []string {
	return []string{what, fmt.Sprint(count), digits(float64(octets) / float64(count) / 1000), digits(float64(octets) / 1e6), aim, digits(took.Seconds())}
}

// heap is what is reachable, in octets.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // the first fills sync.Pool's victims
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
