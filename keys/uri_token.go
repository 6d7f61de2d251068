package keys

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"onecert/pki"
)

// parseTokenURI reads what follows "pkcs11:" (RFC 7512 2.3). Attributes that are not
// known are refused: the standard lets a reader ignore none that narrows the choice.
// Two of ours begin with x-, as the standard wants: x-use and x-sessions.
func parseTokenURI(rest string) (URI, error) {
	path, query, _ := strings.Cut(rest, "?")
	u := URI{Scheme: schemePKCS11}
	if err := attributes(path, ";", u.tokenAttribute); err != nil {
		return URI{}, err
	}
	if err := attributes(query, "&", u.tokenQuery); err != nil {
		return URI{}, err
	}
	if u.Path == "" {
		return URI{}, errURI("a PKCS#11 URI needs module-path=/path/to/the/module.so")
	}
	if u.Type == "secret-key" && u.Use != "" {
		return URI{}, errURI("x-use is for key pairs")
	}
	return u, nil
}

// attributes calls set for each name=value between separators, once a name.
func attributes(text, separator string, set func(name, value string) error) error {
	if text == "" {
		return nil
	}
	seen := map[string]bool{}
	for part := range strings.SplitSeq(text, separator) {
		name, escaped, found := strings.Cut(part, "=")
		value, err := url.PathUnescape(escaped)
		if !found || err != nil || value == "" || seen[name] {
			return errURI("an attribute is not well-formed, empty or given twice")
		}
		seen[name] = true
		if err := set(name, value); err != nil {
			return err
		}
	}
	return nil
}

// maxAttribute bounds a text in octets; a token's own texts have 32 at most.
const maxAttribute = 255

func (u *URI) tokenAttribute(name, value string) error {
	if len(value) > maxAttribute {
		return errURI("an attribute is too long")
	}
	switch name {
	case "token":
		u.Token.Label = value
	case "manufacturer":
		u.Token.Manufacturer = value
	case "model":
		u.Token.Model = value
	case "serial":
		u.Token.Serial = value
	case "slot-id":
		slot, err := strconv.ParseUint(value, 10, 32)
		if err != nil || strconv.FormatUint(slot, 10) != value {
			return errURI("slot-id is not a number")
		}
		u.Token.Slot, u.Token.HasSlot = uint(slot), true
	case "object":
		u.Object.Label = value
	case "id":
		u.Object.ID = value
	case "type":
		if value != "private" && value != "secret-key" {
			return errURI("type is private or secret-key")
		}
		u.Type = value
	default:
		return errURI("it has an attribute that is not known here (known: token, manufacturer, model, serial, slot-id, object, id, type)")
	}
	return nil
}

func (u *URI) tokenQuery(name, value string) (err error) {
	switch name {
	case "module-path":
		if strings.ContainsRune(value, 0) {
			return errURI("module-path is not a path")
		}
		u.Path = value
	case "pin-source":
		u.Pass, err = passPath(value)
	case "pin-value":
		return pki.Errorf(pki.Invalid, "key.pin-value", "the key's URI holds the PIN itself, which is now in the configuration").
			To("write the PIN into a file of mode 600 and name it with pin-source=file:/path/to/pin; change the PIN if others could read it")
	case "x-use":
		err = u.setUse(value, "sign", "encrypt")
	case "x-sessions":
		err = u.setSessions(value)
	case "x-mapping":
		return pki.Errorf(pki.NotImplemented, "key.mapping", "mapping files for makers' own SM2 numbers in PKCS#11 are not built").
			To("use the maker's SDF library for SM2 (sdf:/path/lib.so?index=N)")
	default:
		return errURI("it has a query attribute that is not known here (known: module-path, pin-source, x-use, x-sessions)")
	}
	return err
}

func (u *URI) setUse(value string, known ...string) error {
	for _, use := range known {
		if value == use {
			u.Use = use
			return nil
		}
	}
	return errURI("the use of a key is one of " + strings.Join(known, ", "))
}

func (u *URI) setSessions(value string) error {
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 || n > maxSessions || strconv.Itoa(n) != value {
		return errURI(fmt.Sprintf("the number of sessions is between 1 and %d", maxSessions))
	}
	u.Sessions = n
	return nil
}

// maxSessions bounds the sessions with one device.
const maxSessions = 256

// tokenURI is String of a PKCS#11 URI.
func (u URI) tokenURI() string {
	var path, query []string
	for _, a := range [][2]string{{"token", u.Token.Label}, {"manufacturer", u.Token.Manufacturer}, {"model", u.Token.Model},
		{"serial", u.Token.Serial}, {"object", u.Object.Label}, {"id", u.Object.ID}, {"type", u.Type}} {
		if a[1] != "" {
			path = append(path, a[0]+"="+escape(a[1]))
		}
	}
	if u.Token.HasSlot {
		path = append(path, "slot-id="+strconv.FormatUint(uint64(u.Token.Slot), 10))
	}
	query = append(query, "module-path="+escape(u.Path))
	if u.Pass != "" {
		query = append(query, "pin-source="+escape(fileURI(u.Pass)))
	}
	if u.Use != "" {
		query = append(query, "x-use="+u.Use)
	}
	if u.Sessions != 0 {
		query = append(query, "x-sessions="+strconv.Itoa(u.Sessions))
	}
	return schemePKCS11 + ":" + strings.Join(path, ";") + "?" + strings.Join(query, "&")
}

// escape percent-encodes everything that could end an attribute; a path stays readable.
func escape(text string) string {
	var b strings.Builder
	for i := range len(text) {
		c := text[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-._~/:", c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
