package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"onecert/cmd/internal/wire"
	"onecert/gateway"
	"onecert/pki"
	"onecert/policy"
)

func gatewayCRLCommand(io *console) *cobra.Command {
	show := func(p *printer, h gateway.SourceHealth) { p.sources([]gateway.SourceHealth{h}) }
	list := asksGateway(io, worded{"list", "cmd.gateway.crl.list", []string{"onecert gateway crl list"}},
		func(ctx context.Context, s *wire.Session, _ []string) ([]gateway.SourceHealth, error) {
			return s.Gateway.TrustHealth(ctx)
		},
		(*printer).sources)
	upload := asksGateway(io, worded{"upload CA SOURCE FILE", "cmd.gateway.crl.upload", []string{"onecert gateway crl upload province upload province.crl"}},
		func(ctx context.Context, s *wire.Session, args []string) (h gateway.SourceHealth, err error) {
			text, err := io.readFile(args[2])
			if err != nil {
				return h, io.doing("doing.reading", args[2], err)
			}
			return s.Gateway.UploadList(ctx, args[0], args[1], text)
		}, show)
	refresh := asksGateway(io, worded{"refresh CA SOURCE", "cmd.gateway.crl.refresh", []string{"onecert gateway crl refresh province ldap"}},
		func(ctx context.Context, s *wire.Session, args []string) (gateway.SourceHealth, error) {
			return s.Gateway.RefreshList(ctx, args[0], args[1])
		}, show)
	return io.group("crl", "cmd.gateway.crl", list, upload, refresh)
}

func (p *printer) sources(all []gateway.SourceHealth) {
	tabulate(p, all, "ca source kind state number ends entries error", func(h gateway.SourceHealth) []string {
		ends := ""
		if !h.NextUpdate.IsZero() {
			ends = moment(h.NextUpdate)
		}
		return []string{h.CA, h.Source, h.Kind, h.State, h.Number, ends, strconv.FormatInt(h.Entries, 10), h.Error}
	})
}

func gatewaySessionsCommand(io *console) *cobra.Command {
	var q gateway.SessionQuery
	var serial string
	list := asksGateway(io, worded{"list", "cmd.gateway.sessions.list", []string{"onecert gateway sessions list --user H-2026-1@platform-sm2"}},
		func(ctx context.Context, s *wire.Session, _ []string) ([]gateway.SessionRow, error) {
			q.Serial = pki.Serial(serial)
			return s.Gateway.SessionList(ctx, q)
		}, func(p *printer, all []gateway.SessionRow) {
			tabulate(p, all, "id user address since until", func(r gateway.SessionRow) []string {
				return []string{r.ID, r.User, r.Address, moment(r.Started), moment(r.Until)}
			})
		})
	flags := list.Flags()
	flags.StringVar(&q.User, "user", "", io.text("flag.gateway.user"))
	flags.StringVar(&q.Issuer, "issuer", "", io.text("flag.gateway.issuer"))
	flags.StringVar(&serial, "serial", "", io.text("flag.gateway.serial"))
	flags.StringVar(&q.After, "after", "", io.text("flag.ra.after"))
	flags.IntVar(&q.Limit, "limit", 0, io.text("flag.ra.limit"))
	end := asksGateway(io, worded{"end ID", "cmd.gateway.sessions.end", []string{"onecert gateway sessions end 3f1d5c0c6a1d7f2f8b1f2f0d3b9f1a2c"}},
		func(ctx context.Context, s *wire.Session, args []string) (map[string]string, error) {
			return map[string]string{"ended": args[0]}, s.Gateway.EndSession(ctx, args[0])
		}, func(p *printer, ended map[string]string) {
			p.line(0, "%s", p.text("gateway.ended", safe(ended["ended"])))
		})
	return io.group("sessions", "cmd.gateway.sessions", list, end)
}

func gatewayConnectionsCommand(io *console) *cobra.Command {
	var q gateway.ConnectionQuery
	command := asksGateway(io, worded{"connections", "cmd.gateway.connections", []string{"onecert gateway connections --service oa"}},
		func(ctx context.Context, s *wire.Session, _ []string) ([]gateway.Connection, error) {
			return s.Gateway.Connections(ctx, q)
		}, func(p *printer, all []gateway.Connection) {
			tabulate(p, all, "service address since protocol user serial", func(c gateway.Connection) []string {
				return []string{c.Service, c.Address, moment(c.Since), c.Protocol, c.User, string(c.Serial)}
			})
		})
	flags := command.Flags()
	flags.StringVar(&q.Service, "service", "", io.text("flag.gateway.service"))
	flags.StringVar(&q.Address, "address", "", io.text("flag.gateway.address"))
	flags.StringVar(&q.User, "user", "", io.text("flag.gateway.user"))
	flags.IntVar(&q.Limit, "limit", 0, io.text("flag.ra.limit"))
	return command
}

