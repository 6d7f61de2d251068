package keys

import (
	"errors"
	"fmt"

	"onecert/pki"
)

// ReadPKCS8 takes a key from the DER of an unencrypted PKCS#8 PrivateKeyInfo: what
// comes out of an envelope. The caller clears the octets.
func ReadPKCS8(der []byte) (*Key, error) {
	signer, err := parsePKCS8(der)
	if err != nil {
		return nil, err
	}
	return Wrap(signer)
}

// Store writes a key that is in this process to a new file, encrypted as Generate
// does. With Options.AllowPlain and no passphrase it is written unencrypted: for a
// holder whose program reads nothing else. It never overwrites (key.exists).
func Store(uri string, key *Key, opts Options) error {
	location, err := ParseURI(uri)
	if err != nil {
		return err
	}
	pass, err := passphrase(location, opts)
	if err != nil {
		return err
	}
	defer clear(pass)
	if pass == nil && !opts.AllowPlain {
		return errNoPassphrase(location)
	}
	text, err := key.export(pass, opts)
	if err != nil {
		return err
	}
	defer clear(text)
	return createPrivate(location.Path, text)
}

func (k *Key) export(pass []byte, opts Options) ([]byte, error) {
	signer := k.private().signer
	if pass != nil {
		return writeKey(signer, pass, opts)
	}
	info, err := marshalPKCS8(signer)
	if err != nil {
		return nil, err
	}
	defer clear(info)
	again, err := parsePKCS8(info)
	if err != nil {
		return nil, fmt.Errorf("reading back the key: %w", err)
	}
	if !samePublic(again.Public(), k.Public()) {
		return nil, pki.Errorf(pki.Internal, "key.export", "the key cannot be written").Because(errors.New("it reads back as another one"))
	}
	return encodePEM(labelPKCS8, info), nil
}
