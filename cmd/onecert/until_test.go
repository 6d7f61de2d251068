package main

import (
	"testing"
	"time"
)

// TestUntilIsTheEndOfADay: in China, where the office is; a moment with a zone is itself.
func TestUntilIsTheEndOfADay(t *testing.T) {
	for text, want := range map[string]string{"2027-12-31": "2027-12-31T15:59:59Z", "2028-02-29": "2028-02-29T15:59:59Z", "2027-12-31T12:00:00+08:00": "2027-12-31T04:00:00Z"} {
		at, err := new(console).lastInstant(text)
		if err != nil || at.UTC().Format(time.RFC3339) != want {
			t.Errorf("%s is %v, %v", text, at, err)
		}
	}
}
