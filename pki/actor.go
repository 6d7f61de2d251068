package pki

import "context"

// Actor is who is acting: an officer, a site (an RA or gateway), or a component
// itself. Rights follow from Roles; the record follows from Name and Certificate.
type Actor struct {
	Name        string   // "centre.system", as registered
	Roles       []string // design.md §5; sites carry "site"
	Certificate string   // SHA-256 of the certificate it came with, hex; empty for the machine itself
	Address     string   // where the call came from, for the record
}

type actorKey struct{}

// WithActor returns a context that carries who is acting. The front end of a room
// sets it from the verified peer certificate, never from anything the peer says.
func WithActor(ctx context.Context, a Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, a)
}

// ActorFrom returns who is acting; ok is false where nobody was authenticated.
func ActorFrom(ctx context.Context) (a Actor, ok bool) {
	a, ok = ctx.Value(actorKey{}).(Actor)
	return a, ok
}
