package notice_test

import (
	"bytes"
	"crypto/x509"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"onecert/notice"
	"onecert/pki"
	"onecert/pkitest"
)

// receiver is a system that is told.
type receiver struct {
	server *httptest.Server
	mu     sync.Mutex
	answer func(w http.ResponseWriter)
	calls  []call
}

type call struct {
	header http.Header
	body   []byte
}

func newReceiver(t testing.TB) *receiver {
	t.Helper()
	r := &receiver{answer: func(http.ResponseWriter) {}}
	r.server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		if err != nil {
			return
		}
		r.mu.Lock()
		r.calls = append(r.calls, call{q.Header.Clone(), body})
		answer := r.answer
		r.mu.Unlock()
		answer(w)
	}))
	t.Cleanup(r.server.Close)
	return r
}

func (r *receiver) says(status int, header ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = func(w http.ResponseWriter) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
	}
}

func (r *receiver) got() []call {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]call{}, r.calls...)
}

func (r *receiver) target(mac notice.MAC) notice.Target {
	roots := x509.NewCertPool()
	roots.AddCert(r.server.Certificate())
	return notice.Target{Name: "oa", URL: r.server.URL + "/hook", MAC: mac, Secret: secret(9), Roots: roots, Timeout: 2 * time.Second,
		Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
}

func hooked(key, data string) notice.Notice {
	return notice.Notice{Key: key, Kind: "application.issued", Channel: notice.Webhook("oa"), Data: json.RawMessage(data)}
}

func TestWebhook(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		r := newReceiver(t)
		h := open(t, source, func(c *notice.Config) { c.Targets = []notice.Target{r.target("")} })
		h.post(hooked("a", `{"application":"2026-000001","state":"issued"}`))
		r.says(http.StatusInternalServerError)
		h.settle()
		h.is("a", notice.Waiting, "http 500")
		r.says(http.StatusTooManyRequests, "Retry-After", "7200")
		h.clock.on(2 * time.Minute)
		h.settle()
		h.is("a", notice.Waiting, "http 429")
		h.post(hooked("b", `{}`))
		h.clock.on(time.Hour)
		h.settle() // it asked for two, and means all
		r.says(http.StatusFound, "Location", "http://127.0.0.1:1/elsewhere")
		h.clock.on(time.Hour + time.Minute)
		h.settle()
		h.is("a", notice.Waiting, "http 302")
		r.says(http.StatusNoContent)
		h.clock.on(time.Hour)
		h.settle()
		h.is("a", notice.Sent, "http 204")
		h.is("b", notice.Sent, "http 204")
		all := r.got()
		var calls []call // of a
		for _, c := range all {
			var d notice.Delivery
			if err := json.Unmarshal(c.body, &d); err != nil || d.ID != c.header.Get("Idempotency-Key") || d.Kind != "application.issued" {
				t.Errorf("%s %v", c.body, err)
			}
			if d.ID == all[0].header.Get("Idempotency-Key") {
				calls = append(calls, c)
			}
		}
		if len(all) != 6 || len(calls) != 4 {
			t.Fatalf("%d calls, %d of the first", len(all), len(calls))
		}
		last := calls[3]
		id, err := notice.CheckSignature(last.header, last.body, notice.HMACSHA256, secret(9), h.clock.now())
		if err != nil || id != last.header.Get("Idempotency-Key") || !bytes.Equal(last.body, calls[0].body) {
			t.Errorf("%q %v", id, err)
		}
	})
}

// 410 switches a target off until somebody switches it on.
func TestGone(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		r := newReceiver(t)
		h := open(t, source, func(c *notice.Config) { c.Targets = []notice.Target{r.target("")} })
		h.post(hooked("a", `1`))
		h.post(hooked("b", `2`))
		r.says(http.StatusGone)
		h.settle()
		h.again() // a restart does not forget it
		h.clock.on(time.Hour)
		h.settle()
		if len(r.got()) != 1 {
			t.Errorf("%d calls", len(r.got()))
		}
		health, err := h.o.Health(t.Context())
		if err != nil || len(health.Failing) != 1 || health.Failing[0].Off.IsZero() || health.Waiting != 2 {
			t.Errorf("%+v %v", health, err)
		}
		r.says(http.StatusOK)
		for _, want := range []string{"", "notice.target-on"} {
			err := h.tx(func(tx *sql.Tx) error { return h.o.SwitchOn(t.Context(), tx, "oa") })
			if err != nil && pki.CodeOf(err) != want || err == nil && want != "" {
				t.Errorf("switching on: %v", err)
			}
		}
		h.settle()
		h.is("a", notice.Sent, "")
		h.is("b", notice.Sent, "")

		h.post(hooked("c", `3`))
		r.says(http.StatusGone)
		h.settle()
		h.clock.on(4 * 24 * time.Hour)
		h.settle()
		h.is("c", notice.GivenUp, "")
	})
}

