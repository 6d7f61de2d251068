// Package gateway is the identity gateway: the door before the applications of a
// network. It ends TLS and TLCP on one port, asks people for their certificate, judges
// it, asks the policy, tells the application who is there, and carries the request.
//
// It owns its configuration with every version of it, its listeners, the way of a
// request through the door (flow.go), the log in by redirection where an application has
// a public part, the TCP services, what is counted and logged, and its administration.
// The pieces a request passes live beneath internal: trust (what a certificate is worth),
// identity (what the application is told), forward (back ends), pages (what people read).
//
// It does not know who may reach what: that is policy's. It keeps no session: what it
// needs of one is its interface Sessions. It reads the status journal and never writes it.
// It sees keys only as crypto.Signer and crypto.Decrypter.
package gateway
