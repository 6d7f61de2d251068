package crl

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"onecert/pki"
)

// Source is where lists come from: a CA, its client, or another node.
type Source interface {
	// Lists returns the newest list of each name of an issuer.
	Lists(ctx context.Context, issuer string) ([]pki.ListHead, error)
	// OpenList returns a list's octets.
	OpenList(ctx context.Context, issuer, name string, number int64) (io.ReadCloser, error)
}

// Limits on what a source may make us hold.
const (
	maxIndex = 16 << 20  // 8,192 lists and more
	maxList  = 512 << 20 // what lint reads
)

// Mirror is another node's public address as a source. Nothing of it is trusted: each
// list is verified here as if it came from anywhere.
type Mirror struct {
	Base string       // "http://crl.example/crl", without a final slash
	HTTP *http.Client // nil: one with timeouts of its own
}

// mirrorTime bounds a whole transfer: a list of 512 MiB over a slow line.
const mirrorTime = 10 * time.Minute

func (m Mirror) get(ctx context.Context, issuer, file string) (io.ReadCloser, error) {
	client := m.HTTP
	if client == nil {
		client = &http.Client{Timeout: mirrorTime}
	}
	address := strings.TrimSuffix(m.Base, "/") + "/" + url.PathEscape(issuer) + "/" + file
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("asking a mirror: %w", err)
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, pki.Errorf(pki.Unavailable, "mirror.unreachable", "the node that is mirrored does not answer").To("check its address and the line to it").Because(err)
	}
	if response.StatusCode != http.StatusOK {
		response.Body.Close()
		return nil, pki.Errorf(pki.Unavailable, "mirror.answer", "the node that is mirrored answered with status %d", response.StatusCode).
			To("check its address and its health")
	}
	return response.Body, nil
}

// Lists implements Source.
func (m Mirror) Lists(ctx context.Context, issuer string) ([]pki.ListHead, error) {
	body, err := m.get(ctx, issuer, indexFile)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	var all []pki.ListHead
	if err := json.NewDecoder(io.LimitReader(body, maxIndex)).Decode(&all); err != nil {
		return nil, pki.Errorf(pki.Unavailable, "mirror.index", "the node that is mirrored has no readable index of issuer %s", issuer).
			To("check its address").Because(err)
	}
	return all, nil
}

// OpenList implements Source. The list may be newer than the number asked for.
func (m Mirror) OpenList(ctx context.Context, issuer, name string, _ int64) (io.ReadCloser, error) {
	return m.get(ctx, issuer, url.PathEscape(name)+".crl")
}
