package kmc

import (
	"bytes"
	"encoding/pem"
	"os"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/pki"
	"onecert/pkitest"
)

// OpenSSL is the authority: it makes a CA, an investigator's key and certificate, and
// with what a case gives it decrypts a file that was encrypted to the holder. The
// holder took no part, and nothing of ours ran at the authority (for SM2 only the
// envelope, a form OpenSSL does not know, is opened by our own reader).
func TestOpenSSLDecryptsWithDisclosedKey(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		for n, suite := range []pki.Suite{pki.SM2, pki.RSA2048, pki.P256} {
			t.Run(string(suite), func(t *testing.T) {
				from := source
				if n > 0 {
					from = fresh(t, source)
				}
				discloseToOpenSSL(t, from, suite)
			})
		}
	})
}

func discloseToOpenSSL(t *testing.T, source string, suite pki.Suite) {
	d := desk{t, t.TempDir()}
	d.openssl(opensslKeys[suite]...) // new.pem: the investigator's
	d.openssl(opensslKeys[suite][0], "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "court.pem")
	d.openssl("req", "-x509", "-new", "-key", "court.pem", "-subj", "/C=CN/O=Example Court/CN=Example Court CA", "-days", "4000", "-out", "court.crt")
	d.openssl("req", "-new", "-key", "new.pem", "-subj", "/C=CN/O=Example Court/CN=Investigator", "-out", "new.csr")
	if err := os.WriteFile(d.path("extensions"), []byte("basicConstraints=CA:FALSE\nkeyUsage=keyEncipherment,keyAgreement\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	d.openssl("x509", "-req", "-in", "new.csr", "-CA", "court.crt", "-CAkey", "court.pem", "-CAcreateserial", "-days", "3900", "-extfile", "extensions", "-out", "new.crt")
	certificate := func(name string) *smx509.Certificate {
		text, err := os.ReadFile(d.path(name))
		if err != nil {
			t.Fatal(err)
		}
		block, _ := pem.Decode(text)
		c, err := smx509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	h := newStaffed(t, source, func(c *Config) { c.Investigators = []*smx509.Certificate{certificate("court.crt")} })
	if late := time.Since(h.clock.Now()) + time.Minute; late > 0 { // OpenSSL's certificates begin now
		h.clock.advance(late)
	}
	s := &seats{house: h}
	o := h.order(1, suite, newToken(t, suite))
	g, err := h.centre.Generate(h.as("ca1"), o)
	if err != nil {
		t.Fatal(err)
	}
	secret := []byte("给示例市民政局的机密文件")
	d.encryptTo(suite, g.PublicKey, secret)
	opened := s.mustOpen(CaseOrder{Number: "17", Authority: "Example Court", Reason: "fraud", Keys: []KeyName{{CertNo: o.CertNo}}, Certificates: [][]byte{certificate("new.crt").Raw}})
	s.agree(opened.ID, opened.Digest, "keeper2", "keeper3")
	export, err := s.exportCase("keeper", opened.ID)
	if err != nil {
		t.Fatal(err)
	}
	d.openEnvelope(suite, pki.KeyGrant{PublicKey: export.Keys[0].PublicKey, Envelope: export.Keys[0].Envelope})
	if got := d.decrypt(suite); !bytes.Equal(got, secret) {
		t.Errorf("decrypted %q", got)
	}
}
