package main

import (
	"context"

	"github.com/spf13/cobra"

	"onecert/cmd/internal/wire"
)

// raJoinCommand registers an officer's certificate at a registration. Who has an
// identity already adds the registration to it; who has only a certificate and its key
// gets one.
func raJoinCommand(io *console) *cobra.Command {
	var n wire.NewSeat
	var as, code, certificate, trust string
	command := io.verb("join", "cmd.ra.join", []string{
		"onecert ra join --ra https://ra.gov.example:8447 --code-file code.txt",
		"onecert ra join --ra https://ra.gov.example:8447 --as ~/lra1.registrar --certificate bundle.pem --key key.pem --pass-file pass.txt --trust trust.pem --code-file code.txt",
	}, func(ctx context.Context, _ []string) (err error) {
		if n.Dir, err = io.identity(as); err != nil {
			return err
		}
		text, err := io.readSecret(code)
		if err != nil {
			return err
		}
		n.Code = string(text)
		for _, file := range []struct {
			path string
			into *[]byte
		}{{certificate, &n.Certificate}, {trust, &n.Trust}} {
			if file.path == "" {
				continue
			}
			if *file.into, err = io.readFile(file.path); err != nil {
				return io.doing("doing.reading", file.path, err)
			}
		}
		if (certificate == "") != (n.Key == "") || (certificate == "") != (trust == "") {
			return io.wrongUsage("usage.seat")
		}
		joined, err := wire.JoinRA(ctx, n)
		if err != nil {
			return err
		}
		return io.answer(joined, func(p *printer) { p.line(0, "%s", p.text("officer.joined", joined.Name, joined.Role, n.RA)) })
	})
	flags := command.Flags()
	io.asFlag(command, &as)
	flags.StringVar(&n.RA, "ra", "", io.text("flag.ra.join"))
	flags.StringVar(&code, "code-file", "", io.text("flag.code-file"))
	flags.StringVar(&certificate, "certificate", "", io.text("flag.ra.join-certificate"))
	flags.StringVar(&n.Key, "key", "", io.text("flag.ra.join-key"))
	flags.StringVar(&n.PassFile, "pass-file", "", io.text("flag.enrol.pass-file"))
	flags.StringVar(&trust, "trust", "", io.text("flag.enrol.trust"))
	io.required(command, "ra", "code-file")
	return command
}
