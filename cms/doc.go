// Package cms writes and reads the messages private keys and texts travel in:
// SM2EnvelopedKey (GM/T 0009, GB/T 35276), EnvelopedData in its international
// (RFC 5652) and national form (GM/T 0010, GB/T 35275), and SignedAndEnvelopedData
// as the answer of a key management centre (GM/T 0014), and documents that one signer
// signed (SignedData with the content inside).
//
// It owns these formats, the dialects of them that are read, and their limits. It
// is pure: no file, no network, no clock, no trust; whether a certificate may be
// believed, and which key is meant, its callers know. SignedData of several signers,
// or without its content, it neither writes nor verifies.
package cms
