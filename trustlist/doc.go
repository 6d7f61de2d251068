// Package trustlist is the list of foreign CAs that a centre keeps for everybody who
// trusts others' certificates: which CAs, with what level and uses, until when, and where
// their revocations are found. It is a small JSON document, numbered, with an end, signed
// whole as a CMS SignedData, so that openssl or any other tool shows and verifies it.
//
// It owns that format: what stands in it, its limits, writing and opening it. It is pure:
// it fetches nothing, keeps nothing, and knows no clock but the one it is asked with.
// Whom to believe is handed in: a list counts by the key of a pinned certificate, never by
// a path. That numbers only grow, and what follows from a list, is its reader's.
package trustlist
