package main

import (
	"context"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"onecert/ca"
	"onecert/cmd/internal/wire"
)

func caProfileProposeCommand(io *console) *cobra.Command {
	var reason string
	command := io.acting("propose FILE…", "cmd.ca.profiles.propose",
		[]string{`onecert ca profiles propose person-sign.yaml --reason "three years are too long"`, "onecert ca profiles propose clerk-sign.yaml clerk-encrypt.yaml --reason clerks"},
		func(ctx context.Context, s *wire.Session, args []string) error {
			change := ca.ProfileChange{Reason: reason}
			for _, path := range args {
				text, err := io.readFile(path)
				if err != nil {
					return io.doing("doing.reading", path, err)
				}
				change.Profiles = append(change.Profiles, string(text))
			}
			proposed, err := s.CA.ProposeProfiles(ctx, change)
			if err != nil {
				return err
			}
			return io.answer(proposed, func(p *printer) {
				for _, c := range proposed.Changes {
					p.line(0, "%s: %d → %d", safe(c.Name), c.From, c.To)
					for line := range strings.Lines(c.Lines) {
						p.line(1, "%s", safe(strings.TrimRight(line, "\r\n")))
					}
				}
				p.receipt(proposed.Receipt)
			})
		})
	command.Args = io.words(1, -1)
	command.Flags().StringVar(&reason, "reason", "", io.text("flag.propose.reason"))
	io.required(command, "reason")
	return command
}

func caProfileHistoryCommand(io *console) *cobra.Command {
	command := io.acting("history NAME", "cmd.ca.profiles.history", []string{"onecert ca profiles history person-sign"},
		func(ctx context.Context, s *wire.Session, args []string) error {
			all := []ca.ProfileVersion{}
			for q := (ca.VersionQuery{Limit: ca.MostAtOnce}); ; q.After = all[len(all)-1].Version {
				some, err := s.CA.ProfileVersions(ctx, args[0], q)
				if err != nil {
					return err
				}
				if all = append(all, some...); len(some) < q.Limit {
					break
				}
			}
			return io.answer(all, func(p *printer) {
				rows := [][]string{{p.text("column.version"), p.text("column.since"), p.text("column.by"), p.text("column.approval"), p.text("column.hash")}}
				for _, v := range all {
					rows = append(rows, []string{strconv.Itoa(v.Version), moment(v.Added), v.AddedBy, v.Approval, v.Hash})
				}
				p.columns(rows)
			})
		})
	command.Args = io.words(1, 1)
	return command
}

func caCRLNumberCommand(io *console) *cobra.Command {
	var n ca.CRLNumber
	command := io.acting("crl-number ISSUER", "cmd.ca.crl-number", []string{`onecert ca crl-number sm2 --above 4711 --reason "restored from Sunday's backup"`},
		func(ctx context.Context, s *wire.Session, args []string) error {
			receipt, err := s.CA.ProposeCRLNumber(ctx, args[0], n)
			if err != nil {
				return err
			}
			return io.answer(receipt, func(p *printer) { p.receipt(*receipt) })
		})
	command.Args = io.words(1, 1)
	command.Flags().Int64Var(&n.Number, "above", 0, io.text("flag.crl-number.above"))
	command.Flags().StringVar(&n.Reason, "reason", "", io.text("flag.propose.reason"))
	io.required(command, "above", "reason")
	return command
}
