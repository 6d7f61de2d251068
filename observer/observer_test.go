package observer

import (
	"bufio"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"onecert/pki"
	"onecert/pkitest"
	"onecert/verify"
)

// town is a small CA whose responder is OpenSSL's and whose list a web server hands
// out. A test may break one thing in it.
type town struct {
	t    *testing.T
	dir  string
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
	web  *httptest.Server
	ocsp string

	mu      sync.Mutex
	index   []string                         // of openssl ca
	revoked map[string]time.Time             // by serial, hex
	deaf    bool                             // End answers well and does nothing
	mute    bool                             // the list is not made anew
	spoil   func(template *x509.Certificate) // of a canary
	list    []byte
}

func newTown(t *testing.T) *town {
	t.Helper()
	tn := &town{t: t, dir: t.TempDir(), revoked: map[string]time.Time{}}
	var err error
	if tn.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	tn.cert = tn.sign(&x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "canary root"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature,
		SubjectKeyId: []byte{1}}, nil, tn.key.Public())
	tn.write("ca.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: tn.cert.Raw}))
	der, err := x509.MarshalPKCS8PrivateKey(tn.key)
	if err != nil {
		t.Fatal(err)
	}
	tn.write("ca.key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	tn.web = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		tn.mu.Lock()
		defer tn.mu.Unlock()
		w.Write(tn.list)
	}))
	t.Cleanup(tn.web.Close)
	tn.publish()
	tn.respond()
	return tn
}

func (tn *town) sign(template, parent *x509.Certificate, public crypto.PublicKey) *x509.Certificate {
	tn.t.Helper()
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, tn.key)
	if err != nil {
		tn.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		tn.t.Fatal(err)
	}
	return cert
}

func (tn *town) write(name string, content []byte) {
	tn.t.Helper()
	path := filepath.Join(tn.dir, name)
	if err := errors.Join(os.WriteFile(path+".new", content, 0o600), os.Rename(path+".new", path)); err != nil {
		tn.t.Fatal(err)
	}
}

// publish writes index and list from what is known.
func (tn *town) publish() {
	tn.write("index.txt", []byte(strings.Join(tn.index, "")))
	if tn.mute && tn.list != nil {
		return
	}
	var entries []x509.RevocationListEntry
	for serial, at := range tn.revoked {
		n, _ := new(big.Int).SetString(serial, 16)
		entries = append(entries, x509.RevocationListEntry{SerialNumber: n, RevocationTime: at})
	}
	der, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{Number: big.NewInt(time.Now().UnixNano()), ThisUpdate: time.Now().Add(-time.Second),
		NextUpdate: time.Now().Add(time.Hour), RevokedCertificateEntries: entries}, tn.cert, tn.key)
	if err != nil {
		tn.t.Fatal(err)
	}
	tn.list = der
}

// respond starts OpenSSL's responder; it reads a changed index anew.
func (tn *town) respond() {
	tn.t.Helper()
	address := pkitest.FreeAddress(tn.t)
	_, port, _ := net.SplitHostPort(address)
	cmd := exec.Command("openssl", "ocsp", "-index", "index.txt", "-port", port, "-rsigner", "ca.pem", "-rkey", "ca.key", "-CA", "ca.pem", "-nmin", "5", "-ignore_err")
	cmd.Dir = tn.dir
	says, err := cmd.StderrPipe()
	if err != nil {
		tn.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tn.t.Fatal(err)
	}
	tn.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	// A connection that is only tried ends it, so its own word has to do.
	for lines := bufio.NewScanner(says); lines.Scan() && !strings.Contains(lines.Text(), "waiting"); {
	}
	tn.ocsp = "http://" + address
}

