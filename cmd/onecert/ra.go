package main

import (
	"context"
	"path/filepath"

	"github.com/spf13/cobra"

	"onecert/cmd/internal/wire"
)

// raCommand is the registration: what happens on its machine first, then what officers
// do through its API. The same verbs speak to a local counter: whose identity.yaml
// names it.
func raCommand(io *console) *cobra.Command {
	own := registering{io, "ra"}
	return io.group("ra", "cmd.ra", own.initCommand(), own.enrolCommand(), own.serveCommand(), own.codesCommand(), raLinkCommand(io), raJoinCommand(io),
		raMeCommand(io), raKindsCommand(io), raRegisterCommand(io), raApplyCommand(io), raEditCommand(io), raListCommand(io), raShowCommand(io),
		raDecideCommand(io, "submit"), raDecideCommand(io, "return"), raDecideCommand(io, "approve"), raDecideCommand(io, "reject"),
		raDecideCommand(io, "withdraw"), raDecideCommand(io, "issue"), raDecideCommand(io, "deliver"), raDecideCommand(io, "settle"),
		raAttachCommand(io), raFormCommand(io), raHistoryCommand(io), raUnmaskCommand(io), raResultCommand(io), raCertificatesCommand(io), raNodeCommand(io), raPostCommand(io),
		raBatchCommand(io), raCarryCommand(io), raHandCommand(io), raRuleCommand(io), raHolderCommand(io), raNearbyCommand(io), raMotionCommand(io), raSystemCommand(io),
		raArchiveCommand(io), raPolicyCommand(io), raAnnouncementCommand(io), raWorkCommand(io), raStatisticsCommand(io), raTicketCommand(io), raLinksCommand(io))
}

// lraCommand is what happens on the machine of a local counter.
func lraCommand(io *console) *cobra.Command {
	own := registering{io, "lra"}
	return io.group("lra", "cmd.lra", own.initCommand(), own.enrolCommand(), lraJoinCommand(io), own.serveCommand(), own.codesCommand())
}

// registering makes the verbs of one of the two sorts of registration.
type registering struct {
	*console
	name string // "ra" or "lra"
}

// raInitFlags are the words of ra init.
type raInitFlags struct {
	wire.NewRA
	trust  []string
	cipher string
}

func (r registering) initCommand() *cobra.Command {
	f := &raInitFlags{NewRA: wire.NewRA{Component: r.name}}
	example := "onecert ra init --dir ra --host ra.gov.example --node centre --level centre --name 示例省数字证书注册中心 --ca https://ca.gov.example:8443 --trust ca/trust.pem"
	listen := "0.0.0.0:8447"
	if r.name == "lra" {
		example = "onecert lra init --dir lra1 --host lra1.gov.example --node lra1 --above centre,ra1 --name 示例市服务窗口 --upstream https://ra.gov.example:8447 --trust ca/trust.pem"
		listen = "0.0.0.0:8448"
	}
	command := r.verb("init", "cmd."+r.name+".init", []string{example}, func(ctx context.Context, _ []string) error { return r.initRA(ctx, f) })
	flags := command.Flags()
	flags.StringVar(&f.Dir, "dir", "", r.text("flag.init.dir"))
	flags.StringVar(&f.Host, "host", "", r.text("flag.init.host"))
	flags.StringVar(&f.Listen, "listen", listen, r.text("flag.init.listen"))
	flags.StringVar(&f.ConsoleListen, "console", "", r.text("flag.init.console"))
	flags.StringVar(&f.Home.ID, "node", "", r.text("flag.ra.node"))
	flags.StringVar(&f.Home.Name, "name", "", r.text("flag.ra.name"))
	flags.StringVar(&f.Home.Region, "region", "", r.text("flag.ra.region"))
	flags.StringSliceVar(&f.Home.Above, "above", nil, r.text("flag.ra.above"))
	flags.StringVar(&f.CA, "ca", "", r.text("flag.ra.ca"))
	flags.StringVar(&f.KMC, "kmc", "", r.text("flag.ra.kmc"))
	flags.StringVar(&f.Upstream, "upstream", "", r.text("flag.ra.upstream"))
	flags.StringArrayVar(&f.trust, "trust", nil, r.text("flag.init.trust"))
	flags.StringVar(&f.Database, "database", "", r.text("flag.init.database"))
	flags.StringVar(&f.DatabaseFile, "database-file", "", r.text("flag.init.database-file"))
	flags.StringVar(&f.cipher, "cipher", "sm4", r.text("flag.cipher"))
	r.linkFlag(command, &f.Link)
	if r.name == "lra" {
		f.Home.Level = "lra"
		r.required(command, "dir", "host", "node", "name", "above", "trust")
		return command
	}
	flags.StringVar(&f.Home.Level, "level", "ra", r.text("flag.ra.level"))
	r.required(command, "dir", "host", "node", "name", "trust")
	return command
}

