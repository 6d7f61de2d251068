package status_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"onecert/db"
	"onecert/pki"
	"onecert/pkitest"
	"onecert/status"
)

func TestNextWaitsForWake(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		h.SetPoll(time.Hour) // only the wake can end the wait
		got := make(chan []status.Entry, 1)
		go func() {
			entries, err := h.Next(t.Context(), 0, 10)
			if err != nil {
				t.Error(err)
			}
			got <- entries
		}()
		select {
		case <-got:
			t.Fatal("it did not wait")
		case <-time.After(20 * time.Millisecond):
		}
		want := h.must(t, issued(serial(), start))
		if entries := <-got; len(entries) != 1 || entries[0] != want[0] {
			t.Errorf("got %+v, want %+v", entries, want)
		}
	})
}

func TestNextPolls(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		writer, reader := open(t, source), open(t, source) // as two processes
		reader.SetPoll(10 * time.Millisecond)
		time.AfterFunc(20*time.Millisecond, func() { writer.put(t.Context(), issued(serial(), start)) })
		if entries, err := reader.Next(t.Context(), 0, 0); err != nil || len(entries) != 1 {
			t.Errorf("got %+v, %v", entries, err)
		}
	})
}

// On PostgreSQL a follower in another process wakes without polling.
func TestFollowWakesByNotification(t *testing.T) {
	source := pkitest.Postgres(t)
	writer, reader := open(t, source), open(t, source)
	reader.SetPoll(time.Hour)
	stop := errors.New("stop")
	for number := range int64(3) {
		timer := time.AfterFunc(50*time.Millisecond, func() { writer.put(t.Context(), issued(serial(), start)) })
		err := reader.Follow(t.Context(), number, func([]status.Entry) error { return stop })
		if !errors.Is(err, stop) {
			t.Fatal(err)
		}
		timer.Stop()
	}
}

func TestNextLimitsAndEnds(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		var changes []status.Change
		for range 25 {
			changes = append(changes, issued(serial(), start))
		}
		h.must(t, changes...)
		for after, want := range map[int64]int{-5: 10, 0: 10, 10: 10, 20: 5} {
			if entries, err := h.Next(t.Context(), after, 10); err != nil || len(entries) != want {
				t.Errorf("after %d: %d entries, %v", after, len(entries), err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		if _, err := h.Next(ctx, 25, 10); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("at the end: %v", err)
		}
		if _, err := h.Next(t.Context(), 26, 10); pki.CodeOf(err) != "status.rewound" {
			t.Errorf("beyond the end: %v", err)
		}
	})
}

func TestNextNoticesAMissingEntry(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		h.must(t, issued(serial(), start), issued(serial(), start), issued(serial(), start))
		err := h.d.Tx(t.Context(), func(tx *sql.Tx) error {
			_, err := tx.Exec("DELETE FROM status_journal WHERE number = 2")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.Next(t.Context(), 0, 0); pki.CodeOf(err) != "status.gap" {
			t.Errorf("got %v", err)
		}
	})
}

func TestFollowReturnsItsCallersError(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		h.must(t, issued(serial(), start))
		boom := errors.New("boom")
		if err := h.Follow(t.Context(), 0, func([]status.Entry) error { return boom }); !errors.Is(err, boom) {
			t.Errorf("got %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		err := h.Follow(ctx, 0, func([]status.Entry) error { cancel(); return nil })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}

// Many writers, some of whose transactions fail, and followers that began before
// the first: numbers have no gap and no follower misses or repeats one.
func TestConcurrentWritersAndFollowers(t *testing.T) {
	const writers, rounds = 6, 15
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		houses := []house{open(t, source), open(t, source)} // two processes
		boom := errors.New("boom")
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		const total = writers * rounds * 3
		var followers, all sync.WaitGroup
		for _, h := range houses {
			followers.Go(func() {
				if err := h.Follow(ctx, 0, expect(total)); !errors.Is(err, errAll) {
					t.Error(err)
				}
			})
		}
		for w := range writers {
			all.Go(func() {
				h := houses[w%2]
				for round := range rounds {
					s := serial()
					if _, err := h.put(ctx, issued(s, start), issued(serial(), start), changed(s, status.Revoked, start)); err != nil {
						t.Error(err)
					}
					if round%3 == 0 {
						h.d.Tx(ctx, func(tx *sql.Tx) error {
							_, err := h.Append(ctx, tx, issued(serial(), start))
							return errors.Join(err, boom)
						})
					}
				}
			})
		}
		all.Wait()
		followers.Wait()
		houses[0].check(t)
	})
}

var errAll = errors.New("all there")

// expect accepts entries 1 to total, each once and in order, and then ends.
func expect(total int64) func([]status.Entry) error {
	var last int64
	return func(entries []status.Entry) error {
		for _, e := range entries {
			if last++; e.Number != last {
				return fmt.Errorf("entry %d came where %d should", e.Number, last)
			}
		}
		if last == total {
			return errAll
		}
		return nil
	}
}

// A writer killed at any instant leaves whole transactions only. The test runs
// itself as the writer.
func TestKilledWriter(t *testing.T) {
	if source := os.Getenv("STATUSTEST_WRITE"); source != "" {
		h := open(t, source)
		for {
			s := serial()
			h.must(t, issued(s, start), issued(serial(), start), changed(s, status.Held, start), changed(s, status.Revoked, start))
			os.WriteFile(os.Getenv("STATUSTEST_READY"), nil, 0o600)
		}
	}
	each(t, func(t *testing.T, h house) {
		ready := filepath.Join(t.TempDir(), "ready")
		for round := range 4 {
			os.Remove(ready)
			child := exec.Command(os.Args[0], "-test.run=^TestKilledWriter$")
			child.Env = append(os.Environ(), "STATUSTEST_WRITE="+h.source, "STATUSTEST_READY="+ready)
			if err := child.Start(); err != nil {
				t.Fatal(err)
			}
			for range 6000 {
				if _, err := os.Stat(ready); err == nil {
					break
				}
				time.Sleep(10 * time.Millisecond)
			}
			time.Sleep(time.Duration(round*3) * time.Millisecond)
			child.Process.Kill()
			child.Wait()
			h.check(t)
			if last, err := h.Last(t.Context()); err != nil || last == 0 || last%4 != 0 {
				t.Fatalf("%d entries, %v: half a transaction", last, err)
			}
		}
	})
}

func TestOpenReadOnlyFollows(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		h := open(t, source)
		d, err := db.OpenReadOnly(t.Context(), source)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		want := h.must(t, issued(serial(), start))
		if got, err := status.OpenReadOnly(d).Next(t.Context(), 0, 0); err != nil || len(got) != 1 || got[0] != want[0] {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}
