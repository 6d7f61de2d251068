package kmc

import (
	"context"
	"crypto/ecdsa"
	"fmt"

	"github.com/emmansun/gmsm/smx509"
	"github.com/emmansun/go-pkcs12"

	"onecert/cms"
	"onecert/pki"
)

// packageRounds is how often PBKDF2, and the MAC's own derivation, hash the password.
// The password has 125 random bits and would need none; the figure is what reviewers
// and readers of the file look for.
const packageRounds = 100_000

// files opens the keys, puts them into the form ordered, and forgets them.
func (p *packing) files(ctx context.Context) (*pki.Package, error) {
	c, k := p.centre, p.key
	password, err := c.openPassword(k)
	if err != nil {
		return nil, unpackable(err)
	}
	defer clear(password)
	if p.order.Form == pki.FormEnvelope && !p.proven(password) {
		return nil, pki.Errorf(pki.Forbidden, codeTransportProof, "the transport key does not come from who knows the password").
			To("type the password of the letter into the program that fetches the key")
	}
	private, err := c.vault.openTicketed(k, p.order.Ticket)
	if err != nil {
		return nil, unpackable(err)
	}
	defer private.clear()
	out := &pki.Package{Application: k.application, Form: p.order.Form, Files: []pki.PackageFile{}}
	if p.order.Form == pki.FormEnvelope {
		return out, p.envelopes(ctx, out, private)
	}
	out.Rounds = packageRounds
	return out, p.stores(ctx, out, private, string(password))
}

// stores are one PKCS#12 file for each key: most readers take the first key of a file
// for its only one.
func (p *packing) stores(ctx context.Context, out *pki.Package, private *opened, password string) error {
	encoder := pkcs12.Modern2023
	if p.order.Form == pki.FormPKCS12SM {
		if p.key.suite != pki.SM2 {
			return errForm("SM3 and SM4 are for SM2 keys, and this is a %s key", p.key.suite)
		}
		encoder = pkcs12.ShangMi2024
	}
	encoder = encoder.WithIterations(packageRounds).WithRand(p.centre.config.Random)
	add := func(name string, key any, certificate *smx509.Certificate) error {
		der, err := encoder.Encode(key, certificate, p.contents.chain, password)
		if err != nil {
			return unpackable(fmt.Errorf("writing PKCS#12: %w", err))
		}
		out.Files = append(out.Files, pki.PackageFile{Name: name, Content: der})
		return nil
	}
	if err := add("sign.p12", private.key, p.contents.certificate); err != nil || p.pair == nil {
		return err
	}
	r, err := findRecord(ctx, p.centre.config.DB.Read(), p.pair.keyID)
	if err != nil {
		return unreadable(err)
	}
	if err := p.ofPair(r); err != nil {
		return err
	}
	key, err := p.centre.vault.private(r)
	if err != nil {
		return unpackable(err)
	}
	return add("encrypt.p12", key, p.contents.encryption)
}

// envelopes seal the signing key to the transport key, and the encryption key to the
// signing key, as it always goes.
func (p *packing) envelopes(ctx context.Context, out *pki.Package, private *opened) error {
	c := p.centre
	if err := fits(p.key.suite, p.contents.transport); err != nil {
		return err
	}
	sign, err := c.sealOpened(private, p.key, p.contents)
	if err != nil {
		return unpackable(err)
	}
	out.Files = append(out.Files, *sign)
	if p.pair == nil {
		return nil
	}
	r, err := findRecord(ctx, c.config.DB.Read(), p.pair.keyID)
	if err != nil {
		return unreadable(err)
	}
	if err := p.ofPair(r); err != nil {
		return err
	}
	sealed, err := c.envelope(r, private.key.Public())
	if err != nil {
		return unpackable(err)
	}
	out.Files = append(out.Files, pki.PackageFile{Name: "encrypt." + suffixOf(sealed.Format), Content: sealed.DER})
	return nil
}

// ofPair checks the encryption certificate against the pair's own public key.
func (p *packing) ofPair(r *record) error {
	if !samePublic(p.contents.encryption, r.spki) {
		return errContents("the encryption certificate is not that of the escrowed pair of this application")
	}
	return nil
}

func (c *Centre) sealOpened(private *opened, k *holderKey, with *contents) (*pki.PackageFile, error) {
	if k.suite != pki.SM2 {
		der, err := cms.Envelope(c.config.Random, cms.Recipient{Public: with.transport}, private.octets)
		return &pki.PackageFile{Name: "sign." + suffixOf(pki.CMSEnvelopedData), Content: der}, err
	}
	key, err := sm2Key(&record{suite: k.suite, spki: k.spki}, private.octets)
	if err != nil {
		return nil, err
	}
	to, ok := with.transport.(*ecdsa.PublicKey)
	if !ok {
		return nil, errRecipient()
	}
	der, err := cms.SealSM2Key(c.config.Random, to, key)
	return &pki.PackageFile{Name: "sign." + suffixOf(pki.SM2EnvelopedKey), Content: der}, err
}

func suffixOf(format string) string {
	if format == pki.SM2EnvelopedKey {
		return "sm2.der"
	}
	return "cms.der"
}

// unpackable is what a caller learns when the key is there but cannot be packaged now:
// nothing was wiped, so asking again is safe.
func unpackable(err error) error {
	return pki.Errorf(pki.Unavailable, codeSealing, "the key cannot be packaged now").
		To("ask again; if it stays so, end the key, revoke its certificate and apply anew").Because(err)
}
