package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"onecert/pki"
	"onecert/serve"
	"onecert/tlcp"
)

// offering is the flags of who accepts connections.
type offering struct {
	pair             ownPair
	listen, clientCA string
	suites           string
	tlsCert, tlsKey  string
}

func (c *console) offerFlags(command *cobra.Command, o *offering) {
	c.pairFlags(command, &o.pair)
	flags := command.Flags()
	flags.StringVar(&o.listen, "listen", "127.0.0.1:0", c.text("flag.tls.listen"))
	flags.StringVar(&o.clientCA, "client-ca", "", c.text("flag.tls.client-ca"))
	flags.StringVar(&o.suites, "suites", "", c.text("flag.tls.suites"))
	flags.StringVar(&o.tlsCert, "tls-cert", "", c.text("flag.tls.tls-cert"))
	flags.StringVar(&o.tlsKey, "tls-key", "", c.text("flag.tls.tls-key"))
}

// dual makes the listener's configuration of the flags.
func (c *console) dual(o offering) (*serve.Dual, error) {
	own, err := c.load(o.pair)
	if err != nil {
		return nil, err
	}
	if own == nil {
		return nil, c.wrongUsage("usage.tls.pair")
	}
	suites, err := c.suitesNamed(o.suites)
	if err != nil {
		return nil, err
	}
	_, roots, err := c.anchorsOf(o.clientCA)
	if err != nil {
		return nil, err
	}
	d := &serve.Dual{TLCP: &tlcp.Config{Certificates: own, CipherSuites: suites, ClientCAs: roots, SessionCache: tlcp.NewLRUSessionCache(1024), Time: c.now},
		Failed: c.tellFailure}
	if o.clientCA != "" {
		d.TLCP.ClientAuth = tlcp.RequireAndVerifyClientCert
	}
	if (o.tlsCert == "") != (o.tlsKey == "") {
		return nil, c.wrongUsage("usage.tls.tls-pair")
	}
	if o.tlsCert != "" {
		certificate, err := tls.LoadX509KeyPair(o.tlsCert, o.tlsKey)
		if err != nil {
			return nil, pki.Errorf(pki.Invalid, "tls.tls-pair", "the certificate and key for TLS cannot be used").To("name a PEM file each, RSA or ECDSA").Because(err)
		}
		d.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	}
	return d, nil
}

// tellFailure prints the event of a failed handshake for who is trying things out.
func (c *console) tellFailure(f serve.HandshakeFailure) {
	why := f.English
	if c.lang == "zh" {
		why = f.Chinese
	}
	if f.Detail != "" {
		why += " (" + f.Detail + ")"
	}
	fmt.Fprintln(c.err, c.text("tls.refused", safe(f.Address), safe(why)))
}

func tlsServeCommand(c *console) *cobra.Command {
	var o offering
	var web bool
	command := c.verb("serve", "cmd.tls.serve", []string{
		"onecert tls serve --listen 127.0.0.1:4433 --sign-cert sign.pem --sign-key sign.key --enc-cert enc.pem --enc-key enc.key",
		"onecert tls serve --http --client-ca root.pem --sign-cert sign.pem --sign-key sign.key --enc-cert enc.pem --enc-key enc.key --tls-cert rsa.pem --tls-key rsa.key",
	}, func(ctx context.Context, _ []string) error { return c.tlsServe(ctx, o, web) })
	c.offerFlags(command, &o)
	command.Flags().BoolVar(&web, "http", false, c.text("flag.tls.http-page"))
	return command
}

// tlsServe answers every connection with its own data, or as HTTP with what is known of
// the connection, until it is interrupted.
func (c *console) tlsServe(ctx context.Context, o offering, web bool) error {
	d, err := c.dual(o)
	if err != nil {
		return err
	}
	inner, err := c.listen(ctx, o.listen)
	if err != nil {
		return err
	}
	if web {
		d.TLCP.NextProtos = []string{"h2", "http/1.1"}
		return c.serveHTTP(ctx, d, inner, http.HandlerFunc(transportPage))
	}
	return c.serveConnections(ctx, d.Listen(inner), func(conn net.Conn) error {
		_, err := io.Copy(conn, conn)
		return err
	})
}

func (c *console) listen(ctx context.Context, address string) (net.Listener, error) {
	inner, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, pki.Errorf(pki.Unavailable, "tls.listen", "the address cannot be listened on").To("choose another with --listen").Because(err)
	}
	if err := c.say("%s", c.text("tls.listening", inner.Addr().String())); err != nil {
		inner.Close()
		return nil, err
	}
	return inner, nil
}

// maxServed bounds the connections of these small tools.
const maxServed = 1024

// serveConnections runs act for each connection until ctx is done, and waits for all.
func (c *console) serveConnections(ctx context.Context, l net.Listener, act func(net.Conn) error) error {
	defer context.AfterFunc(ctx, func() { l.Close() })()
	var group sync.WaitGroup
	defer group.Wait()
	places := make(chan struct{}, maxServed)
	for {
		conn, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("accepting connections: %w", err)
		}
		if own, ok := conn.(*tlcp.Conn); ok && !c.json {
			p := &printer{console: c}
			p.connection(showConnection(own))
			fmt.Fprint(c.out, p.buffer.String())
		}
		places <- struct{}{}
		group.Go(func() {
			defer func() { <-places }()
			defer conn.Close()
			defer context.AfterFunc(ctx, func() { conn.Close() })()
			if err := act(conn); err != nil && ctx.Err() == nil {
				fmt.Fprintln(c.err, c.text("tls.ended", conn.RemoteAddr().String(), safe(err.Error())))
			}
		})
	}
}

func (c *console) serveHTTP(ctx context.Context, d *serve.Dual, inner net.Listener, handler http.Handler) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute}
	defer context.AfterFunc(ctx, func() { server.Close() })()
	if err := d.Serve(server, inner); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving HTTP: %w", err)
	}
	return nil
}

// transportPage says in plain text what the request came over.
func transportPage(w http.ResponseWriter, r *http.Request) {
	over, _ := serve.TransportOf(r.Context())
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	fmt.Fprintf(w, "%s %s\n%s %s\nresumed: %v\ncertificates: %d\n", r.Proto, safe(r.Host), over.Protocol, over.Suite, over.Resumed, len(over.Certificates))
	if conn := serve.TLCPOf(r.Context()); conn != nil {
		for _, h := range showConnection(conn).Certificates {
			fmt.Fprintf(w, "%s: %s\n", h.Role, safe(h.Subject))
		}
	}
}
