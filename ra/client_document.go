package ra

import (
	"context"
	"io"
	"net/url"
	"strconv"

	"onecert/serve"
)

// Attach is Registration.Attach.
func (c *Client) Attach(ctx context.Context, id string, version int, sort, name string, content []byte) (*Application, error) {
	v := url.Values{"version": {strconv.Itoa(version)}, "sort": {sort}}
	set(v, "name", name)
	return serve.Upload[*Application](ctx, c.c, application(id, "documents")+"?"+v.Encode(), content)
}

// Detach is Registration.Detach.
func (c *Client) Detach(ctx context.Context, id string, version int, hash string) (*Application, error) {
	path := application(id, "documents") + "/" + url.PathEscape(hash) + "/detach?version=" + strconv.Itoa(version)
	return serve.Call[struct{}, *Application](ctx, c.c, "POST", path, nil)
}

// OpenDocument is Registration.OpenDocument; of what is known of the document only
// its hash and size are filled in.
func (c *Client) OpenDocument(ctx context.Context, id, hash string) (*Document, []byte, error) {
	content, err := c.octets(ctx, application(id, "documents")+"/"+url.PathEscape(hash))
	return &Document{Hash: hash, Size: len(content)}, content, err
}

// Form is Registration.Form.
func (c *Client) Form(ctx context.Context, id, language string) ([]byte, error) {
	return c.octets(ctx, application(id, "form")+"?lang="+url.QueryEscape(language))
}

func (c *Client) octets(ctx context.Context, path string) ([]byte, error) {
	body, err := serve.Octets(ctx, c.c, path)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	return io.ReadAll(io.LimitReader(body, mostUpload))
}
