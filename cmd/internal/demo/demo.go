package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"onecert/cmd/internal/wire"
	"onecert/console"
	"onecert/pki"
	"onecert/serve"
)

// Options are the flags of onecert demo.
type Options struct {
	Dir      string
	Listen   string // address, without a port
	PortBase int    // 0: free ports
	Quiet    bool
	Walk     bool
	Version  string
	Out      io.Writer // what a person reads
	Log      *slog.Logger
}

// Run starts the demonstration and runs it until ctx ends, or until the walk is
// done. A second start on the same folder goes on with the same data.
func Run(ctx context.Context, o Options) error {
	release, err := o.prepare()
	if err != nil {
		return err
	}
	defer release()
	// demo.json says that everything answers, so it is there only while that is true.
	if err := withdraw(o.Dir); err != nil {
		return err
	}
	defer withdraw(o.Dir)
	started := time.Now()
	s, err := loadState(ctx, o)
	if err != nil {
		return err
	}
	if !s.Ready {
		o.say("Making a throw-away tree in %s …", o.Dir)
		if err := bootstrapPast(ctx, o, s); err != nil {
			return fmt.Errorf("making the demo's past: %w", err)
		}
	}
	t, err := openTree(ctx, o, s, time.Now)
	if err != nil {
		return err
	}
	defer t.close()
	if !s.Ready {
		if err := t.populate(ctx); err != nil {
			return fmt.Errorf("making the demo's people: %w", err)
		}
	} else if err := errors.Join(t.openRA(ctx), t.openLRA(ctx)); err != nil {
		return err
	}
	return t.serve(ctx, started)
}

func (o Options) say(format string, args ...any) {
	if !o.Quiet {
		fmt.Fprintf(o.Out, format+"\n", args...)
	}
}

func (o *Options) prepare() (release func(), err error) {
	if o.Dir == "" {
		return nil, pki.Errorf(pki.Invalid, "demo.dir", "no folder is given").To("onecert demo --dir DIR")
	}
	if o.Dir, err = filepath.Abs(o.Dir); err != nil {
		return nil, fmt.Errorf("finding the demo's folder: %w", err)
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the demo's folder: %w", err)
	}
	if net.ParseIP(o.Listen) == nil {
		return nil, pki.Errorf(pki.Invalid, "demo.listen", "%.60q is not an IP address", o.Listen).To("use 127.0.0.1")
	}
	return lock(filepath.Join(o.Dir, "lock"))
}

// serve runs the listeners; when all answer it writes demo.json and prints the pages.
func (t *tree) serve(ctx context.Context, started time.Time) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	servers, err := t.servers(ctx)
	if err != nil {
		return err
	}
	if t.start, err = newStart(t); err != nil {
		return err
	}
	servers = append(servers, t.telephones())
	ended := make(chan error, 4)
	go func() { ended <- serve.Run(ctx, servers...) }()
	if err := t.await(ctx, ended, t.missingCore); err != nil {
		return err
	}
	status, err := t.openNode(ctx)
	if err != nil {
		return err
	}
	counter, err := t.lra.Servers(ctx)
	if err != nil {
		return err
	}
	go func() { ended <- serve.Run(ctx, append(status, counter...)...) }()
	door, err := t.openGateway(ctx)
	if err != nil {
		return err
	}
	go func() { ended <- serve.Run(ctx, door...) }()
	if err := t.await(ctx, ended, t.missingDoor); err != nil {
		return err
	}
	if err := t.protect(ctx); err != nil {
		return err
	}
	pages, err := wire.ServeTogether(wire.ConsoleFile{Listen: t.s.address("console"), Links: []console.Link{{Title: apart, URL: "https://" + t.s.address("counter")}}},
		t.ca, t.ra, t.ra.Place(), t.ca.Place(), t.kmc.Place(), t.gateway.Place())
	if err != nil {
		return err
	}
	go func() { ended <- serve.Run(ctx, pages) }()
	if err := t.await(ctx, ended, t.missing); err != nil {
		return err
	}
	if err := t.describe(); err != nil {
		return err
	}
	t.announce(time.Since(started))
	if t.o.Walk {
		err := t.walk(ctx)
		cancel()
		return errors.Join(err, <-ended)
	}
	return <-ended
}

func (t *tree) servers(ctx context.Context) ([]serve.Server, error) {
	authority, err := t.ca.Servers(ctx)
	if err != nil {
		return nil, err
	}
	centre, err := t.kmc.Servers(ctx)
	if err != nil {
		return nil, err
	}
	registration, err := t.ra.Servers(ctx)
	return slices.Concat(authority, centre, registration), err
}

