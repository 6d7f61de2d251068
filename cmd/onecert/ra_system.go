package main

import (
	"context"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"onecert/cmd/internal/wire"
	"onecert/pki"
	"onecert/ra"
)

// raSystemCommand is the register of applications that use certificates, and who uses
// them.
func raSystemCommand(io *console) *cobra.Command {
	return io.group("system", "cmd.ra.system", raSystemListCommand(io), raSystemSetCommand(io), raSystemStateCommand(io, "approve", ra.SystemActive),
		raSystemStateCommand(io, "end", ra.SystemEnded), raSystemFileCommand(io), raMembersCommand(io), raMemberCommand(io, "add"), raMemberCommand(io, "remove"), raGlancesCommand(io))
}

func raSystemListCommand(io *console) *cobra.Command {
	var q ra.SystemQuery
	command := asks(io, worded{"list", "cmd.ra.system.list", []string{"onecert ra system list"}},
		func(ctx context.Context, s *wire.Session, _ []string) (*ra.Page[*ra.System], error) {
			return s.RA.Systems(ctx, q)
		}, (*printer).systems)
	io.leafing(command, &q.After, &q.Limit)
	return command
}

func (p *printer) systems(page *ra.Page[*ra.System]) {
	leaf(p, page, "id name owner services kind state node", func(y *ra.System) []string {
		return []string{y.ID, y.Name, y.Owner, joined(y.Services), joined(y.Kinds), p.text("ra.system-state." + string(y.State)), y.Node}
	})
}

func (p *printer) system(y *ra.System) { p.systems(&ra.Page[*ra.System]{Items: []*ra.System{y}}) }

// raSystemSetCommand enters an application, or changes what is named of one there is.
func raSystemSetCommand(io *console) *cobra.Command {
	var f ra.System
	var services, kinds, certificates []string
	var command *cobra.Command
	command = asks(io, worded{"set ID", "cmd.ra.system.set", []string{
		"onecert ra system set e-office --name 协同办公 --owner 示例市政府办公室 --contact 信息科 --service login,signature --kind person"}},
		func(ctx context.Context, s *wire.Session, args []string) (*ra.System, error) {
			y, err := systemOf(ctx, s.RA, args[0])
			if err != nil {
				return nil, err
			}
			if f.Certificates, err = io.certificatesOf(certificates); err != nil {
				return nil, err
			}
			whatWasSaid(command, map[string]func(){"name": func() { y.Name = f.Name }, "owner": func() { y.Owner = f.Owner }, "owner-code": func() { y.OwnerCode = f.OwnerCode },
				"contact": func() { y.Contact = f.Contact }, "reader": func() { y.Reader = f.Reader }, "service": func() { y.Services = vocabulary[ra.Service](services) },
				"kind": func() { y.Kinds = vocabulary[ra.Kind](kinds) }, "certificate": func() { y.Certificates = f.Certificates }})
			return s.RA.SetSystem(ctx, *y)
		}, (*printer).system)
	flags := command.Flags()
	flags.StringVar(&f.Name, "name", "", io.text("flag.ra.system-name"))
	flags.StringVar(&f.Owner, "owner", "", io.text("flag.ra.owner"))
	flags.StringVar(&f.OwnerCode, "owner-code", "", io.text("flag.ra.owner-code"))
	flags.StringVar(&f.Contact, "contact", "", io.text("flag.ra.contact"))
	flags.StringSliceVar(&services, "service", nil, io.text("flag.ra.services", joined(ra.Services())))
	flags.StringSliceVar(&kinds, "kind", nil, io.text("flag.ra.system-kinds"))
	flags.StringSliceVar(&certificates, "certificate", nil, io.text("flag.ra.system-certificates"))
	flags.StringVar(&f.Reader, "reader", "", io.text("flag.ra.reader"))
	return command
}

