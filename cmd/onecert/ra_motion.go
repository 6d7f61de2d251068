package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"onecert/cmd/internal/wire"
	"onecert/pki"
	"onecert/ra"
)

// raMotionCommand is the consent to what takes more than one person at a registration:
// moving a holder, an edition of the rules, destroying an archived volume.
func raMotionCommand(io *console) *cobra.Command {
	return io.group("motion", "cmd.ra.motion", raMotionListCommand(io), raMotionDecideCommand(io, "consent"), raMotionDecideCommand(io, "refuse"))
}

func raMotionListCommand(io *console) *cobra.Command {
	var q ra.MotionQuery
	var state string
	command := asks(io, worded{"list", "cmd.ra.motion.list", []string{"onecert ra motion list --state open"}},
		func(ctx context.Context, s *wire.Session, _ []string) (*ra.Page[*ra.Motion], error) {
			q.State = ra.MotionState(state)
			return s.RA.Motions(ctx, q)
		}, func(p *printer, page *ra.Page[*ra.Motion]) {
			leaf(p, page, "motion kind object state by consents reason since", func(m *ra.Motion) []string {
				return []string{m.ID, p.text("ra.motion-kind." + string(m.Kind)), m.Object, p.text("ra.motion-state." + string(m.State)), m.ProposedBy,
					strings.Join(m.Consents, ","), m.Reason, moment(m.Created)}
			})
		})
	command.Flags().StringVar(&state, "state", "", io.text("flag.ra.motion-state"))
	io.leafing(command, &q.After, &q.Limit)
	return command
}

func raMotionDecideCommand(io *console, act string) *cobra.Command {
	var d ra.MotionDecision
	d.Consent = act == "consent"
	command := asks(io, worded{act + " MOTION", "cmd.ra.motion." + act, []string{"onecert ra motion " + act + " 0c4f1b9a77d20e35"}},
		func(ctx context.Context, s *wire.Session, args []string) (*ra.Motion, error) {
			page, err := s.RA.Motions(ctx, ra.MotionQuery{ID: args[0]})
			if err != nil {
				return nil, err
			}
			if len(page.Items) == 1 {
				d.Version = page.Items[0].Version
				return s.RA.DecideMotion(ctx, page.Items[0].ID, d)
			}
			return nil, pki.Errorf(pki.Unknown, "motion.unknown", "there is no motion %.20q in your part of the tree", args[0]).To("'onecert ra motion list' shows them")
		}, (*printer).motion)
	command.Flags().StringVar(&d.Note, "note", "", io.text("flag.ra.note"))
	return command
}

func (p *printer) motion(m *ra.Motion) {
	p.line(0, "%s", p.text("ra.motion.stands", m.ID, p.text("ra.motion-kind."+string(m.Kind)), safe(m.Object), p.text("ra.motion-state."+string(m.State))))
	p.labelled(1, "ra.reason", m.Reason)
	p.labelled(1, "ra.proposed", m.ProposedBy)
	p.labelled(1, "ra.consents", strings.Join(m.Consents, ", "))
	if m.State == ra.MotionOpen {
		p.line(1, "%s", p.text("ra.motion.needs", m.Needs-len(m.Consents)))
	}
}
