package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/keys"
	"onecert/ocsp"
	"onecert/pki"
	"onecert/pkitest"
	"onecert/serve"
	"onecert/status"
)

// ocspWord makes the program the server that the OCSP tables measure.
const ocspWord = "ocsp-for-bench"

// ocspPlan says what that server is.
type ocspPlan struct {
	Bare         int // octets of a fixed body: a bare net/http server, nothing of ours
	Suite        pki.Suite
	Certificates int64
	Dir          string
}

// ocspReady is what it says first.
type ocspReady struct {
	Address string
	Issuer  []byte        // DER
	Took    time.Duration // until it answered
	Used    time.Duration // of that on a processor
}

// ocspFigures is what it says of itself when asked, by one line of any kind.
type ocspFigures struct {
	Resident, Heap uint64 // octets
}

// serveOCSP serves as the plan says, and ends when its standard input does.
func serveOCSP() error {
	input := bufio.NewReader(os.Stdin)
	output := json.NewEncoder(os.Stdout)
	line, err := input.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("reading the plan: %w", err)
	}
	var p ocspPlan
	if err := json.Unmarshal(line, &p); err != nil {
		return fmt.Errorf("reading the plan: %w", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	hello := ocspReady{Address: listener.Addr().String()}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ended := make(chan error, 2)
	if p.Bare > 0 {
		go func() { ended <- http.Serve(listener, bare(p.Bare)) }() // the floor has no limits
	} else {
		r, err := newResponder(p, &hello)
		if err != nil {
			return err
		}
		start, used := time.Now(), ownTime()
		go func() { ended <- r.Run(ctx) }()
		if err := caughtUp(ctx, r); err != nil {
			return err
		}
		hello.Took, hello.Used = time.Since(start), ownTime()-used
		server := serve.Server{Name: "ocsp", Listener: listener, Handler: r.Handler(nil), Limits: ocsp.Limits(), Log: quiet()}
		go func() { ended <- serve.Run(ctx, server) }()
	}
	if err := output.Encode(hello); err != nil {
		return fmt.Errorf("saying hello: %w", err)
	}
	for {
		if _, err := input.ReadBytes('\n'); err != nil {
			break
		}
		if err := output.Encode(figures()); err != nil {
			return fmt.Errorf("answering: %w", err)
		}
	}
	cancel()
	if p.Bare == 0 {
		return firstError(<-ended, <-ended)
	}
	return nil
}

func firstError(all ...error) error {
	for _, err := range all {
		if err != nil {
			return err
		}
	}
	return nil
}

// bare is the floor: one fixed body, its headers ready.
func bare(octets int) http.Handler {
	body, length := make([]byte, octets), []string{strconv.Itoa(octets)}
	kind := []string{"application/ocsp-response"}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Length"], w.Header()["Content-Type"] = length, kind
		w.Write(body)
	})
}

func figures() ocspFigures {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return ocspFigures{Resident: resident(), Heap: m.HeapAlloc}
}

// resident is the memory the kernel counts for this process.
func resident() uint64 {
	data, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(data)) {
		if text, found := strings.CutPrefix(line, "VmRSS:"); found {
			n, _ := strconv.ParseUint(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(text), "kB")), 10, 64)
			return n << 10
		}
	}
	return 0
}

// newResponder makes a responder for one issuer over a journal of so many certificates.
func newResponder(p ocspPlan, hello *ocspReady) (*ocsp.Responder, error) {
	issuer, err := newOCSPIssuer(p.Suite, p.Dir)
	if err != nil {
		return nil, err
	}
	hello.Issuer = issuer.certificate.Raw
	pass := filepath.Join(p.Dir, "pass")
	if err := os.WriteFile(pass, []byte("bench"), 0o600); err != nil {
		return nil, fmt.Errorf("writing a passphrase: %w", err)
	}
	return ocsp.New(ocsp.Config{Issuers: []ocsp.Issuer{{ID: "bench", Certificate: issuer.certificate}}, Journal: invented{p.Certificates},
		Enroller: issuer, Dir: p.Dir, Key: "file:" + p.Dir + "/{n}.key?pass=file:" + pass, Log: quiet(),
		Subject: pki.Name{{Type: "C", Value: "CN"}, {Type: "CN", Value: "OCSP"}}})
}

// caughtUp waits until a responder answers by itself.
func caughtUp(ctx context.Context, r *ocsp.Responder) error {
	for end := time.Now().Add(10 * time.Minute); time.Now().Before(end); time.Sleep(time.Millisecond) {
		ready := true
		for _, item := range r.Items(ctx) {
			ready = ready && item.Level == serve.Fine
		}
		if ready {
			return nil
		}
	}
	return fmt.Errorf("the responder did not become ready: %+v", r.Items(ctx))
}

// invented is a journal that nobody wrote: so many certificates issued, then every
// tenth revoked. Storing ten million rows first would measure the database.
type invented struct{ issued int64 }

// inventedFrom is the serial of the first certificate. Those after it are scattered.
const inventedFrom = 0x1000001

