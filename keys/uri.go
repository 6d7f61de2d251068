package keys

import (
	"net/url"
	"strings"

	"onecert/pki"
)

// URI says where a key lives. Only files exist so far:
//
//	file:/etc/onecert/ca.pem?pass=file:/etc/onecert/ca.pass
//	file:keys/ca.pem?pass=file:keys/ca.pass     (relative to the working directory)
//
// A path with %, ? or # in its name is percent-encoded. A PKCS#11 URI (RFC 7512)
// or an SDF one is recognised and answered with pki.NotImplemented, so that a
// configuration for hardware fails for that reason and no other.
type URI struct {
	Path string // of the key file
	Pass string // path of the passphrase file, empty if none is named
}

// ParseURI reads a key's URI. Its errors never repeat the text, because a
// PKCS#11 URI may carry a PIN.
func ParseURI(text string) (URI, error) {
	scheme, _, found := strings.Cut(text, ":")
	switch strings.ToLower(scheme) {
	case "file":
		if found {
			return parseFileURI(text)
		}
	case "pkcs11", "sdf":
		return URI{}, pki.Errorf(pki.NotImplemented, "key.hardware", "hardware keys are not built yet (%s)", strings.ToLower(scheme)).
			To("use an encrypted key file: file:/path/key.pem?pass=file:/path/key.pass")
	}
	return URI{}, errURI("it does not begin with file:, pkcs11: or sdf:")
}

func parseFileURI(text string) (URI, error) {
	u, err := url.Parse(text)
	if err != nil {
		return URI{}, errURI("it is not a well-formed URI")
	}
	path, err := filePath(u)
	if err != nil {
		return URI{}, err
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return URI{}, errURI("its query is not well-formed")
	}
	result := URI{Path: path}
	for name, values := range query {
		if name != "pass" || len(values) != 1 {
			return URI{}, errURI("its query may hold pass=file:PATH once, and nothing else")
		}
		if result.Pass, err = passPath(values[0]); err != nil {
			return URI{}, err
		}
	}
	return result, nil
}

// passPath reads the value of pass=. A passphrase itself is refused there: it
// would stand in the configuration, in process lists and in logs.
func passPath(value string) (string, error) {
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "file" || u.RawQuery != "" {
		return "", errURI("pass must name a file, pass=file:/path/to/passphrase")
	}
	return filePath(u)
}

func filePath(u *url.URL) (string, error) {
	if u.Host != "" || u.User != nil || u.Fragment != "" {
		return "", errURI("a file URI has neither a host nor a fragment")
	}
	path := u.Path
	if u.Opaque != "" {
		var err error
		if path, err = url.PathUnescape(u.Opaque); err != nil {
			return "", errURI("its path is not well-formed")
		}
	}
	if path == "" || strings.ContainsRune(path, 0) || strings.HasSuffix(path, "/") {
		return "", errURI("it names no file")
	}
	return path, nil
}

// String returns the URI in the form ParseURI reads. It holds paths only, no secret.
func (u URI) String() string {
	text := fileURI(u.Path)
	if u.Pass != "" {
		text += "?pass=" + url.QueryEscape(fileURI(u.Pass))
	}
	return text
}

func fileURI(path string) string {
	escaped := (&url.URL{Path: path}).EscapedPath()
	if strings.HasPrefix(escaped, "//") { // else the first name would read as a host
		return "file://" + escaped
	}
	return "file:" + escaped
}

func errURI(why string) error {
	return pki.Errorf(pki.Invalid, "key.uri", "the key's URI is wrong: %s", why).
		To("write file:/path/key.pem?pass=file:/path/key.pass")
}
