package ra

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"time"

	"onecert/pki"
)

// limit is how often something may be asked within a time.
type limit struct {
	what   string
	most   int
	within time.Duration
}

// The limits of self-service. Codes have eight digits and five tries each: fifty
// guesses a day find one of a hundred million in five thousand years.
var (
	codesAnHour = limit{"codes", 3, time.Hour}
	codesADay   = limit{"codes-day", 10, 24 * time.Hour}
	looksAnHour = limit{"looks", 10, time.Hour}
)

// perSource is the limit of unidentified calls from one address.
func (f Self) perSource() limit {
	most := f.r.cfg.Self.PerSource
	if most <= 0 {
		most = usualPerSource
	}
	return limit{"source", most, time.Hour}
}

// subject hides who asked: what is counted is kept as a hash.
func (l limit) subject(who string) string {
	sum := sha256.Sum256([]byte("ra limit\x00" + l.what + "\x00" + who))
	return hex.EncodeToString(sum[:16])
}

func (l limit) slot(now time.Time) int64 { return now.UnixMilli() / l.within.Milliseconds() }

// note counts one more and returns how many there are.
func (l limit) note(ctx context.Context, tx *sql.Tx, who string, now time.Time) (n int, err error) {
	err = tx.QueryRowContext(ctx, `INSERT INTO ra_attempt (subject, slot, n) VALUES ($1, $2, 1)
		ON CONFLICT (subject, slot) DO UPDATE SET n = ra_attempt.n + 1 RETURNING n`, l.subject(who), l.slot(now)).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("counting tries: %w", err)
	}
	return n, nil
}

// takeBack takes back what was noted.
func (l limit) takeBack(ctx context.Context, tx *sql.Tx, who string, now time.Time) error {
	_, err := tx.ExecContext(ctx, "UPDATE ra_attempt SET n = n - 1 WHERE subject = $1 AND slot = $2 AND n > 0", l.subject(who), l.slot(now))
	return err
}

// count notes one more and refuses what is too many. It commits before the answer, so
// that a refused try counts as well, and calls at once count apart.
func (f Self) count(ctx context.Context, l limit, who string) error {
	if err := f.below(ctx, l, who); err != nil {
		return err
	}
	var n int
	err := f.r.cfg.DB.Tx(ctx, func(tx *sql.Tx) (err error) {
		n, err = l.note(ctx, tx, who, f.r.now())
		return err
	})
	if err != nil {
		return err
	}
	if n > l.most {
		return tooOften()
	}
	return nil
}

// below refuses who is beyond a limit already, without a word written.
func (f Self) below(ctx context.Context, l limit, who string) error {
	var n int
	err := f.r.cfg.DB.Read().QueryRowContext(ctx, "SELECT n FROM ra_attempt WHERE subject = $1 AND slot = $2", l.subject(who), l.slot(f.r.now())).Scan(&n)
	if err == nil && n > l.most {
		return tooOften()
	}
	return nil // what cannot be read is written next, and says so
}

// forgive takes back a try that was right.
func (f Self) forgive(ctx context.Context, l limit, who string) error {
	return f.r.cfg.DB.Tx(ctx, func(tx *sql.Tx) error { return l.takeBack(ctx, tx, who, f.r.now()) })
}

func tooOften() error {
	return pki.Errorf(pki.Unavailable, "self.often", "that was tried too often").To("try again later, or go to a counter")
}

// Sweep forgets what codes, limits and packages that were fetched no longer need; the
// process calls it each hour.
func (f Self) Sweep(ctx context.Context) error {
	now := f.r.now()
	return f.r.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "DELETE FROM ra_ticket WHERE until < $1", millis(now.Add(-24*time.Hour))); err != nil {
			return fmt.Errorf("forgetting codes: %w", err)
		}
		// Slots of days have small numbers, of hours large ones: each is compared with its own.
		day, hour := codesADay.slot(now), codesAnHour.slot(now)
		if _, err := tx.ExecContext(ctx, "DELETE FROM ra_attempt WHERE slot < $1 OR slot > $2 AND slot < $3", day, day+1000, hour); err != nil {
			return fmt.Errorf("forgetting tries: %w", err)
		}
		if err := f.r.forgetWays(ctx, tx); err != nil {
			return err
		}
		return f.r.forget(ctx, tx)
	})
}
