package ra

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

const pathRules = "/v1/rules"

func (r *Registration) ruleRoutes(api huma.API) {
	huma.Register(api, describe("rules", http.MethodGet, pathRules, "Standing rules that may review in one's subtree"),
		func(ctx context.Context, in *RuleQuery) (*body[*Page[Rule]], error) { return reply(r.Rules(ctx, *in)) })
	huma.Register(api, describe("rule-set", http.MethodPut, pathRules, "Enter, change, switch on or off a standing rule"),
		func(ctx context.Context, in *body[Rule]) (*body[*Rule], error) { return reply(r.SetRule(ctx, in.Body)) })
}
