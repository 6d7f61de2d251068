// Package observer asks the platform's own services from outside, as any relying
// party would, and finds what they do not notice themselves.
//
// It owns the rounds: each minute a canary is ordered, asked about at OCSP, CRL and
// directory, revoked, and asked about again; everything that was issued is linted
// once more; and the end of every certificate and list of the platform is watched. It
// owns the last results, their page and their figures.
//
// It mends nothing and decides about nobody. Canaries come from issuers of their own
// that are trusted by nobody, through Authority; what it sees of a service is only
// what that service shows the world.
package observer
