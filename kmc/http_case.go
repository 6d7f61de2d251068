package kmc

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"onecert/officer"
	"onecert/serve"
)

// The paths of what several persons do.
const (
	pathCases        = "/v1/cases"
	pathRetention    = "/v1/retention"
	pathDestructions = "/v1/destructions"
)

type caseQuery struct {
	Before string `query:"before" maxLength:"20" doc:"for the next page: the last id seen"`
	Limit  int    `query:"limit" minimum:"0" maximum:"100"`
}

type retentionQuery struct {
	After string `query:"after" maxLength:"250"`
	Limit int    `query:"limit" minimum:"0" maximum:"1000"`
}

type casePath struct {
	ID string `path:"id" maxLength:"20"`
}

// caseRoutes are judicial recovery and the end of keys; the consent of others is
// given at the approvals of the component.
func (c *Centre) caseRoutes(api *serve.API) {
	open := describe("case-open", http.MethodPost, pathCases, "Propose a judicial recovery")
	open.DefaultStatus = http.StatusAccepted
	huma.Register(api.Huma, open, func(ctx context.Context, in *body[CaseOrder]) (*body[Case], error) {
		return reply(c.OpenCase(ctx, in.Body))
	})
	huma.Register(api.Huma, describe("cases", http.MethodGet, pathCases, "Cases of judicial recovery, newest first"),
		func(ctx context.Context, in *caseQuery) (*body[[]Case], error) {
			return reply(c.Cases(ctx, in.Before, in.Limit))
		})
	huma.Register(api.Huma, describe("case", http.MethodGet, pathCases+"/{id}", "One case and how it stands"),
		func(ctx context.Context, in *casePath) (*body[Case], error) { return reply(c.Case(ctx, in.ID)) })
	huma.Register(api.Huma, describe("case-export", http.MethodPost, pathCases+"/{id}/export", "Carry out an approved case: its keys, sealed to the investigator"),
		func(ctx context.Context, in *casePath) (*body[Export], error) { return reply(c.ExportCase(ctx, in.ID)) })
	huma.Register(api.Huma, describe("retention", http.MethodGet, pathRetention, "Keys in history whose retention is over"),
		func(ctx context.Context, in *retentionQuery) (*body[Overdue], error) {
			return reply(c.Retention(ctx, in.After, in.Limit))
		})
	destroy := describe("destroy", http.MethodPost, pathDestructions, "Propose to destroy keys after their retention")
	destroy.DefaultStatus = http.StatusAccepted
	huma.Register(api.Huma, destroy, func(ctx context.Context, in *body[Destruction]) (*body[officer.Receipt], error) {
		return reply(c.Destroy(ctx, in.Body))
	})
}
