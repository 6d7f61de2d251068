package ra

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

const (
	pathSystems = "/v1/systems"
	pathGlances = "/v1/glances"
)

// SystemPath names one application that uses certificates.
type SystemPath struct {
	ID string `path:"id" maxLength:"40"`
}

// SystemChange says how an entry is to stand.
type SystemChange struct {
	Version int         `json:"version" minimum:"1"`
	State   SystemState `json:"state" enum:"active,ended"`
}

func (r *Registration) systemRoutes(api huma.API) {
	huma.Register(api, describe("systems", http.MethodGet, pathSystems, "Applications one's branch can use"),
		func(ctx context.Context, in *SystemQuery) (*body[*Page[*System]], error) {
			return reply(r.Systems(ctx, *in))
		})
	huma.Register(api, describe("system-set", http.MethodPut, pathSystems, "Register or change an application; another person approves it"),
		func(ctx context.Context, in *body[System]) (*body[*System], error) {
			return reply(r.SetSystem(ctx, in.Body))
		})
	huma.Register(api, describe("system-state", http.MethodPost, pathSystems+"/{id}/state", "Approve an application's entry, or end it"),
		func(ctx context.Context, in *struct {
			SystemPath
			Body SystemChange
		}) (*body[*System], error) {
			return reply(r.SetSystemState(ctx, in.ID, in.Body.Version, in.Body.State))
		})
	huma.Register(api, withBody(describe("systems-file", http.MethodGet, pathSystems+"/file", "注册机构/应用单位/应用系统 as a file"), "application/octet-stream"),
		func(ctx context.Context, in *struct {
			Form string `query:"form" enum:"xlsx,csv" default:"xlsx"`
		}) (*scan, error) {
			content, err := r.SystemsFile(ctx, in.Form)
			if err != nil {
				return nil, err
			}
			file := scanOf("application/octet-stream", content)
			file.Disposition = `attachment; filename="systems.` + in.Form + `"`
			return file, nil
		})
	r.memberRoutes(api)
}

func (r *Registration) memberRoutes(api huma.API) {
	huma.Register(api, describe("members", http.MethodGet, pathSystems+"/{id}/members", "How the certificates of an application's members stand, for its ministry"),
		func(ctx context.Context, in *struct {
			SystemPath
			MemberQuery
		}) (*body[*Page[*Standing]], error) {
			return reply(r.Members(ctx, in.ID, in.MemberQuery))
		})
	huma.Register(api, describe("member-add", http.MethodPost, pathSystems+"/{id}/members", "Note that a holder uses an application"),
		func(ctx context.Context, in *struct {
			SystemPath
			Body Membership
		}) (*struct{}, error) {
			return nil, r.AddMember(ctx, in.ID, in.Body)
		})
	huma.Register(api, describe("member-remove", http.MethodPost, pathSystems+"/{id}/members/remove", "Note that a holder uses it no more"),
		func(ctx context.Context, in *struct {
			SystemPath
			Body Membership
		}) (*struct{}, error) {
			return nil, r.RemoveMember(ctx, in.ID, in.Body)
		})
	huma.Register(api, describe("glances", http.MethodGet, pathGlances, "When ministries looked at holders of one's subtree"),
		func(ctx context.Context, in *ListQuery) (*body[*Page[Glance]], error) {
			return reply(r.Glances(ctx, *in))
		})
}
