package ra

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"onecert/notice"
	"onecert/pki"
)

// reminded is how many certificates a transaction of reminders takes.
const reminded = 200

// RunReminders tells holders of the end of their certificates, each hour, until ctx
// ends.
func (r *Registration) RunReminders(ctx context.Context) error {
	for ctx.Err() == nil {
		if _, err := r.Remind(ctx); err != nil && ctx.Err() == nil {
			r.cfg.Log.Error("holders could not be reminded of the end of their certificates", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Hour):
		}
	}
	return ctx.Err()
}

// Remind posts the reminders that are due and returns how many certificates they are
// of. After a pause, however long, a holder gets the most urgent one only, and each
// once. For each number of days it is kept up to which end of life certificates were
// looked at, so a pass reads only what has come into reach since the last.
func (r *Registration) Remind(ctx context.Context) (n int, err error) {
	if r.cfg.Notices.Outbox == nil {
		return 0, nil
	}
	days := r.cfg.Notices.reminders()
	slices.Sort(days)
	now := r.now()
	for _, d := range days {
		for more := true; more; {
			did := 0
			err := r.cfg.DB.Tx(ctx, func(tx *sql.Tx) (err error) {
				did, more, err = r.remindOf(ctx, tx, d, days, now)
				return err
			})
			if err != nil {
				return n, fmt.Errorf("reminding %d days before the end: %w", d, err)
			}
			n += did
		}
	}
	return n, nil
}

// place is up to where reminders of some days have been made: a moment, and within it
// a certificate.
type place struct {
	until          int64
	issuer, serial string
}

// remindOf takes the next certificates whose end has come so near, and moves on.
func (r *Registration) remindOf(ctx context.Context, tx *sql.Tx, d int, days []int, now time.Time) (did int, more bool, err error) {
	from, err := readPlace(ctx, tx, d, now)
	if err != nil {
		return 0, false, err
	}
	reach := millis(now.Add(time.Duration(d) * 24 * time.Hour))
	all, err := collect(ctx, tx, scanCertificate, "SELECT "+certificateColumns+` FROM ra_certificate WHERE not_after <= $1
		AND (not_after > $2 OR not_after = $2 AND (issuer > $3 OR issuer = $3 AND serial > $4)) ORDER BY not_after, issuer, serial LIMIT $5`,
		reach, from.until, from.issuer, from.serial, reminded)
	if err != nil {
		return 0, false, err
	}
	to := place{until: max(reach+1, from.until)} // the first moment not looked at
	if more = len(all) == reminded; more {
		last := all[len(all)-1]
		to = place{millis(last.NotAfter), last.Issuer, string(last.Serial)}
	}
	for _, c := range all {
		which, due := notice.Due(c.NotAfter, now, days, nil)
		if !due || which != d || c.State != pki.Valid && c.State != pki.Held {
			continue // a more urgent one is due, or nothing is to be renewed
		}
		posted, err := r.remind(ctx, tx, c, d, now)
		if err != nil {
			return 0, false, fmt.Errorf("certificate %s: %w", c.Serial, err)
		}
		if posted {
			did++
		}
	}
	return did, more, writePlace(ctx, tx, d, to)
}

// remind posts the reminder of one certificate unless its holder has a later one.
func (r *Registration) remind(ctx context.Context, tx *sql.Tx, c *Certificate, d int, now time.Time) (posted bool, err error) {
	var later int
	err = tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM ra_certificate WHERE holder = $1 AND profile = $2 AND name = $3 AND state = 'valid' AND not_after > $4`,
		c.Holder, c.Profile, c.Name, millis(c.NotAfter)).Scan(&later)
	if err != nil || later > 0 {
		return false, err
	}
	key := fmt.Sprintf("expiry/%d/%s/%s", d, c.Issuer, c.Serial)
	n := notice.Notice{Key: key, Kind: noticeExpiry, Until: c.NotAfter}
	if err := r.postHooks(ctx, tx, n, map[string]string{"issuer": c.Issuer, "serial": string(c.Serial), "kind": string(c.Kind), "node": c.Node,
		"not_after": c.NotAfter.UTC().Format(time.RFC3339), "days": strconv.Itoa(d)}); err != nil {
		return false, err
	}
	if told, err := r.toldAbove(ctx, tx); err != nil || told {
		return len(r.cfg.Notices.Webhooks) > 0, err
	}
	a, err := scanApplication(tx.QueryRowContext(ctx, "SELECT "+applicationColumns+" FROM ra_application WHERE id = $1", c.Application))
	if errors.Is(err, sql.ErrNoRows) {
		a, err = &Application{ID: c.Application}, nil // an import
	}
	if err != nil {
		return false, err
	}
	a.Holder = c.Holder
	to, ok, err := r.vettedMail(ctx, tx, a)
	if err != nil || !ok {
		return len(r.cfg.Notices.Webhooks) > 0, err
	}
	left := int(c.NotAfter.Sub(now).Hours() / 24)
	n.Channel, n.To = notice.Mail, to
	n.Message.Files = []notice.File{notice.CalendarFile("certificate.ics", r.endOf(c, now))}
	return true, r.postMail(ctx, tx, n, map[string]string{"Date": c.NotAfter.In(china).Format(time.DateOnly), "Days": strconv.Itoa(left),
		"Name": c.Name, "Serial": string(c.Serial), "Site": r.cfg.Notices.Site})
}

// vettedMail is mailOf with what the holder changed since before what the application
// said years ago.
func (r *Registration) vettedMail(ctx context.Context, q querier, a *Application) (notice.Address, bool, error) {
	known, err := r.contacts(ctx, q, a.Holder)
	if err != nil {
		return notice.Address{}, false, err
	}
	if to, err := notice.ParseAddress(known["mail"]); err == nil && r.cfg.Notices.Outbox.Has(notice.Mail) {
		return to, true, nil
	}
	return r.mailOf(ctx, q, a)
}

// china is the time people read dates in; there is one in the country.
var china = time.FixedZone("UTC+8", 8*60*60)

// endOf is the end of a certificate in a calendar. Every reminder has the same entry.
func (r *Registration) endOf(c *Certificate, now time.Time) notice.Event {
	return notice.Event{UID: c.Issuer + "-" + string(c.Serial) + "@onecert", Stamp: now, At: c.NotAfter,
		Summary: "证书到期 / Certificate ends: " + c.Name, Description: "序列号 / Serial: " + string(c.Serial) + "\n" + r.cfg.Notices.Site,
		Before: []time.Duration{7 * 24 * time.Hour, 24 * time.Hour}}
}

// readPlace begins with now where these days were never looked at: what has ended has
// ended.
func readPlace(ctx context.Context, tx *sql.Tx, d int, now time.Time) (p place, err error) {
	err = tx.QueryRowContext(ctx, "SELECT until, issuer, serial FROM ra_reminded WHERE days = $1", d).Scan(&p.until, &p.issuer, &p.serial)
	if errors.Is(err, sql.ErrNoRows) {
		return place{until: millis(now)}, nil
	}
	if err != nil {
		return p, fmt.Errorf("reading how far holders were reminded: %w", err)
	}
	return p, nil
}

func writePlace(ctx context.Context, tx *sql.Tx, d int, p place) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO ra_reminded (days, until, issuer, serial) VALUES ($1, $2, $3, $4)
		ON CONFLICT (days) DO UPDATE SET until = excluded.until, issuer = excluded.issuer, serial = excluded.serial`, d, p.until, p.issuer, p.serial)
	if err != nil {
		return fmt.Errorf("noting how far holders were reminded: %w", err)
	}
	return nil
}
