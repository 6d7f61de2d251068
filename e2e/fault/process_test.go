package fault

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// process is a child at work.
type process struct {
	part
	file    string // its part
	command *exec.Cmd
	log     *text
	input   io.Closer // its end ends the child
	ended   chan struct{}
}

// text collects what a child complains of; it may be read meanwhile.
type text struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

// Write implements io.Writer.
func (b *text) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

// String returns everything so far.
func (b *text) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}

// newProcess prepares a child; launch and ready start it.
func newProcess(t testing.TB, p part) *process {
	t.Helper()
	if err := os.MkdirAll(p.Home, 0o700); err != nil {
		t.Fatal(err)
	}
	c := &process{part: p, file: filepath.Join(p.Home, "part.json"), log: &text{}}
	told, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(c.file, told, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.kill)
	return c
}

// launch starts the child and returns the lines it prints.
func (c *process) launch() (io.ReadCloser, error) {
	c.command = exec.Command(os.Args[0])
	c.command.Env = append(os.Environ(), childVariable+"="+c.file)
	c.command.Stderr = c.log
	input, err := c.command.StdinPipe()
	if err != nil {
		return nil, err
	}
	// A pipe of our own: Wait would close one of exec's under its reader.
	reading, writing, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	c.command.Stdout, c.input = writing, input
	err = c.command.Start()
	writing.Close()
	if err != nil {
		return nil, err
	}
	c.ended = make(chan struct{})
	go func() {
		_ = c.command.Wait() // its state says how it ended
		close(c.ended)
	}()
	return reading, nil
}

// A child that ended before it answered, and one that found another on its database.
var (
	errEnded  = errors.New("the child ended before it was ready")
	errLeased = errors.New("the child found another process on its database")
)

// start launches the child and waits until it answers.
func (c *process) start() error {
	output, err := c.launch()
	if err != nil {
		return err
	}
	defer output.Close()
	line, err := bufio.NewReader(output).ReadString('\n')
	if err == nil && strings.TrimSpace(line) == readyLine {
		return nil
	}
	<-c.ended
	why := errEnded
	if c.command.ProcessState.ExitCode() == leasedCode {
		why = errLeased
	}
	c.kill()
	return fmt.Errorf("%s: %w:\n%s", c.Component, why, c.log)
}

// restart starts a child that was killed. PostgreSQL may take a moment to notice that
// the session of its lease has ended; whoever restarts a service tries again, too.
func (c *process) restart(t testing.TB) {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		err := c.start()
		if err == nil {
			return
		}
		if !errors.Is(err, errLeased) || time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

// kill ends the child as a crash would, if it runs.
func (c *process) kill() {
	if c.ended == nil {
		return
	}
	_ = c.command.Process.Kill() // it may have ended already
	<-c.ended
	c.input.Close()
	c.ended = nil
}

// signal stops and continues the child as a scheduler or a debugger would.
func (c *process) signal(t testing.TB, s syscall.Signal) {
	t.Helper()
	if err := c.command.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}
