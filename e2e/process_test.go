package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// run runs a command to its end. An exit code is an answer; not starting is not.
func run(t testing.TB, command *exec.Cmd) (out, problem string, code int) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		t.Fatalf("%s: %v", command.Path, err)
	}
	return stdout.String(), stderr.String(), command.ProcessState.ExitCode()
}

// text collects what a running process prints; it may be read meanwhile.
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

// process is the real program at work on a folder.
type process struct {
	folder   string
	out, log text
	command  *exec.Cmd
	begun    time.Time
	killed   bool
	ended    chan struct{} // closed when it has
	result   error         // then: what Wait said
}

// launch starts "onecert demo" on a folder and does not wait for anything.
func launch(folder string, flags ...string) (*process, error) {
	return spawn(folder, append([]string{"demo", "--dir", folder, "--verbose"}, flags...)...)
}

// spawn starts a verb that runs until it is told to end.
func spawn(folder string, words ...string) (*process, error) {
	path, err := program()
	if err != nil {
		return nil, err
	}
	p := &process{folder: folder, begun: time.Now(), ended: make(chan struct{})}
	p.command = exec.Command(path, words...)
	p.command.Stdout, p.command.Stderr = &p.out, &p.log
	// Should the tests die, so does the program. The signal comes when the thread
	// that started it ends, so that thread is kept.
	p.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := p.command.Start()
		started <- err
		if err == nil {
			p.result = p.command.Wait()
			close(p.ended)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("starting the program: %w", err)
	}
	running.add(p)
	return p, nil
}

// startTime is enough for a first start on a machine that does much else.
const startTime = 90 * time.Second

// ready waits for demo.json, which says that everything answers, and reads it. What
// a killed demo left does not count; file times are coarser than the clock.
func (p *process) ready() (*demo, error) {
	deadline := time.After(startTime)
	for {
		if info, err := os.Stat(filepath.Join(p.folder, "demo.json")); err == nil && info.ModTime().After(p.begun.Add(-20*time.Millisecond)) {
			return readDemo(p)
		}
		select {
		case <-p.ended:
			return nil, fmt.Errorf("the demo ended before it was ready: %v\n%s%s", p.result, &p.out, &p.log)
		case <-deadline:
			return nil, fmt.Errorf("the demo is not ready after %v\n%s%s", startTime, &p.out, &p.log)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// listens waits until a verb that serves says so.
func (p *process) listens(t testing.TB, address string) {
	t.Helper()
	for deadline := time.Now().Add(startTime); ; time.Sleep(10 * time.Millisecond) {
		if strings.Contains(p.out.String(), "listens at "+address+"\n") {
			return
		}
		select {
		case <-p.ended:
			t.Fatalf("it ended before it listened: %v\n%s%s", p.result, &p.out, &p.log)
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("it does not listen:\n%s%s", &p.out, &p.log)
		}
	}
}

// end sends a signal and waits for the process to be gone; err is what Wait says.
func (p *process) end(signal os.Signal) error {
	if err := p.command.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-p.ended:
		running.drop(p)
		return p.result
	case <-time.After(time.Minute):
		return errors.Join(errors.New("the demo does not stop within a minute"), p.command.Process.Kill())
	}
}

// kill ends a process as a power cut would.
func (p *process) kill(t testing.TB) {
	t.Helper()
	p.killed = true
	if err := p.end(syscall.SIGKILL); err == nil {
		t.Error("what was killed ended well")
	}
}

// registry is every process that tests have started and not ended.
type registry struct {
	mu  sync.Mutex
	all []*process
}

var running = &registry{}

func (r *registry) add(p *process) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, p)
}

func (r *registry) drop(p *process) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = slices.DeleteFunc(r.all, func(q *process) bool { return p == q })
}

// stop ends what is left as a person would, and reports what did not end well.
func (r *registry) stop() error {
	r.mu.Lock()
	left := slices.Clone(r.all)
	r.mu.Unlock()
	var all error
	for _, p := range left {
		select {
		case <-p.ended:
			continue // by itself, which a test has reported
		default:
		}
		if err := p.end(os.Interrupt); err != nil {
			all = errors.Join(all, fmt.Errorf("stopping the demo in %s: %w\n%s", p.folder, err, &p.log))
		}
	}
	return all
}
