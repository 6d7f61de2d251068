package policy

import (
	"encoding/json"
	"math/rand/v2"
	"testing"
)

// told shows rules and request of a case that went wrong.
func told(t *testing.T, rules *Rules, r *Request) {
	t.Helper()
	for _, it := range []any{rules, r} {
		text, err := json.MarshalIndent(it, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s", text)
	}
}

// Decide and Explain agree with the reference on rules and requests made by chance.
func TestDecideAgreesWithTheReference(t *testing.T) {
	seen := map[Reason]int{}
	missing, allowed := 0, 0
	for seed := range uint64(3000) {
		d := dice{rand.New(rand.NewPCG(seed, 7))}
		rules := d.rules()
		set, err := Compile(rules)
		if err != nil {
			told(t, rules, nil)
			t.Fatal(err)
		}
		for range 25 {
			r := d.request()
			got, want := set.Decide(r), referenceDecide(rules, r)
			if got != want {
				told(t, rules, r)
				t.Fatalf("seed %d: %+v, and the reference says %+v", seed, got, want)
			}
			if e := set.Explain(r); e.Decision != got {
				told(t, rules, r)
				t.Fatalf("seed %d: %+v, and Explain says %+v", seed, got, e)
			}
			if seen[got.Reason]++; got.Missing > 0 {
				missing++
			}
			if got.Allowed {
				allowed++
			}
		}
	}
	for _, reason := range []Reason{ReasonRule, ReasonDefault, ReasonLevel, ReasonFault} {
		if seen[reason] < 300 {
			t.Errorf("only %d decisions by %s: %v", seen[reason], reason, seen)
		}
	}
	t.Logf("%v, %d miss a level, %d allowed", seen, missing, allowed)
	if missing < 300 || allowed < 300 {
		t.Errorf("%d miss a level, %d are allowed", missing, allowed)
	}
}
