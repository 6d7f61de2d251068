package main

import (
	"context"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"onecert/cmd/internal/wire"
	"onecert/ra"
)

func raAttachCommand(io *console) *cobra.Command {
	var documents []string
	command := io.atRA("attach APPLICATION", "cmd.ra.attach", []string{"onecert ra attach lra1-260901-k3v9x2aq --document form=form.pdf --document identity=card.jpg"},
		func(ctx context.Context, s *wire.Session, args []string) error {
			a, err := s.RA.Application(ctx, args[0])
			if err == nil {
				a, err = io.attach(ctx, s.RA, a, documents)
			}
			if err != nil {
				return err
			}
			return io.application(a)
		})
	command.Flags().StringArrayVar(&documents, "document", nil, io.text("flag.ra.document"))
	io.required(command, "document")
	return command
}

// attach sends scans, each SORT=FILE, one after the other.
func (io *console) attach(ctx context.Context, c *ra.Client, a *ra.Application, documents []string) (*ra.Application, error) {
	for _, pair := range documents {
		sort, path, ok := strings.Cut(pair, "=")
		if !ok {
			return nil, io.wrongUsage("usage.document")
		}
		content, err := io.readFile(path)
		if err != nil {
			return nil, io.doing("doing.reading", path, err)
		}
		if a, err = c.Attach(ctx, a.ID, a.Version, sort, filepath.Base(path), content); err != nil {
			return nil, io.doing("doing.attaching", path, err)
		}
	}
	return a, nil
}

func raFormCommand(io *console) *cobra.Command {
	return writes(io, worded{"form APPLICATION", "cmd.ra.form", []string{"onecert ra form lra1-260901-k3v9x2aq --out form.html"}},
		func(ctx context.Context, s *wire.Session, args []string) ([]byte, error) {
			return s.RA.Form(ctx, args[0], io.lang)
		})
}
