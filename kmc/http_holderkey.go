package kmc

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"onecert/pki"
	"onecert/serve"
)

// The paths of holders' signing keys. The application, which may hold any character,
// stands in the body.
const (
	pathSigning         = "/v1/signing-keys"
	pathSigningPassword = pathSigning + "/password"
	pathSigningPackage  = pathSigning + "/package"
	pathSigningEnd      = pathSigning + "/end"
)

// maxPackageOrder bounds an order of a package: ten certificates in base64.
const maxPackageOrder = 512 << 10

func (c *Centre) holderKeyRoutes(api *serve.API) {
	huma.Register(api.Huma, describe("signing-make", http.MethodPost, pathSigning, "Make a signing key for a holder; its request"),
		func(ctx context.Context, in *body[pki.SigningOrder]) (*body[pki.SigningRequest], error) {
			return reply(c.MakeSigning(ctx, in.Body))
		})
	huma.Register(api.Huma, describe("signing-password", http.MethodPost, pathSigningPassword, "The password a signing key will be packaged under, once"),
		func(ctx context.Context, in *body[pki.PasswordOrder]) (*body[pki.Password], error) {
			return reply(c.SigningPassword(ctx, in.Body))
		})
	pack := describe("signing-package", http.MethodPost, pathSigningPackage, "Package a signing key for its holder, and wipe it")
	pack.MaxBodyBytes = maxPackageOrder
	huma.Register(api.Huma, pack, func(ctx context.Context, in *body[pki.PackageOrder]) (*body[pki.Package], error) {
		return reply(c.Package(ctx, in.Body))
	})
	end := describe("signing-end", http.MethodPost, pathSigningEnd, "Wipe a signing key that will not be needed")
	end.DefaultStatus = http.StatusNoContent
	huma.Register(api.Huma, end, func(ctx context.Context, in *body[pki.SigningEnd]) (*struct{}, error) {
		return nil, c.EndSigning(ctx, in.Body)
	})
}
