package e2e

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// java runs a sub-command of BouncyCastle's checker (e2e/java) and returns its lines
// of key=value. The test fails if the checker says no.
func java(t testing.TB, args ...string) string {
	t.Helper()
	output, code := runJava(t, args)
	if code != 0 {
		t.Fatalf("checker %s: exit code %d\n%s", strings.Join(args, " "), code, output)
	}
	return output
}

// javaRefuses is java for what must not be accepted; the test fails if the checker
// says yes, or could not judge.
func javaRefuses(t testing.TB, args ...string) string {
	t.Helper()
	output, code := runJava(t, args)
	if code != 1 {
		t.Fatalf("checker %s: exit code %d, want 1\n%s", strings.Join(args, " "), code, output)
	}
	return output
}

// javaSays fails the test unless the answer of the checker has each given line,
// "key=value".
func javaSays(t testing.TB, answer string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !slices.Contains(strings.Split(answer, "\n"), line) {
			t.Errorf("the checker does not say %q but\n%s", line, answer)
		}
	}
}

// javaValues reads an answer as a map. Of a key that is there twice the last counts.
func javaValues(answer string) map[string]string {
	values := map[string]string{}
	for line := range strings.Lines(answer) {
		if key, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "="); ok {
			values[key] = value
		}
	}
	return values
}

func runJava(t testing.TB, args []string) (answer string, code int) {
	t.Helper()
	process, err := checker()
	if err != nil {
		t.Fatal(err)
	}
	answer, code, err = process.ask(args)
	if err != nil {
		t.Fatalf("asking the checker: %v", err)
	}
	return answer, code
}

// checkerProcess is one Java machine for all questions of a test run; starting one
// for each would take half a second. It ends when the test's end of the pipe closes.
type checkerProcess struct {
	mu      sync.Mutex
	to      io.Writer
	from    *bufio.Reader
	problem *bytes.Buffer // what Java itself says
}

var checker = sync.OnceValues(func() (*checkerProcess, error) {
	jar, err := checkerJar()
	if err != nil {
		return nil, err
	}
	command := exec.Command("java", "-XX:TieredStopAtLevel=1", "-jar", jar)
	process := &checkerProcess{problem: new(bytes.Buffer)}
	command.Stderr = process.problem
	from, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	process.from = bufio.NewReader(from)
	if process.to, err = command.StdinPipe(); err != nil {
		return nil, err
	}
	return process, command.Start()
})

// ask puts one question: words separated by tabs, answered up to the line exit=CODE.
func (p *checkerProcess) ask(args []string) (answer string, code int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, err := fmt.Fprintln(p.to, strings.Join(args, "\t")); err != nil {
		return "", 0, err
	}
	for {
		line, err := p.from.ReadString('\n')
		if err != nil {
			return answer, 0, fmt.Errorf("%w: %s", err, p.problem)
		}
		if text, last := strings.CutPrefix(line, "exit="); last {
			code, err = strconv.Atoi(strings.TrimSpace(text))
			return answer, code, err
		}
		answer += line
	}
}

// checkerJar builds the checker once, and only if a source is newer than the jar.
// Maven goes to its repositories for what it lacks, the first time only.
var checkerJar = sync.OnceValues(func() (string, error) {
	jar, err := filepath.Abs("java/target/checker.jar")
	if err != nil {
		return "", err
	}
	if fresh(jar, "java/pom.xml", "java/src") {
		return jar, nil
	}
	if maven("--offline") == nil {
		return jar, nil
	}
	if err := maven(); err != nil {
		return "", fmt.Errorf("building e2e/java (scripts/deps.sh installs what that needs): %w", err)
	}
	return jar, nil
})

func maven(flags ...string) error {
	command := exec.Command("mvn", append(flags, "--quiet", "--batch-mode", "--no-transfer-progress", "package")...)
	command.Dir = "java"
	output, err := command.CombinedOutput()
	if err != nil {
		return fmt.Errorf("mvn package: %w\n%s", err, output)
	}
	return nil
}

// fresh reports whether a file exists and is newer than everything under sources.
func fresh(file string, sources ...string) bool {
	info, err := os.Stat(file)
	if err != nil {
		return false
	}
	newest := time.Time{}
	for _, source := range sources {
		err := filepath.WalkDir(source, func(_ string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			of, err := entry.Info()
			if err == nil && of.ModTime().After(newest) {
				newest = of.ModTime()
			}
			return err
		})
		if err != nil {
			return false
		}
	}
	return info.ModTime().After(newest)
}

// TestJavaAnswers holds the helpers themselves: what they take for yes, no and a line.
func TestJavaAnswers(t *testing.T) {
	got := javaValues("a=1\nb=x=y\nnonsense\na=2\n")
	if want := map[string]string{"a": "2", "b": "x=y"}; !maps.Equal(got, want) {
		t.Errorf("got %v", got)
	}
	if output, code := runJava(t, []string{"no-such-verb"}); code != 2 || !strings.Contains(output, "error=") {
		t.Errorf("a wrong verb: %d %q", code, output)
	}
	if output, code := runJava(t, []string{"chain", "--root"}); code != 2 {
		t.Errorf("a flag without value: %d %q", code, output)
	}
	if answer := javaRefuses(t, "dump", "java_test.go"); !strings.Contains(answer, "error=") {
		t.Errorf("no certificate: %q", answer)
	}
}
