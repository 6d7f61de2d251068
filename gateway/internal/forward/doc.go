// Package forward carries requests to the back ends of one application and their answers
// home: who of several gets it, over which connection, what is taken away on both ways,
// what happens when a back end is slow, dead or lies, and the mending of addresses in
// answers where a back end does not know its outer name.
//
// It does not know who the caller is, may, or is told to be: the door hands in the
// client's address and a function that adds the identity, and shows the page when nothing
// could be answered.
//
// HTTP/1.1 to back ends, plain or over TLS, is spoken by a client of our own (conn.go,
// send.go, head.go, body.go): no goroutine a request, no copy of headers, and never more
// lenient than net/http. HTTP/2 is net/http's (multiplex.go).
package forward
