package main

import (
	"context"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"onecert/ca"
	"onecert/cmd/internal/wire"
)

// kmcCommand is the key management centre: what happens on its machine first, then
// what officers do through its API.
func kmcCommand(io *console) *cobra.Command {
	return io.group("kmc", "cmd.kmc", kmcInitCommand(io), kmcServeCommand(io), kmcCodesCommand(io), kmcEnrolCommand(io),
		kmcStatusCommand(io), kmcFillCommand(io), kmcRecoverCommand(io), kmcLedgerCommand(io), kmcCaseCommand(io), kmcRetentionCommand(io), kmcDestroyCommand(io))
}

// kmcInitFlags are the words of kmc init.
type kmcInitFlags struct {
	wire.NewKMC
	trust, peers []string
	dialOut      []string
	cipher       string
}

func kmcInitCommand(io *console) *cobra.Command {
	f := &kmcInitFlags{}
	command := io.verb("init", "cmd.kmc.init",
		[]string{"onecert kmc init --dir kmc --host kmc.gov.example --listen 0.0.0.0:8444 --ca https://ca.gov.example:8443 --trust ca/trust.pem --peer ca=ca/message.pem"},
		func(ctx context.Context, _ []string) error { return io.initKMC(ctx, f) })
	flags := command.Flags()
	flags.StringVar(&f.Dir, "dir", "", io.text("flag.init.dir"))
	flags.StringVar(&f.Host, "host", "", io.text("flag.init.host"))
	flags.StringVar(&f.Listen, "listen", "0.0.0.0:8444", io.text("flag.init.listen"))
	flags.StringVar(&f.Console, "console", "", io.text("flag.init.console"))
	flags.StringVar(&f.CA, "ca", "", io.text("flag.init.ca"))
	flags.StringArrayVar(&f.trust, "trust", nil, io.text("flag.init.trust"))
	flags.StringArrayVar(&f.peers, "peer", nil, io.text("flag.init.peer"))
	flags.StringArrayVar(&f.dialOut, "dial-out", nil, io.text("flag.init.dial-out"))
	flags.StringVar(&f.Database, "database", "", io.text("flag.init.database"))
	flags.StringVar(&f.DatabaseFile, "database-file", "", io.text("flag.init.database-file"))
	flags.StringVar(&f.cipher, "cipher", "sm4", io.text("flag.cipher"))
	io.linkFlag(command, &f.Link)
	io.required(command, "dir", "host", "trust")
	return command
}

func (io *console) initKMC(ctx context.Context, f *kmcInitFlags) (err error) {
	if f.Cipher, err = io.cipher(f.cipher); err != nil {
		return err
	}
	f.SealWith = sealer(f.Cipher)
	for _, path := range f.trust {
		text, err := io.readFile(path)
		if err != nil {
			return io.doing("doing.reading", path, err)
		}
		f.Trust = append(append(f.Trust, text...), '\n')
	}
	for _, address := range f.dialOut {
		f.DialOut = append(f.DialOut, wire.DialOut{Address: address})
	}
	f.Peers = map[string][]byte{}
	for _, peer := range f.peers {
		name, path, ok := strings.Cut(peer, "=")
		if !ok {
			return io.wrongUsage("usage.peer")
		}
		if f.Peers[name], err = io.readFile(path); err != nil {
			return io.doing("doing.reading", path, err)
		}
	}
	config, err := wire.InitKMC(f.NewKMC)
	if err != nil {
		return err
	}
	c, err := wire.LoadKMC(config)
	if err != nil {
		return err
	}
	codes, err := c.FirstCodes(ctx)
	if err != nil {
		return err
	}
	return io.answer(f.made(config, codes), func(p *printer) { p.kmcMade(f, config, codes) })
}

func (f *kmcInitFlags) made(config string, codes map[string]string) made {
	in := func(name string) string { return filepath.Join(f.Dir, name) }
	return made{Config: config, Trust: in("trust.pem"), AuditKey: in("audit.pub"), Requests: []string{in("tls.csr"), in("message.csr")}, Codes: codes}
}

