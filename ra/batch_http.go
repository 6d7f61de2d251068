package ra

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

const (
	pathBatches  = "/v1/batches"
	pathTemplate = "/v1/batch-template"
)

// mostSheet bounds an uploaded sheet before anything of it is looked at.
const mostSheet = 16<<20 + 1<<10

// BatchPath names one batch.
type BatchPath struct {
	ID string `path:"id" maxLength:"64"`
}

// BatchRef is a batch in the version somebody has read.
type BatchRef struct {
	Version int `json:"version" minimum:"1"`
}

// file is a spreadsheet on its way out, never shown by a browser.
func file(form, name string, content []byte, err error) (*scan, error) {
	if err != nil {
		return nil, err
	}
	media, err := mediaOf(form)
	if err != nil {
		return nil, err
	}
	out := scanOf(media, content)
	out.Disposition = `attachment; filename="` + name + "." + form + `"`
	return out, nil
}

func (r *Registration) batchRoutes(api huma.API) {
	upload := describe("batch-upload", http.MethodPost, pathBatches, "Hand in a sheet; it is judged row by row, and nothing is done yet")
	upload.MaxBodyBytes, upload.BodyReadTimeout = mostSheet, 2*time.Minute
	huma.Register(api, upload, func(ctx context.Context, in *struct {
		BatchOrder
		RawBody []byte `contentType:"application/octet-stream"`
	}) (*body[*Batch], error) {
		return reply(r.UploadBatch(ctx, in.BatchOrder, in.RawBody))
	})
	huma.Register(api, describe("batches", http.MethodGet, pathBatches, "Batches of one's subtree, newest first"),
		func(ctx context.Context, in *BatchQuery) (*body[*Page[*Batch]], error) {
			return reply(r.Batches(ctx, *in))
		})
	huma.Register(api, describe("batch", http.MethodGet, pathBatches+"/{id}", "One batch with its progress"),
		func(ctx context.Context, in *BatchPath) (*body[*Batch], error) { return reply(r.Batch(ctx, in.ID)) })
	huma.Register(api, describe("batch-rows", http.MethodGet, pathBatches+"/{id}/rows", "Rows of a batch with what is wrong with them and what came of them"),
		func(ctx context.Context, in *struct {
			BatchPath
			RowQuery
		}) (*body[[]*BatchRow], error) {
			return reply(r.BatchRows(ctx, in.ID, in.RowQuery))
		})
	huma.Register(api, describe("batch-confirm", http.MethodPost, pathBatches+"/{id}/confirm", "Register the rows of a checked batch"),
		func(ctx context.Context, in *struct {
			BatchPath
			Body Confirmation
		}) (*body[*Batch], error) {
			return reply(r.ConfirmBatch(ctx, in.ID, in.Body))
		})
	huma.Register(api, describe("batch-withdraw", http.MethodPost, pathBatches+"/{id}/withdraw", "End a batch; what was registered stays"),
		func(ctx context.Context, in *struct {
			BatchPath
			Body BatchRef
		}) (*body[*Batch], error) {
			return reply(r.WithdrawBatch(ctx, in.ID, in.Body.Version))
		})
	r.batchFileRoutes(api)
}

func (r *Registration) batchFileRoutes(api huma.API) {
	huma.Register(api, withBody(describe("batch-template", http.MethodGet, pathTemplate, "The sheet to fill in for a kind"), "application/octet-stream"),
		func(ctx context.Context, in *struct {
			Kind     Kind   `query:"kind" required:"true" maxLength:"20"`
			Language string `query:"lang" enum:"zh,en,both" default:"zh"`
		}) (*scan, error) {
			content, err := r.BatchTemplate(ctx, in.Kind, in.Language)
			return file("xlsx", "template", content, err)
		})
	huma.Register(api, withBody(describe("batch-result", http.MethodGet, pathBatches+"/{id}/result", "What came of a batch, as a file"), "application/octet-stream"),
		func(ctx context.Context, in *struct {
			BatchPath
			Form     string `query:"form" enum:"xlsx,csv" default:"xlsx"`
			Language string `query:"lang" enum:"zh,en,both" default:"zh"`
		}) (*scan, error) {
			content, err := r.BatchResult(ctx, in.ID, in.Form, in.Language)
			return file(in.Form, "result", content, err)
		})
}
