package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// doorway is a gateway as a process of its own beside a CA and its key management centre,
// made with the verbs that people type, before an application of two lines.
type doorway struct {
	*apart
	gateway *process
	admin   string // address of its administration
	front   string // of the service before the application
	oa      *httptest.Server
}

// newDoorway takes every step from an empty folder to a protected application.
func newDoorway(t *testing.T) *doorway {
	w := &doorway{apart: newApart(t), admin: freeAddress(t), front: freeAddress(t)}
	w.oa = httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(answer, "%s asks for %s\n", r.Header.Get("Remote-Name"), r.URL.Path)
	}))
	t.Cleanup(w.oa.Close)
	codes := w.codes("", "gateway", "init", "--dir", w.in("gateway"), "--host", "127.0.0.1", "--listen", w.admin, "--ca", "https://"+w.ca, "--trust", w.in("ca", "trust.pem"))
	config := w.in("gateway", "gateway.yaml")
	if out, complaint, code := onecert(t, "gateway", "serve", "--config", config, "--lang", "en"); code != 1 || !strings.Contains(complaint, "gateway enrol") {
		t.Errorf("without a certificate: %d\n%s%s", code, out, complaint)
	}
	code := w.secret(w.codes("centre.security", "officer", "code", "--name", "gateway1", "--role", "site")["code"])
	w.types("", "gateway", "enrol", "--config", config, "--code-file", code)
	w.types("", "config", "check", config)
	w.gateway = w.serve("gateway", w.admin)
	for _, role := range []string{"system", "security", "audit"} {
		w.types("centre."+role, "gateway", "join", "--gateway", "https://"+w.admin, "--code-file", w.secret(codes[role]))
	}
	// Each administrator does his half, the second sees that the first is done.
	w.types("centre.security", w.protect()...)
	if out := w.types("centre.system", w.protect()...); !strings.Contains(out, "https://"+w.front) {
		t.Errorf("protect says\n%s", out)
	}
	return w
}

func (w *doorway) protect() []string {
	return []string{"gateway", "protect", w.oa.URL, "--name", "oa", "--host", "127.0.0.1", "--listen", w.front}
}

// holder is somebody with a certificate of the CA.
type holder struct{ cert, key, issuer, serial string }

func (w *doorway) holder(name string) holder {
	w.Helper()
	p := newApplicant(w.T, "p256", "/C=CN/O=示例市民政局/CN="+name)
	out := filepath.Join(p.folder, "out")
	w.types("centre.issuer", "ca", "issue", "--profile", "person-sign", "--request", p.file("request.pem"), "--holder", "G-"+name, "--application", "g-"+name, "--out", out)
	return holder{cert: filepath.Join(out, "sign.pem"), key: p.file("sign.key"), issuer: "ecdsa", serial: serialOf(w.T, filepath.Join(out, "sign.pem"))}
}

// curl asks for a path with somebody's certificate, or none; jar keeps the session between
// calls.
func (w *doorway) curl(who holder, jar, path string) (status, body string) {
	w.Helper()
	args := []string{"--silent", "--show-error", "--max-time", "20", "--cacert", w.trust["ecdsa"].Root, "--location", "--cookie-jar", jar, "--cookie", jar,
		"--header", "Accept: application/problem+json", "--write-out", "\n%{http_code}"}
	if who.cert != "" {
		args = append(args, "--cert", who.cert, "--key", who.key)
	}
	out, problem, code := run(w.T, exec.Command("curl", append(args, "https://"+w.front+path)...))
	if code != 0 {
		return "", problem
	}
	i := strings.LastIndex(out, "\n")
	return out[i+1:], out[:i]
}

func (w *doorway) gets(who holder, jar, path, status, words string) {
	w.Helper()
	if got, body := w.curl(who, jar, path); got != status || !strings.Contains(body, words) {
		w.Errorf("%s: %s, not %s with %s:\n%.400s", path, got, status, words, body)
	}
}

