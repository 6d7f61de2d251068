package main

import (
	"context"

	"github.com/spf13/cobra"

	"onecert/cmd/internal/wire"
	"onecert/kmc"
)

func kmcRetentionCommand(io *console) *cobra.Command {
	var after string
	var limit int
	command := io.atKMC("retention", "cmd.kmc.retention", []string{"onecert kmc retention", "onecert kmc retention --limit 1000 --json"},
		func(ctx context.Context, s *wire.Session, _ []string) error {
			page, err := s.KMC.Retention(ctx, after, limit)
			if err != nil {
				return err
			}
			return io.answer(page, func(p *printer) { p.overdue(page) })
		})
	command.Flags().StringVar(&after, "after", "", io.text("flag.retention.after"))
	command.Flags().IntVar(&limit, "limit", 0, io.text("flag.approval.limit"))
	return command
}

func (p *printer) overdue(page kmc.Overdue) {
	if len(page.Keys) == 0 {
		p.line(0, "%s", p.text("retention.none", page.Years))
		return
	}
	rows := [][]string{{p.text("column.serial"), p.text("column.ca"), p.text("column.holder"), p.text("column.suite"), p.text("column.until"), p.text("column.due")}}
	for _, k := range page.Keys {
		rows = append(rows, []string{string(k.CertNo), k.CA, k.Holder, string(k.Suite), date(k.NotAfter), date(k.Due)})
	}
	p.columns(rows)
	if page.After != "" {
		p.line(0, "%s", p.text("retention.more", safe(page.After)))
	}
}

func kmcDestroyCommand(io *console) *cobra.Command {
	var d kmc.Destruction
	var serials []string
	command := io.atKMC("destroy", "cmd.kmc.destroy", []string{`onecert kmc destroy --serial 51c7be --serial ca/51c7bf --reason "kept for ten years"`},
		func(ctx context.Context, s *wire.Session, _ []string) (err error) {
			if d.Keys, err = io.keyNames(serials); err != nil {
				return err
			}
			receipt, err := s.KMC.Destroy(ctx, d)
			if err != nil {
				return err
			}
			return io.answer(receipt, func(p *printer) { p.receipt(receipt) })
		})
	command.Flags().StringArrayVar(&serials, "serial", nil, io.text("flag.case.serial"))
	command.Flags().StringVar(&d.Reason, "reason", "", io.text("flag.propose.reason"))
	io.required(command, "serial", "reason")
	return command
}