func (r registering) initRA(ctx context.Context, f *raInitFlags) (err error) {
	if f.Cipher, err = r.cipher(f.cipher); err != nil {
		return err
	}
	f.SealWith = sealer(f.Cipher)
	for _, path := range f.trust {
		text, err := r.readFile(path)
		if err != nil {
			return r.doing("doing.reading", path, err)
		}
		f.Trust = append(append(f.Trust, text...), '\n')
	}
	config, err := wire.InitRA(f.NewRA)
	if err != nil {
		return err
	}
	c, err := wire.LoadRA(config)
	if err != nil {
		return err
	}
	codes, err := c.FirstCodes(ctx)
	if err != nil {
		return err
	}
	in := func(name string) string { return filepath.Join(f.Dir, name) }
	answer := made{Config: config, Trust: in("trust.pem"), AuditKey: in("audit.pub"), Requests: []string{in("tls.csr")}, Codes: codes}
	return r.answer(answer, func(p *printer) { p.raMade(r.name, f, config, codes) })
}

func (p *printer) raMade(name string, f *raInitFlags, config string, codes map[string]string) {
	p.line(0, "%s", p.text("init.ra.done", f.Dir))
	p.line(0, "%s", p.text("init.kmc.secret", filepath.Join(f.Dir, "passphrase"), filepath.Join(f.Dir, "keys", "seal.pem")))
	p.codes(codes)
	p.line(0, "%s", p.text("init.next"))
	p.line(1, "onecert officer code --name %s --role site", f.Home.ID)
	p.line(1, "onecert %s enrol --config %s --code-file -", name, config)
	p.line(1, "onecert config check %s", config)
	p.line(1, "onecert %s serve --config %s", name, config)
	p.enrolAt(f.Host, f.ConsoleListen)
	p.line(1, "onecert ra join --ra https://%s --code-file -", reached(f.Host, f.Listen))
}

func (r registering) enrolCommand() *cobra.Command {
	var config, server, code string
	command := r.verb("enrol", "cmd."+r.name+".enrol", []string{"onecert " + r.name + " enrol --config " + r.name + ".yaml --code-file code.txt"},
		func(ctx context.Context, _ []string) error {
			text, err := r.readSecret(code)
			if err != nil {
				return err
			}
			done, err := wire.EnrolRA(ctx, config, server, string(text))
			if err != nil {
				return err
			}
			return r.siteEnrolled(done, config)
		})
	flags := command.Flags()
	flags.StringVar(&config, "config", "", r.text("flag.config"))
	flags.StringVar(&server, "server", "", r.text("flag.ra.server"))
	flags.StringVar(&code, "code-file", "", r.text("flag.code-file"))
	r.required(command, "config", "code-file")
	return command
}

func (r registering) serveCommand() *cobra.Command {
	var config string
	command := r.verb("serve", "cmd."+r.name+".serve", []string{"onecert " + r.name + " serve --config /var/lib/onecert/" + r.name + "/" + r.name + ".yaml"},
		func(ctx context.Context, _ []string) error {
			c, err := wire.LoadRA(config)
			if err != nil {
				return err
			}
			process, err := wire.OpenRA(ctx, c, r.here())
			if err != nil {
				return err
			}
			defer process.Close()
			servers, err := process.Servers(ctx)
			if err != nil {
				return err
			}
			return r.served(ctx, servers)
		})
	r.configFlag(command, &config)
	return command
}

func (r registering) codesCommand() *cobra.Command {
	example := "onecert " + r.name + " codes --config /var/lib/onecert/" + r.name + "/" + r.name + ".yaml"
	return r.console.codesCommand("cmd."+r.name+".codes", example, func(ctx context.Context, config string) (map[string]string, error) {
		c, err := wire.LoadRA(config)
		if err != nil {
			return nil, err
		}
		return c.FirstCodes(ctx)
	})
}
