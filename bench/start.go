package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/keys"
	"onecert/pki"
)

// start shows how long a CA with many issuers takes until it answers, as the program
// itself is started, and what it does to the machine right afterwards.
func (b *bench) start(ctx context.Context) error {
	n := pick(b, 100, 1000)
	dir := filepath.Join(b.dir, "start")
	program := filepath.Join(b.dir, "onecert")
	if err := execute(ctx, "go", "build", "-o", program, "onecert/cmd/onecert"); err != nil {
		return err
	}
	address, err := freeAddress()
	if err != nil {
		return err
	}
	err = execute(ctx, program, "ca", "init", "--dir", dir, "--organisation", "示例省电子政务", "--host", "127.0.0.1", "--listen", address,
		"--url", "http://pki.example", "--families", "ecdsa", "--partitions", "1")
	if err != nil {
		return err
	}
	ders, err := addIssuers(dir, n)
	if err != nil {
		return err
	}
	before := ownTime()
	if err := parseAll(ders); err != nil {
		return err
	}
	floor := ownTime() - before
	rows := [][]string{{"", "s until it answers", "CPU s", "floor CPU s", "ratio", "MB", "CPU s in the next 5", "lists by then"}}
	for _, which := range []string{"first start, no list yet", "second start"} {
		s, err := serveOnce(ctx, program, dir, address)
		if err != nil {
			return err
		}
		rows = append(rows, []string{which, digits(s.answers.Seconds()), digits(s.used.Seconds()), fmt.Sprintf("%.3f", floor.Seconds()), times(s.used.Seconds() / floor.Seconds()),
			digits(s.megabytes), digits(s.after.Seconds()), fmt.Sprint(s.lists)})
	}
	b.out.table(fmt.Sprintf("Start of a CA with %d issuers, each with an encrypted key file of its own", n), rows,
		"Floor: parse as many certificates. No issuer's key is opened before it signs. Lists nobody waits for are made one after the other, so that orders keep the machine. Aim: 5 s.")
	return nil
}

func execute(ctx context.Context, name string, args ...string) error {
	if output, err := exec.CommandContext(ctx, name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", filepath.Base(name), args[0], err, output)
	}
	return nil
}

// freeAddress is one that nobody listens at.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("looking for an address: %w", err)
	}
	return l.Addr().String(), l.Close()
}

// addIssuers writes n issuers into a CA's configuration and returns their certificates.
// The keys are one key, in files of their own: making and opening cost the same.
func addIssuers(dir string, n int) (ders [][]byte, err error) {
	first := filepath.Join(dir, "keys", "unit.pem")
	key, err := keys.Generate(keys.URI{Path: first, Pass: filepath.Join(dir, "passphrase")}.String(), pki.SM2, keys.Options{})
	if err != nil {
		return nil, err
	}
	sealed, err := os.ReadFile(first)
	if err != nil {
		return nil, fmt.Errorf("reading a key file: %w", err)
	}
	config := filepath.Join(dir, "ca.yaml")
	text, err := os.ReadFile(config)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	var lines bytes.Buffer
	for i := range n {
		id := fmt.Sprintf("unit-%04d", i)
		c, err := certify(pki.Name{{Type: "C", Value: "CN"}, {Type: "CN", Value: id}}, key, time.Now().AddDate(10, 0, 0), 0, nil)
		if err != nil {
			return nil, err
		}
		ders = append(ders, c.Raw)
		for path, content := range map[string][]byte{"keys/" + id + ".pem": sealed, "units/" + id + ".pem": pemOf(c.Raw)} {
			path = filepath.Join(dir, path)
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, content, 0o600)); err != nil {
				return nil, fmt.Errorf("writing an issuer: %w", err)
			}
		}
		fmt.Fprintf(&lines, "    - {id: %[1]s, key: 'file:keys/%[1]s.pem?pass=file:passphrase', certificate: units/%[1]s.pem, partitions: 1, "+
			"addresses: {crl: http://pki.example/crl, aia: http://pki.example/aia, ocsp: http://pki.example/ocsp}}\n", id)
	}
	text = bytes.Replace(text, []byte("\ncrl:\n"), append(append([]byte("\n"), lines.Bytes()...), "crl:\n"...), 1)
	if err := os.WriteFile(config, text, 0o600); err != nil {
		return nil, fmt.Errorf("writing the configuration: %w", err)
	}
	return ders, nil
}

func pemOf(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func parseAll(ders [][]byte) error {
	for _, der := range ders {
		if _, err := smx509.ParseCertificate(der); err != nil {
			return fmt.Errorf("parsing a certificate: %w", err)
		}
	}
	return nil
}

// started is what one start of a CA took.
type started struct {
	answers     time.Duration
	used, after time.Duration // processor time: until it answered, and of the next five seconds
	megabytes   float64       // at most
	lists       int
}

// serveOnce starts a CA, waits until it answers and a little longer, and ends it.
func serveOnce(ctx context.Context, program, dir, address string) (s started, err error) {
	var log bytes.Buffer
	command := exec.CommandContext(ctx, program, "ca", "serve", "--config", filepath.Join(dir, "ca.yaml"))
	command.Stderr = &log
	begin := time.Now()
	if err := command.Start(); err != nil {
		return s, fmt.Errorf("starting a CA: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	for !answers(address) {
		select {
		case err := <-ended:
			return s, fmt.Errorf("the CA ended: %w\n%s", err, log.Bytes())
		case <-time.After(5 * time.Millisecond):
		}
		if time.Since(begin) > time.Minute {
			return s, errors.Join(errors.New("the CA does not answer"), command.Process.Kill(), <-ended)
		}
	}
	s.answers, s.used = time.Since(begin), treeTime(command.Process.Pid)
	time.Sleep(5 * time.Second)
	s.after = treeTime(command.Process.Pid) - s.used
	s.megabytes = mostMemory(command.Process.Pid)
	lists, err := filepath.Glob(filepath.Join(dir, "public", "crl", "*", "complete.crl"))
	s.lists = len(lists)
	return s, errors.Join(err, command.Process.Signal(syscall.SIGTERM), <-ended)
}

// answers reports whether a CA says that it is ready. What it presents is not verified:
// nothing is told to it.
func answers(address string) bool {
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	response, err := client.Get("https://" + address + "/readyz")
	if err != nil {
		return false
	}
	response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// mostMemory is the most a process has had in memory, in MB.
func mostMemory(pid int) float64 {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(data)) {
		if rest, found := strings.CutPrefix(line, "VmHWM:"); found {
			n, _ := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			return n * 1024 / 1e6
		}
	}
	return 0
}
