package main

import (
	"context"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"onecert/cmd/internal/wire"
	"onecert/gateway"
	"onecert/pki"
)

// gatewayCommand is the identity gateway: what happens on its machine first, then what
// officers do through its API.
func gatewayCommand(io *console) *cobra.Command {
	return io.group("gateway", "cmd.gateway", gatewayInitCommand(io), gatewayEnrolCommand(io), gatewayServeCommand(io), gatewayCodesCommand(io), gatewayJoinCommand(io),
		gatewayProtectCommand(io), gatewayShowCommand(io), gatewayCheckCommand(io), gatewayApplyCommand(io), gatewayVersionsCommand(io), gatewayDiffCommand(io), gatewayRollbackCommand(io),
		gatewayStateCommand(io),
		gatewayPartCommand(io, "service", gateway.PartService), gatewayPartCommand(io, "application", gateway.PartApplication),
		gatewayPartCommand(io, "certificate", gateway.PartCertificate), gatewayPartCommand(io, "trust", gateway.PartTrustCA),
		gatewayPartCommand(io, "trust-set", gateway.PartTrustSet), gatewayTrustListCommand(io), gatewayPartCommand(io, "branding", gateway.PartBranding), gatewayPolicyCommand(io),
		gatewayCRLCommand(io), gatewaySessionsCommand(io), gatewayConnectionsCommand(io), gatewayStatisticsCommand(io), gatewayHandshakesCommand(io),
		gatewayBackendsCommand(io), gatewayExplainCommand(io), gatewaySimulateCommand(io))
}

// atGateway makes a verb that goes through the API of a gateway.
func (io *console) atGateway(use, key string, examples []string, do act) *cobra.Command {
	command := io.anywhere(use, key, examples, func(ctx context.Context, s *wire.Session, args []string) error {
		if s.Gateway == nil {
			return noGateway()
		}
		return do(ctx, s, args)
	})
	if n := len(strings.Fields(use)) - 1; n > 0 {
		command.Args = io.words(n, n)
	}
	return command
}

func noGateway() error {
	return pki.Errorf(pki.Invalid, "identity.gateway", "this identity names no gateway").
		To("register it there: 'onecert gateway join --gateway URL --code-file FILE'")
}

// asksGateway makes a verb that is one call to the gateway and its answer.
func asksGateway[T any](io *console, w worded, call func(context.Context, *wire.Session, []string) (T, error), show func(*printer, T)) *cobra.Command {
	return io.atGateway(w.use, w.key, w.examples, func(ctx context.Context, s *wire.Session, args []string) error {
		answer, err := call(ctx, s, args)
		if err != nil {
			return err
		}
		return io.answer(answer, func(p *printer) { show(p, answer) })
	})
}

func gatewayInitCommand(io *console) *cobra.Command {
	var n wire.NewGateway
	var trust []string
	var cipher string
	command := io.verb("init", "cmd.gateway.init",
		[]string{"onecert gateway init --dir gateway --host gw.gov.example --ca https://ca.gov.example:8443 --trust ca/trust.pem"},
		func(ctx context.Context, _ []string) (err error) {
			if n.Cipher, err = io.cipher(cipher); err != nil {
				return err
			}
			n.SealWith = sealer(n.Cipher)
			for _, path := range trust {
				text, err := io.readFile(path)
				if err != nil {
					return io.doing("doing.reading", path, err)
				}
				n.Trust = append(append(n.Trust, text...), '\n')
			}
			config, err := wire.InitGateway(n)
			if err != nil {
				return err
			}
			c, err := wire.LoadGateway(config)
			if err != nil {
				return err
			}
			codes, err := c.FirstCodes(ctx)
			if err != nil {
				return err
			}
			in := func(name string) string { return filepath.Join(n.Dir, name) }
			answer := made{Config: config, Trust: in("trust.pem"), AuditKey: in("audit.pub"), Requests: []string{in("tls.csr")}, Codes: codes}
			return io.answer(answer, func(p *printer) { p.gatewayMade(n, config, codes) })
		})
	flags := command.Flags()
	flags.StringVar(&n.Dir, "dir", "", io.text("flag.init.dir"))
	flags.StringVar(&n.Host, "host", "", io.text("flag.init.host"))
	flags.StringVar(&n.Listen, "listen", "0.0.0.0:8450", io.text("flag.init.listen"))
	flags.StringVar(&n.Console, "console", "", io.text("flag.init.console"))
	flags.StringVar(&n.Name, "name", "", io.text("flag.gateway.name"))
	flags.StringVar(&n.CA, "ca", "", io.text("flag.node.ca"))
	flags.StringArrayVar(&trust, "trust", nil, io.text("flag.init.trust"))
	flags.StringVar(&n.Database, "database", "", io.text("flag.init.database"))
	flags.StringVar(&n.DatabaseFile, "database-file", "", io.text("flag.init.database-file"))
	flags.StringVar(&cipher, "cipher", "sm4", io.text("flag.cipher"))
	io.linkFlag(command, &n.Link)
	io.required(command, "dir", "host", "ca", "trust")
	return command
}

