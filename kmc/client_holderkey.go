package kmc

import (
	"context"
	"net/http"

	"onecert/pki"
	"onecert/serve"
)

// MakeSigning is Centre.MakeSigning.
func (c *Client) MakeSigning(ctx context.Context, o pki.SigningOrder) (pki.SigningRequest, error) {
	return serve.Call[pki.SigningOrder, pki.SigningRequest](ctx, c.config.API, http.MethodPost, pathSigning, &o)
}

// SigningPassword is Centre.SigningPassword.
func (c *Client) SigningPassword(ctx context.Context, o pki.PasswordOrder) (pki.Password, error) {
	return serve.Call[pki.PasswordOrder, pki.Password](ctx, c.config.API, http.MethodPost, pathSigningPassword, &o)
}

// Package is Centre.Package.
func (c *Client) Package(ctx context.Context, o pki.PackageOrder) (pki.Package, error) {
	return serve.Call[pki.PackageOrder, pki.Package](ctx, c.config.API, http.MethodPost, pathSigningPackage, &o)
}

// EndSigning is Centre.EndSigning.
func (c *Client) EndSigning(ctx context.Context, end pki.SigningEnd) error {
	_, err := serve.Call[pki.SigningEnd, struct{}](ctx, c.config.API, http.MethodPost, pathSigningEnd, &end)
	return err
}
