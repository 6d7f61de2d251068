package kmc

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"encoding/binary"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/audit"
	"onecert/officer"
	"onecert/pki"
)

// Holders' signing keys: made here where the profile of a CA allows, packaged once,
// and gone. They stand in a table of their own, in none of the libraries; a key opens
// only with the ticket of the CA that ordered it, which the centre does not keep. So
// neither its database with its master key, nor a backup of it, opens one.

// How long, unless configured: a key nobody has had packaged is kept; the same answer
// is given again to the one it was given to. And how many keys of one CA may wait.
const (
	defaultSigningLife = 30 * 24 * time.Hour
	mostSigningLife    = 366 * 24 * time.Hour
	fetchWindow        = 15 * time.Minute
	defaultSigningMost = 10_000
)

// Acts of a holder's key in the log and in the ledger.
const (
	actSigningMake     = "key.signing-make"
	actSigningPassword = "key.signing-password"
	actSigningPackage  = "key.signing-package"
	actSigningWipe     = "key.signing-wipe"
	actPackage         = "key.package" // of the escrowed pair that goes along
)

// MakeSigning makes a signing key for an application of the asking CA and returns its
// request. The same order again gets the same request, as long as the key is there.
// Errors: km.order, km.other-order, km.signing-limit, km.wiped, km.making, km.store,
// those of Config.Check.
func (c *Centre) MakeSigning(ctx context.Context, o pki.SigningOrder) (pki.SigningRequest, error) {
	actor, err := c.config.Check(ctx, officer.Signing)
	if err != nil {
		return pki.SigningRequest{}, err
	}
	subject, err := checkSigningOrder(&o)
	if err != nil {
		return pki.SigningRequest{}, err
	}
	found, err := findHolderKey(ctx, c.config.DB.Read(), actor.Name, o.Application)
	if err != nil {
		return pki.SigningRequest{}, unreadable(err)
	}
	if found != nil {
		return c.sameRequest(ctx, actor, found, o)
	}
	act := (&holderKey{application: o.Application, holder: o.Holder}).act(actor, actSigningMake, o.AskedBy, c.config.Now())
	made, err := c.makeHolderKey(ctx, actor, o, subject)
	fresh := false
	if err == nil {
		fresh, err = c.keepHolderKey(ctx, made, made.act(actor, actSigningMake, o.AskedBy, c.config.Now()))
	}
	switch {
	case pki.CodeOf(err) == codeSigningLimit:
		return pki.SigningRequest{}, c.refuseHolderKey(ctx, act, err)
	case err != nil:
		return pki.SigningRequest{}, storeFailed(err)
	case fresh:
		return made.answer(), nil
	}
	if found, err = c.ownHolderKey(ctx, actor, o.Application); err != nil { // somebody was first
		return pki.SigningRequest{}, err
	}
	return c.sameRequest(ctx, actor, found, o)
}

// roomFor refuses one key more than may wait.
func (c *Centre) roomFor(ctx context.Context, q querier, ca string) error {
	waiting, err := countWaiting(ctx, q, ca, c.config.Now())
	if err != nil {
		return unreadable(err)
	}
	if waiting >= c.config.SigningMost {
		return pki.Errorf(pki.Conflict, codeSigningLimit, "%d signing keys of this CA wait to be packaged, which is the most there may be", waiting).
			To("have keys packaged or ended that are not needed; others are wiped when they expire")
	}
	return nil
}

// keepHolderKey stores a key with its entry in the log; fresh is false where the
// application has got one meanwhile.
func (c *Centre) keepHolderKey(ctx context.Context, k *holderKey, act audit.Act) (fresh bool, err error) {
	act.Detail["suite"], act.Detail["expires"] = string(k.suite), k.expiresAt.Format(time.RFC3339)
	err = c.config.DB.Tx(ctx, func(tx *sql.Tx) (err error) {
		if err := c.roomFor(ctx, tx, k.ca); err != nil {
			return err
		}
		if fresh, err = insertHolderKey(ctx, tx, k); err != nil || !fresh {
			return err
		}
		return c.config.Audit.Append(ctx, tx, act)
	})
	return fresh, err
}

