package main

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"onecert/cmd/internal/wire"
	"onecert/officer"
	"onecert/pki"
)

func officerCommand(io *console) *cobra.Command {
	return io.group("officer", "cmd.officer", officerEnrolCommand(io), officerJoinCommand(io),
		officerListCommand(io), officerCodeCommand(io), officerEndCommand(io))
}

// at is the flag that says whose registry is meant.
func (io *console) at(command *cobra.Command, component *string) {
	command.Flags().StringVar(component, "at", "ca", io.text("flag.officer.at"))
}

// registry is the registry of officers of the component named.
func (io *console) registry(s *wire.Session, component string) (*wire.Registry, error) {
	switch component {
	case "ca":
		if s.CAOfficers == nil {
			return nil, noCA()
		}
		return s.CAOfficers, nil
	case "ra":
		if s.RAOfficers == nil {
			return nil, noRA()
		}
		return s.RAOfficers, nil
	case "gateway":
		if s.GatewayOfficers == nil {
			return nil, noGateway()
		}
		return s.GatewayOfficers, nil
	case "kmc":
		if s.KMCOfficers == nil {
			return nil, noKMC()
		}
		return s.KMCOfficers, nil
	}
	return nil, io.wrongUsage("usage.at")
}

func noKMC() error {
	return pki.Errorf(pki.Invalid, "identity.kmc", "this identity names no key management centre").
		To("register it there: 'onecert officer join --kmc URL --code-file FILE'")
}

func officerListCommand(io *console) *cobra.Command {
	var component string
	var ended bool
	command := io.anywhere("list", "cmd.officer.list", []string{"onecert officer list", "onecert officer list --at kmc --ended"},
		func(ctx context.Context, s *wire.Session, _ []string) error {
			registry, err := io.registry(s, component)
			if err != nil {
				return err
			}
			all, err := registry.List(ctx)
			if err != nil {
				return err
			}
			shown := []officer.Officer{}
			for _, o := range all {
				if ended || o.Active() {
					shown = append(shown, o)
				}
			}
			return io.answer(shown, func(p *printer) { p.officers(shown) })
		})
	io.at(command, &component)
	command.Flags().BoolVar(&ended, "ended", false, io.text("flag.officer.ended"))
	return command
}

func (p *printer) officers(all []officer.Officer) {
	rows := [][]string{{p.text("column.name"), p.text("column.roles"), p.text("column.since"), p.text("column.by"), p.text("column.fingerprint")}}
	for _, o := range all {
		since := date(o.Added)
		if !o.Active() {
			since += " – " + date(o.Ended)
		}
		rows = append(rows, []string{o.Name, strings.Join(o.Roles, " "), since, o.AddedBy, o.Fingerprint})
	}
	p.columns(rows)
}

func officerCodeCommand(io *console) *cobra.Command {
	var component string
	var order wire.CodeOrder
	command := io.anywhere("code", "cmd.officer.code",
		[]string{"onecert officer code --name centre.issuer --role issuer", "onecert officer code --at kmc --name ca --role site --days 3"},
		func(ctx context.Context, s *wire.Session, _ []string) error {
			registry, err := io.registry(s, component)
			if err != nil {
				return err
			}
			code, err := registry.Code(ctx, order)
			if err != nil {
				return err
			}
			until := io.now().Add(time.Duration(max(order.Days, 1)) * 24 * time.Hour)
			return io.answer(map[string]any{"name": order.Name, "role": order.Role, "code": code, "until": until.UTC().Truncate(time.Second)}, func(p *printer) {
				p.line(0, "%s", code)
				p.line(0, "%s", p.text("officer.code.once", order.Name, order.Role, moment(until)))
			})
		})
	io.at(command, &component)
	flags := command.Flags()
	flags.StringVar(&order.Name, "name", "", io.text("flag.officer.name"))
	flags.StringVar(&order.Role, "role", "", io.text("flag.officer.role", strings.Join(officer.Roles(), ", ")))
	flags.IntVar(&order.Days, "days", 1, io.text("flag.officer.days"))
	io.required(command, "name", "role")
	return command
}

func officerEndCommand(io *console) *cobra.Command {
	var component string
	command := io.anywhere("end FINGERPRINT", "cmd.officer.end",
		[]string{"onecert officer end 3f1d5c0c6a1d7f2f8b1f2f0d3b9f1a2c3d4e5f60718293a4b5c6d7e8f9012345"},
		func(ctx context.Context, s *wire.Session, args []string) error {
			registry, err := io.registry(s, component)
			if err != nil {
				return err
			}
			fingerprint := strings.ToLower(strings.ReplaceAll(args[0], ":", ""))
			if err := registry.End(ctx, fingerprint); err != nil {
				return err
			}
			return io.answer(map[string]string{"ended": fingerprint}, func(p *printer) { p.line(0, "%s", p.text("officer.ended", fingerprint)) })
		})
	command.Args = io.words(1, 1)
	io.at(command, &component)
	return command
}
