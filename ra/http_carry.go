package ra

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

const pathCarryings = "/v1/carryings"

func (r *Registration) carryRoutes(api huma.API) {
	all := describe("issue-all", http.MethodPost, pathCarryings, "Begin to carry out many approved applications")
	all.MaxBodyBytes = 4 << 20
	huma.Register(api, all, func(ctx context.Context, in *body[CarryQuery]) (*body[*Carrying], error) {
		return reply(r.CarryAll(ctx, in.Body))
	})
	huma.Register(api, describe("carryings", http.MethodGet, pathCarryings, "How far that is, the newest first"),
		func(ctx context.Context, in *GoQuery) (*body[*Page[Carrying]], error) {
			return reply(r.Carryings(ctx, *in))
		})
}
