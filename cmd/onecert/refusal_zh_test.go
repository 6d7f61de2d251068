package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every refusal of every room has Chinese words: the codes are read from the source, so
// a new one without words fails here. Codes that are put together ("lint." and a rule)
// have the words of their parts.
func TestEveryRefusalHasChineseWords(t *testing.T) {
	said := regexp.MustCompile(`pki\.Errorf\(\s*[\w.]+,\s*"([a-z][a-z0-9.-]*)"\s*,`)
	named := regexp.MustCompile(`(?m)^\s*code\w*\s*=\s*"([a-z][a-z0-9-]*\.[a-z0-9.-]+)"`)
	codes := map[string]string{}
	err := filepath.WalkDir("../..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "/bench/") || strings.Contains(path, "/pkitest/") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, pattern := range []*regexp.Regexp{said, named} {
			for _, found := range pattern.FindAllStringSubmatch(string(text), -1) {
				codes[found[1]] = path
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(codes) < 500 {
		t.Errorf("only %d codes were found in the source", len(codes))
	}
	io := &console{lang: "zh"}
	for code, path := range codes {
		if _, known := io.lookup("error." + code); !known && !strings.HasSuffix(code, ".") {
			t.Errorf("%s refuses with %q, which has no Chinese words", path, code)
		}
	}
	for key := range chineseRareRefusals {
		code := strings.TrimPrefix(key, "error.")
		if _, there := codes[code]; !there {
			t.Errorf("no room says %q", code)
		}
	}
}
