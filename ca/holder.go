package ca

import (
	"regexp"

	"github.com/emmansun/gmsm/smx509"

	"onecert/pki"
)

var holderForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.:-]{0,63}$`)

// Shapes of numbers that must never stand in a certificate: a resident identity
// number (18 digits, the last may be X) and an old one of 15.
var identityShapes = regexp.MustCompile(`(^|[^0-9])(\d{17}[0-9Xx]|\d{15})($|[^0-9Xx])`)

func looksLikeIdentity(text string) bool { return identityShapes.MatchString(text) }

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
