package serve

import (
	"context"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/emmansun/gmsm/smx509"

	"onecert/pki"
)

// openNationalZones is openZones over TLCP.
func openNationalZones(t *testing.T, inner *Pair, country nation) *zones {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	ctx, cancel := context.WithCancel(context.Background())
	outer := country.pair("ca", nil)
	z := &zones{stop: cancel}
	z.inward = &Inward{Log: quiet, Patience: 20 * time.Second, TLCP: CallbackTLCP(outer, country.roots(), nil), Peers: &Peers{National: country.roots(),
		Who: func(ctx context.Context, c *x509.Certificate) (pki.Actor, error) {
			conn := TLCPOf(ctx)
			if conn == nil || conn.ConnectionState().EncryptCertificate == nil {
				t.Error("who calls in is not asked for with both halves")
			}
			z.newest.Store(conn)
			return byName(c)
		}}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	z.address = listener.Addr().String()
	var running sync.WaitGroup
	running.Go(func() { z.inward.Run(ctx, listener, nil) })
	api := New(Config{Title: "inner", Version: "1", Log: quiet, Peers: &Peers{National: country.roots(), Required: true,
		Who: func(_ context.Context, c *x509.Certificate) (pki.Actor, error) { return byName(c) }}})
	huma.Register(api.Huma, huma.Operation{OperationID: "echo", Method: http.MethodPost, Path: "/echo"},
		func(ctx context.Context, in *echoBody) (*echoBody, error) {
			actor, _ := pki.ActorFrom(ctx)
			return &echoBody{echo{in.Body.Text + " from " + actor.Name}}, nil
		})
	config := ClientTLCP(inner, country.roots(), nil)
	config.ServerName = "127.0.0.1"
	running.Go(func() { Outward{Address: z.address, TLCP: config, Handler: api, Log: quiet}.Run(ctx) })
	t.Cleanup(func() { cancel(); running.Wait() })
	return z
}

func TestCallsTravelBackOverTLCP(t *testing.T) {
	country := newNation(t)
	z := openNationalZones(t, country.pair("kmc", nil), country)
	var all sync.WaitGroup
	for n := range 64 {
		all.Go(func() {
			if got, err := z.ask(fmt.Sprint(n)); err != nil || got != fmt.Sprint(n, " from ca") {
				t.Errorf("%q %v", got, err)
			}
		})
	}
	all.Wait()
	// A broken connection is made anew; a call that meets the break is told at once.
	z.newest.Load().Close()
	var got string
	var err error
	for until := time.Now().Add(10 * time.Second); time.Now().Before(until); {
		if got, err = z.ask("again"); pki.KindOf(err) != pki.Unavailable {
			break
		}
	}
	if err != nil || got != "again from ca" {
		t.Errorf("%q %v", got, err)
	}
}

func TestCallBackOverTLCPRefusesStrangers(t *testing.T) {
	country := newNation(t)
	for name, inner := range map[string]*Pair{
		"another CA":  newNation(t).pair("kmc", nil),
		"expired":     country.pair("kmc", func(c *smx509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }),
		"no client":   country.pair("kmc", func(c *smx509.Certificate) { c.ExtKeyUsage = c.ExtKeyUsage[:1] }),
		"no pair yet": {},
	} {
		t.Run(name, func(t *testing.T) {
			z := openNationalZones(t, inner, country)
			z.inward.Patience = 600 * time.Millisecond
			if _, err := z.ask("x"); pki.KindOf(err) != pki.Unavailable {
				t.Errorf("a stranger was called: %v", err)
			}
		})
	}
	t.Run("TLS", func(t *testing.T) {
		z := openNationalZones(t, country.pair("nobody", nil), country)
		z.inward.Patience = 600 * time.Millisecond
		a := newAuthority(t, "root")
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		o := Outward{Address: z.address, TLS: ClientTLS(a.leaf("kmc", nil), a.pool(), nil)}
		if _, _, err := o.dial(ctx); err == nil {
			t.Error("TLS is taken where TLCP is wanted")
		}
	})
}
