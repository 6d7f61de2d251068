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
	"runtime/pprof"

	"onecert/gateway/internal/forward"
)

func main() {
	cert, key := flag.String("cert", "", "PEM"), flag.String("key", "", "PEM")
	back := flag.String("backend", "", "http://host:port")
	by := flag.String("by", "forward", "forward, reverseproxy, or local: answer without a back end")
	address := flag.String("address", "127.0.0.1:0", "to listen on")
	profile := flag.String("profile", "", "file for a processor profile")
	flag.Parse()
	if err := serve(*cert, *key, *back, *by, *address, *profile); err != nil {
		log.Fatal(err)
	}
}

// serve says its address on a line of standard output and ends with standard input.
func serve(cert, key, back, by, address, profile string) error {
	handler, err := handlerBy(by, back)
	if err != nil {
		return err
	}
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return fmt.Errorf("reading the certificate: %w", err)
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
	server := &http.Server{Handler: handler, TLSConfig: &tls.Config{Certificates: []tls.Certificate{pair},
		CurvePreferences: []tls.CurveID{tls.X25519, tls.CurveP256}, NextProtos: []string{"http/1.1"}, MinVersion: tls.VersionTLS13}}
	go server.ServeTLS(l, "", "")
	fmt.Println(l.Addr())
	io.Copy(io.Discard, os.Stdin)
	return server.Close()
}

func handlerBy(by, back string) (http.Handler, error) {
	switch by {
	case "local":
		body := make([]byte, 1024)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write(body) }), nil
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
