package ra_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"onecert/pki"
	"onecert/pkitest"
	"onecert/ra"
)

// fakeKeys keeps the promises of Keys; its package holds the key itself, so that a
// search for it finds any copy that was kept.
type fakeKeys struct {
	mu    sync.Mutex
	t     testing.TB
	keys  map[string][]byte // by application
	tick  map[string][]byte
	given map[string]string
}

func (f *fakeKeys) Make(_ context.Context, o ra.KeyOrder) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if have := f.tick[o.Application]; have != nil && !bytes.Equal(have, o.Ticket) {
		return nil, fmt.Errorf("another ticket")
	}
	if f.keys[o.Application] == nil {
		f.keys[o.Application] = make([]byte, 32)
		rand.Read(f.keys[o.Application])
		f.tick[o.Application] = bytes.Clone(o.Ticket)
	}
	return newRequest(f.t), nil
}

func (f *fakeKeys) Password(_ context.Context, application string, nonce []byte) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.given[application] == "" {
		sum := sha256.Sum256(nonce)
		f.given[application] = "PASS-" + hex.EncodeToString(sum[:12])
	}
	return f.given[application], nil
}

func (f *fakeKeys) Package(_ context.Context, application, form string, ticket []byte) (*pki.Package, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !bytes.Equal(ticket, f.tick[application]) {
		return nil, pki.Errorf(pki.Forbidden, "km.ticket", "the ticket is wrong")
	}
	return &pki.Package{Application: application, Form: form, Files: []pki.PackageFile{{Name: "sign.p12", Content: f.keys[application]}}}, nil
}

// TestServerKey: a key made at the centre is ordered, its password handed over once,
// fetched by number and code, and nothing of it stays at the registration.
func TestServerKey(t *testing.T) {
	for _, remote := range []bool{false, true} {
		pkitest.EachDatabase(t, func(t *testing.T, source string) {
			var logged bytes.Buffer
			keys := &fakeKeys{t: t, keys: map[string][]byte{}, tick: map[string][]byte{}, given: map[string]string{}}
			h := newHouse(t, source, func(c *ra.Config) {
				c.Keys, c.Log = keys, slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
			})
			if remote {
				h.office = overNetwork(t, h.room)
			}
			e := person(t, 1, "无工具")
			e.Request, e.KeyFrom, e.Suite = nil, "server", pki.RSA2048
			a := h.issued("lra1", e)
			counter := as("lra1.registrar")
			password := must[string](t)(h.HandPassword(counter, a.ID, bytes.Repeat([]byte{7}, 32)))
			_, err := h.HandCode(as("lra2.registrar"), a.ID)
			wantCode(t, err, "application.unknown")
			code := must[*ra.DownloadCode](t)(h.HandCode(counter, a.ID))
			_, err = h.room.Fetch(context.Background(), a.ID, "AAAA-AAAA-AAAA-AAAA", "")
			wantCode(t, err, "delivery.code")
			_, err = h.room.Fetch(context.Background(), "lra1-261123-nothere2", code.Code, "")
			wantCode(t, err, "delivery.code")
			parcel := must[*ra.Parcel](t)(h.room.Fetch(context.Background(), a.ID, strings.ToLower(code.Code), ""))
			if !bytes.Equal(parcel.Package.Files[0].Content, keys.keys[a.ID]) {
				t.Error("another package")
			}
			must[*ra.Parcel](t)(h.room.Fetch(context.Background(), a.ID, code.Code, "")) // a download that broke
			if now := must[*ra.Application](t)(h.Application(counter, a.ID)); now.State != ra.Delivered || now.DeliveredBy != "holder" {
				t.Errorf("%s by %s", now.State, now.DeliveredBy)
			}
			h.clock.add(16 * time.Minute)
			_, err = h.PackageFor(counter, a.ID, "") // though nothing has been swept yet
			wantCode(t, err, "delivery.over")
			_, err = h.room.Fetch(context.Background(), a.ID, code.Code, "")
			wantCode(t, err, "delivery.code")
			_, err = h.HandCode(counter, a.ID)
			wantCode(t, err, "delivery.over")
			_, err = h.PackageFor(counter, a.ID, "")
			wantCode(t, err, "delivery.over")
			if err := h.room.Self().Sweep(context.Background()); err != nil {
				t.Fatal(err)
			}
			var kept int
			if err := h.cfg.DB.Read().QueryRow("SELECT count(*) FROM ra_delivery WHERE ticket IS NOT NULL OR code IS NOT NULL").Scan(&kept); err != nil || kept > 0 {
				t.Errorf("%d tickets are kept: %v", kept, err)
			}
			nothingKept(t, source, logged.Bytes(), keys.keys[a.ID], []byte(password), []byte(strings.ReplaceAll(code.Code, "-", "")))
		})
	}
}

// nothingKept searches a database file and logs for secrets in every spelling.
func nothingKept(t *testing.T, source string, logged []byte, secrets ...[]byte) {
	t.Helper()
	all := map[string][]byte{"the logs": logged}
	if path, ok := strings.CutPrefix(source, "sqlite:"); ok {
		for _, suffix := range []string{"", "-wal"} {
			content, err := os.ReadFile(path + suffix)
			if err != nil {
				t.Fatal(err)
			}
			all["the database"+suffix] = content
		}
	}
	for where, content := range all {
		for i, secret := range secrets {
			for _, form := range [][]byte{secret, []byte(hex.EncodeToString(secret)), []byte(strings.ToUpper(hex.EncodeToString(secret))),
				[]byte(base64.StdEncoding.EncodeToString(secret))} {
				if bytes.Contains(content, form) {
					t.Errorf("secret %d stands in %s", i, where)
				}
			}
		}
	}
}

// TestGuessedCodes: after five wrong tries the right code is no longer good either,
// and a new one is.
func TestGuessedCodes(t *testing.T) {
	h := newHouse(t, pkitest.SQLite(t), nil)
	a := h.issued("lra1", person(t, 1, "猜测"))
	code := must[*ra.DownloadCode](t)(h.HandCode(as("lra1.registrar"), a.ID))
	for i := range 1000 {
		_, err := h.room.Fetch(context.Background(), a.ID, fmt.Sprintf("AAAA-AAAA-AAAA-%04d", i), "")
		wantCode(t, err, "delivery.code")
	}
	_, err := h.room.Fetch(context.Background(), a.ID, code.Code, "")
	wantCode(t, err, "delivery.code")
	code = must[*ra.DownloadCode](t)(h.HandCode(as("lra1.registrar"), a.ID))
	parcel := must[*ra.Parcel](t)(h.room.Fetch(context.Background(), a.ID, code.Code, ""))
	if parcel.Made == nil || parcel.Made.Sign.Serial != a.Serial {
		t.Errorf("%+v", parcel)
	}
}
