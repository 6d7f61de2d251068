package sso

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"os"
	"sync"
	"testing"
	"time"

	"onecert/audit"
	"onecert/db"
	"onecert/keys"
	"onecert/pki"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// town is a store of sessions and a clock.
type town struct {
	t      *testing.T
	source string
	d      *db.DB
	log    *audit.Log
	sealer *keys.Sealer
	mu     sync.Mutex
	at     time.Time
}

func newTown(t *testing.T, source string) *town {
	d, err := db.Open(t.Context(), source)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	log, err := audit.Open(t.Context(), d, "example/sso")
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := masterKey()
	if err != nil {
		t.Fatal(err)
	}
	return &town{t: t, source: source, d: d, log: log, sealer: sealer, at: noon}
}

// masterKey is one for all tests: deriving a key from words takes a second.
var masterKey = sync.OnceValues(func() (*keys.Sealer, error) {
	dir, err := os.MkdirTemp("", "sso-test")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	return keys.GenerateSealer("file:"+dir+"/seal.pem", keys.SM4GCM, keys.Options{Passphrase: []byte("throw-away words")})
})

func newSealer(t testing.TB, algorithm keys.SealAlgorithm) *keys.Sealer {
	t.Helper()
	dir := t.TempDir()
	s, err := keys.GenerateSealer("file:"+dir+"/seal.pem", algorithm, keys.Options{Passphrase: []byte("throw-away words")})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (tn *town) now() time.Time {
	tn.mu.Lock()
	defer tn.mu.Unlock()
	return tn.at
}

func (tn *town) forward(d time.Duration) {
	tn.mu.Lock()
	defer tn.mu.Unlock()
	tn.at = tn.at.Add(d)
}

// sessions opens the store once more, as another gateway would; edit may change its
// configuration.
func (tn *town) sessions(edit func(*Config)) *Sessions {
	tn.t.Helper()
	cfg := Config{DB: tn.d, Audit: tn.log, Sealer: tn.sealer, Now: tn.now}
	if edit != nil {
		edit(&cfg)
	}
	s, err := New(tn.t.Context(), cfg)
	if err != nil {
		tn.t.Fatal(err)
	}
	tn.t.Cleanup(func() {
		s.Close()
		if cfg.DB.Read().Ping() == nil {
			for _, fault := range CheckInvariants(context.Background(), s) {
				tn.t.Error("invariant:", fault)
			}
		}
	})
	return s
}

func login(user string) Login {
	return Login{Fingerprint: sha256.Sum256([]byte(user)), Issuer: "sm2", Serial: pki.Serial(hex.EncodeToString([]byte("s" + user))), User: user,
		Level: 2, Steps: []Step{Certificate}, Address: netip.MustParseAddr("192.0.2.7")}
}

func (tn *town) open(s *Sessions, l Login) (string, Session) {
	tn.t.Helper()
	token, session, err := s.Open(tn.t.Context(), l)
	if err != nil {
		tn.t.Fatal(err)
	}
	return token, session
}

func wants(t *testing.T, what string, s *Sessions, token string, now time.Time, code string) {
	t.Helper()
	_, err := s.Read(token, now)
	if codeOf(err) != code {
		t.Errorf("%s: %v, wanted %q", what, err, code)
	}
}

// codeOf is an error's code, "" of none.
func codeOf(err error) string {
	if err == nil {
		return ""
	}
	return pki.CodeOf(err)
}
