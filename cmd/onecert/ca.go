package main

import (
	"context"
	"log/slog"
	"net"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"onecert/cmd/internal/wire"
	"onecert/officer"
	"onecert/pki"
	"onecert/serve"
)

// caCommand is the CA: what happens on its machine first, then what officers do
// through its API.
func caCommand(io *console) *cobra.Command {
	return io.group("ca", "cmd.ca",
		caInitCommand(io), caServeCommand(io), caCodesCommand(io), caLinkCommand(io),
		caIssueCommand(io), caOrderCommand(io), caRenewCommand(io), caReissueCommand(io), caModifyCommand(io),
		caHoldCommand(io), caReleaseCommand(io), caRevokeCommand(io),
		caListCommand(io), caShowCommand(io), caCRLCommand(io), caCRLNumberCommand(io), caReissueAllCommand(io), caReissueStatusCommand(io), caIssuersCommand(io), caProfilesCommand(io), caHolderCommand(io), caHolderKeyCommand(io))
}

// logger writes what a server has to say, as JSON lines, to stderr.
func (io *console) logger() *slog.Logger { return slog.New(slog.NewJSONHandler(io.err, nil)) }

// served opens the listeners, says where they are, and runs them until the command
// is told to end.
func (io *console) served(ctx context.Context, servers []serve.Server, hints ...string) error {
	for i := range servers {
		listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", servers[i].Address)
		if err != nil {
			for _, open := range servers[:i] {
				open.Listener.Close()
			}
			return pki.Errorf(pki.Unavailable, "serve.listen", "nothing can listen at %s", servers[i].Address).
				To("see whether another program does, and whether the address is this machine's").Because(err)
		}
		servers[i].Listener = listener
	}
	listening := map[string]string{}
	for i := range servers {
		address := servers[i].Listener.Addr().String()
		listening[servers[i].Name] = address
		hints = slices.Insert(hints, i, io.text("serve.at", servers[i].Name, address))
	}
	err := io.answer(map[string]any{"listening": listening}, func(p *printer) {
		for _, line := range append(hints, p.text("serve.stop")) {
			p.line(0, "%s", line)
		}
	})
	if err != nil {
		return err
	}
	return serve.Run(ctx, servers...)
}

// dials says where a component keeps connections open to.
func (io *console) dials(to []wire.DialOut) (hints []string) {
	for _, out := range to {
		hints = append(hints, io.text("serve.dials", out.Address))
	}
	return hints
}

func caServeCommand(io *console) *cobra.Command {
	var config string
	command := io.verb("serve", "cmd.ca.serve", []string{"onecert ca serve --config /var/lib/onecert/ca/ca.yaml"},
		func(ctx context.Context, _ []string) error {
			c, err := wire.LoadCA(config)
			if err != nil {
				return err
			}
			process, err := wire.OpenCA(ctx, c, wire.Options{Now: io.now, Log: io.logger(), Program: version})
			if err != nil {
				return err
			}
			defer process.Close()
			servers, err := process.Servers(ctx)
			if err != nil {
				return err
			}
			var hints []string
			if c.Accept != "" {
				hints = append(hints, io.text("serve.accepts", c.Accept))
			}
			return io.served(ctx, servers, append(hints, io.dials(c.DialOut)...)...)
		})
	io.configFlag(command, &config)
	return command
}

func (io *console) configFlag(command *cobra.Command, config *string) {
	command.Flags().StringVar(config, "config", "", io.text("flag.config"))
	io.required(command, "config")
}

func caCodesCommand(io *console) *cobra.Command {
	return io.codesCommand("cmd.ca.codes", "onecert ca codes --config /var/lib/onecert/ca/ca.yaml", func(ctx context.Context, config string) (map[string]string, error) {
		c, err := wire.LoadCA(config)
		if err != nil {
			return nil, err
		}
		return c.FirstCodes(ctx)
	})
}

// codesCommand makes the first administrators' codes of a component again.
func (io *console) codesCommand(key, example string, again func(ctx context.Context, config string) (map[string]string, error)) *cobra.Command {
	var config string
	command := io.verb("codes", key, []string{example}, func(ctx context.Context, _ []string) error {
		codes, err := again(ctx, config)
		if err != nil {
			return err
		}
		return io.answer(map[string]any{"codes": codes}, func(p *printer) { p.codes(codes) })
	})
	io.configFlag(command, &config)
	return command
}

// codes prints one-time codes, the three administrators' in the usual order.
func (p *printer) codes(codes map[string]string) {
	p.line(0, "%s", p.text("codes.head"))
	for _, role := range []string{officer.System, officer.Security, officer.Audit} {
		if codes[role] != "" {
			p.line(1, "%-9s %s", role, codes[role])
		}
	}
	p.line(0, "%s", p.text("codes.once"))
}

func caLinkCommand(io *console) *cobra.Command {
	var link wire.NewLink
	var centre, code string
	command := io.verb("link", "cmd.ca.link", []string{
		"onecert ca link --config ca.yaml --kmc https://kmc.gov.example:8444 --centre kmc-message.pem --code-file code.txt",
		"onecert ca link --config ca.yaml --calls-in kmc --centre kmc-message.pem",
	}, func(ctx context.Context, _ []string) error { return io.link(ctx, link, centre, code) })
	flags := command.Flags()
	flags.StringVar(&link.Config, "config", "", io.text("flag.config"))
	flags.StringVar(&link.URL, "kmc", "", io.text("flag.link.kmc"))
	flags.StringVar(&link.CallsIn, "calls-in", "", io.text("flag.link.calls-in"))
	flags.StringVar(&centre, "centre", "", io.text("flag.link.centre"))
	flags.StringVar(&code, "code-file", "", io.text("flag.code-file"))
	io.required(command, "config", "centre")
	return command
}

func (io *console) link(ctx context.Context, n wire.NewLink, centre, code string) (err error) {
	if (n.URL == "") == (n.CallsIn == "") || (n.URL == "") != (code == "") {
		return io.wrongUsage("usage.link")
	}
	if n.Centre, err = io.readFile(centre); err != nil {
		return io.doing("doing.reading", centre, err)
	}
	if code != "" {
		text, err := io.readSecret(code)
		if err != nil {
			return err
		}
		n.Code = string(text)
	}
	joined, err := wire.Link(ctx, n)
	if err != nil {
		return err
	}
	answer := map[string]string{"kmc": n.URL, "calls_in": n.CallsIn, "name": joined.Name, "role": joined.Role}
	return io.answer(answer, func(p *printer) {
		if n.CallsIn != "" {
			p.line(0, "%s", p.text("link.noted", n.CallsIn))
			return
		}
		p.line(0, "%s", p.text("link.done", n.URL, joined.Name, joined.Role))
	})
}

// list reads a list of words separated by commas, without blanks and empty ones.
func list(text string) []string {
	words := strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
	return slices.DeleteFunc(words, func(w string) bool { return w == "" })
}
