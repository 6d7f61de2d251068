package audit_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"onecert/audit"
	"onecert/pki"
	"onecert/pkitest"
)

func TestHeadsAreCopied(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		dir := t.TempDir()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		h.record(t, acts(0, 3)...)
		if err := h.StartHeads(ctx, dir, 5*time.Millisecond); err != nil {
			t.Fatal(err)
		}
		for i := range 3 {
			h.record(t, act(3+i))
			want := int64(4 + i)
			for size := int64(0); size != want; size, _, _ = h.CopiedHead() {
				time.Sleep(time.Millisecond)
			}
		}
		heads, err := audit.ReadHeads(dir)
		if err != nil || len(heads) != 5 {
			t.Fatalf("%d heads, %v", len(heads), err)
		}
		if r := h.verify(t, heads...); !r.Good() || r.Heads != 5 || r.Covered != 6 {
			t.Errorf("%+v", r)
		}
		files, _ := os.ReadDir(dir)
		if len(files) != 5 {
			t.Errorf("files left over: %v", files)
		}
		if c, err := audit.OpenCheckpoint(read(t, dir, "6.checkpoint"), h.keys...); err != nil || c.Size != 6 {
			t.Errorf("%+v, %v", c, err)
		}
	})
}

func read(t *testing.T, dir, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// start begins to copy and stops again: what a start looks at and writes.
func (h house) start(t *testing.T, dir string) error {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	return h.StartHeads(ctx, dir, time.Hour)
}

// A log restored from an older backup does not start against its own latest head.
func TestRewoundLogDoesNotStart(t *testing.T) {
	dir := t.TempDir()
	h := open(t, pkitest.SQLite(t))
	h.record(t, acts(0, 5)...)
	if err := h.start(t, dir); err != nil {
		t.Fatal(err)
	}
	h.record(t, acts(5, 5)...)
	if err := h.start(t, dir); err != nil { // it has grown: fine
		t.Fatal(err)
	}
	backup := open(t, pkitest.SQLite(t)) // other keys too: a new key is no excuse
	backup.record(t, acts(0, 5)...)
	if err := backup.start(t, dir); pki.CodeOf(err) != "audit.rewound" {
		t.Errorf("shorter: %v", err)
	}
	backup.record(t, acts(50, 8)...)
	if err := backup.start(t, dir); pki.CodeOf(err) != "audit.rewound" || !strings.Contains(err.Error(), "verify") {
		t.Errorf("grown on differently: %v", err)
	}
	restored := open(t, pkitest.SQLite(t))
	restored.record(t, acts(0, 20)...)
	if err := restored.start(t, dir); err != nil {
		t.Errorf("the same acts with another key: %v", err)
	}
}

func TestHeadsFolder(t *testing.T) {
	h := open(t, pkitest.SQLite(t))
	dir := t.TempDir()
	if err := h.start(t, filepath.Join(dir, "missing")); pki.CodeOf(err) != "audit.heads" {
		t.Errorf("a missing folder: %v", err)
	}
	if _, at, err := h.CopiedHead(); err == nil || !at.IsZero() {
		t.Errorf("health: %v, %v", at, err)
	}
	if _, err := audit.ReadHeads(dir); pki.KindOf(err) != pki.Unknown {
		t.Errorf("an empty folder: %v", err)
	}
	if err := h.StartHeads(t.Context(), dir, 0); pki.KindOf(err) != pki.Invalid {
		t.Errorf("no period: %v", err)
	}
	for _, content := range []string{"", "garbage", strings.Replace(string(h.head(t)), origin, "other.example/log", 1)} {
		if err := os.WriteFile(filepath.Join(dir, "latest"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := h.start(t, dir); err == nil {
			t.Errorf("it started beside %q", content)
		}
	}
}

// The mount goes away and comes back: copying fails, shows, and goes on.
func TestHeadsSurviveALostMount(t *testing.T) {
	h := open(t, pkitest.SQLite(t))
	dir := filepath.Join(t.TempDir(), "mount")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if err := h.StartHeads(ctx, dir, 5*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(dir, dir+".away"); err != nil {
		t.Fatal(err)
	}
	h.record(t, acts(0, 2)...)
	until(t, func(_ int64, err error) bool { return err != nil }, h)
	if err := os.Rename(dir+".away", dir); err != nil {
		t.Fatal(err)
	}
	until(t, func(size int64, err error) bool { return err == nil && size == 2 }, h)
}

func until(t *testing.T, ok func(size int64, err error) bool, h house) {
	t.Helper()
	for range 12_000 {
		if size, _, err := h.CopiedHead(); ok(size, err) {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal("waited in vain")
}
