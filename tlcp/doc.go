// Package tlcp is the transport layer cryptography protocol TLCP 1.1 of
// GB/T 38636-2020 (传输层密码协议), client and server over any net.Conn, in the shape
// of crypto/tls: who knows that package knows this one.
//
// It owns the protocol, the check of what a peer shows, and the plain cause of each
// handshake that fails (Error, Cause), in English and Chinese. It stands on the
// standard library, gmsm and x/crypto alone, knows nothing of any product, and
// others may import it.
//
// What differs from crypto/tls:
//   - a party shows a pair: a signing certificate, and an encryption certificate
//     whose key receives the pre-master secret (Certificate);
//   - an ECDHE suite needs the pair of the client too, because the key agreement of
//     GB/T 32918.3 takes in the encryption keys of both;
//   - no renegotiation and no compression, which are refused, and no tickets:
//     sessions are resumed by their id (Config.SessionCache).
//
// Where each step of a handshake lives: docs/tlcp.md. It neither fetches nor knows
// revocation: that belongs into Config.VerifyConnection.
package tlcp
