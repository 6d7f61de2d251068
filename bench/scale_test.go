package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"onecert/ca"
	"onecert/officer"
	"onecert/pki"
)

// TestPeople: what is loaded is what issuing leaves: every invariant of the CA holds,
// on both engines, and the CA goes on issuing and revoking among it.
func TestPeople(t *testing.T) {
	b, _ := newBench(t)
	for _, e := range b.engines {
		h, err := b.house(e, 20)
		if err != nil {
			t.Fatal(err)
		}
		defer h.close()
		p, err := newPeople(t.Context(), h, 1200)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{300, 1200} {
			if _, err := p.grow(t.Context(), n); err != nil {
				t.Fatalf("%s: %v", e.name, err)
			}
		}
		if p.certificates() != 1200 || len(p.kept) != 24 { // of 30, 6 were revoked at once
			t.Errorf("%s: %d certificates, %d holders kept", e.name, p.certificates(), len(p.kept))
		}
		issued, err := h.issue(persons(), 1)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := h.revoke(append(p.draw(3), issued.Sign.Serial)); err != nil {
			t.Error(err)
		}
		lists, err := h.ca.SignCRLs(as("ra", officer.Site), "sm2")
		if err != nil || lists[0].Entries != 2*(6+4) {
			t.Errorf("%s: %v, %v", e.name, lists, err)
		}
		if err := h.restart(t.Context()); err != nil {
			t.Error(err)
		}
		for _, fault := range ca.CheckInvariants(as("auditor"), h.ca) {
			t.Errorf("%s: %s", e.name, fault)
		}
		page, err := h.ca.List(as("ra", officer.Site), ca.Filter{Holder: p.kept[0].id})
		if err != nil || len(page.Certificates) != 2 || page.Certificates[0].State != pki.Valid {
			t.Errorf("%s: %+v, %v", e.name, page, err)
		}
		if n, err := databaseOctets(t.Context(), h, e); err != nil || n < 1<<20 {
			t.Errorf("%s: %d octets, %v", e.name, n, err)
		}
	}
}

func TestSizes(t *testing.T) {
	for n, want := range map[int][]int{100_000: {10_000, 30_000, 60_000, 100_000}, 10_000_000: {100_000, 1_000_000, 3_000_000, 6_000_000, 10_000_000}, 5000: {5000}, 30_000: {18_000, 30_000}} {
		if got := sizes(n); !slices.Equal(got, want) {
			t.Errorf("%d: %v", n, got)
		}
	}
}

// TestBenchmarkLines reads what "go test -bench" prints.
func TestBenchmarkLines(t *testing.T) {
	all, err := benchmarkTimes([]byte("goos: linux\nBenchmarkSign/rsa2048/bare-2 \t 100\t  500000 ns/op\nBenchmarkSign/rsa2048/key-2 \t 90 \t 600000 ns/op\t 3 B/op\n" +
		"BenchmarkSign/rsa2048/key-parallel-2 \t 90 \t 300000 ns/op\nBenchmarkSign/bare \t 90 \t 1000 ns/op\nPASS\n"))
	if err != nil || len(all) != 4 || all[2] != (timed{"rsa2048/key-parallel", 300 * time.Microsecond}) {
		t.Fatalf("%v, %v", all, err)
	}
	rows := deviceTable("device", all)
	if len(rows) != 1 || strings.Join(rows[0], " ") != "device, rsa2048 600 500 1.20× 3333 2000" {
		t.Errorf("%q", rows)
	}
	if _, err := benchmarkTimes([]byte("PASS\n")); err == nil {
		t.Error("nothing was measured, and nobody says so")
	}
}
