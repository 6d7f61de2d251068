package ra

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"onecert/serve"
)

func batchPath(id, act string) string {
	path := pathBatches + "/" + url.PathEscape(id)
	if act != "" {
		path += "/" + act
	}
	return path
}

func setNumber(v url.Values, name string, value int) {
	if value > 0 {
		v.Set(name, strconv.Itoa(value))
	}
}

// UploadBatch is Registration.UploadBatch.
func (c *Client) UploadBatch(ctx context.Context, o BatchOrder, content []byte) (*Batch, error) {
	v := url.Values{}
	set(v, "name", o.Name)
	set(v, "kind", string(o.Kind))
	set(v, "profile", o.Profile)
	set(v, "key_from", o.KeyFrom)
	set(v, "suite", string(o.Suite))
	setNumber(v, "days", o.Days)
	if o.Single {
		v.Set("single", "true")
	}
	return serve.Upload[*Batch](ctx, c.c, pathBatches+"?"+v.Encode(), content)
}

// Batch is Registration.Batch.
func (c *Client) Batch(ctx context.Context, id string) (*Batch, error) {
	return get[*Batch](ctx, c, batchPath(id, ""))
}

// Batches is Registration.Batches.
func (c *Client) Batches(ctx context.Context, q BatchQuery) (*Page[*Batch], error) {
	v := url.Values{}
	set(v, "state", string(q.State))
	set(v, "after", q.After)
	setNumber(v, "limit", q.Limit)
	return get[*Page[*Batch]](ctx, c, pathBatches+"?"+v.Encode())
}

// BatchRows is Registration.BatchRows.
func (c *Client) BatchRows(ctx context.Context, id string, q RowQuery) ([]*BatchRow, error) {
	v := url.Values{}
	set(v, "state", q.State)
	setNumber(v, "after", q.After)
	setNumber(v, "limit", q.Limit)
	return get[[]*BatchRow](ctx, c, batchPath(id, "rows")+"?"+v.Encode())
}

// ConfirmBatch is Registration.ConfirmBatch.
func (c *Client) ConfirmBatch(ctx context.Context, id string, with Confirmation) (*Batch, error) {
	return serve.Call[Confirmation, *Batch](ctx, c.c, http.MethodPost, batchPath(id, "confirm"), &with)
}

// WithdrawBatch is Registration.WithdrawBatch.
func (c *Client) WithdrawBatch(ctx context.Context, id string, version int) (*Batch, error) {
	return serve.Call[BatchRef, *Batch](ctx, c.c, http.MethodPost, batchPath(id, "withdraw"), &BatchRef{version})
}

// BatchTemplate is Registration.BatchTemplate.
func (c *Client) BatchTemplate(ctx context.Context, kind Kind, language string) ([]byte, error) {
	return c.octets(ctx, pathTemplate+"?kind="+url.QueryEscape(string(kind))+"&lang="+url.QueryEscape(language))
}

// BatchResult is Registration.BatchResult.
func (c *Client) BatchResult(ctx context.Context, id, form, language string) ([]byte, error) {
	return c.octets(ctx, batchPath(id, "result")+"?form="+url.QueryEscape(form)+"&lang="+url.QueryEscape(language))
}
