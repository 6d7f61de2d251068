package ra

import (
	"context"
	"net/http"

	"onecert/serve"
)

// Rules is Registration.Rules.
func (c *Client) Rules(ctx context.Context) ([]Rule, error) { return get[[]Rule](ctx, c, pathRules) }

// SetRule is Registration.SetRule.
func (c *Client) SetRule(ctx context.Context, u Rule) (*Rule, error) {
	return serve.Call[Rule, *Rule](ctx, c.c, http.MethodPut, pathRules, &u)
}
