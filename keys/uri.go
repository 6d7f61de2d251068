package keys

import (
	"net/url"
	"path/filepath"
	"strings"

	"onecert/keys/internal/pkcs11"
	"onecert/pki"
)

// URI says where a key lives: in a file, in a PKCS#11 token (RFC 7512), or at an
// index of an SDF device.
//
//	file:/etc/onecert/ca.pem?pass=file:/etc/onecert/ca.pass
//	file:keys/ca.pem?pass=file:keys/ca.pass     (relative to the working directory)
//	file:/etc/onecert/master.pem?device=URI     (a sealer's secret, wrapped by that device)
//	pkcs11:token=CA;object=root?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/etc/onecert/pin
//	sdf:/opt/card/libsdf.so?index=3&pass-source=file:/etc/onecert/card.pass
//
// A path with %, ? or # in its name is percent-encoded. No secret stands in a URI:
// it would be seen in the configuration, in process lists and in logs.
type URI struct {
	Scheme string // file (also where it is empty), pkcs11 or sdf
	Path   string // of the key file, or of the device's library
	Pass   string // path of the file with passphrase, PIN or password, empty if none is named
	Device string // file: URI of the device that wraps a sealer's secret

	Token  Token  // pkcs11: the token
	Object Object // pkcs11: the key in it
	Type   string // pkcs11: private or secret-key, or empty

	Index        uint32 // sdf: of the pair, or of the KEK
	HasIndex     bool   // sdf: random numbers need no index
	Field        int    // sdf: octets of a number in the maker's structures, 0 means 64
	ShortDecrypt bool   // sdf: SDF_InternalDecrypt_ECC takes no algorithm

	Use      string // pkcs11: what a new key may do; sdf: which pair: sign, encrypt, kek
	Sessions int    // with the device at once, 0 means 16
}

// Token says which PKCS#11 token is meant: what is not empty must fit.
type Token = pkcs11.Token

// Object says which object in a token is meant, by label, by id or by both.
type Object = pkcs11.Object

// Hardware says whether the key lives in a device.
func (u URI) Hardware() bool { return u.Scheme == schemePKCS11 || u.Scheme == schemeSDF }

const (
	schemeFile   = "file"
	schemePKCS11 = "pkcs11"
	schemeSDF    = "sdf"
)

// ParseURI reads a key's URI. Its errors never repeat the text, because a
// PKCS#11 URI may carry a PIN.
func ParseURI(text string) (URI, error) {
	scheme, rest, found := strings.Cut(text, ":")
	if found {
		switch strings.ToLower(scheme) {
		case schemeFile:
			return parseFileURI(text)
		case schemePKCS11:
			return parseTokenURI(rest)
		case schemeSDF:
			return parseCardURI(text)
		}
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
	result := URI{Scheme: schemeFile, Path: path}
	for name, values := range query {
		switch {
		case name == "pass" && len(values) == 1:
			result.Pass, err = passPath(values[0])
		case name == "device" && len(values) == 1:
			result.Device, err = deviceURI(values[0])
		default:
			err = errURI("its query may hold pass=file:PATH or device=URI once, and nothing else")
		}
		if err != nil {
			return URI{}, err
		}
	}
	if result.Device != "" && result.Pass != "" {
		return URI{}, errURI("a file is opened with a passphrase or by a device, not both")
	}
	return result, nil
}

// deviceURI reads the value of device=: a URI of hardware with absolute paths,
// because whoever makes a configuration's paths absolute does not look into it.
func deviceURI(value string) (string, error) {
	inner, err := ParseURI(value)
	if err != nil {
		return "", err
	}
	if !inner.Hardware() || !filepath.IsAbs(inner.Path) || inner.Pass != "" && !filepath.IsAbs(inner.Pass) {
		return "", errURI("device= must name a device (pkcs11: or sdf:) with absolute paths")
	}
	return inner.String(), nil
}

// passPath reads the value of pass=. A passphrase itself is refused there: it
// would stand in the configuration, in process lists and in logs.
func passPath(value string) (string, error) {
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "file" || u.RawQuery != "" {
		return "", errURI("passphrases, PINs and passwords are named by a file, file:/path/to/it")
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

// String returns the URI in the form ParseURI reads. It holds no secret.
func (u URI) String() string {
	switch u.Scheme {
	case schemePKCS11:
		return u.tokenURI()
	case schemeSDF:
		return u.cardURI()
	}
	text, separator := fileURI(u.Path), "?"
	if u.Pass != "" {
		text += separator + "pass=" + url.QueryEscape(fileURI(u.Pass))
		separator = "&"
	}
	if u.Device != "" {
		text += separator + "device=" + url.QueryEscape(u.Device)
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
		To("write file:/path/key.pem?pass=file:/path/key.pass, pkcs11:token=T;object=K?module-path=/path/lib.so&pin-source=file:/path/pin, or sdf:/path/lib.so?index=N&pass-source=file:/path/password")
}