// checkSigningOrder judges an order at the border and returns the subject in DER.
func checkSigningOrder(o *pki.SigningOrder) ([]byte, error) {
	switch {
	case !plainText(o.Application, maxID):
		return nil, errOrder("the application's id is not 1 to %d octets of plain text", maxID)
	case o.Holder != "" && !plainText(o.Holder, maxID):
		return nil, errOrder("the holder's id is not plain text of at most %d octets", maxID)
	case o.Suite.Family() == "":
		return nil, errOrder("the suite of the key is not one of ours")
	case len(o.Ticket) < pki.LeastTicket || len(o.Ticket) > pki.MostTicket:
		return nil, errOrder("the ticket is not %d to %d octets", pki.LeastTicket, pki.MostTicket)
	case o.AskedBy != "" && !plainText(o.AskedBy, maxID):
		return nil, errOrder("who asked is not plain text of at most %d octets", maxID)
	}
	subject := o.Subject
	if len(subject) == 0 {
		subject = pki.Name{{Type: "CN", Value: cut(o.Application, 64)}}
	}
	der, err := subject.DER()
	if err != nil {
		return nil, errOrder("the subject cannot be written in a request").Because(err)
	}
	return der, nil
}

// makeHolderKey makes the key, its request, and the record of both. Keys are made as
// many at once as there are processors, like those an order waits for.
func (c *Centre) makeHolderKey(ctx context.Context, actor pki.Actor, o pki.SigningOrder, subject []byte) (*holderKey, error) {
	if err := c.roomFor(ctx, c.config.DB.Read(), actor.Name); err != nil { // before the work
		return nil, err
	}
	select {
	case c.urgent <- struct{}{}:
		defer func() { <-c.urgent }()
	case <-ctx.Done():
		return nil, errMaking(ctx.Err())
	}
	now := c.config.Now().UTC()
	k := &holderKey{ca: actor.Name, application: o.Application, suite: o.Suite, holder: o.Holder, askedBy: o.AskedBy, digest: digestOfSigning(o, subject),
		ticket: hashOf(o.Ticket), madeAt: now, expiresAt: now.Add(c.config.SigningLife)}
	var err error
	if k.id, err = newID(c.config.Random, now); err != nil {
		return nil, errMaking(err)
	}
	private, err := pki.GenerateKey(c.config.Random, o.Suite)
	if err != nil {
		return nil, errMaking(err)
	}
	if k.spki, err = pki.MarshalPublicKey(private.Public()); err != nil {
		return nil, errMaking(err)
	}
	if k.holder == "" {
		k.holder = "key:" + pki.KeyHash(k.spki)[:32] // as the CA names it
	}
	if k.request, err = smx509.CreateCertificateRequest(c.config.Random, &smx509.CertificateRequest{RawSubject: subject}, private); err != nil {
		return nil, errMaking(err)
	}
	plaintext, err := encodePrivate(private)
	if err != nil {
		return nil, errMaking(err)
	}
	defer clear(plaintext)
	if k.sealed, err = c.vault.sealTicketed(k, o.Ticket, plaintext); err != nil {
		return nil, errMaking(err)
	}
	return k, nil
}

func errMaking(err error) *pki.Error {
	return pki.Errorf(pki.Unavailable, codeMaking, "no signing key can be made now").
		To("look at the machine's source of randomness, then ask again").Because(err)
}

// sameRequest answers an order that was there before, if it is the same.
func (c *Centre) sameRequest(ctx context.Context, actor pki.Actor, k *holderKey, o pki.SigningOrder) (pki.SigningRequest, error) {
	act := k.act(actor, actSigningMake, o.AskedBy, c.config.Now())
	subject, err := checkSigningOrder(&o)
	if err != nil {
		return pki.SigningRequest{}, err
	}
	if !bytes.Equal(k.digest, digestOfSigning(o, subject)) || !k.opensWith(o.Ticket) {
		return pki.SigningRequest{}, c.refuseHolderKey(ctx, act, pki.Errorf(pki.Conflict, codeOther, "this application already has a signing key, made for an order with another content").
			To("ask with exactly the first order, its ticket included, or under a new application"))
	}
	if err := k.there(c.config.Now()); err != nil && !k.fetchable(c.config.Now()) { // who fetches again may walk the whole way again
		return pki.SigningRequest{}, c.refuseHolderKey(ctx, act, err)
	}
	act.Detail["repeat"] = "true"
	return k.answer(), c.record(ctx, act)
}

