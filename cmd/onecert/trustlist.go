package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"encoding/pem"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/emmansun/gmsm/smx509"
	"github.com/spf13/cobra"

	"onecert/cms"
	"onecert/keys"
	"onecert/pki"
	"onecert/trustlist"
)

// trustListCommand is the centre's side of a trust list: it signs one, anybody looks at it.
func trustListCommand(io *console) *cobra.Command {
	return io.group("trust-list", "cmd.trust-list", trustListSignCommand(io), trustListShowCommand(io))
}

// signFlags are the words of trust-list sign.
type signFlags struct {
	key, passFile, certificate, after, out string
	days                                   int
	pem                                    bool
}

func trustListSignCommand(io *console) *cobra.Command {
	f := &signFlags{}
	command := io.verb("sign FILE", "cmd.trust-list.sign", []string{
		"onecert trust-list sign cas.json --key list.key --certificate list.pem --out list.p7",
		"onecert trust-list sign cas.json --after list.p7 --days 30 --key list.key --pass-file pass.txt --certificate list.pem --out list-8.p7",
	}, func(_ context.Context, args []string) error { return io.signTrustList(f, args[0]) })
	command.Args = io.words(1, 1)
	flags := command.Flags()
	flags.StringVar(&f.key, "key", "", io.text("flag.trust-list.key"))
	flags.StringVar(&f.passFile, "pass-file", "", io.text("flag.envelope.pass-file"))
	flags.StringVar(&f.certificate, "certificate", "", io.text("flag.trust-list.certificate"))
	flags.StringVar(&f.after, "after", "", io.text("flag.trust-list.after"))
	flags.IntVar(&f.days, "days", 30, io.text("flag.trust-list.days"))
	flags.BoolVar(&f.pem, "pem", false, io.text("flag.trust-list.pem"))
	flags.StringVar(&f.out, "out", "", io.text("flag.trust-list.out"))
	io.required(command, "key", "certificate", "out")
	return command
}

func (io *console) signTrustList(f *signFlags, path string) error {
	text, err := io.readDocument(path)
	if err != nil {
		return err
	}
	l, err := trustlist.Parse(text)
	if err != nil {
		return io.doing("doing.reading", path, err)
	}
	signers, err := io.certificatesIn(f.certificate)
	if err != nil {
		return err
	}
	if err := io.number(l, f); err != nil {
		return err
	}
	uri := f.key
	if !strings.Contains(uri, ":") {
		uri = keys.URI{Path: f.key, Pass: f.passFile}.String()
	}
	key, err := io.openKey(uri, f.key, keys.Options{AllowPlain: true})
	if err != nil {
		return err
	}
	signed, err := trustlist.Sign(rand.Reader, trustlist.Author{Key: key, Certificate: signers[0], At: io.now()}, l)
	if err != nil {
		return err
	}
	if f.pem {
		signed = pem.EncodeToMemory(&pem.Block{Type: "CMS", Bytes: signed})
	}
	if err := os.WriteFile(f.out, signed, 0o644); err != nil {
		return io.doing("doing.writing", f.out, err)
	}
	answer := map[string]any{"name": l.Name, "number": l.Number, "ends": l.Ends, "cas": len(l.CAs), "signer": pki.Fingerprint(signers[0].Raw), "out": f.out}
	return io.answer(answer, func(p *printer) {
		p.line(0, "%s", p.text("trust-list.signed", safe(l.Name), l.Number, len(l.CAs), date(l.Ends), f.out))
		p.line(0, "%s", p.text("trust-list.pin", pki.Fingerprint(signers[0].Raw)))
	})
}

