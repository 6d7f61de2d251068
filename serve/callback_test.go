package serve

import (
	"context"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"onecert/pki"
	"onecert/tlcp"
)

type echo struct{ Text string }

type echoBody struct{ Body echo }

// zones is an inner zone that only dials out and an outer one that calls it.
type zones struct {
	inward  *Inward
	address string
	stop    context.CancelFunc
	newest  atomic.Pointer[tlcp.Conn] // of those that called in over TLCP
}

func openZones(t *testing.T, inner *Identity, a authority, who func(*x509.Certificate) (pki.Actor, error)) *zones {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	ctx, cancel := context.WithCancel(context.Background())
	z := &zones{stop: cancel}
	outer := a.leaf("ca", nil)
	z.inward = &Inward{Log: quiet, Patience: 20 * time.Second, Peers: &Peers{Roots: a.pool(), Who: func(_ context.Context, c *x509.Certificate) (pki.Actor, error) { return who(c) }}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	z.address = listener.Addr().String()
	var running sync.WaitGroup
	running.Go(func() { z.inward.Run(ctx, listener, z.inward.ServerTLS(outer)) })

	api := New(Config{Title: "inner", Version: "1", Log: quiet, Peers: &Peers{Roots: a.pool(), Required: true,
		Who: func(_ context.Context, c *x509.Certificate) (pki.Actor, error) {
			return pki.Actor{Name: c.Subject.CommonName}, nil
		}}})
	huma.Register(api.Huma, huma.Operation{OperationID: "echo", Method: http.MethodPost, Path: "/echo"},
		func(ctx context.Context, in *echoBody) (*echoBody, error) {
			actor, _ := pki.ActorFrom(ctx)
			return &echoBody{echo{in.Body.Text + " from " + actor.Name}}, nil
		})
	running.Go(func() {
		Outward{Address: z.address, TLS: ClientTLS(inner, a.pool(), nil), Handler: api, Log: quiet}.Run(ctx)
	})
	t.Cleanup(func() { cancel(); running.Wait() })
	return z
}

func (z *zones) ask(text string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	out, err := Call[echo, echo](ctx, z.inward.Client("kmc"), http.MethodPost, "/echo", &echo{text})
	return out.Text, err
}

func byName(c *x509.Certificate) (pki.Actor, error) {
	return pki.Actor{Name: c.Subject.CommonName}, nil
}

func TestCallsTravelBack(t *testing.T) {
	a := newAuthority(t, "root")
	z := openZones(t, a.leaf("kmc", nil), a, byName)
	var all sync.WaitGroup
	for n := range 64 {
		all.Go(func() {
			if got, err := z.ask(fmt.Sprint(n)); err != nil || got != fmt.Sprint(n, " from ca") {
				t.Errorf("%q %v", got, err)
			}
		})
	}
	all.Wait()
}

// Who stops taking connections ends those he has, so that the peer looks for another.
func TestEndedInwardHangsUp(t *testing.T) {
	a := newAuthority(t, "root")
	z := openZones(t, a.leaf("kmc", nil), a, byName)
	if _, err := z.ask("x"); err != nil {
		t.Fatal(err)
	}
	z.stop()
	l := z.inward.line("kmc")
	for until := time.Now().Add(10 * time.Second); l.newest.Err() == nil; time.Sleep(time.Millisecond) {
		if time.Now().After(until) {
			t.Fatal("the connection is still open")
		}
	}
}

func TestCallBackWithoutPeer(t *testing.T) {
	a := newAuthority(t, "root")
	z := openZones(t, a.leaf("somebody-else", nil), a, byName)
	z.inward.Patience = 300 * time.Millisecond
	if _, err := z.ask("x"); pki.KindOf(err) != pki.Unavailable {
		t.Errorf("the peer never called in: %v", err)
	}
}

func TestCallBackRefusesStrangers(t *testing.T) {
	a, other := newAuthority(t, "root"), newAuthority(t, "other")
	for name, inner := range map[string]*Identity{
		"another CA": other.leaf("kmc", nil),
		"expired":    a.leaf("kmc", func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }),
		"no client":  a.leaf("kmc", func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }),
	} {
		t.Run(name, func(t *testing.T) {
			z := openZones(t, inner, a, byName)
			z.inward.Patience = 600 * time.Millisecond
			if _, err := z.ask("x"); pki.KindOf(err) != pki.Unavailable {
				t.Errorf("a stranger was called: %v", err)
			}
		})
	}
}

// TestCallBackRecovers: a link that breaks is opened again, and calls wait for it.
func TestCallBackRecovers(t *testing.T) {
	a := newAuthority(t, "root")
	cut := make(chan net.Conn, 8)
	proxy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer proxy.Close()
	var z *zones
	ready := make(chan struct{})
	go func() {
		<-ready
		for {
			in, err := proxy.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", z.address)
			if err != nil {
				in.Close()
				continue
			}
			cut <- in
			go func() { pipe(in, out) }()
		}
	}()
	z = openZones(t, a.leaf("nobody", nil), a, byName) // only its outer end is used
	close(ready)
	quiet := slog.New(slog.DiscardHandler)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"Text":"here"}`)
	})
	go Outward{Address: proxy.Addr().String(), TLS: ClientTLS(a.leaf("kmc", nil), a.pool(), nil), Handler: handler, Log: quiet}.Run(ctx)
	for round := range 3 {
		var got string
		var err error
		for range 10 { // a call under way when the link breaks may fail; the next waits
			if got, err = z.ask("x"); err == nil {
				break
			}
		}
		if err != nil || got != "here" {
			t.Fatalf("round %d: %q %v", round, got, err)
		}
		(<-cut).Close()
	}
}

func pipe(a, b net.Conn) {
	done := make(chan struct{}, 2)
	copyTo := func(to, from net.Conn) {
		buffer := make([]byte, 16<<10)
		for {
			n, err := from.Read(buffer)
			if n > 0 {
				if _, err := to.Write(buffer[:n]); err != nil {
					break
				}
			}
			if err != nil {
				break
			}
		}
		done <- struct{}{}
	}
	go copyTo(a, b)
	go copyTo(b, a)
	<-done
	a.Close()
	b.Close()
	<-done
}
