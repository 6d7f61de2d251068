package serve

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// HeaderBeat is sent by a caller that wants to hear, while its request is held, that
// somebody still holds it. The answer's says how long apart it will hear that, as
// time.Duration writes it; an answer without is of a component that knows no beats.
const HeaderBeat = "X-Beat"

// Beat lets the caller of the request of ctx hear each d that its request is still
// being worked on, if it asked for that: by interim answers (102, RFC 2518 10.1), so
// that the answer itself and its status are as they would have been. A connection that
// went dead without a word cannot be told from a held one otherwise. It ends when stop
// is called, which has to be before the answer is written.
func Beat(ctx context.Context, d time.Duration) (stop func()) {
	c := callOf(ctx)
	if c == nil || c.request.Header.Get(HeaderBeat) == "" {
		return func() {}
	}
	c.Header().Set(HeaderBeat, d.String())
	ctx, cancel := context.WithCancel(ctx)
	var beating sync.WaitGroup
	beating.Go(func() {
		tick := time.NewTicker(d)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				c.WriteHeader(http.StatusProcessing)
			}
		}
	})
	return func() {
		cancel()
		beating.Wait()
	}
}
