package ra

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

const (
	pathLink  = "/v1/link"
	pathLinks = "/v1/links"
)

// largestHandUp is how large one message of a counter may be.
const largestHandUp = 16 << 20

func (r *Registration) replicaRoutes(api huma.API) {
	up := describe("link-up", http.MethodPost, pathLink, "A counter's process hands up what changed there")
	up.MaxBodyBytes = largestHandUp
	huma.Register(api, up, func(ctx context.Context, in *struct {
		Body []Dossier `maxItems:"50"`
	}) (*body[[]Handed], error) {
		return reply(r.HandUp(ctx, in.Body))
	})
	huma.Register(api, describe("link-news", http.MethodGet, pathLink, "A counter's process asks what changed above"),
		func(ctx context.Context, in *NewsQuery) (*body[*News], error) { return reply(r.News(ctx, *in)) })
	huma.Register(api, describe("links", http.MethodGet, pathLinks, "How the links to the registrations above and below are"),
		func(ctx context.Context, _ *struct{}) (*body[*Links], error) { return reply(r.Links(ctx)) })
	huma.Register(api, describe("settle", http.MethodPost, pathApplications+"/{id}/settle", "End a conflict between a counter and the registration above it"),
		func(ctx context.Context, in *struct {
			ApplicationPath
			Body Decision
		}) (*body[*Application], error) {
			return reply(r.Settle(ctx, in.ID, in.Body))
		})
}