// await waits until every listener takes connections and the first CRLs are out.
func (t *tree) await(ctx context.Context, ended <-chan error, look func() string) error {
	deadline := time.Now().Add(30 * time.Second)
	for {
		missing := look()
		if missing == "" {
			return nil
		}
		select {
		case err := <-ended:
			return err
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			return pki.Errorf(pki.Unavailable, "demo.start", "%s did not come up within 30 seconds", missing)
		}
	}
}

func (t *tree) missingCore() string {
	for _, service := range []string{"ca", "kmc", "ra"} {
		if !t.listens(service) {
			return t.s.address(service)
		}
	}
	return ""
}

func (t *tree) missingDoor() string {
	for _, service := range []string{"gateway", "app"} {
		if !t.listens(service) {
			return t.s.address(service)
		}
	}
	return ""
}

func (t *tree) listens(service string) bool {
	conn, err := net.DialTimeout("tcp", t.s.address(service), time.Second)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

// missing asks the public address as anybody would.
func (t *tree) missing() string {
	for _, service := range services {
		if !t.listens(service) {
			return t.s.address(service)
		}
	}
	client := &http.Client{Timeout: 2 * time.Second}
	defer client.CloseIdleConnections()
	for _, family := range families {
		for _, issuer := range []string{family, family + "-root"} {
			answer, err := client.Get("http://" + t.s.address("public") + "/crl/" + issuer + "/complete.crl")
			if err != nil {
				return "the CRL of " + issuer
			}
			answer.Body.Close()
			if answer.StatusCode != http.StatusOK {
				return "the CRL of " + issuer
			}
		}
	}
	if t.node.Copy.Freshness().Lag > 0 {
		return "the node's copy of the journal"
	}
	if !t.linked() {
		return "the link of " + apart
	}
	return ""
}

func (t *tree) announce(took time.Duration) {
	t.o.say("\nOneCert demo is ready (%.1f s). Everything in it is throw-away.\n", took.Seconds())
	t.o.say("  Begin here 从这里开始:  %s\n", t.start.url())
	t.o.say("It says how your browser becomes somebody (certificates, one password), walks the main journey in five steps,")
	t.o.say("and has every address. Programs read %s.", filepath.Join(t.o.Dir, descriptionName))
	t.o.say("\nTry, in another terminal:\n%s", strings.Join(t.examples(), "\n"))
	t.o.say("\nStop with Ctrl-C; start again on the same folder to go on.")
}

func (t *tree) examples() []string {
	as := "--as " + filepath.Join(t.o.Dir, "officers", "centre.issuer")
	onecert := program()
	return []string{
		"  openssl req -new -newkey sm2 -nodes -sm3 -utf8 -subj '/C=CN/O=示例市民政局/CN=林晓明' -keyout my.key -out my.csr   # or any request",
		"  " + onecert + " ca issue " + as + " --profile person-sign --request my.csr --holder H-2026-1 --out my",
		"  " + onecert + " cert inspect my/sign.pem",
		"  " + onecert + " ca list " + as,
		"  " + onecert + " ra me --as " + filepath.Join(t.o.Dir, "officers", "lra1.registrar"),
	}
}

// program is how to call this program from a shell: by name where it is installed.
func program() string {
	if _, err := exec.LookPath("onecert"); err == nil {
		return "onecert"
	}
	path, err := os.Executable()
	if err != nil {
		return "onecert"
	}
	return path
}

// tree is the running demonstration.
type tree struct {
	o   Options
	s   *state
	now func() time.Time
	ca  *wire.CAProcess
	kmc *wire.KMCProcess
	ra  *wire.RAProcess
	lra *wire.RAProcess
	// node is there once the CA's API answers.
	node    *wire.NodeProcess
	gateway *wire.GatewayProcess
	start   *start // the first page
}

func openTree(ctx context.Context, o Options, s *state, now func() time.Time) (*tree, error) {
	t := &tree{o: o, s: s, now: now}
	options := wire.Options{Now: now, Log: o.Log, Version: o.Version}
	centre, err := wire.LoadKMC(filepath.Join(o.Dir, "kmc/kmc.yaml"))
	if err != nil {
		return nil, err
	}
	authority, err := wire.LoadCA(filepath.Join(o.Dir, "ca/ca.yaml"))
	if err != nil {
		return nil, err
	}
	both, err := wire.OpenTogether(ctx, authority, centre, options)
	if err != nil {
		return nil, err
	}
	t.ca, t.kmc = both.CA, both.KMC
	return t, nil
}

func (t *tree) close() {
	if t.gateway != nil {
		t.gateway.Close()
	}
	if t.node != nil {
		t.node.Close()
	}
	if t.lra != nil {
		t.lra.Close()
	}
	if t.ra != nil {
		t.ra.Close()
	}
	if t.ca != nil {
		t.ca.Close()
	}
	if t.kmc != nil {
		t.kmc.Close()
	}
}