// Canary implements Authority.
func (tn *town) Canary(_ context.Context, _ string, request []byte) ([]byte, error) {
	tn.mu.Lock()
	defer tn.mu.Unlock()
	r, err := x509.ParseCertificateRequest(request)
	if err != nil {
		return nil, err
	}
	serial, err := pki.NewSerial(rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{SerialNumber: serial.Big(), Subject: r.Subject, NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(10 * time.Minute),
		KeyUsage: x509.KeyUsageDigitalSignature, OCSPServer: []string{tn.ocsp}, CRLDistributionPoints: []string{tn.web.URL + "/list.crl"}}
	if tn.spoil != nil {
		tn.spoil(template)
	}
	cert := tn.sign(template, tn.cert, r.PublicKey)
	tn.index = append(tn.index, fmt.Sprintf("V\t%s\t\t%s\tunknown\t/CN=canary\n", cert.NotAfter.UTC().Format("060102150405Z"), strings.ToUpper(string(serial))))
	tn.publish()
	return cert.Raw, nil
}

// End implements Authority.
func (tn *town) End(_ context.Context, _ string, serial pki.Serial) error {
	tn.mu.Lock()
	defer tn.mu.Unlock()
	if tn.deaf {
		return nil
	}
	now := time.Now().UTC()
	tn.revoked[string(serial)] = now
	last := len(tn.index) - 1
	fields := strings.Split(tn.index[last], "\t")
	fields[0], fields[2] = "R", now.Format("060102150405Z")
	tn.index[last] = strings.Join(fields, "\t")
	tn.publish()
	return nil
}

func (tn *town) observer(log io.Writer) *Observer {
	tn.t.Helper()
	root, err := verify.ParseCertificate(tn.cert.Raw)
	if err != nil {
		tn.t.Fatal(err)
	}
	return New(Config{Authority: tn, Canaries: []Canary{{Issuer: "canary-ecdsa", Suite: pki.P256, Certificate: root}}, Within: 3 * time.Second,
		Log: slog.New(slog.NewTextHandler(log, nil))})
}

func wrong(o *Observer) string {
	var names []string
	all, _ := o.Results()
	for _, r := range all {
		if !r.Good {
			names = append(names, strings.TrimPrefix(r.Name, "canary-ecdsa."))
		}
	}
	return strings.Join(names, " ")
}

// TestRound: where everything works nothing is wrong, and each planted fault is found
// where it is and nowhere else.
func TestRound(t *testing.T) {
	for name, c := range map[string]struct {
		plant func(*town)
		want  string
	}{
		"nothing wrong":            {func(*town) {}, ""},
		"revocation does nothing":  {func(tn *town) { tn.deaf = true }, "crl.revoked ocsp.get.revoked ocsp.post.revoked"},
		"list is not made anew":    {func(tn *town) { tn.mute = true }, "crl.revoked"},
		"web server gone":          {func(tn *town) { tn.web.Close() }, "crl.good crl.revoked"},
		"no responder named":       {func(tn *town) { tn.spoil = func(c *x509.Certificate) { c.OCSPServer = nil } }, "ocsp.get.good ocsp.get.revoked ocsp.post.good ocsp.post.revoked"},
		"an expired certificate":   {func(tn *town) { tn.spoil = func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Second) } }, "issue"},
		"responder gone elsewhere": {func(tn *town) { tn.ocsp = tn.web.URL }, "ocsp.get.good ocsp.get.revoked ocsp.post.good ocsp.post.revoked"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var o *Observer
			for _, within := range []time.Duration{3 * time.Second, 30 * time.Second} { // a busy machine is late with everything
				tn := newTown(t)
				c.plant(tn)
				o = tn.observer(io.Discard)
				o.cfg.Within = within
				if o.Round(t.Context()); wrong(o) == c.want {
					break
				}
			}
			if got := wrong(o); got != c.want {
				all, _ := o.Results()
				t.Errorf("wrong: %q, want %q\n%+v", got, c.want, all)
			}
			if o.Report().Good != (c.want == "") {
				t.Error("the report says otherwise")
			}
		})
	}
}

// TestAlarms: an alarm is logged when it begins and when it ends, not each minute.
func TestAlarms(t *testing.T) {
	var log strings.Builder
	o := New(Config{Log: slog.New(slog.NewTextHandler(&log, nil))})
	for _, good := range []bool{true, false, false, true, true} {
		o.note(t.Context(), Result{Name: "x", Good: good, Says: "broken"})
	}
	if strings.Count(log.String(), "msg=alarm ") != 1 || strings.Count(log.String(), "alarm ended") != 1 {
		t.Error(log.String())
	}
}

func TestWatch(t *testing.T) {
	now := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	o := New(Config{Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler)})
	for name, c := range map[string]struct {
		begin, end time.Duration
		err        error
		good       bool
	}{
		"fresh":       {-time.Hour, 9 * time.Hour, nil, true},
		"three parts": {-76 * time.Hour, 24 * time.Hour, nil, false},
		"over":        {-2 * time.Hour, -time.Hour, nil, false},
		"not begun":   {time.Hour, 2 * time.Hour, nil, false},
		"not there":   {0, 0, errors.New("gone"), false},
	} {
		o.watch(t.Context(), Watched{Name: name, Look: func(context.Context) (time.Time, time.Time, error) { return now.Add(c.begin), now.Add(c.end), c.err }})
		if r := o.last["end."+name]; r.Good != c.good {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func TestWatchTLS(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	_, end, err := WatchTLS("web", server.Listener.Addr().String()).Look(t.Context())
	if err != nil || !end.Equal(server.Certificate().NotAfter) {
		t.Error(end, err)
	}
}

func TestPage(t *testing.T) {
	o := New(Config{Log: slog.New(slog.DiscardHandler)})
	page, err := o.Page()
	if err != nil {
		t.Fatal(err)
	}
	get := func(accept string) string {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Accept-Language", accept)
		w := httptest.NewRecorder()
		page.ServeHTTP(w, r)
		return w.Body.String()
	}
	if text := get("zh-CN"); !strings.Contains(text, "第一轮尚未结束") {
		t.Error(text)
	}
	o.note(t.Context(), Result{Name: "sm2.<script>", Says: "a <b>"})
	o.Round(t.Context())
	if text := get("en"); !strings.Contains(text, "Something is wrong") || !strings.Contains(text, "sm2.&lt;script&gt;") || strings.Contains(text, "<script") {
		t.Error(text)
	}
}
