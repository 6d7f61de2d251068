package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// pair opens a pseudo-terminal: the side a person types at, and the side a program
// reads.
func pair(t *testing.T) (person, program *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	var number, locked uint32
	for request, value := range map[uintptr]*uint32{syscall.TIOCGPTN: &number, syscall.TIOCSPTLCK: &locked} {
		if _, _, failed := syscall.Syscall(syscall.SYS_IOCTL, person.Fd(), request, uintptr(unsafe.Pointer(value))); failed != 0 {
			t.Fatal(failed)
		}
	}
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { person.Close(); program.Close() })
	return person, program
}

// screen is what a program writes, read while it is written.
type screen struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *screen) Write(data []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(data)
}

func (s *screen) since(read int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()[read:]
}

// hall is a ceremony at a terminal, with a clerk who answers each prompt once.
type hall struct {
	t       *testing.T
	safe    map[string]string // words by custodian
	present []string          // who hands a share in, in this order
	answers func(prompt string) (string, bool)
	lines   []string // still to be typed of a share
}

var (
	prompts = []string{"Type yes or ", "Press Enter:", "the screen is cleared:", "line 1:", "line 2:", "line 3:", "line 4:"}
	hashes  = regexp.MustCompile(`Type yes or ([0-9a-f]{8}):`)
	comes   = regexp.MustCompile(`(\S+), come to the screen`)
	words   = regexp.MustCompile(`(?m)^(?:[A-Z2-7]{4} ){5}[A-Z2-7]{4}$`)
)

// hold runs the program until it ends, answering.
func (h *hall) hold(args ...string) (said, shown string, code int) {
	h.t.Helper()
	person, program := pair(h.t)
	go func() { // what the terminal echoes must be read by somebody
		buffer := make([]byte, 4096)
		for {
			if _, err := person.Read(buffer); err != nil {
				return
			}
		}
	}()
	asked, out := &screen{}, &screen{}
	done := make(chan int, 1)
	go func() { done <- run(args, program, out, asked) }()
	late := time.After(time.Minute)
	for read := 0; ; {
		select {
		case code = <-done:
			return out.since(0), asked.since(0), code
		case <-time.After(2 * time.Millisecond):
		case <-late:
			h.t.Fatalf("nobody answers:\n%s", asked.since(0))
		}
		fresh := asked.since(read)
		if !strings.HasSuffix(strings.TrimRight(fresh, " "), ":") || !strings.HasSuffix(fresh, " ") {
			continue
		}
		last := fresh[strings.LastIndex(strings.TrimRight(fresh, " \n"), "\n")+1:]
		if !containsAny(last, prompts) {
			continue
		}
		read += len(fresh)
		if _, err := person.WriteString(h.answer(fresh, last) + "\n"); err != nil {
			h.t.Fatal(err)
		}
	}
}

func containsAny(text string, all []string) bool {
	for _, one := range all {
		if strings.Contains(text, one) {
			return true
		}
	}
	return false
}

// answer is what a careful clerk types.
func (h *hall) answer(fresh, last string) string {
	if h.answers != nil {
		if typed, ok := h.answers(last); ok {
			return typed
		}
	}
	if hash := hashes.FindStringSubmatch(last); hash != nil {
		return hash[1]
	}
	if who := comes.FindStringSubmatch(last); who != nil {
		h.present = []string{who[1]}
		return ""
	}
	if strings.Contains(last, "the screen is cleared") {
		h.safe[h.present[0]] = strings.Join(words.FindAllString(fresh, -1), "\n")
		return ""
	}
	if strings.Contains(last, "line 1:") {
		h.lines = strings.Split(h.safe[h.present[0]], "\n")
		if len(h.present) > 1 {
			h.present = h.present[1:]
		}
	}
	if len(h.lines) == 0 {
		return ""
	}
	typed := h.lines[0]
	h.lines = h.lines[1:]
	return strings.ToLower(typed)
}

