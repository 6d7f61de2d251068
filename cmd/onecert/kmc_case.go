package main

import (
	"context"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"onecert/cmd/internal/wire"
	"onecert/kmc"
	"onecert/pki"
)

// kmcCaseCommand is judicial recovery: keys for an investigator, by several
// custodians, at the centre and not through a CA.
func kmcCaseCommand(io *console) *cobra.Command {
	return io.group("case", "cmd.kmc.case", kmcCaseOpenCommand(io), kmcCaseListCommand(io), kmcCaseShowCommand(io), kmcCaseExportCommand(io))
}

func kmcCaseOpenCommand(io *console) *cobra.Command {
	var o kmc.CaseOrder
	var serials, certificates []string
	command := io.atKMC("open", "cmd.kmc.case.open", []string{
		`onecert kmc case open --number 2026-17 --authority "示例市公安局" --reason "order of 2 March" --holder 3f9a… --certificate investigator.pem`,
		`onecert kmc case open --number 2026-17 --authority court --reason order --serial ca/51c7be --certificate sm2.pem --certificate rsa.pem --withhold-days 90 --withhold-law "刑事诉讼法"`},
		func(ctx context.Context, s *wire.Session, _ []string) (err error) {
			if o.Keys, err = io.keyNames(serials); err != nil {
				return err
			}
			for _, path := range certificates {
				certificate, err := io.readCertificate(path)
				if err != nil {
					return err
				}
				o.Certificates = append(o.Certificates, certificate.Raw)
			}
			opened, err := s.KMC.OpenCase(ctx, o)
			if err != nil {
				return err
			}
			return io.answer(opened, func(p *printer) {
				p.caseShown(opened)
				p.line(0, "%s", p.text("approval.proposed-as", opened.ID))
			})
		})
	flags := command.Flags()
	flags.StringVar(&o.Number, "number", "", io.text("flag.case.number"))
	flags.StringVar(&o.Authority, "authority", "", io.text("flag.case.authority"))
	flags.StringVar(&o.Reason, "reason", "", io.text("flag.case.reason"))
	flags.StringVar(&o.Holder, "holder", "", io.text("flag.case.holder"))
	flags.StringArrayVar(&serials, "serial", nil, io.text("flag.case.serial"))
	flags.StringArrayVar(&certificates, "certificate", nil, io.text("flag.case.certificate"))
	flags.IntVar(&o.WithholdDays, "withhold-days", 0, io.text("flag.case.withhold-days"))
	flags.StringVar(&o.WithholdLaw, "withhold-law", "", io.text("flag.case.withhold-law"))
	io.required(command, "number", "authority", "reason", "certificate")
	return command
}

// keyNames reads serials, each with its CA before a slash where two CAs used it.
func (io *console) keyNames(texts []string) (names []kmc.KeyName, err error) {
	for _, text := range texts {
		name := kmc.KeyName{}
		ca, serial, named := strings.Cut(text, "/")
		if name.CA = ca; !named {
			name.CA, serial = "", text
		}
		if name.CertNo, err = pki.ParseSerial(serial); err != nil {
			return nil, io.doing("doing.serial", text, err)
		}
		names = append(names, name)
	}
	return names, nil
}

func kmcCaseListCommand(io *console) *cobra.Command {
	var before string
	var limit int
	command := io.atKMC("list", "cmd.kmc.case.list", []string{"onecert kmc case list"},
		func(ctx context.Context, s *wire.Session, _ []string) error {
			all, err := s.KMC.Cases(ctx, before, limit)
			if err != nil {
				return err
			}
			return io.answer(all, func(p *printer) { p.cases(all) })
		})
	command.Flags().StringVar(&before, "before", "", io.text("flag.approval.before"))
	command.Flags().IntVar(&limit, "limit", 0, io.text("flag.approval.limit"))
	return command
}

