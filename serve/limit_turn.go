package serve

import (
	"context"
	"crypto/tls"
	"net"
	"slices"
	"sync"
	"time"

	"onecert/pki"
	"onecert/tlcp"
)

// turns is rule 2. A source with less than an even share of what is under way never
// waits, even when all turns are taken: else one that sends its requests slowly would
// hold them all, and keep everybody waiting without any work being done.
type turns struct {
	most    int           // under way at once
	waiting int           // that may wait, in all lines
	wait    time.Duration // at most

	mu      sync.Mutex
	busy    int
	sources int      // with something under way
	queue   int      // in all lines
	round   []*crowd // those with somebody in line, the next first
}

func newTurns(l Limits) *turns {
	return &turns{most: l.Work, waiting: l.Connections, wait: l.Wait}
}

// enter waits for a turn. Without an error, leave has to follow.
func (t *turns) enter(ctx context.Context, c *crowd) error {
	t.mu.Lock()
	if t.busy < t.most || c.busy < t.share() && len(c.line) == 0 {
		t.start(c)
		t.mu.Unlock()
		return nil
	}
	mine := make(chan error, 1)
	t.join(c, mine)
	t.mu.Unlock()
	timer := time.NewTimer(t.wait)
	defer timer.Stop()
	select {
	case err := <-mine:
		return err
	case <-timer.C:
	case <-ctx.Done():
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.quit(c, mine) {
		return busyError()
	}
	return <-mine // it was called meanwhile
}

func busyError() error {
	return pki.Errorf(pki.Unavailable, "server.busy", "the server has more requests than it can answer").To("try again in a few seconds")
}

// share is what each source under way may have if all have the same; mu is held, as in
// everything below.
func (t *turns) share() int { return max(1, t.most/max(1, t.sources)) }

func (t *turns) start(c *crowd) {
	t.busy++
	if c.busy++; c.busy == 1 {
		t.sources++
	}
}

// join puts somebody at the end of his source's line. If too many wait, the last of the
// longest line has to go: maybe the one who just came.
func (t *turns) join(c *crowd, mine chan error) {
	if len(c.line) == 0 {
		t.round = append(t.round, c)
	}
	c.line = append(c.line, mine)
	if t.queue++; t.queue <= t.waiting {
		return
	}
	longest := slices.MaxFunc(t.round, func(a, b *crowd) int { return len(a.line) - len(b.line) })
	last := len(longest.line) - 1
	gone := longest.line[last]
	t.shorten(longest, last)
	gone <- busyError()
}

// shorten takes one out of a line.
func (t *turns) shorten(c *crowd, at int) {
	c.line = slices.Delete(c.line, at, at+1)
	t.queue--
	if len(c.line) == 0 {
		c.line = nil
		t.round = slices.DeleteFunc(t.round, func(other *crowd) bool { return other == c })
	}
}

// quit takes somebody out of his line; false if he is no longer in it.
func (t *turns) quit(c *crowd, mine chan error) bool {
	at := slices.Index(c.line, mine)
	if at < 0 {
		return false
	}
	t.shorten(c, at)
	return true
}

// leave ends a turn. What becomes free goes to the source whose turn it is; where
// nothing does, the next of the same source follows, if that is within its share.
func (t *turns) leave(c *crowd) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.busy--
	if c.busy--; c.busy == 0 {
		t.sources--
	}
	switch {
	case len(t.round) == 0:
	case t.busy < t.most:
		next := t.round[0]
		t.round = append(t.round[1:], next) // to the end of the round
		t.call(next)
	case len(c.line) > 0 && c.busy < t.share():
		t.call(c)
	}
}

// call gives a turn to the first in a source's line.
func (t *turns) call(c *crowd) {
	first := c.line[0]
	t.shorten(c, 0)
	t.start(c)
	first <- nil
}

// resume is a turn without waiting: of a request that gave its own away while it held
// for news, and only has its answer to write.
func (t *turns) resume(c *crowd) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.start(c)
}

// shake makes handshakes take turns as well: they cost more than most requests, and
// come before any of them.
func (t *turns) shake(config *tls.Config) *tls.Config {
	config = config.Clone()
	before := config.GetConfigForClient
	config.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		if err := t.enterShaking(hello.Context(), hello.Conn); err != nil {
			return nil, err
		}
		if before != nil {
			return before(hello)
		}
		return nil, nil
	}
	return config
}

// shakeTLCP is shake for TLCP.
func (t *turns) shakeTLCP(config *tlcp.Config) *tlcp.Config {
	config = config.Clone()
	before := config.GetConfigForClient
	config.GetConfigForClient = func(hello *tlcp.ClientHelloInfo) (*tlcp.Config, error) {
		if err := t.enterShaking(hello.Context(), hello.Conn); err != nil {
			return nil, err
		}
		if before != nil {
			return before(hello)
		}
		return nil, nil
	}
	return config
}

// enterShaking takes the turn of a handshake, which the connection's seat gives back.
func (t *turns) enterShaking(ctx context.Context, conn net.Conn) error {
	if begun, ok := conn.(*started); ok {
		conn = begun.Conn
	}
	c, ok := conn.(*seat)
	if !ok {
		return nil
	}
	if err := t.enter(ctx, c.crowd); err != nil {
		return err
	}
	c.shaking.Store(t)
	return nil
}
