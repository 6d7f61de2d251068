package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"

	"onecert/serve"
	"onecert/tlcp"
)

// onePort measures what telling TLCP from TLS costs TLS: whole connections over
// loopback, through crypto/tls's own listener and through the one for both.
func (b *bench) onePort(ctx context.Context, people *tlsPeople) error {
	rows := [][]string{{"", "µs", "TLS alone µs", "ratio"}}
	server := &tls.Config{Certificates: []tls.Certificate{people.tlsServer}, CurvePreferences: []tls.CurveID{tls.X25519}}
	client := &tls.Config{RootCAs: people.tlsRoots, ServerName: benchName, CurvePreferences: []tls.CurveID{tls.X25519}}
	alone, stopAlone, err := answering(func(l net.Listener) net.Listener { return tls.NewListener(l, server) })
	if err != nil {
		return err
	}
	defer stopAlone()
	both, stopBoth, err := answering((&serve.Dual{TLS: server, TLCP: &tlcp.Config{Certificates: []tlcp.Certificate{people.server}},
		Failed: func(serve.HandshakeFailure) {}}).Listen)
	if err != nil {
		return err
	}
	defer stopBoth()
	through := func(address string) func() error {
		return func() error { return askOnce(address, func(c net.Conn) net.Conn { return tls.Client(c, client) }) }
	}
	national := &tlcp.Config{RootCAs: people.roots, ServerName: benchName}
	for _, p := range []part{
		{name: "TLS 1.3 through the listener for both", act: through(both), floor: through(alone)},
		{name: "TLCP ECC_SM4_GCM_SM3 through it", floor: through(alone), act: func() error {
			return askOnce(both, func(c net.Conn) net.Conn { return tlcp.Client(c, national) })
		}},
	} {
		if err := settle(ctx); err != nil {
			return err
		}
		row, err := b.part(p)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		rows = append(rows, row[:4])
	}
	b.out.table("One port for TLCP and TLS: connect, handshake, one octet each way, close; processor time of both sides", rows)
	return nil
}

// answering accepts connections and sends each first octet back.
func answering(protect func(net.Listener) net.Listener) (address string, stop func(), err error) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	l := protect(inner)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				io.CopyN(conn, conn, 1)
			}()
		}
	}()
	return inner.Addr().String(), func() { l.Close() }, nil
}

func askOnce(address string, protect func(net.Conn) net.Conn) error {
	inner, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer inner.Close()
	inner.(*net.TCPConn).SetLinger(0) // thousands a second: no port may rest afterwards
	conn := protect(inner)
	if _, err := conn.Write([]byte{1}); err != nil {
		return err
	}
	var back [1]byte
	if n, err := conn.Read(back[:]); n != 1 {
		return errors.Join(errors.New("nothing came back"), err)
	}
	return nil
}
