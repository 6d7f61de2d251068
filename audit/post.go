package audit

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
)

// Post is an address that takes a signed head as the body of a POST, text/plain, and
// answers 2xx once it has kept it. Redirects are not followed: the address is the one
// somebody has decided on.
func Post(address string, client *http.Client) Destination {
	own := *client
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return Destination{Name: address, Send: func(ctx context.Context, head Checkpoint, signed []byte) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(signed))
		if err != nil {
			return uncopied(address, err)
		}
		request.Header.Set("Content-Type", "text/plain; charset=utf-8")
		response, err := own.Do(request)
		if err != nil {
			return uncopied(address, err)
		}
		defer response.Body.Close()
		_, err = io.CopyN(io.Discard, response.Body, maxHead) // so that the connection serves again
		if err != nil && err != io.EOF {
			return uncopied(address, err)
		}
		if response.StatusCode/100 != 2 {
			return uncopied(address, fmt.Errorf("it answers %d", response.StatusCode))
		}
		return nil
	}}
}
