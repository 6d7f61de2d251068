package serve

import (
	"context"
	"time"
)

// Standing is an item of health and since when it has its level, as far as this process
// saw: it looks when it is asked, and as often as KeepLooking does.
type Standing struct {
	Item
	Since time.Time `json:"since"`
}

// Started returns when the API was made, which is when its component was opened.
func (a *API) Started() time.Time { return a.started }

// State returns whether the component is ready and how each check and item stands. It is
// what /readyz says, for who may know all of it.
func (a *API) State(ctx context.Context) (ready bool, all []Standing) {
	h := &a.health
	h.mu.Lock()
	defer h.mu.Unlock()
	h.refresh(ctx)
	all = make([]Standing, 0, len(h.checks)+len(h.seen))
	for _, c := range h.checks {
		all = append(all, Standing{Item{Name: c.name, Level: Level(h.answer.Checks[c.name]), Stops: true}, h.since[c.name]})
	}
	for _, item := range h.seen {
		all = append(all, Standing{item, h.since[item.Name]})
	}
	return h.answer.Ready, all
}

// KeepLooking looks each period until ctx ends, so that a change is in the log, and known
// with its time, also where nobody asks.
func (a *API) KeepLooking(ctx context.Context, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		a.health.result(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
