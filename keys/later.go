package keys

import (
	"crypto"
	"io"
	"sync"

	"onecert/pki"
)

// Later is a private key that is opened when it first signs: a CA with a thousand
// issuers starts without deriving a thousand passphrases, and a device is not asked
// for keys nobody uses. It is safe for concurrent use.
type Later struct {
	public crypto.PublicKey
	open   func() (*Key, error)

	mu  sync.Mutex
	key *Key
	err error // of the last try
}

// OpenLater returns a key that open opens at the first signature. public is what is
// known of it, from its certificate. An open that fails is tried again at the next
// signature: a device may be back, a file mended.
func OpenLater(public crypto.PublicKey, open func() (*Key, error)) *Later {
	return &Later{public: public, open: open}
}

// Public returns the public key as it was given.
func (l *Later) Public() crypto.PublicKey { return l.public }

// SignMessage is Key.SignMessage. Errors beside its own: those of open, and
// key.another, where what was opened is not the key of the certificate.
func (l *Later) SignMessage(random io.Reader, msg []byte, opts crypto.SignerOpts) ([]byte, error) {
	key, err := l.take()
	if err != nil {
		return nil, err
	}
	return key.SignMessage(random, msg, opts)
}

// take opens the key once; those who come meanwhile wait for it.
func (l *Later) take() (*Key, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.key != nil {
		return l.key, nil
	}
	key, err := l.open()
	if err == nil && !samePublic(key.Public(), l.public) {
		err = pki.Errorf(pki.Invalid, "key.another", "the key is not the one in the certificate").To("put the two that belong together")
	}
	if l.err = err; err != nil {
		return nil, err
	}
	l.key = key
	return key, nil
}

// Tried reports whether the key was opened, and why the last try failed. It opens
// nothing.
func (l *Later) Tried() (opened bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.key != nil, l.err
}

// Look says what can be seen to be wrong with a key's URI without opening the key: a
// key file that is missing, open to others, no key or not encrypted, a passphrase
// file that is missing or empty. Whether the passphrase is right only Open knows. Of
// devices only the URI is looked at. Errors are those of Open.
func Look(uri string, opts Options) error {
	location, err := ParseURI(uri)
	if err != nil || location.Hardware() {
		return err
	}
	if location.Device != "" {
		return errNotSealer()
	}
	text, err := readPrivate(location.Path, "key file")
	if err != nil {
		return err
	}
	defer clear(text)
	pass, err := passphrase(location, opts)
	if err != nil {
		return err
	}
	defer clear(pass)
	if err := lookAtKey(text, pass != nil, opts.AllowPlain); err != nil {
		return at(err, location.Path)
	}
	return nil
}
