package wire

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"onecert/keys"
	"onecert/pki"
	"onecert/ra"
)

// TestNoticesOfARegistration: with notices in its configuration a registration posts
// what holders and systems are to hear, keeps its key, and says how the outbox stands.
func TestNoticesOfARegistration(t *testing.T) {
	heard := make(chan string, 10)
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		heard <- string(text)
	}))
	defer hook.Close()
	i := install(t, &lateClock{})
	trust, err := os.ReadFile(filepath.Join(i.dir, "ca", "trust.pem"))
	if err != nil {
		t.Fatal(err)
	}
	path, err := InitRA(NewRA{Dir: filepath.Join(t.TempDir(), "ra"), Component: "ra", Host: "127.0.0.1", Listen: "127.0.0.1:0", Trust: trust, SealWith: keys.AES256GCM,
		CA: "https://127.0.0.1:1", Home: RAHome{ID: "centre", Level: "centre", Name: "示例中心"}})
	if err != nil {
		t.Fatal(err)
	}
	secret := filepath.Join(filepath.Dir(path), "hook.hex")
	if err := os.WriteFile(secret, []byte(strings.Repeat("0a", 32)), 0o600); err != nil {
		t.Fatal(err)
	}
	config, err := LoadRA(path)
	if err != nil {
		t.Fatal(err)
	}
	config.Notices = &NoticesFile{Key: "notices.hex"}
	if err := config.check(path); pki.CodeOf(err) != "config.notices" {
		t.Errorf("notices to nobody: %v", err)
	}
	config.Notices.Webhooks = []WebhookFile{{Name: "desk", URL: hook.URL, Secret: "hook.hex", Allow: []string{"127.0.0.0/8"}}}
	for range 2 { // the second start finds the key of the first
		p, err := OpenRA(t.Context(), config, quietly())
		if err != nil {
			t.Fatal(err)
		}
		if items := p.boxHealth(t.Context()); len(items) != 1 || items[0].Says != "notices.sent" {
			t.Errorf("%+v", items)
		}
		p.Close()
	}
	if info, err := os.Stat(filepath.Join(filepath.Dir(path), "notices.hex")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key's file: %v, %v", info, err)
	}
	p, err := OpenRA(t.Context(), config, quietly())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	p.keepTelling(ctx)
	registrar, reviewer := admitAs(t, p.Officers, "centre.registrar", "registrar"), admitAs(t, p.Officers, "centre.reviewer", "reviewer")
	if err := p.FirstPosts(ctx, []string{"centre.registrar", "centre.reviewer"}); err != nil {
		t.Fatal(err)
	}
	a, err := p.Register(pki.WithActor(ctx, registrar), ra.Entry{Operation: ra.Issue, Kind: ra.Device, KeyFrom: "server", Fields: map[string]string{"name": "www.office.example",
		"unit": "示例市民政局", "credit_code": "11999900MB0000000G", "agent": "经办", "agent_identity": "999999195001010018", "phone": "13900000000"}})
	for n, sort := range []string{"form", "licence", "authority", "agent-identity"} {
		if err == nil {
			a, err = p.Attach(pki.WithActor(ctx, registrar), a.ID, a.Version, sort, "", scan(t, n))
		}
	}
	if err == nil {
		a, err = p.Submit(pki.WithActor(ctx, registrar), a.ID, ra.Decision{Version: a.Version})
	}
	if err == nil {
		_, err = p.Reject(pki.WithActor(ctx, reviewer), a.ID, ra.Decision{Version: a.Version, Note: "材料不全"})
	}
	if err != nil {
		t.Fatal(err)
	}
	if text := <-heard; !strings.Contains(text, "application.rejected") || !strings.Contains(text, a.ID) {
		t.Errorf("heard %q", text)
	}
}

// scan is a picture of n dots.
func scan(t *testing.T, n int) []byte {
	t.Helper()
	m := image.NewGray(image.Rect(0, 0, 8, 8))
	for i := range n {
		m.SetGray(i, i, color.Gray{255})
	}
	var out bytes.Buffer
	if err := png.Encode(&out, m); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
