package ra

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"onecert/serve"
)

var _, _ Upstream = (*Registration)(nil), (*Client)(nil)

// HandUp is Registration.HandUp.
func (c *Client) HandUp(ctx context.Context, all []Dossier) ([]Handed, error) {
	return serve.Call[[]Dossier, []Handed](ctx, c.c, http.MethodPost, pathLink, &all)
}

// HandDocument is Registration.HandDocument.
func (c *Client) HandDocument(ctx context.Context, id string, d Document, content []byte) error {
	v := url.Values{"hash": {d.Hash}, "sort": {d.Sort}}
	set(v, "name", d.Name)
	_, err := serve.Upload[Acknowledged](ctx, c.c, pathLink+"/"+url.PathEscape(id)+"/documents?"+v.Encode(), content)
	return err
}

// News is Registration.News.
func (c *Client) News(ctx context.Context, q NewsQuery) (*News, error) {
	v := url.Values{}
	v.Set("after", strconv.FormatInt(q.After, 10))
	set(v, "mark", q.Mark)
	set(v, "tree", q.Tree)
	return get[*News](ctx, c, pathLink+"?"+v.Encode())
}

// Links is Registration.Links.
func (c *Client) Links(ctx context.Context, q ListQuery) (*Links, error) {
	return get[*Links](ctx, c, pathLinks+q.encoded())
}

// Settle is Registration.Settle.
func (c *Client) Settle(ctx context.Context, id string, d Decision) (*Application, error) {
	return c.decide(ctx, id, "settle", d)
}
