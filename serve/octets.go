package serve

import (
	"context"
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