// certificatesOf reads ISSUER/SERIAL.
func (io *console) certificatesOf(typed []string) (all []ra.Which, err error) {
	for _, text := range typed {
		issuer, number, ok := strings.Cut(text, "/")
		if !ok {
			return nil, io.wrongUsage("usage.which")
		}
		serial, err := pki.ParseSerial(number)
		if err != nil {
			return nil, io.doing("doing.serial", number, err)
		}
		all = append(all, ra.Which{Issuer: issuer, Serial: serial})
	}
	return all, nil
}

// systemOf is the application of an id, or a new one.
func systemOf(ctx context.Context, c *ra.Client, id string) (*ra.System, error) {
	page, err := c.Systems(ctx, ra.SystemQuery{ID: id})
	if err != nil {
		return nil, err
	}
	if len(page.Items) == 1 {
		return page.Items[0], nil
	}
	return &ra.System{ID: id}, nil
}

func raSystemStateCommand(io *console, verb string, to ra.SystemState) *cobra.Command {
	return asks(io, worded{verb + " ID", "cmd.ra.system." + verb, []string{"onecert ra system " + verb + " e-office"}},
		func(ctx context.Context, s *wire.Session, args []string) (*ra.System, error) {
			y, err := systemOf(ctx, s.RA, args[0])
			if err != nil {
				return nil, err
			}
			return s.RA.SetSystemState(ctx, y.ID, max(y.Version, 1), to) // of one there is not, the registration says so
		}, (*printer).system)
}

func raSystemFileCommand(io *console) *cobra.Command {
	var form string
	command := writes(io, worded{"file", "cmd.ra.system.file", []string{"onecert ra system file --out systems.xlsx"}},
		func(ctx context.Context, s *wire.Session, _ []string) ([]byte, error) {
			return s.RA.SystemsFile(ctx, form)
		})
	command.Flags().StringVar(&form, "form", "xlsx", io.text("flag.ra.sheet"))
	return command
}

func raMembersCommand(io *console) *cobra.Command {
	var q ra.MemberQuery
	command := asks(io, worded{"members ID", "cmd.ra.system.members", []string{"onecert ra system members e-office"}},
		func(ctx context.Context, s *wire.Session, args []string) (*ra.Page[*ra.Standing], error) {
			return s.RA.Members(ctx, args[0], q)
		}, func(p *printer, page *ra.Page[*ra.Standing]) {
			leaf(p, page, "holder state issuer serial kind until", func(m *ra.Standing) []string {
				return []string{m.Holder, p.text("state." + string(m.State)), m.Issuer, string(m.Serial), string(m.Kind), date(m.NotAfter)}
			})
		})
	io.leafing(command, &q.After, &q.Limit)
	return command
}

func raMemberCommand(io *console, verb string) *cobra.Command {
	var m ra.Membership
	command := asks(io, worded{verb + " ID", "cmd.ra.system." + verb, []string{"onecert ra system " + verb + " e-office --holder H3F9A"}},
		func(ctx context.Context, s *wire.Session, args []string) (ra.Membership, error) {
			if verb == "add" {
				return m, s.RA.AddMember(ctx, args[0], m)
			}
			return m, s.RA.RemoveMember(ctx, args[0], m)
		}, func(p *printer, m ra.Membership) { p.line(0, "%s", p.text("ra.member."+verb, safe(m.Holder))) })
	command.Flags().StringVar(&m.Holder, "holder", "", io.text("flag.list.holder"))
	io.required(command, "holder")
	return command
}

func raGlancesCommand(io *console) *cobra.Command {
	var q ra.ListQuery
	command := asks(io, worded{"glances", "cmd.ra.system.glances", []string{"onecert ra system glances"}},
		func(ctx context.Context, s *wire.Session, _ []string) (*ra.Page[ra.Glance], error) {
			return s.RA.Glances(ctx, q)
		},
		func(p *printer, page *ra.Page[ra.Glance]) {
			leaf(p, page, "at by node id holders path", func(g ra.Glance) []string {
				return []string{moment(g.At), g.Officer, g.Node, g.System, strconv.Itoa(g.Holders), g.Path}
			})
		})
	io.leafing(command, &q.After, &q.Limit)
	return command
}
