package serve

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
)

// Octets asks the component at c for something that is no JSON, such as a list of many
// megabytes, and returns it as it comes. The caller limits what it reads, ends waiting
// with ctx, and closes. Errors are as of Call.
func Octets(ctx context.Context, c *Client, path string) (io.ReadCloser, error) {
	request, err := newRequest[struct{}](ctx, c, http.MethodGet, path, nil)
	if err != nil {
		return nil, err
	}
	request.Header["Accept"] = []string{"*/*"}
	response, err := c.HTTP.Do(request)
	if err != nil {
		return nil, c.unreachable(err)
	}
	if response.StatusCode != http.StatusOK {
		defer response.Body.Close()
		return nil, c.problem(response)
	}
	return response.Body, nil
}

// Upload sends octets to the component at c and returns its JSON answer. Errors are as
// of Call.
func Upload[Out any](ctx context.Context, c *Client, path string, content []byte) (Out, error) {
	var out Out
	request, err := newRequest[struct{}](ctx, c, http.MethodPost, path, nil)
	if err != nil {
		return out, err
	}
	request.Body, request.ContentLength = io.NopCloser(bytes.NewReader(content)), int64(len(content))
	request.Header["Content-Type"] = []string{"application/octet-stream"}
	response, err := c.HTTP.Do(request)
	if err != nil {
		return out, c.unreachable(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return out, c.problem(response)
	}
	text, err := c.read(response)
	if err != nil {
		return out, err
	}
	if err := json.Unmarshal(text, &out); err != nil {
		return out, c.strange("an answer that is not the JSON expected").Because(err)
	}
	return out, nil
}