// number fills in what the file leaves open: format, moment, end, and the number after the
// list before, which must be the same list.
func (io *console) number(l *trustlist.List, f *signFlags) error {
	if l.Format == "" {
		l.Format = trustlist.Format
	}
	l.Issued = io.now().UTC().Truncate(time.Second)
	l.Ends = l.Issued.Add(time.Duration(f.days) * 24 * time.Hour)
	if f.after != "" {
		before, err := io.listIn(f.after)
		if err != nil {
			return err
		}
		if l.Name == "" {
			l.Name = before.Name
		}
		if l.Name != before.Name || l.Number != 0 && l.Number <= before.Number {
			return io.doing("doing.reading", f.after, pki.Errorf(pki.Conflict, "trustlist.after", "it is another list, or has a number that is not lower").
				To("leave number out, and name the last list that was published"))
		}
		if l.Number == 0 {
			l.Number = before.Number + 1
		}
	}
	if l.Number == 0 {
		l.Number = 1
	}
	return nil
}

// listIn reads a signed list without asking who signed it.
func (io *console) listIn(path string) (*trustlist.List, error) {
	message, err := io.readEnvelope(path)
	if err != nil {
		return nil, err
	}
	signed, err := cms.ReadSigned(message)
	if err != nil {
		return nil, io.doing("doing.reading", path, err)
	}
	l, err := trustlist.Parse(signed.Content)
	if err != nil {
		return nil, io.doing("doing.reading", path, err)
	}
	return l, nil
}

// certificatesIn reads the certificates of a file, PEM, or one in DER.
func (io *console) certificatesIn(path string) (all []*smx509.Certificate, err error) {
	text, err := io.readFile(path)
	if err != nil {
		return nil, io.doing("doing.reading", path, err)
	}
	if bytes.HasPrefix(text, []byte{0x30}) {
		text = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: text})
	}
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		c, err := smx509.ParseCertificate(block.Bytes)
		if err != nil || block.Type != "CERTIFICATE" {
			return nil, io.doing("doing.reading", path, pki.Errorf(pki.Invalid, "trustlist.certificate", "there is something else in it than certificates").To("give PEM"))
		}
		all = append(all, c)
	}
	if len(all) == 0 {
		return nil, io.doing("doing.reading", path, pki.Errorf(pki.Invalid, "trustlist.certificate", "there is no certificate in it").To("give PEM"))
	}
	return all, nil
}

func trustListShowCommand(io *console) *cobra.Command {
	var signer string
	command := io.verb("show FILE", "cmd.trust-list.show", []string{"onecert trust-list show list.p7 --signer list.pem"},
		func(_ context.Context, args []string) error {
			message, err := io.readFile(args[0])
			if err != nil {
				return io.doing("doing.reading", args[0], err)
			}
			pinned, err := io.certificatesIn(signer)
			if err != nil {
				return err
			}
			l, err := trustlist.Open(message, pinned, io.now())
			if err != nil {
				return io.doing("doing.reading", args[0], err)
			}
			answer := struct {
				List   json.RawMessage `json:"list"`
				Signer string          `json:"signer"`
				Ended  bool            `json:"ended"`
			}{l.Text, pki.Fingerprint(l.Signer.Raw), l.Ended(io.now())}
			return io.answer(answer, func(p *printer) { p.trustList(l, answer.Ended) })
		})
	command.Args = io.words(1, 1)
	command.Flags().StringVar(&signer, "signer", "", io.text("flag.trust-list.signer"))
	io.required(command, "signer")
	return command
}

func (p *printer) trustList(l *trustlist.Opened, ended bool) {
	p.line(0, "%s", p.text("trust-list.shown", safe(l.Name), l.Number, moment(l.Issued), moment(l.Ends)))
	p.line(0, "%s", p.text("trust-list.by", safe(l.Publisher), pki.Fingerprint(l.Signer.Raw)))
	if ended {
		p.line(0, "%s", p.text("trust-list.ended"))
	}
	tabulate(p, l.CAs, "name ca-title level uses until", func(c trustlist.CA) []string {
		until := ""
		if !c.Until.IsZero() {
			until = moment(c.Until)
		}
		return []string{c.Name, c.Title, strconv.Itoa(c.Level), strings.Join(c.Uses, " "), until}
	})
}
