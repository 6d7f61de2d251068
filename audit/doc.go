// Package audit is the tamper-evident log every act is written to. Entries stand in
// the database of the component that acts and are written in the act's own
// transaction, so there is no act without its entry: if the entry cannot be written,
// the act fails. The entries are the leaves of an RFC 6962 Merkle tree; its signed
// head (a C2SP tlog-checkpoint) is copied off the machine. A changed, swapped or
// removed entry shows against the tree, a cut tail against a head kept elsewhere.
//
// It owns the form of an entry, the tree, the heads, the proofs and the offline
// check. It does not decide what must be recorded, gives nobody a right to read, and
// holds no key: the signing key is handed in.
//
// One lock a database: Append holds the head until its transaction ends. A
// transaction that also writes the status journal writes audit first.
package audit
