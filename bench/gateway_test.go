package main

import (
	"strings"
	"testing"
)

// TestGateway: every server carries every load, the decisions are made, and the tables
// name them.
func TestGateway(t *testing.T) {
	b, out := newBench(t)
	if err := b.gatewayTables(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, row := range []string{"1 kB, nginx", "1 kB, forward, TLCP", "100 MB, gateway, TLCP mutual", "gateway, TLS 1.3 mutual, new people", "all three", "850 Mbit/s", "100 connections", "80%"} {
		if !strings.Contains(out.String(), row) {
			t.Errorf("no row of %s in\n%s", row, out)
		}
	}
}
