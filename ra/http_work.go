package ra

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

const pathWork = "/v1/work"

func (r *Registration) workRoutes(api huma.API) {
	huma.Register(api, describe("work", http.MethodGet, pathWork, "How much waits for the one who asks"),
		func(ctx context.Context, _ *struct{}) (*body[*Work], error) { return reply(r.Work(ctx)) })
}

// Work is Registration.Work.
func (c *Client) Work(ctx context.Context) (*Work, error) { return get[*Work](ctx, c, pathWork) }
