package main

import (
	"context"
	"encoding/pem"
	"strconv"

	"github.com/spf13/cobra"

	"onecert/ca"
	"onecert/cmd/internal/wire"
)

func caListCommand(io *console) *cobra.Command {
	var filter ca.Filter
	var all bool
	command := io.acting("list", "cmd.ca.list",
		[]string{"onecert ca list", "onecert ca list --profile person-sign --subject 民政局 --limit 20", "onecert ca list --holder 3f9a… --all --json"},
		func(ctx context.Context, s *wire.Session, _ []string) error {
			page, err := s.CA.List(ctx, filter)
			if err != nil {
				return err
			}
			for all && page.After != "" {
				filter.After = page.After
				next, err := s.CA.List(ctx, filter)
				if err != nil {
					return err
				}
				page.Certificates, page.After = append(page.Certificates, next.Certificates...), next.After
			}
			return io.answer(page, func(p *printer) { p.page(page) })
		})
	flags := command.Flags()
	flags.StringVar(&filter.Issuer, "issuer", "", io.text("flag.list.issuer"))
	flags.StringVar(&filter.Holder, "holder", "", io.text("flag.list.holder"))
	flags.StringVar(&filter.Profile, "profile", "", io.text("flag.list.profile"))
	flags.StringVar(&filter.Subject, "subject", "", io.text("flag.list.subject"))
	flags.StringVar(&filter.After, "after", "", io.text("flag.list.after"))
	flags.IntVar(&filter.Limit, "limit", 100, io.text("flag.list.limit"))
	flags.BoolVar(&all, "all", false, io.text("flag.list.all"))
	return command
}

func (p *printer) page(page *ca.Page) {
	if len(page.Certificates) == 0 {
		p.line(0, "%s", p.text("list.none"))
		return
	}
	rows := [][]string{{p.text("column.state"), p.text("column.issuer"), p.text("column.serial"), p.text("column.profile"),
		p.text("column.until"), p.text("column.subject")}}
	for _, c := range page.Certificates {
		rows = append(rows, []string{p.text("state." + string(c.State)), c.Issuer, string(c.Serial), c.Profile, date(c.NotAfter), c.Subject})
	}
	p.columns(rows)
	if page.After != "" {
		p.line(0, "%s", p.text("list.more", page.After))
	}
}

func caShowCommand(io *console) *cobra.Command {
	var at, out string
	command := io.acting("show ISSUER SERIAL | FILE", "cmd.ca.show",
		[]string{"onecert ca show sm2 4f02a1…", "onecert ca show li/sign.pem --at 2026-11-01", "onecert ca show sm2 4f02a1… --out li.pem"},
		func(ctx context.Context, s *wire.Session, args []string) error {
			names, err := io.certNames(ctx, s, args)
			if err != nil {
				return err
			}
			if len(names) != 1 {
				return io.wrongUsage("usage.one-certificate")
			}
			if at != "" {
				return io.showAt(ctx, s, names[0], at)
			}
			return io.show(ctx, s, names[0], out)
		})
	command.Args = io.words(1, 2)
	command.Flags().StringVar(&at, "at", "", io.text("flag.show.at"))
	command.Flags().StringVar(&out, "out", "", io.text("flag.show.out"))
	return command
}

func (io *console) show(ctx context.Context, s *wire.Session, name certName, out string) error {
	c, err := s.CA.Show(ctx, name.Issuer, name.Serial)
	if err != nil {
		return err
	}
	if out != "" {
		if err := wire.WriteNew(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.DER}), 0o644); err != nil {
			return err
		}
	}
	return io.answer(c, func(p *printer) { p.certificate(c) })
}

func (p *printer) certificate(c *ca.Certificate) {
	p.line(0, "%s/%s", c.Issuer, c.Serial)
	p.labelled(1, "show.state", p.text("state."+string(c.State)))
	if c.Changed != nil {
		p.labelled(1, "show.changed", moment(*c.Changed))
		p.labelled(1, "show.reason", c.Reason)
	}
	p.labelled(1, "show.subject", c.Subject)
	p.labelled(1, "show.validity", moment(c.NotBefore)+" – "+moment(c.NotAfter))
	p.labelled(1, "show.profile", c.Profile)
	p.labelled(1, "show.profile-hash", c.ProfileHash)
	p.labelled(1, "show.role", p.text("role."+c.Role))
	p.labelled(1, "show.partner", string(c.Partner))
	p.labelled(1, "show.previous", string(c.Previous))
	p.labelled(1, "show.holder", c.Holder)
	p.labelled(1, "show.application", c.Application+" ("+p.text("act."+c.Act)+")")
	p.labelled(1, "show.partition", strconv.Itoa(c.Partition))
}

func (io *console) showAt(ctx context.Context, s *wire.Session, name certName, text string) error {
	at, err := io.instant(text)
	if err != nil {
		return err
	}
	m, err := s.CA.At(ctx, name.Issuer, name.Serial, at)
	if err != nil {
		return err
	}
	return io.answer(m, func(p *printer) {
		p.line(0, "%s", p.text("at.state", moment(m.At), name.String(), p.text("state."+string(m.State))))
		p.line(1, "%s", p.text("at.entry", m.Entry.Number, p.text("event."+string(m.Entry.Event)), moment(m.Entry.At)))
	})
}
