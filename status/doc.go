// Package status is the one truth whether a certificate is good: a table with the
// state of each certificate and a numbered journal of every change of state
// (issued, held, released, revoked). A change is the commit that holds both, and
// everyone else follows the journal and keeps a copy.
//
// It owns which change may follow which (revoked is absorbing; only held returns to
// valid), the order of changes (by journal number, never by clock) and how followers
// wake. It does not decide who may change what (that is ca), makes no CRL and no
// OCSP answer, and knows no certificate beyond issuer, serial, end of validity and
// CRL partition. Only ca writes it, and Copy writes copies.
//
// A Copy keeps a journal of its own equal to a source's, in the same process or across
// the network (Origin, Client), and knows how old it is; its readers take a *Journal
// and need not know which of the two it is. LookUp is the public answer to "what was
// true at that moment".
//
// One lock a database: Append holds the journal's counter until its transaction
// ends. A transaction that also writes the audit log writes audit first, so that two
// of them never wait for each other.
package status
