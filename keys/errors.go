package keys

import "onecert/pki"

// The refusals more than one file makes. None of them carries content of a file.

func errNoKey() error {
	return pki.Errorf(pki.Invalid, "key.not-a-key", "there is no private key")
}

func errTruncated(what string) *pki.Error {
	return pki.Errorf(pki.Invalid, "key.truncated", "the %s is truncated or damaged", what).
		To("restore it from the backup")
}

func errMalformed(why string) *pki.Error {
	return pki.Errorf(pki.Invalid, "key.malformed", "the private key is malformed: %s", why).
		To("restore it from the backup, or export it again as PKCS#8")
}

func errPassphrase(what string) *pki.Error {
	return pki.Errorf(pki.Forbidden, "key.passphrase", "the passphrase does not open the %s", what).
		To("check the passphrase file; if it is right, the %s is damaged: restore it from the backup", what)
}

func errScheme(why string) *pki.Error {
	return pki.Errorf(pki.Invalid, "key.encryption", "the key file's encryption is not supported: %s", why).
		To("convert it with: openssl pkcs8 -topk8 -scrypt -v2 aes-256-cbc -in OLD -out NEW")
}
