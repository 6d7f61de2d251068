package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"onecert/ca"
	"onecert/cmd/internal/wire"
)

// completeList is the partition number of an issuer's complete CRL.
const completeList = -1

func caCRLCommand(io *console) *cobra.Command {
	var sign, delta bool
	var partition int
	var out string
	command := io.acting("crl ISSUER", "cmd.ca.crl",
		[]string{"onecert ca crl sm2 --out sm2.crl", "onecert ca crl sm2 --partition 3 --out -", "onecert ca crl sm2 --sign"},
		func(ctx context.Context, s *wire.Session, args []string) error {
			if sign {
				if _, err := s.CA.SignCRLs(ctx, args[0]); err != nil {
					return err
				}
			}
			crl, err := s.CA.LatestCRL(ctx, args[0], partition, delta)
			if err != nil {
				return err
			}
			return io.deliverCRL(crl, sign, out)
		})
	command.Args = io.words(1, 1)
	flags := command.Flags()
	flags.BoolVar(&sign, "sign", false, io.text("flag.crl.sign"))
	flags.BoolVar(&delta, "delta", false, io.text("flag.crl.delta"))
	flags.IntVar(&partition, "partition", completeList, io.text("flag.crl.partition"))
	flags.StringVar(&out, "out", "", io.text("flag.crl.out"))
	return command
}

// deliverCRL writes a list as DER, which is what relying parties read; a newer one
// takes the place of an older.
func (io *console) deliverCRL(crl *ca.CRL, signed bool, out string) error {
	switch out {
	case "":
	case "-":
		if _, err := io.out.Write(crl.DER); err != nil {
			return fmt.Errorf("writing the answer: %w", err)
		}
		return nil
	default:
		if err := wire.ReplaceFile(out, crl.DER, 0o644); err != nil {
			return err
		}
	}
	return io.answer(crl, func(p *printer) {
		if signed {
			p.line(0, "%s", p.text("crl.signed", crl.Issuer))
		}
		kind := p.text("crl.complete")
		if crl.Partition != completeList {
			kind = p.text("crl.partition", crl.Partition)
		}
		if crl.Base > 0 {
			kind += ", " + p.text("crl.delta", crl.Base)
		}
		p.line(0, "%s", p.text("crl.head", crl.Issuer, crl.Number, kind, crl.Entries))
		p.line(1, "%s – %s", moment(crl.ThisUpdate), moment(crl.NextUpdate))
		if out != "" {
			p.line(1, "→ %s", out)
		}
	})
}

func caIssuersCommand(io *console) *cobra.Command {
	return io.acting("issuers", "cmd.ca.issuers", []string{"onecert ca issuers", "onecert ca issuers --json"},
		func(ctx context.Context, s *wire.Session, _ []string) error {
			all, err := s.CA.Issuers(ctx)
			if err != nil {
				return err
			}
			return io.answer(all, func(p *printer) {
				for _, i := range all {
					p.issuer(i)
				}
			})
		})
}

func (p *printer) issuer(i ca.IssuerView) {
	p.line(0, "%s (%s): %s", i.ID, i.Suite, safe(i.Subject))
	p.line(1, "%s", p.text("issuer.counts", i.Counts["valid"], i.Counts["held"], i.Counts["revoked"]))
	p.line(1, "CRL  %s/%s/complete.crl", i.Addresses.CRL, i.ID)
	p.line(1, "AIA  %s/%s.cer", i.Addresses.AIA, i.ID)
	p.line(1, "OCSP %s", i.Addresses.OCSP)
	if i.Partitions > 0 {
		p.line(1, "%s", p.text("issuer.partitions", i.Partitions))
	}
}

func caHolderCommand(io *console) *cobra.Command {
	f := &orderFlags{}
	command := io.acting("holder", "cmd.ca.holder", []string{"onecert ca holder --identity-kind resident --identity-number-file -"},
		func(ctx context.Context, s *wire.Session, _ []string) error {
			id, err := f.document(io)
			if err != nil {
				return err
			}
			holder, err := s.CA.Identify(ctx, *id)
			if err != nil {
				return err
			}
			return io.answer(map[string]string{"holder": holder}, func(p *printer) { p.line(0, "%s", holder) })
		})
	f.identityFlags(io, command.Flags())
	io.required(command, "identity-kind", "identity-number-file")
	return command
}
