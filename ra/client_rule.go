package ra

import (
	"context"
	"net/http"

	"onecert/serve"
)

// Rules is Registration.Rules.
func (c *Client) Rules(ctx context.Context, q RuleQuery) (*Page[Rule], error) {
	return listed[Rule](ctx, c, pathRules, q.ListQuery, "name", q.Name)
}

// SetRule is Registration.SetRule.
func (c *Client) SetRule(ctx context.Context, u Rule) (*Rule, error) {
	return serve.Call[Rule, *Rule](ctx, c.c, http.MethodPut, pathRules, &u)
}
