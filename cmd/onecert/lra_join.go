package main

import (
	"context"

	"github.com/spf13/cobra"

	"onecert/cmd/internal/wire"
)

// lraJoinCommand makes a counter with a process of its own known to the registration
// above it, which then takes what the counter hands up.
func lraJoinCommand(io *console) *cobra.Command {
	return io.siteJoinCommand("join", "cmd.lra.join", "onecert lra join --config lra.yaml --code-file code.txt", wire.JoinAbove)
}

// raLinkCommand makes a registration known to the key management centre, which then
// tells it what was done with holders' keys.
func raLinkCommand(io *console) *cobra.Command {
	return io.siteJoinCommand("link", "cmd.ra.link", "onecert ra link --config ra.yaml --code-file code.txt", wire.JoinKMC)
}

func (io *console) siteJoinCommand(use, key, example string, join func(ctx context.Context, config, code string) (wire.Joined, error)) *cobra.Command {
	var config, code string
	command := io.verb(use, key, []string{example},
		func(ctx context.Context, _ []string) error {
			text, err := io.readSecret(code)
			if err != nil {
				return err
			}
			joined, err := join(ctx, config, string(text))
			if err != nil {
				return err
			}
			return io.answer(joined, func(p *printer) { p.line(0, "%s", p.text("officer.joined", joined.Name, joined.Role, config)) })
		})
	flags := command.Flags()
	flags.StringVar(&config, "config", "", io.text("flag.config"))
	flags.StringVar(&code, "code-file", "", io.text("flag.code-file"))
	io.required(command, "config", "code-file")
	return command
}
