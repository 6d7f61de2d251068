package verify

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"
	"golang.org/x/crypto/cryptobyte"
	cb "golang.org/x/crypto/cryptobyte/asn1"

	"onecert/pki"
)

// answerPlan is an OCSP answer that a test makes; newAnswer gives the good one.
type answerPlan struct {
	signer       *authority
	certificates []*smx509.Certificate
	byKey        bool
	hash         pki.OID
	subject      *smx509.Certificate
	issuer       *smx509.Certificate
	state        state
	reason       pki.Reason
	this, next   time.Time
	nonce        []byte
	responseExt  []byte // a whole Extension
	singleExt    []byte
}

func newAnswer(w *world, subject *smx509.Certificate, issuer *authority) *answerPlan {
	return &answerPlan{signer: issuer, hash: pki.OID(oidSHA256), subject: subject, issuer: issuer.cert,
		this: now.Add(-time.Hour), next: now.Add(time.Hour)}
}

// make encodes and signs the answer (RFC 6960 4.2.1), by the encoder of this test alone.
func (a *answerPlan) make(t testing.TB, w *world) []byte {
	t.Helper()
	var b cryptobyte.Builder
	b.AddASN1(cb.SEQUENCE, a.data)
	tbs := b.BytesOrPanic()
	signature := signWith(t, a.signer.key, w.suite, tbs)
	var out cryptobyte.Builder
	out.AddASN1(cb.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(tbs)
		b.AddBytes(pki.AlgorithmIdentifier(w.suite))
		b.AddASN1BitString(signature)
		if len(a.certificates) > 0 {
			b.AddASN1(explicit(0), func(b *cryptobyte.Builder) {
				b.AddASN1(cb.SEQUENCE, func(b *cryptobyte.Builder) {
					for _, c := range a.certificates {
						b.AddBytes(c.Raw)
					}
				})
			})
		}
	})
	return successful(out.BytesOrPanic())
}

func successful(basic []byte) []byte {
	var b cryptobyte.Builder
	b.AddASN1(cb.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Enum(0)
		b.AddASN1(explicit(0), func(b *cryptobyte.Builder) {
			b.AddASN1(cb.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(oidBasicAnswer)
				b.AddASN1OctetString(basic)
			})
		})
	})
	return b.BytesOrPanic()
}

func (a *answerPlan) data(b *cryptobyte.Builder) {
	if a.byKey {
		_, hash := certID(octets(oidSHA1), nil, a.signer.cert.RawSubjectPublicKeyInfo)
		b.AddASN1(explicit(2), func(b *cryptobyte.Builder) { b.AddASN1OctetString(hash) })
	} else {
		b.AddASN1(explicit(1), func(b *cryptobyte.Builder) { b.AddBytes(a.signer.cert.RawSubject) })
	}
	b.AddASN1GeneralizedTime(a.this)
	b.AddASN1(cb.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1(cb.SEQUENCE, a.single) })
	var list []byte
	if a.nonce != nil {
		value, err := asn1.Marshal(a.nonce)
		b.SetError(err)
		list, err = asn1.Marshal(pkix.Extension{Id: oidNonce, Value: value})
		b.SetError(err)
	}
	a.extensions(b, append(list, a.responseExt...))
}

func (a *answerPlan) extensions(b *cryptobyte.Builder, list []byte) {
	if len(list) > 0 {
		b.AddASN1(explicit(1), func(b *cryptobyte.Builder) {
			b.AddASN1(cb.SEQUENCE, func(b *cryptobyte.Builder) { b.AddBytes(list) })
		})
	}
}

func (a *answerPlan) single(b *cryptobyte.Builder) {
	nameHash, keyHash := certID(octets(asn1.ObjectIdentifier(a.hash)), a.issuer.RawSubject, a.issuer.RawSubjectPublicKeyInfo)
	b.AddASN1(cb.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(cb.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(asn1.ObjectIdentifier(a.hash)) })
		b.AddASN1OctetString(nameHash)
		b.AddASN1OctetString(keyHash)
		b.AddASN1BigInt(a.subject.SerialNumber)
	})
	switch a.state {
	case stateGood:
		b.AddASN1(implicit(0), func(*cryptobyte.Builder) {})
	case stateUnknown:
		b.AddASN1(implicit(2), func(*cryptobyte.Builder) {})
	case stateRevoked:
		b.AddASN1(explicit(1), func(b *cryptobyte.Builder) {
			b.AddASN1GeneralizedTime(now.AddDate(0, 0, -3))
			b.AddASN1(explicit(0), func(b *cryptobyte.Builder) { b.AddASN1Enum(int64(a.reason)) })
		})
	}
	b.AddASN1GeneralizedTime(a.this)
	if !a.next.IsZero() {
		b.AddASN1(explicit(0), func(b *cryptobyte.Builder) { b.AddASN1GeneralizedTime(a.next) })
	}
	a.extensions(b, a.singleExt)
}

// responder is a delegated responder of the CA.
func (w *world) responder(change func(*smx509.Certificate)) *authority {
	w.t.Helper()
	key := newKey(w.t, w.suite)
	c := w.template("Demo responder")
	c.KeyUsage, c.ExtKeyUsage = smx509.KeyUsageDigitalSignature, []smx509.ExtKeyUsage{smx509.ExtKeyUsageOCSPSigning}
	c.ExtraExtensions = []pkix.Extension{{Id: pki.OIDOCSPNoCheck, Value: []byte{5, 0}}}
	if change != nil {
		change(c)
	}
	return &authority{w.issue(w.ca, c, key), key}
}

func (w *world) answer(a *answerPlan) *Answer {
	w.t.Helper()
	parsed, err := ParseAnswer(a.make(w.t, w))
	if err != nil {
		w.t.Fatal(err)
	}
	return parsed
}
