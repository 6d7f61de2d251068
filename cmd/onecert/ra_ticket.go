package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"onecert/cmd/internal/wire"
	"onecert/helpdesk"
	"onecert/ra"
)

// raTicketCommand is the service desk of a registration.
func raTicketCommand(io *console) *cobra.Command {
	return io.group("ticket", "cmd.ra.ticket", raTicketListCommand(io), raTicketOpenCommand(io), raTicketShowCommand(io), raTicketStepCommand(io, helpdesk.Take),
		raTicketStepCommand(io, helpdesk.Answer), raTicketStepCommand(io, helpdesk.Note), raTicketStepCommand(io, helpdesk.Ask), raTicketStepCommand(io, helpdesk.Resolve),
		raTicketStepCommand(io, helpdesk.Forward), raTicketReportCommand(io))
}

func raTicketListCommand(io *console) *cobra.Command {
	var q helpdesk.Query
	var state string
	command := asks(io, worded{"list", "cmd.ra.ticket.list", []string{"onecert ra ticket list --state open"}},
		func(ctx context.Context, s *wire.Session, _ []string) (*helpdesk.Page, error) {
			q.State = helpdesk.State(state)
			return s.Desk.Tickets(ctx, q)
		}, func(p *printer, page *helpdesk.Page) {
			leaf(p, &ra.Page[*helpdesk.Ticket]{Items: page.Items, After: page.After}, "ticket state kind subject node by until", func(t *helpdesk.Ticket) []string {
				return []string{t.Number, p.text("ra.ticket-state." + string(t.State)), string(t.Kind), t.Subject, t.Node, t.Officer, moment(t.Due)}
			})
		})
	command.Flags().StringVar(&state, "state", "", io.text("flag.ra.ticket-state"))
	command.Flags().StringVar(&q.Officer, "officer", "", io.text("flag.ra.ticket-officer"))
	io.leafing(command, &q.After, &q.Limit)
	return command
}

// speech is what is said, typed or from a file: what others on the machine must not see
// in the list of processes comes from a file.
type speech struct{ text, file string }

func (f *speech) flags(io *console, flags *pflag.FlagSet) {
	flags.StringVar(&f.text, "text", "", io.text("flag.ra.text"))
	flags.StringVar(&f.file, "text-file", "", io.text("flag.ra.text-file"))
}

func (f *speech) read(io *console) (string, error) {
	if f.file == "" {
		return f.text, nil
	}
	content, err := io.readFile(f.file)
	if err != nil {
		return "", io.doing("doing.reading", f.file, err)
	}
	return strings.TrimSpace(string(content)), nil
}

func raTicketOpenCommand(io *console) *cobra.Command {
	var q helpdesk.Question
	var kind string
	said := &speech{}
	command := asks(io, worded{"open", "cmd.ra.ticket.open", []string{"onecert ra ticket open --kind pin --name 林晓明 --subject 口令被锁 --text-file call.txt --urgent"}},
		func(ctx context.Context, s *wire.Session, _ []string) (opened helpdesk.Opened, err error) {
			q.Kind = helpdesk.Kind(kind)
			if q.Text, err = said.read(io); err != nil {
				return opened, err
			}
			opened.Ticket, opened.Code, err = s.Desk.Enter(ctx, q)
			return opened, err
		}, func(p *printer, opened helpdesk.Opened) {
			p.ticket(opened.Ticket)
			p.line(0, "%s", p.text("ra.ticket.code", opened.Code))
		})
	flags := command.Flags()
	flags.StringVar(&kind, "kind", "", io.text("flag.ra.ticket-kind"))
	flags.BoolVar(&q.Urgent, "urgent", false, io.text("flag.ra.urgent"))
	flags.StringVar(&q.Holder, "holder", "", io.text("flag.list.holder"))
	flags.StringVar(&q.Name, "name", "", io.text("flag.ra.ticket-name"))
	flags.StringVar(&q.Contact, "contact", "", io.text("flag.ra.ticket-contact"))
	flags.StringVar(&q.Subject, "subject", "", io.text("flag.ra.ticket-subject"))
	said.flags(io, flags)
	io.required(command, "kind", "name", "subject")
	return command
}

func raTicketShowCommand(io *console) *cobra.Command {
	return asks(io, worded{"show TICKET", "cmd.ra.ticket.show", []string{"onecert ra ticket show T-2026-000001"}},
		func(ctx context.Context, s *wire.Session, args []string) (*helpdesk.Ticket, error) {
			return s.Desk.Ticket(ctx, args[0])
		}, (*printer).ticket)
}

// raTicketStepCommand is what an officer does with a ticket as it stands.
func raTicketStepCommand(io *console, event helpdesk.Event) *cobra.Command {
	step := helpdesk.Step{Event: event}
	said := &speech{}
	verb := string(event)
	example := "onecert ra ticket " + verb + " T-2026-000001"
	switch event {
	case helpdesk.Take:
	case helpdesk.Forward:
		example += ` --to ra1 --text "the registration has to decide this"`
	default:
		example += ` --text "try the other reader"`
	}
	command := asks(io, worded{verb + " TICKET", "cmd.ra.ticket." + verb, []string{example}},
		func(ctx context.Context, s *wire.Session, args []string) (*helpdesk.Ticket, error) {
			t, err := s.Desk.Ticket(ctx, args[0])
			if err != nil {
				return nil, err
			}
			if step.Text, err = said.read(io); err != nil {
				return nil, err
			}
			step.Version = t.Version
			return s.Desk.Do(ctx, t.Number, step)
		}, (*printer).ticket)
	said.flags(io, command.Flags())
	if event == helpdesk.Forward {
		command.Flags().StringVar(&step.To, "to", "", io.text("flag.ra.ticket-to"))
		io.required(command, "to")
	}
	return command
}

func (p *printer) ticket(t *helpdesk.Ticket) {
	p.line(0, "%s", p.text("ra.ticket.stands", t.Number, p.text("ra.ticket-state."+string(t.State)), safe(t.Subject)))
	p.labelled(1, "ra.ticket.name", t.Name)
	p.labelled(1, "ra.ticket.contact", t.Contact)
	p.labelled(1, "ra.node", t.Node)
	p.labelled(1, "ra.ticket.officer", t.Officer)
	p.labelled(1, "ra.ticket.due", moment(t.Due))
	p.labelled(1, "ra.legal", strings.ReplaceAll(joined(t.Legal), ",", ", "))
	for _, turn := range t.Turns {
		p.line(1, "%s %s %s: %s", moment(turn.At), turn.By, turn.Event, safe(turn.Text))
	}
}

func raTicketReportCommand(io *console) *cobra.Command {
	return asks(io, worded{"report MONTH", "cmd.ra.ticket.report", []string{"onecert ra ticket report 2026-11"}},
		func(ctx context.Context, s *wire.Session, args []string) (*helpdesk.Month, error) {
			return s.Desk.Report(ctx, args[0])
		}, func(p *printer, m *helpdesk.Month) {
			p.line(0, "%s", p.text("ra.ticket.month", m.Month, m.Node, m.Opened, m.Resolved, m.InTime, m.Late, m.Pending))
			p.labelled(1, "ra.ticket.first", m.FirstAnswer.Round(time.Minute).String())
			p.labelled(1, "ra.ticket.rating", fmt.Sprintf("%.1f", m.Rating))
		})
}
