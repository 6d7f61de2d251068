// Package kmc is the key management centre (密钥管理中心): it makes encryption key
// pairs ahead of demand, escrows them sealed, hands each out once, restores it to
// its holder, and keeps what is no longer in use. For holders who cannot make a
// signing key it makes one, packages it for them once, and has it no more.
//
// It owns its database, the sealed records, the three libraries (spare, in use,
// history), the messages of GM/T 0014-2012 5.2 between a CA and a KMC, holders'
// signing keys until they are packaged, and the ledger of every touch of a key.
// Centre is the object, Client the same methods for a CA across the network.
//
// It issues no certificate, meets no applicant, escrows no signing key, and decides
// neither who is an officer (officer) nor whether a certificate is revoked (status).
// A private key leaves it only sealed to its holder's key, or in a package under a
// password of the holder's: the CA that asks cannot read it.
package kmc
