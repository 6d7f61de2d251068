package demo

import (
	"bytes"
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/ca"
	"onecert/keys"
	"onecert/pki"
)

// journey follows one person's pair: the envelope is opened, a file is decrypted,
// the certificate is revoked and seen on the CRL, and after a re-issue the old file
// still opens.
func (w *walker) journey(ctx context.Context, family string) error {
	issued := w.issued[family+"-person"]
	label := fmt.Sprintf("%-6s ", family)
	old := w.path(family, "person", "enc.key")
	for _, s := range []struct {
		title string
		act   func() error
	}{
		{"envelope opened with the applicant's key", func() error {
			return w.open(family, w.path(family, "person", "sign.key"), issued.Envelope, issued.Encrypt.DER, old)
		}},
		{"file encrypted to the certificate, decrypted with the key", func() error { return w.roundTrip(ctx, family, old) }},
		{"re-issued for a lost key; the old file opens with the recovered key", func() error { return w.reissue(ctx, family, issued) }},
		{"the replaced pair is on the CRL", func() error { return w.onCRL(ctx, family, issued) }},
		{"revoked, and on the CRL", func() error {
			server := w.issued[family+"-server"]
			if _, err := w.ca.Revoke(ctx, server.Sign.Issuer, server.Sign.Serial, ca.Revocation{Reason: "cessationOfOperation"}); err != nil {
				return err
			}
			return w.onCRL(ctx, family, server)
		}},
	} {
		if err := w.step(label+s.title, s.act); err != nil {
			return err
		}
	}
	return nil
}

// open is the holder's tool: envelope and signing key in, encryption key out.
func (w *walker) open(family, signKey string, envelope *pki.Envelope, certificate []byte, out string) error {
	if envelope == nil {
		return pki.Errorf(pki.Internal, "walk.envelope", "there is no envelope")
	}
	key, err := keys.Open(keys.URI{Path: signKey}.String(), keys.Options{AllowPlain: true})
	if err != nil {
		return err
	}
	opened, err := openEnvelope(key, envelope)
	if err != nil {
		return err
	}
	return os.WriteFile(out, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: opened}), 0o600)
}

// roundTrip lets OpenSSL encrypt to the encryption certificate and decrypt with the key.
func (w *walker) roundTrip(ctx context.Context, family, key string) error {
	plain, sealed := w.path(family, "plain"), w.path(family, "sealed")
	if err := os.WriteFile(plain, []byte("政务文件 "+w.run+"\n"), 0o600); err != nil {
		return fmt.Errorf("writing a file: %w", err)
	}
	certificate := w.path(family, "person", "enc.pem")
	var err error
	if family == "sm2" { // OpenSSL 3.0 makes no CMS for SM2: the bare algorithm
		public := w.path(family, "enc.pub")
		if text, err := w.openssl(ctx, "x509", "-in", certificate, "-noout", "-pubkey"); err != nil || os.WriteFile(public, []byte(text), 0o600) != nil {
			return fmt.Errorf("taking the public key: %w", err)
		}
		_, err = w.openssl(ctx, "pkeyutl", "-encrypt", "-pubin", "-inkey", public, "-in", plain, "-out", sealed)
	} else {
		_, err = w.openssl(ctx, "cms", "-encrypt", "-aes256", "-binary", "-outform", "DER", "-in", plain, "-out", sealed, certificate)
	}
	if err != nil {
		return err
	}
	return w.decrypts(ctx, family, key)
}

func (w *walker) decrypts(ctx context.Context, family, key string) error {
	sealed, opened := w.path(family, "sealed"), w.path(family, "opened")
	var err error
	if family == "sm2" {
		_, err = w.openssl(ctx, "pkeyutl", "-decrypt", "-inkey", key, "-in", sealed, "-out", opened)
	} else {
		_, err = w.openssl(ctx, "cms", "-decrypt", "-binary", "-inform", "DER", "-in", sealed, "-recip", w.path(family, "person", "enc.pem"),
			"-inkey", key, "-out", opened)
	}
	if err != nil {
		return err
	}
	want, _ := os.ReadFile(w.path(family, "plain"))
	got, err := os.ReadFile(opened)
	if err != nil || !bytes.Equal(want, got) {
		return pki.Errorf(pki.Internal, "walk.decrypt", "what was decrypted is not what was encrypted").Because(err)
	}
	return nil
}