func gatewayStatisticsCommand(io *console) *cobra.Command {
	var q gateway.StatisticsQuery
	var from, to, out string
	command := io.atGateway("statistics", "cmd.gateway.statistics", []string{"onecert gateway statistics --step day --kind application", "onecert gateway statistics --from 2026-11-01 --step day --out november.csv"},
		func(ctx context.Context, s *wire.Session, _ []string) (err error) {
			for text, into := range map[string]*time.Time{from: &q.From, to: &q.To} {
				if text == "" {
					continue
				}
				if *into, err = io.instant(text); err != nil {
					return err
				}
			}
			if out != "" {
				content, err := s.Gateway.StatisticsFile(ctx, q, io.lang)
				if err != nil {
					return err
				}
				if err := wire.WriteNew(out, content, 0o600); err != nil {
					return err
				}
				return io.answer(map[string]string{"file": out}, func(p *printer) { p.line(0, "→ %s", out) })
			}
			all, err := s.Gateway.Statistics(ctx, q)
			if err != nil {
				return err
			}
			return io.answer(all, func(p *printer) { p.gatewayFigures(all) })
		})
	flags := command.Flags()
	flags.StringVar(&q.Step, "step", "minute", io.text("flag.gateway.step"))
	flags.StringVar(&q.Kind, "kind", "", io.text("flag.gateway.kind"))
	flags.StringVar(&from, "from", "", io.text("flag.gateway.from"))
	flags.StringVar(&to, "to", "", io.text("flag.gateway.to"))
	flags.StringVar(&out, "out", "", io.text("flag.gateway.csv"))
	return command
}

func (p *printer) gatewayFigures(s *gateway.Statistics) {
	for _, service := range sortedKeys(s.Live.Connections) {
		p.line(0, "%s", p.text("gateway.open", safe(service), s.Live.Connections[service]))
	}
	if s.Live.Lost > 0 {
		p.line(0, "%s", p.text("gateway.lost", s.Live.Lost))
	}
	tabulate(p, s.Figures, "at kind name times refused failed sent mean", func(f gateway.Figure) []string {
		mean := ""
		if f.Requests > 0 && f.Took > 0 {
			mean = (time.Duration(f.Took/f.Requests) * time.Microsecond).Round(10 * time.Microsecond).String()
		}
		return []string{moment(f.At), f.Kind, f.Name, strconv.FormatInt(f.Requests, 10), strconv.FormatInt(f.Refused, 10), strconv.FormatInt(f.Failed, 10), sized(f.Sent), mean}
	})
}

func gatewayHandshakesCommand(io *console) *cobra.Command {
	var q gateway.HandshakeQuery
	command := asksGateway(io, worded{"handshakes", "cmd.gateway.handshakes", []string{"onecert gateway handshakes --address 10.1.2.3"}},
		func(ctx context.Context, s *wire.Session, _ []string) ([]gateway.FailedHandshake, error) {
			return s.Gateway.FailedHandshakes(ctx, q)
		}, func(p *printer, all []gateway.FailedHandshake) {
			for _, h := range all {
				words := h.English
				if p.lang == "zh" {
					words = h.Chinese
				}
				p.line(0, "%s %s %s %s", moment(h.At), safe(h.Service), safe(h.Address), h.Protocol)
				p.line(1, "%s (%s)", safe(words), h.Cause)
				p.labelled(1, "gateway.detail", h.Detail)
				p.labelled(1, "gateway.asked-name", h.ServerName)
				for _, c := range h.Certificates {
					p.line(1, "%s", p.text("gateway.showed", safe(c.Subject), safe(c.Issuer), date(c.NotAfter)))
				}
			}
			if len(all) == 0 {
				p.line(0, "%s", p.text("ra.nothing"))
			}
		})
	flags := command.Flags()
	flags.StringVar(&q.Service, "service", "", io.text("flag.gateway.service"))
	flags.StringVar(&q.Address, "address", "", io.text("flag.gateway.address"))
	flags.StringVar(&q.Cause, "cause", "", io.text("flag.gateway.cause"))
	flags.IntVar(&q.Limit, "limit", 0, io.text("flag.ra.limit"))
	return command
}

func gatewayBackendsCommand(io *console) *cobra.Command {
	return asksGateway(io, worded{"backends", "cmd.gateway.backends", []string{"onecert gateway backends"}},
		func(ctx context.Context, s *wire.Session, _ []string) ([]gateway.BackendStatus, error) {
			return s.Gateway.Backends(ctx)
		},
		func(p *printer, all []gateway.BackendStatus) {
			tabulate(p, all, "application name address state since active times failed", func(b gateway.BackendStatus) []string {
				state := p.text(map[bool]string{true: "gateway.up", false: "gateway.down"}[b.Up])
				if b.Reason != "" {
					state += " (" + b.Reason + ")"
				}
				return []string{b.Application, b.Name, b.URL, state, moment(b.Since), fmt.Sprint(b.Active), fmt.Sprint(b.Requests), fmt.Sprint(b.Failures)}
			})
		})
}

// rulesOf reads a policy to try.
func (io *console) rulesOf(path string) (*policy.Rules, error) {
	if path == "" {
		return nil, nil
	}
	text, err := io.readFile(path)
	if err != nil {
		return nil, io.doing("doing.reading", path, err)
	}
	return policy.Decode(text)
}

