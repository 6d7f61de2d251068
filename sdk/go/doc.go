// Package onecert is the kit for programs that rely on certificates of a OneCert
// installation, or of any other: it verifies them, SM2, RSA and ECDSA alike, with
// revocation by lists and OCSP over HTTP.
//
//	verifier, err := onecert.New(onecert.Options{TrustFile: "root.pem", ChainFile: "ca.pem"})
//	verdict, err := verifier.Verify(ctx, onecert.Question{Certificate: pem, Purpose: onecert.Sign})
//	if err == nil && verdict.Good { … }
//
// A certificate is good only when everything is known and nothing speaks against it;
// otherwise Verdict.Reasons says what is wrong and what to do, each with a stable
// code. A Verifier is made once and used by many goroutines; it keeps fetched lists
// for some minutes.
//
// It owns the fetching, with its limits and time-outs, and the reading of PEM. The
// rules are those of package onecert/verify, whose types appear here under the same
// names. It trusts nothing but the certificates it is given as trusted: neither the
// system's store nor what the other side sends.
package onecert
