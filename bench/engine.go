package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"onecert/db"
	"onecert/pkitest"
)

// engine is a database engine that commits durably.
type engine struct {
	name  string
	fresh func() (source string, err error) // an empty database
	pid   int                               // root of its processes; 0: it runs in ours
}

// openEngines prepares SQLite (synchronous=FULL, as db opens it) and a PostgreSQL
// of our own with fsync on.
func (b *bench) openEngines() (stop func() error, err error) {
	cluster, err := pkitest.StartDurable()
	if err != nil {
		return nil, err
	}
	postgres := func() (string, error) {
		source, _, err := cluster.Database() // goes with the cluster
		return source, err
	}
	pid, err := postmaster(postgres)
	if err != nil {
		return nil, errors.Join(err, cluster.Stop())
	}
	number := 0
	sqlite := func() (string, error) {
		number++
		dir := filepath.Join(b.dir, strconv.Itoa(number))
		return "sqlite:" + filepath.Join(dir, "bench.db"), os.Mkdir(dir, 0o700)
	}
	b.engines = slices.DeleteFunc([]engine{{"sqlite", sqlite, 0}, {"postgres", postgres, pid}},
		func(e engine) bool { return b.only != "" && b.only != e.name })
	if len(b.engines) == 0 {
		err = errors.New("the engine is sqlite or postgres")
	}
	return cluster.Stop, err
}

// postmaster finds the server's first process: the parent of whoever answers us.
func postmaster(fresh func() (string, error)) (pid int, err error) {
	source, err := fresh()
	if err != nil {
		return 0, err
	}
	d, err := db.Open(context.Background(), source)
	if err != nil {
		return 0, err
	}
	defer d.Close()
	var backend int
	if err := d.Read().QueryRow("SELECT pg_backend_pid()").Scan(&backend); err != nil {
		return 0, fmt.Errorf("asking for a process: %w", err)
	}
	parent := statFields(backend, 4)
	if parent == nil {
		return 0, errors.New("the database's processes are not on this machine")
	}
	return int(parent[0]), nil
}

// disk shows what a durable commit costs here by itself.
func (b *bench) disk(ctx context.Context) error {
	rows := [][]string{{"", "commits/s", "µs each"}}
	show := func(what string, each time.Duration) {
		rows = append(rows, []string{what, digits(1 / each.Seconds()), micros(each)})
	}
	n := pick(b, 200, 1000)
	each, err := appends(filepath.Join(b.dir, "append"), n)
	if err != nil {
		return err
	}
	show("append 4 KiB, fsync", each)
	for _, e := range b.engines {
		if each, err = commits(ctx, e, n); err != nil {
			return err
		}
		show(e.name+", one row a commit, one writer", each)
	}
	b.out.table("Durable commits", rows)
	return nil
}

func appends(path string, n int) (each time.Duration, err error) {
	file, err := os.Create(path)
	if err != nil {
		return 0, fmt.Errorf("making a file: %w", err)
	}
	defer file.Close()
	page := make([]byte, 4096)
	start := time.Now()
	for range n {
		if _, err := file.Write(page); err != nil {
			return 0, fmt.Errorf("appending: %w", err)
		}
		if err := file.Sync(); err != nil {
			return 0, fmt.Errorf("syncing: %w", err)
		}
	}
	return time.Since(start) / time.Duration(n), nil
}

func commits(ctx context.Context, e engine, n int) (each time.Duration, err error) {
	source, err := e.fresh()
	if err != nil {
		return 0, err
	}
	d, err := db.Open(ctx, source)
	if err != nil {
		return 0, err
	}
	defer d.Close()
	write := func(text string, args ...any) error {
		return d.Tx(ctx, func(tx *sql.Tx) error { _, err := tx.ExecContext(ctx, text, args...); return err })
	}
	if err := write("CREATE TABLE line (id BIGINT PRIMARY KEY, body TEXT NOT NULL)"); err != nil {
		return 0, err
	}
	body := fmt.Sprintf("%0800d", 0)
	start := time.Now()
	for i := range n {
		if err := write("INSERT INTO line (id, body) VALUES ($1, $2)", i, body); err != nil {
			return 0, err
		}
	}
	return time.Since(start) / time.Duration(n), nil
}
