package verify

import (
	"golang.org/x/crypto/cryptobyte"
	asn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// form is a kind of GeneralName, by its tag (RFC 5280 4.2.1.6).
type form uint8

const (
	formOther form = iota
	formEmail
	formDNS
	formX400
	formDirectory
	formEDI
	formURI
	formIP
	formRegistered
)

// generalName is one GeneralName; value is the content under its tag, a DER Name
// for a directory name.
type generalName struct {
	form  form
	value string
	name  distinguished // of a directory name
}

// maxNames bounds the names of one extension.
const maxNames = 2048

// readGeneralNames reads the content of GeneralNames.
func readGeneralNames(list cryptobyte.String) ([]generalName, bool) {
	var all []generalName
	for !list.Empty() {
		name, ok := readGeneralName(&list)
		if !ok || len(all) == maxNames {
			return nil, false
		}
		all = append(all, name)
	}
	return all, len(all) > 0
}

func readGeneralName(s *cryptobyte.String) (g generalName, ok bool) {
	var value cryptobyte.String
	var tag asn1.Tag
	if !s.ReadAnyASN1(&value, &tag) {
		return g, false
	}
	g.form, g.value = form(tag&0x1f), string(value)
	constructed := false
	switch g.form {
	case formOther, formX400, formDirectory, formEDI:
		constructed = true
	}
	want := implicit(uint8(g.form))
	if constructed {
		want = explicit(uint8(g.form))
	}
	if g.form > formRegistered || tag != want {
		return g, false
	}
	switch g.form {
	case formDirectory:
		g.name, ok = readName(value)
		return g, ok
	case formEmail, formDNS, formURI:
		return g, printableASCII(g.value)
	}
	return g, true
}

// printableASCII is what an IA5String of a name may hold: what cannot be printed
// deceives whoever compares by eye.
func printableASCII(text string) bool {
	for i := range len(text) {
		if text[i] < 0x20 || text[i] > 0x7e {
			return false
		}
	}
	return true
}

// equal compares names as RFC 5280 6.3.3 (b)(2) does: directory names by their
// meaning, all others octet by octet.
func (g generalName) equal(other generalName) bool {
	if g.form != other.form {
		return false
	}
	if g.form == formDirectory {
		return g.name.key() == other.name.key()
	}
	return g.value == other.value
}
