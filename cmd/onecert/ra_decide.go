package main

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"onecert/cmd/internal/wire"
	"onecert/ra"
)

// raDecideCommand is an act on one application. Without --version it is on the
// application as it stands: who wants to be sure that nobody changed it since it was
// looked at says the version.
func raDecideCommand(io *console, act string) *cobra.Command {
	var d ra.Decision
	example := "onecert ra " + act + " lra1-260901-k3v9x2aq"
	if act == "return" || act == "reject" {
		example += ` --note "the unit's name is not the registered one"`
	}
	command := io.atRA(act+" APPLICATION", "cmd.ra."+act, []string{example}, func(ctx context.Context, s *wire.Session, args []string) error {
		if d.Version == 0 {
			a, err := s.RA.Application(ctx, args[0])
			if err != nil {
				return err
			}
			d.Version = a.Version
		}
		a, err := decisions(s.RA)[act](ctx, args[0], d)
		if err != nil {
			return err
		}
		return io.application(a)
	})
	command.Flags().StringVar(&d.Note, "note", "", io.text("flag.ra.note"))
	command.Flags().IntVar(&d.Version, "version", 0, io.text("flag.ra.version"))
	return command
}

func decisions(c *ra.Client) map[string]func(context.Context, string, ra.Decision) (*ra.Application, error) {
	return map[string]func(context.Context, string, ra.Decision) (*ra.Application, error){
		"submit": c.Submit, "return": c.Return, "approve": c.Approve, "reject": c.Reject, "withdraw": c.Withdraw, "issue": c.CarryOut, "deliver": c.HandOver, "settle": c.Settle,
	}
}

// application answers with an application as it stands.
func (io *console) application(a *ra.Application) error {
	return io.answer(a, func(p *printer) { p.application(a) })
}

func (p *printer) application(a *ra.Application) {
	p.line(0, "%s", p.text("ra.stands", a.ID, p.text("ra.operation."+string(a.Operation)), p.text("ra.state."+string(a.State))))
	names := []string{}
	for name := range a.Fields {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		p.line(1, "%s: %s", name, safe(a.Fields[name]))
	}
	p.labelled(1, "ra.holder", a.Holder)
	if a.Serial != "" {
		p.labelled(1, "ra.certificate", a.Issuer+"/"+string(a.Serial))
	}
	p.labelled(1, "ra.reason", safe(a.Reason))
	p.labelled(1, "ra.registered", a.RegisteredBy+", "+moment(a.Created))
	p.labelled(1, "ra.reviewed", a.ReviewedBy)
	p.labelled(1, "ra.carried", a.CarriedBy)
	p.labelled(1, "ra.delivered", a.DeliveredBy)
	p.labelled(1, "ra.conflict", safe(a.Conflict))
	legal := []string{}
	for _, event := range a.Legal {
		legal = append(legal, string(event))
	}
	p.labelled(1, "ra.legal", strings.Join(legal, ", "))
}

func raListCommand(io *console) *cobra.Command {
	var q ra.Query
	var states []string
	var kind string
	command := io.atRA("list", "cmd.ra.list", []string{"onecert ra list", "onecert ra list --state issued,delivered --node lra1 --limit 100"},
		func(ctx context.Context, s *wire.Session, _ []string) error {
			for _, state := range states {
				q.States = append(q.States, ra.State(state))
			}
			q.Kind = ra.Kind(kind)
			page, err := s.RA.Applications(ctx, q)
			if err != nil {
				return err
			}
			return io.answer(page, func(p *printer) { p.applications(page) })
		})
	flags := command.Flags()
	flags.StringSliceVar(&states, "state", nil, io.text("flag.ra.state"))
	flags.StringVar(&q.Node, "node", "", io.text("flag.ra.below"))
	flags.StringVar(&kind, "kind", "", io.text("flag.ra.kind"))
	flags.StringVar(&q.Batch, "batch", "", io.text("flag.ra.batch"))
	flags.StringVar(&q.After, "after", "", io.text("flag.ra.after"))
	flags.IntVar(&q.Limit, "limit", 0, io.text("flag.list.limit"))
	return command
}

func (p *printer) applications(page *ra.Page[*ra.Application]) {
	if len(page.Items) == 0 {
		p.line(0, "%s", p.text("ra.none"))
		return
	}
	rows := [][]string{{p.text("column.application"), p.text("column.state"), p.text("column.operation"), p.text("column.kind"), p.text("column.name"), p.text("column.since")}}
	for _, a := range page.Items {
		rows = append(rows, []string{a.ID, p.text("ra.state." + string(a.State)), p.text("ra.operation." + string(a.Operation)), string(a.Kind),
			safe(a.Fields["name"]), moment(a.Created)})
	}
	p.columns(rows)
	if page.After != "" {
		p.line(0, "%s", p.text("list.more", page.After))
	}
}

func raShowCommand(io *console) *cobra.Command {
	return io.atRA("show APPLICATION", "cmd.ra.show", []string{"onecert ra show lra1-260901-k3v9x2aq"},
		func(ctx context.Context, s *wire.Session, args []string) error {
			a, err := s.RA.Application(ctx, args[0])
			if err != nil {
				return err
			}
			return io.application(a)
		})
}

func raHistoryCommand(io *console) *cobra.Command {
	return io.atRA("history APPLICATION", "cmd.ra.history", []string{"onecert ra history lra1-260901-k3v9x2aq"},
		func(ctx context.Context, s *wire.Session, args []string) error {
			all, err := s.RA.History(ctx, args[0])
			if err != nil {
				return err
			}
			return io.answer(all, func(p *printer) { p.history(all) })
		})
}

func (p *printer) history(all []ra.Moment) {
	tabulate(p, all, "number since event by node state note", func(m ra.Moment) []string {
		return []string{strconv.Itoa(m.Number), moment(fromMillis(m.At)), m.Event, m.Actor, m.Node, p.text("ra.state." + string(m.State)), m.Note}
	})
}

func raUnmaskCommand(io *console) *cobra.Command {
	var reason string
	command := io.atRA("unmask APPLICATION", "cmd.ra.unmask", []string{`onecert ra unmask lra1-260901-k3v9x2aq --reason "the holder is on the telephone"`},
		func(ctx context.Context, s *wire.Session, args []string) error {
			fields, err := s.RA.Unmasked(ctx, args[0], reason)
			if err != nil {
				return err
			}
			return io.answer(fields, func(p *printer) {
				names := []string{}
				for name := range fields {
					names = append(names, name)
				}
				slices.Sort(names)
				for _, name := range names {
					p.line(0, "%s: %s", name, safe(fields[name]))
				}
			})
		})
	command.Flags().StringVar(&reason, "reason", "", io.text("flag.ra.unmask"))
	io.required(command, "reason")
	return command
}
