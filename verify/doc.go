// Package verify decides whether a certificate is good: it builds the path to a
// trust anchor, validates it (RFC 5280 6) for a purpose at a moment, and looks the
// certificates up in the revocation lists it is handed. It works the same for SM2,
// RSA and ECDSA.
//
// It owns the verdict and its reasons. It fetches nothing, keeps nothing, has no
// clock and knows no product: trust anchors, lists and the time come from the
// caller. Whatever is missing or unclear makes the verdict bad, with the reason
// (design.md §3 rule 8).
package verify
