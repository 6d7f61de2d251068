package kmc

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"onecert/audit"
	"onecert/officer"
	"onecert/pki"
)

// Package packages a signing key with its certificates for its holder, under the
// password given out before, and wipes it: key and password are overwritten in the
// transaction that stores the package. For 15 minutes the same order gets the same
// package, for a download that broke; then the package is overwritten too. Of the
// holder's escrowed pair, where the application has one, the key goes along.
//
// Errors: km.order, km.package-form, km.package-certificate, km.no-signing-key,
// km.ticket, km.no-password, km.proof, km.recipient, km.delivered, km.wiped,
// km.destroyed, km.sealing, km.store, those of Config.Check.
func (c *Centre) Package(ctx context.Context, o pki.PackageOrder) (pki.Package, error) {
	actor, err := c.config.Check(ctx, officer.Signing)
	if err != nil {
		return pki.Package{}, err
	}
	contents, err := readContents(o)
	if err != nil {
		return pki.Package{}, err
	}
	k, err := c.ownHolderKey(ctx, actor, o.Application)
	if err != nil {
		return pki.Package{}, err
	}
	p := &packing{centre: c, actor: actor, order: o, contents: contents, key: k}
	if !k.opensWith(o.Ticket) {
		return pki.Package{}, p.refuse(ctx, pki.Errorf(pki.Forbidden, codeTicket, "the ticket is not the one this key was ordered with").
			To("bring the ticket the registration drew for this application; without it nobody can open the key"))
	}
	if k.why == whyPackaged {
		return p.again(ctx)
	}
	return p.pack(ctx)
}

// fitsPair checks that the encryption certificate is that of the escrowed pair.
func (p *packing) fitsPair(ctx context.Context) error {
	number := pki.SerialOf(p.contents.encryption.SerialNumber)
	found, err := findUse(ctx, p.centre.config.DB.Read(), byCertNo, p.actor.Name, string(number))
	if err != nil {
		return unreadable(err)
	}
	if found == nil || found.keyID != p.pair.keyID {
		return errContents("the encryption certificate is not the one the escrowed pair was made for")
	}
	return nil
}

// packing is one order of a package on its way.
type packing struct {
	centre   *Centre
	actor    pki.Actor
	order    pki.PackageOrder
	contents *contents
	key      *holderKey
	pair     *use // the escrowed pair that goes along; nil where there is none
}

func (p *packing) act(act string) audit.Act {
	a := p.key.act(p.actor, act, p.order.AskedBy, p.centre.config.Now())
	a.Detail["form"], a.Detail["cert_no"] = p.order.Form, string(p.contents.certNo())
	return a
}

func (p *packing) refuse(ctx context.Context, why error) error {
	if _, ok := why.(*pki.Error); !ok || pki.KindOf(why) == pki.Unavailable {
		return why
	}
	return p.centre.refuseHolderKey(ctx, p.act(actSigningPackage), why)
}

// wanted names an order's content: the same within the window gets the same package.
func (p *packing) wanted() []byte {
	o := p.order
	o.AskedBy = ""
	text, err := json.Marshal(o)
	if err != nil {
		return nil // a struct of octets and texts
	}
	sum := sha256.Sum256(text)
	return sum[:]
}

// judge refuses what does not belong together.
func (p *packing) judge(ctx context.Context) error {
	now := p.centre.config.Now()
	if err := p.key.there(now); err != nil {
		return err
	}
	if p.key.shownAt.IsZero() {
		return pki.Errorf(pki.Conflict, codeNoPassword, "nobody was given the password of this key, so nobody could open its package").
			To("give the holder the password first")
	}
	if err := p.contents.fits(p.key, now); err != nil {
		return err
	}
	var err error
	if p.pair, err = findUse(ctx, p.centre.config.DB.Read(), byApplication, p.actor.Name, p.order.Application); err != nil {
		return unreadable(err)
	}
	if (p.pair == nil) != (p.contents.encryption == nil) {
		return pki.Errorf(pki.Invalid, codePackageCertificate, "an encryption certificate goes with an escrowed pair of the same application, and only with one").
			To("send both certificates of a dual pair, or the one of a single")
	}
	if p.pair == nil {
		return nil
	}
	if !p.pair.destroyedAt.IsZero() {
		return errDestroyed()
	}
	if p.pair.holder != p.key.holder {
		return pki.Errorf(pki.Forbidden, codeOwner, "the pair of this application is another holder's than its signing key").
			To("order both for one holder")
	}
	return p.fitsPair(ctx)
}