// The signature is what anybody computes with HMAC: Python's hmac for SHA-256, OpenSSL
// for SM3.
func TestSignatureByOthers(t *testing.T) {
	for _, mac := range []notice.MAC{notice.HMACSHA256, notice.HMACSM3} {
		r := newReceiver(t)
		h := open(t, pkitest.SQLite(t), func(c *notice.Config) { c.Targets = []notice.Target{r.target(mac)} })
		h.post(hooked("a", `{"名称":"证书"}`))
		h.settle()
		c := r.got()[0]
		var seconds, id, sum string
		for part := range strings.SplitSeq(c.header.Get(notice.SignatureHeader), ", ") {
			name, value, _ := strings.Cut(part, "=")
			switch name {
			case "t":
				seconds = value
			case "id":
				id = value
			case string(mac):
				sum = value
			}
		}
		key := fmt.Sprintf("%x", secret(9))
		command := exec.Command("openssl", "dgst", "-sm3", "-mac", "HMAC", "-macopt", "hexkey:"+key)
		if mac == notice.HMACSHA256 {
			command = exec.Command("/usr/bin/python3", "-c",
				"import hmac,sys; print(hmac.new(bytes.fromhex(sys.argv[1]), sys.stdin.buffer.read(), 'sha256').hexdigest())", key)
		}
		command.Stdin = strings.NewReader(seconds + "." + id + "." + string(c.body))
		out, err := command.CombinedOutput()
		if err != nil || len(sum) != 64 || !strings.Contains(string(out), sum) {
			t.Errorf("%s: we say %q, they %s %v", mac, sum, out, err)
		}
	}
}

