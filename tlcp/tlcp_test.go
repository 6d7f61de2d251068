package tlcp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// world is a client and a server that trust each other's CA.
type world struct {
	ca             *authority
	server, client *Config
}

const serverName = "gw.example.test"

// people makes two pairs once; the tests that need odd ones make their own.
var people = sync.OnceValue(func() *world {
	t := &testing.T{}
	ca := newAuthority(t, "test")
	return &world{ca: ca,
		server: &Config{Certificates: []Certificate{ca.pair(t, serverName)}, ClientCAs: ca.pool()},
		client: &Config{Certificates: []Certificate{ca.pair(t, "alice")}, RootCAs: ca.pool(), ServerName: serverName}}
})

// newWorld returns configurations one may change.
func newWorld() *world {
	w := people()
	return &world{ca: w.ca, server: w.server.Clone(), client: w.client.Clone()}
}

// meet runs both handshakes over a loopback connection. The connections are open.
func (w *world) meet(t testing.TB) (client, server *Conn, clientErr, serverErr error) {
	t.Helper()
	a, b := pipe(t)
	client, server = Client(a, w.client), Server(b, w.server)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		err := server.HandshakeContext(ctx)
		if err != nil {
			b.Close()
		}
		done <- err
	}()
	clientErr = client.HandshakeContext(ctx)
	if clientErr != nil {
		a.Close()
	}
	return client, server, clientErr, <-done
}

// connect is meet where nothing may fail.
func (w *world) connect(t testing.TB) (client, server *Conn) {
	t.Helper()
	client, server, clientErr, serverErr := w.meet(t)
	if clientErr != nil || serverErr != nil {
		t.Fatalf("client: %v\nserver: %v", clientErr, serverErr)
	}
	return client, server
}

// pipe is a TCP connection on loopback: it buffers as a network does.
func pipe(t testing.TB) (client, server net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if client, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if server, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close(); server.Close() })
	return client, server
}

// exchange sends data both ways and closes both ends in order.
func exchange(t testing.TB, client, server *Conn, size int) {
	t.Helper()
	data := bytes.Repeat([]byte("0123456789abcdef"), size/16+1)[:size]
	for _, way := range []struct{ from, to *Conn }{{client, server}, {server, client}} {
		var group sync.WaitGroup
		group.Go(func() {
			if _, err := way.from.Write(data); err != nil {
				t.Errorf("writing: %v", err)
			}
		})
		got := make([]byte, size)
		if _, err := io.ReadFull(way.to, got); err != nil {
			t.Fatalf("reading: %v", err)
		}
		group.Wait()
		if !bytes.Equal(got, data) {
			t.Fatal("the data changed on its way")
		}
	}
	if err := client.Close(); err != nil {
		t.Fatalf("closing: %v", err)
	}
	if n, err := server.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Fatalf("after close_notify: %d, %v", n, err)
	}
	server.Close()
}

func TestEverySuite(t *testing.T) {
	for _, id := range CipherSuites() {
		for _, auth := range []ClientAuthType{NoClientCert, RequireAndVerifyClientCert} {
			if suiteOf(id).ecdhe && auth == NoClientCert {
				continue
			}
			t.Run(fmt.Sprintf("%s/%d", CipherSuiteName(id), auth), func(t *testing.T) {
				w := newWorld()
				w.client.CipherSuites, w.server.ClientAuth = []uint16{id}, auth
				client, server := w.connect(t)
				for _, c := range []*Conn{client, server} {
					state := c.ConnectionState()
					if !state.HandshakeComplete || state.CipherSuite != id || state.DidResume || state.Version != Version || state.ServerName != serverName {
						t.Errorf("state %+v", state)
					}
					if mutual := auth != NoClientCert; (c == client || mutual) &&
						(len(state.PeerCertificates) != 3 || state.EncryptCertificate == nil || len(state.VerifiedChains) == 0) {
						t.Errorf("peer %d certificates, chains %d", len(state.PeerCertificates), len(state.VerifiedChains))
					}
				}
				exchange(t, client, server, 100_000)
			})
		}
	}
}

func causeOf(err error) Cause {
	if failure, ok := errors.AsType[*Error](err); ok {
		return failure.Cause
	}
	return Cause(fmt.Sprint("no tlcp error: ", err))
}
