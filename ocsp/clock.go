package ocsp

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// slack is how far a clock may be set back without anybody minding: what a time
// service does to a running machine.
const slack = 2 * time.Second

var errClock = errors.New("the clock went back")

// clock never goes backwards: no answer is older than one given before, or a "good"
// from before a revocation could replace the newer "revoked" in somebody's cache. A
// step back beyond slack is a clock in doubt, until it is later again than it was, or
// the process is started anew: that is how an operator says that it is right now.
type clock struct {
	now  func() time.Time
	high atomic.Int64 // nanoseconds since 1970
}

// read returns the time, or errClock.
func (c *clock) read() (time.Time, error) {
	t := c.now()
	now := t.UnixNano()
	for {
		high := c.high.Load()
		switch {
		case now > high:
			if !c.high.CompareAndSwap(high, now) {
				continue
			}
			return t, nil
		case high-now > int64(slack):
			return time.Time{}, errClock
		}
		return time.Unix(0, high), nil
	}
}

// wrap says what was being done when err happened.
func wrap(doing string, err error) error { return fmt.Errorf("%s: %w", doing, err) }
