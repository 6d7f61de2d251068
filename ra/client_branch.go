package ra

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"onecert/serve"
)

// FreezeNearby is Registration.FreezeNearby.
func (c *Client) FreezeNearby(ctx context.Context, n Nearby) (*NearbyDone, error) {
	return serve.Call[Nearby, *NearbyDone](ctx, c.c, http.MethodPost, pathNearby, &n)
}

// Holders is Registration.Holders.
func (c *Client) Holders(ctx context.Context, q HolderQuery) (*Page[*Holder], error) {
	v := url.Values{}
	set(v, "id", q.ID)
	set(v, "name", q.Name)
	set(v, "node", q.Node)
	set(v, "after", q.After)
	if q.Limit > 0 {
		v.Set("limit", strconv.Itoa(q.Limit))
	}
	return get[*Page[*Holder]](ctx, c, pathHolders+"?"+v.Encode())
}

// MoveHolder is Registration.MoveHolder.
func (c *Client) MoveHolder(ctx context.Context, holder string, v Move) (*Motion, error) {
	return serve.Call[Move, *Motion](ctx, c.c, http.MethodPost, pathHolders+"/"+url.PathEscape(holder)+"/move", &v)
}

// Motions is Registration.Motions.
func (c *Client) Motions(ctx context.Context, q MotionQuery) (*Page[*Motion], error) {
	return listed[*Motion](ctx, c, pathMotions, q.ListQuery, "id", q.ID, "state", string(q.State), "kind", string(q.Kind))
}

// DecideMotion is Registration.DecideMotion.
func (c *Client) DecideMotion(ctx context.Context, id string, d MotionDecision) (*Motion, error) {
	return serve.Call[MotionDecision, *Motion](ctx, c.c, http.MethodPost, pathMotions+"/"+url.PathEscape(id)+"/decide", &d)
}
