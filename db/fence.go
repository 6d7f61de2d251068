package db

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
)

// leaseTable says who holds which lease. It is no room's data: a copy of the database
// goes without it.
const leaseTable = "db_lease"

// leaseSchema is made by who takes the first lease. lease_held lets its transaction
// pass the fence and reports whether the lease is still of that holder. As it is
// volatile, the row is read as it is after waiting at the fence.
const leaseSchema = `
CREATE TABLE IF NOT EXISTS ` + leaseTable + ` (name TEXT PRIMARY KEY, holder TEXT NOT NULL);
CREATE OR REPLACE FUNCTION lease_held(lease TEXT, who TEXT, fence BIGINT) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	PERFORM pg_advisory_xact_lock_shared(fence);
	RETURN EXISTS (SELECT 1 FROM ` + leaseTable + ` WHERE name = lease AND holder = who);
END $$`

// session is a lease on PostgreSQL.
type session struct {
	source, name, holder string
	lost                 atomic.Bool
	end                  context.CancelFunc
	ended                chan struct{}
}

// fences are the leases that every Tx looks at.
type fences struct {
	mu  sync.RWMutex
	all []*session
}

func (f *fences) add(s *session) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all = append(f.all, s)
}

func (f *fences) drop(s *session) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all = slices.DeleteFunc(slices.Clone(f.all), func(other *session) bool { return other == s })
}

// pass refuses a transaction whose process holds a lease no longer.
func (f *fences) pass(ctx context.Context, tx *sql.Tx) error {
	f.mu.RLock()
	all := f.all
	f.mu.RUnlock()
	for _, s := range all {
		if err := s.pass(ctx, tx); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) pass(ctx context.Context, tx *sql.Tx) error {
	if s.lost.Load() {
		return ErrLeaseLost
	}
	held := false
	err := tx.QueryRowContext(ctx, "SELECT lease_held($1, $2, $3)", s.name, s.holder, s.key("fence")).Scan(&held)
	if err != nil {
		return fmt.Errorf("looking whether the lease is held: %w", err)
	}
	if !held {
		s.lost.Store(true)
		return ErrLeaseLost
	}
	return nil
}

func (d *DB) leaseSession(ctx context.Context, name string) (func(), error) {
	s := &session{source: d.source, name: name, holder: rand.Text(), ended: make(chan struct{})}
	conn, err := s.take(ctx)
	if err != nil {
		return nil, fmt.Errorf("taking the lease: %w", err)
	}
	var watching context.Context
	watching, s.end = context.WithCancel(context.Background())
	d.fences.add(s)
	go s.watch(watching, conn)
	return sync.OnceFunc(func() {
		s.end()
		<-s.ended
		d.fences.drop(s)
	}), nil
}

// key is the number of one of the lease's two advisory locks.
func (s *session) key(what string) int64 {
	hash := fnv.New64a()
	hash.Write([]byte("onecert:" + s.name))
	if what != "" {
		hash.Write([]byte(":" + what))
	}
	return int64(hash.Sum64())
}

// patient is how long who takes over waits for transactions of the holder before.
const patient = "SET lock_timeout = '10s'"

// lock connects and tries the session's lock; without an error the connection is
// the caller's.
func (s *session) lock(ctx context.Context) (conn *pgx.Conn, got bool, err error) {
	if conn, err = pgx.Connect(ctx, s.source); err != nil {
		return nil, false, err
	}
	if _, err = conn.Exec(ctx, patient); err == nil {
		err = conn.QueryRow(ctx, "SELECT pg_try_advisory_lock($1)", s.key("")).Scan(&got)
	}
	if err != nil {
		closeSoon(conn)
		return nil, false, err
	}
	return conn, got, nil
}

// take gets the lock and writes the new holder behind the fence.
func (s *session) take(ctx context.Context) (*pgx.Conn, error) {
	conn, got, err := s.lock(ctx)
	if err != nil {
		return nil, err
	}
	if !got {
		closeSoon(conn)
		return nil, ErrLeased
	}
	if err := s.enter(ctx, conn); err != nil {
		s.unlock(conn)
		return nil, err
	}
	return conn, nil
}

func (s *session) enter(ctx context.Context, conn *pgx.Conn) error {
	// Two leases may be taken at once, and "IF NOT EXISTS" is not safe then.
	schema := &session{name: "schema"}
	err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", schema.key("")); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, leaseSchema)
		return err
	})
	if err != nil {
		return fmt.Errorf("making its table: %w", err)
	}
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", s.key("fence")); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "INSERT INTO "+leaseTable+" (name, holder) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET holder = excluded.holder", s.name, s.holder)
		return err
	})
}

// again is how long to wait before trying to get a broken session back.
const again = 100 * time.Millisecond

// watch keeps the session until ctx ends: where it broke, it is made again.
func (s *session) watch(ctx context.Context, conn *pgx.Conn) {
	defer close(s.ended)
	for {
		for !conn.IsClosed() && ctx.Err() == nil {
			_, _ = conn.WaitForNotification(ctx) // nobody sends one: it ends with the session or ctx
		}
		if ctx.Err() != nil {
			s.unlock(conn)
			return
		}
		closeSoon(conn)
		if conn = s.regain(ctx); conn == nil {
			return
		}
	}
}

// regain returns the session made again, nil if the lease is lost or ctx has ended.
func (s *session) regain(ctx context.Context) *pgx.Conn {
	for {
		conn, err := s.retake(ctx)
		if err == nil {
			return conn
		}
		if errors.Is(err, ErrLeaseLost) {
			s.lost.Store(true)
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(again):
		}
	}
}

// retake gets the lock again if nobody held the lease meanwhile.
func (s *session) retake(ctx context.Context) (*pgx.Conn, error) {
	conn, got, err := s.lock(ctx)
	if err != nil {
		return nil, err
	}
	holder := ""
	err = conn.QueryRow(ctx, "SELECT COALESCE((SELECT holder FROM "+leaseTable+" WHERE name = $1), '')", s.name).Scan(&holder)
	switch {
	case err == nil && holder != s.holder:
		err = ErrLeaseLost
	case err == nil && !got: // our own broken session, which the server has not noticed, or one who is just taking over
		err = ErrLeased
	}
	if err != nil {
		s.unlock(conn)
		return nil, err
	}
	return conn, nil
}

// unlock gives the lock back before it closes: the server notices the end of a
// connection some time later, and who takes the lease next may be there by then.
func (s *session) unlock(conn *pgx.Conn) {
	defer closeSoon(conn)
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	// If the server does not answer, its end of the connection ends the lock.
	_, _ = conn.Exec(ctx, "SELECT pg_advisory_unlock($1)", s.key(""))
}
