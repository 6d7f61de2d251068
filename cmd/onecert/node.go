package main

import (
	"context"
	"path/filepath"

	"github.com/spf13/cobra"

	"onecert/cmd/internal/wire"
)

// nodeCommand is a node of status: what happens on its machine. It has no officers of
// its own; what it knows comes from the CA.
func nodeCommand(io *console) *cobra.Command {
	return io.group("node", "cmd.node", nodeInitCommand(io), nodeEnrolCommand(io), nodeServeCommand(io))
}

func nodeInitCommand(io *console) *cobra.Command {
	var n wire.NewNode
	var trust []string
	var cipher string
	command := io.verb("init", "cmd.node.init",
		[]string{"onecert node init --dir node --host status.gov.example --ca https://ca.gov.example:8443 --trust ca/trust.pem --ldap 0.0.0.0:389"},
		func(context.Context, []string) (err error) {
			if n.Cipher, err = io.cipher(cipher); err != nil {
				return err
			}
			for _, path := range trust {
				text, err := io.readFile(path)
				if err != nil {
					return io.doing("doing.reading", path, err)
				}
				n.Trust = append(append(n.Trust, text...), '\n')
			}
			config, err := wire.InitNode(n)
			if err != nil {
				return err
			}
			answer := made{Config: config, Trust: filepath.Join(n.Dir, "trust.pem"), Requests: []string{filepath.Join(n.Dir, "tls.csr")}}
			return io.answer(answer, func(p *printer) { p.nodeMade(n, config) })
		})
	flags := command.Flags()
	flags.StringVar(&n.Dir, "dir", "", io.text("flag.init.dir"))
	flags.StringVar(&n.Host, "host", "", io.text("flag.init.host"))
	flags.StringVar(&n.CA, "ca", "", io.text("flag.node.ca"))
	flags.StringArrayVar(&trust, "trust", nil, io.text("flag.init.trust"))
	flags.StringVar(&n.Listen, "listen", "0.0.0.0:8446", io.text("flag.init.listen"))
	flags.StringVar(&n.Public, "public", "0.0.0.0:8080", io.text("flag.node.public"))
	flags.StringVar(&n.LDAP, "ldap", "", io.text("flag.node.ldap"))
	flags.StringVar(&n.Base, "base", "o=OneCert,c=CN", io.text("flag.node.base"))
	flags.StringVar(&n.Portal.Operator, "operator", "", io.text("flag.node.operator"))
	flags.StringVar(&n.Portal.Registration, "registration", "", io.text("flag.node.registration"))
	flags.StringVar(&n.Portal.SelfService, "self-service", "", io.text("flag.node.self-service"))
	flags.StringVar(&n.Portal.Console, "console", "", io.text("flag.node.console"))
	flags.BoolVar(&n.Observe, "observe", false, io.text("flag.node.observe"))
	flags.StringVar(&n.Database, "database", "", io.text("flag.init.database"))
	flags.StringVar(&cipher, "cipher", "sm4", io.text("flag.cipher"))
	io.linkFlag(command, &n.Link)
	io.required(command, "dir", "host", "ca", "trust")
	return command
}

func (p *printer) nodeMade(n wire.NewNode, config string) {
	p.line(0, "%s", p.text("init.node.done", n.Dir))
	p.line(0, "%s", p.text("init.next"))
	p.line(1, "onecert officer code --name %s --role node", "status1")
	p.line(1, "onecert node enrol --config %s --code-file -", config)
	p.line(1, "onecert config check %s", config)
	p.line(1, "onecert node serve --config %s", config)
	p.line(0, "%s", p.text("init.node.addresses", reached(n.Host, n.Public)))
}

func nodeEnrolCommand(io *console) *cobra.Command {
	var config, code string
	command := io.verb("enrol", "cmd.node.enrol", []string{"onecert node enrol --config node.yaml --code-file code.txt"},
		func(ctx context.Context, _ []string) error {
			text, err := io.readSecret(code)
			if err != nil {
				return err
			}
			done, err := wire.EnrolNode(ctx, config, string(text))
			if err != nil {
				return err
			}
			return io.siteEnrolled(done, config)
		})
	flags := command.Flags()
	flags.StringVar(&config, "config", "", io.text("flag.config"))
	flags.StringVar(&code, "code-file", "", io.text("flag.code-file"))
	io.required(command, "config", "code-file")
	return command
}

func nodeServeCommand(io *console) *cobra.Command {
	var config string
	command := io.verb("serve", "cmd.node.serve", []string{"onecert node serve --config /var/lib/onecert/node/node.yaml"},
		func(ctx context.Context, _ []string) error {
			c, err := wire.LoadNode(config)
			if err != nil {
				return err
			}
			process, err := wire.OpenNode(ctx, c, wire.Options{Now: io.now, Log: io.logger(), Version: version})
			if err != nil {
				return err
			}
			defer process.Close()
			servers, err := process.Servers(ctx)
			if err != nil {
				return err
			}
			return io.served(ctx, servers)
		})
	io.configFlag(command, &config)
	return command
}
