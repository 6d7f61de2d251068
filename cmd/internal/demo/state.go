package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"onecert/pki"
)

// state is what a second start must know.
type state struct {
	Ready bool           `json:"ready"` // every identity is there
	Host  string         `json:"host"`
	Ports map[string]int `json:"ports"` // they stand in certificates, so they stay

	path string
}

// services are the listeners in the order of their ports.
var services = []string{"public", "ca", "kmc", "node", "ldap"}

func (s *state) address(service string) string {
	return net.JoinHostPort(s.Host, strconv.Itoa(s.Ports[service]))
}

func loadState(ctx context.Context, o Options) (*state, error) {
	s := &state{path: filepath.Join(o.Dir, "state.json")}
	data, err := os.ReadFile(s.path)
	switch {
	case err == nil:
		if err := json.Unmarshal(data, s); err != nil {
			return nil, pki.Errorf(pki.Invalid, "demo.state", "%s is damaged", s.path).To("remove the demo's folder and start again")
		}
		if s.Ready {
			return s, s.fits(o)
		}
	case !errors.Is(err, os.ErrNotExist):
		return nil, fmt.Errorf("reading the demo's state: %w", err)
	}
	// A first start that was broken off left half a tree: throw-away, so away with it.
	for _, part := range []string{"ca", "kmc", "node", "identities", "officers", "trust", "demo.json"} {
		if err := os.RemoveAll(filepath.Join(o.Dir, part)); err != nil {
			return nil, fmt.Errorf("clearing a broken-off first start: %w", err)
		}
	}
	s.Host, s.Ports = o.Listen, map[string]int{}
	for n, service := range services {
		if s.Ports[service], err = choosePort(ctx, o, n); err != nil {
			return nil, err
		}
	}
	return s, s.save()
}

// fits refuses flags that would contradict the addresses in issued certificates.
func (s *state) fits(o Options) error {
	if o.Listen != s.Host || o.PortBase != 0 && o.PortBase != s.Ports[services[0]] {
		return pki.Errorf(pki.Conflict, "demo.ports", "this demo was made for %s, which stands in its certificates", s.address("public")).
			To("start it without --listen and --port-base, or use another folder")
	}
	return nil
}

func choosePort(ctx context.Context, o Options, n int) (int, error) {
	port := 0
	if o.PortBase != 0 {
		port = o.PortBase + n
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort(o.Listen, strconv.Itoa(port)))
	if err != nil {
		return 0, pki.Errorf(pki.Unavailable, "demo.port", "port %d of %s cannot be used", port, o.Listen).To("choose another --port-base").Because(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

func (s *state) save() error {
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the demo's state: %w", err)
	}
	return writeFile(s.path, data, 0o600)
}

// writeFile writes by rename.
func writeFile(path string, data []byte, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	if err := os.WriteFile(path+".new", data, mode); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

// lock keeps two demonstrations out of one folder.
func lock(path string) (release func(), err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("locking the demo's folder: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		file.Close()
		return nil, pki.Errorf(pki.Conflict, "demo.running", "a demo is running in this folder already").To("stop it first, or use another folder")
	}
	return func() { file.Close() }, nil
}
