package ca

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"strconv"

	"onecert/pki"
	"onecert/serve"
)

// SignCRLs is CA.SignCRLs.
func (c *Client) SignCRLs(ctx context.Context, issuer string) ([]CRL, error) {
	all, err := post[struct{}, []CRL](ctx, c, pathIssuers+"/"+url.PathEscape(issuer)+"/crls", nil)
	if err != nil {
		return nil, err
	}
	return *all, nil
}

// LatestCRL is CA.LatestCRL. A long list is fetched by its address.
func (c *Client) LatestCRL(ctx context.Context, issuer string, partition int, delta bool) (*CRL, error) {
	path := pathIssuers + "/" + url.PathEscape(issuer) + "/crls/" + strconv.Itoa(partition)
	if delta {
		path += "?delta=true"
	}
	crl, err := get[CRL](ctx, c, path)
	if err != nil || len(crl.DER) > 0 {
		return crl, err
	}
	list, err := c.OpenList(ctx, issuer, crl.name(), crl.Number)
	if err != nil {
		return nil, err
	}
	defer list.Close()
	if crl.DER, err = io.ReadAll(io.LimitReader(list, crl.Size+1)); err != nil {
		return nil, fmt.Errorf("reading a CRL: %w", err)
	}
	if int64(len(crl.DER)) != crl.Size {
		return nil, pki.Errorf(pki.Internal, "crl.size", "the CA sent another list than the one it described").To("ask again")
	}
	return crl, nil
}

// Lists is CA.Lists.
func (c *Client) Lists(ctx context.Context, issuer string) ([]pki.ListHead, error) {
	all, err := get[[]pki.ListHead](ctx, c, pathIssuers+"/"+url.PathEscape(issuer)+"/lists")
	if err != nil {
		return nil, err
	}
	return *all, nil
}

// OpenList is CA.OpenList.
func (c *Client) OpenList(ctx context.Context, issuer, name string, number int64) (io.ReadCloser, error) {
	return serve.Octets(ctx, c.c, listAddress(url.PathEscape(issuer), url.PathEscape(name), number))
}
