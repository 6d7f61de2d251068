package wire

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"onecert/officer"
	"onecert/serve"
)

// Consent is what a person agrees to: the digest the proposal shows.
type Consent struct {
	Digest string `json:"digest" minLength:"64" maxLength:"64"`
}

// Objection ends a proposal.
type Objection struct {
	Reason string `json:"reason,omitempty" maxLength:"1000" doc:"a rejection has to say why"`
}

type approvalPath struct {
	ID string `path:"id" maxLength:"20"`
}

type approvalQuery struct {
	Waiting bool   `query:"waiting" doc:"only those that wait for the one who asks"`
	Ended   bool   `query:"ended" doc:"those that have ended too"`
	Before  string `query:"before" maxLength:"20" doc:"for the next page: the last id seen"`
	Limit   int    `query:"limit" minimum:"0" maximum:"200"`
}

// approvalRoutes are the consent to acts of several persons; the acts themselves
// propose. The methods check who is asking.
func approvalRoutes(api huma.API, d desk) {
	huma.Register(api, operation("approvals", http.MethodGet, pathApprovals, "Acts that wait for consent, newest first"),
		func(ctx context.Context, in *approvalQuery) (*body[[]officer.Approval], error) {
			if err := d.whole(ctx, officer.ReadApprovals); err != nil {
				return nil, err
			}
			all, err := d.registry.Approvals(ctx, officer.ApprovalQuery(*in))
			if err != nil {
				return nil, err
			}
			return &body[[]officer.Approval]{all}, nil
		})
	huma.Register(api, operation("approval", http.MethodGet, pathApprovals+"/{id}", "One proposal with its content"),
		func(ctx context.Context, in *approvalPath) (*body[officer.Approval], error) {
			if err := d.whole(ctx, officer.ReadApprovals); err != nil {
				return nil, err
			}
			return asShown(d.registry.Approval(ctx, in.ID))
		})
	huma.Register(api, operation("approve", http.MethodPost, pathApprovals+"/{id}/approve", "Agree to exactly what the digest names"),
		func(ctx context.Context, in *struct {
			ID   string `path:"id" maxLength:"20"`
			Body Consent
		}) (*body[officer.Approval], error) {
			if err := d.whole(ctx, officer.DecideApproval); err != nil {
				return nil, err
			}
			return asShown(d.registry.Approve(ctx, in.ID, in.Body.Digest))
		})
	for _, r := range []struct {
		id, summary string
		op          officer.Operation
		act         func(context.Context, string, string) (officer.Approval, error)
	}{
		{"reject", "End somebody else's proposal", officer.DecideApproval, func(ctx context.Context, id, reason string) (officer.Approval, error) {
			return d.registry.Reject(ctx, id, reason)
		}},
		{"withdraw", "End one's own proposal", officer.WithdrawApproval, func(ctx context.Context, id, reason string) (officer.Approval, error) {
			return d.registry.Withdraw(ctx, id, reason)
		}},
	} {
		huma.Register(api, operation(r.id, http.MethodPost, pathApprovals+"/{id}/"+r.id, r.summary),
			func(ctx context.Context, in *struct {
				ID   string `path:"id" maxLength:"20"`
				Body Objection
			}) (*body[officer.Approval], error) {
				if err := d.whole(ctx, r.op); err != nil {
					return nil, err
				}
				return asShown(r.act(ctx, in.ID, in.Body.Reason))
			})
	}
}

func asShown(a officer.Approval, err error) (*body[officer.Approval], error) {
	if err != nil {
		return nil, err
	}
	return &body[officer.Approval]{a}, nil
}

// Approvals is officer.Registry's.
func (r *Registry) Approvals(ctx context.Context, q officer.ApprovalQuery) ([]officer.Approval, error) {
	query := url.Values{}
	for name, set := range map[string]bool{"waiting": q.Waiting, "ended": q.Ended} {
		if set {
			query.Set(name, "true")
		}
	}
	if q.Before != "" {
		query.Set("before", q.Before)
	}
	if q.Limit != 0 {
		query.Set("limit", strconv.Itoa(q.Limit))
	}
	path := pathApprovals
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return serve.Call[struct{}, []officer.Approval](ctx, r.c, http.MethodGet, path, nil)
}

// Approval is officer.Registry's.
func (r *Registry) Approval(ctx context.Context, id string) (officer.Approval, error) {
	return serve.Call[struct{}, officer.Approval](ctx, r.c, http.MethodGet, pathApprovals+"/"+url.PathEscape(id), nil)
}

// Approve is officer.Registry's.
func (r *Registry) Approve(ctx context.Context, id, digest string) (officer.Approval, error) {
	return serve.Call[Consent, officer.Approval](ctx, r.c, http.MethodPost, pathApprovals+"/"+url.PathEscape(id)+"/approve", &Consent{digest})
}

// Reject is officer.Registry's.
func (r *Registry) Reject(ctx context.Context, id, reason string) (officer.Approval, error) {
	return serve.Call[Objection, officer.Approval](ctx, r.c, http.MethodPost, pathApprovals+"/"+url.PathEscape(id)+"/reject", &Objection{reason})
}

// Withdraw is officer.Registry's.
func (r *Registry) Withdraw(ctx context.Context, id, reason string) (officer.Approval, error) {
	return serve.Call[Objection, officer.Approval](ctx, r.c, http.MethodPost, pathApprovals+"/"+url.PathEscape(id)+"/withdraw", &Objection{reason})
}