func gatewayExplainCommand(io *console) *cobra.Command {
	var q gateway.Question
	var certificate, at, rules, protocol, login string
	command := io.atGateway("explain", "cmd.gateway.explain", []string{
		"onecert gateway explain --certificate alice.pem --address 10.1.2.3 --application oa --path /salary --at 2026-11-23T20:00:00+08:00",
		"onecert gateway explain --user H-2026-1@platform-sm2 --address 10.1.2.3 --application oa --rules policy-new.json"},
		func(ctx context.Context, s *wire.Session, _ []string) (err error) {
			if certificate != "" {
				text, err := io.readFile(certificate)
				if err != nil {
					return io.doing("doing.reading", certificate, err)
				}
				q.Certificate = string(text)
			}
			if at != "" {
				if q.At, err = io.instant(at); err != nil {
					return err
				}
			}
			if q.Rules, err = io.rulesOf(rules); err != nil {
				return err
			}
			q.Protocol, q.Login = policy.Protocol(protocol), policy.Login(login)
			a, err := s.Gateway.Explain(ctx, q)
			if err != nil {
				return err
			}
			return io.answer(a, func(p *printer) { p.explained(a) })
		})
	flags := command.Flags()
	flags.StringVar(&certificate, "certificate", "", io.text("flag.gateway.certificate"))
	flags.StringVar(&q.User, "user", "", io.text("flag.gateway.user"))
	flags.StringSliceVar(&q.Groups, "groups", nil, io.text("flag.gateway.groups"))
	flags.StringVar(&login, "login", "", io.text("flag.gateway.login"))
	flags.StringVar(&q.Address, "address", "", io.text("flag.gateway.address"))
	flags.StringVar(&at, "at", "", io.text("flag.gateway.at"))
	flags.StringVar(&q.Application, "application", "", io.text("flag.gateway.application"))
	flags.StringVar(&q.Service, "service", "", io.text("flag.gateway.service"))
	flags.StringVar(&protocol, "protocol", "", io.text("flag.gateway.protocol"))
	flags.StringVar(&q.Method, "method", "", io.text("flag.gateway.method"))
	flags.StringVar(&q.Host, "host", "", io.text("flag.gateway.host"))
	flags.StringVar(&q.Path, "path", "", io.text("flag.gateway.path"))
	flags.StringVar(&rules, "rules", "", io.text("flag.gateway.rules"))
	io.required(command, "address", "application")
	return command
}

func (p *printer) explained(a *gateway.Answer) {
	if a.Verdict != "" {
		p.line(0, "%s", p.text("gateway.verdict", a.Verdict, safe(a.Reason)))
	}
	p.line(0, "%s", safe(a.Explanation.Text.In(p.lang)))
	for _, j := range a.Explanation.Rules {
		p.line(1, "%s", safe(j.Text.In(p.lang)))
	}
}

func gatewaySimulateCommand(io *console) *cobra.Command {
	var sim gateway.Simulation
	var rules, from, to string
	command := io.atGateway("simulate", "cmd.gateway.simulate", []string{"onecert gateway simulate --rules policy-new.json --from 2026-11-22", "onecert gateway simulate --number 6"},
		func(ctx context.Context, s *wire.Session, _ []string) (err error) {
			for text, into := range map[string]*time.Time{from: &sim.From, to: &sim.To} {
				if text == "" {
					continue
				}
				if *into, err = io.instant(text); err != nil {
					return err
				}
			}
			if sim.Rules, err = io.rulesOf(rules); err != nil {
				return err
			}
			a, err := s.Gateway.Simulate(ctx, sim)
			if err != nil {
				return err
			}
			return io.answer(a, func(p *printer) { p.altered(a) })
		})
	flags := command.Flags()
	flags.StringVar(&rules, "rules", "", io.text("flag.gateway.rules"))
	flags.Int64Var(&sim.Version, "number", 0, io.text("flag.gateway.number"))
	flags.StringVar(&from, "from", "", io.text("flag.gateway.from"))
	flags.StringVar(&to, "to", "", io.text("flag.gateway.to"))
	flags.IntVar(&sim.Limit, "limit", 0, io.text("flag.ra.limit"))
	return command
}

func (p *printer) altered(a *gateway.Altered) {
	t := a.Tally
	p.line(0, "%s", p.text("gateway.replayed", t.Requests, moment(a.From), moment(a.To)))
	for _, kind := range []policy.ChangeKind{policy.NewlyAllowed, policy.NewlyDenied, policy.OtherLevel, policy.OtherRule} {
		p.line(1, "%s", p.text("gateway.altered."+string(kind), t.Changed[kind]))
	}
	tabulate(p, a.Changes, "at user address application url-path before after", func(c policy.Change) []string {
		user := ""
		if c.Request.Subject != nil {
			user = c.Request.Subject.User
		}
		return []string{moment(c.Request.At), user, c.Request.Address.String(), c.Request.Application, c.Request.Path, decided(c.Before), decided(c.After)}
	})
}

func decided(d policy.Decision) string {
	if d.Allowed {
		return "+ " + d.Rule
	}
	return "- " + d.Rule
}
