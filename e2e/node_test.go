package e2e

import (
	"encoding/json"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// line is a way between two processes that can be cut and mended.
type line struct {
	listener net.Listener
	to       string

	mu   sync.Mutex
	cut  bool
	open map[net.Conn]bool
}

func newLine(t testing.TB, to string) *line {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &line{listener: listener, to: to, open: map[net.Conn]bool{}}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go l.carry(conn)
		}
	}()
	t.Cleanup(func() {
		listener.Close()
		l.set(true)
	})
	return l
}

func (l *line) carry(near net.Conn) {
	far, err := net.Dial("tcp", l.to)
	if err != nil || !l.keep(near, far) {
		near.Close()
		if err == nil {
			far.Close()
		}
		return
	}
	go func() {
		_, _ = io.Copy(far, near)
		far.Close()
	}()
	_, _ = io.Copy(near, far)
	near.Close()
}

func (l *line) keep(conns ...net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range conns {
		l.open[c] = true
	}
	return !l.cut
}

// set cuts the line, with everything that is on it, or mends it.
func (l *line) set(cut bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = cut
	for c := range l.open {
		if cut {
			c.Close()
			delete(l.open, c)
		}
	}
}

// TestNodeOfAProvince: a node made with the verbs an operator types serves from its own
// copy; while its line to the centre is cut it goes on and says how old it is, it starts
// without the centre, and afterwards it catches up.
func TestNodeOfAProvince(t *testing.T) {
	d := shared(t)
	dir := filepath.Join(t.TempDir(), "node")
	way := newLine(t, strings.TrimPrefix(d.Endpoints.CA, "https://"))
	api, public, ldap := freeAddress(t), freeAddress(t), freeAddress(t)
	types := func(args ...string) string {
		t.Helper()
		out, complaint, code := onecert(t, append(args, "--lang", "en")...)
		if code != 0 {
			t.Fatalf("onecert %s: %d\n%s%s", strings.Join(args, " "), code, out, complaint)
		}
		return out
	}
	trust := filepath.Join(t.TempDir(), "trust.pem")
	var all []byte
	for _, family := range families() {
		all = append(append(all, read(t, d.Trust[family].Chain)...), read(t, d.Trust[family].Root)...)
	}
	writeFile(t, trust, all)
	types("node", "init", "--dir", dir, "--host", "127.0.0.1", "--ca", "https://"+way.listener.Addr().String(), "--trust", trust,
		"--listen", api, "--public", public, "--ldap", ldap)
	var made struct {
		Code string `json:"code"`
	}
	text := types("officer", "code", "--name", "province-"+unused(), "--role", "node", "--as", filepath.Join(d.folder, "officers", "centre.security"), "--json")
	if err := json.Unmarshal([]byte(text), &made); err != nil {
		t.Fatal(err, text)
	}
	code := filepath.Join(t.TempDir(), "code")
	writeFile(t, code, []byte(made.Code+"\n"))
	config := filepath.Join(dir, "node.yaml")
	types("node", "enrol", "--config", config, "--code-file", code)
	types("config", "check", config)
	serve := func() *process {
		p, err := spawn(filepath.Dir(dir), "node", "serve", "--config", config, "--lang", "en")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := p.end(os.Interrupt); err != nil && !p.killed {
				t.Errorf("the node ended with %v\n%s", err, &p.log)
			}
		})
		p.listens(t, api)
		return p
	}
	node := serve()
	ask := func(file string) string {
		out, problem, _ := run(t, exec.Command("openssl", "ocsp", "-issuer", d.Trust["ecdsa"].Chain, "-cert", file, "-url", "http://"+public+"/ocsp", "-CAfile", d.Trust["ecdsa"].Root))
		return out + problem
	}
	office := d.as(t, "centre.issuer")
	issue := func() (*issued, string) {
		i := office.issue(t, newApplicant(t, "p256", personName()).order(t, "person-sign"))
		file := filepath.Join(t.TempDir(), "cert.pem")
		writeFile(t, file, pemText("CERTIFICATE", i.Sign.DER))
		return i, file
	}
	var state struct {
		Component    string
		Ready        bool
		Checks       []struct{ Name string }
		Certificates []struct{ Use string }
	}
	if err := json.Unmarshal([]byte(types("system", "--node", "https://"+api, "--as", filepath.Join(d.folder, "officers", "centre.audit"), "--json")), &state); err != nil {
		t.Fatal(err)
	}
	if state.Component != "node" || len(state.Checks) < 4 || len(state.Certificates) == 0 || state.Certificates[0].Use != "tls" {
		t.Errorf("%+v", state)
	}
	before, beforeFile := issue()
	waitFor(t, "good in the province", time.Minute, func() bool { return strings.Contains(ask(beforeFile), ": good") })

	way.set(true)
	office.revoke(t, before.Sign, "keyCompromise")
	_, laterFile := issue()
	if said := ask(beforeFile); !strings.Contains(said, ": good") {
		t.Error("cut off, the node no longer answers: ", said)
	}
	if err := node.end(os.Interrupt); err != nil {
		t.Errorf("the node ended with %v\n%s", err, &node.log)
	}
	serve()
	waitFor(t, "answers after a start without the centre", time.Minute, func() bool { return strings.Contains(ask(beforeFile), ": good") })
	time.Sleep(2 * time.Second)
	out, _, _ := run(t, exec.Command("curl", "--silent", "--noproxy", "*", "--head", "http://"+public+"/status/ecdsa/"+before.Sign.Serial))
	if !strings.Contains(strings.ToLower(out), "age-of-copy: ") || strings.Contains(strings.ToLower(out), "age-of-copy: 0\r") {
		t.Error("the answer does not say how old it is:", out)
	}

	way.set(false)
	waitFor(t, "the revocation arrives", time.Minute, func() bool { return strings.Contains(ask(beforeFile), "keyCompromise") })
	waitFor(t, "so does the new certificate", time.Minute, func() bool { return strings.Contains(ask(laterFile), ": good") })
	waitFor(t, "and the list", time.Minute, func() bool {
		out, _, _ := run(t, exec.Command("sh", "-c", `curl --silent --noproxy '*' "$0" | openssl crl -inform DER -noout -text`, "http://"+public+"/crl/ecdsa/delta.crl"))
		return strings.Contains(strings.ToLower(out), before.Sign.Serial)
	})
	found, _, _ := run(t, exec.Command("ldapsearch", "-x", "-LLL", "-H", "ldap://"+ldap, "-b", "o=OneCert,c=CN", "(cn=艾丽思)", "uid"))
	if !strings.Contains(found, "uid: H") {
		t.Error("the directory of the province knows nobody:", found)
	}
}
