package main

import (
	"context"
	"path/filepath"

	"github.com/spf13/cobra"

	"onecert/cmd/internal/wire"
	"onecert/serve"
	"onecert/shares"
)

// rescueCommand is for an installation whose certificates have ended, so that nobody
// gets in (design.md §3.7). It works on the machine itself, with custodians' shares.
func rescueCommand(io *console) *cobra.Command {
	return io.group("rescue", "cmd.rescue", rescueLookCommand(io), rescuePrepareCommand(io), rescueCertificatesCommand(io),
		rescueInstallCommand(io), rescueCodesCommand(io), rescueListsCommand(io))
}

func (io *console) here() wire.Options {
	return wire.Options{Now: io.now, Log: io.logger(), Version: version}
}

func rescueLookCommand(io *console) *cobra.Command {
	var config string
	command := io.verb("look", "cmd.rescue.look", []string{"onecert rescue look --config /var/lib/onecert/ca/ca.yaml"},
		func(ctx context.Context, _ []string) error {
			condition, err := wire.RescueLook(ctx, config, io.here())
			if err != nil {
				return err
			}
			answer := struct {
				wire.Condition
				Mends []wire.Mend `json:"mends"`
			}{condition, append([]wire.Mend{}, condition.Mends()...)}
			return io.answer(answer, func(p *printer) { p.condition(config, condition) })
		})
	io.configFlag(command, &config)
	return command
}

// condition shows everything with its dates, what is wrong first, and what to do.
func (p *printer) condition(config string, c wire.Condition) {
	p.line(0, "%s", p.text("rescue.clock", moment(c.Clock)))
	if !c.LastAct.IsZero() {
		p.line(0, "%s", p.text("rescue.last", moment(c.LastAct)))
	}
	rows := [][]string{}
	for _, level := range []serve.Level{serve.Failing, serve.Warning, serve.Fine} {
		mark := map[serve.Level]string{serve.Fine: "✓", serve.Warning: "!", serve.Failing: "✗"}[level]
		for _, part := range c.Parts {
			if part.Level != level {
				continue
			}
			until := ""
			if !part.Until.IsZero() {
				until = date(part.Until)
			}
			rows = append(rows, []string{mark, part.Name, until, p.told(part.Item), p.mended(part)})
		}
	}
	p.columns(rows)
	p.prepared(c)
	if len(c.Mends()) == 0 {
		p.line(0, "%s", p.text("rescue.nothing"))
		return
	}
	p.line(0, "%s", p.text("rescue.steps"))
	for _, mend := range c.Mends() {
		words := map[wire.Mend]string{wire.MendCertificates: " --out FOLDER", wire.MendInstall: " --from FOLDER"}[mend]
		p.line(1, "onecert rescue %s --config %s%s --reason TEXT --shares FOLDER", string(mend), config, words)
	}
}

// mended is what to do about a part.
func (p *printer) mended(part wire.Part) string {
	if part.Mend != "" {
		return p.text("rescue.mend." + string(part.Mend))
	}
	if part.Level == serve.Fine {
		return ""
	}
	if text, ok := p.lookup("rescue.part." + part.Says); ok {
		return text
	}
	text, _ := p.lookup("health." + part.Says + ".remedy")
	return text
}

func (p *printer) prepared(c wire.Condition) {
	if c.Prepared == nil {
		p.line(0, "%s", p.text("rescue.unprepared"))
		return
	}
	p.line(0, "%s", p.text("rescue.prepared", c.Prepared.Threshold, c.Prepared.Total, c.Prepared.Set, moment(c.Prepared.Counts)))
}

func rescuePrepareCommand(io *console) *cobra.Command {
	n := wire.NewPreparation{}
	var folder string
	command := io.verb("prepare", "cmd.rescue.prepare", []string{
		"onecert rescue prepare --config ca/ca.yaml --config kmc/kmc.yaml --shares custodians --threshold 3 --of 5",
	}, func(ctx context.Context, _ []string) error {
		n.Deliver = func(split []shares.Share) error { return io.deliverRescue(ctx, folder, split) }
		made, err := wire.RescuePrepare(ctx, n, io.here())
		if err != nil {
			return err
		}
		return io.answer(map[string]any{"prepared": made, "folder": folder}, func(p *printer) {
			p.line(0, "%s", p.text("rescue.delivered", n.Total, folder, n.Threshold))
			for i, one := range made {
				p.line(1, "%s", p.text("rescue.counts", n.Configs[i], moment(one.Counts)))
			}
		})
	})
	flags := command.Flags()
	flags.StringArrayVar(&n.Configs, "config", nil, io.text("flag.rescue.configs"))
	flags.StringVar(&folder, "shares", "", io.text("flag.rescue.deliver"))
	flags.IntVar(&n.Threshold, "threshold", 3, io.text("flag.rescue.threshold"))
	flags.IntVar(&n.Total, "of", 5, io.text("flag.backup.of"))
	io.required(command, "config", "shares")
	return command
}

