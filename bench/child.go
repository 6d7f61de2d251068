package main

import (
	"bufio"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime/pprof"

	"onecert/officer"
	"onecert/serve"
)

// serveWord makes the program the server that is measured: a process of its own,
// so that its processor time is not the load's.
const serveWord = "serve-for-bench"

// ready is what the server says first.
type ready struct {
	Address string
	Root    []byte   // DER
	Chain   [][]byte // of a client that may order
	Key     []byte   // of that client, PKCS#8
}

// request is what the load asks of the server beside orders; each is answered by
// one line of JSON.
type request struct {
	Do   string // "fill", "profile", "profiled"
	File string
}

type answer struct{ Error string }

// serveChild builds a house, serves it, and ends when its standard input does.
func serveChild() error {
	input := json.NewDecoder(bufio.NewReader(os.Stdin))
	output := json.NewEncoder(os.Stdout)
	var p plan
	if err := input.Decode(&p); err != nil {
		return fmt.Errorf("reading the plan: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	h, err := build(ctx, p)
	if err != nil {
		return err
	}
	defer h.close()
	hello, server, err := h.server()
	if err != nil {
		return err
	}
	go h.ca.KeepCRLs(ctx)
	ended := make(chan error, 1)
	go func() { ended <- serve.Run(ctx, server) }()
	if err := output.Encode(hello); err != nil {
		return fmt.Errorf("saying hello: %w", err)
	}
	for {
		var r request
		if err := input.Decode(&r); err != nil {
			cancel()
			return <-ended
		}
		var a answer
		if err := h.obey(r); err != nil {
			a.Error = err.Error()
		}
		if err := output.Encode(a); err != nil {
			return fmt.Errorf("answering: %w", err)
		}
	}
}

// server opens the listener and lets one client in.
func (h *house) server() (ready, serve.Server, error) {
	chain, key, err := h.site("server")
	if err != nil {
		return ready{}, serve.Server{}, err
	}
	own, err := serve.NewIdentity(chain, key)
	if err != nil {
		return ready{}, serve.Server{}, err
	}
	hello := ready{Root: h.root}
	client, clientKey, err := h.site("client")
	if err != nil {
		return ready{}, serve.Server{}, err
	}
	if hello.Key, err = x509.MarshalPKCS8PrivateKey(clientKey); err != nil {
		return ready{}, serve.Server{}, fmt.Errorf("encoding the client's key: %w", err)
	}
	hello.Chain = client
	_, err = h.officers.Register(as("bench"), officer.Registration{Certificate: client[0], Name: "ra", Kind: officer.Place,
		Roles: []string{officer.Site}, Issuer: "ecdsa"})
	if err != nil {
		return ready{}, serve.Server{}, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return ready{}, serve.Server{}, fmt.Errorf("listening: %w", err)
	}
	hello.Address = listener.Addr().String()
	return hello, serve.Server{Name: "ca", Listener: listener, TLS: serve.ServerTLS(own, h.roots), Handler: h.api, Log: quiet()}, nil
}

func (h *house) obey(r request) error {
	switch r.Do {
	case "fill":
		return h.fill()
	case "profile":
		file, err := os.Create(r.File)
		if err != nil {
			return err
		}
		h.later(func() { file.Close() })
		return pprof.StartCPUProfile(file)
	case "profiled":
		pprof.StopCPUProfile()
		return nil
	}
	return errors.New("the server does not know " + r.Do)
}

// child is the server as the load sees it.
type child struct {
	ready
	command *exec.Cmd
	input   io.WriteCloser
	output  *json.Decoder
}

// plan is for a new house on an engine.
func (b *bench) plan(e engine, pool int) (p plan, err error) {
	p.Pool = pool
	if p.CA, err = e.fresh(); err != nil {
		return p, err
	}
	if p.KMC, err = e.fresh(); err != nil {
		return p, err
	}
	if p.Dir, err = os.MkdirTemp(b.dir, "house-"); err != nil {
		return p, fmt.Errorf("making a folder: %w", err)
	}
	return p, nil
}

// startChild starts a server on an engine, its pool full.
func (b *bench) startChild(ctx context.Context, e engine, pool int) (c *child, err error) {
	p, err := b.plan(e, pool)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding the program: %w", err)
	}
	c = &child{command: exec.CommandContext(ctx, self, serveWord)}
	c.command.Stderr = os.Stderr
	if c.input, err = c.command.StdinPipe(); err != nil {
		return nil, fmt.Errorf("starting the server: %w", err)
	}
	output, err := c.command.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("starting the server: %w", err)
	}
	c.output = json.NewDecoder(output)
	if err := c.command.Start(); err != nil {
		return nil, fmt.Errorf("starting the server: %w", err)
	}
	if err := c.meet(p); err != nil {
		return nil, errors.Join(err, c.stop())
	}
	return c, nil
}

func (c *child) meet(p plan) error {
	if err := json.NewEncoder(c.input).Encode(p); err != nil {
		return fmt.Errorf("talking to the server: %w", err)
	}
	if err := c.output.Decode(&c.ready); err != nil {
		return fmt.Errorf("waiting for the server: %w", err)
	}
	return c.ask(request{Do: "fill"})
}

func (c *child) ask(r request) error {
	if err := json.NewEncoder(c.input).Encode(r); err != nil {
		return fmt.Errorf("talking to the server: %w", err)
	}
	var a answer
	if err := c.output.Decode(&a); err != nil {
		return fmt.Errorf("talking to the server: %w", err)
	}
	if a.Error != "" {
		return errors.New("the server: " + a.Error)
	}
	return nil
}

// stop ends the server and waits for it.
func (c *child) stop() error {
	c.input.Close()
	if err := c.command.Wait(); err != nil {
		return fmt.Errorf("stopping the server: %w", err)
	}
	return nil
}
