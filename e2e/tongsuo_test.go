package e2e

import (
	"archive/zip"
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// tongsuoVersion is the Python package that carries Tongsuo's library, pinned.
const tongsuoVersion = "tongsuopy-crayon==1.0.2b6"

// tongsuoLibrary fetches the package once, the first time from its registry, and
// unpacks the library. It stays in e2e/tongsuo/target.
var tongsuoLibrary = sync.OnceValues(func() (string, error) {
	target, err := filepath.Abs("tongsuo/target")
	if err != nil {
		return "", err
	}
	library := filepath.Join(target, "_tongsuo.abi3.so")
	if _, err := os.Stat(library); err == nil {
		return library, nil
	}
	command := exec.Command("python3", "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:", "--dest", target, tongsuoVersion)
	if output, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("fetching Tongsuo (scripts/deps.sh installs what that needs): %w\n%s", err, output)
	}
	wheels, err := filepath.Glob(filepath.Join(target, "*.whl"))
	if err != nil || len(wheels) != 1 {
		return "", fmt.Errorf("there are %d packages of Tongsuo in %s", len(wheels), target)
	}
	return library, unzip(wheels[0], "_tongsuo.abi3.so", library)
})

// unzip writes the one entry of an archive whose name ends so.
func unzip(archive, suffix, file string) error {
	z, err := zip.OpenReader(archive)
	if err != nil {
		return err
	}
	defer z.Close()
	for _, entry := range z.File {
		if !strings.HasSuffix(entry.Name, suffix) {
			continue
		}
		from, err := entry.Open()
		if err != nil {
			return err
		}
		data, err := io.ReadAll(from)
		if err != nil {
			return err
		}
		part := file + ".part" // whole or not at all
		if err := os.WriteFile(part, data, 0o600); err != nil {
			return err
		}
		return os.Rename(part, file)
	}
	return fmt.Errorf("%s has no %s", archive, suffix)
}

// tongsuo is a running peer and what it printed.
type tongsuo struct {
	command *exec.Cmd
	lines   chan string
	problem bytes.Buffer
}

// newTongsuo starts a client or a server with options "key=value".
func newTongsuo(t testing.TB, role string, options ...string) *tongsuo {
	t.Helper()
	library, err := tongsuoLibrary()
	if err != nil {
		t.Fatal(err)
	}
	p := &tongsuo{lines: make(chan string, 256)}
	p.command = exec.Command("python3", append([]string{"tongsuo/peer.py", library, role}, options...)...)
	p.command.Stderr = &p.problem
	out, err := p.command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		defer close(p.lines)
		for scanner := bufio.NewScanner(out); scanner.Scan(); {
			p.lines <- scanner.Text()
		}
	}()
	t.Cleanup(func() {
		p.command.Process.Kill() // it has ended by itself where all went well
		<-read
		p.command.Wait()
		if t.Failed() {
			t.Logf("Tongsuo: %s", p.problem.String())
		}
	})
	return p
}

// value waits for the line with a key.
func (p *tongsuo) value(t testing.TB, key string) string {
	t.Helper()
	for {
		select {
		case line, ok := <-p.lines:
			if !ok {
				t.Fatalf("Tongsuo ended before it said %s", key)
			}
			got, value, _ := strings.Cut(line, "=")
			if got == key {
				return value
			}
			if got == "error" {
				t.Fatalf("Tongsuo: %s", value)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("Tongsuo does not say %s", key)
		}
	}
}
