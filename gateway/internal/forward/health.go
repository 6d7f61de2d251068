package forward

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// health is what is believed of a back end. Requests read it without a lock.
type health struct {
	down   atomic.Bool  // by checks
	paused atomic.Int64 // by requests: until then, in ns since 1970
	row    atomic.Int32 // of failed requests

	mu     sync.Mutex // of the words
	since  time.Time
	reason string
	runs   int // of equal checks that speak against what is believed
	log    *slog.Logger
	now    func() time.Time
}

func (h *health) up(now time.Time) bool {
	return !h.down.Load() && h.paused.Load() <= now.UnixNano()
}

// well takes note of an answer.
func (b *backend) well() {
	if b.health.row.Load() != 0 {
		b.health.row.Store(0)
	}
}

// ill takes note of a failed request; enough in a row pause the back end. After the
// pause one more failure pauses it again.
func (b *backend) ill(err error) {
	b.failures.Add(1)
	limit := b.settings.Passive.Failures
	if limit == 0 {
		limit = 3
	}
	if limit < 0 || int(b.health.row.Add(1)) < limit {
		return
	}
	now := b.health.now()
	before := b.health.paused.Swap(now.Add(b.settings.Passive.Pause.or(10 * time.Second)).UnixNano())
	if before <= now.UnixNano() {
		b.health.say(b.address, "back end left out for a while: requests to it fail", err)
	}
}

func (h *health) say(address, what string, err error) {
	h.mu.Lock()
	h.since, h.reason = h.now(), ""
	if err != nil {
		h.reason = err.Error()
	}
	h.mu.Unlock()
	h.log.Warn(what, "backend", address, "err", err)
}

// told returns the words.
func (h *health) told() (since time.Time, reason string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.since, h.reason
}

// keep checks and sweeps until the back end is closed.
func (b *backend) keep() {
	interval, check := b.check.Interval.or(5*time.Second), b.check.Path != ""
	if !check {
		interval = b.spans.keepAlive
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		<-b.done
		cancel()
	}()
	client := b.checker()
	if check {
		defer client.CloseIdleConnections()
	}
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for swept := time.Now(); ; {
		if check {
			b.judge(b.probe(ctx, client))
		}
		if time.Since(swept) > b.spans.keepAlive/2 {
			swept = time.Now()
			b.sweep()
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// checker asks over connections of its own: it must not be let in by one that lives.
func (b *backend) checker() *http.Client {
	t := &http.Transport{TLSClientConfig: b.tls.Clone(), DisableKeepAlives: true, Protocols: b.settings.Protocol.set(), DisableCompression: true,
		MaxResponseHeaderBytes: int64(b.spans.head.octets)}
	return &http.Client{Transport: t, Timeout: b.check.Timeout.or(3 * time.Second),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// probe asks once.
func (b *backend) probe(ctx context.Context, client *http.Client) error {
	scheme := "http"
	if b.tls != nil {
		scheme = "https"
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+b.address+b.check.Path, nil)
	if err != nil {
		return fmt.Errorf("making a check: %w", err)
	}
	r.Host = b.check.Host
	answer, err := client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	io.CopyN(io.Discard, answer.Body, 64<<10)
	if !b.check.healthy(answer.StatusCode) {
		return fmt.Errorf("it answers %d", answer.StatusCode)
	}
	return nil
}

func (c Check) healthy(status int) bool {
	if len(c.Status) == 0 {
		return status >= 200 && status < 400
	}
	return slices.Contains(c.Status, status)
}

// judge takes in the outcome of one check.
func (b *backend) judge(err error) {
	select {
	case <-b.done:
		return
	default:
	}
	h, down := &b.health, b.health.down.Load()
	if (err != nil) == down {
		h.runs = 0
		return
	}
	limit := b.check.limit(down)
	if h.runs++; h.runs < limit {
		return
	}
	h.runs = 0
	h.down.Store(!down)
	if down {
		h.row.Store(0)
		h.paused.Store(0)
		h.say(b.address, "back end is up again", nil)
		return
	}
	h.say(b.address, "back end is down: checks fail", err)
}

// limit is how many checks in a row change the belief.
func (c Check) limit(down bool) int {
	switch {
	case down && c.Rise > 0:
		return c.Rise
	case down:
		return 2
	case c.Fall > 0:
		return c.Fall
	}
	return 3
}
