package main

import (
	"context"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"net"
	"sync/atomic"
	"time"

	"github.com/emmansun/gmsm/sm2"

	"onecert/tlcp"
)

// newConnections prints what a new connection costs, with the one request it brings,
// which goes to the back end.
func (b *bench) newConnections(ctx context.Context, f *gatewayRun) error {
	ways := []road{f.way(nginxOneWay), f.way(nginxMutual)}
	for _, name := range []string{gatewayTLS, gatewayMutualTLS, gatewayTLCP, gatewayMutualTLCP} {
		ways = append(ways, f.way(name))
	}
	strangers, err := b.strangers(f)
	if err != nil {
		return err
	}
	ways = append(ways, strangers...)
	load := asking{name: "new connections", path: "/1k", clients: 16, anew: true}
	if err := settle(ctx); err != nil {
		return err
	}
	runs, err := b.compare(ctx, load, ways)
	if err != nil {
		return err
	}
	rows := [][]string{{"", "µs", "a second and core", "of nginx", "floor µs", "ratio", "a second", "µs p50", "µs p99"}}
	for _, w := range ways {
		all := runs[w.name]
		cost := median(all, func(r answered) time.Duration { return r.each(load) })
		f.connection[w.name] = cost
		row := []string{w.name, micros(cost), digits(1 / cost.Seconds()), "", "", "", digits(median(all, func(r answered) float64 { return r.rate(load) })),
			micros(median(all, func(r answered) time.Duration { return r.quantile(0.5) })), micros(median(all, func(r answered) time.Duration { return r.quantile(0.99) }))}
		if w.nginx != "" {
			row[3] = times(f.connection[w.nginx].Seconds() / cost.Seconds())
		}
		floor, err := b.connectionFloor(f.people, w.name)
		if err != nil {
			return err
		}
		row[4], row[5] = micros(floor), times(cost.Seconds()/floor.Seconds())
		rows = append(rows, row)
	}
	b.out.table("New connections with one request of 1 kB to the back end, none resumed; processor time of the server", rows,
		"Floor: the server's own cryptography of the handshake, keys at hand: X25519 both ways, P-256 signature; SM2 signature and decryption;",
		"mutual: the client's signature verified; new people: that of the CA on the certificate as well.",
		"Of nginx: connections for the same processor time; TLCP is held against nginx's TLS 1.3, for it speaks no TLCP.",
		"New people: each connection with a certificate never seen, whose session is opened and stored.")
	return nil
}

// The ways of people who were never here.
const (
	newPeopleTLS  = "gateway, TLS 1.3 mutual, new people"
	newPeopleTLCP = "gateway, TLCP mutual, new people"
)

// strangers are ways on which every connection shows another certificate, as long as there
// are any.
func (b *bench) strangers(f *gatewayRun) ([]road, error) {
	n := pick(b, 200, 8000)
	international, national := make([]tls.Certificate, n), make([]tlcp.Certificate, n)
	err := together(2, n, func(i int) (err error) {
		if international[i], err = f.people.anotherTLS(i); err == nil {
			national[i], err = f.people.another(i)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("making certificates: %w", err)
	}
	var next, nextNational atomic.Int64
	return []road{
		{newPeopleTLS, f.gateway.proxy, func(ctx context.Context) (net.Conn, error) {
			return f.people.byTLS(f.gateway.addresses[mutual], &international[int(next.Add(1))%n])(ctx)
		}, nginxMutual, ""},
		{newPeopleTLCP, f.gateway.proxy, func(ctx context.Context) (net.Conn, error) {
			return f.people.byTLCP(f.gateway.addresses[mutual], &national[int(nextNational.Add(1))%n])(ctx)
		}, nginxMutual, ""},
	}, nil
}

// anotherTLS is a client with a certificate that nobody else has, in the key of the first.
func (p *tlsPeople) anotherTLS(n int) (tls.Certificate, error) {
	key := p.tlsClient.PrivateKey.(*ecdsa.PrivateKey)
	name := fmt.Sprintf("client%05d.example.test", n)
	template := &x509.Certificate{SerialNumber: big.NewInt(1_000_000 + int64(n)), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	der, err := x509.CreateCertificate(rand.Reader, template, p.tlsIssuer, &key.PublicKey, p.tlsIssuerKey)
	return tls.Certificate{Certificate: [][]byte{der, p.tlsClient.Certificate[1]}, PrivateKey: key}, err
}

// connectionFloor is the server's cryptography of a way's handshake.
func (b *bench) connectionFloor(p *tlsPeople, way string) (time.Duration, error) {
	verifies := map[string]int{nginxMutual: 1, gatewayMutualTLS: 1, gatewayMutualTLCP: 1, newPeopleTLS: 2, newPeopleTLCP: 2}[way]
	act := p.tlsServerFloor(verifies)
	if way == gatewayTLCP || way == gatewayMutualTLCP || way == newPeopleTLCP {
		act = p.tlcpServerFloor(verifies)
	}
	var runs []time.Duration
	for range pick(b, 1, 3) {
		each, err := loop(pick(b, 50*time.Millisecond, 200*time.Millisecond), act)
		if err != nil {
			return 0, err
		}
		runs = append(runs, each)
	}
	return median(runs, func(d time.Duration) time.Duration { return d }), nil
}

var errSignature = errors.New("a good signature was refused")

// tlsServerFloor is an X25519 pair and its agreement, a signature, and verifications.
func (p *tlsPeople) tlsServerFloor(verifies int) func() error {
	key := p.tlsServer.PrivateKey.(*ecdsa.PrivateKey)
	sum := sha256.Sum256(p.message)
	return func() error {
		own, err := ecdh.X25519().GenerateKey(rand.Reader)
		if err != nil {
			return err
		}
		if _, err := own.ECDH(own.PublicKey()); err != nil {
			return err
		}
		signature, err := ecdsa.SignASN1(rand.Reader, key, sum[:])
		for range verifies {
			if err == nil && !ecdsa.VerifyASN1(&key.PublicKey, sum[:], signature) {
				return errSignature
			}
		}
		return err
	}
}

// tlcpServerFloor is a signature, the decryption of what the keys are made of, and
// verifications (GB/T 38636 6.4, ECC suites).
func (p *tlsPeople) tlcpServerFloor(verifies int) func() error {
	return func() error {
		if _, err := p.sign.Sign(rand.Reader, p.message, sm2.DefaultSM2SignerOpts); err != nil {
			return err
		}
		for range verifies {
			if !sm2.VerifyASN1WithSM2(&p.sign.PublicKey, nil, p.message, p.signature) {
				return errSignature
			}
		}
		_, err := p.sign.Decrypt(rand.Reader, p.ciphertext, sm2.ASN1DecrypterOpts)
		return err
	}
}
