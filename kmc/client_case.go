package kmc

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"onecert/officer"
	"onecert/serve"
)

// OpenCase is Centre.OpenCase.
func (c *Client) OpenCase(ctx context.Context, o CaseOrder) (Case, error) {
	return serve.Call[CaseOrder, Case](ctx, c.config.API, http.MethodPost, pathCases, &o)
}

// Cases is Centre.Cases.
func (c *Client) Cases(ctx context.Context, before string, limit int) ([]Case, error) {
	return serve.Call[struct{}, []Case](ctx, c.config.API, http.MethodGet, pathCases+page("before", before, limit), nil)
}

// Case is Centre.Case.
func (c *Client) Case(ctx context.Context, id string) (Case, error) {
	return serve.Call[struct{}, Case](ctx, c.config.API, http.MethodGet, pathCases+"/"+url.PathEscape(id), nil)
}

// ExportCase is Centre.ExportCase.
func (c *Client) ExportCase(ctx context.Context, id string) (Export, error) {
	return serve.Call[struct{}, Export](ctx, c.config.API, http.MethodPost, pathCases+"/"+url.PathEscape(id)+"/export", nil)
}

// Retention is Centre.Retention.
func (c *Client) Retention(ctx context.Context, after string, limit int) (Overdue, error) {
	return serve.Call[struct{}, Overdue](ctx, c.config.API, http.MethodGet, pathRetention+page("after", after, limit), nil)
}

// Destroy is Centre.Destroy.
func (c *Client) Destroy(ctx context.Context, d Destruction) (officer.Receipt, error) {
	return serve.Call[Destruction, officer.Receipt](ctx, c.config.API, http.MethodPost, pathDestructions, &d)
}

// page is the query of a page.
func page(name, from string, limit int) string {
	query := url.Values{}
	if from != "" {
		query.Set(name, from)
	}
	if limit != 0 {
		query.Set("limit", strconv.Itoa(limit))
	}
	if len(query) == 0 {
		return ""
	}
	return "?" + query.Encode()
}
