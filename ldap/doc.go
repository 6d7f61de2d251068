// Package ldap is the directory: a read-only LDAPv3 server (RFC 4511) over the
// certificates that policy publishes, the CAs' certificates and their lists, and a
// publisher that keeps the same entries in somebody else's directory.
//
// It owns the protocol's codec, the shape of the tree, the store of published
// certificates and its position in the status journal. It does not decide what is
// published (the CA's answer to Source does), signs nothing and takes no writes
// over the network. No identity number is ever in it: entries are named by holder id.
package ldap
