package main

import (
	"bytes"
	"strings"
	"testing"
)

// The table is printed, and each decision in it was the one expected.
func TestPolicyTable(t *testing.T) {
	var out bytes.Buffer
	b := &bench{quick: true, out: &report{to: &out}}
	if err := b.policy(t.Context()); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Split(out.String(), "\n"); len(lines) < 8 || !strings.Contains(lines[6], "1000") {
		t.Errorf("%s", out.String())
	}
}
