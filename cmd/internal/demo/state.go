package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
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
var services = []string{"public", "ca", "kmc", "node", "ldap", "ra", "lra", "self", "gateway", "gate", "site", "app", "console", "counter", operator}

func (s *state) address(service string) string {
	if service == operator {
		return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.Ports[service]))
	}
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
	for _, part := range []string{"ca", "kmc", "node", "ra", "lra", "gateway", "identities", "officers", "trust", "notices", "demo.json"} {
		if err := os.RemoveAll(filepath.Join(o.Dir, part)); err != nil {
			return nil, fmt.Errorf("clearing a broken-off first start: %w", err)
		}
	}
	s.Host = o.Listen
	if s.Ports, err = choosePorts(ctx, o); err != nil {
		return nil, err
	}
	return s, s.save()
}

// fits refuses flags that would contradict the addresses in issued certificates.
func (s *state) fits(o Options) error {
	for _, service := range services {
		if s.Ports[service] == 0 {
			return pki.Errorf(pki.Conflict, "demo.older", "this demo was made by an earlier version, without %s", service).To("use another folder")
		}
	}
	if o.Listen != s.Host || o.PortBase != 0 && o.PortBase != s.Ports[services[0]] {
		return pki.Errorf(pki.Conflict, "demo.ports", "this demo was made for %s, which stands in its certificates", s.address("public")).
			To("start it without --listen and --port-base, or use another folder")
	}
	return nil
}

// Ports are kept for good. Free ones are looked for below those that the system gives
// to connections (from 32768 on Linux), or one of them would be taken at a later start,
// and in blocks, so that two demonstrations that begin together hardly meet.
const (
	lowestPort, highestPort = 10_000, 32_000
	portBlock               = 16
)

func choosePorts(ctx context.Context, o Options) (ports map[string]int, err error) {
	if o.PortBase != 0 {
		return portsFrom(ctx, o.Listen, o.PortBase)
	}
	for range 100 {
		base := lowestPort + portBlock*rand.IntN((highestPort-lowestPort)/portBlock)
		if ports, err = portsFrom(ctx, o.Listen, base); err == nil {
			return ports, nil
		}
	}
	return nil, err
}

// portsFrom gives each service its port from a number on, if all are free.
func portsFrom(ctx context.Context, host string, base int) (map[string]int, error) {
	ports := map[string]int{}
	for n, service := range services {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(base+n)))
		if err != nil {
			return nil, pki.Errorf(pki.Unavailable, "demo.port", "port %d of %s cannot be used", base+n, host).To("choose another --port-base").Because(err)
		}
		defer l.Close()
		ports[service] = base + n
	}
	return ports, nil
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
