package main

import (
	"context"

	"github.com/spf13/cobra"

	"onecert/cmd/internal/wire"
)

// serveCommand is a CA and its KMC in one process, for a small site (design.md
// decision 1).
func serveCommand(io *console) *cobra.Command {
	var authority, centre string
	command := io.verb("serve", "cmd.serve", []string{"onecert serve --ca /var/lib/onecert/ca/ca.yaml --kmc /var/lib/onecert/kmc/kmc.yaml"},
		func(ctx context.Context, _ []string) error { return io.serveTogether(ctx, authority, centre) })
	command.Flags().StringVar(&authority, "ca", "", io.text("flag.serve.ca"))
	command.Flags().StringVar(&centre, "kmc", "", io.text("flag.serve.kmc"))
	io.required(command, "ca", "kmc")
	return command
}

func (io *console) serveTogether(ctx context.Context, authority, centre string) error {
	a, err := wire.LoadCA(authority)
	if err != nil {
		return err
	}
	c, err := wire.LoadKMC(centre)
	if err != nil {
		return err
	}
	both, err := wire.OpenTogether(ctx, a, c, io.here())
	if err != nil {
		return err
	}
	defer both.Close()
	servers, err := both.Servers(ctx)
	if err != nil {
		return err
	}
	hints := append(io.dials(a.DialOut), io.dials(c.DialOut)...)
	if a.Accept != "" {
		hints = append(hints, io.text("serve.accepts", a.Accept))
	}
	return io.served(ctx, servers, hints...)
}

func kmcFillCommand(io *console) *cobra.Command {
	return io.atKMC("fill", "cmd.kmc.fill", []string{"onecert kmc fill"},
		func(ctx context.Context, s *wire.Session, _ []string) error {
			if err := s.KMC.Fill(ctx); err != nil {
				return err
			}
			status, err := s.KMC.Status(ctx)
			if err != nil {
				return err
			}
			return io.answer(status, func(p *printer) { p.libraries(status) })
		})
}
