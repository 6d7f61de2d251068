package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

func TestMain(m *testing.M) {
	for _, tool := range []string{"openssl", "curl", "java", "mvn", "go", "python3"} {
		if _, err := exec.LookPath(tool); err != nil {
			fmt.Fprintf(os.Stderr, "e2e: %s is missing; scripts/deps.sh installs it\n", tool)
			os.Exit(1)
		}
	}
	code := m.Run()
	if err := running.stop(); err != nil {
		fmt.Fprintf(os.Stderr, "e2e: %v\n", err)
		code = 1
	}
	if folder, err := scratch(); err == nil {
		os.RemoveAll(folder)
	}
	os.Exit(code)
}

// scratch is the folder of everything that outlives one test.
var scratch = sync.OnceValues(func() (string, error) { return os.MkdirTemp("", "onecert-e2e-") })

// program builds the real program once; its flags are those of make build, so that
// what that compiled is not compiled again.
var program = sync.OnceValues(func() (string, error) {
	folder, err := scratch()
	if err != nil {
		return "", err
	}
	path := filepath.Join(folder, "onecert")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-X main.version=e2e", "-o", path, "./cmd/onecert")
	build.Dir, build.Env = "..", append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the program: %w\n%s", err, output)
	}
	return path, nil
})

// onecert runs the program and returns what it printed on each stream and its exit code.
func onecert(t testing.TB, args ...string) (out, problem string, code int) {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	return run(t, exec.Command(path, args...))
}
