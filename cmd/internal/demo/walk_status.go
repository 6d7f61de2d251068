package demo

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// statusSteps asks the node of status as relying parties do: OpenSSL for OCSP, plain
// HTTP for everything else. The revoked one is asked about as well: a service that
// calls everybody good passes no step.
func (w *walker) statusSteps(ctx context.Context) error {
	base := "http://" + w.t.s.address("public")
	for _, s := range []struct {
		title string
		act   func() error
	}{
		{"OpenSSL asks OCSP about alice (RSA): good", func() error { return w.askOCSP(ctx, "alice", ": good") }},
		{"OpenSSL asks OCSP about revoked (RSA): revoked, and why", func() error { return w.askOCSP(ctx, "revoked", "keyCompromise") }},
		{"the portal answers", func() error { return says(ctx, base+"/", "证书查询") }},
		{"the portal finds people by holder id", func() error { return says(ctx, base+"/lookup?lang=en&holder=nobody", "No published certificate") }},
		{"lists have a history", func() error { return says(ctx, base+"/crl/rsa/history/complete/index.jsonl", `"number"`) }},
		{"the observer's last round was well", func() error { return w.observed(ctx) }},
	} {
		if err := w.step(s.title, s.act); err != nil {
			return err
		}
	}
	return nil
}

func (w *walker) askOCSP(ctx context.Context, name, want string) error {
	trust := filepath.Join(w.t.o.Dir, "trust")
	out, err := exec.CommandContext(ctx, "openssl", "ocsp", "-issuer", filepath.Join(trust, "rsa-chain.pem"), "-cert", w.t.file(name, "rsa", "sign.pem"),
		"-url", "http://"+w.t.s.address("public")+"/ocsp", "-CAfile", filepath.Join(trust, "rsa-root.pem")).CombinedOutput()
	if err != nil || !strings.Contains(string(out), want) || !strings.Contains(string(out), "Response verify OK") {
		return fmt.Errorf("openssl ocsp says: %s (%w)", strings.TrimSpace(string(out)), errOr(err))
	}
	return nil
}

// errOr is err, or what to say where a program ended well and said something else.
func errOr(err error) error {
	if err == nil {
		return os.ErrInvalid
	}
	return err
}

func says(ctx context.Context, address, want string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK || !strings.Contains(string(text), want) {
		return fmt.Errorf("%s answers %s and nothing of %q", address, answer.Status, want)
	}
	return nil
}

// observed waits for the first round, which began when the node did, and asks for one
// more where that met parts that were still starting.
func (w *walker) observed(ctx context.Context) error {
	for range 2 {
		for w.t.node.Observer.Report().Ran.IsZero() {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(100 * time.Millisecond):
			}
		}
		if w.t.node.Observer.Report().Good {
			return nil
		}
		w.t.node.Observer.Round(ctx)
	}
	var wrong []string
	for _, r := range w.t.node.Observer.Report().Results {
		if !r.Good {
			wrong = append(wrong, r.Name+": "+r.Says)
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	return fmt.Errorf("it found: %s", strings.Join(wrong, "; "))
}