// pack waits for its turn, for hashing passwords is work, and looks again: whoever asked
// for the same meanwhile has done it.
func (p *packing) pack(ctx context.Context) (pki.Package, error) {
	select {
	case p.centre.urgent <- struct{}{}:
		defer func() { <-p.centre.urgent }()
	case <-ctx.Done():
		return pki.Package{}, ctx.Err()
	}
	var err error
	if p.key, err = p.centre.ownHolderKey(ctx, p.actor, p.order.Application); err != nil {
		return pki.Package{}, err
	}
	if p.key.why == whyPackaged {
		return p.again(ctx)
	}
	if err := p.judge(ctx); err != nil {
		return pki.Package{}, p.refuse(ctx, err)
	}
	out, err := p.files(ctx)
	if err != nil {
		return pki.Package{}, p.refuse(ctx, err)
	}
	return p.store(ctx, out)
}

// store puts the package into the place of the key, and answers.
func (p *packing) store(ctx context.Context, out *pki.Package) (pki.Package, error) {
	c, k := p.centre, p.key
	k.wipedAt, k.why, k.wanted = c.config.Now().UTC().Truncate(time.Millisecond), whyPackaged, p.wanted()
	out.Until = k.wipedAt.Add(fetchWindow)
	text, err := json.Marshal(out)
	if err != nil {
		return pki.Package{}, fmt.Errorf("storing a package: %w", err)
	}
	if k.parcel, err = c.vault.sealer.Seal(c.config.Random, text, k.binding("package")); err != nil {
		return pki.Package{}, unpackable(err)
	}
	first := false
	err = c.config.DB.Tx(ctx, func(tx *sql.Tx) (err error) {
		if err := c.overwriteFreed(ctx, tx); err != nil {
			return err
		}
		if first, err = wipeHolderKey(ctx, tx, k); err != nil || !first {
			return err
		}
		return c.config.Audit.Append(ctx, tx, p.acts(out)...)
	})
	if err != nil {
		return pki.Package{}, storeFailed(err)
	}
	if first {
		return *out, nil
	}
	if p.key, err = c.ownHolderKey(ctx, p.actor, p.order.Application); err != nil { // somebody was first
		return pki.Package{}, err
	}
	return p.again(ctx)
}

// acts are the entries of a package: the key's, its end, and the touch of the pair.
func (p *packing) acts(out *pki.Package) []audit.Act {
	packed := p.act(actSigningPackage)
	packed.Detail["rounds"] = fmt.Sprint(out.Rounds)
	wiped := p.key.act(p.actor, actSigningWipe, p.order.AskedBy, p.key.wipedAt)
	wiped.Detail["reason"] = whyPackaged
	acts := []audit.Act{packed, wiped}
	if p.pair == nil {
		return acts
	}
	return append(acts, audit.Act{Actor: p.actor, Act: actPackage, Object: string(p.pair.certNo), Subject: p.pair.holder, Result: audit.Done, At: p.key.wipedAt,
		Detail: map[string]string{"key": p.pair.keyID, "form": p.order.Form, detailAskedBy: p.order.AskedBy}})
}

// again gives a package that was given before, to the same order and within the
// window.
func (p *packing) again(ctx context.Context) (pki.Package, error) {
	c, k := p.centre, p.key
	if !k.fetchable(c.config.Now()) {
		return pki.Package{}, p.refuse(ctx, k.there(c.config.Now()))
	}
	if !bytes.Equal(k.wanted, p.wanted()) {
		return pki.Package{}, p.refuse(ctx, pki.Errorf(pki.Conflict, codeOther, "the key was packaged for an order with another content").
			To("ask with exactly the first order: same form, same certificates"))
	}
	text, err := c.vault.sealer.Open(k.parcel, k.binding("package"))
	if err != nil {
		return pki.Package{}, unpackable(err)
	}
	var out pki.Package
	if err := json.Unmarshal(text, &out); err != nil {
		return pki.Package{}, fmt.Errorf("reading a stored package: %w", err)
	}
	out.Repeat = true
	act := p.act(actSigningPackage)
	act.Detail["repeat"] = "true"
	return out, c.record(ctx, act)
}

// proven reports whether a transport key comes from who knows the password.
func (p *packing) proven(password []byte) bool {
	t := p.order.Transport
	return hmac.Equal(t.Proof, pki.TransportProof(string(password), p.order.Application, t.PublicKey))
}
