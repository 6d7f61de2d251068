package kmc

import (
	"context"
	"database/sql"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"onecert/audit"
	"onecert/officer"
	"onecert/pki"
)

// chunks is how many pairs are made before they are stored together: about a tenth
// of a second's work, so that a pool far below its mark is soon of use.
var chunks = map[pki.Suite]int{pki.SM2: 256, pki.P256: 256, pki.P384: 64, pki.RSA2048: 4, pki.RSA3072: 2, pki.RSA4096: 1}

// After a failure the pool waits so long before it tries again, at most.
const (
	firstPause = time.Second
	longPause  = time.Minute
)

// tidyEvery is how often task numbers too old to matter are dropped.
const tidyEvery = time.Minute

// machine is who acts where nobody asked.
func (c *Centre) machine() pki.Actor { return pki.Actor{Name: "kmc"} }

// keepFull fills one suite's pool at the start and each time it falls below its
// low-water mark. A failure is logged once and tried again later; orders go on with
// pairs made on demand.
func (c *Centre) keepFull(ctx context.Context, suite pki.Suite) {
	pause := time.Duration(0)
	for {
		err := c.fill(ctx, suite, c.machine())
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			pause = 0
			select {
			case <-c.pool.low[suite]:
			case <-ctx.Done():
				return
			}
			continue
		}
		if pause == 0 {
			c.config.Log.LogAttrs(ctx, slog.LevelError, "the pool of spare keys cannot be filled",
				slog.String("suite", string(suite)), slog.Any("error", err))
		}
		pause = min(max(2*pause, firstPause), longPause)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
	}
}

// fill makes pairs up to the target, a chunk at a time; one at a time a suite, so
// that two do not both make what is missing.
func (c *Centre) fill(ctx context.Context, suite pki.Suite, by pki.Actor) error {
	select {
	case c.pool.filling[suite] <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-c.pool.filling[suite] }()
	for missing := c.pool.missing(suite); missing > 0; missing = c.pool.missing(suite) {
		records, err := c.makeChunk(ctx, suite, min(missing, chunks[suite]))
		if err != nil {
			return err
		}
		s := newStep(audit.Act{Actor: by, Act: "pool.fill", Object: string(suite), At: c.config.Now()})
		s.act.Detail["made"] = strconv.Itoa(len(records))
		if err := c.hand(ctx, &job{steps: []*step{s}, fill: records}); err != nil {
			return err
		}
	}
	return nil
}

func (c *Centre) makeChunk(ctx context.Context, suite pki.Suite, n int) ([]*record, error) {
	records := make([]*record, 0, n)
	start := time.Now()
	for range n {
		select {
		case c.makers <- struct{}{}:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		r, err := c.vault.make(suite)
		<-c.makers
		if err != nil {
			return nil, err
		}
		records = append(records, r)
	}
	c.pool.measured(suite, n, time.Since(start))
	return records, nil
}

// makeFor makes a pair for each step whose pool was empty, while its order waits.
func (c *Centre) makeFor(ctx context.Context, steps []*step) error {
	var group sync.WaitGroup
	for _, s := range steps {
		select {
		case c.urgent <- struct{}{}:
		case <-ctx.Done():
			group.Wait()
			return ctx.Err()
		}
		group.Go(func() {
			defer func() { <-c.urgent }()
			r, err := c.vault.make(s.take.use.suite)
			s.provide(r, err)
		})
	}
	group.Wait()
	return nil
}

// provide gives a step the pair made for it. If there is none, only the failure is
// left to be entered in the log.
func (s *step) provide(r *record, err error) {
	if s.err = nil; err == nil {
		s.take.record, s.take.fresh = r, true
		s.act.Detail["made"] = "on demand"
		return
	}
	s.take = nil
	s.err = pki.Errorf(pki.Unavailable, codeMaking, "no spare pair is ready and none can be made").
		To("look at the machine's source of randomness, then ask again").Because(err)
	s.act.Result, s.act.Detail["code"] = audit.Failed, codeMaking
}

// Fill makes the pools full now instead of in the background.
func (c *Centre) Fill(ctx context.Context) error {
	actor, err := c.config.Check(ctx, officer.FillPool)
	if err != nil {
		return err
	}
	for _, suite := range pki.Suites() {
		if err := c.fill(ctx, suite, actor); err != nil {
			return err
		}
	}
	return nil
}

// keepTidy drops task numbers once their messages would be refused by their time, and
// wipes signing keys whose time is over.
func (c *Centre) keepTidy(ctx context.Context) {
	tick := time.NewTicker(tidyEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		c.tidy(ctx)
		c.tidyHolderKeys(ctx)
	}
}

func (c *Centre) tidy(ctx context.Context) {
	err := c.config.DB.Tx(ctx, func(tx *sql.Tx) error {
		return forgetTasks(ctx, tx, c.config.Now().Add(-3*c.config.Window))
	})
	if err != nil && ctx.Err() == nil {
		c.config.Log.LogAttrs(ctx, slog.LevelWarn, "old task numbers cannot be dropped", slog.Any("error", err))
	}
}
