package serve

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"onecert/pki"
)

// What a Client takes where it says nothing else: answers of 8 MiB (a page of
// certificates), problems of 64 KiB, a minute a call.
const (
	defaultAnswer  = 8 << 20
	maxProblem     = 64 << 10
	defaultTimeout = time.Minute
)

// Client calls another component's API.
type Client struct {
	Base    string // "https://ca.example:8443", without a slash at the end
	HTTP    *http.Client
	Answer  int64         // most octets of an answer; 0 is 8 MiB
	Timeout time.Duration // of a call whose context has no deadline; 0 is a minute
}

// NewClient returns a Client for base over config, see ClientTLS; config is nil
// for plain HTTP. It speaks HTTP/1.1, which costs less than HTTP/2 for small
// messages, and keeps up to 64 connections.
func NewClient(base string, config *tls.Config) (*Client, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.User != nil || (u.Scheme != "https" && u.Scheme != "http") {
		return nil, pki.Errorf(pki.Invalid, "remote.address", "the address of the component is not an http(s) URL").
			To("write it as https://host:port")
	}
	transport := &http.Transport{
		TLSClientConfig:        config,
		TLSHandshakeTimeout:    5 * time.Second,
		MaxIdleConns:           64,
		MaxIdleConnsPerHost:    64,
		IdleConnTimeout:        time.Minute, // less than the server's, so that no call meets a closing connection
		MaxResponseHeaderBytes: 32 << 10,
		DisableCompression:     true,
	}
	return &Client{Base: strings.TrimSuffix(base, "/"), HTTP: &http.Client{
		Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse // components do not redirect one another
		},
	}}, nil
}

// Call asks the component at c for method and path (escaped, with its query) and
// returns its JSON answer. in is the body, nil for none. Errors are those of the
// object behind the API: an equal *pki.Error (kind, code, wrong, remedy), or
// pki.Unavailable where the network or the component does not answer.
func Call[In, Out any](ctx context.Context, c *Client, method, path string, in *In) (Out, error) {
	var out Out
	if _, ok := ctx.Deadline(); !ok {
		timeout := c.Timeout
		if timeout == 0 {
			timeout = defaultTimeout
		}
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	request, err := newRequest(ctx, c, method, path, in)
	if err != nil {
		return out, err
	}
	response, err := c.HTTP.Do(request)
	if err != nil {
		return out, c.unreachable(err)
	}
	defer response.Body.Close()
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return out, c.problem(response)
	}
	if response.StatusCode == http.StatusNoContent {
		return out, nil
	}
	text, err := c.read(response)
	if err != nil {
		return out, err
	}
	if err := json.Unmarshal(text, &out); err != nil {
		return out, c.strange("an answer that is not the JSON expected").Because(err)
	}
	return out, nil
}

func newRequest[In any](ctx context.Context, c *Client, method, path string, in *In) (*http.Request, error) {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return nil, fmt.Errorf("encoding the request: %w", err)
		}
		body = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.Base+path, body)
	if err != nil {
		return nil, fmt.Errorf("making the request: %w", err)
	}
	request.Header["Accept"] = []string{"application/json"}
	if in != nil {
		request.Header["Content-Type"] = []string{"application/json"}
	}
	return request, nil
}

func (c *Client) read(response *http.Response) ([]byte, error) {
	limit := c.Answer
	if limit == 0 {
		limit = defaultAnswer
	}
	if kind, _, _ := strings.Cut(response.Header.Get("Content-Type"), ";"); kind != "application/json" {
		return nil, c.strange("an answer that is not JSON")
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	if err != nil {
		return nil, c.unreachable(err)
	}
	if int64(len(text)) > limit {
		return nil, c.strange("an answer of more than %d octets", limit)
	}
	return text, nil
}

// problem is the error an API sent, or what a stranger's status means.
func (c *Client) problem(response *http.Response) error {
	if isProblem(response.Header) {
		text, err := io.ReadAll(io.LimitReader(response.Body, maxProblem))
		if err != nil {
			return c.unreachable(err)
		}
		var p Problem
		if err := json.Unmarshal(text, &p); err == nil && p.Code != "" {
			return &pki.Error{Kind: kindNamed(p.Kind), Code: p.Code, Wrong: p.Title, Remedy: p.Remedy}
		}
	}
	switch response.StatusCode {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout, http.StatusTooManyRequests:
		return c.unreachable(fmt.Errorf("status %d", response.StatusCode))
	}
	return c.strange("status %d without an explanation", response.StatusCode)
}

func (c *Client) unreachable(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return pki.Errorf(pki.Unavailable, "remote.timeout", "%s did not answer in time", c.Base).To("try again").Because(err)
	}
	return pki.Errorf(pki.Unavailable, "remote.unreachable", "%s cannot be reached", c.Base).
		To("check that it runs and that its certificate and ours are valid").Because(err)
}

func (c *Client) strange(what string, args ...any) *pki.Error {
	return pki.Errorf(pki.Internal, "remote.answer", "%s gave %s", c.Base, fmt.Sprintf(what, args...)).
		To("check that the address is that of a OneCert component of the same version")
}
