package wire

import (
	"context"
	"crypto/x509"
	"fmt"
	"path"
	"strings"
	"time"

	"onecert/ca"
	"onecert/keys"
	"onecert/pki"
	"onecert/serve"
)

// Components renew their own certificates at half their life (design.md §3.7), each
// in the same key: the CA issues its own, the KMC asks the CA for its next one. Who
// knows them by certificate is told over the old one before the new one is shown.

// renewLook is how often half of the life is looked for.
const renewLook = time.Minute

// lived is what renews: a certificate, or a pair.
type lived interface{ RenewAt() time.Time }

// whenHalfLived calls renew at half of the identity's life, and again each minute
// while that fails.
func whenHalfLived(ctx context.Context, identity lived, now func() time.Time, renew func() error, failed func(error)) {
	tick := time.NewTicker(renewLook)
	defer tick.Stop()
	for {
		if !now().Before(identity.RenewAt()) {
			if err := renew(); err != nil && ctx.Err() == nil {
				failed(err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (p *CAProcess) keepIdentity(ctx context.Context) {
	whenHalfLived(ctx, p.identity, p.options.now(), func() error { return p.renewOwn(ctx) },
		func(err error) { p.options.log().Error("renewing the API's own certificate", "error", err) })
}

// renewOwn makes the next certificate, tells the KMC of it and shows it. What was
// made and not told yet is used at the next try.
func (p *CAProcess) renewOwn(ctx context.Context) (err error) {
	key, err := openKey(p.config.dir, p.config.TLSKey)
	if err != nil {
		return err
	}
	if p.next == nil {
		if p.next, err = p.issueOwn(ctx, key, p.options.now()()); err != nil {
			return err
		}
	}
	if p.link != nil {
		if err := p.link.succeed(ctx, overTLS, p.next[0]); err != nil {
			return fmt.Errorf("telling the key management centre: %w", err)
		}
	}
	if err := ReplaceFile(p.config.Path(p.config.TLSCertificate), PEM(p.next...), 0o644); err != nil {
		return err
	}
	err = p.identity.Replace(p.next, key)
	p.next = nil
	return err
}

func (p *KMCProcess) keepIdentity(ctx context.Context, key *keys.Key) {
	whenHalfLived(ctx, p.identity, p.options.now(), func() error {
		if p.config.CA == "" {
			return pki.Errorf(pki.Invalid, "kmc.ca", "the site certificate is past half its life and the configuration names no ca to renew it at").
				To("set ca, or have the security administrator renew it")
		}
		return p.renew(ctx, key)
	}, func(err error) { p.options.log().Error("renewing the site certificate", "error", err) })
}

func (p *KMCProcess) renew(ctx context.Context, key *keys.Key) error {
	own := renewable{ca: p.config.CA, identity: p.identity, roots: p.roots, certificate: p.config.Path(p.config.TLSCertificate), now: p.options.now()}
	return own.renew(ctx, key)
}

// renewable is a component that is known to a CA by its certificate.
type renewable struct {
	ca          string // address of the CA's API
	identity    *serve.Identity
	roots       *x509.CertPool
	certificate string // file
	now         func() time.Time
}

// renew asks the CA for the next certificate in the same key, as the site this
// component is.
func (s renewable) renew(ctx context.Context, key *keys.Key) error {
	api, err := serve.NewClient(s.ca, serve.ClientTLS(s.identity, s.roots, s.now))
	if err != nil {
		return err
	}
	defer api.HTTP.CloseIdleConnections()
	client := ca.NewClient(api)
	own := s.identity.Certificate()
	issuer, err := issuerID(own.IssuingCertificateURL)
	if err != nil {
		return err
	}
	// The same name at each try, so that a lost answer is asked for again.
	application := "renew-" + pki.Fingerprint(own.Raw)[:32]
	issued, err := client.Renew(ctx, issuer, pki.SerialOf(own.SerialNumber), ca.Change{Application: application})
	if err != nil {
		return err
	}
	chain := append([][]byte{issued.Sign.DER}, issued.Chain[:len(issued.Chain)-1]...)
	if err := ReplaceFile(s.certificate, PEM(chain...), 0o644); err != nil {
		return err
	}
	return s.identity.Replace(chain, key)
}

// issuerID reads an issuer's id from where its certificate is said to be found:
// {aia}/{issuer}.cer (ca.Addresses).
func issuerID(addresses []string) (string, error) {
	for _, address := range addresses {
		if id, ok := strings.CutSuffix(path.Base(address), ".cer"); ok {
			return id, nil
		}
	}
	return "", pki.Errorf(pki.Invalid, "issuer.unknown", "the certificate does not say who issued it").To("have it issued by this CA")
}

// Succession is a renewed certificate of the one who calls, in the same key.
type Succession struct {
	Certificate []byte `json:"certificate" maxLength:"32768" doc:"DER, base64"`
}
