package serve

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// A readiness result is kept for readyLife, so that asking often costs nothing,
// and a round of checks may take readyTimeout.
const (
	readyLife    = time.Second
	readyTimeout = 2 * time.Second
)

// health answers /livez and /readyz.
type health struct {
	now func() time.Time
	log *slog.Logger

	mu     sync.Mutex
	checks []check
	look   func(context.Context) []Item // nil: checks only
	seen   []Item
	at     time.Time
	answer readiness
	since  map[string]time.Time // when a check or item came to its level
}

type check struct {
	name string
	run  func(context.Context) error
}

type readiness struct {
	Ready  bool              `json:"ready"`
	Checks map[string]string `json:"checks"`
}

// Ready adds a named check to /readyz. The caller learns only which check fails;
// the cause goes to the log when it begins and when it ends.
func (a *API) Ready(name string, run func(context.Context) error) {
	a.health.mu.Lock()
	defer a.health.mu.Unlock()
	a.health.checks = append(a.health.checks, check{name, run})
	a.health.at = time.Time{}
}

func (h *health) live(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Write([]byte(`{"live":true}` + "\n"))
}

func (h *health) ready(w http.ResponseWriter, r *http.Request) {
	answer := h.result(r.Context())
	text, err := json.Marshal(answer)
	if err != nil {
		Refuse(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if !answer.Ready {
		w.Header().Set("Retry-After", retryAfter)
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	w.Write(append(text, '\n'))
}

func (h *health) result(ctx context.Context) readiness {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.refresh(ctx)
	return h.answer
}

func (h *health) items(ctx context.Context) []Item {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.refresh(ctx)
	return h.seen
}

// refresh runs the checks anew if the last answer is old; mu is held.
func (h *health) refresh(ctx context.Context) {
	if now := h.now(); !h.at.IsZero() && !now.Before(h.at) && now.Sub(h.at) < readyLife {
		return
	}
	// One caller's leaving must not make the others see a failure.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readyTimeout)
	defer cancel()
	next := readiness{Ready: true, Checks: make(map[string]string, len(h.checks))}
	for _, c := range h.checks {
		next.Checks[c.name] = string(Fine)
		err := c.run(ctx)
		if err != nil {
			next.Ready, next.Checks[c.name] = false, string(Failing)
		}
		h.changed(c.name, next.Checks[c.name], err)
	}
	if h.look != nil {
		h.seen = h.look(ctx)
	}
	for _, item := range h.seen {
		next.Checks[item.Name] = string(item.Level)
		if item.Level == Failing && item.Stops {
			next.Ready = false
		}
		if before := h.answer.Checks[item.Name]; before != string(item.Level) && (before != "" || item.Level != Fine) {
			h.log.Warn("health changed", "item", item.Name, "level", item.Level, "says", item.Says, "value", item.Value)
		}
	}
	h.at = h.now()
	since := make(map[string]time.Time, len(next.Checks))
	for name, level := range next.Checks {
		since[name] = h.at
		if h.answer.Checks[name] == level {
			since[name] = h.since[name]
		}
	}
	h.answer, h.since = next, since
}

func (h *health) changed(name, state string, err error) {
	before := h.answer.Checks[name]
	switch {
	case state == before, state == "ok" && before == "":
	case err != nil:
		h.log.Warn("check fails", "check", name, "error", err)
	default:
		h.log.Info("check passes again", "check", name)
	}
}
