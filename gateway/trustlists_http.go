package gateway

import (
	"context"
	"net/http"
	"net/url"

	"github.com/danielgtaylor/huma/v2"

	"onecert/serve"
	"onecert/trustlist"
)

// pathTrustLists are the lists as they are; the same with a name is the row.
const pathTrustLists = "/v1/trust-lists"

// trustListRoutes are about the signed lists of foreign CAs beside their rows.
func (g *Gateway) trustListRoutes(api huma.API) {
	huma.Register(api, describe("trust-lists", http.MethodGet, pathTrustLists, "How the signed lists of foreign CAs are, and what the newest would change"),
		func(ctx context.Context, _ *struct{}) (*body[[]TrustListState], error) {
			return reply(g.TrustLists(ctx))
		})
	huma.Register(api, large(describe("trust-list-upload", http.MethodPost, pathTrustLists+"/{name}/content", "Hand in a signed list, PEM or DER"), trustlist.MaxBytes),
		func(ctx context.Context, in *struct {
			NamePath
			RawBody []byte `contentType:"application/octet-stream"`
		}) (*body[struct{}], error) {
			return reply(struct{}{}, g.UploadTrustList(ctx, in.Name, in.RawBody))
		})
	huma.Register(api, describe("trust-list-refresh", http.MethodPost, pathTrustLists+"/{name}/refresh", "Fetch a signed list now"),
		func(ctx context.Context, in *NamePath) (*body[struct{}], error) {
			return reply(struct{}{}, g.RefreshTrustList(ctx, in.Name))
		})
	huma.Register(api, describe("trust-list-adopt", http.MethodPost, pathTrustLists+"/{name}/adopt", "Make the newest list count: a new version; 409 if another one came since"),
		func(ctx context.Context, in *struct {
			NamePath
			Body Adoption
		}) (*body[Version], error) {
			return reply(g.AdoptTrustList(ctx, in.Name, in.Body))
		})
}

// TrustLists is Gateway.TrustLists.
func (c *Client) TrustLists(ctx context.Context) ([]TrustListState, error) {
	return get[[]TrustListState](ctx, c, pathTrustLists)
}

func trustListPath(name, act string) string {
	return pathTrustLists + "/" + url.PathEscape(name) + "/" + act
}

// UploadTrustList is Gateway.UploadTrustList.
func (c *Client) UploadTrustList(ctx context.Context, name string, message []byte) error {
	_, err := serve.Upload[struct{}](ctx, c.c, trustListPath(name, "content"), message)
	return err
}

// RefreshTrustList is Gateway.RefreshTrustList.
func (c *Client) RefreshTrustList(ctx context.Context, name string) error {
	_, err := serve.Call[struct{}, struct{}](ctx, c.c, http.MethodPost, trustListPath(name, "refresh"), nil)
	return err
}

// AdoptTrustList is Gateway.AdoptTrustList.
func (c *Client) AdoptTrustList(ctx context.Context, name string, a Adoption) (Version, error) {
	return serve.Call[Adoption, Version](ctx, c.c, http.MethodPost, trustListPath(name, "adopt"), &a)
}
