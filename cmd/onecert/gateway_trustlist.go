package main

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"onecert/cmd/internal/wire"
	"onecert/gateway"
	"onecert/pki"
)

// gatewayTrustListCommand is a gateway's side of trust lists: their rows, how they are, and
// what a new one changes.
func gatewayTrustListCommand(io *console) *cobra.Command {
	const word = "trust-list"
	kind := gateway.PartTrustList
	return io.group(word, "cmd.gateway.trust-list", gatewayPartList(io, word, kind), gatewayPartShow(io, word, kind), gatewayPartPut(io, word, kind), gatewayPartDelete(io, word, kind),
		trustListStateCommand(io), trustListUploadCommand(io), trustListRefreshCommand(io), trustListAdoptCommand(io))
}

func trustListStateCommand(io *console) *cobra.Command {
	return asksGateway(io, worded{"state", "cmd.gateway.trust-list.state", []string{"onecert gateway trust-list state"}},
		func(ctx context.Context, s *wire.Session, _ []string) ([]gateway.TrustListState, error) {
			return s.Gateway.TrustLists(ctx)
		}, (*printer).trustLists)
}

func (p *printer) trustLists(all []gateway.TrustListState) {
	for _, l := range all {
		p.line(0, "%s", p.text("gateway.trust-list."+l.State, safe(l.Name), l.Adopted, l.Held))
		if !l.Ends.IsZero() {
			p.line(1, "%s", p.text("gateway.trust-list.ends", moment(l.Ends)))
		}
		if l.Error != "" {
			wrong, _ := p.translate(pki.Errorf(pki.Invalid, l.Code, "%s", l.Error))
			p.line(1, "%s", safe(wrong))
		}
		if l.Fault != nil {
			wrong, _ := p.translate(pki.Errorf(pki.Invalid, l.Fault.Code, "%s", l.Fault.Wrong))
			p.line(1, "%s", safe(wrong))
		}
		p.differences(1, l.Differences)
	}
}

func trustListUploadCommand(io *console) *cobra.Command {
	return asksGateway(io, worded{"upload NAME FILE", "cmd.gateway.trust-list.upload", []string{"onecert gateway trust-list upload centre list.p7"}},
		func(ctx context.Context, s *wire.Session, args []string) ([]gateway.TrustListState, error) {
			text, err := io.readFile(args[1])
			if err != nil {
				return nil, io.doing("doing.reading", args[1], err)
			}
			if err := s.Gateway.UploadTrustList(ctx, args[0], text); err != nil {
				return nil, err
			}
			return trustListNamed(ctx, s, args[0])
		}, (*printer).trustLists)
}

func trustListRefreshCommand(io *console) *cobra.Command {
	return asksGateway(io, worded{"refresh NAME", "cmd.gateway.trust-list.refresh", []string{"onecert gateway trust-list refresh centre"}},
		func(ctx context.Context, s *wire.Session, args []string) ([]gateway.TrustListState, error) {
			if err := s.Gateway.RefreshTrustList(ctx, args[0]); err != nil {
				return nil, err
			}
			return trustListNamed(ctx, s, args[0])
		}, (*printer).trustLists)
}

// trustListNamed is how one list is.
func trustListNamed(ctx context.Context, s *wire.Session, name string) (one []gateway.TrustListState, err error) {
	all, err := s.Gateway.TrustLists(ctx)
	for _, l := range all {
		if l.Name == name {
			one = append(one, l)
		}
	}
	return one, err
}

func trustListAdoptCommand(io *console) *cobra.Command {
	var c changing
	command := asksGateway(io, worded{"adopt NAME NUMBER", "cmd.gateway.trust-list.adopt", []string{"onecert gateway trust-list adopt centre 8 --note 已核对"}},
		func(ctx context.Context, s *wire.Session, args []string) (v gateway.Version, err error) {
			number, err := strconv.ParseInt(args[1], 10, 64)
			if err != nil || number < 1 {
				return v, io.wrongUsage("usage.gateway.number", safe(args[1]))
			}
			base, err := c.on(ctx, s)
			if err != nil {
				return v, err
			}
			return s.Gateway.AdoptTrustList(ctx, args[0], gateway.Adoption{Number: number, Base: base, Note: c.note})
		}, (*printer).applied)
	c.flags(io, command)
	return command
}
