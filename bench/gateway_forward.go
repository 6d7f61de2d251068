package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// proxy is one program between the load and the back end, with one processor to itself
// at most.
type proxy struct {
	name    string
	address string
	command *exec.Cmd
	input   io.Closer
}

// forwarding prints what it costs to carry requests to a back end over TLS 1.3: our own
// forwarding, net/http's reverse proxy and nginx, measured in turns.
func (b *bench) forwarding(ctx context.Context) error {
	people, err := newTLSPeople()
	if err != nil {
		return err
	}
	back, err := startBackEnd()
	if err != nil {
		return err
	}
	defer back.Close()
	proxies, stop, err := b.proxies(ctx, people, back.address)
	if err != nil {
		return err
	}
	defer stop()
	rows := [][]string{{"", "connections", "a second of processor time", "of nginx", "a second", "µs p50", "µs p99"}}
	for _, load := range []asking{
		{name: "1 kB", path: "/1k", clients: 16}, {name: "1 kB", path: "/1k", clients: 64},
		{name: "1 kB, answered at the door", path: "/1k", clients: 16, local: true},
		{name: "100 MB", path: "/100m", clients: 1, megabytes: 104.8576},
	} {
		if err := settle(ctx); err != nil {
			return err
		}
		more, err := b.compare(ctx, people, load, proxies)
		if err != nil {
			return err
		}
		rows = append(rows, more...)
	}
	b.out.table("Requests carried to one back end over HTTP/1.1, clients over TLS 1.3 with connections kept", rows,
		"A second of processor time: requests (of 100 MB: megabytes) for each second the proxy worked, user and system.",
		"Each proxy has one processor at most; load and back end share what is left, so 'a second' says less.",
		"Forward: our forwarding alone, without certificates, policy and log. Local: net/http answering by itself.")
	return nil
}

