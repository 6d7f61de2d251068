// Package verify decides whether a certificate is good: it builds paths to a trust
// anchor, validates them (RFC 5280 6) for a purpose, names and policies at a moment,
// and asks revocation lists and OCSP answers about every certificate of the path. It
// works the same for SM2, RSA and ECDSA.
//
// It owns the verdict, its reasons and its evidence, and its own reading of
// certificates, lists and answers: what it cannot read it does not believe. It keeps
// nothing, has no clock and knows no product: trust anchors, lists, answers and the
// time come from the caller, and so does a Fetcher where more may be fetched.
// Whatever is missing or unclear makes the verdict bad, with the reason
// (design.md §3 rule 8). What one question may cost is bounded, whatever it holds.
package verify
