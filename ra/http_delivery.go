package ra

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// PasswordAsk asks for the password of a key made at the centre.
type PasswordAsk struct {
	Nonce []byte `json:"nonce" minLength:"44" maxLength:"88" doc:"32 to 64 random octets, base64; the same again gives the same password for a few minutes"`
}

// PasswordAnswer is shown once.
type PasswordAnswer struct {
	Password string `json:"password"`
}

// ParcelAsk asks for what was made.
type ParcelAsk struct {
	Form string `json:"form,omitempty" enum:"pkcs12,pkcs12-sm" doc:"of a key made at the centre; pkcs12 if not said"`
}

// FetchAsk is what a holder brings to download what was made.
type FetchAsk struct {
	Application string `json:"application" maxLength:"64" doc:"its number"`
	Code        string `json:"code" maxLength:"40"`
	Form        string `json:"form,omitempty" enum:"pkcs12,pkcs12-sm" doc:"of a key made at the centre; pkcs12 if not said"`
}

// fetchRoute lets a holder download by number and code; it belongs to self-service.
func (f Self) fetchRoute(api huma.API) {
	huma.Register(api, open("self-fetch", http.MethodPost, "/v1/self/fetch", "What was made, by number and one-time code"),
		func(ctx context.Context, in *struct {
			Source
			Body FetchAsk
		}) (*body[*Parcel], error) {
			if err := f.count(ctx, f.perSource(), sourceOf(withSource(ctx, in.address))); err != nil {
				return nil, err
			}
			return reply(f.r.Fetch(ctx, in.Body.Application, in.Body.Code, in.Body.Form))
		})
}

func (r *Registration) deliveryRoutes(api huma.API) {
	huma.Register(api, describe("delivery-code", http.MethodPost, pathApplications+"/{id}/code", "A one-time code by which the holder downloads what was made"),
		func(ctx context.Context, in *ApplicationPath) (*body[*DownloadCode], error) {
			return reply(r.HandCode(ctx, in.ID))
		})
	huma.Register(api, describe("delivery-password", http.MethodPost, pathApplications+"/{id}/password", "The password of a key made at the centre, once"),
		func(ctx context.Context, in *struct {
			ApplicationPath
			Body PasswordAsk
		}) (*body[PasswordAnswer], error) {
			password, err := r.HandPassword(ctx, in.ID, in.Body.Nonce)
			return reply(PasswordAnswer{password}, err)
		})
	huma.Register(api, describe("delivery-package", http.MethodPost, pathApplications+"/{id}/package", "What was made, to put into the holder's hand"),
		func(ctx context.Context, in *struct {
			ApplicationPath
			Body ParcelAsk
		}) (*body[*Parcel], error) {
			return reply(r.PackageFor(ctx, in.ID, in.Body.Form))
		})
}