func (w *walker) reissue(ctx context.Context, family string, issued *ca.Issued) error {
	key, request := w.path(family, "new", "sign.key"), w.path(family, "new", "request.pem")
	if _, err := w.openssl(ctx, append([]string{"genpkey", "-out", key}, opensslKey[family]...)...); err != nil {
		return err
	}
	if _, err := w.openssl(ctx, "req", "-new", "-utf8", "-key", key, "-out", request, "-subj", "/CN=new"); err != nil {
		return err
	}
	data, err := os.ReadFile(request)
	if err != nil {
		return fmt.Errorf("reading the request: %w", err)
	}
	again, err := w.ra.Reissue(ctx, issued.Sign.Issuer, issued.Sign.Serial, ca.Change{Application: "walk-" + w.run + "-" + family + "-reissue",
		Request: data, Reason: "keyCompromise"})
	if err != nil {
		return err
	}
	if len(again.History) != 1 {
		return pki.Errorf(pki.Internal, "walk.history", "%d earlier keys came back, 1 is expected", len(again.History))
	}
	recovered := w.path(family, "recovered.key")
	if err := w.open(family, key, &again.History[0].Envelope, issued.Encrypt.DER, recovered); err != nil {
		return err
	}
	return w.decrypts(ctx, family, recovered)
}

// onCRL waits for the CRL on the web to list both halves.
func (w *walker) onCRL(ctx context.Context, family string, issued *ca.Issued) error {
	deadline := time.Now().Add(10 * time.Second)
	for {
		list, err := w.fetchCRL(ctx, family)
		if err != nil {
			return err
		}
		if lists(list, issued.Sign) && lists(list, issued.Encrypt) {
			return nil
		}
		if time.Now().After(deadline) {
			return pki.Errorf(pki.Internal, "walk.crl", "the CRL does not list the certificate after 10 seconds")
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func lists(list *smx509.RevocationList, c *ca.Certificate) bool {
	if c == nil {
		return true
	}
	for _, entry := range list.RevokedCertificateEntries {
		if pki.SerialOf(entry.SerialNumber) == c.Serial {
			return true
		}
	}
	return false
}

func (w *walker) fetchCRL(ctx context.Context, family string) (*smx509.RevocationList, error) {
	url := "http://" + w.t.s.address("public") + "/crl/" + family + "/complete.crl"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, fmt.Errorf("asking for the CRL: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("fetching the CRL: %w", err)
	}
	defer response.Body.Close()
	der, err := io.ReadAll(io.LimitReader(response.Body, 16<<20))
	if err != nil {
		return nil, fmt.Errorf("fetching the CRL: %w", err)
	}
	list, err := smx509.ParseRevocationList(der)
	if err != nil {
		return nil, fmt.Errorf("reading the CRL: %w", err)
	}
	issuing, err := w.trusted(family, "chain")
	if err != nil {
		return nil, err
	}
	if err := list.CheckSignatureFrom(issuing); err != nil {
		return nil, fmt.Errorf("verifying the CRL: %w", err)
	}
	return list, nil
}

func (w *walker) trusted(family, part string) (*smx509.Certificate, error) {
	data, err := os.ReadFile(filepath.Join(w.t.o.Dir, "trust", family+"-"+part+".pem"))
	if err != nil {
		return nil, fmt.Errorf("reading the trust: %w", err)
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, fmt.Errorf("reading the trust of %s: no certificate", family)
	}
	return smx509.ParseCertificate(block.Bytes)
}

// verifyChain checks leaf, issuing CA and root.
func (w *walker) verifyChain(ctx context.Context, family, file string, der []byte) error {
	trust := filepath.Join(w.t.o.Dir, "trust", family)
	if family != "sm2" {
		_, err := w.openssl(ctx, "verify", "-x509_strict", "-CAfile", trust+"-root.pem", "-untrusted", trust+"-chain.pem", file)
		return err
	}
	leaf, err := smx509.ParseCertificate(der)
	if err != nil {
		return fmt.Errorf("reading the certificate: %w", err)
	}
	options := smx509.VerifyOptions{Roots: smx509.NewCertPool(), Intermediates: smx509.NewCertPool(), KeyUsages: []smx509.ExtKeyUsage{smx509.ExtKeyUsageAny}}
	for part, pool := range map[string]*smx509.CertPool{"root": options.Roots, "chain": options.Intermediates} {
		cert, err := w.trusted(family, part)
		if err != nil {
			return err
		}
		pool.AddCert(cert)
	}
	if _, err := leaf.Verify(options); err != nil {
		return fmt.Errorf("verifying the chain: %w", err)
	}
	return nil
}
