// Command bare is a TLS server that does nothing but forward, by this room or by
// net/http's own reverse proxy, so that the two can be measured beside other programs
// (bench -only gateway). It is no part of the product.
package main

import (
	"crypto/tls"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"runtime/pprof"

	"onecert/gateway/internal/forward"
	"onecert/tlcp"
)

func main() {
	cert, key := flag.String("cert", "", "PEM"), flag.String("key", "", "PEM")
	back := flag.String("backend", "", "http://host:port")
	by := flag.String("by", "forward", "forward or reverseproxy")
	address := flag.String("address", "127.0.0.1:0", "to listen on")
	pair := flag.String("pair", "", "folder with sign.pem, sign.key, encrypt.pem, encrypt.key: speak TLCP instead")
	profile := flag.String("profile", "", "file for a processor profile")
	flag.Parse()
	if err := serve(*cert, *key, *back, *by, *address, *pair, *profile); err != nil {
		log.Fatal(err)
	}
}

// serve says its address on a line of standard output and ends with standard input.
func serve(cert, key, back, by, address, pair, profile string) error {
	handler, err := handlerBy(by, back)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	if profile != "" {
		file, err := os.Create(profile)
		if err != nil {
			return fmt.Errorf("making the profile: %w", err)
		}
		defer file.Close()
		pprof.StartCPUProfile(file)
		defer pprof.StopCPUProfile()
	}
	server := &http.Server{Handler: handler}
	protected, err := protect(l, cert, key, pair)
	if err != nil {
		return err
	}
	go server.Serve(protected)
	fmt.Println(l.Addr())
	io.Copy(io.Discard, os.Stdin)
	return server.Close()
}

// protect speaks TLS 1.3, or TLCP where there is a folder with a pair.
func protect(l net.Listener, cert, key, pair string) (net.Listener, error) {
	if pair != "" {
		in := func(name string) string { return filepath.Join(pair, name) }
		own, err := tlcp.LoadX509KeyPair(in("sign.pem"), in("sign.key"), in("encrypt.pem"), in("encrypt.key"))
		if err != nil {
			return nil, fmt.Errorf("reading the pair: %w", err)
		}
		return tlcp.NewListener(l, &tlcp.Config{Certificates: []tlcp.Certificate{own}}), nil
	}
	own, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("reading the certificate: %w", err)
	}
	return tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{own}, CurvePreferences: []tls.CurveID{tls.X25519, tls.CurveP256},
		NextProtos: []string{"http/1.1"}, MinVersion: tls.VersionTLS13}), nil
}

func handlerBy(by, back string) (http.Handler, error) {
	switch by {
	case "reverseproxy":
		u, err := url.Parse(back)
		if err != nil {
			return nil, fmt.Errorf("reading the back end's address: %w", err)
		}
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.MaxIdleConnsPerHost, transport.DisableCompression = 1024, true
		return &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(u)
			r.SetXForwarded()
		}, Transport: transport}, nil
	case "forward":
		pool, err := forward.New(forward.Config{Backends: []forward.Backend{{URL: back}}}, forward.Options{})
		if err != nil {
			return nil, err
		}
		return door{pool}, nil
	}
	return nil, fmt.Errorf("there is no way %.20q", by)
}

// door is the least that can stand before a pool.
type door struct{ pool *forward.Pool }

func (d door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	result := d.pool.Forward(w, r, forward.Outgoing{Address: host, Scheme: "https", Host: r.Host})
	if result.Err != "" && !result.Started {
		http.Error(w, result.Err, result.StatusOfErr())
		return
	}
	result.End()
}
