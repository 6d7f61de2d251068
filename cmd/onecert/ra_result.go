package main

import (
	"context"
	"time"

	"github.com/emmansun/gmsm/smx509"
	"github.com/spf13/cobra"

	"onecert/ca"
	"onecert/cmd/internal/wire"
	"onecert/pki"
	"onecert/ra"
)

func raResultCommand(io *console) *cobra.Command {
	var out string
	command := io.atRA("result APPLICATION", "cmd.ra.result", []string{"onecert ra result lra1-260901-k3v9x2aq --out lin/"},
		func(ctx context.Context, s *wire.Session, args []string) error {
			target, err := io.target(out)
			if err != nil {
				return err
			}
			made, err := s.RA.Result(ctx, args[0])
			if err != nil {
				return err
			}
			a, err := s.RA.Application(ctx, args[0])
			if err != nil {
				return err
			}
			return io.deliver(target, issuedOf(a, made))
		})
	command.Flags().StringVar(&out, "out", "", io.text("flag.out"))
	io.required(command, "out")
	return command
}

// issuedOf is what was made for an application in the form the files are written from.
func issuedOf(a *ra.Application, m *ra.Made) *ca.Issued {
	half := func(role string, c ra.MadeCertificate) *ca.Certificate {
		subject, err := subjectOf(c.DER)
		if err != nil {
			subject = a.Fields["name"]
		}
		return &ca.Certificate{Issuer: c.Issuer, Serial: c.Serial, State: pki.Valid, Role: role, Application: a.ID, Act: string(a.Operation), Profile: c.Profile,
			Kind: ca.Kind(a.Kind), Holder: c.Holder, Subject: subject, NotBefore: c.NotBefore, NotAfter: c.NotAfter, DER: c.DER}
	}
	issued := &ca.Issued{Application: a.ID, Act: string(a.Operation), Sign: half("single", m.Sign), Envelope: m.Envelope, SealedTo: m.SealedTo,
		History: m.History, HistoryWaits: m.HistoryWaits, Chain: m.Chain}
	if m.Encrypt != nil {
		issued.Sign.Role, issued.Encrypt = "sign", half("encrypt", *m.Encrypt)
	}
	return issued
}

func raCertificatesCommand(io *console) *cobra.Command {
	var q ra.CertificateQuery
	var state string
	command := io.atRA("certificates", "cmd.ra.certificates", []string{"onecert ra certificates", "onecert ra certificates --name 林晓明 --state valid"},
		func(ctx context.Context, s *wire.Session, _ []string) error {
			q.State = pki.State(state)
			page, err := s.RA.Certificates(ctx, q)
			if err != nil {
				return err
			}
			return io.answer(page, func(p *printer) { p.held(page) })
		})
	flags := command.Flags()
	flags.StringVar(&q.Holder, "holder", "", io.text("flag.list.holder"))
	flags.StringVar(&q.Name, "name", "", io.text("flag.ra.holder-name"))
	flags.StringVar(&state, "state", "", io.text("flag.ra.certificate-state"))
	flags.StringVar(&q.After, "after", "", io.text("flag.ra.after"))
	flags.IntVar(&q.Limit, "limit", 0, io.text("flag.list.limit"))
	return command
}

func (p *printer) held(page *ra.Page[*ra.Certificate]) {
	if len(page.Items) == 0 {
		p.line(0, "%s", p.text("list.none"))
		return
	}
	rows := [][]string{{p.text("column.state"), p.text("column.issuer"), p.text("column.serial"), p.text("column.profile"), p.text("column.until"), p.text("column.name"), p.text("column.node")}}
	for _, c := range page.Items {
		rows = append(rows, []string{p.text("state." + string(c.State)), c.Issuer, string(c.Serial), c.Profile, date(c.NotAfter), safe(c.Name), c.Node})
	}
	p.columns(rows)
	if page.After != "" {
		p.line(0, "%s", p.text("list.more", page.After))
	}
}

func fromMillis(at int64) time.Time { return time.UnixMilli(at) }

func subjectOf(der []byte) (string, error) {
	c, err := smx509.ParseCertificate(der)
	if err != nil {
		return "", err
	}
	name, err := pki.NameOf(c.RawSubject)
	return name.String(), err
}
