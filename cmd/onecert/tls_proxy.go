package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"onecert/tlcp"
)

// carrying is the flags of a proxy.
type carrying struct {
	dialing
	listen, to string
	in, web    bool
	offering   offering
}

func tlsProxyCommand(c *console) *cobra.Command {
	var f carrying
	command := c.verb("proxy", "cmd.tls.proxy", []string{
		"onecert tls proxy --listen 127.0.0.1:8080 --to gw.example.test:443 --http --ca root.pem",
		"onecert tls proxy --accept-tlcp --listen 127.0.0.1:4433 --to 127.0.0.1:80 --sign-cert sign.pem --sign-key sign.key --enc-cert enc.pem --enc-key enc.key",
	}, func(ctx context.Context, _ []string) error { return c.tlsProxy(ctx, f) })
	c.dialFlags(command, &f.dialing)
	flags := command.Flags()
	flags.StringVar(&f.listen, "listen", "127.0.0.1:0", c.text("flag.tls.listen"))
	flags.StringVar(&f.to, "to", "", c.text("flag.tls.to"))
	flags.BoolVar(&f.in, "accept-tlcp", false, c.text("flag.tls.accept-tlcp"))
	flags.BoolVar(&f.web, "http", false, c.text("flag.tls.http-proxy"))
	flags.StringVar(&f.offering.clientCA, "client-ca", "", c.text("flag.tls.client-ca"))
	flags.StringVar(&f.offering.tlsCert, "tls-cert", "", c.text("flag.tls.tls-cert"))
	flags.StringVar(&f.offering.tlsKey, "tls-key", "", c.text("flag.tls.tls-key"))
	c.required(command, "to")
	return command
}

// tlsProxy carries connections: plain ones into TLCP, or with --accept-tlcp TLCP (and
// TLS) into plain ones.
func (c *console) tlsProxy(ctx context.Context, f carrying) error {
	if f.in {
		return c.proxyIn(ctx, f)
	}
	config, err := c.dialConfig(f.dialing)
	if err != nil {
		return err
	}
	if config.ServerName == "" {
		config.ServerName, _, _ = net.SplitHostPort(f.to)
	}
	config.SessionCache = tlcp.NewLRUSessionCache(16)
	inner, err := c.listen(ctx, f.listen)
	if err != nil {
		return err
	}
	out := func(ctx context.Context) (net.Conn, error) { return c.dialTLCP(ctx, f.to, config, f.patience) }
	if !f.web {
		return c.serveConnections(ctx, inner, func(conn net.Conn) error { return carry(ctx, conn, out) })
	}
	server := &http.Server{Handler: throughTLCP(config.ServerName, f.to, out), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute}
	defer context.AfterFunc(ctx, func() { server.Close() })()
	if err := server.Serve(inner); err != http.ErrServerClosed {
		return err
	}
	return nil
}

func (c *console) proxyIn(ctx context.Context, f carrying) error {
	f.offering.pair, f.offering.suites = f.pair, f.suites
	d, err := c.dual(f.offering)
	if err != nil {
		return err
	}
	inner, err := c.listen(ctx, f.listen)
	if err != nil {
		return err
	}
	out := func(ctx context.Context) (net.Conn, error) {
		return (&net.Dialer{Timeout: f.patience}).DialContext(ctx, "tcp", f.to)
	}
	return c.serveConnections(ctx, d.Listen(inner), func(conn net.Conn) error { return carry(ctx, conn, out) })
}

// carry moves data both ways between a connection and one it opens. The end of one
// direction is passed on; the other may go on.
func carry(ctx context.Context, near net.Conn, open func(context.Context) (net.Conn, error)) error {
	far, err := open(ctx)
	if err != nil {
		return err
	}
	defer far.Close()
	defer context.AfterFunc(ctx, func() { far.Close() })()
	there := make(chan error, 1)
	go func() { there <- pass(far, near) }()
	back := pass(near, far)
	if back != nil { // the answer cannot be delivered, or was cut: no use for the rest
		near.Close()
		far.Close()
	}
	if err := <-there; back == nil {
		return err
	}
	return back
}

func pass(to, from net.Conn) error {
	if _, err := io.Copy(to, from); err != nil {
		to.Close()
		return err
	}
	if half, ok := to.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// throughTLCP asks the site for whoever asks us, as if it were asked itself: browsers
// and curl that speak no TLCP reach it so.
func throughTLCP(host, to string, out func(context.Context) (net.Conn, error)) http.Handler {
	site := &url.URL{Scheme: "https", Host: host}
	if _, port, err := net.SplitHostPort(to); err == nil && port != "443" {
		site.Host = net.JoinHostPort(host, port)
	}
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(site) },
		Transport: &http.Transport{MaxIdleConnsPerHost: 16, IdleConnTimeout: time.Minute,
			DialTLSContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return out(ctx) }},
		ModifyResponse: func(r *http.Response) error {
			if at, err := r.Location(); err == nil && at.Host == site.Host { // stay with us
				at.Scheme, at.Host = "", ""
				r.Header.Set("Location", at.String())
			}
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			http.Error(w, err.Error(), http.StatusBadGateway)
		},
	}
}
