package main

import (
	"context"
	"path/filepath"

	"github.com/spf13/cobra"

	"onecert/cmd/internal/wire"
)

// pairCommand is the dual certificate a component speaks TLCP to the others with.
func pairCommand(io *console) *cobra.Command {
	return io.group("pair", "cmd.pair", pairEnrolCommand(io), pairJoinCommand(io))
}

func pairEnrolCommand(io *console) *cobra.Command {
	var config, server, code string
	command := io.verb("enrol", "cmd.pair.enrol", []string{
		"onecert pair enrol --config kmc.yaml --code-file code.txt",
		"onecert pair enrol --config node.yaml --code-file code.txt",
	}, func(ctx context.Context, _ []string) error {
		text, err := io.readSecret(code)
		if err != nil {
			return err
		}
		done, err := wire.EnrolPair(ctx, config, server, string(text))
		if err != nil {
			return err
		}
		return io.answer(enrolled(done, filepath.Dir(config)), func(p *printer) {
			p.line(0, "%s", p.text("pair.enrolled", done.Name, moment(done.Issued.Sign.NotAfter)))
			p.line(0, "%s", p.text("pair.next", config))
		})
	})
	flags := command.Flags()
	flags.StringVar(&config, "config", "", io.text("flag.config"))
	flags.StringVar(&server, "server", "", io.text("flag.pair.server"))
	flags.StringVar(&code, "code-file", "", io.text("flag.code-file"))
	io.required(command, "config", "code-file")
	return command
}

func pairJoinCommand(io *console) *cobra.Command {
	var config, code string
	command := io.verb("join", "cmd.pair.join", []string{"onecert pair join --config ca.yaml --code-file code.txt"},
		func(ctx context.Context, _ []string) error {
			text, err := io.readSecret(code)
			if err != nil {
				return err
			}
			joined, err := wire.LinkPair(ctx, config, string(text))
			if err != nil {
				return err
			}
			return io.answer(joined, func(p *printer) {
				p.line(0, "%s", p.text("pair.joined", joined.Name, joined.Role))
				p.line(0, "%s", p.text("pair.next", config))
			})
		})
	flags := command.Flags()
	flags.StringVar(&config, "config", "", io.text("flag.config"))
	flags.StringVar(&code, "code-file", "", io.text("flag.code-file"))
	io.required(command, "config", "code-file")
	return command
}

// linkFlag is what an init prepares its component to speak to the others.
func (io *console) linkFlag(command *cobra.Command, link *string) {
	command.Flags().StringVar(link, "link", "tls", io.text("flag.init.link"))
}
