package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"strconv"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/smx509"
	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"onecert/pki"
)

func inspectObject(o object, all bool) (*inspected, error) {
	facts := &inspected{Source: o.source, Kind: o.kind, Extensions: []extensionFact{}}
	algorithm, signature, ok := tail(o.der)
	if !ok {
		return nil, notRead(o.kind, nil)
	}
	facts.SignatureAlgorithm, facts.Signature = algorithm, hex.EncodeToString(signature)
	sum, national := sha256.Sum256(o.der), sm3.Sum(o.der)
	facts.Fingerprints = map[string]string{"sha256": hex.EncodeToString(sum[:]), "sm3": hex.EncodeToString(national[:])}
	switch o.kind {
	case kindCertificate:
		return facts, facts.readCertificate(o.der)
	case kindCRL:
		return facts, facts.readCRL(o.der, all)
	}
	return facts, facts.readRequest(o.der)
}

func notRead(k kind, cause error) error {
	return pki.Errorf(pki.Invalid, "inspect.malformed", "the %s does not decode", k).
		To("'onecert cert lint' says where a certificate or CRL breaks the rules").Because(cause)
}

// tail reads the signature algorithm and the signature all three kinds end with.
func tail(der []byte) (algorithmFact, []byte, bool) {
	input := cryptobyte.String(der)
	var outer, algorithm cryptobyte.String
	var signature asn1.BitString
	if !input.ReadASN1(&outer, cbasn1.SEQUENCE) || !outer.SkipASN1(cbasn1.SEQUENCE) ||
		!outer.ReadASN1(&algorithm, cbasn1.SEQUENCE) || !outer.ReadASN1BitString(&signature) {
		return algorithmFact{}, nil, false
	}
	fact, ok := readAlgorithm(algorithm)
	return fact, signature.Bytes, ok
}

func readAlgorithm(body cryptobyte.String) (algorithmFact, bool) {
	var oid asn1.ObjectIdentifier
	if !body.ReadASN1ObjectIdentifier(&oid) {
		return algorithmFact{}, false
	}
	fact := algorithmFact{Name: oidName(oid), OID: oid.String(), Parameters: "absent"}
	switch {
	case body.Empty():
	case string(body) == "\x05\x00":
		fact.Parameters = "NULL"
	default:
		fact.Parameters = hex.EncodeToString(body)
	}
	return fact, true
}

func (f *inspected) readCertificate(der []byte) error {
	c, err := smx509.ParseCertificate(der)
	if err != nil {
		return notRead(kindCertificate, err)
	}
	f.Version, f.Serial = c.Version, pki.SerialOf(c.SerialNumber)
	f.Issuer, f.Subject = nameText(c.RawIssuer), nameText(c.RawSubject)
	f.NotBefore, f.NotAfter = instant(c.NotBefore), instant(c.NotAfter)
	f.Key = readKey(c.RawSubjectPublicKeyInfo, c.PublicKey)
	for _, e := range c.Extensions {
		f.Extensions = append(f.Extensions, readExtension(e.Id, e.Critical, e.Value))
	}
	return nil
}

func (f *inspected) readCRL(der []byte, all bool) error {
	l, err := smx509.ParseRevocationList(der)
	if err != nil {
		return notRead(kindCRL, err)
	}
	f.Version, f.Issuer = 2, nameText(l.RawIssuer)
	f.ThisUpdate, f.NextUpdate = instant(l.ThisUpdate), instant(l.NextUpdate)
	f.RevokedTotal = len(l.RevokedCertificateEntries)
	for i, e := range l.RevokedCertificateEntries {
		if i == maxListed && !all {
			break
		}
		entry := entryFact{Serial: pki.SerialOf(e.SerialNumber), At: instant(e.RevocationTime), Reason: pki.Reason(e.ReasonCode).String()}
		for _, x := range e.Extensions {
			if x.Id.Equal(pki.OIDInvalidityDate) {
				entry.Invalidity = generalized(x.Value)
			}
		}
		f.Revoked = append(f.Revoked, entry)
	}
	for _, e := range l.Extensions {
		f.Extensions = append(f.Extensions, readExtension(e.Id, e.Critical, e.Value))
	}
	return nil
}

// readRequest shows a request even where its proof of possession fails: the reason
// is then what the reader came for.
func (f *inspected) readRequest(der []byte) error {
	r, err := smx509.ParseCertificateRequest(der)
	if err != nil {
		return notRead(kindRequest, err)
	}
	f.Version, f.Subject = r.Version+1, nameText(r.RawSubject)
	f.Key = readKey(r.RawSubjectPublicKeyInfo, r.PublicKey)
	for _, e := range r.Extensions {
		f.Extensions = append(f.Extensions, readExtension(e.Id, e.Critical, e.Value))
	}
	f.Possession = &possessionFact{}
	proved, err := pki.ParseRequest(der, true)
	if e, ok := errors.AsType[*pki.Error](err); ok {
		f.Possession.Wrong = e.Wrong
		return nil
	}
	if err != nil {
		return err
	}
	f.Possession.Holds, f.Possession.Form, f.Possession.CFCA = true, proved.Form, proved.CFCA
	return nil
}

func readKey(spki []byte, public crypto.PublicKey) *keyFact {
	input := cryptobyte.String(spki)
	var info, algorithm cryptobyte.String
	var bits asn1.BitString
	fact := &keyFact{}
	if input.ReadASN1(&info, cbasn1.SEQUENCE) && info.ReadASN1(&algorithm, cbasn1.SEQUENCE) && info.ReadASN1BitString(&bits) {
		fact.Algorithm, _ = readAlgorithm(algorithm)
	}
	switch key := public.(type) {
	case *rsa.PublicKey:
		fact.Name, fact.Bits = "RSA", key.N.BitLen()
		fact.Modulus, fact.Exponent = hex.EncodeToString(key.N.Bytes()), strconv.Itoa(key.E)
	case *ecdsa.PublicKey:
		fact.Name, fact.Bits = "ECDSA "+key.Curve.Params().Name, key.Curve.Params().BitSize
		if key.Curve == sm2.P256() {
			fact.Name = "SM2"
		}
		fact.Point = hex.EncodeToString(bits.Bytes)
	default:
		fact.Name, fact.Bits, fact.Point = fact.Algorithm.Name, len(bits.Bytes)*8, hex.EncodeToString(bits.Bytes)
	}
	return fact
}

func nameText(der []byte) string {
	name, err := pki.NameOf(der)
	if err != nil {
		return ""
	}
	return name.String()
}

func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func generalized(value []byte) string {
	input := cryptobyte.String(value)
	var at time.Time
	if !input.ReadASN1GeneralizedTime(&at) {
		return ""
	}
	return instant(at)
}
