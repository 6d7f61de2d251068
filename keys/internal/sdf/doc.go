// Package sdf uses private keys inside cryptographic devices with the SDF interface
// (GM/T 0018, GB/T 36322): SM2 signing and decrypting with the pair at an index,
// random numbers, and key-encrypting keys. It owns the binding to a maker's library,
// the structures in memory, the sessions and access rights, and what the errors mean.
//
// It reads no URI and no password file, computes no Z (the device signs the 32
// octets it is given), and keeps no table of names: the interface finds keys by
// index only. It makes no key at an index either, because the standard has no call
// for that; the maker's tool does it.
//
// A library has one device, and some allow it to be opened only once; so a library
// is loaded once a process and shared by all keys in it.
package sdf
