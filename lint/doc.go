// Package lint checks certificates and CRLs against written rules before they are
// signed, and those of others after the fact.
//
// It owns the rules, one file (or a few of one prefix) a standard: rfc5280*.go,
// practice.go, gbt20518*.go, and naming.go for what this platform itself demands
// of names (design.md §3 rule 9). zlint.go adds the public rule set for RSA and
// ECDSA. Every rule is a plain function over one parsed view, listed in a table
// with its clause and severity.
//
// It does not verify signatures, build paths or know whether a certificate is
// revoked (that is verify and status), and decides nothing about who may have a
// certificate. It reads foreign bytes tolerantly, so that a broken certificate
// gets findings and not just an error, and never panics on them.
package lint
