package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"onecert/cmd/internal/wire"
	"onecert/ra"
)

// raCarryCommand is the carrying out of many approved applications together.
func raCarryCommand(io *console) *cobra.Command {
	return io.group("carry", "cmd.ra.carry", raCarryStartCommand(io), raCarryListCommand(io))
}

func raCarryStartCommand(io *console) *cobra.Command {
	var q ra.CarryQuery
	command := asks(io, worded{"start", "cmd.ra.carry.start", []string{
		"onecert ra carry start --batch batch-lra1-260901-k3v9x2aq", "onecert ra carry start --node lra1"}},
		func(ctx context.Context, s *wire.Session, _ []string) (*ra.Carrying, error) {
			return s.RA.CarryAll(ctx, q)
		},
		func(p *printer, c *ra.Carrying) { p.carryings([]ra.Carrying{*c}) })
	command.Flags().StringVar(&q.Batch, "batch", "", io.text("flag.ra.batch"))
	command.Flags().StringVar(&q.Node, "node", "", io.text("flag.ra.below"))
	command.Flags().StringSliceVar(&q.IDs, "application", nil, io.text("flag.ra.ids"))
	return command
}

func raCarryListCommand(io *console) *cobra.Command {
	var q ra.GoQuery
	command := asks(io, worded{"list", "cmd.ra.carry.list", []string{"onecert ra carry list", "onecert ra carry list --batch batch-lra1-260901-k3v9x2aq"}},
		func(ctx context.Context, s *wire.Session, _ []string) ([]ra.Carrying, error) {
			q.Limit = 200 // more are not remembered
			page, err := s.RA.Carryings(ctx, q)
			if err != nil {
				return nil, err
			}
			return page.Items, nil
		}, (*printer).carryings)
	command.Flags().StringVar(&q.Batch, "batch", "", io.text("flag.ra.batch"))
	return command
}

func (p *printer) carryings(all []ra.Carrying) {
	tabulate(p, all, "id since by node done failed ended", func(c ra.Carrying) []string {
		ended := ""
		if !c.Ended.IsZero() {
			ended = moment(c.Ended)
		}
		return []string{c.ID, moment(c.Began), c.By, c.Node, fmt.Sprintf("%d/%d", c.Done, c.Total), strconv.Itoa(c.Failed), ended}
	})
	for _, c := range all {
		for _, f := range c.Faults {
			p.line(1, "%s: %s", f.Application, safe(p.refusal(f.Code, f.Wrong)))
		}
	}
}
