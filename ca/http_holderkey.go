package ca

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"onecert/pki"
)

const pathHolderKeys = "/v1/holder-keys"

// holderKeyCall is about the key of one application.
type holderKeyCall[T any] struct {
	Application string `path:"application" maxLength:"64"`
	Body        T
}

// holderKeyRoutes are signing keys made at the centre for holders without a tool.
func (ca *CA) holderKeyRoutes(api huma.API) {
	huma.Register(api, operation("holder-key", http.MethodPost, pathHolderKeys, "Have a signing key made at the key management centre, where the profile allows"),
		func(ctx context.Context, in *body[HolderKeyOrder]) (*body[pki.SigningRequest], error) {
			return reply(ca.MakeHolderKey(ctx, in.Body))
		})
	huma.Register(api, operation("holder-key-password", http.MethodPost, pathHolderKeys+"/{application}/password", "The password a holder's key will be packaged under, once"),
		func(ctx context.Context, in *holderKeyCall[HolderPassword]) (*body[pki.Password], error) {
			return reply(ca.HolderKeyPassword(ctx, in.Application, in.Body))
		})
	huma.Register(api, operation("holder-key-package", http.MethodPost, pathHolderKeys+"/{application}/package", "A holder's key with its certificates, under the password; then it is wiped"),
		func(ctx context.Context, in *holderKeyCall[HolderPackage]) (*body[pki.Package], error) {
			return reply(ca.PackageHolderKey(ctx, in.Application, in.Body))
		})
	end := operation("holder-key-end", http.MethodPost, pathHolderKeys+"/{application}/end", "Wipe a holder's key that will not be needed, or end the time of fetching its package again")
	end.DefaultStatus = http.StatusNoContent
	huma.Register(api, end, func(ctx context.Context, in *holderKeyCall[HolderKeyEnd]) (*struct{}, error) {
		return nil, ca.EndHolderKey(ctx, in.Application, in.Body)
	})
}
