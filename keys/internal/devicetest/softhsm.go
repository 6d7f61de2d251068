package devicetest

import (
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// HSM is a SoftHSM with initialised tokens, each with the same PIN.
type HSM struct {
	Module  string // path of the PKCS#11 module
	Dir     string // the tokens' folder; a token is gone when its folder is
	PIN     string
	PINFile string
	Tokens  []string // labels
}

const pin = "87654321"

// tokens are made all at once: SoftHSM sees a token made later only after a new start.
func labels() []string { return []string{"first", "second", "third", "fourth", "fifth", "sixth"} }

// once keeps the one SoftHSM a process can have: its configuration is named by the environment.
var once struct {
	sync.Mutex
	made bool
}

// SoftHSM returns the test process's SoftHSM, made at the first call.
func SoftHSM(t testing.TB) HSM {
	t.Helper()
	once.Lock()
	defer once.Unlock()
	dir := filepath.Join(folder(t), "softhsm")
	hsm := HSM{Module: softhsmModule(t), Dir: filepath.Join(dir, "tokens"), PIN: pin, PINFile: filepath.Join(dir, "pin"), Tokens: labels()}
	config := filepath.Join(dir, "softhsm2.conf")
	if err := os.Setenv("SOFTHSM2_CONF", config); err != nil { // the module reads it in this process
		t.Fatal(err)
	}
	if _, err := os.Stat(hsm.PINFile); once.made || err == nil { // made by the process that started this one
		once.made = true
		return hsm
	}
	if err := os.MkdirAll(hsm.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, config, fmt.Sprintf("directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\nslots.removable = true\n", hsm.Dir))
	for _, label := range hsm.Tokens {
		run(t, "softhsm2-util", "--init-token", "--free", "--label", label, "--so-pin", "12345678", "--pin", pin)
	}
	write(t, hsm.PINFile, pin+"\n")
	once.made = true
	return hsm
}

func softhsmModule(t testing.TB) string {
	t.Helper()
	if _, err := exec.LookPath("softhsm2-util"); err == nil {
		for _, pattern := range []string{"/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/*/softhsm/libsofthsm2.so",
			"/usr/lib*/softhsm/libsofthsm2.so", "/opt/homebrew/lib/softhsm/libsofthsm2.so", "/usr/local/lib/softhsm/libsofthsm2.so"} {
			if found, _ := filepath.Glob(pattern); len(found) > 0 {
				return found[0]
			}
		}
	}
	t.Fatal("SoftHSM is missing: run scripts/deps.sh, which installs softhsm2")
	return ""
}

// Unique returns a name no object in a token has yet: the tokens outlive a test, and
// a test may run many times.
func Unique(name string) string { return name + " " + rand.Text()[:8] }

func write(t testing.TB, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func run(t testing.TB, name string, args ...string) []byte {
	t.Helper()
	output, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, output)
	}
	return output
}
