// Package serve is how a component meets the network: the HTTP API with its
// OpenAPI description, the turning of error kinds into answers and back again,
// mutual TLS, listeners with limits, health, metrics and a graceful stop.
//
// It owns no route of any component, decides about nobody's rights (that is
// officer; serve only carries the verified certificate to it) and knows no
// database. Client is the far end of API: a component's client.go is written with
// it and gives back the same errors as the object itself.
package serve
