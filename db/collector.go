package db

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"time"
)

// A batch waits for company while others have work to do on the processor that may
// end in a job: at most for patience, and no longer when so many looks in a row
// found nobody.
const (
	patience = time.Millisecond
	looks    = 3
)

// ErrStopped is what a Collector answers after Stop.
var ErrStopped = errors.New("the store is stopping")

// errNoAnswer goes to a job its batch said nothing about: never taken for done.
var errNoAnswer = errors.New("the batch gave no answer for this job")

// Collector is group commit: callers hand in jobs, one goroutine takes all that
// wait and runs them together, usually in one transaction. While one batch
// commits the next gathers, so an idle store adds no delay and a busy one makes
// one commit for many jobs.
type Collector[T any] struct {
	run   func(ctx context.Context, jobs []T) []error
	max   int
	queue chan waiting[T]
	stop  chan struct{}
	done  chan struct{}
	once  sync.Once
}

type waiting[T any] struct {
	job    T
	answer chan error
}

// Collect starts a Collector. run gets 1 to max jobs and returns one error (or
// nil) each, in order; a nil slice means all are done. It runs to its end even if
// a caller has gone: what was begun is finished.
func Collect[T any](max int, run func(ctx context.Context, jobs []T) []error) *Collector[T] {
	c := &Collector[T]{run: run, max: max, queue: make(chan waiting[T], max),
		stop: make(chan struct{}), done: make(chan struct{})}
	go c.loop()
	return c
}

// Do hands in a job and waits until its batch is done. It returns early with the
// context's error; the job may then still be carried out.
func (c *Collector[T]) Do(ctx context.Context, job T) error {
	w := waiting[T]{job: job, answer: make(chan error, 1)}
	select {
	case c.queue <- w:
	case <-c.stop:
		return ErrStopped
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-w.answer:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-c.done:
		// Stop drains the queue; an answer may have been given in the same moment.
		select {
		case err := <-w.answer:
			return err
		default:
			return ErrStopped
		}
	}
}

// Stop finishes the jobs already handed in and ends the goroutine.
func (c *Collector[T]) Stop() {
	c.once.Do(func() { close(c.stop) })
	<-c.done
}

func (c *Collector[T]) loop() {
	defer close(c.done)
	for {
		select {
		case first := <-c.queue:
			c.batch(first)
		case <-c.stop:
			c.drain()
			return
		}
	}
}

func (c *Collector[T]) drain() {
	for {
		select {
		case first := <-c.queue:
			c.batch(first)
		default:
			return
		}
	}
}

// gather takes what waits, and what comes when others are let run first: a commit
// costs the same for one job and for many. On an idle machine nobody is there to be
// let run, and nothing is waited for.
func (c *Collector[T]) gather(first waiting[T]) []waiting[T] {
	batch := c.take([]waiting[T]{first})
	end := time.Now().Add(patience)
	for look := 0; look < looks && len(batch) < c.max && time.Now().Before(end); look++ {
		runtime.Gosched()
		had := len(batch)
		if batch = c.take(batch); len(batch) > had {
			look = 0
		}
	}
	return batch
}

// take adds what waits now.
func (c *Collector[T]) take(batch []waiting[T]) []waiting[T] {
	for len(batch) < c.max {
		select {
		case w := <-c.queue:
			batch = append(batch, w)
		default:
			return batch
		}
	}
	return batch
}

func (c *Collector[T]) batch(first waiting[T]) {
	batch := c.gather(first)
	jobs := make([]T, len(batch))
	for i, w := range batch {
		jobs[i] = w.job
	}
	errs := c.run(context.Background(), jobs)
	for i, w := range batch {
		switch {
		case errs == nil:
			w.answer <- nil
		case i < len(errs):
			w.answer <- errs[i]
		default:
			w.answer <- errNoAnswer
		}
	}
}
