package ra

import (
	"context"
	"net/http"

	"onecert/serve"
)

// CarryAll is Registration.CarryAll.
func (c *Client) CarryAll(ctx context.Context, q CarryQuery) (*Carrying, error) {
	return serve.Call[CarryQuery, *Carrying](ctx, c.c, http.MethodPost, pathCarryings, &q)
}

// Carryings is Registration.Carryings.
func (c *Client) Carryings(ctx context.Context, q GoQuery) (*Page[Carrying], error) {
	return listed[Carrying](ctx, c, pathCarryings, q.ListQuery, "batch", q.Batch)
}