func (p *printer) kmcMade(f *kmcInitFlags, config string, codes map[string]string) {
	p.line(0, "%s", p.text("init.kmc.done", f.Dir))
	p.line(0, "%s", p.text("init.kmc.secret", filepath.Join(f.Dir, "passphrase"), filepath.Join(f.Dir, "keys", "master.pem")))
	p.codes(codes)
	p.line(0, "%s", p.text("init.kmc.requests"))
	for _, name := range []string{"tls", "message"} {
		p.line(1, "onecert ca issue --profile site --request %s --out %s-out", filepath.Join(f.Dir, name+".csr"), name)
		p.line(1, "cp %s-out/bundle.pem %s", name, filepath.Join(f.Dir, name+".pem"))
	}
	p.line(0, "%s", p.text("init.next"))
	p.line(1, "onecert config check %s", config)
	p.line(1, "onecert kmc serve --config %s", config)
	p.enrolAt(f.Host, f.Console)
	p.line(1, "onecert officer join --kmc https://%s --code-file -", reached(f.Host, f.Listen))
	p.line(0, "%s", p.text("init.kmc.link"))
	p.line(1, "onecert officer code --at kmc --name ca --role site")
	p.line(1, "onecert ca link --config ca.yaml --kmc https://%s --centre %s --code-file -", reached(f.Host, f.Listen), filepath.Join(f.Dir, "message.pem"))
}

func kmcEnrolCommand(io *console) *cobra.Command {
	var config, server, code string
	command := io.verb("enrol", "cmd.kmc.enrol",
		[]string{"onecert kmc enrol --config kmc.yaml --server https://ca.gov.example:8443 --code-file code.txt"},
		func(ctx context.Context, _ []string) error {
			text, err := io.readSecret(code)
			if err != nil {
				return err
			}
			done, err := wire.EnrolKMC(ctx, config, server, string(text))
			if err != nil {
				return err
			}
			return io.siteEnrolled(done, config)
		})
	flags := command.Flags()
	flags.StringVar(&config, "config", "", io.text("flag.config"))
	flags.StringVar(&server, "server", "", io.text("flag.enrol.server"))
	flags.StringVar(&code, "code-file", "", io.text("flag.code-file"))
	io.required(command, "config", "server", "code-file")
	return command
}

// siteEnrolled tells of a component that got its certificate for a code.
func (io *console) siteEnrolled(done ca.Enrolled, config string) error {
	return io.answer(enrolled(done, filepath.Dir(config)), func(p *printer) {
		p.line(0, "%s", p.text("officer.enrolled", done.Name, done.Role, moment(done.Issued.Sign.NotAfter)))
	})
}

func kmcServeCommand(io *console) *cobra.Command {
	var config string
	command := io.verb("serve", "cmd.kmc.serve", []string{"onecert kmc serve --config /var/lib/onecert/kmc/kmc.yaml"},
		func(ctx context.Context, _ []string) error {
			c, err := wire.LoadKMC(config)
			if err != nil {
				return err
			}
			process, err := wire.OpenKMC(ctx, c, wire.Options{Now: io.now, Log: io.logger(), Program: version})
			if err != nil {
				return err
			}
			defer process.Close()
			servers, err := process.Servers(ctx)
			if err != nil {
				return err
			}
			return io.served(ctx, servers, io.dials(c.DialOut)...)
		})
	io.configFlag(command, &config)
	return command
}

func kmcCodesCommand(io *console) *cobra.Command {
	return io.codesCommand("cmd.kmc.codes", "onecert kmc codes --config /var/lib/onecert/kmc/kmc.yaml", func(ctx context.Context, config string) (map[string]string, error) {
		c, err := wire.LoadKMC(config)
		if err != nil {
			return nil, err
		}
		return c.FirstCodes(ctx)
	})
}