func (io *console) deliverRescue(ctx context.Context, dir string, split []shares.Share) error {
	for _, share := range split {
		if _, err := (folderDesk{io, dir}).HandOut(ctx, io.text("rescue.share-of"), share); err != nil {
			return err
		}
	}
	return nil
}

// rescueFlags are what every act takes.
type rescueFlags struct {
	wire.NewRescue
	shares []string
}

func (f *rescueFlags) add(io *console, command *cobra.Command, more ...string) {
	flags := command.Flags()
	flags.StringVar(&f.Config, "config", "", io.text("flag.config"))
	flags.StringVar(&f.Reason, "reason", "", io.text("flag.rescue.reason"))
	flags.StringArrayVar(&f.shares, "shares", nil, io.text("flag.rescue.shares"))
	io.required(command, append([]string{"config", "reason"}, more...)...)
}

// act asks for the shares, does what is to be done and shows it.
func (f *rescueFlags) act(io *console, do func(wire.NewRescue) (wire.Rescued, error)) error {
	n := f.NewRescue
	var err error
	if n.Shares, err = io.givenShares(f.shares); err != nil {
		return err
	}
	defer func() {
		for _, share := range n.Shares {
			share.Wipe()
		}
	}()
	done, err := do(n)
	if err != nil {
		return err
	}
	return io.answer(done, func(p *printer) { p.rescued(n.Config, done) })
}

func rescueCertificatesCommand(io *console) *cobra.Command {
	f := &rescueFlags{}
	var others []string
	var out string
	command := io.verb("certificates", "cmd.rescue.certificates", []string{
		"onecert rescue certificates --config ca/ca.yaml --for kmc-tls.pem --for kmc-message.pem --out new --reason TEXT --shares custodians",
	}, func(ctx context.Context, _ []string) error {
		return f.act(io, func(n wire.NewRescue) (wire.Rescued, error) {
			return wire.RescueCertificates(ctx, n, others, out, io.here())
		})
	})
	command.Flags().StringArrayVar(&others, "for", nil, io.text("flag.rescue.for"))
	command.Flags().StringVar(&out, "out", "", io.text("flag.rescue.out"))
	f.add(io, command, "out")
	return command
}

func rescueInstallCommand(io *console) *cobra.Command {
	f := &rescueFlags{}
	var from string
	command := io.verb("install", "cmd.rescue.install", []string{"onecert rescue install --config kmc/kmc.yaml --from new --reason TEXT --shares custodians"},
		func(ctx context.Context, _ []string) error {
			return f.act(io, func(n wire.NewRescue) (wire.Rescued, error) { return wire.RescueInstall(ctx, n, from, io.here()) })
		})
	command.Flags().StringVar(&from, "from", "", io.text("flag.rescue.from"))
	f.add(io, command, "from")
	return command
}

func rescueCodesCommand(io *console) *cobra.Command {
	f := &rescueFlags{}
	var names []string
	command := io.verb("codes", "cmd.rescue.codes", []string{
		"onecert rescue codes --config ca/ca.yaml --reason TEXT --shares custodians",
		"onecert rescue codes --config ca/ca.yaml --name centre.security --reason TEXT",
	}, func(ctx context.Context, _ []string) error {
		return f.act(io, func(n wire.NewRescue) (wire.Rescued, error) { return wire.RescueCodes(ctx, n, names, io.here()) })
	})
	command.Flags().StringArrayVar(&names, "name", nil, io.text("flag.rescue.name"))
	f.add(io, command)
	return command
}

func rescueListsCommand(io *console) *cobra.Command {
	f := &rescueFlags{}
	command := io.verb("crl", "cmd.rescue.crl", []string{"onecert rescue crl --config ca/ca.yaml --reason TEXT --shares custodians"},
		func(ctx context.Context, _ []string) error {
			return f.act(io, func(n wire.NewRescue) (wire.Rescued, error) { return wire.RescueLists(ctx, n, io.here()) })
		})
	f.add(io, command)
	return command
}

func (p *printer) rescued(config string, done wire.Rescued) {
	for _, c := range done.Certificates {
		p.line(0, "%s", p.text("rescue.certificate", safe(c.Subject), date(c.NotAfter), c.File))
	}
	for _, name := range done.Registered {
		p.line(0, "%s", p.text("rescue.registered", name))
	}
	for _, list := range done.Lists {
		p.line(0, "%s", p.text("rescue.list", list.Number, list.Issuer, moment(list.NextUpdate)))
	}
	if len(done.Certificates) > 0 {
		p.line(0, "%s", p.text("rescue.carry"))
	}
	if len(done.Codes) == 0 {
		return
	}
	rows := [][]string{}
	for _, c := range done.Codes {
		rows = append(rows, []string{c.Name, c.Role, c.Code, moment(c.Expires)})
	}
	p.columns(rows)
	p.line(0, "%s", p.text("codes.once"))
	if done.Component == "kmc" {
		p.line(1, "onecert officer join --kmc URL --code-file -")
		return
	}
	p.line(1, "onecert officer enrol --server URL --trust %s --code-file - --out DIR", filepath.Join(filepath.Dir(config), "trust.pem"))
}
