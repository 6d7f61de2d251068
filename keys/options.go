package keys

import (
	"crypto/rand"
	"io"
)

// Cipher protects a key file's content under the key derived from the passphrase.
type Cipher int

// The ciphers a key file is written with. OpenSSL 3.0 opens both.
const (
	AES256CBC Cipher = iota
	SM4CBC
)

// Options says how a key is opened or made; the zero value is right for most.
type Options struct {
	// Passphrase, if not nil, is used instead of the file the URI names, as
	// passphrase, PIN or password: from a prompt, or put together from the shares
	// of several people. A copy is kept for devices, which ask for it again.
	Passphrase []byte
	// AllowPlain lets Open read an unencrypted key file: demonstrations and
	// foreign keys about to be wrapped, never a serving process.
	AllowPlain bool
	// Cipher is what Generate encrypts with.
	Cipher Cipher
	// Random is where Generate takes randomness from; nil means crypto/rand.
	Random io.Reader
}

func (o Options) random() io.Reader {
	if o.Random == nil {
		return rand.Reader
	}
	return o.Random
}