func TestCheckSignature(t *testing.T) {
	now, body, id := time.Unix(1800000000, 0), []byte(`{"a":1}`), strings.Repeat("0a", 16)
	header := func(all ...string) http.Header {
		h := http.Header{}
		for _, s := range all {
			h.Add(notice.SignatureHeader, s)
		}
		return h
	}
	good := notice.Sign(notice.HMACSM3, secret(1), id, now, body)
	if got, err := notice.CheckSignature(header(good), body, notice.HMACSM3, secret(1), now.Add(4*time.Minute)); err != nil || got != id {
		t.Errorf("%q %v", got, err)
	}
	for what, c := range map[string]struct {
		header http.Header
		body   string
		mac    notice.MAC
		secret byte
		after  time.Duration
	}{
		"late":        {header(good), string(body), notice.HMACSM3, 1, 6 * time.Minute},
		"early":       {header(good), string(body), notice.HMACSM3, 1, -6 * time.Minute},
		"body":        {header(good), `{"a":2}`, notice.HMACSM3, 1, 0},
		"secret":      {header(good), string(body), notice.HMACSM3, 2, 0},
		"mac":         {header(good), string(body), notice.HMACSHA256, 1, 0},
		"id":          {header(strings.Replace(good, "id=0a", "id=0b", 1)), string(body), notice.HMACSM3, 1, 0},
		"time":        {header(strings.Replace(good, "t=18", "t=19", 1)), string(body), notice.HMACSM3, 1, 0},
		"none":        {header(), string(body), notice.HMACSM3, 1, 0},
		"two":         {header(good, good), string(body), notice.HMACSM3, 1, 0},
		"form":        {header(good + ", x=1"), string(body), notice.HMACSM3, 1, 0},
		"overflowing": {header(strings.Replace(good, "t=", "t=99999999999999999999", 1)), string(body), notice.HMACSM3, 1, 0},
	} {
		if _, err := notice.CheckSignature(c.header, []byte(c.body), c.mac, secret(c.secret), now.Add(c.after)); pki.KindOf(err) != pki.Forbidden {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// A header from a stranger is refused or is what Sign wrote.
func FuzzSignature(f *testing.F) {
	now, body, id := time.Unix(1800000000, 0), []byte("x"), strings.Repeat("0a", 16)
	good := notice.Sign(notice.HMACSHA256, secret(1), id, now, body)
	for _, s := range []string{good, "", "t=1", strings.ToUpper(good), good + " ", "t=1800000000, id=" + id + ", hmac-sha256=" + strings.Repeat("0", 64)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		header := http.Header{}
		header.Set(notice.SignatureHeader, s)
		_, err := notice.CheckSignature(header, body, notice.HMACSHA256, secret(1), now)
		if (err == nil) != (s == good) {
			t.Fatalf("%q: %v", s, err)
		}
	})
}

// Where a webhook may not go, whichever way the address is written.
func TestGuard(t *testing.T) {
	for _, denied := range []string{"127.0.0.1", "127.9.9.9", "0.0.0.0", "169.254.169.254", "169.254.0.1", "100.100.100.200", "224.0.0.1", "255.255.255.255",
		"::1", "::", "fe80::1", "fe80::1%eth0", "ff02::1", "fd00:ec2::254", "::ffff:169.254.169.254", "::ffff:127.0.0.1", "64:ff9b::a9fe:a9fe",
		"2002:a9fe:a9fe::1", "::127.0.0.1", "::a9fe:a9fe"} {
		if notice.Allows(denied) {
			t.Errorf("%s is allowed", denied)
		}
	}
	for _, allowed := range []string{"10.1.2.3", "172.16.0.1", "192.168.1.1", "59.255.1.1", "240e::1", "fd12::1", "64:ff9b::a01:203"} {
		if !notice.Allows(allowed) {
			t.Errorf("%s is denied", allowed)
		}
	}
	if !notice.Allows("127.0.0.1", "127.0.0.1/32") || notice.Allows("127.0.0.2", "127.0.0.1/32") || !notice.Allows("::ffff:127.0.0.1", "127.0.0.1/32") {
		t.Error("what is allowed is not what was named")
	}
}

func TestTargetNotReached(t *testing.T) {
	r := newReceiver(t)
	for says, change := range map[string]func(*notice.Target){
		"the address is not allowed":     func(c *notice.Target) { c.Allow = nil },
		"the certificate is not trusted": func(c *notice.Target) { c.Roots = x509.NewCertPool() },
		"no connection":                  func(c *notice.Target) { c.URL = "https://127.0.0.1:1/" },
	} {
		target := r.target("")
		change(&target)
		h := open(t, pkitest.SQLite(t), func(c *notice.Config) { c.Targets = []notice.Target{target} })
		h.post(hooked("a", `1`))
		h.settle()
		h.is("a", notice.Waiting, says)
	}
	if len(r.got()) != 0 {
		t.Error("something was sent")
	}
}

// An answer that does not end costs its time-out, not our memory.
func TestAnswerWithoutEnd(t *testing.T) {
	r := newReceiver(t)
	r.answer = func(w http.ResponseWriter) {
		for range 1000 {
			if _, err := w.Write(bytes.Repeat([]byte("x"), 64<<10)); err != nil {
				return
			}
		}
	}
	h := open(t, pkitest.SQLite(t), func(c *notice.Config) { c.Targets = []notice.Target{r.target("")} })
	h.post(hooked("a", `1`))
	h.settle()
	h.is("a", notice.Sent, "http 200")
}

func TestTargetConfiguration(t *testing.T) {
	good := notice.Target{Name: "oa", URL: "https://oa.example/hook", Secret: secret(1)}
	for what, change := range map[string]func(*notice.Target){
		"its name":    func(c *notice.Target) { c.Name = "O A" },
		"its address": func(c *notice.Target) { c.URL = "ftp://oa.example" },
		"a password":  func(c *notice.Target) { c.URL = "https://u:p@oa.example" },
		"this machin": func(c *notice.Target) { c.URL = "http://oa.example/" },
		"hmac-sm3":    func(c *notice.Target) { c.MAC = "md5" },
		"octets":      func(c *notice.Target) { c.Secret = c.Secret[:31] },
		"time-out":    func(c *notice.Target) { c.Timeout = -1 },
	} {
		c := good
		change(&c)
		_, err := notice.Open(t.Context(), notice.Config{Keys: []notice.Key{{Cipher: notice.AES256, Secret: secret(1)}}, Targets: []notice.Target{c}})
		if pki.KindOf(err) != pki.Invalid || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, err := notice.Open(t.Context(), notice.Config{Keys: []notice.Key{{Cipher: notice.AES256, Secret: secret(1)}}, Targets: []notice.Target{good, good}})
	if pki.CodeOf(err) != "notice.target" {
		t.Errorf("two of one name: %v", err)
	}
	if text := fmt.Sprintf("%v %+v %#v", good, good, good); strings.Contains(text, "7, 7") || strings.Contains(text, "0x7") {
		t.Errorf("a target prints its secret: %s", text)
	}
}
