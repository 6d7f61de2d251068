package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"onecert/cmd/internal/wire"
)

func backupRestoreCommand(io *console) *cobra.Command {
	f := &keyFlags{}
	n := wire.NewRestore{}
	command := io.verb("restore FILE", "cmd.backup.restore", []string{
		"onecert backup restore ca.backup --dir /var/lib/onecert/ca --pass-file backup.pass --secrets /media/custodian",
		"onecert backup restore kmc.backup --dir kmc --shares custodians --database postgres://onecert@db.gov.example/kmc",
	}, func(ctx context.Context, args []string) error {
		n.Archive = args[0]
		return io.restoreBackup(ctx, n, f)
	})
	command.Args = io.words(1, 1)
	flags := command.Flags()
	flags.StringVar(&n.Dir, "dir", "", io.text("flag.restore.dir"))
	f.add(io, command)
	flags.StringVar(&n.Database, "database", "", io.text("flag.restore.database"))
	flags.StringVar(&n.DatabaseFile, "database-file", "", io.text("flag.init.database-file"))
	flags.StringVar(&n.Secrets, "secrets", "", io.text("flag.restore.secrets"))
	flags.StringVar(&n.Component, "component", "", io.text("flag.restore.component"))
	io.required(command, "dir")
	return command
}

func (io *console) restoreBackup(ctx context.Context, n wire.NewRestore, f *keyFlags) error {
	if n.Database != "" && n.DatabaseFile != "" {
		return io.wrongUsage("usage.restore.database")
	}
	key, err := f.key(io, n.Archive)
	if err != nil {
		return err
	}
	defer wipe(key)
	n.Key = key
	done, err := wire.RestoreBackup(ctx, n, wire.Options{Now: io.now, Log: io.logger()})
	if err != nil {
		return io.doing("doing.restoring", n.Archive, err)
	}
	return io.answer(done, func(p *printer) { p.restored(done) })
}

func (p *printer) restored(r wire.Restoration) {
	p.line(0, "%s", p.text("restore.done", r.Component, moment(r.Taken), filepath.Dir(r.Config), r.Rows, r.Audit, r.Seconds))
	for _, issuer := range sortedKeys(r.CRLs) {
		p.line(1, "%s", p.text("restore.crl", issuer, r.CRLs[issuer]))
	}
	switch r.Component {
	case "ca":
		p.line(1, "%s", p.text("restore.serials"))
	case "kmc":
		p.line(1, "%s", p.text("restore.aside", r.Aside))
	case "gateway":
		p.line(1, "%s", p.text("restore.sessions", r.Sessions))
	}
	p.line(1, "%s", p.text("restore.voided", r.Voided.Codes, r.Voided.Proposals))
	for _, from := range sortedKeys(r.Moved) {
		p.line(1, "%s", p.text("restore.moved", safe(from), safe(r.Moved[from])))
	}
	p.line(0, "%s", p.text("restore.unknown", moment(r.Taken)))
	for _, use := range r.Devices {
		p.line(0, "%s", p.text("backup.device", use))
	}
	if len(r.Missing) > 0 {
		p.line(0, "%s", p.text("restore.missing"))
		for _, path := range r.Missing {
			p.line(1, "%s", safe(path))
		}
	}
	p.line(0, "%s", p.text("init.next"))
	p.line(1, "onecert config check %s", r.Config)
	p.line(1, "onecert officer list    # %s", p.text("restore.officers"))
	p.line(1, "onecert %s serve --config %s", r.Component, r.Config)
}

func backupDrillCommand(io *console) *cobra.Command {
	f := &keyFlags{}
	n := wire.NewDrill{}
	var metrics string
	command := io.verb("drill FILE [FILE]", "cmd.backup.drill", []string{
		"onecert backup drill ca.backup kmc.backup --pass-file backup.pass --secrets /media/custodian --config /var/lib/onecert/ca/ca.yaml",
		"onecert backup drill kmc.backup --shares custodians --secrets secrets --thorough --metrics /var/lib/node_exporter/onecert-drill.prom",
	}, func(ctx context.Context, args []string) error {
		n.Archives = args
		return io.drill(ctx, n, f, metrics)
	})
	command.Args = io.words(1, 2)
	flags := command.Flags()
	f.add(io, command)
	flags.StringVar(&n.Secrets, "secrets", "", io.text("flag.restore.secrets"))
	flags.StringVar(&n.Scratch, "scratch", "", io.text("flag.drill.scratch"))
	flags.BoolVar(&n.Thorough, "thorough", false, io.text("flag.drill.thorough"))
	flags.StringVar(&n.Config, "config", "", io.text("flag.drill.config"))
	flags.StringVar(&metrics, "metrics", "", io.text("flag.drill.metrics"))
	io.required(command, "secrets")
	return command
}

func (io *console) drill(ctx context.Context, n wire.NewDrill, f *keyFlags, metrics string) error {
	key, err := f.key(io, strings.Join(n.Archives, ", "))
	if err != nil {
		return err
	}
	defer wipe(key)
	n.Key = key
	if !io.json {
		n.Said = func(s wire.Step) {
			mark := "✓"
			if s.Err != nil {
				mark = "✗"
			}
			// What cannot be shown is shown again with the end.
			_ = io.say("%s %7.2f s  %s", mark, s.Seconds, strings.TrimSpace(io.text("drill."+s.Name)+" "+safe(s.Object)))
		}
	}
	done, failed := wire.RunDrill(ctx, n, wire.Options{Now: io.now, Log: io.logger()})
	if metrics != "" {
		if err := io.writeMetrics(metrics, done); err != nil && failed == nil {
			failed = err
		}
	}
	if failed != nil {
		return io.doing("doing.drilling", strings.Join(n.Archives, ", "), failed)
	}
	return io.answer(done, func(p *printer) {
		p.line(0, "%s", p.text("drill.done", done.Seconds))
		for _, note := range done.Notes {
			p.line(1, "%s", p.text("drill.note."+note))
		}
	})
}

func (io *console) writeMetrics(path string, done wire.Drill) error {
	var text strings.Builder
	if err := done.Metrics(&text, io.now()); err != nil {
		return err
	}
	if err := wire.ReplaceFile(path, []byte(text.String()), 0o644); err != nil {
		return fmt.Errorf("writing the drill's metrics: %w", err)
	}
	return nil
}

func backupCatchUpCommand(io *console) *cobra.Command {
	var config string
	command := io.verb("catch-up LIST…", "cmd.backup.catch-up", []string{
		"onecert backup catch-up --config /var/lib/onecert/ca/ca.yaml sm2-complete.crl ecdsa-complete.crl",
	}, func(ctx context.Context, args []string) error {
		all, err := wire.CatchUp(ctx, config, args, wire.Options{Now: io.now, Log: io.logger()})
		if err != nil {
			return err
		}
		return io.answer(all, func(p *printer) {
			for _, a := range all {
				p.line(0, "%s", p.text("catchup.done", a.Number, a.Issuer, a.Revoked, a.Held, a.Known))
				if len(a.Unknown) == 0 {
					continue
				}
				p.line(0, "%s", p.text("catchup.unknown", len(a.Unknown)))
				for _, serial := range a.Unknown {
					p.line(1, "%s", string(serial))
				}
			}
		})
	})
	command.Args = io.words(1, -1)
	io.configFlag(command, &config)
	return command
}
