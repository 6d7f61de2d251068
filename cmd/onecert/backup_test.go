package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// inited is a CA with one family, made by the command line.
func inited(t *testing.T) (dir, config string) {
	t.Helper()
	dir = t.TempDir()
	config = filepath.Join(dir, "ca", "ca.yaml")
	_, stderr, code := onecert(t, "ca", "init", "--dir", filepath.Join(dir, "ca"), "--organisation", "Example", "--host", "127.0.0.1",
		"--listen", "127.0.0.1:1", "--url", "http://127.0.0.1:9", "--families", "ecdsa")
	if code != exitDone {
		t.Fatal(stderr)
	}
	return dir, config
}

func put(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestBackupByHand keeps a CA, checks the archive, rehearses it and brings it back, in
// the words of both languages.
func TestBackupByHand(t *testing.T) {
	english(t)
	dir, config := inited(t)
	pass := put(t, filepath.Join(dir, "pass"), "correct horse battery\n")
	archive := filepath.Join(dir, "ca.backup")
	out, stderr, code := onecert(t, "backup", "create", "--config", config, "--out", archive, "--pass-file", pass)
	if code != exitDone || !strings.Contains(out, "holder.key") || !strings.Contains(out, "passphrase") || !strings.Contains(out, "KMC") || strings.Contains(out, "WARNING") {
		t.Fatalf("%d %s %s", code, out, stderr)
	}
	out, stderr, code = onecert(t, "backup", "verify", archive, "--pass-file", pass, "--key", filepath.Join(dir, "ca", "audit.pub"))
	if code != exitDone || !strings.Contains(out, "It is whole") || !strings.Contains(out, "127.0.0.1/ca") {
		t.Errorf("%d %s %s", code, out, stderr)
	}
	if _, stderr, code := onecert(t, "backup", "verify", archive, "--pass-file", put(t, filepath.Join(dir, "other"), "another passphrase"), "--lang", "zh"); code != exitRefused || !strings.Contains(stderr, "口令不是此备份的口令") {
		t.Errorf("%d %s", code, stderr)
	}
	secrets := filepath.Join(dir, "secrets")
	for _, name := range []string{"passphrase", "holder.key"} {
		text, err := os.ReadFile(filepath.Join(dir, "ca", name))
		if err != nil {
			t.Fatal(err)
		}
		put(t, filepath.Join(secrets, name), string(text))
	}
	metrics := filepath.Join(dir, "drill.prom")
	out, stderr, code = onecert(t, "backup", "drill", archive, "--pass-file", pass, "--secrets", secrets, "--config", config, "--metrics", metrics, "--thorough")
	if code != exitDone || !strings.Contains(out, "Everything worked") || strings.Count(out, "✓") < 7 || !strings.Contains(out, "only single certificates") {
		t.Errorf("%d %s %s", code, out, stderr)
	}
	if text, err := os.ReadFile(metrics); err != nil || !strings.Contains(string(text), "onecert_drill_good 1") {
		t.Errorf("%s, %v", text, err)
	}
	fresh := filepath.Join(dir, "new")
	out, stderr, code = onecert(t, "backup", "restore", archive, "--pass-file", pass, "--dir", fresh, "--lang", "zh")
	if code != exitDone || !strings.Contains(out, "请把以下文件放到位") || !strings.Contains(out, filepath.Join(fresh, "holder.key")) || !strings.Contains(out, "序列号") {
		t.Errorf("%d %s %s", code, out, stderr)
	}
	if _, stderr, code := onecert(t, "backup", "restore", archive, "--pass-file", pass, "--dir", fresh); code != exitRefused || !strings.Contains(stderr, "not empty") {
		t.Errorf("%d %s", code, stderr)
	}
	for _, name := range []string{"passphrase", "holder.key"} {
		text, _ := os.ReadFile(filepath.Join(secrets, name))
		put(t, filepath.Join(fresh, name), string(text))
	}
	if out, stderr, code := onecert(t, "config", "check", filepath.Join(fresh, "ca.yaml")); code != exitDone {
		t.Errorf("%d %s %s", code, out, stderr)
	}
	if _, stderr, code := onecert(t, "audit", "verify", "--config", filepath.Join(fresh, "ca.yaml"), "--heads", filepath.Join(dir, "none")); code != exitRefused {
		t.Errorf("no heads were copied yet: %d %s", code, stderr)
	}
}

// TestBackupToCustodians: the shares are files, loud archives say so, JSON has it all.
func TestBackupToCustodians(t *testing.T) {
	english(t)
	dir, config := inited(t)
	archive, custodians := filepath.Join(dir, "ca.backup"), filepath.Join(dir, "custodians")
	out, stderr, code := onecert(t, "backup", "create", "--config", config, "--out", archive, "--shares", custodians, "--threshold", "2", "--of", "3", "--cipher", "sm4", "--with-passphrases", "--json")
	var made struct {
		ID      string
		Warning string
		Apart   []string
	}
	if err := json.Unmarshal([]byte(out), &made); code != exitDone || err != nil || made.Warning == "" || len(made.Apart) != 0 {
		t.Fatalf("%d %s %s %v", code, out, stderr, err)
	}
	files, err := filepath.Glob(filepath.Join(custodians, "*.share"))
	if err != nil || len(files) != 3 {
		t.Fatalf("%v %v", files, err)
	}
	if err := os.Remove(files[1]); err != nil {
		t.Fatal(err)
	}
	out, stderr, code = onecert(t, "backup", "verify", archive, "--shares", custodians, "--json")
	var v struct {
		Good   bool
		Cipher string
	}
	if err := json.Unmarshal([]byte(out), &v); code != exitDone || err != nil || !v.Good || v.Cipher != "sm4gcm" {
		t.Errorf("%d %s %s %v", code, out, stderr, err)
	}
	if err := os.Remove(files[2]); err != nil {
		t.Fatal(err)
	}
	if _, stderr, code := onecert(t, "backup", "verify", archive, "--shares", custodians); code != exitRefused || stderr == "" {
		t.Errorf("one share of two: %d %s", code, stderr)
	}
}

func TestBackupUsage(t *testing.T) {
	english(t)
	for line, wants := range map[string]string{
		"backup create": "--config is missing",
		"backup create --config x --out y --pass-file a --shares b":   "one of the two",
		"backup create --config x --out y --pass-file a --cipher des": "aes256 or sm4",
		"backup verify": "0 are given",
		"backup verify x --pass-file a --shares b":                "there is no such file",
		"backup restore x":                                        "--dir is missing",
		"backup restore x --dir y --database a --database-file b": "one of the two",
		"backup catch-up --config x":                              "0 are given",
		"backup drill x":                                          "--secrets is missing",
		"backup drill a b c --secrets x":                          "3 are given",
		"health":                                                  "--config is missing",
	} {
		out, stderr, code := onecert(t, strings.Fields(line)...)
		if code == exitDone || out != "" || !strings.Contains(stderr, wants) {
			t.Errorf("onecert %s: exit code %d, %q %q", line, code, out, stderr)
		}
	}
}

// TestHealthByHand: a CA that does not serve is not healthy, and each item that fails
// says what to do.
func TestHealthByHand(t *testing.T) {
	english(t)
	_, config := inited(t)
	out, stderr, code := onecert(t, "health", "--config", config)
	if code != exitRefused || !strings.Contains(out, "✗  service") || !strings.Contains(out, "✓  database") || !strings.Contains(out, "!  backup") || !strings.Contains(stderr, "the first: service") {
		t.Errorf("%d %s %s", code, out, stderr)
	}
	out, _, code = onecert(t, "health", "--config", config, "--failures-only", "--json")
	var items []struct{ Name, Level, Text, Remedy string }
	if err := json.Unmarshal([]byte(out), &items); err != nil || code != exitRefused || len(items) == 0 {
		t.Fatalf("%d %s %v", code, out, err)
	}
	for _, i := range items {
		if i.Level == "ok" || i.Text == "" || i.Remedy == "" || strings.Contains(i.Text, "health.") {
			t.Errorf("%+v", i)
		}
	}
	if out, stderr, _ := onecert(t, "health", "--config", config, "--lang", "zh"); !strings.Contains(out, "没有响应") || !strings.Contains(stderr, "项失败") {
		t.Errorf("%s %s", out, stderr)
	}
	if _, stderr, code := onecert(t, "health", "--config", filepath.Join(t.TempDir(), "none")); code != exitRefused || !strings.Contains(stderr, "cannot be opened") {
		t.Errorf("%d %s", code, stderr)
	}
}
