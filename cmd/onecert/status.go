package main

import (
	"context"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"onecert/cmd/internal/wire"
	"onecert/pki"
	"onecert/serve"
	"onecert/status"
)

// statusFlags say of which moment is asked and whom.
type statusFlags struct {
	at, url, dir string
}

// statusCommand tells what the state of a certificate is, or was at a moment, with the
// journal entry that proves it.
func statusCommand(io *console) *cobra.Command {
	f := &statusFlags{}
	command := io.verb("status ISSUER SERIAL | status FILE", "cmd.status", []string{
		"onecert status sm2 4f02a1… --url http://pki.gov.example", "onecert status li.pem --at 2026-11-01 --dir /var/lib/onecert/ca",
		"onecert status sm2 4f02a1… --at '2026-11-01 12:00' --url http://pki.gov.example --json",
	}, func(ctx context.Context, args []string) error { return io.status(ctx, f, args) })
	command.Args = io.words(1, 2)
	flags := command.Flags()
	flags.StringVar(&f.at, "at", "", io.text("flag.status.at"))
	flags.StringVar(&f.url, "url", "", io.text("flag.status.url"))
	flags.StringVar(&f.dir, "dir", "", io.text("flag.status.dir"))
	return command
}

func (io *console) status(ctx context.Context, f *statusFlags, args []string) error {
	if (f.url == "") == (f.dir == "") {
		return io.wrongUsage("usage.status.where")
	}
	name, err := io.certOf(args)
	if err != nil {
		return err
	}
	at := ""
	if f.at != "" {
		moment, err := io.instant(f.at)
		if err != nil {
			return err
		}
		at = moment.UTC().Format(time.RFC3339Nano)
	}
	ask := io.askLocal
	where := f.dir
	if f.url != "" {
		ask, where = askService, f.url
	}
	m, err := ask(ctx, where, name, at)
	if err != nil {
		return io.doing("doing.certificate", name.String(), err)
	}
	return io.answer(m, func(p *printer) { p.moment(m) })
}

// certOf reads ISSUER SERIAL, or a certificate file, whose issuer stands in the address
// of its revocation list.
func (io *console) certOf(args []string) (certName, error) {
	if len(args) == 2 {
		if isFile(args[1]) {
			certificate, err := io.readCertificate(args[1])
			if err != nil {
				return certName{}, err
			}
			return certName{args[0], pki.SerialOf(certificate.SerialNumber)}, nil
		}
		serial, err := pki.ParseSerial(args[1])
		if err != nil {
			return certName{}, io.doing("doing.serial", args[1], err)
		}
		return certName{args[0], serial}, nil
	}
	certificate, err := io.readCertificate(args[0])
	if err != nil {
		return certName{}, err
	}
	for _, point := range certificate.CRLDistributionPoints {
		if u, err := url.Parse(point); err == nil && strings.HasSuffix(u.Path, ".crl") && strings.Count(u.Path, "/") >= 2 {
			return certName{path.Base(path.Dir(u.Path)), pki.SerialOf(certificate.SerialNumber)}, nil
		}
	}
	return certName{}, io.doing("doing.reading", args[0], pki.Errorf(pki.Invalid, "status.issuer", "the certificate does not tell its issuer's id").
		To("give it: onecert status ISSUER FILE"))
}

// askService asks a node or a CA over HTTP.
func askService(ctx context.Context, base string, name certName, at string) (*status.Moment, error) {
	client, err := serve.NewClient(base, nil)
	if err != nil {
		return nil, err
	}
	defer client.HTTP.CloseIdleConnections()
	question := "/status/" + url.PathEscape(name.Issuer) + "/" + url.PathEscape(string(name.Serial))
	if at != "" {
		question += "?at=" + url.QueryEscape(at)
	}
	m, err := serve.Call[struct{}, status.Moment](ctx, client, "GET", question, nil)
	return &m, err
}

// askLocal asks the database of a component on this machine.
func (io *console) askLocal(ctx context.Context, dir string, name certName, at string) (*status.Moment, error) {
	journal, done, err := wire.OpenJournal(ctx, dir)
	if err != nil {
		return nil, err
	}
	defer done()
	return status.LookUp{Journal: journal, Now: io.now}.Of(ctx, name.Issuer, string(name.Serial), at)
}

func (p *printer) moment(m *status.Moment) {
	p.line(0, "%s", p.text("status.then", m.Issuer+"/"+string(m.Serial), moment(m.At), p.text("state."+string(m.State))))
	if m.Reason != "" {
		p.line(1, "%s", p.text("status.reason", p.text("revocation."+m.Reason), moment(m.Since)))
	}
	if !m.Invalidity.IsZero() {
		p.line(1, "%s", p.text("status.invalidity", moment(m.Invalidity)))
	}
	p.line(1, "%s", p.text("status.until", moment(m.NotAfter)))
	p.line(1, "%s", p.text("status.proof", m.Entry.Number, p.text("event."+string(m.Entry.Event)), moment(m.Entry.At)))
	if !m.AsOf.IsZero() {
		p.line(1, "%s", p.text("status.copy", moment(m.AsOf)))
	}
}
