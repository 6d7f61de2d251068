package db_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"onecert/db"
	"onecert/pkitest"
)

// While one batch runs, the jobs that come gather into the next, up to max.
func TestCollectorGathers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate, sizes := make(chan struct{}), []int{}
		c := db.Collect(4, func(_ context.Context, jobs []int) []error {
			sizes = append(sizes, len(jobs))
			<-gate
			return nil
		})
		var all sync.WaitGroup
		for i := range 10 {
			all.Go(func() {
				if err := c.Do(t.Context(), i); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait() // the first job is in its batch before the others come
		}
		close(gate)
		all.Wait()
		c.Stop()
		if total := sum(sizes); total != 10 || sizes[0] != 1 || slices.Max(sizes) != 4 {
			t.Errorf("batches of %v", sizes)
		}
	})
}

// Callers that come back for more find themselves together again, though the first
// of them is served at once; a lone caller is never kept waiting.
func TestCollectorGathersThoseWhoReturn(t *testing.T) {
	const callers, rounds = 16, 200
	batches := 0
	c := db.Collect(64, func(context.Context, []int) []error {
		batches++
		return nil
	})
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			for i := range rounds {
				if err := c.Do(t.Context(), i); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	c.Stop()
	if batches > callers*rounds/2 {
		t.Errorf("%d batches for %d jobs", batches, callers*rounds)
	}
	synctest.Test(t, func(t *testing.T) {
		c := db.Collect(64, func(context.Context, []int) []error { return nil })
		start := time.Now()
		for i := range 100 {
			if err := c.Do(t.Context(), i); err != nil {
				t.Error(err)
			}
		}
		if waited := time.Since(start); waited != 0 {
			t.Errorf("a lone caller waited %v", waited)
		}
		c.Stop()
	})
}

func sum(numbers []int) (total int) {
	for _, n := range numbers {
		total += n
	}
	return total
}

func TestCollectorGivesEachItsError(t *testing.T) {
	c := db.Collect(8, func(_ context.Context, jobs []int) []error {
		errs := make([]error, len(jobs))
		for i, job := range jobs {
			if job%3 == 0 {
				errs[i] = fmt.Errorf("job %d", job)
			}
		}
		return errs
	})
	defer c.Stop()
	var all sync.WaitGroup
	for job := range 200 {
		all.Go(func() {
			want := "<nil>"
			if job%3 == 0 {
				want = fmt.Sprintf("job %d", job)
			}
			if got := fmt.Sprint(c.Do(t.Context(), job)); got != want {
				t.Errorf("job %d got %s", job, got)
			}
		})
	}
	all.Wait()
}

// Silence about a job is not success.
func TestCollectorMissingAnswers(t *testing.T) {
	c := db.Collect(8, func(context.Context, []int) []error { return []error{} })
	defer c.Stop()
	if err := c.Do(t.Context(), 1); err == nil {
		t.Error("taken for done")
	}
}

func TestCollectorStopDrains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate, done := make(chan struct{}), 0
		c := db.Collect(2, func(_ context.Context, jobs []int) []error {
			<-gate
			done += len(jobs)
			return nil
		})
		errs := make(chan error, 3)
		for i := range 3 {
			go func() { errs <- c.Do(t.Context(), i) }()
			synctest.Wait()
		}
		var stopping sync.WaitGroup
		for range 2 { // twice does no harm
			stopping.Go(c.Stop)
		}
		synctest.Wait()
		close(gate)
		for range 3 {
			if err := <-errs; err != nil {
				t.Errorf("a job handed in before Stop got %v", err)
			}
		}
		stopping.Wait()
		if err := c.Do(t.Context(), 9); !errors.Is(err, db.ErrStopped) || done != 3 {
			t.Errorf("after Stop: %v, %d done", err, done)
		}
	})
}

// A caller that goes away does not take its job with it.
func TestCollectorContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate, done := make(chan struct{}), 0
		c := db.Collect(1, func(ctx context.Context, jobs []int) []error {
			<-gate
			if ctx.Err() != nil {
				t.Error("the batch saw a caller's context")
			}
			done += len(jobs)
			return nil
		})
		ctx, cancel := context.WithCancel(t.Context())
		errs := make(chan error, 3)
		for i := range 3 { // one runs, one waits in the queue, one is not yet in it
			go func() { errs <- c.Do(ctx, i) }()
			synctest.Wait()
		}
		cancel()
		for range 3 {
			if err := <-errs; !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
		}
		close(gate)
		c.Stop()
		if done != 2 {
			t.Errorf("%d jobs done, want the two handed in", done)
		}
	})
}

// The way rooms use it: each job in a savepoint, one commit for all, and a refused
// job leaves nothing on either engine.
func TestGroupCommit(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		d := open(t, source)
		table(t, d)
		c := db.Collect(16, func(ctx context.Context, jobs []int) []error {
			errs := make([]error, len(jobs))
			err := d.Tx(ctx, func(tx *sql.Tx) error {
				for i, job := range jobs {
					errs[i] = db.Savepoint(ctx, tx, func() error {
						// Each pair of jobs wants the same name; the id is written first.
						return errors.Join(add(ctx, tx, job, fmt.Sprintf("n%d", job)), add(ctx, tx, 1000+job, fmt.Sprintf("pair%d", job/2)))
					})
				}
				return nil
			})
			if err != nil {
				return slices.Repeat([]error{err}, len(jobs))
			}
			return errs
		})
		defer c.Stop()
		var all sync.WaitGroup
		var mu sync.Mutex
		refused := 0
		for job := range 200 {
			all.Go(func() {
				err := c.Do(t.Context(), job)
				if err == nil {
					return
				}
				if !db.IsDuplicate(err) {
					t.Errorf("job %d: %v", job, err)
				}
				mu.Lock()
				refused++
				mu.Unlock()
			})
		}
		all.Wait()
		var rows int
		if err := d.Read().QueryRow("SELECT count(*) FROM thing").Scan(&rows); err != nil || rows != 200 || refused != 100 {
			t.Errorf("%d rows, %d refused, %v", rows, refused, err)
		}
	})
}
