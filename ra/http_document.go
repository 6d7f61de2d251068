package ra

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// mostUpload bounds an upload before anything of it is looked at.
const mostUpload = 10<<20 + 1<<10

// scan is a document on its way out. It is shown by a browser without any right: no
// script, no frame, no address of ours.
type scan struct {
	ContentType string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Policy      string `header:"Content-Security-Policy"`
	Sniff       string `header:"X-Content-Type-Options"`
	Cache       string `header:"Cache-Control"`
	Body        []byte
}

func scanOf(mediaType string, content []byte) *scan {
	return &scan{mediaType, "inline", "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:", "nosniff", "private, no-store", content}
}

// AttachedPath names a document of an application.
type AttachedPath struct {
	ApplicationPath
	Hash string `path:"hash" minLength:"64" maxLength:"64"`
}

func (r *Registration) documentRoutes(api huma.API) {
	attach := describe("attach", http.MethodPost, pathApplications+"/{id}/documents", "Attach a scan: PDF, JPEG or PNG, told by its content")
	attach.MaxBodyBytes = mostUpload
	huma.Register(api, attach, func(ctx context.Context, in *struct {
		ApplicationPath
		Version int    `query:"version" required:"true" minimum:"1"`
		Sort    string `query:"sort" required:"true" maxLength:"30"`
		Name    string `query:"name" maxLength:"200"`
		RawBody []byte `contentType:"application/octet-stream"`
	}) (*body[*Application], error) {
		return reply(r.Attach(ctx, in.ID, in.Version, in.Sort, in.Name, in.RawBody))
	})
	huma.Register(api, describe("detach", http.MethodPost, pathApplications+"/{id}/documents/{hash}/detach", "Take a scan out again"),
		func(ctx context.Context, in *struct {
			AttachedPath
			Version int `query:"version" required:"true" minimum:"1"`
		}) (*body[*Application], error) {
			return reply(r.Detach(ctx, in.ID, in.Version, in.Hash))
		})
	huma.Register(api, withBody(describe("document", http.MethodGet, pathApplications+"/{id}/documents/{hash}", "A scan, as it was attached"), "application/octet-stream"),
		func(ctx context.Context, in *AttachedPath) (*scan, error) {
			d, content, err := r.OpenDocument(ctx, in.ID, in.Hash)
			if err != nil {
				return nil, err
			}
			return scanOf(d.MediaType, content), nil
		})
	huma.Register(api, withBody(describe("form", http.MethodGet, pathApplications+"/{id}/form", "The application as a form to print and sign"), "text/html"),
		func(ctx context.Context, in *struct {
			ApplicationPath
			Language string `query:"lang" enum:"zh,en" default:"zh"`
		}) (*scan, error) {
			page, err := r.Form(ctx, in.ID, in.Language)
			if err != nil {
				return nil, err
			}
			return scanOf("text/html; charset=utf-8", page), nil
		})
}

// withBody describes an answer that is not JSON.
func withBody(o huma.Operation, mediaType string) huma.Operation {
	o.Responses = map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{mediaType: {Schema: &huma.Schema{Type: "string", Format: "binary"}}}}}
	return o
}
