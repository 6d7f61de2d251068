package ra

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"onecert/serve"
)

// Client is a registration across the network: the same methods and the same errors.
// Who acts is whose certificate the connection was made with.
type Client struct{ c *serve.Client }

// NewClient returns a registration that is reached through c.
func NewClient(c *serve.Client) *Client { return &Client{c} }

func get[Out any](ctx context.Context, c *Client, path string) (Out, error) {
	return serve.Call[struct{}, Out](ctx, c.c, http.MethodGet, path, nil)
}

func application(id, act string) string {
	path := pathApplications + "/" + url.PathEscape(id)
	if act != "" {
		path += "/" + act
	}
	return path
}

// Me is Registration.Me.
func (c *Client) Me(ctx context.Context) (*Me, error) { return get[*Me](ctx, c, pathMe) }

// Kinds is Registration.Kinds.
func (c *Client) Kinds(ctx context.Context) ([]KindView, error) {
	return get[[]KindView](ctx, c, pathKinds)
}

// Register is Registration.Register.
func (c *Client) Register(ctx context.Context, e Entry) (*Application, error) {
	return serve.Call[Entry, *Application](ctx, c.c, http.MethodPost, pathApplications, &e)
}

// Edit is Registration.Edit.
func (c *Client) Edit(ctx context.Context, id string, e EditOf) (*Application, error) {
	return serve.Call[EditOf, *Application](ctx, c.c, http.MethodPost, application(id, "edit"), &e)
}

// Application is Registration.Application.
func (c *Client) Application(ctx context.Context, id string) (*Application, error) {
	return get[*Application](ctx, c, application(id, ""))
}

// Applications is Registration.Applications.
func (c *Client) Applications(ctx context.Context, q Query) (*Page[*Application], error) {
	v := url.Values{}
	for _, s := range q.States {
		v.Add("state", string(s))
	}
	set(v, "node", q.Node)
	set(v, "kind", string(q.Kind))
	set(v, "name", q.Name)
	set(v, "holder", q.Holder)
	set(v, "after", q.After)
	set(v, "batch", q.Batch)
	for name, only := range map[string]bool{"mine": q.Mine, "conflict": q.Conflict} {
		if only {
			v.Set(name, "true")
		}
	}
	if q.Limit > 0 {
		v.Set("limit", strconv.Itoa(q.Limit))
	}
	return get[*Page[*Application]](ctx, c, pathApplications+"?"+v.Encode())
}

func set(v url.Values, name, value string) {
	if value != "" {
		v.Set(name, value)
	}
}

// History is Registration.History.
func (c *Client) History(ctx context.Context, id string) ([]Moment, error) {
	return get[[]Moment](ctx, c, application(id, "history"))
}

// Unmasked is Registration.Unmasked.
func (c *Client) Unmasked(ctx context.Context, id, reason string) (map[string]string, error) {
	return serve.Call[Unmasking, map[string]string](ctx, c.c, http.MethodPost, application(id, "unmask"), &Unmasking{reason})
}

// Result is Registration.Result.
func (c *Client) Result(ctx context.Context, id string) (*Made, error) {
	return get[*Made](ctx, c, application(id, "result"))
}

// Certificates is Registration.Certificates.
func (c *Client) Certificates(ctx context.Context, q CertificateQuery) (*Page[*Certificate], error) {
	v := url.Values{}
	for name, value := range map[string]string{"holder": q.Holder, "name": q.Name, "state": string(q.State), "node": q.Node, "issuer": q.Issuer, "serial": q.Serial,
		"kind": string(q.Kind), "unit": q.Unit, "region": q.Region, "ends_from": q.EndsFrom, "ends_to": q.EndsTo, "after": q.After} {
		set(v, name, value)
	}
	if q.Limit > 0 {
		v.Set("limit", strconv.Itoa(q.Limit))
	}
	return get[*Page[*Certificate]](ctx, c, pathCertificates+"?"+v.Encode())
}

func (c *Client) decide(ctx context.Context, id, act string, d Decision) (*Application, error) {
	return serve.Call[Decision, *Application](ctx, c.c, http.MethodPost, application(id, act), &d)
}

// Submit is Registration.Submit.
func (c *Client) Submit(ctx context.Context, id string, d Decision) (*Application, error) {
	return c.decide(ctx, id, "submit", d)
}

// Return is Registration.Return.
func (c *Client) Return(ctx context.Context, id string, d Decision) (*Application, error) {
	return c.decide(ctx, id, "return", d)
}

// Approve is Registration.Approve.
func (c *Client) Approve(ctx context.Context, id string, d Decision) (*Application, error) {
	return c.decide(ctx, id, "approve", d)
}

// Reject is Registration.Reject.
func (c *Client) Reject(ctx context.Context, id string, d Decision) (*Application, error) {
	return c.decide(ctx, id, "reject", d)
}

// Withdraw is Registration.Withdraw.
func (c *Client) Withdraw(ctx context.Context, id string, d Decision) (*Application, error) {
	return c.decide(ctx, id, "withdraw", d)
}

// CarryOut is Registration.CarryOut.
func (c *Client) CarryOut(ctx context.Context, id string, d Decision) (*Application, error) {
	return c.decide(ctx, id, "issue", d)
}

// HandOver is Registration.HandOver.
func (c *Client) HandOver(ctx context.Context, id string, d Decision) (*Application, error) {
	return c.decide(ctx, id, "deliver", d)
}

// listed asks for a page of a list, narrowed by pairs of a name and a value.
func listed[T any](ctx context.Context, c *Client, path string, q ListQuery, pairs ...string) (*Page[T], error) {
	return get[*Page[T]](ctx, c, path+q.encoded(pairs...))
}

func (q ListQuery) encoded(pairs ...string) string {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		set(v, pairs[i], pairs[i+1])
	}
	set(v, "after", q.After)
	setNumber(v, "limit", q.Limit)
	return "?" + v.Encode()
}

// Nodes is Registration.Nodes.
func (c *Client) Nodes(ctx context.Context, q NodeQuery) (*Page[Node], error) {
	return listed[Node](ctx, c, pathNodes, q.ListQuery, "node", q.Node, "parent", q.Parent, "state", string(q.State), "search", q.Search)
}

// AddNode is Registration.AddNode.
func (c *Client) AddNode(ctx context.Context, n Node) (*Node, error) {
	return serve.Call[Node, *Node](ctx, c.c, http.MethodPost, pathNodes, &n)
}

// ChangeNode is Registration.ChangeNode.
func (c *Client) ChangeNode(ctx context.Context, n Node) (*Node, error) {
	return serve.Call[Node, *Node](ctx, c.c, http.MethodPut, pathNodes, &n)
}

// SetNode is Registration.SetNode.
func (c *Client) SetNode(ctx context.Context, id string, version int, to NodeState) (*Node, error) {
	return serve.Call[NodeChange, *Node](ctx, c.c, http.MethodPost, pathNodes+"/"+url.PathEscape(id)+"/state", &NodeChange{version, to})
}

// Posts is Registration.Posts.
func (c *Client) Posts(ctx context.Context, q PostQuery) (*Page[Post], error) {
	return listed[Post](ctx, c, pathPosts, q.ListQuery, "officer", q.Officer, "node", q.Node)
}

// SetPost is Registration.SetPost.
func (c *Client) SetPost(ctx context.Context, p Post) (*Post, error) {
	return serve.Call[Post, *Post](ctx, c.c, http.MethodPut, pathPosts, &p)
}
