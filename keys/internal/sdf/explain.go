package sdf

import (
	"errors"

	"onecert/keys/internal/pool"
	"onecert/pki"
)

// judge says what an act's error shows about session and device. Most codes can
// mean anything, and makers have their own; so the device is asked for its name
// through the same session. A session that answers is kept where the data may be to
// blame, and given up where nothing else can be.
func (d *Device) judge(s *session, err error, foreign bool) pool.Verdict {
	var code Code
	if !errors.As(err, &code) {
		return pool.Keep
	}
	switch code {
	case sdrCommFail, sdrHardFail, sdrOpenDevice, sdrOpenSession:
		return pool.Device
	case sdrNotSupport, sdrKeyNotExist, sdrAlgNotSupport, sdrAlgModNot, sdrKeyType:
		return pool.Keep
	}
	_, probed := d.info(s)
	switch {
	case errors.Is(probed, sdrCommFail), errors.Is(probed, sdrHardFail):
		return pool.Device
	case probed == nil && foreign && code != sdrParDeny:
		return pool.Keep
	}
	return pool.Session
}

// gone is the error of a device that does not answer.
func (d *Device) gone(err error) error {
	var code Code
	if !errors.As(err, &code) {
		return err
	}
	remedy := "look whether it is powered, plugged in and reachable, and into its own configuration; its keys work again by themselves when it is back"
	if code != sdrCommFail && code != sdrHardFail {
		remedy += "; if it only gives no more sessions, add sessions=N to the key's URI"
	}
	return pki.Errorf(pki.Unavailable, "key.device-gone", "the cryptographic device of %s does not answer (%s)", d.path, code).
		To("%s", remedy).Because(err)
}

// explain turns a code into an error a person can act on. Others pass.
func (d *Device) explain(err error, foreign bool) error {
	var code Code
	if !errors.As(err, &code) {
		return err
	}
	say := func(kind pki.Kind, name, wrong, remedy string) error {
		return pki.Errorf(kind, name, "%s (%s)", wrong, code).To("%s", remedy).Because(err)
	}
	switch code {
	case sdrCommFail, sdrHardFail, sdrOpenDevice, sdrOpenSession:
		return d.gone(err)
	case sdrParDeny:
		return say(pki.Forbidden, "key.passphrase-missing", "the device does not let the private key be used without its password",
			"add pass-source=file:/path/to/password to the key's URI")
	case sdrKeyNotExist:
		return say(pki.Unknown, "key.missing", "the device has no key at this index",
			"correct index= in the key's URI, or make the key with the maker's tool")
	case sdrNotSupport, sdrAlgNotSupport, sdrAlgModNot, sdrKeyType:
		return say(pki.Invalid, "key.mechanism", "the device does not do this", "see in the maker's manual what it does")
	}
	if foreign {
		return say(pki.Invalid, "key.ciphertext", "the device does not open the ciphertext", "see whose key it was made for")
	}
	return say(pki.Unavailable, "key.device-failed", "the cryptographic device failed", "look up the number in the maker's manual, and into the device's own log")
}
