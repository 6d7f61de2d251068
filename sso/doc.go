// Package sso says who somebody is, and for how long: login steps and sessions. Its first
// step is the certificate; passwords, codes and single sign-on protocols are to come, and
// answer "not implemented" until they do.
//
// It owns the steps a login still lacks (Next), sessions with their idle and absolute
// time-outs and how many one user may have, the token a session is carried in, the keys
// tokens are sealed with and their rotation, and the journal of ended sessions. A token
// is read by any process that has the keys, without asking anybody; what ended before its
// time stands in the journal, which each of them follows.
//
// It judges no certificate and decides no access: who opens a session has verified what
// it hands in. It shows no page and terminates no protocol.
//
// Idle time is kept in the token itself: a token older than a part of the idle time-out is
// exchanged for a fresh one (Renew), which needs no store. So reading, renewing and
// refusing go on while the store is away; only opening a session does not.
package sso
