// Package pkcs11 uses private keys inside PKCS#11 tokens (OASIS PKCS #11 2.40) as
// crypto.Signer, crypto.Decrypter and ecdh.KeyExchanger. It owns the binding to a
// module's function table, the sessions and logins of its tokens, and what the
// module's errors mean.
//
// It reads no URI and no PIN file, and knows no SM2, SM3 or SM4: the standard has
// no numbers for them, every maker has his own.
//
// PKCS#11 keeps one state for the whole process: C_Initialize, the list of slots,
// and the login of a token, which holds for every session. So does this package: a
// module is loaded once and shared by all keys in it. A token that is logged in
// accepts any PIN, and a wrong one would go unnoticed until the next start; the PIN
// is therefore compared with the one that logged in.
package pkcs11
