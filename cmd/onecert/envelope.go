package main

import (
	"bytes"
	"context"
	"encoding/pem"

	"github.com/emmansun/gmsm/smx509"
	"github.com/spf13/cobra"

	"onecert/cms"
	"onecert/keys"
	"onecert/pki"
)

func envelopeCommand(io *console) *cobra.Command {
	return io.group("envelope", "cmd.envelope", envelopeOpenCommand(io))
}

// openFlags are the words of envelope open.
type openFlags struct {
	in, key, passFile, certificate string
	out, newPassFile               string
	plain                          bool
}

func envelopeOpenCommand(io *console) *cobra.Command {
	f := &openFlags{}
	command := io.verb("open", "cmd.envelope.open", []string{
		"onecert envelope open --in li/envelope.sm2.der --certificate li/encrypt.pem --key sign.key --out enc.key --new-pass-file pass.txt",
		"onecert envelope open --in www/envelope.cms.der --certificate www/encrypt.pem --key sign.key --out enc.key --plain",
	}, func(context.Context, []string) error { return io.openEnvelope(f) })
	flags := command.Flags()
	flags.StringVar(&f.in, "in", "", io.text("flag.envelope.in"))
	flags.StringVar(&f.key, "key", "", io.text("flag.envelope.key"))
	flags.StringVar(&f.passFile, "pass-file", "", io.text("flag.envelope.pass-file"))
	flags.StringVar(&f.certificate, "certificate", "", io.text("flag.envelope.certificate"))
	flags.StringVar(&f.out, "out", "", io.text("flag.envelope.out"))
	flags.StringVar(&f.newPassFile, "new-pass-file", "", io.text("flag.envelope.new-pass-file"))
	flags.BoolVar(&f.plain, "plain", false, io.text("flag.envelope.plain"))
	io.required(command, "in", "key", "out")
	return command
}

func (io *console) openEnvelope(f *openFlags) error {
	if f.plain == (f.newPassFile != "") {
		return io.wrongUsage("usage.plain")
	}
	sealed, err := io.readEnvelope(f.in)
	if err != nil {
		return err
	}
	want, err := io.expected(f.certificate)
	if err != nil {
		return err
	}
	holder, err := io.holderKey(f)
	if err != nil {
		return err
	}
	key, format, err := unseal(holder, sealed)
	if err != nil {
		return io.doing("doing.opening", f.in, err)
	}
	have, err := pki.MarshalPublicKey(key.Public())
	if err != nil {
		return err
	}
	if want != nil && !bytes.Equal(want, have) {
		return io.doing("doing.opening", f.in, pki.Errorf(pki.Invalid, "envelope.other", "the key inside does not belong to %s", f.certificate).
			To("give the encryption certificate that came with this envelope"))
	}
	if err := keys.Store(keys.URI{Path: f.out, Pass: f.newPassFile}.String(), key, keys.Options{AllowPlain: f.plain}); err != nil {
		return err
	}
	suite, err := pki.SuiteOf(key.Public())
	if err != nil {
		return err
	}
	answer := map[string]any{"format": format, "suite": suite, "out": f.out, "encrypted": !f.plain, "checked": want != nil}
	return io.answer(answer, func(p *printer) {
		p.line(0, "%s", p.text("envelope.opened", suite, f.out))
		if want == nil {
			p.line(0, "%s", p.text("envelope.unchecked"))
		}
		if f.plain {
			p.line(0, "%s", p.text("envelope.plain"))
		}
	})
}

// readEnvelope reads an envelope in DER, or in PEM whatever its label.
func (io *console) readEnvelope(path string) ([]byte, error) {
	text, err := io.readFile(path)
	if err != nil {
		return nil, io.doing("doing.reading", path, err)
	}
	if bytes.HasPrefix(text, []byte{0x30}) {
		return text, nil
	}
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CMS" || block.Type == "PKCS7" || block.Type == "SM2 ENVELOPED KEY" {
			return block.Bytes, nil
		}
	}
	return nil, io.doing("doing.reading", path, pki.Errorf(pki.Invalid, "envelope.none", "it holds no envelope in DER or PEM").
		To("give the envelope.….der that came with the certificates"))
}

// expected is the SubjectPublicKeyInfo the key must have: of a certificate or a
// public key; nil where none is named.
func (io *console) expected(path string) ([]byte, error) {
	if path == "" {
		return nil, nil
	}
	text, err := io.readFile(path)
	if err != nil {
		return nil, io.doing("doing.reading", path, err)
	}
	der := text
	if block, _ := pem.Decode(text); block != nil {
		der = block.Bytes
	}
	public, err := pki.ParsePublicKey(der)
	if err != nil {
		certificate, wrong := smx509.ParseCertificate(der)
		if wrong != nil {
			return nil, io.doing("doing.reading", path, pki.Errorf(pki.Invalid, "envelope.certificate", "it is neither a certificate nor a public key").
				To("give the encrypt.pem that came with the envelope"))
		}
		public = certificate.PublicKey
	}
	return pki.MarshalPublicKey(public)
}

// holderKey opens the key the envelope is sealed to. A holder may keep it in the
// clear: it is theirs.
func (io *console) holderKey(f *openFlags) (*keys.Key, error) {
	return io.openKey(keys.URI{Path: f.key, Pass: f.passFile}.String(), f.key, keys.Options{AllowPlain: true})
}

// openKey opens a key, and asks for the passphrase where it needs one that nobody gave.
func (io *console) openKey(uri, called string, options keys.Options) (*keys.Key, error) {
	key, err := keys.Open(uri, options)
	if pki.CodeOf(err) != "key.passphrase-missing" {
		return key, err
	}
	if options.Passphrase, err = io.askPassphrase(called); err != nil {
		return nil, err
	}
	defer clear(options.Passphrase)
	return keys.Open(uri, options)
}

// unseal opens either form of envelope; the content tells which it is.
func unseal(holder *keys.Key, sealed []byte) (*keys.Key, string, error) {
	if holder.Suite() == pki.SM2 {
		inside, err := cms.OpenSM2Key(holder, sealed)
		if err == nil {
			key, err := keys.Wrap(inside)
			return key, pki.SM2EnvelopedKey, err
		}
		if pki.CodeOf(err) != "envelope.format" {
			return nil, "", err
		}
	}
	content, err := cms.OpenEnvelope(holder, sealed)
	if err != nil {
		return nil, "", err
	}
	defer clear(content)
	key, err := keys.ReadPKCS8(content)
	return key, pki.CMSEnvelopedData, err
}
