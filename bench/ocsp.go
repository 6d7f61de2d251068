package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha1" // names an issuer, as clients do
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/keys"
	"onecert/pki"
)

// bareBody is the fixed body of the floor, in octets: an answer with a certificate is
// somewhat smaller.
const bareBody = 1500

// ocsp shows how fast answers are, ready and made on demand, and what many
// certificates take.
func (b *bench) ocsp(ctx context.Context) error {
	if err := b.ocspReady(ctx); err != nil {
		return err
	}
	if err := b.ocspSigning(ctx); err != nil {
		return err
	}
	return b.ocspMemory(ctx)
}

// ocspChild is the server as the load sees it.
type ocspChild struct {
	ocspReady
	command *exec.Cmd
	input   io.WriteCloser
	output  *bufio.Reader
}

// startOCSP starts a server on one processor.
func (b *bench) startOCSP(ctx context.Context, p ocspPlan) (c *ocspChild, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding the program: %w", err)
	}
	c = &ocspChild{command: exec.CommandContext(ctx, self, ocspWord)}
	c.command.Env = append(os.Environ(), "GOMAXPROCS=1")
	c.command.Stderr = os.Stderr
	if c.input, err = c.command.StdinPipe(); err != nil {
		return nil, fmt.Errorf("starting the server: %w", err)
	}
	output, err := c.command.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("starting the server: %w", err)
	}
	c.output = bufio.NewReader(output)
	if err := c.command.Start(); err != nil {
		return nil, fmt.Errorf("starting the server: %w", err)
	}
	if err := c.ask(p, &c.ocspReady); err != nil {
		return nil, errors.Join(err, c.stop())
	}
	pin(c.command.Process.Pid, 0)
	return c, nil
}

// pin holds a process to one processor, where there are two and the tool is: without
// it server and client wander, and the figures with them.
func pin(pid, processor int) {
	if runtime.NumCPU() > 1 {
		_ = exec.Command("taskset", "-a", "-p", "-c", strconv.Itoa(processor), strconv.Itoa(pid)).Run()
	}
}

// unpin lets a process run everywhere again.
func unpin(pid int) {
	_ = exec.Command("taskset", "-a", "-p", "-c", "0-"+strconv.Itoa(runtime.NumCPU()-1), strconv.Itoa(pid)).Run()
}

func (c *ocspChild) ask(question, into any) error {
	if err := json.NewEncoder(c.input).Encode(question); err != nil {
		return fmt.Errorf("talking to the server: %w", err)
	}
	line, err := c.output.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("talking to the server: %w", err)
	}
	return json.Unmarshal(line, into)
}

func (c *ocspChild) stop() error {
	c.input.Close()
	if err := c.command.Wait(); err != nil {
		return fmt.Errorf("stopping the server: %w", err)
	}
	return nil
}

// ocspRequest encodes a request for one certificate, with a nonce or without.
func ocspRequest(issuer *smx509.Certificate, serial pki.Serial, nonce []byte) ([]byte, error) {
	type algorithm struct {
		OID  asn1.ObjectIdentifier
		Null asn1.RawValue
	}
	type id struct {
		Hash      algorithm
		Name, Key []byte
		Serial    asn1.RawValue
	}
	type one struct{ ID id }
	type extension struct {
		OID   asn1.ObjectIdentifier
		Value []byte
	}
	var r struct {
		TBS struct {
			List       []one
			Extensions []extension `asn1:"optional,explicit,tag:2"`
		}
	}
	var spki struct {
		Algorithm asn1.RawValue
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(issuer.RawSubjectPublicKeyInfo, &spki); err != nil {
		return nil, fmt.Errorf("reading the issuer's key: %w", err)
	}
	number, err := asn1.Marshal(serial.Big())
	if err != nil {
		return nil, fmt.Errorf("encoding a serial: %w", err)
	}
	name, key := sha1.Sum(issuer.RawSubject), sha1.Sum(spki.Key.RightAlign())
	r.TBS.List = []one{{id{algorithm{asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}, asn1.NullRawValue}, name[:], key[:], asn1.RawValue{FullBytes: number}}}}
	if nonce != nil {
		value, err := asn1.Marshal(nonce)
		if err != nil {
			return nil, fmt.Errorf("encoding a nonce: %w", err)
		}
		r.TBS.Extensions = []extension{{asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 2}, value}}
	}
	return asn1.Marshal(r)
}

// ocspLoad is one way of asking one server.
type ocspLoad struct {
	name     string
	server   *ocspChild
	floor    int // place of the load it is held against
	requests [][]byte
}

// render writes requests as they go over the wire.
func render(method, address string, der []byte) []byte {
	if method == http.MethodGet {
		path := "/ocsp/" + url.PathEscape(base64.StdEncoding.EncodeToString(der))
		return []byte("GET " + path + " HTTP/1.1\r\nHost: " + address + "\r\n\r\n")
	}
	var w bytes.Buffer
	fmt.Fprintf(&w, "POST /ocsp HTTP/1.1\r\nHost: %s\r\nContent-Type: application/ocsp-request\r\nContent-Length: %d\r\n\r\n", address, len(der))
	w.Write(der)
	return w.Bytes()
}

