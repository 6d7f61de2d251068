package kmc

import (
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"onecert/pki"
)

// tagged is the context-specific constructed tag n, which an IMPLICIT SEQUENCE and
// any EXPLICIT value carry alike.
func tagged(n uint8) cbasn1.Tag { return cbasn1.Tag(n).ContextSpecific().Constructed() }

// marshal returns the DER of KSRequest.
func (r *request) marshal() ([]byte, error) {
	return marshalBody(r.ca, r.at, r.task, func(b *cryptobyte.Builder) {
		for _, o := range r.operations {
			o.add(b)
		}
	})
}

// marshal returns the DER of KSRespond.
func (r *respond) marshal() ([]byte, error) {
	return marshalBody(r.kmc, r.at, r.task, func(b *cryptobyte.Builder) {
		for _, a := range r.answers {
			a.add(b)
		}
	})
}

// marshalBody writes what KSRequest and KSRespond have in common.
func marshalBody(who entity, at time.Time, task pki.Serial, list func(*cryptobyte.Builder)) ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		who.add(b)
		b.AddASN1(cbasn1.SEQUENCE, list)
		b.AddASN1GeneralizedTime(at.UTC())
		b.AddASN1BigInt(task.Big())
	})
	return b.Bytes()
}

// marshal returns the DER of CARequest or KMRespond.
func (m *signedMessage) marshal() ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(m.body)
		addAlgorithm(b, pki.OIDSM2WithSM3)
		b.AddASN1OctetString(m.signature)
	})
	return b.Bytes()
}

func (e entity) add(b *cryptobyte.Builder) {
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		addAlgorithm(b, pki.OIDSM3)
		b.AddBytes(e.name)
		b.AddASN1OctetString(e.keyHash)
		b.AddASN1BigInt(e.serial.Big())
	})
}

// add writes the arm with its IMPLICIT tag.
func (o operation) add(b *cryptobyte.Builder) {
	switch {
	case o.apply != nil:
		b.AddASN1(tagged(0), o.apply.add)
	case o.restore != nil:
		b.AddASN1(tagged(1), o.restore.add)
	case o.revoke != nil:
		b.AddASN1(tagged(2), o.revoke.add)
	}
}

func (a *applyKey) add(b *cryptobyte.Builder) {
	addKeyType(b, a.suite)
	a.protect.add(b)
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1BigInt(a.certNo.Big())
		b.AddBytes(a.recipient)
		b.AddASN1GeneralizedTime(a.notBefore.UTC())
		b.AddASN1GeneralizedTime(a.notAfter.UTC())
		addOptional(b, 0, a.userName)
		addOptional(b, 1, a.region)
		addOptional(b, 2, a.extend)
	})
}

func (r *restoreKey) add(b *cryptobyte.Builder) {
	r.protect.add(b)
	b.AddASN1BigInt(r.certNo.Big())
	b.AddBytes(r.recipient)
	addOptional(b, 0, r.userName)
	addOptional(b, 2, r.extend)
}

func (r *revokeKey) add(b *cryptobyte.Builder) { b.AddASN1BigInt(r.certNo.Big()) }

// addOptional writes [tag] EXPLICIT OCTET STRING, nothing where octets is nil.
func addOptional(b *cryptobyte.Builder, tag uint8, octets []byte) {
	if octets == nil {
		return
	}
	b.AddASN1(tagged(tag), func(b *cryptobyte.Builder) { b.AddASN1OctetString(octets) })
}

func (a answer) add(b *cryptobyte.Builder) {
	switch {
	case a.apply != nil:
		b.AddASN1(tagged(0), a.apply.add)
	case a.restore != nil:
		b.AddASN1(tagged(1), a.restore.add)
	case a.revoke != nil:
		b.AddASN1(tagged(2), a.revoke.add)
	case a.failed != nil:
		b.AddASN1(tagged(3), a.failed.add)
	}
}

func (k *returnedKey) add(b *cryptobyte.Builder) {
	b.AddASN1BigInt(k.certNo.Big())
	b.AddBytes(k.publicKey)
	b.AddBytes(k.sealed)
}

func (f *failure) add(b *cryptobyte.Builder) {
	b.AddASN1Int64(int64(f.number))
	addOptional(b, 0, f.text)
}
