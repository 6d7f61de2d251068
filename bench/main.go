package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// bench is one run of the program.
type bench struct {
	quick   bool
	stocked int    // certificates in a database that is kept, or grows
	only    string // the engine that is measured; "" for all
	profile string // folder for processor profiles of the server; "" for none
	dir     string // throw-away
	engines []engine
	out     *report
}

// table is one part of the run, chosen by name with -only.
type table struct {
	name string
	run  func(*bench, context.Context) error
}

func tables() []table {
	return []table{
		{"disk", (*bench).disk},
		{"dual", (*bench).dual},
		{"single", (*bench).single},
		{"replace", (*bench).replace},
		{"parts", (*bench).parts},
		{"packages", (*bench).packages},
		{"crl", (*bench).crl},
		{"publish", (*bench).publishing},
		{"follow", (*bench).follow},
		{"devices", (*bench).devices},
		{"start", (*bench).start},
		{"backup", (*bench).backups},
		{"tls", (*bench).tls},
		{"scale", (*bench).scale},
		{"ocsp", (*bench).ocsp},
		{"registration", (*bench).registration},
		{"registrations", (*bench).registrations},
		{"console", (*bench).console},
		{"policy", (*bench).policy},
		{"gateway", (*bench).gatewayTables},
	}
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == serveWord {
		exit(serveChild())
	}
	if len(os.Args) == 2 && os.Args[1] == ocspWord {
		exit(serveOCSP())
	}
	if len(os.Args) == 2 && os.Args[1] == gatewayWord {
		exit(serveGateway())
	}
	b := &bench{out: &report{to: os.Stdout}}
	flag.BoolVar(&b.quick, "quick", false, "shorter runs, fewer of them")
	flag.IntVar(&b.stocked, "certificates", 100_000, "how many a database has that is backed up, or grows to")
	flag.StringVar(&b.only, "engine", "", "sqlite or postgres; both where it is left out")
	flag.StringVar(&b.profile, "profile", "", "folder for processor profiles of the measured server")
	only := flag.String("only", "", "tables to print, comma-separated: "+names(tables()))
	flag.Parse()
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	exit(b.all(ctx, *only))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func names(all []table) string {
	list := make([]string, len(all))
	for i, t := range all {
		list[i] = t.name
	}
	return strings.Join(list, ",")
}

func chosen(only string) ([]table, error) {
	if only == "" {
		return tables(), nil
	}
	var list []table
	for _, name := range strings.Split(only, ",") {
		found := false
		for _, t := range tables() {
			if t.name == name {
				list, found = append(list, t), true
			}
		}
		if !found {
			return nil, fmt.Errorf("there is no table %.20q; there are %s", name, names(tables()))
		}
	}
	return list, nil
}

// all prints the chosen tables. What it started and made is gone when it returns.
func (b *bench) all(ctx context.Context, only string) (err error) {
	list, err := chosen(only)
	if err != nil {
		return err
	}
	start := time.Now()
	if b.dir, err = os.MkdirTemp("", "onecert-bench-"); err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	defer os.RemoveAll(b.dir)
	stop, err := b.openEngines()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	b.out.machine()
	for _, t := range list {
		if err := t.run(b, ctx); err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
	}
	b.out.line("\n%.0f s in all.", time.Since(start).Seconds())
	return nil
}

// pick returns the first value for a quick run, else the second.
func pick[T any](b *bench, quick, whole T) T {
	if b.quick {
		return quick
	}
	return whole
}
