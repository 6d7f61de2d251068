package ca

import (
	"crypto/hmac"
	"encoding/base32"
	"fmt"
	"regexp"
	"strings"

	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/smx509"

	"onecert/pki"
)

var holderForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.:-]{0,63}$`)

// Shapes of numbers that must never stand in a certificate: a resident identity
// number (18 digits, the last may be X) and an old one of 15.
var identityShapes = regexp.MustCompile(`(^|[^0-9])(\d{17}[0-9Xx]|\d{15})($|[^0-9Xx])`)

// looksLikeIdentity is stricter than pki.HidesIdentity: where an id made by a
// registration stands, whatever has the shape of an identity number is one.
func looksLikeIdentity(text string) bool {
	plain := strings.NewReplacer("-", "", ".", "", ":", "").Replace(text)
	return identityShapes.MatchString(text) || identityShapes.MatchString(plain) || pki.HidesIdentity(text)
}

// refuseIdentity refuses an identity number in clear in a text that is stored and
// shown (design.md decision 13).
func refuseIdentity(what, text string) error {
	if !pki.HidesIdentity(text) {
		return nil
	}
	return pki.Errorf(pki.Invalid, "identity.clear", "the %s holds what looks like an identity number in clear", what).
		To("leave it out; give it as identity, which is hashed")
}

// HolderID turns an identity document into the holder id: a keyed hash, the same
// for the same document wherever and however it is typed, and of no use to who
// guesses numbers without the key (design.md decision 13).
func (ca *CA) HolderID(id Identity) (string, error) {
	number, err := pki.NormalIdentity(id.Kind, id.Number)
	if err != nil {
		return "", err
	}
	mac := hmac.New(sm3.New, ca.cfg.HolderKey)
	fmt.Fprintf(mac, "onecert holder v1\x00%s\x00%s", id.Kind, number)
	text := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(mac.Sum(nil)[:16])
	return "H" + text, nil
}

// HolderOf returns the holder id a person's or organisation's certificate carries,
// in the serialNumber of its subject.
func HolderOf(certificate *smx509.Certificate) (string, error) {
	name, err := pki.NameOf(certificate.RawSubject)
	if err != nil {
		return "", err
	}
	if holder := name.Get("serialNumber"); holder != "" {
		return holder, nil
	}
	return "", pki.Errorf(pki.Invalid, "holder.none", "the certificate carries no holder id").
		To("use the signing certificate of the person or organisation")
}