func inventedSerial(n int64) pki.Serial {
	var b [20]byte
	b[0] = 0x40
	binary.BigEndian.PutUint64(b[4:], uint64(n)*0x9e3779b97f4a7c15)
	binary.BigEndian.PutUint64(b[12:], uint64(inventedFrom+n))
	return pki.Serial(hex.EncodeToString(b[:]))
}

func (j invented) end() int64 { return j.issued + j.issued/10 }

func (j invented) entry(number int64) status.Entry {
	at := time.Unix(1<<30+number/100, 0).UTC()
	if number <= j.issued {
		return status.Entry{Number: number, Change: status.Change{Issuer: "bench", Serial: inventedSerial(number - 1), Event: status.Issued,
			At: at, NotAfter: time.Date(2049, 1, 1, 0, 0, 0, 0, time.UTC)}}
	}
	return status.Entry{Number: number, Change: status.Change{Issuer: "bench", Serial: inventedSerial((number - j.issued - 1) * 10), Event: status.Revoked,
		Reason: pki.Superseded, At: at, NotAfter: time.Date(2049, 1, 1, 0, 0, 0, 0, time.UTC)}}
}

// Next implements ocsp.Journal.
func (j invented) Next(ctx context.Context, after int64, limit int) ([]status.Entry, error) {
	if after >= j.end() {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if limit <= 0 {
		limit = 1000
	}
	all := make([]status.Entry, 0, limit)
	for number := after + 1; number <= min(j.end(), after+int64(limit)); number++ {
		all = append(all, j.entry(number))
	}
	return all, nil
}

// Last implements ocsp.Journal.
func (j invented) Last(context.Context) (int64, error) { return j.end(), nil }

// Record implements ocsp.Journal. Nothing is asked before the copy is complete.
func (j invented) Record(context.Context, string, pki.Serial) (status.Record, error) {
	return status.Record{}, pki.Errorf(pki.Unavailable, "bench", "the invented journal has no table")
}

// ocspIssuer is a CA that only certifies responders.
type ocspIssuer struct {
	key         *keys.Key
	certificate *smx509.Certificate
}

// newOCSPIssuer makes a CA, or takes the one an earlier process left in the folder.
func newOCSPIssuer(suite pki.Suite, dir string) (*ocspIssuer, error) {
	keyFile, certFile := "file:"+filepath.Join(dir, "issuer.key"), filepath.Join(dir, "issuer.cer")
	if der, err := os.ReadFile(certFile); err == nil {
		key, err := keys.Open(keyFile, keys.Options{AllowPlain: true})
		if err != nil {
			return nil, err
		}
		certificate, err := smx509.ParseCertificate(der)
		return &ocspIssuer{key, certificate}, err
	}
	signer, err := pki.GenerateKey(rand.Reader, suite)
	if err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	key, err := keys.Wrap(signer)
	if err != nil {
		return nil, err
	}
	if err := keys.Store(keyFile, key, keys.Options{AllowPlain: true}); err != nil {
		return nil, err
	}
	subject, err := pki.Name{{Type: "C", Value: "CN"}, {Type: "O", Value: "示例"}, {Type: "CN", Value: "bench CA"}}.DER()
	if err != nil {
		return nil, err
	}
	now := time.Now().UTC()
	certificate, err := pkitest.Certify(pki.Authority{Subject: subject, PublicKey: key.Public(), NotBefore: now.Add(-time.Hour),
		NotAfter: now.AddDate(5, 0, 0), PathLen: -1}, key, nil)
	if err != nil {
		return nil, err
	}
	return &ocspIssuer{key, certificate}, os.WriteFile(certFile, certificate.Raw, 0o600)
}

// Enrol implements ocsp.Enroller.
func (i *ocspIssuer) Enrol(_ context.Context, _, _ string, request []byte) ([]byte, error) {
	r, err := pki.ParseRequest(request, true)
	if err != nil {
		return nil, err
	}
	serial, err := pki.NewSerial(rand.Reader)
	if err != nil {
		return nil, err
	}
	spki, err := pki.MarshalPublicKey(r.PublicKey)
	if err != nil {
		return nil, err
	}
	purpose, err := pki.ExtKeyUsageOf("ocspSigning")
	if err != nil {
		return nil, err
	}
	now := time.Now()
	t := pki.Template{Serial: serial, Suite: i.key.Suite(), Issuer: i.certificate.RawSubject, Subject: i.certificate.RawSubject, PublicKey: spki,
		NotBefore: now.Add(-time.Minute), NotAfter: now.AddDate(0, 3, 0), Extensions: []pki.Extension{
			pki.AuthorityKeyIDExtension(i.certificate.SubjectKeyId), pki.SubjectKeyIDExtension(pki.KeyID(r.PublicKey)),
			pki.KeyUsageExtension(x509.KeyUsageDigitalSignature), pki.ExtKeyUsageExtension([]pki.OID{purpose}, false),
			pki.NullExtension(pki.OIDOCSPNoCheck)}}
	tbs, err := t.TBS()
	if err != nil {
		return nil, err
	}
	signature, err := i.key.SignMessage(nil, tbs, nil)
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	return pki.Assemble(tbs, t.Suite, signature), nil
}
