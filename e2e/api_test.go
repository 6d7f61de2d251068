package e2e

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// caller speaks to an API as one of the cast, with the standard library alone and
// with these tests' own idea of the JSON: what goes over the wire is under test.
type caller struct {
	base   string
	client *http.Client
}

// as is somebody's way to the CA, with their ECDSA certificate.
func (d *demo) as(t testing.TB, name string) *caller {
	t.Helper()
	return d.caller(t, d.Endpoints.CA, name)
}

// caller of a base address; without a name it shows no certificate.
func (d *demo) caller(t testing.TB, base, name string) *caller {
	t.Helper()
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(read(t, d.Trust["ecdsa"].Root)) {
		t.Fatal("the root of the servers cannot be read")
	}
	config := &tls.Config{RootCAs: roots}
	if name != "" {
		files := d.Identities[name].ECDSA
		if files == nil {
			t.Fatalf("%s has no ECDSA certificate", name)
		}
		own, err := tls.X509KeyPair(slices.Concat(read(t, files.SignCert), read(t, d.Trust["ecdsa"].Chain)), read(t, files.SignKey))
		if err != nil {
			t.Fatal(err)
		}
		config.Certificates = []tls.Certificate{own}
	}
	transport := &http.Transport{TLSClientConfig: config, MaxIdleConnsPerHost: 8}
	t.Cleanup(transport.CloseIdleConnections)
	return &caller{base: base, client: &http.Client{Transport: transport, Timeout: time.Minute}}
}

// problem is how an API refuses (RFC 9457).
type problem struct {
	Title     string `json:"title"`
	Status    int    `json:"status"`
	Kind      string `json:"kind"`
	Code      string `json:"code"`
	Remedy    string `json:"remedy"`
	RequestID string `json:"request_id"`
}

// Error implements error.
func (p *problem) Error() string {
	return fmt.Sprintf("%d %s: %s; %s", p.Status, p.Code, p.Title, p.Remedy)
}

// call sends in as JSON, nothing for nil, and reads the answer into out. A refusal
// is a *problem; anything else means that no whole answer came.
func (c *caller) call(method, path string, in, out any) error {
	var body io.Reader = http.NoBody
	if in != nil {
		content, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(content)
	}
	request, err := http.NewRequest(method, c.base+path, body)
	if err != nil {
		return err
	}
	if in != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := c.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode >= 300 {
		refusal := &problem{}
		if err := json.Unmarshal(content, refusal); err != nil || refusal.Code == "" {
			return fmt.Errorf("status %d without a problem: %.300s", response.StatusCode, content)
		}
		return refusal
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(content, out)
}

// must is call for what has to succeed.
func (c *caller) must(t testing.TB, method, path string, in, out any) {
	t.Helper()
	if err := c.call(method, path, in, out); err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
}

// refuses fails the test unless err is a refusal with this status and code that
// says what to do.
func refuses(t testing.TB, err error, status int, code string) {
	t.Helper()
	refusal, ok := errors.AsType[*problem](err)
	if !ok {
		t.Errorf("no refusal but %v, want %d %s", err, status, code)
		return
	}
	if refusal.Status != status || refusal.Code != code {
		t.Errorf("refused with %v, want %d %s", refusal, status, code)
	}
	if refusal.Title == "" || refusal.Remedy == "" || refusal.RequestID == "" {
		t.Errorf("the refusal %s says too little: %+v", code, refusal)
	}
}

// order is what an officer asks the CA for.
type order struct {
	Application string            `json:"application"`
	Profile     string            `json:"profile"`
	Issuer      string            `json:"issuer,omitempty"`
	Request     []byte            `json:"request"`
	Holder      string            `json:"holder,omitempty"`
	Identity    *document         `json:"identity,omitempty"`
	Subject     []attribute       `json:"subject,omitempty"`
	AltNames    []attribute       `json:"alt_names,omitempty"`
	Values      map[string]string `json:"values,omitempty"`
	Days        int               `json:"days,omitempty"`
	Single      bool              `json:"single,omitempty"`
}

type document struct {
	Kind   string `json:"kind"`
	Number string `json:"number"`
}

// attribute is part of a name, or with Kind an alternative name.
type attribute struct {
	Type  string `json:"type,omitempty"`
	Kind  string `json:"kind,omitempty"`
	Value string `json:"value"`
}

// change asks for a successor.
type change struct {
	Application string `json:"application"`
	Request     []byte `json:"request,omitempty"`
	Reason      string `json:"reason,omitempty"`
}

// issued is the answer to an order.
type issued struct {
	Application string       `json:"application"`
	Form        string       `json:"request_form"`
	Sign        *certificate `json:"sign"`
	Encrypt     *certificate `json:"encrypt"`
	Envelope    *envelope    `json:"envelope"`
	SealedTo    string       `json:"sealed_to"`
	History     []grant      `json:"history"`
	Chain       [][]byte     `json:"chain"`
}

type certificate struct {
	Issuer      string `json:"issuer"`
	Serial      string `json:"serial"`
	State       string `json:"state"`
	Role        string `json:"role"`
	Application string `json:"application"`
	Subject     string `json:"subject"`
	Holder      string `json:"holder"`
	Reason      string `json:"reason"`
	Partition   int    `json:"partition"`
	Partner     string `json:"partner"`
	DER         []byte `json:"der"`
}

func (c *certificate) path(act string) string {
	path := "/v1/certificates/" + url.PathEscape(c.Issuer) + "/" + url.PathEscape(c.Serial)
	if act != "" {
		path += "/" + act
	}
	return path
}

type envelope struct {
	Format string `json:"format"`
	DER    []byte `json:"der"`
}

type grant struct {
	CertNo    string   `json:"cert_no"`
	PublicKey []byte   `json:"public_key"`
	Envelope  envelope `json:"envelope"`
}

// issue orders and fails the test unless certificates come.
func (c *caller) issue(t testing.TB, o order) *issued {
	t.Helper()
	var got issued
	c.must(t, http.MethodPost, "/v1/orders", o, &got)
	return &got
}

// act does something to a certificate's state.
func (c *caller) act(t testing.TB, of *certificate, act string, in any) *certificate {
	t.Helper()
	var got certificate
	c.must(t, http.MethodPost, of.path(act), in, &got)
	return &got
}

func (c *caller) revoke(t testing.TB, of *certificate, reason string) *certificate {
	t.Helper()
	return c.act(t, of, "revoke", map[string]string{"reason": reason})
}

// list returns every certificate of the CA, page by page.
func (c *caller) list(t testing.TB) []certificate {
	t.Helper()
	var all []certificate
	for after := ""; ; {
		var page struct {
			Certificates []certificate `json:"certificates"`
			After        string        `json:"after"`
		}
		c.must(t, http.MethodGet, "/v1/certificates?limit=1000&after="+url.QueryEscape(after), nil, &page)
		all = append(all, page.Certificates...)
		if after = page.After; after == "" {
			return all
		}
	}
}

// files writes what was issued into a folder as an applicant's tool would.
func (i *issued) files(t testing.TB, folder string) (sign, encrypt string) {
	t.Helper()
	sign = filepath.Join(folder, "sign.pem")
	writeFile(t, sign, pemText("CERTIFICATE", i.Sign.DER))
	if i.Encrypt != nil {
		encrypt = filepath.Join(folder, "enc.pem")
		writeFile(t, encrypt, pemText("CERTIFICATE", i.Encrypt.DER))
	}
	return sign, encrypt
}

func writeFile(t testing.TB, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
