// Package ocsp answers whether certificates are good (RFC 6960, RFC 5019, nonces of
// RFC 9654), for several issuers on one address.
//
// It owns the request's and the response's format, a compact copy of the status
// journal in memory, the answers kept ready there, the keys and certificates answers
// are signed with and their renewal, and the rules under which it rather says "try
// later" than something that may be wrong: a copy that is behind, a clock that went
// back, a key that is missing.
//
// It does not decide anything about a certificate: the journal does (room status),
// and only ca writes that. It issues nothing: its own certificates come from the CA
// through Enroller. It does not read responses, as relying parties do (room verify).
//
// An answer takes one of two ways. Asked before, for one certificate and without a
// nonce, it is ready and is written out as it is. Otherwise it is made: the state
// looked up in memory, or in the journal's table while that copy is not complete,
// then encoded and signed.
package ocsp
