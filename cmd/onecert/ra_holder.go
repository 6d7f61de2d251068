package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"onecert/cmd/internal/wire"
	"onecert/pki"
	"onecert/ra"
)

// raHolderCommand is people, organisations, devices and publishers with certificates.
// 'onecert ra apply cancel' ends one.
func raHolderCommand(io *console) *cobra.Command {
	return io.group("holder", "cmd.ra.holder", raHolderListCommand(io), raHolderShowCommand(io), raHolderMoveCommand(io), raHolderExportCommand(io))
}

func raHolderListCommand(io *console) *cobra.Command {
	var q ra.HolderQuery
	command := asks(io, worded{"list", "cmd.ra.holder.list", []string{"onecert ra holder list --name 林晓明"}},
		func(ctx context.Context, s *wire.Session, _ []string) (*ra.Page[*ra.Holder], error) {
			return s.RA.Holders(ctx, q)
		},
		func(p *printer, page *ra.Page[*ra.Holder]) {
			leaf(p, page, "holder kind name unit node since", func(h *ra.Holder) []string {
				return []string{h.ID, string(h.Kind), h.Name, h.Unit, h.Node, moment(h.Changed)}
			})
		})
	command.Flags().StringVar(&q.Name, "name", "", io.text("flag.ra.holder-name"))
	command.Flags().StringVar(&q.Node, "node", "", io.text("flag.ra.below"))
	io.leafing(command, &q.After, &q.Limit)
	return command
}

// holderShown is what a holder has, and what was applied for.
type holderShown struct {
	Certificates *ra.Page[*ra.Certificate] `json:"certificates"`
	Applications *ra.Page[*ra.Application] `json:"applications"`
}

func raHolderShowCommand(io *console) *cobra.Command {
	return asks(io, worded{"show HOLDER", "cmd.ra.holder.show", []string{"onecert ra holder show H3F9A"}},
		func(ctx context.Context, s *wire.Session, args []string) (h holderShown, err error) {
			if h.Certificates, err = s.RA.Certificates(ctx, ra.CertificateQuery{Holder: args[0]}); err != nil {
				return h, err
			}
			h.Applications, err = s.RA.Applications(ctx, ra.Query{Holder: args[0]})
			return h, err
		}, func(p *printer, h holderShown) {
			p.held(h.Certificates)
			p.applications(h.Applications)
		})
}

func raHolderMoveCommand(io *console) *cobra.Command {
	var v ra.Move
	command := asks(io, worded{"move HOLDER", "cmd.ra.holder.move", []string{`onecert ra holder move H3F9A --to lra2 --reason "moved to the other bureau"`}},
		func(ctx context.Context, s *wire.Session, args []string) (*ra.Motion, error) {
			return s.RA.MoveHolder(ctx, args[0], v)
		}, (*printer).motion)
	command.Flags().StringVar(&v.To, "to", "", io.text("flag.ra.move-to"))
	command.Flags().StringVar(&v.Reason, "reason", "", io.text("flag.ra.why"))
	io.required(command, "to", "reason")
	return command
}

func raHolderExportCommand(io *console) *cobra.Command {
	var reason string
	command := writes(io, worded{"export HOLDER", "cmd.ra.holder.export", []string{`onecert ra holder export H3F9A --reason "asked for by the holder" --out lin.json`}},
		func(ctx context.Context, s *wire.Session, args []string) ([]byte, error) {
			file, err := s.RA.HolderFile(ctx, args[0], reason)
			if err != nil {
				return nil, err
			}
			text, err := json.MarshalIndent(file, "", "  ")
			if err != nil {
				return nil, fmt.Errorf("encoding the holder's file: %w", err)
			}
			return append(text, '\n'), nil
		})
	command.Flags().StringVar(&reason, "reason", "", io.text("flag.ra.why"))
	io.required(command, "out", "reason")
	return command
}

// raNearbyCommand freezes for a holder of any branch.
func raNearbyCommand(io *console) *cobra.Command {
	var n ra.Nearby
	var serial, kind, number string
	command := asks(io, worded{"nearby", "cmd.ra.nearby", []string{
		`onecert ra nearby --issuer sm2 --serial 4f02a1 --vetted "resident card, compared with the person"`,
		`onecert ra nearby --kind person --document-kind resident --number-file number.txt --vetted "resident card, compared with the person"`}},
		func(ctx context.Context, s *wire.Session, _ []string) (*ra.NearbyDone, error) {
			n.Serial, n.Kind = pki.Serial(serial), ra.Kind(kind)
			if number != "" {
				text, err := io.readSecret(number)
				if err != nil {
					return nil, err
				}
				n.Number = string(text)
			}
			return s.RA.FreezeNearby(ctx, n)
		}, func(p *printer, done *ra.NearbyDone) {
			p.line(0, "%s", p.text("ra.nearby.done", len(done.Applications), done.Pending))
			for _, id := range slices.Sorted(slices.Values(done.Applications)) {
				p.line(1, "%s", id)
			}
		})
	flags := command.Flags()
	flags.StringVar(&n.Issuer, "issuer", "", io.text("flag.list.issuer"))
	flags.StringVar(&serial, "serial", "", io.text("flag.ra.serial"))
	flags.StringVar(&kind, "kind", "", io.text("flag.ra.nearby-kind"))
	flags.StringVar(&n.DocumentKind, "document-kind", "", io.text("flag.ra.document-kind"))
	flags.StringVar(&number, "number-file", "", io.text("flag.ra.number-file"))
	flags.StringVar(&n.Vetted, "vetted", "", io.text("flag.ra.vetted"))
	io.required(command, "vetted")
	return command
}
