package main

import (
	"context"

	"github.com/spf13/cobra"

	"onecert/cmd/internal/wire"
	"onecert/ra"
)

// raLinksCommand tells how a process stands with those above and below.
func raLinksCommand(io *console) *cobra.Command {
	var q ra.ListQuery
	command := asks(io, worded{"links", "cmd.ra.links", []string{"onecert ra links"}},
		func(ctx context.Context, s *wire.Session, _ []string) (*ra.Links, error) { return s.RA.Links(ctx, q) },
		func(p *printer, all *ra.Links) {
			if up := all.Above; up != nil {
				p.line(0, "%s", p.text(map[bool]string{true: "ra.link.works", false: "ra.link.broken"}[up.Works]))
				p.line(1, "%s", p.text("ra.link.waits", up.Waiting, up.Review, up.Conflicts))
			}
			leaf(p, &ra.Page[ra.LinkBelow]{Items: all.Below, After: all.After}, "node at", func(b ra.LinkBelow) []string {
				if b.Heard.IsZero() {
					return []string{b.Node, ""}
				}
				return []string{b.Node, moment(b.Heard)}
			})
		})
	io.leafing(command, &q.After, &q.Limit)
	return command
}
