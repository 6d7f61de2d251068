package main

import (
	"context"

	"github.com/spf13/cobra"

	"onecert/cmd/internal/wire"
	"onecert/ra"
)

// raPolicyCommand is the rules of the service: practice statements and certificate
// policies, edition by edition.
func raPolicyCommand(io *console) *cobra.Command {
	return io.group("policy", "cmd.ra.policy", raPolicyListCommand(io), raPolicyTextCommand(io), raPolicyProposeCommand(io))
}

func raPolicyListCommand(io *console) *cobra.Command {
	var q ra.ListQuery
	command := asks(io, worded{"list", "cmd.ra.policy.list", []string{"onecert ra policy list"}},
		func(ctx context.Context, s *wire.Session, _ []string) (*ra.Page[ra.Policy], error) {
			return s.RA.Policies(ctx, q)
		},
		func(p *printer, page *ra.Page[ra.Policy]) {
			leaf(p, page, "kind edition oid name begins state hash", func(y ra.Policy) []string {
				return []string{string(y.Kind), y.Edition, y.OID, y.Title, date(y.Begins), p.text(map[bool]string{true: "ra.in-force", false: "ra.not-in-force"}[y.InForce]), y.Digest}
			})
		})
	io.leafing(command, &q.After, &q.Limit)
	return command
}

func raPolicyTextCommand(io *console) *cobra.Command {
	return writes(io, worded{"text KIND EDITION", "cmd.ra.policy.text", []string{"onecert ra policy text practice-statement 2.1 --out cps-2.1.pdf"}},
		func(ctx context.Context, s *wire.Session, args []string) ([]byte, error) {
			policy, err := s.RA.PolicyText(ctx, ra.PolicyKind(args[0]), args[1])
			if err != nil {
				return nil, err
			}
			return policy.Content, nil
		})
}

func raPolicyProposeCommand(io *console) *cobra.Command {
	var y ra.Policy
	var begins string
	command := asks(io, worded{"propose KIND FILE", "cmd.ra.policy.propose", []string{
		"onecert ra policy propose practice-statement cps.pdf --edition 2.1 --oid 1.2.156.112600.1.1 --title 电子认证业务规则 --begins 2027-01-01"}},
		func(ctx context.Context, s *wire.Session, args []string) (m *ra.Motion, err error) {
			y.Kind = ra.PolicyKind(args[0])
			if y.Begins, err = io.instant(begins); err != nil {
				return nil, err
			}
			if y.Content, err = io.readFile(args[1]); err != nil {
				return nil, io.doing("doing.reading", args[1], err)
			}
			return s.RA.ProposePolicy(ctx, y)
		}, (*printer).motion)
	flags := command.Flags()
	flags.StringVar(&y.Edition, "edition", "", io.text("flag.ra.edition"))
	flags.StringVar(&y.OID, "oid", "", io.text("flag.ra.oid"))
	flags.StringVar(&y.Title, "title", "", io.text("flag.ra.policy-title"))
	flags.StringVar(&begins, "begins", "", io.text("flag.ra.begins"))
	io.required(command, "edition", "oid", "title", "begins")
	return command
}
