package wire

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"onecert/audit"
	"onecert/ca"
	"onecert/officer"
	"onecert/serve"
)

type body[T any] struct{ Body T }

func operation(id, method, path, summary string) huma.Operation {
	return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary,
		Security: []map[string][]string{{"mutualTLS": {}}}}
}

// CodeOrder asks for a one-time code that enrols a key.
type CodeOrder struct {
	Name string `json:"name" maxLength:"64"`
	Role string `json:"role" maxLength:"20"`
	Days int    `json:"days,omitempty" minimum:"0" maximum:"7" doc:"how long the code is good; 1 if not said"`
}

// life is how long the code is good.
func (o CodeOrder) life() time.Duration { return time.Duration(max(o.Days, 1)) * 24 * time.Hour }

// Code is shown once.
type Code struct {
	Code string `json:"code"`
}

// officerRoutes are the operations on a component's registry of officers and its
// audit log; every component has the same.
func officerRoutes(api huma.API, d desk) {
	huma.Register(api, operation("officers", http.MethodGet, pathOfficers, "Who may operate, by name; after the last of a page the next begins"),
		func(ctx context.Context, in *officerQuery) (*body[[]officer.Officer], error) {
			all, err := d.listed(ctx, officer.Query(*in))
			return &body[[]officer.Officer]{all}, err
		})
	huma.Register(api, operation("officer-code", http.MethodPost, pathCodes, "A one-time code that enrols an officer or a site"),
		func(ctx context.Context, in *body[CodeOrder]) (*body[Code], error) {
			if err := d.reach(ctx, officer.WriteOfficers, in.Body.Name); err != nil {
				return nil, err
			}
			code, err := d.registry.NewCode(ctx, in.Body.Role, in.Body.Name, in.Body.life())
			return &body[Code]{Code{code}}, err
		})
	huma.Register(api, operation("officer-end", http.MethodPost, pathOfficers+"/{fingerprint}/end", "End the rights of a certificate"),
		func(ctx context.Context, in *struct {
			Fingerprint string `path:"fingerprint" minLength:"64" maxLength:"64"`
		}) (*struct{}, error) {
			name, err := d.registry.Named(ctx, in.Fingerprint)
			if err != nil {
				return nil, err
			}
			if err := d.reach(ctx, officer.WriteOfficers, name); err != nil {
				return nil, err
			}
			return nil, d.registry.End(ctx, in.Fingerprint)
		})
	huma.Register(api, operation("audit", http.MethodGet, pathAudit, "The audit log from a number on"),
		func(ctx context.Context, in *auditQuery) (*body[[]audit.Entry], error) {
			if err := d.whole(ctx, officer.ReadAudit); err != nil {
				return nil, err
			}
			all, err := d.log.Search(ctx, audit.Query{From: in.From, Limit: in.Limit, Act: in.Act, Object: in.Object, Subject: in.Subject, Actor: in.Actor,
				Result: audit.Result(in.Result), Since: in.Since, Until: in.Until, Newest: in.Newest, Before: in.Before})
			if all == nil {
				all = []audit.Entry{}
			}
			return &body[[]audit.Entry]{all}, err
		})
	auditProofRoute(api, d)
	approvalRoutes(api, d)
}

type officerQuery struct {
	Name  string `query:"name" maxLength:"64" doc:"a part of it"`
	Role  string `query:"role" maxLength:"20"`
	State string `query:"state" enum:"active,ended" doc:"of both if not said"`
	After string `query:"after" maxLength:"64" doc:"for the next page: the fingerprint of the last that was read"`
	Limit int    `query:"limit" minimum:"0" maximum:"200" doc:"how many at most; 50 if not said"`
}

type auditQuery struct {
	From    int64     `query:"from" minimum:"0"`
	Limit   int       `query:"limit" minimum:"0" maximum:"1000"`
	Actor   string    `query:"actor" maxLength:"64"`
	Act     string    `query:"act" maxLength:"64"`
	Object  string    `query:"object" maxLength:"128"`
	Subject string    `query:"subject" maxLength:"128"`
	Result  string    `query:"result" enum:"done,refused,failed"`
	Since   time.Time `query:"since" doc:"not before"`
	Until   time.Time `query:"until" doc:"before"`
	Newest  bool      `query:"newest" doc:"the newest first"`
	Before  int64     `query:"before" minimum:"0" doc:"numbers below this; 0: no limit"`
}

// What the components' APIs are called.
const (
	titleCA  = "OneCert CA"
	titleKMC = "OneCert KMC"
	titleRA  = "OneCert RA"
)

// caRoutes puts every operation of a CA on its API.
func caRoutes(api *serve.API, room *ca.CA, registry *officer.Registry, log *audit.Log) {
	room.Routes(api.Huma)
	officerRoutes(api.Huma, desk{registry: registry, log: log})
	enrolRoute(api.Huma, room)
}

// enrolRoute lets the holder of a one-time code become an officer of the CA. It is
// the one operation that needs no certificate.
func enrolRoute(api huma.API, room *ca.CA) {
	enrol := huma.Operation{OperationID: "enrol", Method: http.MethodPost, Path: pathEnrolments, Summary: "Become an officer or a site with a one-time code"}
	huma.Register(api, enrol, func(ctx context.Context, in *body[ca.Enrolment]) (*body[ca.Enrolled], error) {
		done, err := room.Enrol(ctx, in.Body)
		if err != nil {
			return nil, err
		}
		return &body[ca.Enrolled]{*done}, nil
	})
}
