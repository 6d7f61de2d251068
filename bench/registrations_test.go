package main

import (
	"strings"
	"testing"
	"time"

	"onecert/ra"
)

// TestProvince: officers of two branches work at once on both engines; every call is
// made, nobody sees another branch, and one who did would be told of.
func TestProvince(t *testing.T) {
	b, _ := newBench(t)
	for _, e := range b.engines {
		source, err := e.fresh()
		if err != nil {
			t.Fatal(err)
		}
		hall, err := openRegistration(t.Context(), source, b.dir, stamps{})
		if err != nil {
			t.Fatal(err)
		}
		defer hall.close()
		p := &province{counterHall: hall, branches: 2, counters: 2}
		if err := p.build(t.Context()); err != nil {
			t.Fatal(err)
		}
		var waits map[string][]time.Duration
		for range 20 { // until everything was done once
			if waits = p.work(t.Context(), time.Second, 0); len(waits) == len(calls())+1 {
				break
			}
		}
		all := 0
		for _, call := range calls() {
			if all += len(waits[call]); len(waits[call]) == 0 {
				t.Errorf("%s: nobody did %s", e.name, call)
			}
		}
		if all != len(waits["all calls"]) || p.looks == 0 || p.listed == 0 || len(p.wrong) > 0 {
			t.Errorf("%s: %d of %d calls, %d looks, %d listed, %q", e.name, all, len(waits["all calls"]), p.looks, p.listed, p.wrong)
		}
		page, err := p.Applications(officerAt("r0", "reviewer"), ra.Query{States: ra.AllStates()})
		if err != nil || len(page.Items) == 0 {
			t.Fatalf("%+v %v", page, err)
		}
		desk{node: "l2", path: "/centre/r1/l2/"}.own(p, page.Items...)
		if len(p.wrong) != len(page.Items) || !strings.Contains(p.wrong[0], "l2 is shown") {
			t.Errorf("%q", p.wrong)
		}
	}
}
