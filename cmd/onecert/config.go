package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"onecert/cmd/internal/wire"
	"onecert/pki"
)

func configCommand(io *console) *cobra.Command {
	return io.group("config", "cmd.config", configCheckCommand(io))
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// checked is one part of a configuration, for programs.
type checked struct {
	Part   string `json:"part"`
	Good   bool   `json:"good"`
	Note   string `json:"note,omitempty"`
	Code   string `json:"code,omitempty"`
	Wrong  string `json:"wrong,omitempty"`
	Remedy string `json:"remedy,omitempty"`
}

func configCheckCommand(io *console) *cobra.Command {
	command := io.verb("check FILE", "cmd.config.check", []string{"onecert config check ca.yaml", "onecert config check kmc.yaml --json"},
		func(ctx context.Context, args []string) error {
			found, err := wire.CheckConfig(ctx, args[0], io.now())
			if err != nil {
				return err
			}
			all := make([]checked, len(found))
			var bad []wire.Finding
			for i, f := range found {
				all[i] = checked{Part: f.Part, Good: f.Err == nil, Note: f.Note}
				if f.Err != nil {
					all[i].Code = pki.CodeOf(f.Err)
					all[i].Wrong, all[i].Remedy = io.translate(f.Err)
					bad = append(bad, f)
				}
			}
			if err := io.answer(all, func(p *printer) { p.checks(all) }); err != nil || len(bad) == 0 {
				return err
			}
			return fmt.Errorf("%s: %w", io.text("check.bad", args[0], len(bad), bad[0].Part), bad[0].Err)
		})
	command.Args = io.words(1, 1)
	return command
}

func (p *printer) checks(all []checked) {
	for _, c := range all {
		switch {
		case !c.Good:
			p.line(0, "✗ %s: %s", c.Part, safe(oneLine(c.Wrong)))
			if c.Remedy != "" {
				p.line(1, "%s", safe(oneLine(c.Remedy)))
			}
		case c.Note != "":
			p.line(0, "✓ %s (%s)", c.Part, p.text("check."+c.Note))
		default:
			p.line(0, "✓ %s", c.Part)
		}
	}
}

// apiCommand writes what the APIs say of themselves, for clients to be made from.
func apiCommand(io *console) *cobra.Command {
	var dir string
	command := io.verb("api", "cmd.api", []string{"onecert api --dir api"}, func(context.Context, []string) error {
		all, err := wire.Descriptions()
		if err != nil {
			return err
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return pki.Errorf(pki.Invalid, "out.folder", "the folder %s cannot be made", dir).Because(err)
		}
		written := []string{}
		for _, name := range sortedKeys(all) {
			path := filepath.Join(dir, name+".json")
			if err := wire.ReplaceFile(path, all[name], 0o644); err != nil {
				return err
			}
			written = append(written, path)
		}
		return io.answer(map[string]any{"written": written}, func(p *printer) {
			for _, path := range written {
				p.line(0, "→ %s", path)
			}
		})
	})
	command.Flags().StringVar(&dir, "dir", "", io.text("flag.api.dir"))
	io.required(command, "dir")
	return command
}
