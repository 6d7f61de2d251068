package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"onecert/pki"
	"onecert/ra"
	"onecert/serve"
)

// four is a CA, its key management centre, a registration and a local counter as four
// processes of the built program, each with a database of its own, made with the verbs
// that people type.
type four struct {
	ctx     context.Context
	dir     string
	program string
	engine  engine
	pool    int
	at      map[string]string // address of each component's API
	running map[string]*exec.Cmd
	said    int // secrets written so far
}

// The order in which they stand in a table.
func fourNames() []string { return []string{"lra", "ra", "ca", "kmc"} }

func (b *bench) openFour(ctx context.Context, e engine, pool int) (f *four, err error) {
	f = &four{ctx: ctx, engine: e, pool: pool, at: map[string]string{}, running: map[string]*exec.Cmd{}}
	if f.dir, err = os.MkdirTemp(b.dir, "four-"); err != nil {
		return nil, fmt.Errorf("making a folder: %w", err)
	}
	f.program = filepath.Join(f.dir, "onecert")
	if err := execute(ctx, "go", "build", "-o", f.program, "onecert/cmd/onecert"); err != nil {
		return nil, err
	}
	for _, name := range append(fourNames(), "public") {
		if f.at[name], err = freeAddress(); err != nil {
			return nil, err
		}
	}
	for _, step := range []func() error{f.makeCA, f.makeKMC, f.link, f.makeRA, f.makeLRA} {
		if err := step(); err != nil {
			return nil, errors.Join(err, f.close())
		}
	}
	return f, nil
}

func (f *four) in(parts ...string) string { return filepath.Join(append([]string{f.dir}, parts...)...) }

// types runs a verb as somebody; who is "" or whose identity it takes.
func (f *four) types(who string, args ...string) ([]byte, error) {
	if who != "" {
		args = append(args, "--as", f.in("id", who))
	}
	command := exec.CommandContext(f.ctx, f.program, append(args, "--lang", "en")...)
	out, err := command.Output()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		err = fmt.Errorf("onecert %s: %w\n%s", strings.Join(args, " "), err, failed.Stderr)
	}
	return out, err
}

// verb is one line of a script: who types what.
type verb struct {
	who  string
	args []string
}

func (f *four) script(all ...verb) error {
	for _, v := range all {
		if _, err := f.types(v.who, v.args...); err != nil {
			return err
		}
	}
	return nil
}

func says(who string, args ...string) verb { return verb{who, args} }

// codes runs a verb that makes one-time codes and returns them by role, or the one code
// under "code", each in a file.
func (f *four) codes(who string, args ...string) (map[string]string, error) {
	out, err := f.types(who, append(args, "--json")...)
	if err != nil {
		return nil, err
	}
	var made struct {
		Code  string            `json:"code"`
		Codes map[string]string `json:"codes"`
	}
	if err := json.Unmarshal(out, &made); err != nil {
		return nil, fmt.Errorf("reading codes: %w", err)
	}
	if made.Codes == nil {
		made.Codes = map[string]string{"code": made.Code}
	}
	for role, code := range made.Codes {
		if made.Codes[role], err = f.secret(code); err != nil {
			return nil, err
		}
	}
	return made.Codes, nil
}

func (f *four) code(who string, args ...string) (file string, err error) {
	all, err := f.codes(who, args...)
	return all["code"], err
}

func (f *four) secret(text string) (file string, err error) {
	f.said++
	file = f.in(fmt.Sprintf("secret-%d", f.said))
	return file, os.WriteFile(file, []byte(text+"\n"), 0o600)
}

// database are the words that name a fresh one of the engine.
func (f *four) database() ([]string, error) {
	source, err := f.engine.fresh()
	return []string{"--database", source}, err
}

// begin makes a component with its verb and returns the codes of its first start.
func (f *four) begin(component string, args ...string) (map[string]string, error) {
	words, err := f.database()
	if err != nil {
		return nil, err
	}
	return f.codes("", slices.Concat([]string{component, "init", "--dir", f.in(component), "--host", "127.0.0.1", "--listen", f.at[component]}, args, words)...)
}

// serve starts a component and waits until it answers.
func (f *four) serve(component string) error {
	command := exec.CommandContext(f.ctx, f.program, component, "serve", "--config", f.in(component, component+".yaml"), "--lang", "en")
	log, err := os.Create(f.in(component + ".log"))
	if err != nil {
		return err
	}
	defer log.Close()
	command.Stderr, command.Stdout = log, log
	if err := command.Start(); err != nil {
		return fmt.Errorf("starting the %s: %w", component, err)
	}
	f.running[component] = command
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if c, err := net.Dial("tcp", f.at[component]); err == nil {
			return c.Close()
		}
	}
	said, _ := os.ReadFile(f.in(component + ".log"))
	return fmt.Errorf("the %s does not listen:\n%s", component, said)
}