func (p *printer) gatewayMade(n wire.NewGateway, config string, codes map[string]string) {
	p.line(0, "%s", p.text("init.gateway.done", n.Dir))
	p.line(0, "%s", p.text("init.kmc.secret", filepath.Join(n.Dir, "passphrase"), filepath.Join(n.Dir, "keys", "seal.pem")))
	p.codes(codes)
	p.line(0, "%s", p.text("init.next"))
	p.line(1, "onecert officer code --name %s --role site", "gateway1")
	p.line(1, "onecert gateway enrol --config %s --code-file -", config)
	p.line(1, "onecert config check %s", config)
	p.line(1, "onecert gateway serve --config %s", config)
	p.enrolAt(n.Host, n.Console)
	p.line(1, "onecert gateway join --gateway https://%s --code-file -", reached(n.Host, n.Listen))
	p.line(1, "onecert gateway protect http://127.0.0.1:8080 --name oa --host %s --listen 0.0.0.0:443 --and-as …", n.Host)
}

func gatewayEnrolCommand(io *console) *cobra.Command {
	var config, code string
	command := io.verb("enrol", "cmd.gateway.enrol", []string{"onecert gateway enrol --config gateway.yaml --code-file code.txt"},
		func(ctx context.Context, _ []string) error {
			text, err := io.readSecret(code)
			if err != nil {
				return err
			}
			done, err := wire.EnrolGateway(ctx, config, string(text))
			if err != nil {
				return err
			}
			return io.siteEnrolled(done, config)
		})
	flags := command.Flags()
	flags.StringVar(&config, "config", "", io.text("flag.config"))
	flags.StringVar(&code, "code-file", "", io.text("flag.code-file"))
	io.required(command, "config", "code-file")
	return command
}

func gatewayServeCommand(io *console) *cobra.Command {
	var config string
	command := io.verb("serve", "cmd.gateway.serve", []string{"onecert gateway serve --config /var/lib/onecert/gateway/gateway.yaml"},
		func(ctx context.Context, _ []string) error {
			c, err := wire.LoadGateway(config)
			if err != nil {
				return err
			}
			process, err := wire.OpenGateway(ctx, c, io.here())
			if err != nil {
				return err
			}
			defer process.Close()
			servers, err := process.Servers(ctx)
			if err != nil {
				return err
			}
			return io.served(ctx, servers)
		})
	io.configFlag(command, &config)
	return command
}

func gatewayCodesCommand(io *console) *cobra.Command {
	return io.codesCommand("cmd.gateway.codes", "onecert gateway codes --config /var/lib/onecert/gateway/gateway.yaml", func(ctx context.Context, config string) (map[string]string, error) {
		c, err := wire.LoadGateway(config)
		if err != nil {
			return nil, err
		}
		return c.FirstCodes(ctx)
	})
}

