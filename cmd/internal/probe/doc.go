// Package probe looks at a TLS or TLCP endpoint from outside, with hellos of its own:
// every version from SSL 3.0 to TLS 1.3 and TLCP 1.1, and suites that Go cannot speak.
// It reads what a server says in the clear and ends the connection.
//
// It owns the hellos, what a server's answer says, and the judgement of it as codes;
// the words for people are the command line's. It takes part in no key exchange; the
// certificates that TLS 1.3 encrypts it gets by crypto/tls.
package probe