func (p *printer) cases(all []kmc.Case) {
	if len(all) == 0 {
		p.line(0, "%s", p.text("case.none"))
		return
	}
	rows := [][]string{{p.text("column.id"), p.text("column.case"), p.text("column.authority"), p.text("column.keys"), p.text("column.by"),
		p.text("column.state"), p.text("column.shown")}}
	for _, c := range all {
		shown := ""
		if !c.Shown.IsZero() {
			shown = moment(c.Shown)
		}
		rows = append(rows, []string{c.ID, c.Number, c.Authority, fmt.Sprint(len(c.Keys)), c.ProposedBy, p.text("approval.state." + string(c.State)), shown})
	}
	p.columns(rows)
}

func kmcCaseShowCommand(io *console) *cobra.Command {
	command := io.atKMC("show ID", "cmd.kmc.case.show", []string{"onecert kmc case show 06se154ohofg0og6nd9g"},
		func(ctx context.Context, s *wire.Session, args []string) error {
			one, err := s.KMC.Case(ctx, args[0])
			if err != nil {
				return err
			}
			return io.answer(one, func(p *printer) { p.caseShown(one) })
		})
	command.Args = io.words(1, 1)
	return command
}

func (p *printer) caseShown(c kmc.Case) {
	p.line(0, "%s: %s (%s)", safe(c.ID), safe(c.Number), p.text("approval.state."+string(c.State)))
	p.labelled(1, "case.authority", c.Authority)
	p.labelled(1, "approval.reason", c.Reason)
	for _, k := range c.Keys {
		p.labelled(1, "case.key", fmt.Sprintf("%s/%s, %s, %s", k.CA, k.CertNo, k.Suite, k.Holder))
	}
	for _, i := range c.Investigators {
		p.labelled(1, "case.investigator", i.Subject+" ← "+i.Issuer)
		p.line(2, "sha256 %s", safe(i.Fingerprint))
	}
	if c.WithholdDays > 0 {
		p.labelled(1, "case.withheld", fmt.Sprintf("%d, %s", c.WithholdDays, c.WithholdLaw))
	}
	p.labelled(1, "approval.proposed", c.ProposedBy+", "+moment(c.Proposed))
	for _, v := range c.Votes {
		p.labelled(1, "approval.agreed", v.Name+", "+moment(v.At))
	}
	p.labelled(1, "approval.missing", p.needs(c.Missing))
	p.labelled(1, "approval.expires", moment(c.Expires))
	if !c.Exported.IsZero() {
		p.labelled(1, "case.exported", c.ExportedBy+", "+moment(c.Exported))
		p.labelled(1, "case.shown", moment(c.Shown))
	}
}

func kmcCaseExportCommand(io *console) *cobra.Command {
	var out string
	command := io.atKMC("export ID", "cmd.kmc.case.export", []string{"onecert kmc case export 06se154ohofg0og6nd9g --out case-17"},
		func(ctx context.Context, s *wire.Session, args []string) error {
			export, err := s.KMC.ExportCase(ctx, args[0])
			if err != nil {
				return err
			}
			files, err := deliverExport(export, out)
			if err != nil {
				return err
			}
			return io.answer(map[string]any{"case": export.Case, "number": export.Number, "shown": export.Shown, "files": files}, func(p *printer) {
				for _, file := range files {
					p.line(1, "→ %s", safe(file))
				}
				p.labelled(0, "case.shown", moment(export.Shown))
			})
		})
	command.Args = io.words(1, 1)
	command.Flags().StringVar(&out, "out", "", io.text("flag.case.out"))
	io.required(command, "out")
	return command
}

// deliverExport writes each pair's envelope, and beside it the public key it must
// have. Called again it writes what is missing and leaves what is there.
func deliverExport(export kmc.Export, dir string) (files []string, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, pki.Errorf(pki.Invalid, "file.folder", "the folder %s cannot be made", safe(dir)).Because(err)
	}
	for _, k := range export.Keys {
		base := filepath.Join(dir, string(k.CertNo)+".der")
		for path, text := range map[string][]byte{base: k.Envelope.DER,
			base + ".pub": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: k.PublicKey})} {
			if there, err := os.ReadFile(path); err == nil && string(there) == string(text) {
				continue
			}
			if err := wire.WriteNew(path, text, 0o600); err != nil {
				return nil, err
			}
		}
		files = append(files, base)
	}
	return files, nil
}
