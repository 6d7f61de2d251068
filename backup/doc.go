// Package backup is the archive a component is kept in and brought back from: its
// configuration, its key files as they lie encrypted on disk, and every row of its
// database as of one commit, in one encrypted file.
//
// It owns the form of the file, its encryption to a passphrase or to custodians'
// shares, what the archive says of itself, and the check of all that without
// restoring. It is a shared room because every component is kept in the same form:
// it knows no component's tables, which it takes as the engine describes them, and
// so carries them from one engine to the other.
//
// It does not decide what belongs to a component, opens no key, and puts nothing in
// place: cmd does.
//
// The file, version 1, is a head of fixed length (head.go), then octets encrypted in
// chunks (stream.go), which inflate to parts (part.go): what the archive says of
// itself, files, tables, and the sums of them all.
package backup
