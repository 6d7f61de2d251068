package ra

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

const (
	pathNearby  = "/v1/nearby"
	pathHolders = "/v1/holders"
	pathMotions = "/v1/motions"
)

// HolderPath names one holder.
type HolderPath struct {
	ID string `path:"id" maxLength:"64"`
}

// branchRoutes are what reaches across branches: freezing nearby, moving holders, and
// what takes two.
func (r *Registration) branchRoutes(api huma.API) {
	huma.Register(api, describe("nearby", http.MethodPost, pathNearby, "Freeze at once for a vetted holder of any branch"),
		func(ctx context.Context, in *body[Nearby]) (*body[*NearbyDone], error) {
			return reply(r.FreezeNearby(ctx, in.Body))
		})
	huma.Register(api, describe("holders", http.MethodGet, pathHolders, "The holders of one's subtree"),
		func(ctx context.Context, in *HolderQuery) (*body[*Page[*Holder]], error) {
			return reply(r.Holders(ctx, *in))
		})
	huma.Register(api, describe("holder-move", http.MethodPost, pathHolders+"/{id}/move", "Propose to move a holder to another unit"),
		func(ctx context.Context, in *struct {
			HolderPath
			Body Move
		}) (*body[*Motion], error) {
			return reply(r.MoveHolder(ctx, in.ID, in.Body))
		})
	huma.Register(api, describe("motions", http.MethodGet, pathMotions, "What was proposed and takes others' consent"),
		func(ctx context.Context, in *MotionQuery) (*body[*Page[*Motion]], error) {
			return reply(r.Motions(ctx, *in))
		})
	huma.Register(api, describe("motion-decide", http.MethodPost, pathMotions+"/{id}/decide", "Consent to what was proposed, or refuse it"),
		func(ctx context.Context, in *struct {
			ID   string `path:"id" maxLength:"32"`
			Body MotionDecision
		}) (*body[*Motion], error) {
			return reply(r.DecideMotion(ctx, in.ID, in.Body))
		})
}
