// Package shares splits a secret among custodians so that any M of N of them
// can bring it back and fewer learn nothing about it (Shamir 1979, over GF(256) as
// OASIS SAM-TSS v1.0 writes it).
//
// It owns the arithmetic, what a share carries beside its value (its set, its place,
// checks against mistakes), and the words a share is written down in.
//
// It does not decide what is split or who holds a share, keeps nothing, asks nobody,
// and opens no key: keys, ceremonies and backups use it for the passphrase of
// something they encrypted.
package shares
