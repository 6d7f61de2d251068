package main

import (
	"context"
	"crypto/rand"
	"path/filepath"

	"github.com/spf13/cobra"

	"onecert/cmd/internal/wire"
	"onecert/pki"
	"onecert/ra"
)

// raHandCommand is the ways in which what was made reaches its holder.
func raHandCommand(io *console) *cobra.Command {
	return io.group("hand", "cmd.ra.hand", raHandCodeCommand(io), raHandPasswordCommand(io), raHandPackageCommand(io), raReceiptCommand(io))
}

func raHandCodeCommand(io *console) *cobra.Command {
	return asks(io, worded{"code APPLICATION", "cmd.ra.hand.code", []string{"onecert ra hand code lra1-260901-k3v9x2aq"}},
		func(ctx context.Context, s *wire.Session, args []string) (*ra.DownloadCode, error) {
			return s.RA.HandCode(ctx, args[0])
		},
		func(p *printer, c *ra.DownloadCode) {
			p.line(0, "%s", c.Code)
			p.line(0, "%s", p.text("ra.hand.code", moment(c.Until)))
		})
}

func raHandPasswordCommand(io *console) *cobra.Command {
	return asks(io, worded{"password APPLICATION", "cmd.ra.hand.password", []string{"onecert ra hand password lra1-260901-k3v9x2aq"}},
		func(ctx context.Context, s *wire.Session, args []string) (answer ra.PasswordAnswer, err error) {
			nonce := make([]byte, pki.LeastTicket)
			if _, err := rand.Read(nonce); err != nil {
				return answer, err
			}
			// The same nonce gives the same password for a few minutes: an answer that was
			// lost on the way is asked for once more.
			if answer.Password, err = s.RA.HandPassword(ctx, args[0], nonce); pki.KindOf(err) == pki.Unavailable {
				answer.Password, err = s.RA.HandPassword(ctx, args[0], nonce)
			}
			return answer, err
		}, func(p *printer, answer ra.PasswordAnswer) {
			p.line(0, "%s", answer.Password)
			p.line(0, "%s", p.text("ra.hand.password"))
		})
}

// handed is what was written.
type handed struct {
	Files []string `json:"files"`
}

func raHandPackageCommand(io *console) *cobra.Command {
	var out, form string
	command := io.atRA("package APPLICATION", "cmd.ra.hand.package", []string{"onecert ra hand package lra1-260901-k3v9x2aq --form pkcs12 --out lin/"},
		func(ctx context.Context, s *wire.Session, args []string) error {
			target, err := io.target(out)
			if err != nil {
				return err
			}
			parcel, err := s.RA.PackageFor(ctx, args[0], form)
			if err != nil {
				return err
			}
			if parcel.Package != nil {
				return io.packed(out, parcel.Package)
			}
			a, err := s.RA.Application(ctx, args[0])
			if err != nil {
				return err
			}
			return io.deliver(target, issuedOf(a, parcel.Made))
		})
	command.Flags().StringVar(&out, "out", "", io.text("flag.out"))
	command.Flags().StringVar(&form, "form", "", io.text("flag.ra.form"))
	io.required(command, "out")
	return command
}

func (io *console) packed(out string, made *pki.Package) error {
	var written handed
	for _, file := range made.Files {
		path := filepath.Join(out, filepath.Base(file.Name))
		if err := wire.WriteNew(path, file.Content, 0o600); err != nil {
			return err
		}
		written.Files = append(written.Files, path)
	}
	return io.answer(written, func(p *printer) {
		for _, path := range written.Files {
			p.line(0, "→ %s", path)
		}
		p.line(0, "%s", p.text("ra.hand.until", moment(made.Until)))
	})
}

func raReceiptCommand(io *console) *cobra.Command {
	return asks(io, worded{"receipt APPLICATION", "cmd.ra.hand.receipt", []string{"onecert ra hand receipt lra1-260901-k3v9x2aq"}},
		func(ctx context.Context, s *wire.Session, args []string) (*ra.Receipt, error) {
			return s.RA.Receipt(ctx, args[0])
		},
		func(p *printer, r *ra.Receipt) {
			p.line(0, "%s %s", r.Application, r.Code)
			p.line(0, "%s", p.text("ra.hand.receipt"))
		})
}
