package helpdesk_test

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"onecert/audit"
	"onecert/db"
	"onecert/helpdesk"
	"onecert/notice"
	"onecert/officer"
	"onecert/pki"
)

// clock is a time a test sets.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = t
}

func (c *clock) on(d time.Duration) { c.set(c.now().Add(d)) }

// cn is a moment in China.
func cn(text string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04", text, time.FixedZone("UTC+8", 8*60*60))
	if err != nil {
		panic(err)
	}
	return t
}

// tree is a centre with two registrations, one with a counter; officers are called after
// their node: ra1.reviewer.
type tree map[string]string

func places() tree {
	return tree{"centre": "/centre/", "ra1": "/centre/ra1/", "lra1": "/centre/ra1/lra1/", "ra2": "/centre/ra2/", "ra11": "/centre/ra11/"}
}

func (t tree) Enter(ctx context.Context, op officer.Operation) (pki.Actor, string, string, error) {
	a, ok := pki.ActorFrom(ctx)
	if !ok {
		return a, "", "", pki.Errorf(pki.Forbidden, "officer.anonymous", "nobody")
	}
	node, _, _ := strings.Cut(a.Name, ".")
	return a, node, t[node], officer.May(a, op)
}

func (t tree) NodePath(_ context.Context, node string) (string, error) {
	if path, ok := t[node]; ok {
		return path, nil
	}
	return "", pki.Errorf(pki.Unknown, "node.unknown", "no such node")
}

// as is who acts: "ra1.reviewer".
func as(name string) context.Context {
	_, role, _ := strings.Cut(name, ".")
	return pki.WithActor(context.Background(), pki.Actor{Name: name, Roles: []string{role}})
}

// box seals for tests.
type box struct{ aead cipher.AEAD }

func newBox(t testing.TB) box {
	t.Helper()
	block, err := aes.NewCipher(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	return box{aead}
}

func (b box) Seal(random io.Reader, text, aad []byte) ([]byte, error) {
	nonce := make([]byte, 12)
	if _, err := io.ReadFull(random, nonce); err != nil {
		return nil, err
	}
	return b.aead.Seal(nonce, nonce, text, aad), nil
}

func (b box) Open(blob, aad []byte) ([]byte, error) {
	return b.aead.Open(nil, blob[:12], blob[12:], aad)
}

type house struct {
	t     testing.TB
	d     *db.DB
	log   *audit.Log
	clock *clock
	mails *notice.Outbox
	desk  *helpdesk.Desk
}

// open opens a desk on Monday, 2026-11-23, 9:00 in China; what must always be true is
// asked when the test ends.
func open(t testing.TB, source string) *house {
	t.Helper()
	ctx := context.Background()
	d, err := db.Open(ctx, source)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	h := &house{t: t, d: d, clock: &clock{t: cn("2026-11-23 09:00")}}
	if h.log, err = audit.Open(ctx, d, "example.test/desk"); err != nil {
		t.Fatal(err)
	}
	h.mails, err = notice.Open(ctx, notice.Config{DB: d, Keys: []notice.Key{{Cipher: notice.SM4, Secret: make([]byte, 32)}}, Now: h.clock.now,
		SMTP: &notice.SMTP{Host: "mail.example", From: notice.Address{At: "desk@ca.example"}}})
	if err != nil {
		t.Fatal(err)
	}
	h.desk, err = helpdesk.New(ctx, helpdesk.Config{DB: d, Audit: h.log, Places: places(), Sealer: newBox(t), Outbox: h.mails,
		Now: h.clock.now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, fault := range helpdesk.CheckInvariants(context.Background(), h.desk) {
			t.Error(fault)
		}
	})
	return h
}

func question() helpdesk.Question {
	return helpdesk.Question{Kind: helpdesk.PIN, Holder: "h-000017", Name: "李四", Contact: "li@people.example", Subject: "PIN 忘记了", Text: "我的 USB Key 锁住了，怎么办？"}
}

// opened is a ticket of ra1, with its code.
func (h *house) opened(q helpdesk.Question) (*helpdesk.Ticket, string) {
	h.t.Helper()
	t, code, err := h.desk.OpenFor(context.Background(), "ra1", q)
	if err != nil {
		h.t.Fatal(err)
	}
	return t, code
}

// do does a step with the ticket as it is now.
func (h *house) do(who, number string, event helpdesk.Event, text string) (*helpdesk.Ticket, error) {
	h.t.Helper()
	t, err := h.desk.Ticket(as(who), number)
	if err != nil {
		return nil, err
	}
	return h.desk.Do(as(who), number, helpdesk.Step{Version: t.Version, Event: event, Text: text})
}

func (h *house) must(t *helpdesk.Ticket, err error) *helpdesk.Ticket {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
	return t
}
