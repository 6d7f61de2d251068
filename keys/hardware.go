package keys

import (
	"crypto"
	"io"

	"onecert/keys/internal/pkcs11"
	"onecert/keys/internal/sdf"
	"onecert/pki"
)

// openHardware opens a key in a device.
func openHardware(u URI, opts Options) (*Key, error) {
	if u.Type == "secret-key" || u.Use == "kek" {
		return nil, pki.Errorf(pki.Invalid, "key.use", "the key's URI names a secret key, which signs and decrypts nothing").
			To("use it as device= in the URI of a sealer's file")
	}
	pass, err := passphrase(u, opts)
	if err != nil {
		return nil, err
	}
	defer clear(pass)
	if u.Scheme == schemeSDF {
		return openCard(u, pass)
	}
	if u.Object == (Object{}) {
		return nil, errURI("it names no key in the token: add object=NAME or id=%01")
	}
	module, err := pkcs11.Load(u.Path, u.Sessions)
	if err != nil {
		return nil, err
	}
	signer, err := module.Open(u.Token, u.Object, pass)
	if err != nil {
		return nil, err
	}
	return wrap(signer)
}

func openCard(u URI, pass []byte) (*Key, error) {
	if !u.HasIndex {
		return nil, errURI("it names no key in the device: add index=N")
	}
	device, err := sdf.Load(u.Path, u.Sessions)
	if err != nil {
		return nil, err
	}
	at := sdf.Address{Index: u.Index, Use: sdf.Use(u.Use), Field: u.Field, ShortDecrypt: u.ShortDecrypt}
	if at.Field == 0 {
		at.Field = 64
	}
	signer, err := device.Open(at, pass)
	if err != nil {
		return nil, err
	}
	return wrapDigest(signer)
}

// generateHardware makes a key in a device.
func generateHardware(u URI, suite pki.Suite, opts Options) (*Key, error) {
	if u.Scheme == schemeSDF {
		return nil, pki.Errorf(pki.NotImplemented, "key.generate", "a key cannot be made at an index of an SDF device: the interface has no call for it").
			To("make it with the maker's tool, then open it with its index")
	}
	if u.Type == "secret-key" {
		return nil, errURI("type=secret-key names no key pair")
	}
	pass, err := passphrase(u, opts)
	if err != nil {
		return nil, err
	}
	defer clear(pass)
	module, err := pkcs11.Load(u.Path, u.Sessions)
	if err != nil {
		return nil, err
	}
	use := pkcs11.Use(u.Use)
	if use == "" {
		use = pkcs11.Sign
	}
	signer, err := module.Generate(pkcs11.New{Token: u.Token, Object: u.Object, Suite: suite, Use: use}, pass, opts.random())
	if err != nil {
		return nil, err
	}
	return wrap(signer)
}

// Device is what a cryptographic device says of itself; none of it is secret.
type Device struct {
	Manufacturer string `json:"manufacturer"`
	Model        string `json:"model"`
	Serial       string `json:"serial"`
	Label        string `json:"label,omitempty"` // PKCS#11
	Version      string `json:"version"`
}

// Describe asks the device a URI names what it is, without PIN or password. It is
// also the cheapest way to learn whether the device is there.
func Describe(uri string) (Device, error) {
	u, err := parseHardware(uri)
	if err != nil {
		return Device{}, err
	}
	if u.Scheme == schemeSDF {
		device, err := sdf.Load(u.Path, u.Sessions)
		if err != nil {
			return Device{}, err
		}
		info, err := device.Describe()
		return Device{info.Manufacturer, info.Model, info.Serial, "", info.VersionText()}, err
	}
	module, err := pkcs11.Load(u.Path, u.Sessions)
	if err != nil {
		return Device{}, err
	}
	info, err := module.Describe(u.Token)
	return Device{info.Manufacturer, info.Model, info.Serial, info.Label, info.Firmware}, err
}

// Random returns the random number generator of the device a URI names, for use as
// Options.Random and the like. It is safe for concurrent use, and fails where the
// device does: nothing takes its place.
func Random(uri string) (io.Reader, error) {
	u, err := parseHardware(uri)
	if err != nil {
		return nil, err
	}
	if u.Scheme == schemeSDF {
		device, err := sdf.Load(u.Path, u.Sessions)
		if err != nil {
			return nil, err
		}
		return random(device.Random), nil
	}
	module, err := pkcs11.Load(u.Path, u.Sessions)
	if err != nil {
		return nil, err
	}
	return random(func(b []byte) error { return module.Random(u.Token, b) }), nil
}

func parseHardware(uri string) (URI, error) {
	u, err := ParseURI(uri)
	if err == nil && !u.Hardware() {
		err = errURI("a file is no device")
	}
	return u, err
}

// random is a device's generator as io.Reader.
type random func([]byte) error

func (r random) Read(b []byte) (int, error) {
	if err := r(b); err != nil {
		return 0, err
	}
	return len(b), nil
}

// wrapDigest makes a Key of an SM2 signer that takes e = SM3(Z ‖ M), as devices do,
// where Wrap's take the message.
func wrapDigest(signer crypto.Signer) (*Key, error) {
	key, err := wrap(signer)
	if err != nil {
		return nil, err
	}
	key.private().digest = func(random io.Reader, e []byte) ([]byte, error) { return signer.Sign(random, e, nil) }
	return key, nil
}
