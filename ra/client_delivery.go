package ra

import (
	"context"
	"net/http"

	"onecert/serve"
)

// HandCode is Registration.HandCode.
func (c *Client) HandCode(ctx context.Context, id string) (*DownloadCode, error) {
	return serve.Call[struct{}, *DownloadCode](ctx, c.c, http.MethodPost, application(id, "code"), nil)
}

// HandPassword is Registration.HandPassword.
func (c *Client) HandPassword(ctx context.Context, id string, nonce []byte) (string, error) {
	answer, err := serve.Call[PasswordAsk, PasswordAnswer](ctx, c.c, http.MethodPost, application(id, "password"), &PasswordAsk{nonce})
	return answer.Password, err
}

// PackageFor is Registration.PackageFor.
func (c *Client) PackageFor(ctx context.Context, id, form string) (*Parcel, error) {
	return serve.Call[ParcelAsk, *Parcel](ctx, c.c, http.MethodPost, application(id, "package"), &ParcelAsk{form})
}
