package ocsp

import (
	"crypto"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"onecert/keys"
	"onecert/pki"
	"onecert/pkitest"
	"onecert/serve"
)

func (h *house) files(t *testing.T, pattern string) int {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(h.cfg.Dir, pattern))
	if err != nil {
		t.Fatal(err)
	}
	return len(found)
}

// At half of its life a responder's certificate is replaced, in a new key; the answers
// of the old one go on until they are renewed, and its key is gone.
func TestSignersRotate(t *testing.T) {
	h := open(t, pkitest.SQLite(t), nil)
	s := h.issue(t, "sm2")
	first := h.state(t, "sm2", s)
	for round := range 3 {
		h.watch.advance(45*24*time.Hour + time.Hour)
		h.await(t, "the pulse", func() bool { at, err := h.moment(); return err == nil && !at.stale })
		old := h.state(t, "sm2", s)
		h.renewSigners(t.Context())
		if again := h.state(t, "sm2", s); again.responder.SerialNumber.Cmp(old.responder.SerialNumber) != 0 {
			t.Error("the ready answer was thrown away")
		}
		got := h.check(t, "sm2", h.send(encode(t, []byte("n"), h.authorities["sm2"].certID("sha1", true, s))))
		if got.responder.SerialNumber.Cmp(first.responder.SerialNumber) == 0 || string(got.responder.RawSubjectPublicKeyInfo) == string(first.responder.RawSubjectPublicKeyInfo) {
			t.Error("certificate or key are the old ones")
		}
		if n := h.files(t, "sm2.*.cer"); n != 1 {
			t.Errorf("%d certificates", n)
		}
		if n := h.files(t, "../sm2-*.key"); n != 1 {
			t.Errorf("%d keys after renewal %d", n, round)
		}
		first = got
	}
	before := h.enroller.asked.Load()
	h.stop()
	h.start(t) // with the keys it has
	if h.enroller.asked.Load() != before {
		t.Error("a restart asks for new certificates")
	}
	if got := h.state(t, "sm2", s); got.responder.SerialNumber.Cmp(first.responder.SerialNumber) != 0 {
		t.Error("the restarted one signs with another certificate")
	}
}

// While the CA does not answer the old certificate is used, with a warning, and at its
// end nothing is signed any more.
func TestRenewalFails(t *testing.T) {
	h := open(t, pkitest.SQLite(t), nil)
	s := h.issue(t, "sm2")
	level := func() serve.Level {
		for _, item := range h.Items(t.Context()) {
			if item.Name == "ocsp.signer.sm2" {
				return item.Level
			}
		}
		return ""
	}
	pulse := func() {
		h.await(t, "the pulse", func() bool { at, err := h.moment(); return err == nil && !at.stale })
	}
	h.enroller.fails.Store(true)
	for _, c := range []struct {
		after time.Duration
		level serve.Level
		code  int
	}{{46 * 24 * time.Hour, serve.Fine, 200}, {23 * 24 * time.Hour, serve.Warning, 200}, {22 * 24 * time.Hour, serve.Failing, 503}} {
		h.watch.advance(c.after)
		pulse()
		h.renewSigners(t.Context())
		w := h.send(h.request(t, "sm2", s))
		if w.Code != c.code || level() != c.level {
			t.Errorf("after %v: %d %s, health %s", c.after, w.Code, w.Header().Get("X-Reason"), level())
		}
		if c.code == 503 && (w.Header().Get("X-Reason") != "ocsp.signer" || w.Body.Bytes()[4] != tryLater || w.Header().Get("Retry-After") == "") {
			t.Error(w.Header())
		}
	}
	h.enroller.fails.Store(false)
	h.renewSigners(t.Context())
	if got := h.state(t, "sm2", s); got.state != "good" || level() != serve.Fine {
		t.Errorf("%+v, health %s", got, level())
	}
}

// No answer outlives the certificate it is signed with.
func TestAnswerEndsWithSigner(t *testing.T) {
	h := open(t, pkitest.SQLite(t), nil)
	s := h.issue(t, "sm2")
	h.enroller.fails.Store(true)
	h.watch.advance(90*24*time.Hour - 20*time.Minute)
	h.await(t, "the pulse", func() bool { at, err := h.moment(); return err == nil && !at.stale })
	if got := h.state(t, "sm2", s); got.next.After(got.responder.NotAfter) || got.next.Sub(got.this) < 10*time.Minute {
		t.Errorf("%+v", got)
	}
}

