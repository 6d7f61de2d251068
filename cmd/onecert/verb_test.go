package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"onecert/pki"
)

// tree is all commands in a language.
func tree(lang string) *cobra.Command {
	return rootCommand(&console{in: strings.NewReader(""), out: &bytes.Buffer{}, err: &bytes.Buffer{}, now: time.Now, lang: lang})
}

// ours are the groups whose verbs have a help text and an example each.
func ours(root *cobra.Command, visit func(*cobra.Command)) {
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		visit(c)
		for _, child := range c.Commands() {
			walk(child)
		}
	}
	for _, group := range root.Commands() {
		switch group.Name() {
		case "ca", "kmc", "ra", "lra", "officer", "approval", "ceremony", "envelope", "audit", "config", "api", "backup", "health", "tls":
			walk(group)
		}
	}
}

var unquoted = regexp.MustCompile(`"[^"]*"|\S+`)

// Help is whole in both languages, and its examples are commands there are: verb,
// flags and number of words.
func TestHelpIsWhole(t *testing.T) {
	for _, lang := range []string{"en", "zh"} {
		root := tree(lang)
		ours(root, func(c *cobra.Command) {
			key := regexp.MustCompile(`^[a-z]+(\.[a-z-]+)+$`)
			c.Flags().VisitAll(func(f *pflag.Flag) {
				if f.Usage == "" || key.MatchString(f.Usage) {
					t.Errorf("%s: --%s of %s has no text", lang, f.Name, c.CommandPath())
				}
			})
			if c.Short == "" || key.MatchString(c.Short) {
				t.Errorf("%s: %s has no short text", lang, c.CommandPath())
			}
			if c.HasSubCommands() && c.Example == "" {
				return // a group
			}
			if c.Long == "" || key.MatchString(c.Long) || c.Example == "" {
				t.Errorf("%s: %s has no help or example", lang, c.CommandPath())
			}
			for _, line := range strings.Split(c.Example, "\n") {
				example(t, lang, c, strings.TrimSpace(line))
			}
		})
	}
}

func example(t *testing.T, lang string, verb *cobra.Command, line string) {
	t.Helper()
	root := tree(lang) // fresh: flags keep what they were given
	words := unquoted.FindAllString(line, -1)
	if len(words) < 2 || words[0] != "onecert" {
		t.Errorf("%q is no command line", line)
		return
	}
	found, rest, err := root.Find(words[1:])
	if err != nil || !strings.HasPrefix(found.CommandPath(), verb.CommandPath()) {
		t.Errorf("%q is an example of %s and finds %s: %v", line, verb.CommandPath(), found.CommandPath(), err)
		return
	}
	if err := found.ParseFlags(rest); err != nil {
		t.Errorf("%q: %v", line, err)
	}
	if err := found.ValidateArgs(found.Flags().Args()); err != nil {
		t.Errorf("%q: %v", line, err)
	}
	if found.PreRunE != nil {
		if err := found.PreRunE(found, nil); err != nil {
			t.Errorf("%q: %v", line, err)
		}
	}
}

// Wrong words end with exit code 2 before anything is read or asked.
func TestUsageOfVerbs(t *testing.T) {
	english(t)
	for line, wants := range map[string]string{
		"ca issue":                                   "--profile is missing",
		"ca issue --profile x --request y":           "--out is missing",
		"ca issue a --profile x --request y --out z": "1 are given",
		"ca revoke --reason keyCompromise":           "0 are given",
		"ca revoke sm2 12":                           "--reason is missing",
		"ca reissue sm2 12 --out x":                  "--request is missing",
		"ca crl":                                     "0 are given",
		"ca profiles bogus":                          `"bogus" is no command of "onecert ca profiles"`,
		"ca profiles show":                           "0 are given",
		"ca init --dir x":                            "--organisation is missing",
		"ca init --dir x --organisation o --host h --url http://u --cipher rot13": "aes256 or sm4",
		"ca link --config a --centre b":                                           "--kmc with --code-file",
		"ca link --config a --centre b --kmc c":                                   "one of the two",
		"ca link --config a --centre b --kmc c --calls-in d":                      "one of the two",
		"ca serve": "--config is missing",
		"kmc init --dir x --host h --trust t --cipher x": "aes256 or sm4",
		"kmc recover --serial 12":                        "--certificate is missing",
		"kmc ledger":                                     "0 are given",
		"officer code --name x":                          "--role is missing",
		"officer end":                                    "0 are given",
		"officer enrol --server https://x":               "--trust is missing",
		"envelope open --in a --key b --out c":           "--plain: one of the two",
		"envelope open --in a --key b --out c --plain --new-pass-file d": "one of the two",
		"audit verify":                               "--config or --database",
		"audit verify --config a --database b":       "one of the two",
		"audit verify --database sqlite:x --heads y": "heads need --key",
		"audit tail --database sqlite:x -n 0":        "1 to 1000",
		"config check":                               "0 are given",
		"api":                                        "--dir is missing",
	} {
		out, stderr, code := onecert(t, strings.Fields(line)...)
		if code != exitUsage || out != "" || !strings.Contains(stderr, wants) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("onecert %s: exit code %d, %q %q", line, code, out, stderr)
		}
		if _, stderr, code := onecert(t, append(strings.Fields(line), "--lang", "zh")...); code != exitUsage || strings.Contains(stderr, wants) && !strings.Contains(wants, `"`) {
			t.Errorf("onecert %s in Chinese: exit code %d, %q", line, code, stderr)
		}
	}
}

// The commands in the pages of docs are commands there are.
func TestDocumentedCommands(t *testing.T) {
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatalf("no pages: %v", err)
	}
	commands := 0
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(string(text), "\n") {
			if !strings.HasPrefix(line, "onecert ") {
				continue
			}
			commands++
			found, _, err := tree("en").Find(unquoted.FindAllString(line, -1)[1:])
			if err != nil || found.HasSubCommands() && found.Flags().Lookup(asFlag) == nil {
				t.Errorf("%s: %q is no command", page, line)
				continue
			}
			example(t, "en", found, line)
		}
	}
	if commands < 15 {
		t.Errorf("only %d commands are documented", commands)
	}
}

// Every refusal told in Chinese is one that some room makes, and its {} is filled.
func TestRefusalsInChinese(t *testing.T) {
	codes := map[string]bool{}
	quoted := regexp.MustCompile(`"([a-z][a-z0-9.-]*)"`)
	err := filepath.WalkDir("../..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "text_ca_zh") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, found := range quoted.FindAllStringSubmatch(string(text), -1) {
			codes[found[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for key := range chineseRefusals {
		code := strings.TrimSuffix(strings.TrimPrefix(key, "error."), ".remedy")
		if !codes[code] {
			t.Errorf("no room says %q", code)
		}
		if strings.HasSuffix(key, ".remedy") && chineseRefusals["error."+code] == "" {
			t.Errorf("%s has no refusal", key)
		}
	}
	io := &console{lang: "zh"}
	wrong, remedy := io.translate(fmt.Errorf("doing: %w", pki.Errorf(pki.Unknown, "certificate.unknown", "issuer %q has none", "sm2").To("look")))
	if wrong != `doing: 没有这个序列号的证书（issuer "sm2" has none）` || !strings.Contains(remedy, "核对") {
		t.Errorf("%s; %s", wrong, remedy)
	}
	if _, remedy := io.translate(pki.Errorf(pki.Unknown, "order.unknown", "x").To("look")); remedy != "look" {
		t.Errorf("a remedy nobody translated is lost: %q", remedy)
	}
}