// compare measures each proxy under one load, in turns.
func (b *bench) compare(ctx context.Context, people *tlsPeople, load asking, proxies []proxy) (rows [][]string, err error) {
	runs := map[string][]answered{}
	last := pick(b, 300*time.Millisecond, 3*time.Second)
	for range pick(b, 1, 5) {
		for _, p := range proxies {
			if load.local != (p.name == "local") {
				continue
			}
			r, err := load.run(ctx, people, p, last)
			if err != nil {
				return nil, fmt.Errorf("%s through %s: %w", load.name, p.name, err)
			}
			runs[p.name] = append(runs[p.name], r)
		}
	}
	each := func(name string) float64 {
		return median(runs[name], func(r answered) float64 { return r.eachSecond(load) })
	}
	for _, p := range proxies {
		if runs[p.name] == nil {
			continue
		}
		row := []string{load.name + ", " + p.name, fmt.Sprint(load.clients), digits(each(p.name)), "", digits(median(runs[p.name], func(r answered) float64 { return r.rate(load) })),
			micros(median(runs[p.name], func(r answered) time.Duration { return r.quantile(0.5) })), micros(median(runs[p.name], func(r answered) time.Duration { return r.quantile(0.99) }))}
		if runs["nginx"] != nil {
			row[3] = times(each(p.name) / each("nginx"))
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// proxies builds and starts what is compared. nginx comes from scripts/deps.sh.
func (b *bench) proxies(ctx context.Context, people *tlsPeople, back string) (all []proxy, stop func(), err error) {
	cert, key, err := people.files(b.dir)
	if err != nil {
		return nil, nil, err
	}
	bare := filepath.Join(b.dir, "bare")
	if said, err := exec.CommandContext(ctx, "go", "build", "-o", bare, "onecert/gateway/internal/forward/bare").CombinedOutput(); err != nil {
		return nil, nil, fmt.Errorf("building the bare proxy: %w: %.300s", err, said)
	}
	stop = func() {
		for _, p := range all {
			p.stop()
		}
	}
	web, err := startNginx(b.dir, cert, key, back)
	if err != nil {
		return nil, nil, err
	}
	all = append(all, web)
	for _, way := range [][2]string{{"forward", "100"}, {"forward", "400"}, {"reverseproxy", "100"}, {"local", "100"}} {
		p, err := startBare([]string{bare, "-by", way[0], "-cert", cert, "-key", key, "-backend", "http://" + back}, way[1])
		if err != nil {
			stop()
			return nil, nil, err
		}
		all = append(all, p)
	}
	return all, stop, nil
}

// pinned gives a program one processor, always the same.
func pinned(program string, arguments ...string) *exec.Cmd {
	return exec.Command("taskset", append([]string{"-c", "0", program}, arguments...)...)
}

// startBare starts a program of ours; garbage is Go's GOGC.
func startBare(command []string, garbage string) (p proxy, err error) {
	p = proxy{name: command[2], command: pinned(command[0], command[1:]...)}
	if garbage != "100" {
		p.name += ", GOGC=" + garbage
	}
	p.command.Env = append(os.Environ(), "GOMAXPROCS=1", "GOGC="+garbage)
	p.command.Stderr = os.Stderr
	if p.input, err = p.command.StdinPipe(); err != nil {
		return p, fmt.Errorf("starting a proxy: %w", err)
	}
	output, err := p.command.StdoutPipe()
	if err != nil {
		return p, fmt.Errorf("starting a proxy: %w", err)
	}
	if err := p.command.Start(); err != nil {
		return p, fmt.Errorf("starting a proxy: %w", err)
	}
	if _, err := fmt.Fscanln(output, &p.address); err != nil {
		p.stop()
		return p, fmt.Errorf("waiting for a proxy: %w", err)
	}
	return p, nil
}

const nginxConfiguration = `
worker_processes 1; daemon off; master_process off; pid DIR/nginx.pid; error_log DIR/nginx.log;
events { worker_connections 4096; }
http {
	access_log off; keepalive_requests 1000000000;
	client_body_temp_path DIR/n1; proxy_temp_path DIR/n2; fastcgi_temp_path DIR/n3; uwsgi_temp_path DIR/n4; scgi_temp_path DIR/n5;
	upstream back { server BACK; keepalive 256; keepalive_requests 1000000000; }
	server {
		listen ADDRESS ssl; ssl_protocols TLSv1.3; ssl_certificate CERT; ssl_certificate_key KEY;
		location / {
			proxy_pass http://back; proxy_http_version 1.1; proxy_set_header Connection "";
			proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Host $host; proxy_set_header X-Forwarded-Proto $scheme;
		}
	}
}`

func startNginx(dir, cert, key, back string) (p proxy, err error) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return p, fmt.Errorf("finding a port: %w", err)
	}
	p = proxy{name: "nginx", address: free.Addr().String()}
	free.Close()
	path := filepath.Join(dir, "nginx.conf")
	text := strings.NewReplacer("DIR", dir, "BACK", back, "ADDRESS", p.address, "CERT", cert, "KEY", key).Replace(nginxConfiguration)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return p, fmt.Errorf("writing nginx's configuration: %w", err)
	}
	p.command = pinned("/usr/sbin/nginx", "-p", dir, "-c", path)
	p.command.Stderr = os.Stderr
	if err := p.command.Start(); err != nil {
		return p, fmt.Errorf("starting nginx: %w", err)
	}
	for range 200 {
		if c, err := net.Dial("tcp", p.address); err == nil {
			return p, c.Close()
		}
		time.Sleep(20 * time.Millisecond)
	}
	p.stop()
	return p, errors.New("nginx does not listen")
}

func (p *proxy) stop() {
	if p.input != nil {
		p.input.Close()
	} else {
		p.command.Process.Signal(os.Interrupt)
	}
	p.command.Wait()
}

// files writes the server's chain and key as PEM.
func (p *tlsPeople) files(dir string) (cert, key string, err error) {
	cert, key = filepath.Join(dir, "site.pem"), filepath.Join(dir, "site.key")
	var chain bytes.Buffer
	for _, der := range p.tlsServer.Certificate {
		pem.Encode(&chain, &pem.Block{Type: "CERTIFICATE", Bytes: der})
	}
	der, err := x509.MarshalPKCS8PrivateKey(p.tlsServer.PrivateKey)
	if err != nil {
		return "", "", fmt.Errorf("encoding the server's key: %w", err)
	}
	if err := os.WriteFile(cert, chain.Bytes(), 0o600); err != nil {
		return "", "", err
	}
	return cert, key, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600)
}

// backEnd answers /1k and /100m.
type backEnd struct {
	*http.Server
	address string
}

func startBackEnd() (*backEnd, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening: %w", err)
	}
	small, large := bytes.Repeat([]byte("x"), 1024), make([]byte, 1<<20)
	b := &backEnd{address: l.Addr().String()}
	b.Server = &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, piece := 1, small
		if r.URL.Path == "/100m" {
			n, piece = 100, large
		}
		w.Header()["Content-Type"] = []string{"application/octet-stream"}
		w.Header()["Content-Length"] = []string{strconv.Itoa(n * len(piece))}
		for range n {
			if _, err := w.Write(piece); err != nil {
				return
			}
		}
	})}
	go b.Serve(l)
	return b, nil
}
