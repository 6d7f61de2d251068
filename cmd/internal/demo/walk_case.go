package demo

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/emmansun/gmsm/smx509"

	"onecert/cmd/internal/wire"
	"onecert/kmc"
	"onecert/pki"
)

// investigate is a judicial recovery: one custodian proposes, two others agree, and the
// investigator opens what was sealed to the certificates of the walk's client. Its keys
// are those of the organisation, of each family.
func (w *walker) investigate(ctx context.Context) error {
	var people []*wire.Session
	for _, name := range custodians() {
		session, err := wire.OpenSession(filepath.Join(w.t.o.Dir, "officers", name), wire.SessionOptions{})
		if err != nil {
			return err
		}
		people = append(people, session)
	}
	order := kmc.CaseOrder{Number: "(2026)示例字第 " + w.run + " 号", Authority: "示例市公安局", Reason: "演示：调取证据通知书",
		Certificates: [][]byte{w.issued["sm2-client"].Sign.DER, w.issued["rsa-client"].Sign.DER}}
	for _, family := range families {
		order.Keys = append(order.Keys, kmc.KeyName{CertNo: w.issued[family+"-organisation"].Encrypt.Serial, CA: "ca"})
	}
	var opened kmc.Case
	var export kmc.Export
	for _, s := range []struct {
		title string
		act   func() (err error)
	}{
		{"opened by one custodian, refused before two others agree", func() (err error) {
			if opened, err = people[0].KMC.OpenCase(ctx, order); err != nil {
				return err
			}
			if _, err := people[0].KMC.ExportCase(ctx, opened.ID); pki.CodeOf(err) != "approval.pending" {
				return pki.Errorf(pki.Internal, "walk.case", "a case nobody agreed to was not refused").Because(err)
			}
			return nil
		}},
		{"agreed to by two others, carried out", func() (err error) {
			for _, other := range people[1:] {
				if _, err := other.KMCOfficers.Approve(ctx, opened.ID, opened.Digest); err != nil {
					return err
				}
			}
			export, err = people[0].KMC.ExportCase(ctx, opened.ID)
			return err
		}},
		{"opened with the investigator's key", func() error { return w.opensExport(ctx, export) }},
	} {
		if err := w.step("case   "+s.title, s.act); err != nil {
			return err
		}
	}
	return nil
}

// opensExport opens each envelope as the investigator: SM2 keys with our tool, others
// with OpenSSL; each is the key of the organisation's encryption certificate.
func (w *walker) opensExport(ctx context.Context, export kmc.Export) error {
	if len(export.Keys) != len(families) {
		return pki.Errorf(pki.Internal, "walk.case", "%d keys came, %d are expected", len(export.Keys), len(families))
	}
	for _, key := range export.Keys {
		sealed, opened := w.path("case", string(key.CertNo)+".der"), w.path("case", string(key.CertNo)+".key")
		if err := os.WriteFile(sealed, key.Envelope.DER, 0o600); err != nil {
			return fmt.Errorf("writing an envelope: %w", err)
		}
		if key.Envelope.Format == pki.SM2EnvelopedKey {
			if err := w.open("sm2", w.path("sm2", "client", "sign.key"), &key.Envelope, nil, opened+".pem"); err != nil {
				return err
			}
			if _, err := w.openssl(ctx, "pkey", "-in", opened+".pem", "-outform", "DER", "-out", opened); err != nil {
				return err
			}
		} else if _, err := w.openssl(ctx, "cms", "-decrypt", "-inform", "DER", "-in", sealed, "-inkey", w.path("rsa", "client", "sign.key"), "-binary", "-out", opened); err != nil {
			return err
		}
		if err := w.isKeyOf(ctx, opened, key.CertNo); err != nil {
			return err
		}
	}
	return nil
}

// isKeyOf lets OpenSSL say what public key belongs to a private one.
func (w *walker) isKeyOf(ctx context.Context, private string, certificate pki.Serial) error {
	public := private + ".pub"
	if _, err := w.openssl(ctx, "pkey", "-inform", "DER", "-in", private, "-pubout", "-outform", "DER", "-out", public); err != nil {
		return err
	}
	got, err := os.ReadFile(public)
	if err != nil {
		return fmt.Errorf("reading a public key: %w", err)
	}
	for _, family := range families {
		issued := w.issued[family+"-organisation"]
		c, err := smx509.ParseCertificate(issued.Encrypt.DER)
		if err != nil {
			return fmt.Errorf("reading a certificate: %w", err)
		}
		if issued.Encrypt.Serial == certificate && bytes.Equal(c.RawSubjectPublicKeyInfo, got) {
			return nil
		}
	}
	return pki.Errorf(pki.Internal, "walk.case", "what was opened is not the key of certificate %s", certificate)
}
