package main

import (
	"bytes"
	"context"
	"crypto"
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

	"github.com/emmansun/gmsm/smx509"
)

// proxy is one program between the load and the back end, with one processor to itself
// at most.
type proxy struct {
	name    string
	address string
	command *exec.Cmd
	input   io.Closer
}

// carrying prints what it costs to carry requests to a back end: nginx, forwarding alone,
// net/http's reverse proxy and the whole gateway, measured in turns.
func (b *bench) carrying(ctx context.Context, f *gatewayRun) error {
	rows := [][]string{{"", "connections", "a second of processor time", "of nginx", "of forwarding alone", "a second", "µs p50", "µs p99"}}
	for _, load := range []asking{
		{name: "1 kB", path: "/1k", clients: 16}, {name: "1 kB", path: "/1k", clients: crowded},
		{name: "100 MB", path: "/100m", clients: 1, megabytes: 104.8576},
	} {
		if err := settle(ctx); err != nil {
			return err
		}
		runs, err := b.compare(ctx, load, f.ways)
		if err != nil {
			return err
		}
		rows = append(rows, f.rows(load, runs)...)
	}
	b.out.table("Requests carried to one back end over HTTP/1.1, connections of clients kept", rows,
		"A second of processor time: requests (of 100 MB: megabytes) for each second the server worked, user and system.",
		"Each server has one processor at most; load and back end share what is left, so 'a second' says less.",
		fmt.Sprintf("Gateway: certificate, session, policy of %d rules, identity in headers, access log. Forward: our forwarding alone.", gatewayRules),
		"Of nginx: the mutual one, which logs and tells the back end who it is in three headers as ours does, for the mutual ones; it speaks no TLCP, so TLCP is held against its TLS.")
	return nil
}

// crowded is how many connections ask at once where many do.
const crowded = 64

// rows are one load's, in the order of the ways; what later tables need is kept.
func (f *gatewayRun) rows(load asking, runs map[string][]answered) (rows [][]string) {
	each := func(name string) float64 {
		return median(runs[name], func(r answered) float64 { return r.eachSecond(load) })
	}
	for _, w := range f.ways {
		all := runs[w.name]
		row := []string{load.name + ", " + w.name, fmt.Sprint(load.clients), digits(each(w.name)), times(each(w.name) / each(w.nginx)), "",
			digits(median(all, func(r answered) float64 { return r.rate(load) })),
			micros(median(all, func(r answered) time.Duration { return r.quantile(0.5) })), micros(median(all, func(r answered) time.Duration { return r.quantile(0.99) }))}
		if w.alone != "" {
			row[4] = times(each(w.name) / each(w.alone))
		}
		rows = append(rows, row)
		cost := median(all, func(r answered) time.Duration { return r.each(load) })
		if load.megabytes > 0 {
			f.megabyte[w.name] = cost
		} else {
			f.request[w.name] = cost // of the last load
			f.rate[w.name] = median(all, func(r answered) float64 { return r.rate(load) })
		}
	}
	return rows
}

// compare measures each way under one load, in turns.
func (b *bench) compare(ctx context.Context, load asking, ways []road) (map[string][]answered, error) {
	runs := map[string][]answered{}
	last := pick(b, 200*time.Millisecond, 1500*time.Millisecond)
	for range pick(b, 1, 3) {
		for _, w := range ways {
			r, err := load.run(ctx, w, last)
			if err != nil {
				return nil, fmt.Errorf("%s by %s: %w", load.name, w.name, err)
			}
			runs[w.name] = append(runs[w.name], r)
		}
	}
	return runs, nil
}

