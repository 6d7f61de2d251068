package gateway

import (
	"context"
	"sync/atomic"
	"testing"
	"time"
)

// TestSweepWaitsForNobody: a right that only a distant server can confirm, which does not
// answer, keeps no other one from being cut in time; it is asked about once at a time, and
// cut when nothing came of it.
func TestSweepWaitsForNobody(t *testing.T) {
	l := newLive()
	var asked, cut atomic.Int32
	answer := make(chan right)
	slow := func(ctx context.Context) right {
		if ctx.Err() != nil {
			return rightUnknown
		}
		asked.Add(1)
		return <-answer
	}
	for i := range 100 {
		l.tie(holding{leaf: "slow", session: string(rune('a' + i))}, func() { cut.Add(1) }, slow)
	}
	ended := make(chan struct{})
	l.tie(holding{leaf: "ended"}, func() { close(ended) }, func(context.Context) right { return rightEnded })
	begin := time.Now()
	for range 3 {
		l.sweep(t.Context())
	}
	select {
	case <-ended:
	case <-time.After(5 * time.Second):
		t.Fatal("what has ended is not cut")
	}
	if took := time.Since(begin); took > time.Second {
		t.Errorf("three looks took %v", took)
	}
	for end := time.Now().Add(5 * time.Second); asked.Load() < 100 && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	if asked.Load() != 100 {
		t.Errorf("asked %d times about 100", asked.Load())
	}
	for i := range 100 {
		answer <- []right{rightGood, rightUnknown}[i%2]
	}
	for end := time.Now().Add(5 * time.Second); cut.Load() < 50 && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	if cut.Load() != 50 {
		t.Errorf("%d were cut, wanted the 50 of whom nothing is known", cut.Load())
	}
}
