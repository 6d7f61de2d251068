package ca

import (
	"context"
	"net/http"
	"net/url"

	"onecert/pki"
	"onecert/serve"
)

func holderKeyPath(application, act string) string {
	return pathHolderKeys + "/" + url.PathEscape(application) + "/" + act
}

// MakeHolderKey is CA.MakeHolderKey.
func (c *Client) MakeHolderKey(ctx context.Context, o HolderKeyOrder) (*pki.SigningRequest, error) {
	return post[HolderKeyOrder, pki.SigningRequest](ctx, c, pathHolderKeys, &o)
}

// HolderKeyPassword is CA.HolderKeyPassword.
func (c *Client) HolderKeyPassword(ctx context.Context, application string, o HolderPassword) (*pki.Password, error) {
	return post[HolderPassword, pki.Password](ctx, c, holderKeyPath(application, "password"), &o)
}

// PackageHolderKey is CA.PackageHolderKey.
func (c *Client) PackageHolderKey(ctx context.Context, application string, o HolderPackage) (*pki.Package, error) {
	return post[HolderPackage, pki.Package](ctx, c, holderKeyPath(application, "package"), &o)
}

// EndHolderKey is CA.EndHolderKey.
func (c *Client) EndHolderKey(ctx context.Context, application string, end HolderKeyEnd) error {
	_, err := serve.Call[HolderKeyEnd, struct{}](ctx, c.c, http.MethodPost, holderKeyPath(application, "end"), &end)
	return err
}