// asked is how many certificates the load asks for; each answer is ready after the
// first time.
const asked = 1000

func (b *bench) ocspReady(ctx context.Context) error {
	var loads []ocspLoad
	floor, err := b.startOCSP(ctx, ocspPlan{Bare: bareBody})
	if err != nil {
		return err
	}
	defer floor.stop()
	for _, suite := range []pki.Suite{pki.SM2, pki.P256} {
		dir, err := os.MkdirTemp(b.dir, "ocsp-")
		if err != nil {
			return fmt.Errorf("making a folder: %w", err)
		}
		server, err := b.startOCSP(ctx, ocspPlan{Suite: suite, Certificates: 100_000, Dir: dir})
		if err != nil {
			return err
		}
		defer server.stop()
		some, err := ocspLoads(suite, floor, server, len(loads))
		if err != nil {
			return err
		}
		loads = append(loads, some...)
	}
	rows := [][]string{{"", "answers/s", "ratio", "p50 ms", "p99 ms", "server µs", "floor µs", "ratio"}}
	results, err := b.runLoads(ctx, loads)
	if err != nil {
		return err
	}
	for i, l := range loads {
		rate := func(r run) float64 { return r.rate() }
		each := func(r run) time.Duration { return r.each(r.server) }
		own, base := results[i], results[l.floor]
		row := []string{l.name, digits(median(own, rate)), "", millis(median(own, func(r run) time.Duration { return r.quantile(.5) })),
			millis(median(own, func(r run) time.Duration { return r.quantile(.99) })), micros(median(own, each)), "", ""}
		if i != l.floor {
			row[2] = times(median(own, rate) / median(base, rate))
			row[6], row[7] = micros(median(base, each)), times(median(own, each).Seconds()/median(base, each).Seconds())
		}
		rows = append(rows, row)
	}
	b.out.table("OCSP over HTTP, 16 connections, server on one processor, client on the other", rows,
		fmt.Sprintf("Floor: a bare net/http server that writes a fixed body of %d octets. Signed: with a nonce, so that each answer is made.", bareBody))
	return nil
}

func ocspLoads(suite pki.Suite, floor, server *ocspChild, first int) ([]ocspLoad, error) {
	issuer, err := smx509.ParseCertificate(server.Issuer)
	if err != nil {
		return nil, fmt.Errorf("reading the issuer: %w", err)
	}
	var get, post, signed, bareGet, barePost [][]byte
	for n := range int64(asked) {
		plain, err := ocspRequest(issuer, inventedSerial(n*7), nil)
		if err != nil {
			return nil, err
		}
		nonced, err := ocspRequest(issuer, inventedSerial(n*7), []byte("sixteen octets.."))
		if err != nil {
			return nil, err
		}
		get = append(get, render(http.MethodGet, server.Address, plain))
		post = append(post, render(http.MethodPost, server.Address, plain))
		signed = append(signed, render(http.MethodPost, server.Address, nonced))
		bareGet = append(bareGet, render(http.MethodGet, floor.Address, plain))
		barePost = append(barePost, render(http.MethodPost, floor.Address, plain))
	}
	return []ocspLoad{{"bare, POST", floor, first, barePost}, {string(suite) + " ready, POST", server, first, post},
		{"bare, GET", floor, first + 2, bareGet}, {string(suite) + " ready, GET", server, first + 2, get},
		{string(suite) + " signed, POST", server, first, signed}}, nil
}

// runLoads runs the loads in turns.
func (b *bench) runLoads(ctx context.Context, loads []ocspLoad) (results [][]run, err error) {
	pin(os.Getpid(), 1)
	defer unpin(os.Getpid())
	results = make([][]run, len(loads))
	for round := range pick(b, 2, 4) {
		for i, l := range loads {
			r, err := l.run(ctx, pick(b, 500*time.Millisecond, 2*time.Second))
			if err != nil {
				return nil, fmt.Errorf("%s: %w", l.name, err)
			}
			if round > 0 { // the first is for getting warm
				results[i] = append(results[i], r)
			}
		}
	}
	return results, nil
}

const ocspClients = 16

// run asks in a closed loop: each client sends, waits, and sends the next.
func (l *ocspLoad) run(ctx context.Context, last time.Duration) (run, error) {
	clients := make([]*client, ocspClients)
	for i := range clients {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", l.server.Address)
		if err != nil {
			return run{}, fmt.Errorf("connecting: %w", err)
		}
		defer conn.Close()
		clients[i] = &client{conn: conn, reader: bufio.NewReaderSize(conn, 4096)}
	}
	if err := l.look(clients[0]); err != nil {
		return run{}, err
	}
	waits, errs := make([][]time.Duration, ocspClients), make([]error, ocspClients)
	var group sync.WaitGroup
	before, start := treeTime(l.server.command.Process.Pid), time.Now()
	own := ownTime()
	for i, c := range clients {
		group.Go(func() {
			for n, now := i*61, time.Now(); now.Sub(start) < last && ctx.Err() == nil; n++ {
				if _, errs[i] = c.send(l.requests[n%len(l.requests)]); errs[i] != nil {
					return
				}
				after := time.Now()
				waits[i], now = append(waits[i], after.Sub(now)), after
			}
		})
	}
	group.Wait()
	r := run{took: time.Since(start), server: treeTime(l.server.command.Process.Pid) - before, client: ownTime() - own,
		waits: slices.Concat(waits...)}
	slices.Sort(r.waits)
	r.orders = len(r.waits)
	return r, errors.Join(errs...)
}