// gatewayJoinCommand registers an officer's certificate at a gateway.
func gatewayJoinCommand(io *console) *cobra.Command {
	var as, server, code string
	command := io.verb("join", "cmd.gateway.join", []string{"onecert gateway join --gateway https://gw.gov.example:8450 --code-file code.txt"},
		func(ctx context.Context, _ []string) error {
			dir, err := io.identity(as)
			if err != nil {
				return err
			}
			text, err := io.readSecret(code)
			if err != nil {
				return err
			}
			joined, err := wire.JoinGateway(ctx, dir, server, string(text))
			if err != nil {
				return err
			}
			return io.answer(joined, func(p *printer) { p.line(0, "%s", p.text("officer.joined", joined.Name, joined.Role, server)) })
		})
	flags := command.Flags()
	io.asFlag(command, &as)
	flags.StringVar(&server, "gateway", "", io.text("flag.gateway.join"))
	flags.StringVar(&code, "code-file", "", io.text("flag.code-file"))
	io.required(command, "gateway", "code-file")
	return command
}

// gatewayProtectCommand makes the first protected application. Whom to trust is the
// security administrator's, what stands where the system administrator's: each may run it
// for his half, or one names both identities.
func gatewayProtectCommand(io *console) *cobra.Command {
	var p wire.Protection
	var also string
	command := io.atGateway("protect URL", "cmd.gateway.protect", []string{
		"onecert gateway protect http://127.0.0.1:8080 --name oa --host oa.gov.example --listen 0.0.0.0:443 --and-as ~/gateway.security"},
		func(ctx context.Context, s *wire.Session, args []string) error {
			p.URL = args[0]
			all := []*wire.Session{s}
			if also != "" {
				other, err := wire.OpenSession(also, wire.SessionOptions{Ask: io.askPassphrase})
				if err != nil {
					return err
				}
				if other.Gateway == nil {
					return noGateway()
				}
				all = append(all, other)
			}
			return io.protect(ctx, all, p)
		})
	flags := command.Flags()
	flags.StringVar(&p.Name, "name", "", io.text("flag.gateway.protect-name"))
	flags.StringVar(&p.Title, "title", "", io.text("flag.gateway.title"))
	flags.StringVar(&p.Host, "host", "", io.text("flag.gateway.host"))
	flags.StringVar(&p.Listen, "listen", "0.0.0.0:443", io.text("flag.gateway.listen"))
	flags.StringSliceVar(&p.Public, "public", nil, io.text("flag.gateway.public"))
	flags.StringSliceVar(&p.Told, "tell", nil, io.text("flag.gateway.tell"))
	flags.StringVar(&also, "and-as", "", io.text("flag.gateway.and-as"))
	io.required(command, "name", "host")
	return command
}

// protect lets each identity do its half; a half nobody may do is an error that says who.
func (io *console) protect(ctx context.Context, all []*wire.Session, p wire.Protection) error {
	var done []wire.ProtectedPart
	halves := []func(context.Context, *wire.Session, wire.Protection) ([]wire.ProtectedPart, error){wire.ProtectTrust, wire.ProtectService}
	open := make([]error, len(halves))
	for i, half := range halves {
		for _, s := range all {
			var parts []wire.ProtectedPart
			if parts, open[i] = half(ctx, s, p); open[i] == nil {
				done = append(done, parts...)
				break
			}
			if pki.KindOf(open[i]) != pki.Forbidden {
				return open[i]
			}
		}
	}
	if open[0] != nil && open[1] != nil {
		return open[0]
	}
	answer := map[string]any{"done": done, "complete": open[0] == nil && open[1] == nil, "address": "https://" + reached(p.Host, p.Listen) + "/"}
	return io.answer(answer, func(out *printer) {
		for _, d := range done {
			key := "gateway.protect.there"
			if d.New {
				key = "gateway.protect.made"
			}
			out.line(0, "✓ %s", out.text(key, out.text("gateway.part."+d.What), d.Name))
		}
		switch {
		case open[0] != nil:
			out.line(0, "%s", out.text("gateway.protect.security"))
		case open[1] != nil:
			out.line(0, "%s", out.text("gateway.protect.system"))
		default:
			out.line(0, "%s", out.text("gateway.protect.open", answer["address"]))
		}
	})
}