// Without a certificate nothing is said, and once there is one everything.
func TestSignerMissing(t *testing.T) {
	h := open(t, pkitest.SQLite(t), func(c *Config) { c.Enroller.(*enroller).fails.Store(true) })
	s := h.issue(t, "ecdsa")
	if w := h.send(h.request(t, "ecdsa", s)); w.Code != 503 || w.Header().Get("X-Reason") != "ocsp.signer" {
		t.Error(w.Code, w.Header())
	}
	h.enroller.fails.Store(false)
	h.renewSigners(t.Context())
	if got := h.state(t, "ecdsa", s); got.state != "good" {
		t.Errorf("%+v", got)
	}
}

// Certificates relying parties would refuse are refused here.
func TestWrongResponderCertificate(t *testing.T) {
	h := open(t, pkitest.SQLite(t), nil)
	i := h.issuers[0]
	signer := i.signer.Load()
	now := h.watch.now()
	drop := func(oid pki.OID) func(*pki.Template) {
		return func(t *pki.Template) {
			var kept []pki.Extension
			for _, e := range t.Extensions {
				if !e.OID.Equal(oid) {
					kept = append(kept, e)
				}
			}
			t.Extensions = kept
		}
	}
	a := h.authorities["sm2"]
	for name, make := range map[string]func() ([]byte, error){
		"no nocheck": func() ([]byte, error) {
			return a.responder(signer.key.Public(), now, time.Hour, drop(pki.OIDOCSPNoCheck))
		},
		"no purpose": func() ([]byte, error) {
			return a.responder(signer.key.Public(), now, time.Hour, drop(pki.OIDExtKeyUsage))
		},
		"no usage":    func() ([]byte, error) { return a.responder(signer.key.Public(), now, time.Hour, drop(pki.OIDKeyUsage)) },
		"expired":     func() ([]byte, error) { return a.responder(signer.key.Public(), now, -time.Second, nil) },
		"another key": func() ([]byte, error) { return a.responder(a.key.Public(), now, time.Hour, nil) },
		"another issuer": func() ([]byte, error) {
			return h.authorities["rsa"].responder(signer.key.Public(), now, time.Hour, nil)
		},
		"another key under the issuer's name": func() ([]byte, error) {
			return newAuthority(t, "sm2", pki.SM2).responder(signer.key.Public(), now, time.Hour, nil)
		},
		"nothing": func() ([]byte, error) { return nil, nil },
	} {
		der, err := make()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := newSigner(i, 1, signer.key, der, now); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

// broken signs until it breaks.
type broken struct {
	crypto.Signer
	after int
}

func (b *broken) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if b.after--; b.after < 0 {
		return nil, errors.New("the card was pulled")
	}
	return b.Signer.Sign(random, digest, opts)
}

// A key that stops signing: what is ready goes on to its end and no further.
func TestSigningFails(t *testing.T) {
	h := open(t, pkitest.SQLite(t), nil)
	s := h.issue(t, "ecdsa")
	i := h.issuers[2]
	inner, err := pki.GenerateKey(nil, pki.P256)
	if err != nil {
		t.Fatal(err)
	}
	key, err := keys.Wrap(&broken{inner, 1})
	if err != nil {
		t.Fatal(err)
	}
	der, err := h.authorities["ecdsa"].responder(inner.Public(), h.watch.now(), 90*24*time.Hour, nil)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := newSigner(i, 7, key, der, h.watch.now())
	if err != nil {
		t.Fatal(err)
	}
	i.signer.Store(signer)
	first := h.state(t, "ecdsa", s)
	if w := h.send(h.request(t, "ecdsa", newSerial())); w.Code != 503 || w.Body.Bytes()[4] != internalError || w.Header().Get("X-Reason") != "ocsp.failing" {
		t.Error(w.Code, w.Header())
	}
	for _, c := range []struct {
		after time.Duration
		code  int
	}{{time.Minute, 200}, {40 * time.Minute, 200}, {18 * time.Minute, 200}, {2 * time.Minute, 503}} {
		h.watch.advance(c.after)
		h.await(t, "the pulse", func() bool { at, err := h.moment(); return err == nil && !at.stale })
		w := h.send(h.request(t, "ecdsa", s))
		if w.Code != c.code {
			t.Errorf("after %v more: %d", c.after, w.Code)
		}
		if w.Code == 200 && !h.check(t, "ecdsa", w).next.Equal(first.next) {
			t.Error("another answer")
		}
	}
}

// A key file that does not open, and a certificate that expired while nothing ran, are
// replaced under the next number.
func TestUnusableKeyIsReplaced(t *testing.T) {
	h := open(t, pkitest.SQLite(t), func(c *Config) { c.Issuers = c.Issuers[:1] })
	s := h.issue(t, "sm2")
	h.stop()
	if err := os.WriteFile(filepath.Join(h.cfg.Dir, "../sm2-1.key"), []byte("no key"), 0o600); err != nil {
		t.Fatal(err)
	}
	h.make(t)
	if h.issuers[0].signer.Load() != nil || h.Items(t.Context())[2].Level != serve.Failing {
		t.Error("it is used, or nothing is said")
	}
	h.start(t)
	if got := h.issuers[0].signer.Load(); got.number != 2 || h.state(t, "sm2", s).state != "good" {
		t.Error("not replaced")
	}
	h.stop()
	h.watch.advance(100 * 24 * time.Hour)
	h.start(t)
	if got := h.issuers[0].signer.Load(); got.number != 3 || h.state(t, "sm2", s).state != "good" {
		t.Error("not replaced after its end")
	}
	h.await(t, "the old one to be removed", func() bool { return h.files(t, "*.cer") == 1 })
}

// A card that makes no keys has one for good: its certificates are renewed.
func TestOneKeyForGood(t *testing.T) {
	h := open(t, pkitest.SQLite(t), func(c *Config) {
		c.Issuers, c.Key = c.Issuers[:1], strings.Replace(c.Key, "{issuer}-{n}", "one", 1)
	})
	s := h.issue(t, "sm2")
	first := h.state(t, "sm2", s)
	h.watch.advance(50 * 24 * time.Hour)
	h.await(t, "the pulse", func() bool { at, err := h.moment(); return err == nil && !at.stale })
	h.renewSigners(t.Context())
	got := h.check(t, "sm2", h.send(encode(t, []byte("n"), h.authorities["sm2"].certID("sha1", true, s))))
	if got.responder.SerialNumber.Cmp(first.responder.SerialNumber) == 0 || string(got.responder.RawSubjectPublicKeyInfo) != string(first.responder.RawSubjectPublicKeyInfo) {
		t.Error("the certificate is the old one, or the key another")
	}
	h.stop()
	h.start(t)
	if h.state(t, "sm2", s).state != "good" {
		t.Error("the key was lost")
	}
}

func TestConfigIsChecked(t *testing.T) {
	h := open(t, pkitest.SQLite(t), nil)
	for name, spoil := range map[string]func(*Config){
		"no issuer":         func(c *Config) { c.Issuers = nil },
		"an issuer twice":   func(c *Config) { c.Issuers = append(c.Issuers, c.Issuers[0]) },
		"one under two ids": func(c *Config) { c.Issuers = append(c.Issuers, Issuer{"other", c.Issuers[0].Certificate}) },
		"no journal":        func(c *Config) { c.Journal = nil },
		"no folder":         func(c *Config) { c.Dir = "" },
		"one key for three": func(c *Config) { c.Key = "file:/a" },
		"path":              func(c *Config) { c.Path = "ocsp/" },
		"lag beyond life":   func(c *Config) { c.MaxLag = c.Life },
		"age beyond life":   func(c *Config) { c.Life, c.MaxAge, c.MaxLag = time.Minute, time.Minute, time.Second },
		"no life":           func(c *Config) { c.Life = time.Second },
		"negative":          func(c *Config) { c.Archive = -1 },
	} {
		c := h.Responder.cfg
		c.Issuers = slices.Clone(c.Issuers)
		spoil(&c)
		if _, err := New(c); pki.KindOf(err) != pki.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}
