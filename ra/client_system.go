package ra

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"onecert/serve"
)

func system(id, act string) string { return pathSystems + "/" + url.PathEscape(id) + "/" + act }

// Systems is Registration.Systems.
func (c *Client) Systems(ctx context.Context, q SystemQuery) (*Page[*System], error) {
	return listed[*System](ctx, c, pathSystems, q.ListQuery, "id", q.ID, "state", string(q.State), "holder", q.Holder)
}

// SetSystem is Registration.SetSystem.
func (c *Client) SetSystem(ctx context.Context, y System) (*System, error) {
	return serve.Call[System, *System](ctx, c.c, http.MethodPut, pathSystems, &y)
}

// SetSystemState is Registration.SetSystemState.
func (c *Client) SetSystemState(ctx context.Context, id string, version int, to SystemState) (*System, error) {
	return serve.Call[SystemChange, *System](ctx, c.c, http.MethodPost, system(id, "state"), &SystemChange{version, to})
}

// SystemsFile is Registration.SystemsFile.
func (c *Client) SystemsFile(ctx context.Context, form string) ([]byte, error) {
	return c.octets(ctx, pathSystems+"/file?form="+url.QueryEscape(form))
}

// Members is Registration.Members.
func (c *Client) Members(ctx context.Context, id string, q MemberQuery) (*Page[*Standing], error) {
	v := url.Values{}
	set(v, "after", q.After)
	if q.Limit > 0 {
		v.Set("limit", strconv.Itoa(q.Limit))
	}
	return get[*Page[*Standing]](ctx, c, system(id, "members")+"?"+v.Encode())
}

// AddMember is Registration.AddMember.
func (c *Client) AddMember(ctx context.Context, id string, m Membership) error {
	_, err := serve.Call[Membership, struct{}](ctx, c.c, http.MethodPost, system(id, "members"), &m)
	return err
}

// RemoveMember is Registration.RemoveMember.
func (c *Client) RemoveMember(ctx context.Context, id string, m Membership) error {
	_, err := serve.Call[Membership, struct{}](ctx, c.c, http.MethodPost, system(id, "members/remove"), &m)
	return err
}

// Glances is Registration.Glances.
func (c *Client) Glances(ctx context.Context, q ListQuery) (*Page[Glance], error) {
	return listed[Glance](ctx, c, pathGlances, q)
}
