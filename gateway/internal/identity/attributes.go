package identity

import (
	"strings"

	"onecert/pki"
)

// kind is a type of attribute: its OID, the descriptor RFC 4514 texts use (as OpenSSL
// writes it), the short key that applications of the domestic gateways search for (none:
// the OID, because a longer key could end in one they search), and what else
// configurations may call it.
type kind struct {
	oid, descriptor, key string
	also                 []string
}

var kinds = []kind{
	{"2.5.4.6", "C", "C", nil},
	{"0.9.2342.19200300.100.1.25", "DC", "DC", nil},
	{"2.5.4.8", "ST", "ST", []string{"S", "stateOrProvinceName"}},
	{"2.5.4.7", "L", "L", []string{"localityName"}},
	{"2.5.4.9", "street", "", []string{"STREET", "streetAddress"}},
	{"2.5.4.10", "O", "O", []string{"organizationName"}},
	{"2.5.4.11", "OU", "OU", []string{"organizationalUnitName"}},
	{"2.5.4.97", "organizationIdentifier", "", nil},
	{"2.5.4.12", "title", "T", []string{"T"}},
	{"2.5.4.3", "CN", "CN", []string{"commonName"}},
	{"2.5.4.4", "SN", "SN", []string{"surname"}},
	{"2.5.4.42", "GN", "G", []string{"G", "givenName"}},
	{"2.5.4.5", "serialNumber", "SERIALNUMBER", nil},
	{"0.9.2342.19200300.100.1.1", "UID", "UID", []string{"userId"}},
	{"1.2.840.113549.1.9.1", "emailAddress", "E", []string{"E", "email"}},
	{"0.9.2342.19200300.100.1.3", "mail", "", nil},
	{"2.5.4.43", "initials", "", nil},
	{"2.5.4.65", "pseudonym", "", nil},
	{"2.5.4.41", "name", "", nil},
	{"2.5.4.13", "description", "", nil},
	{"2.5.4.17", "postalCode", "", nil},
	{"2.5.4.20", "telephoneNumber", "", []string{"phone"}},
	{"2.5.4.15", "businessCategory", "", nil},
	{"2.5.4.46", "dnQualifier", "", nil},
	{"2.5.4.44", "generationQualifier", "", nil},
	{"1.2.840.113549.1.9.2", "unstructuredName", "", nil},
}

// kindNamed returns the OID of an attribute a configuration names, by short name or OID.
func kindNamed(text string) (oid string, ok bool) {
	for _, k := range kinds {
		if strings.EqualFold(k.descriptor, text) {
			return k.oid, true
		}
		for _, other := range k.also {
			if strings.EqualFold(other, text) {
				return k.oid, true
			}
		}
	}
	if parsed, err := pki.ParseOID(text); err == nil {
		return parsed.String(), true
	}
	return "", false
}

func kindOf(oid string) kind {
	for _, k := range kinds {
		if k.oid == oid {
			return k
		}
	}
	return kind{oid: oid}
}

// valuesOf returns the values of one type, from root to leaf.
func valuesOf(name []attribute, oid string) (values []string, err error) {
	for _, a := range name {
		if a.oid != oid {
			continue
		}
		if !a.readable {
			return nil, unreadable(oid)
		}
		values = append(values, a.text)
	}
	return values, nil
}

func unreadable(oid string) error {
	return pki.Errorf(pki.Invalid, "identity.unreadable", "the characters of attribute %s in the certificate's name cannot be read", oid).
		To("tell the application something else, or set 'legacy' to the character set the CA used")
}