// sessions are the ids of those that are open.
func (w *doorway) sessions() (all []string) {
	w.Helper()
	var rows []struct{ ID string }
	if err := json.Unmarshal([]byte(w.types("centre.audit", "gateway", "sessions", "list", "--json")), &rows); err != nil {
		w.Fatal(err)
	}
	for _, row := range rows {
		all = append(all, row.ID)
	}
	return all
}

// level is that of one item of the gateway's health.
func (w *doorway) level(name string) string {
	w.Helper()
	out, complaint, _ := onecert(w.T, "health", "--config", w.in("gateway", "gateway.yaml"), "--json", "--lang", "en")
	var all []struct{ Name, Level string }
	if err := json.Unmarshal([]byte(out), &all); err != nil {
		w.Fatalf("%v\n%s%s", err, out, complaint)
	}
	for _, item := range all {
		if item.Name == name {
			return item.Level
		}
	}
	w.Fatalf("no item %s:\n%s", name, out)
	return ""
}

// TestGatewayApart: a gateway of its own from the first start to what a power cut and a CA
// that is away leave of it: the same configuration and sessions, and revocations that cut
// people off within seconds.
func TestGatewayApart(t *testing.T) {
	w := newDoorway(t)
	alice, bob := w.holder("alice"), w.holder("bob")
	jars := map[string]string{"alice": w.in("alice.jar"), "bob": w.in("bob.jar")}
	w.gets(alice, jars["alice"], "/salary", "200", "alice asks for /salary")
	w.gets(bob, jars["bob"], "/", "200", "bob asks for /")
	w.gets(holder{}, w.in("nobody.jar"), "/", "403", "no-certificate")

	t.Log("revoked")
	w.types("centre.issuer", "ca", "revoke", bob.issuer, bob.serial, "--reason", "keyCompromise")
	begun := time.Now()
	await(t, "the revoked certificate is let in no more", func() bool {
		status, body := w.curl(bob, jars["bob"], "/")
		return status == "403" && strings.Contains(body, "revoked")
	})
	if late := time.Since(begun); late > 5*time.Second {
		t.Errorf("it took %s", late)
	}
	await(t, "his session is over", func() bool { return len(w.sessions()) == 1 })

	t.Log("killed")
	before, open := w.types("centre.audit", "gateway", "show"), w.sessions()
	w.gateway.kill(t)
	w.gateway = w.serve("gateway", w.admin)
	if after := w.types("centre.audit", "gateway", "show"); after != before {
		t.Errorf("another configuration runs:\n%s", after)
	}
	w.gets(alice, jars["alice"], "/again", "200", "alice asks for /again")
	w.gets(bob, jars["bob"], "/", "403", "revoked")
	if after := w.sessions(); strings.Join(after, " ") != strings.Join(open, " ") {
		t.Errorf("the sessions were %q and are %q", open, after)
	}

	t.Log("without a CA")
	w.withoutCA(alice, bob, jars)
	w.types("", "audit", "verify", "--config", w.in("gateway", "gateway.yaml"))
}

// withoutCA: while the CA is away the gateway serves on, starts, and says so.
func (w *doorway) withoutCA(alice, bob holder, jars map[string]string) {
	if level := w.level("copy"); level != "ok" {
		w.Errorf("with a CA the copy is %s", level)
	}
	if err := w.authority.end(os.Interrupt); err != nil {
		w.Error(err)
	}
	w.gets(alice, jars["alice"], "/alone", "200", "alice asks for /alone")
	w.gateway.kill(w.T)
	w.gateway = w.serve("gateway", w.admin)
	w.gets(alice, jars["alice"], "/started", "200", "alice asks for /started")
	w.gets(bob, jars["bob"], "/", "403", "revoked")
	await(w.T, "the health says that the CA is away", func() bool { return w.level("copy") != "ok" })
	w.authority = w.serve("ca", w.ca)
	await(w.T, "the health says that the CA is back", func() bool { return w.level("copy") == "ok" })
}
