// Package keys holds private keys where they live and hands them out as
// crypto.Signer, crypto.Decrypter and ecdh.KeyExchanger; and it holds the master
// key that seals a database's records.
//
// It owns the URI that says where a key lives, the files keys are kept in, their
// protection under a passphrase, and the rule that a key never shows in a log, an
// error or JSON. Keys in hardware (PKCS#11, SDF) stand behind the same URI; the
// packages under internal know how to reach them.
//
// It does not decide which key may be used for what, knows no certificate, keeps
// no list of keys, and never gives out private octets.
package keys
