package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"onecert/audit"
	"onecert/backup"
	"onecert/ca"
	"onecert/db"
	"onecert/officer"
	"onecert/status"
)

// kept is what one backup of a CA's database cost.
type kept struct {
	rows                          int64
	octets                        int64
	read, create, verify, restore time.Duration // read: every row once, nothing done with it
	creating, restoring           time.Duration // processor time, the database's too
}

// backups shows what keeping, checking and bringing back a CA costs, beside reading
// its rows without doing anything with them.
func (b *bench) backups(ctx context.Context) error {
	n := pick(b, min(b.stocked, 20_000), b.stocked)
	rows := [][]string{{"", "rows", "MB", "octets a certificate", "read, s", "create, s", "verify, s", "restore, s", "create/read", "restore/read", "create CPU s", "restore CPU s", "peak MB"}}
	for _, e := range b.engines {
		c := map[string]backup.Cipher{"sqlite": backup.SM4GCM, "postgres": backup.AES256GCM}[e.name]
		k, err := b.keep(ctx, e, n, c)
		if err != nil {
			return fmt.Errorf("%s: %w", e.name, err)
		}
		rows = append(rows, []string{e.name + ", " + string(c), fmt.Sprint(k.rows), digits(float64(k.octets) / 1e6), fmt.Sprint(k.octets / int64(n)),
			digits(k.read.Seconds()), digits(k.create.Seconds()), digits(k.verify.Seconds()), digits(k.restore.Seconds()),
			times(k.create.Seconds() / k.read.Seconds()), times(k.restore.Seconds() / k.read.Seconds()),
			digits(k.creating.Seconds()), digits(k.restoring.Seconds()), digits(mostMemory(os.Getpid()))})
	}
	b.out.table(fmt.Sprintf("Backup of a CA with %d certificates, dual SM2, with journal and audit log", n), rows,
		"The component may serve meanwhile; restore is into an empty database of the same engine and verifies the audit log.",
		"Peak: most memory this process ever had, the filling of the first database included.")
	return nil
}

// keep fills a database with n certificates, keeps it in an archive, checks that and
// brings it back.
func (b *bench) keep(ctx context.Context, e engine, n int, c backup.Cipher) (k kept, err error) {
	h, err := b.house(e, 1)
	if err != nil {
		return k, err
	}
	defer h.close()
	p, err := newPeople(ctx, h, n)
	if err != nil {
		return k, err
	}
	if _, err := p.grow(ctx, n); err != nil {
		return k, err
	}
	d := h.store
	if k.read, err = clocked(func() error { return readAll(ctx, d) }); err != nil {
		return k, err
	}
	path := filepath.Join(b.dir, "stock.backup")
	defer os.Remove(path)
	var key backup.Key
	before := ownTime() + treeTime(e.pid)
	k.create, err = clocked(func() (err error) {
		key, k.rows, k.octets, err = archive(ctx, d, path, c)
		return err
	})
	if err != nil {
		return k, err
	}
	k.creating = ownTime() + treeTime(e.pid) - before
	if k.verify, err = clocked(func() error { return verifyArchive(path, key) }); err != nil {
		return k, err
	}
	into, err := e.fresh()
	if err != nil {
		return k, err
	}
	before = ownTime() + treeTime(e.pid)
	k.restore, err = clocked(func() error { return restore(ctx, path, key, into) })
	k.restoring = ownTime() + treeTime(e.pid) - before
	return k, err
}

func clocked(act func() error) (time.Duration, error) {
	start := time.Now()
	err := act()
	return time.Since(start), err
}

func readAll(ctx context.Context, d *db.DB) error {
	return d.Snapshot(ctx, func(tx *sql.Tx) error {
		tables, err := d.Tables(ctx, tx)
		if err != nil {
			return err
		}
		for _, t := range tables {
			if err := t.Each(ctx, tx, func([]any) error { return nil }); err != nil {
				return err
			}
		}
		return nil
	})
}

// archive keeps a database under shares: a passphrase would add its half second.
func archive(ctx context.Context, d *db.DB, path string, c backup.Cipher) (key backup.Key, rows, octets int64, err error) {
	out, err := os.Create(path)
	if err != nil {
		return key, 0, 0, fmt.Errorf("making an archive: %w", err)
	}
	defer out.Close()
	about := backup.About{Component: "ca", Origin: houseOrigin + "ca", Taken: time.Now(), Engine: string(d.Dialect)}
	w, split, err := backup.NewWriter(out, backup.Lock{Cipher: c, Threshold: 2, Total: 2}, about)
	if err != nil {
		return key, 0, 0, err
	}
	if err := d.Snapshot(ctx, func(tx *sql.Tx) error { return w.Database(ctx, d, tx) }); err != nil {
		return key, 0, 0, err
	}
	m, err := w.Close()
	if err != nil {
		return key, 0, 0, err
	}
	if err := out.Sync(); err != nil {
		return key, 0, 0, fmt.Errorf("syncing an archive: %w", err)
	}
	info, err := out.Stat()
	if err != nil {
		return key, 0, 0, fmt.Errorf("measuring an archive: %w", err)
	}
	return backup.Key{Shares: split}, m.Rows(), info.Size(), nil
}

func verifyArchive(path string, key backup.Key) error {
	in, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("opening an archive: %w", err)
	}
	defer in.Close()
	r, err := backup.Verify(in, key)
	if err == nil && !r.Audit.Good() {
		err = fmt.Errorf("verifying an archive: %s", r.Audit.Faults[0].Text)
	}
	return err
}

func restore(ctx context.Context, path string, key backup.Key, source string) error {
	in, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("opening an archive: %w", err)
	}
	defer in.Close()
	r, err := backup.Open(in, key)
	if err != nil {
		return err
	}
	d, err := db.Open(ctx, source)
	if err != nil {
		return err
	}
	defer d.Close()
	for room, tables := range map[string]func() error{
		"ca":      func() error { return d.Migrate(ctx, "ca", ca.Migrations()) },
		"officer": func() error { return d.Migrate(ctx, "officer", officer.Migrations()) },
		"status":  func() error { return d.Migrate(ctx, "status", status.Migrations()) },
		"audit":   func() error { return d.Migrate(ctx, "audit", audit.Migrations()) },
	} {
		if err := tables(); err != nil {
			return fmt.Errorf("making the tables of %s: %w", room, err)
		}
	}
	err = d.Fill(ctx, func(f *db.Filler) error {
		for {
			part, err := r.Next()
			if err == io.EOF {
				return nil
			}
			if err == nil {
				err = part.Fill(ctx, f)
			}
			if err != nil {
				return err
			}
		}
	})
	if err != nil {
		return err
	}
	report, err := audit.Verify(ctx, d, nil, nil)
	if err == nil && !report.Good() {
		err = fmt.Errorf("verifying the restored log: %s", report.Faults[0].Text)
	}
	return err
}
