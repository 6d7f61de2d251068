package wire

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"

	"onecert/serve"
)

// dialOut keeps this process's connections to outer zones open until ctx ends.
type dialOut struct {
	to      []DialOut
	caller  caller
	handler http.Handler
	log     *slog.Logger
}

func (d dialOut) start(ctx context.Context) {
	for _, target := range d.to {
		server := target.Server
		if server == "" {
			server, _, _ = net.SplitHostPort(target.Address)
		}
		out := serve.Outward{Address: target.Address, Handler: d.handler, Log: d.log}
		if d.caller.protocol == overTLCP {
			out.TLCP = serve.ClientTLCP(d.caller.pair, d.caller.nation, d.caller.now)
			out.TLCP.ServerName = server
		} else {
			out.TLS = serve.ClientTLS(d.caller.identity, d.caller.roots, d.caller.now)
			out.TLS.ServerName = server
		}
		go out.Run(ctx)
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
