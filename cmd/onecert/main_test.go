package main

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"onecert/lint"
	"onecert/pki"
	"onecert/verify"
)

func TestUsage(t *testing.T) {
	english(t)
	for _, c := range []struct {
		args []string
		line string
	}{
		{nil, `onecert: "onecert" needs a command after it; see 'onecert --help'`},
		{[]string{"bogus"}, `onecert: "bogus" is no command of "onecert"; see 'onecert --help'`},
		{[]string{"cert"}, `onecert: "onecert cert" needs a command after it; see 'onecert cert --help'`},
		{[]string{"cert", "bogus"}, `onecert: "bogus" is no command of "onecert cert"; see 'onecert cert --help'`},
		{[]string{"cert", "inspect"}, `onecert: one FILE is wanted, 0 are given; see 'onecert cert inspect --help'`},
		{[]string{"lint", "a", "b"}, `onecert: one FILE is wanted, 2 are given; see 'onecert lint --help'`},
		{[]string{"lint", "--bogus", "a"}, `onecert: unknown flag: --bogus; see 'onecert lint --help'`},
		{[]string{"--lang", "fr", "lint", "a"}, `onecert: invalid argument "fr" for "--lang" flag: the language is en or zh; see 'onecert lint --help'`},
		{[]string{"help", "bogus"}, `onecert: "bogus" is no command of "onecert"; see 'onecert help --help'`},
		{[]string{"completion", "cmd.exe"}, `onecert: invalid argument "cmd.exe" for "onecert completion"; see 'onecert completion --help'`},
		{[]string{"a\x1b[31mb"}, `onecert: "a\\u{001b}[31mb" is no command of "onecert"; see 'onecert --help'`},
	} {
		out, stderr, code := onecert(t, c.args...)
		if code != 2 || out != "" || stderr != c.line+"\n" {
			t.Errorf("%q: exit code %d, stdout %q, stderr %q", c.args, code, out, stderr)
		}
	}
}

func TestUsageInJSON(t *testing.T) {
	english(t)
	for _, args := range [][]string{{"--json", "bogus"}, {"lint", "--json"}, {"lint", "--bogus", "--json"}} {
		_, stderr, code := onecert(t, args...)
		e := errorIn(t, stderr)
		if code != 2 || e["kind"] != "usage" || e["code"] != "usage" || e["wrong"] == "" || e["remedy"] == "" {
			t.Errorf("%q: %d %s", args, code, stderr)
		}
	}
}

// errorIn decodes the one error object on stderr.
func errorIn(t testing.TB, stderr string) map[string]string {
	t.Helper()
	var body struct{ Error map[string]string }
	decoder := json.NewDecoder(strings.NewReader(stderr))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&body); err != nil || len(body.Error) != 4 {
		t.Fatalf("stderr is not one error object: %v\n%s", err, stderr)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		t.Fatalf("stderr has more than one object: %s", stderr)
	}
	return body.Error
}

func TestHelpInBothLanguages(t *testing.T) {
	english(t)
	out, _, code := onecert(t, "--help")
	if code != 0 || !strings.Contains(out, "Commands:") || !strings.Contains(out, "cert ") {
		t.Errorf("%d %s", code, out)
	}
	for _, args := range [][]string{{"--lang", "zh", "cert", "lint", "--help"}, {"help", "cert", "lint", "--lang=zh"}} {
		out, _, code = onecert(t, args...)
		if code != 0 || !strings.Contains(out, "用法：") || strings.Contains(out, "Usage") {
			t.Errorf("%d %s", code, out)
		}
	}
	t.Setenv("LC_ALL", "")
	t.Setenv("LC_MESSAGES", "")
	t.Setenv("LANG", "zh_CN.UTF-8")
	if out, _, _ = onecert(t, "--help"); !strings.Contains(out, "命令：") {
		t.Errorf("the locale is not followed: %s", out)
	}
	if out, _, _ = onecert(t, "--help", "--lang=en"); !strings.Contains(out, "Commands:") {
		t.Errorf("--lang does not overrule the locale: %s", out)
	}
}

