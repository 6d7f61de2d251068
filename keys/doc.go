// Package keys holds private keys where they live and hands them out as
// crypto.Signer, crypto.Decrypter and ecdh.KeyExchanger; and it holds the master
// key that seals a database's records.
//
// It owns the URI that says where a key lives, the files keys are kept in, their
// protection under a passphrase, and the rule that a key never shows in a log, an
// error or JSON. Hardware (PKCS#11, SDF) will live here behind the same URI.
//
// It does not decide which key may be used for what, knows no certificate, keeps
// no list of keys, and never gives out private octets.
package keys
