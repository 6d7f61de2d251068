package main

import (
	"context"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"onecert/ca"
	"onecert/cmd/internal/wire"
	"onecert/keys"
	"onecert/pki"
)

// initFlags are the words of ca init.
type initFlags struct {
	wire.NewCA
	url, families, cipher string
}

func caInitCommand(io *console) *cobra.Command {
	f := &initFlags{}
	command := io.verb("init", "cmd.ca.init", []string{
		"onecert ca init --dir ca --organisation 示例省电子政务 --host ca.gov.example --listen 0.0.0.0:8443 --public 0.0.0.0:8080 --url http://pki.gov.example",
		"onecert ca init --dir ca --organisation Example --host 127.0.0.1 --listen 127.0.0.1:8443 --url http://127.0.0.1:8080 --public 127.0.0.1:8080 --families ecdsa",
	}, func(ctx context.Context, _ []string) error { return io.initCA(ctx, f) })
	flags := command.Flags()
	flags.StringVar(&f.Dir, "dir", "", io.text("flag.init.dir"))
	flags.StringVar(&f.Organisation, "organisation", "", io.text("flag.init.organisation"))
	flags.StringVar(&f.Host, "host", "", io.text("flag.init.host"))
	flags.StringVar(&f.Listen, "listen", "0.0.0.0:8443", io.text("flag.init.listen"))
	flags.StringVar(&f.Public, "public", "", io.text("flag.init.public"))
	flags.StringVar(&f.Accept, "accept", "", io.text("flag.init.accept"))
	flags.StringVar(&f.Console, "console", "", io.text("flag.init.console"))
	flags.StringVar(&f.url, "url", "", io.text("flag.init.url"))
	flags.BoolVar(&f.Canaries, "canaries", false, io.text("flag.init.canaries"))
	flags.StringVar(&f.families, "families", "sm2,rsa,ecdsa", io.text("flag.init.families"))
	flags.IntVar(&f.Partitions, "partitions", 16, io.text("flag.init.partitions"))
	flags.StringVar(&f.Database, "database", "", io.text("flag.init.database"))
	flags.StringVar(&f.DatabaseFile, "database-file", "", io.text("flag.init.database-file"))
	flags.StringVar(&f.cipher, "cipher", "aes256", io.text("flag.cipher"))
	io.linkFlag(command, &f.Link)
	io.required(command, "dir", "organisation", "host", "url")
	return command
}

// made is what a first start has made, for programs.
type made struct {
	Config             string            `json:"config"`
	Trust              string            `json:"trust"`
	AuditKey           string            `json:"audit_key"`
	Authorities        []authority       `json:"authorities,omitempty"`
	MessageCertificate string            `json:"message_certificate,omitempty"`
	Requests           []string          `json:"requests,omitempty"`
	Codes              map[string]string `json:"codes"`
}

// authority is a CA certificate as people compare it: a browser that does not have the
// root yet shows those below it.
type authority struct {
	Subject     string `json:"subject"`
	Fingerprint string `json:"fingerprint"`
}

func (io *console) initCA(ctx context.Context, f *initFlags) (err error) {
	if f.Cipher, err = io.cipher(f.cipher); err != nil {
		return err
	}
	f.Families = list(f.families)
	f.url = strings.TrimRight(f.url, "/")
	f.Addresses = ca.Addresses{CRL: f.url + "/crl", AIA: f.url + "/aia", OCSP: f.url + "/ocsp"}
	config, err := wire.InitCA(ctx, f.NewCA, wire.Options{Now: io.now})
	if err != nil {
		return err
	}
	message, codes, err := io.firstStart(ctx, config)
	if err != nil {
		return err
	}
	trust := filepath.Join(f.Dir, "trust.pem")
	authorities, err := io.authorities(trust)
	if err != nil {
		return err
	}
	done := made{Config: config, Trust: trust, Authorities: authorities, AuditKey: filepath.Join(f.Dir, "audit.pub"), MessageCertificate: message, Codes: codes}
	return io.answer(done, func(p *printer) {
		p.line(0, "%s", p.text("init.ca.done", f.Dir))
		p.line(0, "%s", p.text("init.secret", filepath.Join(f.Dir, "passphrase"), filepath.Join(f.Dir, "holder.key")))
		p.line(0, "%s", p.text("init.authorities"))
		for _, one := range authorities {
			p.line(1, "%s", one.Subject)
			p.line(1, "%s", pairs(one.Fingerprint))
		}
		p.codes(codes)
		p.line(0, "%s", p.text("init.next"))
		p.line(1, "onecert ca serve --config %s", config)
		p.enrolAt(f.Host, f.Console)
		p.line(1, "onecert officer enrol --server https://%s --trust %s --code-file - --out DIR", reached(f.Host, f.Listen), done.Trust)
		p.line(0, "%s", p.text("init.auditor", done.AuditKey))
	})
}

// enrolAt names the page that takes the codes, where there is a console.
func (p *printer) enrolAt(host, console string) {
	if console != "" {
		p.line(1, "%s", p.text("init.page", "https://"+reached(host, console)+"/enrol"))
	}
}

// authorities are those of a file of trust.
func (io *console) authorities(path string) (all []authority, err error) {
	found, err := io.readKind(path, kindCertificate)
	if err != nil {
		return nil, err
	}
	for _, one := range found {
		_, subject := one.names()
		name, err := pki.NameOf(subject)
		if err != nil {
			return nil, err
		}
		all = append(all, authority{Subject: name.String(), Fingerprint: fingerprint(one.der)})
	}
	return all, nil
}

// firstStart opens the new CA once: it makes its own certificates, shows that all
// of it works, and makes the codes of the three administrators.
func (io *console) firstStart(ctx context.Context, config string) (message string, codes map[string]string, err error) {
	c, err := wire.LoadCA(config)
	if err != nil {
		return "", nil, err
	}
	process, err := wire.OpenCA(ctx, c, wire.Options{Now: io.now, Log: io.logger()})
	if err != nil {
		return "", nil, err
	}
	defer process.Close()
	if message, err = process.CertifyMessages(ctx); err != nil {
		return "", nil, err
	}
	codes, err = wire.FirstCodes(ctx, process.Officers)
	return message, codes, err
}

// sealer is the cipher of the master key that goes with the cipher of key files.
func sealer(cipher keys.Cipher) keys.SealAlgorithm {
	if cipher == keys.SM4CBC {
		return keys.SM4GCM
	}
	return keys.AES256GCM
}