// fetchable reports whether the package of a key is there to be given again.
func (k *holderKey) fetchable(now time.Time) bool {
	return k.why == whyPackaged && k.clearedAt.IsZero() && now.Before(k.wipedAt.Add(fetchWindow))
}

// there refuses a key that is gone, or should be.
func (k *holderKey) there(now time.Time) error {
	switch {
	case k.why == whyPackaged:
		return pki.Errorf(pki.Conflict, codeDelivered, "the key was packaged at %s and is gone", k.wipedAt.Format(time.RFC3339)).
			To("if it did not reach its holder, revoke its certificate and apply anew")
	case k.why != "":
		return pki.Errorf(pki.Conflict, codeWiped, "the key was wiped at %s (%s)", k.wipedAt.Format(time.RFC3339), k.why).
			To("order a key under a new application")
	case !now.Before(k.expiresAt):
		return pki.Errorf(pki.Conflict, codeWiped, "the key expired at %s", k.expiresAt.Format(time.RFC3339)).
			To("order a key under a new application")
	}
	return nil
}

func (k *holderKey) answer() pki.SigningRequest {
	return pki.SigningRequest{Application: k.application, Request: k.request, Expires: k.expiresAt}
}

// act is an entry about this key. Nothing secret is ever put into it.
func (k *holderKey) act(actor pki.Actor, act, askedBy string, at time.Time) audit.Act {
	detail := map[string]string{detailSigningKey: k.id}
	if askedBy != "" {
		detail[detailAskedBy] = askedBy
	}
	return audit.Act{Actor: actor, Act: act, Object: k.application, Subject: k.holder, Result: audit.Done, Detail: detail, At: at}
}

// Words of these entries that the ledger reads.
const (
	detailSigningKey = "signing_key"
	detailAskedBy    = "asked_by"
)

func (c *Centre) record(ctx context.Context, acts ...audit.Act) error {
	if err := c.config.Audit.Record(ctx, acts...); err != nil {
		return storeFailed(err)
	}
	return nil
}

// refuseHolderKey enters a refusal in the log and returns why.
func (c *Centre) refuseHolderKey(ctx context.Context, act audit.Act, why error) error {
	act.Result, act.Detail["code"] = audit.Refused, pki.CodeOf(why)
	if err := c.record(ctx, act); err != nil {
		return err
	}
	return why
}

// askedFor refuses whom the CA wants to be who had the key made, and is not: one office
// has no business with the keys of another's holders.
func (k *holderKey) askedFor(askedBy string, same bool) error {
	if !same || k.askedBy == askedBy {
		return nil
	}
	return pki.Errorf(pki.Forbidden, codeAsker, "the key was made for another office than the one that asks").
		To("ask from the office the application belongs to, or at the centre")
}

// opensWith reports whether a ticket is the one the key was ordered with.
func (k *holderKey) opensWith(ticket []byte) bool {
	return subtle.ConstantTimeCompare(k.ticket, hashOf(ticket)) == 1
}

func hashOf(octets []byte) []byte {
	sum := sha256.Sum256(octets)
	return sum[:]
}

// digestOfSigning is what makes two orders the same; the ticket is compared apart.
func digestOfSigning(o pki.SigningOrder, subject []byte) []byte {
	h := sha256.New()
	for _, part := range [][]byte{[]byte("onecert kmc signing order 1"), []byte(o.Application), []byte(o.Suite), []byte(o.Holder), subject} {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(part))))
		h.Write(part)
	}
	return h.Sum(nil)
}
