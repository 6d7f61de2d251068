package wire

import (
	"context"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"onecert/serve"
)

// dialOut keeps this process's connections to outer zones open until ctx ends.
type dialOut struct {
	to       []DialOut
	identity *serve.Identity
	roots    *x509.CertPool
	handler  http.Handler
	now      func() time.Time
	log      *slog.Logger
}

func (d dialOut) start(ctx context.Context) {
	for _, target := range d.to {
		config := serve.ClientTLS(d.identity, d.roots, d.now)
		config.ServerName = target.Server
		if config.ServerName == "" {
			config.ServerName, _, _ = net.SplitHostPort(target.Address)
		}
		go serve.Outward{Address: target.Address, TLS: config, Handler: d.handler, Log: d.log}.Run(ctx)
	}
}

// accept takes the connections of inner zones until ctx ends.
func (p *CAProcess) accept(ctx context.Context) error {
	if p.config.Accept == "" {
		return nil
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", p.config.Accept)
	if err != nil {
		return fmt.Errorf("listening for inner zones: %w", err)
	}
	go func() {
		if err := p.inward.Run(ctx, listener, p.inward.ServerTLS(p.identity)); err != nil {
			p.options.log().Error("taking connections of inner zones", "error", err)
		}
	}()
	return nil
}
