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
func (c *Client) Carryings(ctx context.Context) ([]Carrying, error) {
	return get[[]Carrying](ctx, c, pathCarryings)
}