// No language misses a key, and arguments stand in the same order everywhere.
func TestTables(t *testing.T) {
	all := map[string]map[string]string{}
	for lang, list := range tables {
		all[lang] = map[string]string{}
		for _, one := range list {
			for key, text := range one {
				if _, twice := all[lang][key]; twice || text == "" {
					t.Errorf("%s: %s stands twice or is empty", lang, key)
				}
				all[lang][key] = text
			}
		}
	}
	verbs := regexp.MustCompile(`%[0-9.]*[a-z]`)
	for key, text := range all["en"] {
		if got, want := verbs.FindAllString(all["zh"][key], -1), verbs.FindAllString(text, -1); strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("%s: Chinese has the arguments %q, English %q", key, got, want)
		}
		if all["zh"][key] == "" {
			t.Errorf("%s is missing in Chinese", key)
		}
	}
	only := regexp.MustCompile(`^(error|extension|reason|lint\.(rfc5280|practice|gbt20518|naming))\.`)
	for key := range all["zh"] {
		if all["en"][key] == "" && !only.MatchString(key) {
			t.Errorf("%s is missing in English", key)
		}
	}
	rules := map[string]bool{}
	for _, r := range lint.Rules() {
		rules["lint."+r.Name] = true
		if all["zh"]["lint."+r.Name] == "" {
			t.Errorf("rule %s has no Chinese text", r.Name)
		}
	}
	for _, code := range verify.Codes() {
		if all["zh"]["reason."+code] == "" || all["zh"]["reason."+code+".remedy"] == "" {
			t.Errorf("reason %s has no Chinese text", code)
		}
	}
	for reason := range 11 {
		if all["en"]["revocation."+pki.Reason(reason).String()] == "" {
			t.Errorf("revocation reason %d has no text", reason)
		}
	}
	for key := range chineseLint {
		if !rules[key] {
			t.Errorf("%s is no rule", key)
		}
	}
}

// Every key the sources ask for by name stands in the tables.
func TestKeysInUse(t *testing.T) {
	english(t)
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	asked := regexp.MustCompile(`(?:\btext|wrongUsage|fact|factIf|doing|group)\((?:"[a-z -]+", )?"([a-z][a-z0-9.:-]+)"[,)]`)
	io := &console{lang: "en"}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range asked.FindAllStringSubmatch(string(source), -1) {
			if _, ok := io.lookup(match[1]); !ok && !strings.HasSuffix(file, "_test.go") {
				t.Errorf("%s asks for the text %q, which there is not", file, match[1])
			}
		}
	}
}

func TestCompletion(t *testing.T) {
	english(t)
	out, _, code := onecert(t, "completion", "bash")
	if code != 0 {
		t.Fatal(code)
	}
	script := file(t, "onecert.bash", []byte(out))
	if text, err := exec.Command("bash", "-n", script).CombinedOutput(); err != nil {
		t.Errorf("bash cannot read the script: %v %s", err, text)
	}
	for _, shell := range []string{"zsh", "fish", "powershell"} {
		if out, _, code := onecert(t, "completion", shell); code != 0 || !strings.Contains(out, "onecert") {
			t.Errorf("%s: %d", shell, code)
		}
	}
	if out, _, code := onecert(t, "__complete", "cert", ""); code != 0 || !strings.Contains(out, "inspect\t") {
		t.Errorf("completion of cert: %d %s", code, out)
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("disk full") }

// An answer that could not be written is not reported as done.
func TestBrokenOutput(t *testing.T) {
	english(t)
	path := file(t, "a.crt", certPEM(newChain(t, "sm2").leaf))
	for _, args := range [][]string{{"cert", "inspect", path}, {"--json", "cert", "inspect", path}} {
		var stderr strings.Builder
		if code := run(args, strings.NewReader(""), brokenWriter{}, &stderr); code != 1 || !strings.Contains(stderr.String(), "writing the answer") {
			t.Errorf("%d %s", code, stderr.String())
		}
	}
}
