package main

import (
	"context"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"onecert/cmd/internal/wire"
	"onecert/officer"
)

// approvalCommand is the consent to acts that more than one person has to want. The
// acts themselves propose: ca profiles propose, kmc case open, kmc destroy, and so on.
func approvalCommand(io *console) *cobra.Command {
	return io.group("approval", "cmd.approval", approvalListCommand(io), approvalShowCommand(io), approvalApproveCommand(io),
		approvalRejectCommand(io), approvalWithdrawCommand(io))
}

// atRegistry makes a verb on the approvals of the component that --at names.
func (io *console) atRegistry(use, key string, examples []string, do func(ctx context.Context, r *wire.Registry, args []string) error) *cobra.Command {
	var component string
	command := io.anywhere(use, key, examples, func(ctx context.Context, s *wire.Session, args []string) error {
		registry, err := io.registry(s, component)
		if err != nil {
			return err
		}
		return do(ctx, registry, args)
	})
	io.at(command, &component)
	if strings.Contains(use, " ") {
		command.Args = io.words(1, 1)
	}
	return command
}

func approvalListCommand(io *console) *cobra.Command {
	var q officer.ApprovalQuery
	command := io.atRegistry("list", "cmd.approval.list", []string{"onecert approval list --waiting", "onecert approval list --at kmc --ended"},
		func(ctx context.Context, r *wire.Registry, _ []string) error {
			all, err := r.Approvals(ctx, q)
			if err != nil {
				return err
			}
			return io.answer(all, func(p *printer) { p.approvals(all) })
		})
	flags := command.Flags()
	flags.BoolVar(&q.Waiting, "waiting", false, io.text("flag.approval.waiting"))
	flags.BoolVar(&q.Ended, "ended", false, io.text("flag.approval.ended"))
	flags.IntVar(&q.Limit, "limit", 0, io.text("flag.approval.limit"))
	flags.StringVar(&q.Before, "before", "", io.text("flag.approval.before"))
	return command
}

func (p *printer) approvals(all []officer.Approval) {
	if len(all) == 0 {
		p.line(0, "%s", p.text("approval.none"))
		return
	}
	rows := [][]string{{p.text("column.id"), p.text("column.act"), p.text("column.object"), p.text("column.by"), p.text("column.state"),
		p.text("column.missing"), p.text("column.until")}}
	for _, a := range all {
		rows = append(rows, []string{a.ID, p.text("operation." + string(a.Operation)), a.Object, a.ProposedBy, p.text("approval.state." + string(a.State)),
			p.needs(a.Missing), moment(a.Expires)})
	}
	p.columns(rows)
}

// needs says who still has to agree.
func (p *printer) needs(all []officer.Need) string {
	words := make([]string, len(all))
	for i, n := range all {
		words[i] = strconv.Itoa(n.Count) + " " + n.Role
	}
	return strings.Join(words, ", ")
}

func approvalShowCommand(io *console) *cobra.Command {
	return io.atRegistry("show ID", "cmd.approval.show", []string{"onecert approval show 06se154ohofg0og6nd9g --at kmc"},
		func(ctx context.Context, r *wire.Registry, args []string) error {
			a, err := r.Approval(ctx, args[0])
			if err != nil {
				return err
			}
			return io.answer(a, func(p *printer) { p.approval(a) })
		})
}

func (p *printer) approval(a officer.Approval) {
	p.line(0, "%s: %s (%s)", safe(a.ID), p.text("operation."+string(a.Operation)), p.text("approval.state."+string(a.State)))
	p.labelled(1, "approval.object", a.Object)
	p.labelled(1, "approval.reason", a.Reason)
	p.labelled(1, "approval.proposed", a.ProposedBy+", "+moment(a.Proposed))
	p.labelled(1, "approval.expires", moment(a.Expires))
	for _, v := range a.Votes {
		p.labelled(1, "approval.agreed", v.Name+" ("+strings.Join(v.Roles, " ")+"), "+moment(v.At))
	}
	p.labelled(1, "approval.missing", p.needs(a.Missing))
	if !a.Ended.IsZero() {
		p.labelled(1, "approval.ended", strings.Trim(a.EndedBy+", "+moment(a.Ended)+", "+a.EndReason, ", "))
	}
	p.labelled(1, "approval.digest", a.Digest)
	for line := range strings.Lines(a.Summary) {
		p.line(1, "| %s", safe(strings.TrimRight(line, "\r\n")))
	}
}

func approvalApproveCommand(io *console) *cobra.Command {
	var digest string
	command := io.atRegistry("approve ID", "cmd.approval.approve",
		[]string{"onecert approval approve 06se154ohofg0og6nd9g", "onecert approval approve 06se154ohofg0og6nd9g --at kmc --digest 5f1c…"},
		func(ctx context.Context, r *wire.Registry, args []string) error {
			agreed := digest
			if agreed == "" { // what is shown now is what is agreed to
				a, err := r.Approval(ctx, args[0])
				if err != nil {
					return err
				}
				agreed = a.Digest
			}
			a, err := r.Approve(ctx, args[0], agreed)
			if err != nil {
				return err
			}
			return io.answer(a, func(p *printer) {
				p.approval(a)
				p.line(0, "%s", p.text("approval.now."+string(a.State)))
			})
		})
	command.Flags().StringVar(&digest, "digest", "", io.text("flag.approval.digest"))
	return command
}

func approvalRejectCommand(io *console) *cobra.Command {
	var reason string
	command := io.atRegistry("reject ID", "cmd.approval.reject", []string{`onecert approval reject 06se154ohofg0og6nd9g --reason "no court order"`},
		func(ctx context.Context, r *wire.Registry, args []string) error {
			a, err := r.Reject(ctx, args[0], reason)
			if err != nil {
				return err
			}
			return io.answer(a, func(p *printer) { p.approval(a) })
		})
	command.Flags().StringVar(&reason, "reason", "", io.text("flag.approval.reason"))
	io.required(command, "reason")
	return command
}

func approvalWithdrawCommand(io *console) *cobra.Command {
	var reason string
	command := io.atRegistry("withdraw ID", "cmd.approval.withdraw", []string{"onecert approval withdraw 06se154ohofg0og6nd9g"},
		func(ctx context.Context, r *wire.Registry, args []string) error {
			a, err := r.Withdraw(ctx, args[0], reason)
			if err != nil {
				return err
			}
			return io.answer(a, func(p *printer) { p.approval(a) })
		})
	command.Flags().StringVar(&reason, "reason", "", io.text("flag.approval.reason"))
	return command
}

// receipt says whom to ask after an act was proposed.
func (p *printer) receipt(r officer.Receipt) {
	p.line(0, "%s", p.text("approval.proposed-as", r.Approval))
	p.labelled(1, "approval.missing", p.needs(r.Missing))
	p.labelled(1, "approval.expires", moment(r.Expires))
	p.labelled(1, "approval.digest", r.Digest)
}
