package keys

import (
	"net/url"
	"strconv"
)

// parseCardURI reads an SDF URI, which is ours, as no standard has one:
//
//	sdf:/path/lib.so?index=3&pass-source=file:/path/password[&use=sign|encrypt|kek]
//	    [&sessions=8][&field=32][&decrypt=short]
//
// index is left out only for random numbers and questions about the device.
func parseCardURI(text string) (URI, error) {
	parsed, err := url.Parse(text)
	if err != nil {
		return URI{}, errURI("it is not well-formed")
	}
	path, err := filePath(parsed)
	if err != nil {
		return URI{}, err
	}
	u := URI{Scheme: schemeSDF, Path: path}
	if err := attributes(parsed.RawQuery, "&", u.cardQuery); err != nil {
		return URI{}, err
	}
	if u.HasIndex && u.Use == "" {
		u.Use = "sign"
	}
	if !u.HasIndex && u.Use != "" {
		return URI{}, errURI("a use without an index names no key")
	}
	return u, nil
}

func (u *URI) cardQuery(name, value string) (err error) {
	switch name {
	case "index":
		index, err := strconv.ParseUint(value, 10, 32)
		if err != nil || strconv.FormatUint(index, 10) != value {
			return errURI("index is not a number")
		}
		u.Index, u.HasIndex = uint32(index), true
	case "pass-source":
		u.Pass, err = passPath(value)
	case "use":
		err = u.setUse(value, "sign", "encrypt", "kek")
	case "sessions":
		err = u.setSessions(value)
	case "field":
		if value != "32" && value != "64" {
			return errURI("field is 32 or 64")
		}
		if value == "32" {
			u.Field = 32
		}
	case "decrypt":
		if value != "short" {
			return errURI("decrypt is short or left out")
		}
		u.ShortDecrypt = true
	default:
		return errURI("it has an attribute that is not known here (known: index, pass-source, use, sessions, field, decrypt)")
	}
	return err
}

// cardURI is String of an SDF URI.
func (u URI) cardURI() string {
	text, separator := schemeSDF+fileURI(u.Path)[len(schemeFile):], "?"
	add := func(name, value string) {
		text += separator + name + "=" + value
		separator = "&"
	}
	if u.HasIndex {
		add("index", strconv.FormatUint(uint64(u.Index), 10))
		add("use", u.Use)
	}
	if u.Pass != "" {
		add("pass-source", escape(fileURI(u.Pass)))
	}
	if u.Sessions != 0 {
		add("sessions", strconv.Itoa(u.Sessions))
	}
	if u.Field == 32 {
		add("field", "32")
	}
	if u.ShortDecrypt {
		add("decrypt", "short")
	}
	return text
}
