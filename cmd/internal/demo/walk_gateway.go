package demo

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"strings"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/ca"
	"onecert/keys"
	"onecert/pki"
	"onecert/serve"
	"onecert/tlcp"
)

// slowly writes a line each fifth of a second until the reader goes, or ten seconds.
func slowly(w http.ResponseWriter, r *http.Request) {
	control := http.NewResponseController(w)
	for n := range 50 {
		fmt.Fprintf(w, "%d\n", n)
		if control.Flush() != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// gatewaySteps are what people meet at the gateway.
func (w *walker) gatewaySteps(ctx context.Context) error {
	gate, site := "https://"+w.t.s.address("gate")+"/", "https://"+w.t.s.address("site")+"/"
	for _, s := range []struct {
		title string
		act   func() error
	}{
		{"alice (RSA) gets in, and the application sees her name", func() error { return w.meets(ctx, "alice", "rsa", gate, http.StatusOK, "艾丽思") }},
		{"alice (SM2 pair) gets in over TLCP on the same port", func() error { return w.meetsTLCP(ctx, "alice", gate, "艾丽思") }},
		{"a revoked certificate gets the page that says so", func() error { return w.meets(ctx, "revoked", "rsa", gate, http.StatusForbidden, "revoked") }},
		{"an expired certificate gets the page that says so", func() error { return w.meets(ctx, "expired", "rsa", gate, http.StatusForbidden, "expired") }},
		{"without a certificate there is the page that says so", func() error { return w.meets(ctx, "", "", gate, http.StatusForbidden, "no-certificate") }},
		{"the public page asks nobody", func() error { return w.meets(ctx, "", "", site, http.StatusOK, "公开页面") }},
		{"beyond it, log in by redirection", func() error { return w.meets(ctx, "bob", "ecdsa", site+"me", http.StatusOK, "鲍勃") }},
		{"revoking ends an open connection within a second", func() error { return w.cutsOff(ctx, gate) }},
	} {
		if err := w.step("gate   "+s.title, s.act); err != nil {
			return err
		}
	}
	return nil
}

// browser is a client with somebody's certificate; name "" has none.
func (w *walker) browser(name, family string) (*http.Client, error) {
	roots := x509.NewCertPool()
	for _, root := range []string{"ecdsa", "rsa"} {
		text, err := os.ReadFile(w.t.trust(root))
		if err != nil {
			return nil, fmt.Errorf("reading a root: %w", err)
		}
		roots.AppendCertsFromPEM(text)
	}
	config := &tls.Config{RootCAs: roots}
	if name != "" {
		certificate, err := tls.LoadX509KeyPair(w.t.file(name, family, "chain.pem"), w.t.file(name, family, "sign.key"))
		if err != nil {
			return nil, fmt.Errorf("reading %s's certificate: %w", name, err)
		}
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &certificate, nil }
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	return &http.Client{Jar: jar, Timeout: 30 * time.Second, Transport: &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true}}, nil
}

// meets opens an address and looks for a status and words in the answer, or a code in the
// problem a program is told.
func (w *walker) meets(ctx context.Context, name, family, address string, status int, words string) error {
	client, err := w.browser(name, family)
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	return answers(ctx, client, address, status, words)
}

func answers(ctx context.Context, client *http.Client, address string, status int, words string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	if status == http.StatusOK {
		request.Header.Set("Accept", "text/html")
	} else {
		request.Header.Set("Accept", "application/problem+json")
	}
	answer, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("asking the gateway: %w", err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err != nil {
		return fmt.Errorf("reading the gateway's answer: %w", err)
	}
	if answer.StatusCode != status || !strings.Contains(string(text), words) {
		return pki.Errorf(pki.Internal, "walk.gateway", "the gateway answered %d: %.300s", answer.StatusCode, text)
	}
	return nil
}

// meetsTLCP comes with a pair.
func (w *walker) meetsTLCP(ctx context.Context, name, address, words string) error {
	client, err := w.nationalClient(name, address)
	if err != nil {
		return err
	}
	defer client.HTTP.CloseIdleConnections()
	return answers(ctx, client.HTTP, address, http.StatusOK, words)
}

func (w *walker) nationalClient(name, address string) (*serve.Client, error) {
	read := func(suffix string) (certs [][]byte, key *keys.Key, err error) {
		text, err := os.ReadFile(w.t.file(name, "sm2", suffix+".pem"))
		if err != nil {
			return nil, nil, fmt.Errorf("reading a certificate: %w", err)
		}
		chain, err := os.ReadFile(w.t.chain("sm2"))
		if err != nil {
			return nil, nil, fmt.Errorf("reading a chain: %w", err)
		}
		key, err = keys.Open(keys.URI{Path: w.t.file(name, "sm2", suffix+".key")}.String(), keys.Options{AllowPlain: true})
		return append(ders(text), ders(chain)...), key, err
	}
	sign, signKey, err := read("sign")
	if err != nil {
		return nil, err
	}
	encrypt, encryptKey, err := read("enc")
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(w.t.trust("sm2"))
	if err != nil {
		return nil, fmt.Errorf("reading a root: %w", err)
	}
	roots := smx509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	pair := &serve.Pair{}
	if err := pair.Replace(tlcp.Certificate{Sign: sign, Encrypt: encrypt[:1], SignKey: signKey, EncryptKey: encryptKey}); err != nil {
		return nil, err
	}
	return serve.NewTLCPClient(strings.TrimSuffix(address, "/"), serve.ClientTLCP(pair, roots, nil))
}

// cutsOff issues a certificate, holds a long answer open with it, and revokes it.
func (w *walker) cutsOff(ctx context.Context, gate string) error {
	o := walked{id: "guest", family: "ecdsa", profile: "person-sign", subject: "/C=CN/O=示例市民政局/CN=离任 " + w.run}
	if err := w.issueFromOpenSSL(ctx, o); err != nil {
		return err
	}
	issued := w.issued["ecdsa-guest"]
	client, err := w.browser("", "")
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	certificate, err := tls.LoadX509KeyPair(w.path("ecdsa", "guest", "sign.pem"), w.path("ecdsa", "guest", "sign.key"))
	if err != nil {
		return fmt.Errorf("reading the guest's certificate: %w", err)
	}
	client.Transport.(*http.Transport).TLSClientConfig.Certificates = []tls.Certificate{certificate}
	answer, err := client.Get(gate + "slow")
	if err != nil {
		return fmt.Errorf("asking the gateway: %w", err)
	}
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	if answer.StatusCode != http.StatusOK || !lines.Scan() {
		return pki.Errorf(pki.Internal, "walk.gateway", "the guest was not let in: %d", answer.StatusCode)
	}
	if _, err := w.ca.Revoke(ctx, issued.Sign.Issuer, issued.Sign.Serial, ca.Revocation{Reason: "cessationOfOperation"}); err != nil {
		return err
	}
	revoked := time.Now()
	for lines.Scan() {
	}
	if took := time.Since(revoked); took > time.Second {
		return pki.Errorf(pki.Internal, "walk.gateway", "the connection lived %s longer than its certificate", took.Round(time.Millisecond))
	}
	return nil
}

// ders are the certificates of a PEM text.
func ders(text []byte) (all [][]byte) {
	for {
		block, rest := pem.Decode(text)
		if block == nil {
			return all
		}
		all, text = append(all, block.Bytes), rest
	}
}
