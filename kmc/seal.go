package kmc

import (
	"crypto"
	"crypto/ecdsa"

	"onecert/cms"
	"onecert/pki"
)

// grant opens a pair and seals it to the recipient: an SM2 pair as SM2EnvelopedKey
// (GM/T 0009 7.4), any other as EnvelopedData around its PKCS#8 (RFC 5652).
func (c *Centre) grant(r *record, certNo pki.Serial, recipient crypto.PublicKey) (pki.KeyGrant, error) {
	envelope, err := c.envelope(r, recipient)
	if err != nil {
		return pki.KeyGrant{}, unsealable(err)
	}
	return pki.KeyGrant{CertNo: certNo, PublicKey: r.spki, Envelope: envelope}, nil
}

func (c *Centre) envelope(r *record, recipient crypto.PublicKey) (pki.Envelope, error) {
	octets, err := c.vault.open(r)
	if err != nil {
		return pki.Envelope{}, err
	}
	defer clear(octets)
	if r.suite != pki.SM2 {
		der, err := cms.Envelope(c.config.Random, cms.Recipient{Public: recipient}, octets)
		return pki.Envelope{Format: pki.CMSEnvelopedData, DER: der}, err
	}
	key, err := sm2Key(r, octets)
	if err != nil {
		return pki.Envelope{}, err
	}
	public, ok := recipient.(*ecdsa.PublicKey)
	if !ok {
		return pki.Envelope{}, errRecipient()
	}
	der, err := cms.SealSM2Key(c.config.Random, public, key)
	return pki.Envelope{Format: pki.SM2EnvelopedKey, DER: der}, err
}

// unsealable is what a caller learns when the pair is theirs but cannot be handed
// out now: asking again is safe.
func unsealable(err error) error {
	return pki.Errorf(pki.Unavailable, codeSealing, "the pair is reserved for the order but cannot be sealed now").
		To("ask again: the same order gets the same pair; if it stays so, restore the key's record from the backup").Because(err)
}
