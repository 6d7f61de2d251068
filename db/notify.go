package db

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Notice is the statement that wakes the listeners of channel in every process when
// its transaction commits. On SQLite it does nothing: its listeners are in this
// process or poll.
func (d *DB) Notice(channel string) Statement {
	if d.Dialect != Postgres {
		return Statement{}
	}
	return Do("SELECT pg_notify($1, '')", channel)
}

// Listen calls woken at each notification on channel until ctx ends or the
// connection, which is its own, breaks. On SQLite it only waits for ctx.
// channel is a constant of the calling room's code, never input.
func (d *DB) Listen(ctx context.Context, channel string, woken func()) error {
	if d.Dialect != Postgres {
		<-ctx.Done()
		return ctx.Err()
	}
	conn, err := pgx.Connect(ctx, d.source)
	if err != nil {
		return fmt.Errorf("listening on %s: %w", channel, err)
	}
	defer closeSoon(conn)
	if _, err := conn.Exec(ctx, "LISTEN "+pgx.Identifier{channel}.Sanitize()); err != nil {
		return fmt.Errorf("listening on %s: %w", channel, err)
	}
	woken() // what was committed before the LISTEN took effect told nobody
	for {
		if _, err := conn.WaitForNotification(ctx); err != nil {
			return fmt.Errorf("listening on %s: %w", channel, err)
		}
		woken()
	}
}

// closeSoon says goodbye without waiting for a server that is gone.
func closeSoon(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	conn.Close(ctx)
}
