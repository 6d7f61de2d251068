package kmc

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io"
	"time"

	"onecert/cms"
	"onecert/officer"
	"onecert/pki"
)

// A password is five groups of five of 32 characters that nobody mixes up: 125 bits.
const (
	passwordLetters = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
	passwordGroups  = 5
)

// SigningPassword gives out the password a key will be packaged under, once and before
// it is packaged: it reaches the holder by another way than the file does. The same
// nonce gets the same again within 15 minutes, for an answer that was lost; whoever
// comes later is told when it was given out, and to whom stands in the holder's ledger.
// Errors: km.order, km.recipient, km.no-signing-key, km.asker, km.delivered, km.wiped, km.shown,
// km.making, km.store, those of Config.Check.
func (c *Centre) SigningPassword(ctx context.Context, o pki.PasswordOrder) (pki.Password, error) {
	actor, err := c.config.Check(ctx, officer.Signing)
	if err != nil {
		return pki.Password{}, err
	}
	if err := checkPasswordOrder(o); err != nil {
		return pki.Password{}, err
	}
	for {
		k, err := c.ownHolderKey(ctx, actor, o.Application)
		if err != nil {
			return pki.Password{}, err
		}
		act := k.act(actor, actSigningPassword, o.AskedBy, c.config.Now())
		if err := k.askedFor(o.AskedBy, o.SameAsker); err != nil {
			return pki.Password{}, c.refuseHolderKey(ctx, act, err)
		}
		if err := k.there(c.config.Now()); err != nil {
			return pki.Password{}, c.refuseHolderKey(ctx, act, err)
		}
		if !k.shownAt.IsZero() {
			if !bytes.Equal(k.nonce, hashOf(o.Nonce)) || !c.config.Now().Before(k.shownAt.Add(fetchWindow)) {
				return pki.Password{}, c.refuseHolderKey(ctx, act, pki.Errorf(pki.Conflict, codeShown, "the password of this key was given out at %s", k.shownAt.Format(time.RFC3339)).
					To("it is given once; if it did not reach its holder, end the key, revoke the certificate and apply anew"))
			}
			act.Detail["repeat"] = "true"
			if err := c.record(ctx, act); err != nil {
				return pki.Password{}, err
			}
			return c.password(k, o)
		}
		text, err := c.drawPassword(k, o.Nonce)
		if err != nil {
			return pki.Password{}, err
		}
		clear(text)
		first := false
		err = c.config.DB.Tx(ctx, func(tx *sql.Tx) (err error) {
			if first, err = showPassword(ctx, tx, k); err != nil || !first {
				return err
			}
			return c.config.Audit.Append(ctx, tx, act)
		})
		if err != nil {
			return pki.Password{}, storeFailed(err)
		}
		if first {
			return c.password(k, o)
		}
	}
}

func checkPasswordOrder(o pki.PasswordOrder) error {
	if err := checkNames(o.Application, o.AskedBy); err != nil {
		return err
	}
	if len(o.Nonce) < pki.LeastTicket || len(o.Nonce) > pki.MostTicket {
		return errOrder("the nonce is not %d to %d octets", pki.LeastTicket, pki.MostTicket)
	}
	if len(o.Recipient) == 0 {
		return nil
	}
	_, err := checkRecipient("", o.Recipient)
	return err
}

func checkNames(application, askedBy string) error {
	if !plainText(application, maxID) {
		return errOrder("the application's id is not 1 to %d octets of plain text", maxID)
	}
	if askedBy != "" && !plainText(askedBy, maxID) {
		return errOrder("who asked is not plain text of at most %d octets", maxID)
	}
	return nil
}

// ownHolderKey finds the key of an application of the asking CA. Another CA's is not
// there for it.
func (c *Centre) ownHolderKey(ctx context.Context, actor pki.Actor, application string) (*holderKey, error) {
	k, err := findHolderKey(ctx, c.config.DB.Read(), actor.Name, application)
	if err != nil {
		return nil, unreadable(err)
	}
	if k == nil {
		return nil, pki.Errorf(pki.Unknown, codeNoSigningKey, "no signing key was made here for this application").
			To("its holder made the key; or order one before the certificate")
	}
	return k, nil
}

// drawPassword draws the password of a key and seals it into the row.
func (c *Centre) drawPassword(k *holderKey, nonce []byte) (text []byte, err error) {
	drawn := make([]byte, passwordGroups*5)
	defer clear(drawn)
	if _, err := io.ReadFull(c.config.Random, drawn); err != nil {
		return nil, errMaking(err)
	}
	text = make([]byte, 0, passwordGroups*6)
	for i, d := range drawn {
		if i > 0 && i%5 == 0 {
			text = append(text, '-')
		}
		text = append(text, passwordLetters[d%32]) // 32 divides 256: no character is likelier
	}
	if k.password, err = c.vault.sealer.Seal(c.config.Random, text, k.binding("password")); err != nil {
		return nil, errMaking(err)
	}
	k.nonce, k.shownAt = hashOf(nonce), c.config.Now().UTC().Truncate(time.Millisecond)
	return text, nil
}

// openPassword returns the password of a key, which the caller clears.
func (c *Centre) openPassword(k *holderKey) ([]byte, error) {
	text, err := c.vault.sealer.Open(k.password, k.binding("password"))
	if err != nil {
		return nil, fmt.Errorf("opening the password of signing key %s: %w", k.id, err)
	}
	return text, nil
}

// password is the answer: in clear, or sealed where a key was named.
func (c *Centre) password(k *holderKey, o pki.PasswordOrder) (pki.Password, error) {
	text, err := c.openPassword(k)
	if err != nil {
		return pki.Password{}, unpackable(err)
	}
	defer clear(text)
	answer := pki.Password{Application: k.application, Again: k.shownAt.Add(fetchWindow)}
	if len(o.Recipient) == 0 {
		answer.Text = string(text)
		return answer, nil
	}
	public, err := checkRecipient("", o.Recipient)
	if err != nil {
		return pki.Password{}, err
	}
	der, err := cms.Envelope(c.config.Random, cms.Recipient{Public: public}, text)
	if err != nil {
		return pki.Password{}, unpackable(err)
	}
	answer.Sealed = &pki.Envelope{Format: pki.CMSEnvelopedData, DER: der}
	return answer, nil
}
