package db

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// ErrLeased is what Lease answers while another process holds it.
var ErrLeased = errors.New("another process holds the lease")

// Lease makes this process the only one that writes under name, until release is
// called or the process ends: an flock beside SQLite's file, a session advisory
// lock on PostgreSQL. It does not wait.
func (d *DB) Lease(ctx context.Context, name string) (release func(), err error) {
	if d.write == nil {
		return nil, ErrReadOnly
	}
	if d.Dialect == SQLite {
		return leaseFile(d.path + "." + name + ".lock")
	}
	return leaseSession(ctx, d.source, name)
}

func leaseFile(path string) (func(), error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("taking the lease: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		file.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = ErrLeased
		}
		return nil, fmt.Errorf("taking the lease: %w", err)
	}
	return func() { file.Close() }, nil
}

func leaseSession(ctx context.Context, source, name string) (func(), error) {
	conn, err := pgx.Connect(ctx, source)
	if err != nil {
		return nil, fmt.Errorf("taking the lease: %w", err)
	}
	hash := fnv.New64a()
	hash.Write([]byte("onecert:" + name))
	key, got := int64(hash.Sum64()), false
	err = conn.QueryRow(ctx, "SELECT pg_try_advisory_lock($1)", key).Scan(&got)
	if err == nil && !got {
		err = ErrLeased
	}
	if err != nil {
		conn.Close(context.Background())
		return nil, fmt.Errorf("taking the lease: %w", err)
	}
	return func() { unlock(conn, key) }, nil
}

// unlock gives the lock back before it closes: the server notices the end of a
// connection some time later, and who takes the lease next may be there by then.
func unlock(conn *pgx.Conn, key int64) {
	defer closeSoon(conn)
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	// If the server does not answer, its end of the connection ends the lock.
	_, _ = conn.Exec(ctx, "SELECT pg_advisory_unlock($1)", key)
}
