package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"slices"
	"sync"
	"time"

	"onecert/db"
	"onecert/pki"
	"onecert/status"
)

// follow shows how long after its commit a change of state reaches who follows the
// journal: in the same process, and on PostgreSQL as another process does.
func (b *bench) follow(ctx context.Context) error {
	rows := [][]string{{"", "p50 ms", "p99 ms", "commit ms"}}
	for _, e := range b.engines {
		source, err := e.fresh()
		if err != nil {
			return err
		}
		d, err := db.Open(ctx, source)
		if err != nil {
			return err
		}
		defer d.Close()
		journal, err := status.Open(ctx, d)
		if err != nil {
			return err
		}
		lags, commit, err := b.lag(ctx, d, journal, journal)
		if err != nil {
			return err
		}
		rows = append(rows, lagRow(e.name+", same process", lags, commit))
		if d.Dialect != db.Postgres {
			continue // another process looks once a second there
		}
		other, err := db.OpenReadOnly(ctx, source)
		if err != nil {
			return err
		}
		defer other.Close()
		if lags, commit, err = b.lag(ctx, d, journal, status.OpenReadOnly(other)); err != nil {
			return err
		}
		rows = append(rows, lagRow(e.name+", by notification", lags, commit))
	}
	b.out.table("From the commit of a change to its follower", rows,
		"On SQLite a follower in another process looks once a second. Commit: what the writer itself waited.")
	return nil
}

func lagRow(name string, lags []time.Duration, commit time.Duration) []string {
	slices.Sort(lags)
	return []string{name, millis(lags[len(lags)/2]), millis(lags[len(lags)*99/100]), millis(commit)}
}

// lag commits changes one by one and measures when the follower has each.
func (b *bench) lag(ctx context.Context, d *db.DB, writer, reader *status.Journal) (lags []time.Duration, commit time.Duration, err error) {
	ctx, cancel := context.WithCancel(ctx)
	var following sync.WaitGroup
	defer following.Wait()
	defer cancel()
	last, err := writer.Last(ctx)
	if err != nil {
		return nil, 0, err
	}
	seen := make(chan time.Time, 16)
	following.Go(func() {
		// It ends with ctx; should it end before, the wait below says so.
		_ = reader.Follow(ctx, last, func(entries []status.Entry) error {
			now := time.Now()
			for range entries {
				seen <- now
			}
			return nil
		})
	})
	time.Sleep(200 * time.Millisecond) // until the follower listens
	n := pick(b, 50, 300)
	for range n {
		serial, err := pki.NewSerial(rand.Reader)
		if err != nil {
			return nil, 0, err
		}
		change := status.Change{Issuer: "sm2", Serial: serial, Event: status.Issued, At: time.Now(), NotAfter: time.Now().AddDate(1, 0, 0)}
		start := time.Now()
		if err := d.Tx(ctx, func(tx *sql.Tx) error { _, err := writer.Append(ctx, tx, change); return err }); err != nil {
			return nil, 0, err
		}
		writer.Wake()
		done := time.Now()
		commit += done.Sub(start)
		select {
		case at := <-seen:
			lags = append(lags, max(0, at.Sub(done)))
		case <-time.After(5 * time.Second):
			return nil, 0, fmt.Errorf("the follower heard nothing")
		}
		time.Sleep(2 * time.Millisecond)
	}
	return lags, commit / time.Duration(n), nil
}
