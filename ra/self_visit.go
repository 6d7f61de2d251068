package ra

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Visit says who is asking for what other rooms put on the listener of self-service: a
// holder by a good certificate, and the node the holder belongs to. Anybody else is "",
// belongs to the home node, and is counted by address (host:port).
func (f Self) Visit(ctx context.Context, address string) (holder, node string, err error) {
	home := f.r.cfg.Home.ID
	who, err := f.enter(ctx)
	if err != nil { // without a certificate, or with one that is not good
		return "", home, f.count(ctx, f.perSource(), sourceOf(withSource(ctx, address)))
	}
	err = f.r.cfg.DB.Read().QueryRowContext(ctx, "SELECT node FROM ra_holder WHERE id = $1", who.Name).Scan(&node)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", "", fmt.Errorf("reading where a holder belongs: %w", err)
	}
	if _, err := f.r.activeNode(ctx, node); err != nil {
		node = home // a counter that was closed helps nobody any more
	}
	return who.Name, node, nil
}

// Write counts something a visitor leaves for officers to read: of a holder by who it
// is, of anybody else by address, a third as often as calls.
func (f Self) Write(ctx context.Context, address string) error {
	l := limit{"write", max(f.perSource().most/3, 1), time.Hour}
	if who, err := f.enter(ctx); err == nil {
		return f.count(ctx, l, "holder/"+who.Name)
	}
	return f.count(ctx, l, "source/"+sourceOf(withSource(ctx, address)))
}