// bareProxies builds and starts what forwards and does nothing else.
func (b *bench) bareProxies(ctx context.Context, people *tlsPeople, back string) (all []proxy, err error) {
	files, err := people.files(b.dir)
	if err != nil {
		return nil, err
	}
	bare := filepath.Join(b.dir, "bare")
	if said, err := exec.CommandContext(ctx, "go", "build", "-o", bare, "onecert/gateway/internal/forward/bare").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building the bare proxy: %w: %.300s", err, said)
	}
	keys := []string{"-cert", files["site.pem"], "-key", files["site.key"], "-backend", "http://" + back}
	for _, way := range []struct {
		name, garbage string
		arguments     []string
	}{
		{forwardTLS, fmt.Sprint(productGarbage), append([]string{"-by", "forward"}, keys...)},
		{forwardTLCP, fmt.Sprint(productGarbage), append([]string{"-by", "forward", "-pair", b.dir}, keys...)},
		{reverseTLS, "100", append([]string{"-by", "reverseproxy"}, keys...)},
	} {
		p, err := startBare(way.name, append([]string{bare}, way.arguments...), way.garbage)
		if err != nil {
			for _, p := range all {
				p.stop()
			}
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

// pinned gives a program one processor, always the same.
func pinned(program string, arguments ...string) *exec.Cmd {
	return exec.Command("taskset", append([]string{"-c", "0", program}, arguments...)...)
}

// startBare starts a program of ours; garbage is Go's GOGC.
func startBare(name string, command []string, garbage string) (p proxy, err error) {
	p = proxy{name: name, command: pinned(command[0], command[1:]...)}
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

// nginxConfiguration has a door like each of ours for TLS: one that asks nobody, and one
// that demands a certificate, tells the back end who it is and logs.
const nginxConfiguration = `
worker_processes 1; daemon off; master_process off; pid DIR/nginx.pid; error_log DIR/nginx.log crit;
events { worker_connections 32768; }
http {
	access_log off; keepalive_requests 1000000000;
	client_body_temp_path DIR/n1; proxy_temp_path DIR/n2; fastcgi_temp_path DIR/n3; uwsgi_temp_path DIR/n4; scgi_temp_path DIR/n5;
	upstream back { server BACK; keepalive 256; keepalive_requests 1000000000; }
	ssl_protocols TLSv1.3; ssl_certificate DIR/site.pem; ssl_certificate_key DIR/site.key; ssl_ecdh_curve X25519; ssl_session_cache off;
	proxy_http_version 1.1; proxy_set_header Connection "";
	proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Host $host; proxy_set_header X-Forwarded-Proto $scheme;
	server {
		listen ONEWAY ssl;
		location / { proxy_pass http://back; }
	}
	server {
		listen MUTUAL ssl; ssl_verify_client on; ssl_verify_depth 3; ssl_client_certificate DIR/root.pem;
		access_log DIR/nginx-access.log combined buffer=256k flush=1s;
		proxy_set_header Client-Cert $ssl_client_escaped_cert; proxy_set_header X-SSL-DN $ssl_client_s_dn; proxy_set_header X-SSL-Serial $ssl_client_serial;
		proxy_set_header Connection ""; proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Host $host; proxy_set_header X-Forwarded-Proto $scheme;
		location / { proxy_pass http://back; }
	}
}`

// startNginx starts nginx, which comes from scripts/deps.sh; its two doors are returned.
// The certificates' files are there.
func startNginx(dir, back string) (p proxy, addresses [2]string, err error) {
	for i := range addresses {
		free, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return p, addresses, fmt.Errorf("finding a port: %w", err)
		}
		defer free.Close()
		addresses[i] = free.Addr().String()
		free.Close()
	}
	p = proxy{name: "nginx"}
	path := filepath.Join(dir, "nginx.conf")
	text := strings.NewReplacer("DIR", dir, "BACK", back, "ONEWAY", addresses[0], "MUTUAL", addresses[1]).Replace(nginxConfiguration)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return p, addresses, fmt.Errorf("writing nginx's configuration: %w", err)
	}
	p.command = pinned("/usr/sbin/nginx", "-p", dir, "-c", path)
	p.command.Stderr = os.Stderr
	if err := p.command.Start(); err != nil {
		return p, addresses, fmt.Errorf("starting nginx: %w", err)
	}
	for range 200 {
		if c, err := net.Dial("tcp", addresses[1]); err == nil {
			return p, addresses, c.Close()
		}
		time.Sleep(20 * time.Millisecond)
	}
	p.stop()
	return p, addresses, errors.New("nginx does not listen")
}

func (p *proxy) stop() {
	if p.input != nil {
		p.input.Close()
	} else {
		p.command.Process.Signal(os.Interrupt)
	}
	p.command.Wait()
}

// files writes what servers read: the chains and keys of both protocols, and the root.
func (p *tlsPeople) files(dir string) (paths map[string]string, err error) {
	keys := map[string]crypto.PrivateKey{"site.key": p.tlsServer.PrivateKey, "sign.key": p.server.SignKey, "encrypt.key": p.server.EncryptKey}
	texts := map[string]string{"site.pem": certificatePEM(p.tlsServer.Certificate...), "root.pem": certificatePEM(p.tlsRoot), "sign.pem": certificatePEM(p.server.Sign...), "encrypt.pem": certificatePEM(p.server.Encrypt...)}
	for name, key := range keys {
		der, err := smx509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			return nil, fmt.Errorf("encoding a server's key: %w", err)
		}
		texts[name] = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	}
	paths = map[string]string{}
	for name, text := range texts {
		paths[name] = filepath.Join(dir, name)
		if err := os.WriteFile(paths[name], []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	return paths, nil
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
