package ca

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"onecert/pki"
	"onecert/serve"
)

type issuerPath struct {
	Issuer string `path:"issuer" maxLength:"32"`
}

type listPath struct {
	Issuer string `path:"issuer" maxLength:"32"`
	Name   string `path:"name" maxLength:"16" doc:"complete, delta, N or N-delta"`
	Number int64  `path:"number" minimum:"1"`
}

// public is an operation anybody may call, who need not say who they are.
func public(id, method, path, summary string) huma.Operation {
	o := operation(id, method, path, summary)
	o.Security = nil
	return o
}

// crlRoutes: signing is an officer's; reading is anybody's, as lists are public.
func (ca *CA) crlRoutes(api huma.API) {
	huma.Register(api, operation("sign-crls", http.MethodPost, pathIssuers+"/{issuer}/crls", "Sign full, partition and delta CRLs now"),
		func(ctx context.Context, in *issuerPath) (*body[[]CRL], error) {
			all, err := ca.SignCRLs(ctx, in.Issuer)
			return reply(&all, err)
		})
	huma.Register(api, public("crl", http.MethodGet, pathIssuers+"/{issuer}/crls/{partition}", "The newest CRL"),
		func(ctx context.Context, in *struct {
			Issuer    string `path:"issuer" maxLength:"32"`
			Partition int    `path:"partition" minimum:"-1" maximum:"4095" doc:"-1: the complete list"`
			Delta     bool   `query:"delta"`
		}) (*body[CRL], error) {
			crl, err := ca.LatestCRL(ctx, in.Issuer, in.Partition, in.Delta)
			if err == nil && crl.Size > longList {
				crl.DER = nil
			}
			return reply(crl, err)
		})
	huma.Register(api, public("lists", http.MethodGet, pathIssuers+"/{issuer}/lists", "The newest CRL of each name, without octets"),
		func(ctx context.Context, in *issuerPath) (*body[[]pki.ListHead], error) {
			all, err := ca.Lists(ctx, in.Issuer)
			return reply(&all, err)
		})
	file := public("list-file", http.MethodGet, pathIssuers+"/{issuer}/lists/{name}/{number}", "The octets of a CRL, also of one long replaced")
	file.Responses = map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{crlType: {Schema: &huma.Schema{Type: "string", Format: "binary"}}}}}
	huma.Register(api, file, ca.serveList)
}

const crlType = "application/pkix-crl"

// listTime is how long a list of many megabytes may take over a slow line.
const listTime = 10 * time.Minute

// serveList streams a list: a long one never stands in memory whole.
func (ca *CA) serveList(ctx context.Context, in *listPath) (*huma.StreamResponse, error) {
	ctx, cancel := serve.Hold(ctx, listTime)
	list, err := ca.OpenList(ctx, in.Issuer, in.Name, in.Number)
	if err != nil {
		cancel()
		return nil, err
	}
	return &huma.StreamResponse{Body: func(out huma.Context) {
		defer cancel()
		defer list.Close()
		out.SetHeader("Content-Type", crlType)
		if _, err := io.Copy(out.BodyWriter(), list); err != nil {
			panic(http.ErrAbortHandler) // nobody takes half a list for a whole one
		}
	}}, nil
}

// listAddress is where a list's octets are.
func listAddress(issuer, name string, number int64) string {
	return pathIssuers + "/" + issuer + "/lists/" + name + "/" + strconv.FormatInt(number, 10)
}
