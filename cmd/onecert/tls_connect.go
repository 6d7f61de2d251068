package main

import (
	"context"
	"io"
	"time"

	"github.com/spf13/cobra"

	"onecert/tlcp"
)

// dialing is the flags of who connects.
type dialing struct {
	pair         ownPair
	ca, name     string
	suites, alpn string
	insecure     bool
	resume       bool
	patience     time.Duration
}

func (c *console) dialFlags(command *cobra.Command, d *dialing) {
	c.pairFlags(command, &d.pair)
	flags := command.Flags()
	flags.StringVar(&d.ca, "ca", "", c.text("flag.tls.ca"))
	flags.StringVar(&d.name, "name", "", c.text("flag.tls.name"))
	flags.StringVar(&d.suites, "suites", "", c.text("flag.tls.suites"))
	flags.StringVar(&d.alpn, "alpn", "", c.text("flag.tls.alpn"))
	flags.BoolVar(&d.insecure, "insecure", false, c.text("flag.tls.insecure"))
	flags.DurationVar(&d.patience, "timeout", 10*time.Second, c.text("flag.tls.timeout"))
}

// config makes the client's configuration of the flags.
func (c *console) dialConfig(d dialing) (*tlcp.Config, error) {
	if d.ca == "" && !d.insecure {
		return nil, c.wrongUsage("usage.tls.trust")
	}
	own, err := c.load(d.pair)
	if err != nil {
		return nil, err
	}
	_, roots, err := c.anchorsOf(d.ca)
	if err != nil {
		return nil, err
	}
	suites, err := c.suitesNamed(d.suites)
	if err != nil {
		return nil, err
	}
	return &tlcp.Config{Certificates: own, RootCAs: roots, ServerName: d.name, CipherSuites: suites, NextProtos: commaList(d.alpn),
		InsecureSkipVerify: d.insecure, Time: c.now}, nil
}

func tlsConnectCommand(c *console) *cobra.Command {
	var d dialing
	command := c.verb("connect HOST:PORT", "cmd.tls.connect", []string{
		"onecert tls connect gw.example.test:443 --ca root.pem",
		"onecert tls connect gw.example.test:443 --ca root.pem --sign-cert sign.pem --sign-key sign.key --enc-cert enc.pem --enc-key enc.key --suites ECDHE_SM4_GCM_SM3",
	}, func(ctx context.Context, args []string) error { return c.tlsConnect(ctx, args[0], d) })
	command.Args = c.words(1, 1)
	c.dialFlags(command, &d)
	command.Flags().BoolVar(&d.resume, "resume", false, c.text("flag.tls.resume"))
	return command
}

// tlsConnect shakes hands, shows the connection, then carries standard input to the
// server and what it answers to standard output. With --json it only shows.
func (c *console) tlsConnect(ctx context.Context, address string, d dialing) error {
	config, err := c.dialConfig(d)
	if err != nil {
		return err
	}
	times := 1
	if d.resume {
		config.SessionCache, times = tlcp.NewLRUSessionCache(1), 2
	}
	var conn *tlcp.Conn
	all := []shown{}
	for range times {
		if conn != nil {
			conn.Close()
		}
		if conn, err = c.dialTLCP(ctx, address, config, d.patience); err != nil {
			return err
		}
		all = append(all, showConnection(conn))
	}
	defer conn.Close()
	if err := c.answer(all, func(p *printer) {
		for _, s := range all {
			p.connection(s)
		}
	}); err != nil || c.json {
		return err
	}
	return c.converse(conn)
}

func (c *console) dialTLCP(ctx context.Context, address string, config *tlcp.Config, patience time.Duration) (*tlcp.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	conn, err := (&tlcp.Dialer{Config: config}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, c.failedHandshake(address, err)
	}
	return conn.(*tlcp.Conn), nil
}

// afterInput is how long the server has to answer before it is told that nothing more
// comes: many web servers, net/http among them, then take the asker for gone.
const afterInput = time.Second

// converse carries both directions until the server ends, or the person does.
func (c *console) converse(conn *tlcp.Conn) error {
	go func() {
		io.Copy(conn, c.in)
		time.Sleep(afterInput)
		conn.CloseWrite()
	}()
	go func() {
		<-c.ended
		conn.Close()
	}()
	_, err := io.Copy(c.out, conn)
	select {
	case <-c.ended:
		return nil
	default:
	}
	if err != nil {
		return c.failedHandshake(conn.RemoteAddr().String(), err)
	}
	return nil
}
