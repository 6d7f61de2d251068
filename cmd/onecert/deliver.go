package main

import (
	"bytes"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"onecert/ca"
	"onecert/cmd/internal/wire"
	"onecert/pki"
)

// What issued certificates are written as. bundle.pem is what servers want: the
// certificate and its issuing CAs, without the root.
const (
	fileSign    = "sign.pem"
	fileEncrypt = "encrypt.pem"
	fileChain   = "chain.pem"
	fileBundle  = "bundle.pem"
	dirHistory  = "history"
)

// target is where certificates go: a folder, or standard output.
type target struct {
	dir string // "" is standard output
}

// target judges --out before anything is ordered.
func (io *console) target(out string) (target, error) {
	if out == "-" {
		return target{}, nil
	}
	if _, err := os.Lstat(filepath.Join(out, fileSign)); !errors.Is(err, os.ErrNotExist) {
		return target{}, pki.Errorf(pki.Conflict, "out.exists", "%s holds certificates already", out).To("name another folder")
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return target{}, pki.Errorf(pki.Invalid, "out.folder", "the folder %s cannot be made", out).Because(err)
	}
	return target{out}, nil
}

// under is a folder inside a target, for one certificate of several.
func (t target) under(name string) target {
	if t.dir == "-" {
		return t
	}
	return target{filepath.Join(t.dir, name)}
}

// envelopeName tells by its name how a key is sealed.
func envelopeName(stem string, e pki.Envelope) string {
	if e.Format == pki.SM2EnvelopedKey {
		return stem + ".sm2.der"
	}
	return stem + ".cms.der"
}

// envelopeLabel is the PEM label of a sealed key; CMS is RFC 7468's.
func envelopeLabel(e pki.Envelope) string {
	if e.Format == pki.SM2EnvelopedKey {
		return "SM2 ENVELOPED KEY"
	}
	return "CMS"
}

// deliver writes what was issued and says what it is.
func (io *console) deliver(t target, issued *ca.Issued) error {
	if err := io.write(t, issued); err != nil {
		return err
	}
	if io.json {
		return io.answer(issued, nil)
	}
	return nil
}

// flush prints what was collected; aside, where standard output carries the
// certificates themselves.
func (p *printer) flush(aside bool) error {
	to := p.out
	if aside {
		to = p.err
	}
	if _, err := fmt.Fprint(to, p.buffer.String()); err != nil {
		return fmt.Errorf("writing the answer: %w", err)
	}
	return nil
}

// artefact is one file of a delivery.
type artefact struct {
	name  string
	label string
	ders  [][]byte
	mode  os.FileMode
	raw   bool // written as DER
}

func artefacts(issued *ca.Issued) []artefact {
	between := issued.Chain[:max(len(issued.Chain)-1, 0)]
	all := []artefact{{name: fileSign, label: "CERTIFICATE", ders: [][]byte{issued.Sign.DER}, mode: 0o644}}
	if issued.Encrypt != nil {
		all = append(all, artefact{name: fileEncrypt, label: "CERTIFICATE", ders: [][]byte{issued.Encrypt.DER}, mode: 0o644})
	}
	all = append(all, artefact{name: fileChain, label: "CERTIFICATE", ders: issued.Chain, mode: 0o644},
		artefact{name: fileBundle, label: "CERTIFICATE", ders: append([][]byte{issued.Sign.DER}, between...), mode: 0o644})
	if e := issued.Envelope; e != nil {
		all = append(all, sealed("envelope", *e))
	}
	for _, grant := range issued.History {
		name := filepath.Join(dirHistory, string(grant.CertNo))
		all = append(all, sealed(name, grant.Envelope),
			artefact{name: name + ".pub", label: "PUBLIC KEY", ders: [][]byte{grant.PublicKey}, mode: 0o644})
	}
	return all
}

func sealed(stem string, e pki.Envelope) artefact {
	return artefact{name: envelopeName(stem, e), label: envelopeLabel(e), ders: [][]byte{e.DER}, mode: 0o600, raw: true}
}

func (a artefact) pem() []byte {
	var text bytes.Buffer
	for _, der := range a.ders {
		text.Write(pem.EncodeToMemory(&pem.Block{Type: a.label, Bytes: der}))
	}
	return text.Bytes()
}

// write puts a delivery into its folder, or prints it as PEM, and tells a person
// what it is. The order is kept by the CA: what could not be written is fetched
// again by its application.
func (io *console) write(t target, issued *ca.Issued) error {
	for _, a := range artefacts(issued) {
		content := a.pem()
		if a.raw && t.dir != "" {
			content = a.ders[0]
		}
		var err error
		switch {
		case t.dir != "":
			err = wire.WriteNew(filepath.Join(t.dir, a.name), content, a.mode)
		case !io.json && a.name != fileBundle:
			_, err = io.out.Write(content)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", io.text("out.again", issued.Application), err)
		}
	}
	if io.json {
		return nil
	}
	p := &printer{console: io}
	p.issued(t, issued)
	return p.flush(t.dir == "")
}

// issued says what was issued, and what its holder does next.
func (p *printer) issued(t target, issued *ca.Issued) {
	p.line(0, "%s", p.text("issued.head", issued.Application, p.text("act."+issued.Act)))
	p.half("issued."+issued.Sign.Role, issued.Sign)
	if issued.Encrypt != nil {
		p.half("issued.encrypt", issued.Encrypt)
	}
	if issued.Form != "" {
		p.line(1, "%s", p.text("form."+string(issued.Form)))
	}
	if t.dir != "" {
		for _, a := range artefacts(issued) {
			p.line(1, "→ %s", filepath.Join(t.dir, a.name))
		}
	}
	if e := issued.Envelope; e != nil {
		p.opening(t, issued.SealedTo, *e)
	}
	if issued.HistoryWaits {
		p.line(1, "%s", p.text("issued.history-waits"))
	}
	if len(issued.History) > 0 {
		p.line(1, "%s", p.text("issued.history", len(issued.History)))
	}
}

func (p *printer) half(key string, c *ca.Certificate) {
	p.line(1, "%s %s/%s", p.text(key), c.Issuer, c.Serial)
	p.line(2, "%s", safe(c.Subject))
	p.line(2, "%s – %s, %s", moment(c.NotBefore), moment(c.NotAfter), c.Profile)
}

// opening tells the holder how to get the key out of its envelope.
func (p *printer) opening(t target, sealedTo string, e pki.Envelope) {
	where := func(name string) string { return filepath.Join(t.dir, name) }
	p.line(1, "%s", p.text("issued.open."+sealedTo))
	p.line(2, "onecert envelope open --in %s --certificate %s --key sign.key --out enc.key --plain", where(envelopeName("envelope", e)), where(fileEncrypt))
	if e.Format == pki.CMSEnvelopedData {
		p.line(1, "%s", p.text("issued.openssl"))
		p.line(2, "openssl cms -decrypt -inform DER -in %s -inkey sign.key -out enc.p8", where(envelopeName("envelope", e)))
	}
}
