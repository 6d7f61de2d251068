package main

import (
	"context"

	"github.com/spf13/cobra"

	"onecert/ca"
	"onecert/cmd/internal/wire"
	"onecert/keys"
	"onecert/pki"
)

// enrolFlags are the words of officer enrol.
type enrolFlags struct {
	wire.NewIdentity
	trust, code, suite, cipher string
}

func officerEnrolCommand(io *console) *cobra.Command {
	f := &enrolFlags{}
	command := io.verb("enrol", "cmd.officer.enrol", []string{
		"onecert officer enrol --server https://ca.gov.example:8443 --trust trust.pem --code-file code.txt --out ~/.config/onecert",
		"onecert officer enrol --server https://ca.gov.example:8443 --trust trust.pem --code-file - --out ra1 --host ra1.gov.example --pass-file ra1.pass",
	}, func(ctx context.Context, _ []string) error { return io.enrol(ctx, f) })
	flags := command.Flags()
	flags.StringVar(&f.Server, "server", "", io.text("flag.enrol.server"))
	flags.StringVar(&f.KMC, "kmc", "", io.text("flag.enrol.kmc"))
	flags.StringVar(&f.trust, "trust", "", io.text("flag.enrol.trust"))
	flags.StringVar(&f.code, "code-file", "", io.text("flag.code-file"))
	flags.StringVar(&f.Dir, "out", "", io.text("flag.enrol.out"))
	flags.StringVar(&f.suite, "suite", string(pki.P256), io.text("flag.enrol.suite"))
	flags.StringVar(&f.Host, "host", "", io.text("flag.enrol.host"))
	flags.StringVar(&f.PassFile, "pass-file", "", io.text("flag.enrol.pass-file"))
	flags.StringVar(&f.cipher, "cipher", "aes256", io.text("flag.cipher"))
	io.required(command, "server", "trust", "code-file", "out")
	return command
}

func (io *console) enrol(ctx context.Context, f *enrolFlags) (err error) {
	if f.Suite, err = pki.ParseSuite(f.suite); err != nil {
		return err
	}
	if f.Cipher, err = io.cipher(f.cipher); err != nil {
		return err
	}
	if f.Trust, err = io.readFile(f.trust); err != nil {
		return io.doing("doing.reading", f.trust, err)
	}
	code, err := io.readSecret(f.code)
	if err != nil {
		return err
	}
	f.Code, f.Ask = string(code), io.askFresh
	done, err := wire.EnrolIdentity(ctx, f.NewIdentity)
	if err != nil {
		return err
	}
	return io.answer(enrolled(done, f.Dir), func(p *printer) {
		p.line(0, "%s", p.text("officer.enrolled", done.Name, done.Role, moment(done.Issued.Sign.NotAfter)))
		p.line(0, "%s", p.text("officer.identity", f.Dir))
		p.line(0, "%s", p.text("officer.next", f.Dir))
	})
}

// enrolled is who one has become, for programs.
func enrolled(done ca.Enrolled, dir string) map[string]any {
	c := done.Issued.Sign
	return map[string]any{"name": done.Name, "role": done.Role, "identity": dir, "issuer": c.Issuer, "serial": c.Serial,
		"not_after": c.NotAfter, "fingerprint": fingerprint(c.DER)}
}

// cipher reads the name of what key files are encrypted with.
func (io *console) cipher(name string) (keys.Cipher, error) {
	switch name {
	case "aes256":
		return keys.AES256CBC, nil
	case "sm4":
		return keys.SM4CBC, nil
	}
	return 0, io.wrongUsage("usage.cipher")
}

func officerJoinCommand(io *console) *cobra.Command {
	var as, server, code, certificate string
	command := io.verb("join", "cmd.officer.join", []string{
		"onecert officer join --kmc https://kmc.gov.example:8444 --code-file code.txt",
		"onecert officer join --kmc https://kmc.gov.example:8444 --code-file code.txt --certificate ca-tls.pem",
	},
		func(ctx context.Context, _ []string) error {
			dir, err := io.identity(as)
			if err != nil {
				return err
			}
			text, err := io.readSecret(code)
			if err != nil {
				return err
			}
			var other []byte
			if certificate != "" {
				if other, err = io.readFile(certificate); err != nil {
					return io.doing("doing.reading", certificate, err)
				}
			}
			joined, err := wire.JoinIdentity(ctx, dir, server, string(text), other)
			if err != nil {
				return err
			}
			return io.answer(joined, func(p *printer) { p.line(0, "%s", p.text("officer.joined", joined.Name, joined.Role, server)) })
		})
	flags := command.Flags()
	io.asFlag(command, &as)
	flags.StringVar(&server, "kmc", "", io.text("flag.join.kmc"))
	flags.StringVar(&code, "code-file", "", io.text("flag.code-file"))
	flags.StringVar(&certificate, "certificate", "", io.text("flag.join.certificate"))
	io.required(command, "kmc", "code-file")
	return command
}