// look makes sure that what is measured are answers about certificates that are known.
func (l *ocspLoad) look(c *client) error {
	body, err := c.send(l.requests[0])
	if err != nil || len(l.server.Issuer) == 0 {
		return err
	}
	successful, unknown := []byte{10, 1, 0}, []byte{0x82, 0, 0x18, 15}
	if len(body) < 500 || !bytes.Equal(body[4:7], successful) || bytes.Contains(body, unknown) {
		return fmt.Errorf("the answer is not one: %.60x", body)
	}
	return nil
}

// ocspSigning measures the making of an answer by itself, without a network.
func (b *bench) ocspSigning(ctx context.Context) error {
	rows := [][]string{{"", "answers/s a processor", "µs", "floor µs", "ratio"}}
	for _, suite := range []pki.Suite{pki.SM2, pki.P256, pki.RSA2048} {
		row, err := b.signOne(ctx, suite)
		if err != nil {
			return fmt.Errorf("%s: %w", suite, err)
		}
		rows = append(rows, row)
	}
	b.out.table("An OCSP answer made on demand: request read, state looked up, encoded, signed; processor time of one", rows,
		"Floor: one signature over as many octets.")
	return nil
}

func (b *bench) signOne(ctx context.Context, suite pki.Suite) ([]string, error) {
	dir, err := os.MkdirTemp(b.dir, "ocsp-")
	if err != nil {
		return nil, fmt.Errorf("making a folder: %w", err)
	}
	var hello ocspReady
	r, err := newResponder(ocspPlan{Suite: suite, Certificates: 100_000, Dir: dir}, &hello)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	defer func() { cancel(); <-ended }()
	if err := caughtUp(ctx, r); err != nil {
		return nil, err
	}
	issuer, err := smx509.ParseCertificate(hello.Issuer)
	if err != nil {
		return nil, fmt.Errorf("reading the issuer: %w", err)
	}
	der, err := ocspRequest(issuer, inventedSerial(7), []byte("sixteen octets.."))
	if err != nil {
		return nil, err
	}
	key, err := keys.Open("file:"+filepath.Join(dir, "1.key")+"?pass=file:"+filepath.Join(dir, "pass"), keys.Options{})
	if err != nil {
		return nil, err
	}
	handler := r.Handler(nil)
	tbs := make([]byte, 250)
	row, err := b.part(part{string(suite), func() error { return postOnce(handler, der) },
		func() error { _, err := key.SignMessage(nil, tbs, nil); return err }, ""})
	if err != nil {
		return nil, err
	}
	micros, err := strconv.ParseFloat(row[1], 64)
	return []string{row[0], digits(1e6 / micros), row[1], row[2], row[3]}, err
}

func postOnce(handler http.Handler, der []byte) error {
	w := &unread{header: http.Header{}, status: http.StatusOK}
	handler.ServeHTTP(w, &http.Request{Method: http.MethodPost, RequestURI: "/ocsp", ContentLength: int64(len(der)),
		Body: io.NopCloser(bytes.NewReader(der))})
	if w.status != http.StatusOK {
		return fmt.Errorf("the responder answers %d, %s", w.status, w.header.Get("X-Reason"))
	}
	return nil
}

// unread takes an answer that nobody reads.
type unread struct {
	header http.Header
	status int
}

func (u *unread) Header() http.Header         { return u.header }
func (u *unread) WriteHeader(status int)      { u.status = status }
func (u *unread) Write(p []byte) (int, error) { return len(p), nil }

// ocspMemory shows what known certificates take, and how long a start takes.
func (b *bench) ocspMemory(ctx context.Context) error {
	certificates := pick(b, int64(1_000_000), 10_000_000)
	dir, err := os.MkdirTemp(b.dir, "ocsp-")
	if err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	rows := [][]string{{"", "start s", "processor s", "resident MB", "Go heap MB", "octets a certificate"}}
	for _, name := range []string{"reading the journal", "from its own copy"} {
		server, err := b.startOCSP(ctx, ocspPlan{Suite: pki.SM2, Certificates: certificates, Dir: dir})
		if err != nil {
			return err
		}
		var f ocspFigures
		if err := errors.Join(server.ask("figures", &f), server.stop()); err != nil {
			return err
		}
		rows = append(rows, []string{name, digits(server.Took.Seconds()), digits(server.Used.Seconds()), digits(float64(f.Resident) / 1e6), digits(float64(f.Heap) / 1e6),
			digits(float64(f.Resident) / float64(certificates))})
	}
	b.out.table(fmt.Sprintf("A responder that knows %d certificates, every tenth revoked", certificates), rows,
		"Resident: as the kernel counts the process, after a collection. The journal is invented: no database is read.")
	return nil
}