// A real ceremony at a real terminal: everything is shown and agreed to, each custodian
// writes his share down and types it back, and two of three bring the root back later.
func TestCeremonyAtATerminal(t *testing.T) {
	english(t)
	path := small(t, smallRoot+smallIssuing+"  - root_crl: {root: root}\n")
	dir := filepath.Dir(path)
	h := &hall{t: t, safe: map[string]string{}}
	said, shown, code := h.hold("ceremony", "run", path, "--out", filepath.Join(dir, "one"))
	if code != 0 || !strings.Contains(said, "Everybody writes down this hash") {
		t.Fatalf("%d\n%s\n%s", code, said, shown)
	}
	if len(h.safe) != 3 || strings.Count(h.safe["孙丙"], "\n") != 2 {
		t.Fatalf("shares of %d custodians, such as %d lines", len(h.safe), strings.Count(h.safe["孙丙"], "\n"))
	}
	for _, want := range []string{"The reviewed file ceremony.yaml", "Witness: 吴己", "About to be signed: the certificate root", "Subject: C=CN, O=测试, CN=测试签发",
		"About to be signed: the list root-1", "custodians: [赵甲, 钱乙, 孙丙]"} {
		if !strings.Contains(shown, want) {
			t.Errorf("%q was not shown", want)
		}
	}
	for _, share := range h.safe {
		if strings.Contains(said, share[:14]) {
			t.Error("a share stands in the answer")
		}
	}
	if strings.Count(shown, clearScreen) != 2*3 {
		t.Errorf("the screen was cleared %d times", strings.Count(shown, clearScreen))
	}

	next := filepath.Join(dir, "next.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, _, _ := bytes.Cut(text, []byte("acts:"))
	if err := os.WriteFile(next, append(head, "acts:\n  - root_crl: {root: root, revoke: [{authority: web, reason: keyCompromise}]}\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	h.present = []string{"孙丙", "孙丙", "赵甲"} // the second comes twice, and is sent back
	said, shown, code = h.hold("ceremony", "run", next, "--out", filepath.Join(dir, "two"))
	if code != 0 || !strings.Contains(shown, "share 3 of set") || !strings.Contains(shown, "This is share 2 of the 2 needed") {
		t.Fatalf("%d\n%s\n%s", code, said, shown)
	}
	if said, stderr, code := onecert(t, "ceremony", "verify", filepath.Join(dir, "two")); code != 0 || !strings.Contains(said, "whole: the ceremony ended") {
		t.Errorf("%d %s %s", code, said, stderr)
	}
	said, _, code = onecert(t, "cert", "inspect", filepath.Join(dir, "two", "result", "public", "crl", "root", "complete.crl"))
	if code != 0 || !strings.Contains(said, "keyCompromise") {
		t.Errorf("%d %s", code, said)
	}
}

// Anything but yes or the hash ends it; so does a custodian who gives up; a mistyped
// line is asked for again.
func TestRefusingAtATerminal(t *testing.T) {
	english(t)
	path := small(t, smallRoot)
	dir := filepath.Dir(path)
	h := &hall{t: t, safe: map[string]string{}}
	asked := 0
	h.answers = func(prompt string) (string, bool) {
		asked++
		return map[bool]string{true: "yes", false: "y"}[asked == 1], true
	}
	_, stderr, code := h.hold("--json", "ceremony", "run", path, "--out", filepath.Join(dir, "one"))
	if code != 1 || asked != 2 || !strings.Contains(stderr, `"code":"ceremony.refused"`) {
		t.Errorf("%d after %d questions: %s", code, asked, stderr)
	}
	mistyped := false
	h.answers = func(prompt string) (string, bool) {
		if strings.Contains(prompt, "line 2:") && !mistyped {
			mistyped = true
			return "AAAA BBBB CCCC DDDD EEEE FFFF", true
		}
		return "", false
	}
	said, shown, code := h.hold("ceremony", "run", path, "--out", filepath.Join(dir, "two"))
	if code != 0 || !strings.Contains(shown, "line 2 of the share is damaged or mistyped") {
		t.Fatalf("%d %s %s", code, said, shown)
	}
	h.answers = func(prompt string) (string, bool) { return "", strings.Contains(prompt, "line 1:") }
	next := filepath.Join(dir, "next.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, _, _ := bytes.Cut(text, []byte("acts:"))
	if err := os.WriteFile(next, append(head, "acts:\n  - root_crl: {root: root}\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, shown, code := h.hold("ceremony", "run", next, "--out", filepath.Join(dir, "three")); code != 1 || !strings.Contains(shown, "no share was given") {
		t.Errorf("%d %s", code, shown)
	}
}

// Shares typed at the terminal are checked too.
func TestSharesCheckAtATerminal(t *testing.T) {
	english(t)
	path := small(t, smallRoot)
	h := &hall{t: t, safe: map[string]string{}}
	if _, shown, code := h.hold("ceremony", "run", path, "--out", filepath.Join(filepath.Dir(path), "one")); code != 0 {
		t.Fatal(shown)
	}
	h.present = []string{"赵甲", "钱乙", "nobody"}
	said, shown, code := h.hold("ceremony", "shares", "check")
	if code != 0 || !strings.Contains(said, "Proven") {
		t.Errorf("%d %s %s", code, said, shown)
	}
}
