package demo

import (
	"context"
	"crypto"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"path/filepath"

	"github.com/emmansun/gmsm/smx509"
	"github.com/emmansun/go-pkcs12"

	"onecert/ca"
	"onecert/cmd/internal/wire"
	"onecert/cms"
	"onecert/keys"
	"onecert/pki"
)

// issue makes a key for one of the cast, orders its certificate as anybody would,
// opens the envelope and writes the files that demo.json names.
func (t *tree) issue(ctx context.Context, r role, family string) (*ca.Issued, error) {
	signer, err := pki.GenerateKey(rand.Reader, keySuite[family])
	if err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	request, err := makeRequest(signer, r.subject)
	if err != nil {
		return nil, err
	}
	order := ca.Order{Application: "demo-" + r.name + "-" + family, Profile: r.profiles[family], Request: request, Identity: r.identity,
		AltNames: r.altNames, Values: r.values}
	if r.fate == "expired" {
		order.Days = 365
	}
	if r.identity == nil && (r.kind == "officer" || r.kind == "site") {
		order.Holder = r.kind + ":" + r.name
	}
	issued, err := t.ca.Issue(ctx, order)
	if err != nil {
		return nil, err
	}
	return issued, t.files(r, family, signer, issued)
}

func makeRequest(key crypto.Signer, subject pki.Name) ([]byte, error) {
	der, err := subject.DER()
	if err != nil {
		return nil, err
	}
	request, err := smx509.CreateCertificateRequest(rand.Reader, &smx509.CertificateRequest{RawSubject: der}, key)
	if err != nil {
		return nil, fmt.Errorf("making a request: %w", err)
	}
	return request, nil
}

func (t *tree) files(r role, family string, signer crypto.Signer, issued *ca.Issued) error {
	put := func(suffix string, data []byte, err error) error {
		if err != nil {
			return err
		}
		return writeFile(t.file(r.name, family, suffix), data, 0o600)
	}
	if err := put("sign.pem", wire.PEM(issued.Sign.DER), nil); err != nil {
		return err
	}
	if err := put("chain.pem", wire.PEM(append([][]byte{issued.Sign.DER}, issued.Chain[:len(issued.Chain)-1]...)...), nil); err != nil {
		return err
	}
	key, err := keyPEM(signer)
	if err := put("sign.key", key, err); err != nil {
		return err
	}
	store, err := personalStore(signer, issued)
	if err := put("sign.p12", store, err); err != nil {
		return err
	}
	if issued.Encrypt == nil {
		return nil
	}
	if err := put("enc.pem", wire.PEM(issued.Encrypt.DER), nil); err != nil {
		return err
	}
	opened, err := openEnvelope(signer, issued.Envelope)
	if err != nil {
		return err
	}
	if err := put("enc.key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: opened}), nil); err != nil {
		return err
	}
	return put("envelope.der", issued.Envelope.DER, nil)
}

func (t *tree) file(name, family, suffix string) string {
	return filepath.Join(t.o.Dir, "identities", name, family+"-"+suffix)
}

func keyPEM(signer crypto.Signer) ([]byte, error) {
	der, err := smx509.MarshalPKCS8PrivateKey(signer)
	if err != nil {
		return nil, fmt.Errorf("writing a key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// openEnvelope does what a holder's tool does: it returns the encryption private
// key in PKCS#8.
func openEnvelope(signer crypto.Signer, envelope *pki.Envelope) ([]byte, error) {
	key, err := keys.Wrap(signer)
	if err != nil {
		return nil, err
	}
	if envelope.Format == pki.CMSEnvelopedData {
		return cms.OpenEnvelope(key, envelope.DER)
	}
	opened, err := cms.OpenSM2Key(key, envelope.DER)
	if err != nil {
		return nil, err
	}
	return smx509.MarshalPKCS8PrivateKey(opened)
}

// password opens the PKCS#12 files of the demonstration; nothing else uses it.
const password = "demo-only"

func personalStore(signer crypto.Signer, issued *ca.Issued) ([]byte, error) {
	leaf, err := smx509.ParseCertificate(issued.Sign.DER)
	if err != nil {
		return nil, fmt.Errorf("reading a certificate: %w", err)
	}
	var chain []*smx509.Certificate
	for _, der := range issued.Chain {
		above, err := smx509.ParseCertificate(der)
		if err != nil {
			return nil, fmt.Errorf("reading a certificate: %w", err)
		}
		chain = append(chain, above)
	}
	store, err := pkcs12.Modern2023.Encode(signer, leaf, chain, password)
	if err != nil {
		return nil, fmt.Errorf("writing a PKCS#12 file: %w", err)
	}
	return store, nil
}
