package notice

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"time"

	"onecert/pki"
)

// Target is a system that is told by webhook. Administrators configure targets; no
// applicant or holder can name one.
type Target struct {
	Name   string // a to z, 0 to 9 and -
	URL    string // https://…; http:// only to this machine
	MAC    MAC    // "": HMAC-SHA256
	Secret []byte // of the signature, at least 32 octets
	Roots  *x509.CertPool
	// Allow are networks to send to although they are denied as a rule: this machine,
	// link-local and metadata addresses (guard.go).
	Allow   []netip.Prefix
	Timeout time.Duration // 0: 15 s
}

// String keeps the secret out of every log.
func (t Target) String() string { return "webhook target " + t.Name }

// GoString is String.
func (t Target) GoString() string { return t.String() }

var targetName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,59}$`)

const minSecret = 32

func (t *Target) check() error {
	t.MAC, t.Timeout = cmp.Or(t.MAC, HMACSHA256), cmp.Or(t.Timeout, 15*time.Second)
	wrong := func(what string) error {
		return pki.Errorf(pki.Invalid, "notice.target", "the webhook target %.60q is not configured right: %s", t.Name, what)
	}
	if !targetName.MatchString(t.Name) {
		return wrong("its name is letters from a to z, digits and -")
	}
	u, err := url.Parse(t.URL)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http":
		return wrong("its address is https://host/path, without a password")
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return wrong("http is for this machine only, write https")
	case t.MAC.hash() == nil:
		return wrong("its signature is hmac-sha256 or hmac-sm3")
	case len(t.Secret) < minSecret:
		return wrong(fmt.Sprintf("its secret has less than %d octets", minSecret))
	case t.Timeout < 0:
		return wrong("its time-out is negative")
	}
	return nil
}

func isLoopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

// hook is the carrier of a target.
type hook struct {
	Target
	now    func() time.Time
	client *http.Client
}

func newHook(t Target, now func() time.Time) (*hook, error) {
	if err := t.check(); err != nil {
		return nil, err
	}
	// No proxy: the guard judges the address the connection goes to.
	return &hook{Target: t, now: now, client: &http.Client{
		Timeout: t.Timeout,
		Transport: &http.Transport{
			DialContext:            (&net.Dialer{Timeout: t.Timeout, Control: guard{t.Allow}.control}).DialContext,
			TLSClientConfig:        &tls.Config{RootCAs: t.Roots, MinVersion: tls.VersionTLS12},
			MaxResponseHeaderBytes: 32 << 10,
			MaxIdleConnsPerHost:    1,
			IdleConnTimeout:        30 * time.Second,
			DisableCompression:     true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Delivery is the body of a webhook.
type Delivery struct {
	ID     string          `json:"id"` // the same at each try; the Idempotency-Key too
	Kind   string          `json:"kind"`
	Posted time.Time       `json:"posted"`
	Data   json.RawMessage `json:"data"`
}

// send implements carrier.
func (h *hook) send(ctx context.Context, l letter) outcome {
	body, err := json.Marshal(Delivery{l.id, l.kind, l.posted.UTC(), l.data})
	if err != nil {
		return outcome{verdict: never, says: "webhook: cannot be written"}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL, bytes.NewReader(body))
	if err != nil {
		return outcome{verdict: down, says: "webhook: the address is wrong"}
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "OneCert")
	request.Header.Set("Idempotency-Key", l.id)
	request.Header.Set(SignatureHeader, sign(h.MAC, h.Secret, l.id, h.now(), body))
	response, err := h.client.Do(request)
	if err != nil {
		return outcome{verdict: down, says: "webhook: " + networkReason(err)}
	}
	defer response.Body.Close()
	// What it answers is not read beyond what lets the connection be used again.
	_, _ = io.CopyN(io.Discard, response.Body, 4<<10)
	return h.judge(response)
}

// judge tells what a status means: 2xx is accepted, 410 for ever, everything else not
// now, a redirect among them: where to send is the administrator's to say.
func (h *hook) judge(response *http.Response) outcome {
	out := outcome{verdict: notNow, says: "http " + strconv.Itoa(response.StatusCode)}
	switch code := response.StatusCode; {
	case code >= 200 && code <= 299:
		out.verdict = accepted
	case code == http.StatusGone:
		out.verdict = off
	case code == http.StatusTooManyRequests || code >= 500:
		out.verdict = down
		if n, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && n > 0 {
			out.after = time.Duration(min(n, int(maxAfter/time.Second))) * time.Second
		}
	}
	return out
}

// maxAfter is how long a target may ask us to wait.
const maxAfter = 6 * time.Hour

// rest implements carrier.
func (h *hook) rest() { h.client.CloseIdleConnections() }
