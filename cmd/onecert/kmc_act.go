package main

import (
	"context"
	"encoding/pem"
	"strconv"

	"github.com/spf13/cobra"

	"onecert/cmd/internal/wire"
	"onecert/kmc"
	"onecert/pki"
)

// atKMC makes a verb that goes through the API of the key management centre.
func (io *console) atKMC(use, key string, examples []string, do act) *cobra.Command {
	return io.anywhere(use, key, examples, func(ctx context.Context, s *wire.Session, args []string) error {
		if s.KMC == nil {
			return noKMC()
		}
		return do(ctx, s, args)
	})
}

func kmcStatusCommand(io *console) *cobra.Command {
	return io.atKMC("status", "cmd.kmc.status", []string{"onecert kmc status", "onecert kmc status --json"},
		func(ctx context.Context, s *wire.Session, _ []string) error {
			status, err := s.KMC.Status(ctx)
			if err != nil {
				return err
			}
			return io.answer(status, func(p *printer) { p.libraries(status) })
		})
}

func (p *printer) libraries(status kmc.Status) {
	rows := [][]string{{p.text("column.suite"), p.text("column.spare"), p.text("column.target"), p.text("column.in-use"),
		p.text("column.history"), p.text("column.oldest")}}
	for _, s := range status.Suites {
		oldest := ""
		if s.OldestSpare != nil {
			oldest = moment(*s.OldestSpare)
		}
		spare := strconv.Itoa(s.Spare)
		if s.Target > 0 && s.Spare < s.Low {
			spare += " " + p.text("kmc.low")
		}
		rows = append(rows, []string{string(s.Suite), spare, strconv.Itoa(s.Target), strconv.FormatInt(s.InUse, 10),
			strconv.FormatInt(s.History, 10), oldest})
	}
	p.columns(rows)
}

func kmcRecoverCommand(io *console) *cobra.Command {
	var serial, certificate, out string
	var r kmc.Recovery
	command := io.atKMC("recover", "cmd.kmc.recover",
		[]string{"onecert kmc recover --serial 51c7be… --certificate li-new/sign.pem --reason 2026-000123 --out old-key.der"},
		func(ctx context.Context, s *wire.Session, _ []string) (err error) {
			if r.CertNo, err = pki.ParseSerial(serial); err != nil {
				return io.doing("doing.serial", serial, err)
			}
			holder, err := io.readCertificate(certificate)
			if err != nil {
				return err
			}
			r.Certificate = holder.Raw
			grant, err := s.KMC.Recover(ctx, r)
			if err != nil {
				return err
			}
			return io.deliverGrant(grant, out)
		})
	flags := command.Flags()
	flags.StringVar(&serial, "serial", "", io.text("flag.recover.serial"))
	flags.StringVar(&certificate, "certificate", "", io.text("flag.recover.certificate"))
	flags.StringVar(&r.Reason, "reason", "", io.text("flag.recover.reason"))
	flags.StringVar(&r.CA, "ca", "", io.text("flag.recover.ca"))
	flags.StringVar(&out, "out", "", io.text("flag.recover.out"))
	io.required(command, "serial", "certificate", "reason", "out")
	return command
}

// deliverGrant writes a sealed key, and beside it the public key it must have.
func (io *console) deliverGrant(grant pki.KeyGrant, out string) error {
	if err := wire.WriteNew(out, grant.Envelope.DER, 0o600); err != nil {
		return err
	}
	public := out + ".pub"
	if err := wire.WriteNew(public, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: grant.PublicKey}), 0o644); err != nil {
		return err
	}
	return io.answer(grant, func(p *printer) {
		p.line(0, "%s", p.text("recover.done", string(grant.CertNo)))
		p.line(1, "→ %s", out)
		p.line(1, "→ %s", public)
		p.line(0, "%s", p.text("recover.open"))
		p.line(1, "onecert envelope open --in %s --certificate %s --key sign.key --out enc.key --plain", out, public)
	})
}

func kmcLedgerCommand(io *console) *cobra.Command {
	command := io.atKMC("ledger HOLDER", "cmd.kmc.ledger", []string{"onecert kmc ledger 3f9a…"},
		func(ctx context.Context, s *wire.Session, args []string) error {
			touches := []kmc.Touch{}
			for q := (kmc.LedgerQuery{Limit: kmc.MostTouches}); ; q.From = touches[len(touches)-1].Entry + 1 {
				some, err := s.KMC.Ledger(ctx, args[0], q)
				if err != nil {
					return err
				}
				if touches = append(touches, some...); len(some) < q.Limit {
					break
				}
			}
			return io.answer(touches, func(p *printer) { p.ledger(touches) })
		})
	command.Args = io.words(1, 1)
	return command
}

func (p *printer) ledger(touches []kmc.Touch) {
	if len(touches) == 0 {
		p.line(0, "%s", p.text("ledger.none"))
		return
	}
	rows := [][]string{{p.text("column.at"), p.text("column.act"), p.text("column.result"), p.text("column.by"), p.text("column.serial"), p.text("column.reason")}}
	for _, t := range touches {
		result := p.text("result." + t.Result)
		if t.Code != "" {
			result += " (" + t.Code + ")"
		}
		by := t.By
		if t.AskedBy != "" {
			by += " (" + t.AskedBy + ")"
		}
		rows = append(rows, []string{moment(t.At), t.Act, result, by, t.CertNo, t.Reason})
	}
	p.columns(rows)
}
