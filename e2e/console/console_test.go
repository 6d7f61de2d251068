package console

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// web is where the pages and their tests are.
const web = "../../console/web"

// report is what vitest writes of a run.
type report struct {
	TestResults []struct {
		Name             string `json:"name"`
		Status           string `json:"status"`
		Message          string `json:"message"`
		AssertionResults []struct {
			FullName        string   `json:"fullName"`
			Status          string   `json:"status"`
			FailureMessages []string `json:"failureMessages"`
		} `json:"assertionResults"`
	} `json:"testResults"`
}

// TestUnits runs the tests of the pages' logic.
func TestUnits(t *testing.T) { vitest(t, "vitest.config.ts", 5*time.Minute) }

// TestBrowser runs the tests in a browser, before a demonstration they start.
func TestBrowser(t *testing.T) { vitest(t, "vitest.browser.config.ts", 15*time.Minute) }

// TestForm lints the pages: features never import features.
func TestForm(t *testing.T) {
	if out, err := npm(t, 3*time.Minute, "eslint", "src", "tests"); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func npm(t *testing.T, patience time.Duration, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	command := exec.CommandContext(ctx, "npx", append([]string{"--no-install"}, args...)...)
	command.Dir = web
	command.Env = append(os.Environ(), "CI=true", "NO_COLOR=1")
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 30 * time.Second
	out, err := command.CombinedOutput()
	return string(out), err
}

func vitest(t *testing.T, config string, patience time.Duration) {
	file := filepath.Join(t.TempDir(), "report.json")
	out, err := npm(t, patience, "vitest", "run", "--config", config, "--reporter=json", "--reporter=default", "--outputFile.json="+file)
	text, missing := os.ReadFile(file)
	if missing != nil {
		t.Fatalf("vitest wrote no report: %v\n%s", err, out)
	}
	var r report
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatalf("reading vitest's report: %v", err)
	}
	count := 0
	for _, tested := range r.TestResults {
		name := strings.TrimSuffix(filepath.Base(tested.Name), ".test.ts")
		if tested.Status != "passed" && len(tested.AssertionResults) == 0 {
			t.Errorf("%s: %s", name, tested.Message)
		}
		for _, one := range tested.AssertionResults {
			count++
			t.Run(name+"/"+one.FullName, func(t *testing.T) {
				if one.Status != "passed" { // a skipped one too
					t.Errorf("%s\n%s", one.Status, strings.Join(one.FailureMessages, "\n"))
				}
			})
		}
	}
	if count == 0 || err != nil && !t.Failed() {
		t.Errorf("%d tests ran: %v\n%s", count, err, out)
	}
}
