// Package trust says what a presented certificate is worth: whose CA issued it, whether
// that CA is accepted here and until when, and whether the certificate is good now.
//
// It owns the trust sets of a gateway, the paths already found (a bounded memory of
// them), the revocation data of every CA it accepts, where that comes from (lists over
// HTTP, LDAP, from a file or uploaded; OCSP; the platform's own journal), how it is kept
// fresh, and what happens when it is not. Paths are built and validated by verify; no
// signature is judged here.
//
// It does not decide who may reach what (policy), ends no connection, and shows no page:
// it hands out a Verdict, and tells its owner when one may have changed.
//
// What is unclear makes a verdict bad (design.md §3 rule 8). A question about a
// certificate seen before does no I/O; data is loaded beside it and swapped in whole.
package trust
