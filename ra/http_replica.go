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

// Acknowledged is the answer where nothing else is to be said.
type Acknowledged struct {
	Done bool `json:"done"`
}

func (r *Registration) replicaRoutes(api huma.API) {
	up := describe("link-up", http.MethodPost, pathLink, "A counter's process hands up what changed there")
	up.MaxBodyBytes = largestHandUp
	huma.Register(api, up, func(ctx context.Context, in *struct {
		Body []Dossier `maxItems:"50"`
	}) (*body[[]Handed], error) {
		return reply(r.HandUp(ctx, in.Body))
	})
	scan := describe("link-document", http.MethodPost, pathLink+"/{id}/documents", "A counter's process hands up a scan")
	scan.MaxBodyBytes = mostUpload
	huma.Register(api, scan, func(ctx context.Context, in *struct {
		ApplicationPath
		Hash    string `query:"hash" required:"true" minLength:"64" maxLength:"64"`
		Sort    string `query:"sort" required:"true" maxLength:"30"`
		Name    string `query:"name" maxLength:"200"`
		RawBody []byte `contentType:"application/octet-stream"`
	}) (*body[Acknowledged], error) {
		return reply(Acknowledged{true}, r.HandDocument(ctx, in.ID, Document{Hash: in.Hash, Sort: in.Sort, Name: in.Name}, in.RawBody))
	})
	huma.Register(api, describe("link-news", http.MethodGet, pathLink, "A counter's process asks what changed above"),
		func(ctx context.Context, in *NewsQuery) (*body[*News], error) { return reply(r.News(ctx, *in)) })
	huma.Register(api, describe("links", http.MethodGet, pathLinks, "How the links to the registrations above and below are"),
		func(ctx context.Context, in *ListQuery) (*body[*Links], error) { return reply(r.Links(ctx, *in)) })
	huma.Register(api, describe("settle", http.MethodPost, pathApplications+"/{id}/settle", "End a conflict between a counter and the registration above it"),
		func(ctx context.Context, in *struct {
			ApplicationPath
			Body Decision
		}) (*body[*Application], error) {
			return reply(r.Settle(ctx, in.ID, in.Body))
		})
}