// end stops a component as an operator does.
func (f *four) end(component string) error {
	command := f.running[component]
	delete(f.running, component)
	if err := command.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	if err := command.Wait(); err != nil {
		said, _ := os.ReadFile(f.in(component + ".log"))
		return fmt.Errorf("the %s ended with %w:\n%s", component, err, said)
	}
	return nil
}

func (f *four) close() (err error) {
	for _, component := range fourNames() {
		if f.running[component] != nil {
			err = errors.Join(err, f.end(component))
		}
	}
	return err
}

// spentBy is the processor time of each so far, and of the databases' server.
func (f *four) spentBy() map[string]time.Duration {
	all := map[string]time.Duration{"database": treeTime(f.engine.pid)}
	for name, command := range f.running {
		all[name] = treeTime(command.Process.Pid)
	}
	return all
}

// seat is an officer with a certificate and a key of his own, which the program takes
// encrypted only.
type seat struct {
	certificate, key, sealed string // files
}

// certified has the CA make an officer's certificate for a new key.
func (f *four) certified(name string) (s seat, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return s, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return s, err
	}
	request, err := newRequest(key, pki.Name{{Type: "C", Value: "CN"}, {Type: "O", Value: "示例省电子政务"}, {Type: "CN", Value: name}})
	if err != nil {
		return s, err
	}
	s = seat{f.in("out", name, "bundle.pem"), f.in(name + ".plain"), f.in(name + ".key")}
	csr := f.in(name + ".csr")
	err = errors.Join(os.WriteFile(s.key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600),
		os.WriteFile(csr, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: request}), 0o600))
	if err != nil {
		return s, err
	}
	if err := execute(f.ctx, "openssl", "pkcs8", "-topk8", "-v2", "aes-256-cbc", "-in", s.key, "-passout", "file:"+f.in("pass"), "-out", s.sealed); err != nil {
		return s, err
	}
	if err := os.Chmod(s.sealed, 0o600); err != nil {
		return s, err
	}
	_, err = f.types("centre.security", "ca", "issue", "--profile", "officer", "--request", csr, "--holder", "officer:"+name, "--out", f.in("out", name))
	return s, err
}

// admit lets an officer in at a registration or counter and returns its API as he sees it.
func (f *four) admit(component, name, code string) (*ra.Client, error) {
	s, err := f.certified(name)
	if err != nil {
		return nil, err
	}
	_, err = f.types(name, "ra", "join", "--ra", "https://"+f.at[component], "--certificate", s.certificate, "--key", s.sealed, "--pass-file", f.in("pass"),
		"--trust", f.in("ca", "trust.pem"), "--code-file", code)
	if err != nil {
		return nil, err
	}
	return f.client(component, s)
}

// post gives an officer a post and lets him in.
func (f *four) post(component, security, name string) (*ra.Client, error) {
	node, role, _ := strings.Cut(name, ".")
	code, err := f.code(security, "ra", "post", "code", name, "--role", role, "--node", node, "--until", "2099-12-31")
	if err != nil {
		return nil, err
	}
	return f.admit(component, name, code)
}

func (f *four) client(component string, s seat) (*ra.Client, error) {
	chain, err := ders(s.certificate)
	if err != nil {
		return nil, err
	}
	keys, err := ders(s.key)
	if err != nil {
		return nil, err
	}
	key, err := x509.ParsePKCS8PrivateKey(keys[0])
	if err != nil {
		return nil, err
	}
	own, err := serve.NewIdentity(chain, key.(*ecdsa.PrivateKey))
	if err != nil {
		return nil, err
	}
	trusted, err := ders(f.in("ca", "trust.pem"))
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	for _, der := range trusted {
		if c, err := x509.ParseCertificate(der); err == nil { // those of SM2 are not for TLS
			roots.AddCert(c)
		}
	}
	c, err := serve.NewClient("https://"+f.at[component], serve.ClientTLS(own, roots, time.Now))
	if err != nil {
		return nil, err
	}
	return ra.NewClient(c), nil
}

// ders are what a PEM file holds.
func ders(file string) (all [][]byte, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		all = append(all, block.Bytes)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s holds no PEM", filepath.Base(file))
	}
	return all, nil
}
