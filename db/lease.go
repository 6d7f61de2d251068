package db

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
)

// ErrLeased is what Lease answers while another process holds it.
var ErrLeased = errors.New("another process holds the lease")

// ErrLeaseLost is what writing answers once another process has taken the lease over.
// What this process remembers of the database may be wrong by then: it must end.
var ErrLeaseLost = errors.New("another process has taken the lease over")

// Lease makes this process the only one that writes under name, until release is
// called or the process ends: an flock beside SQLite's file, a session advisory
// lock and a fence on PostgreSQL. It does not wait.
//
// A session can break while its process lives. Every Tx of d therefore looks whether
// the lease is still its own, and who takes a lease over waits for the transactions
// of the one before: nothing of that one is committed after. A session that broke
// while nobody took over is made again by itself.
func (d *DB) Lease(ctx context.Context, name string) (release func(), err error) {
	if d.write == nil {
		return nil, ErrReadOnly
	}
	if d.Dialect == SQLite {
		return leaseFile(d.path + "." + name + ".lock")
	}
	return d.leaseSession(ctx, name)
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
