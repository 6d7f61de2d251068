package kmc

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"onecert/pki"
	"onecert/serve"
)

// The paths of the API; the client uses the same.
const (
	pathMessages   = "/v1/km"
	pathStatus     = "/v1/status"
	pathRecoveries = "/v1/recoveries"
	pathLedger     = "/v1/ledger"
	pathPool       = "/v1/pool/fill"
)

const octetStream = "application/octet-stream"

type body[T any] struct{ Body T }

// octets is a body that is not JSON.
type octets struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

// Routes puts the centre's operations on an API. The methods check who is asking.
func (c *Centre) Routes(api *serve.API) {
	message := describe("km", http.MethodPost, pathMessages, "A message of GM/T 0014 in DER: keys for certificates, again, and ended")
	message.MaxBodyBytes = maxMessage
	message.Responses = map[string]*huma.Response{"200": {Description: "KMRespond in DER",
		Content: map[string]*huma.MediaType{octetStream: {Schema: &huma.Schema{Type: "string", Format: "binary"}}}}}
	huma.Register(api.Huma, message, func(ctx context.Context, in *struct {
		RawBody []byte `contentType:"application/octet-stream"`
	}) (*octets, error) {
		der, err := c.Answer(ctx, in.RawBody)
		if err != nil {
			return nil, err
		}
		return &octets{octetStream, der}, nil
	})
	huma.Register(api.Huma, describe("kmc-status", http.MethodGet, pathStatus, "How many pairs are spare, in use and in history"),
		func(ctx context.Context, _ *struct{}) (*body[Status], error) { return reply(c.Status(ctx)) })
	huma.Register(api.Huma, describe("recover", http.MethodPost, pathRecoveries, "An old encryption pair for its holder's new signing key"),
		func(ctx context.Context, in *body[Recovery]) (*body[pki.KeyGrant], error) {
			return reply(c.Recover(ctx, in.Body))
		})
	huma.Register(api.Huma, describe("ledger", http.MethodGet, pathLedger+"/{holder}", "Every touch of a holder's keys, oldest first"),
		func(ctx context.Context, in *struct {
			Holder string `path:"holder" maxLength:"200"`
			LedgerQuery
		}) (*body[[]Touch], error) {
			return reply(c.Ledger(ctx, in.Holder, in.LedgerQuery))
		})
	c.caseRoutes(api)
	c.holderKeyRoutes(api)
	fill := describe("fill", http.MethodPost, pathPool, "Make the pools of spare pairs full now")
	fill.DefaultStatus = http.StatusNoContent
	huma.Register(api.Huma, fill, func(ctx context.Context, _ *struct{}) (*struct{}, error) { return nil, c.Fill(ctx) })
}

func describe(id, method, path, summary string) huma.Operation {
	return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary,
		Security: []map[string][]string{{"mutualTLS": {}}}}
}

// reply wraps a method's answer for huma.
func reply[T any](answer T, err error) (*body[T], error) {
	if err != nil {
		return nil, err
	}
	return &body[T]{answer}, nil
}
