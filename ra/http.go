package ra

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// The paths of the API; the client uses the same.
const (
	pathMe           = "/v1/me"
	pathKinds        = "/v1/kinds"
	pathApplications = "/v1/applications"
	pathCertificates = "/v1/certificates"
	pathNodes        = "/v1/nodes"
	pathPosts        = "/v1/posts"
)

type body[T any] struct{ Body T }

// ApplicationPath names one application; huma sees embedded structs by exported name only.
type ApplicationPath struct {
	ID string `path:"id" maxLength:"64"`
}

func describe(id, method, path, summary string) huma.Operation {
	return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Security: []map[string][]string{{"mutualTLS": {}}}}
}

// reply wraps a method's answer for huma.
func reply[T any](answer T, err error) (*body[T], error) {
	if err != nil {
		return nil, err
	}
	return &body[T]{answer}, nil
}

// Routes puts the registration's operations on an API. The methods check who is asking.
func (r *Registration) Routes(api huma.API) {
	r.Once(api)
	huma.Register(api, describe("me", http.MethodGet, pathMe, "Who one is here, where, and by which papers"),
		func(ctx context.Context, _ *struct{}) (*body[*Me], error) { return reply(r.Me(ctx)) })
	huma.Register(api, describe("kinds", http.MethodGet, pathKinds, "What is asked of an applicant, by kind of certificate"),
		func(ctx context.Context, _ *struct{}) (*body[[]KindView], error) { return reply(r.Kinds(ctx)) })
	r.applicationRoutes(api)
	r.decisionRoutes(api)
	r.treeRoutes(api)
	r.ruleRoutes(api)
	r.receiptRoutes(api)
	r.branchRoutes(api)
	r.systemRoutes(api)
	r.archiveRoutes(api)
	r.documentRoutes(api)
	r.batchRoutes(api)
	r.statisticsRoutes(api)
	r.replicaRoutes(api)
	r.carryRoutes(api)
	r.deliveryRoutes(api)
	r.workRoutes(api)
	r.announcementRoutes(api)
}

func (r *Registration) applicationRoutes(api huma.API) {
	huma.Register(api, describe("register", http.MethodPost, pathApplications, "Enter an application as a draft"),
		func(ctx context.Context, in *body[Entry]) (*body[*Application], error) {
			return reply(r.Register(ctx, in.Body))
		})
	huma.Register(api, describe("applications", http.MethodGet, pathApplications, "Applications of one's subtree, newest first"),
		func(ctx context.Context, in *Query) (*body[*Page[*Application]], error) {
			return reply(r.Applications(ctx, *in))
		})
	huma.Register(api, describe("application", http.MethodGet, pathApplications+"/{id}", "One application with what is possible now"),
		func(ctx context.Context, in *ApplicationPath) (*body[*Application], error) {
			return reply(r.Application(ctx, in.ID))
		})
	huma.Register(api, describe("edit", http.MethodPost, pathApplications+"/{id}/edit", "Change a draft or a returned application"),
		func(ctx context.Context, in *struct {
			ApplicationPath
			Body EditOf
		}) (*body[*Application], error) {
			return reply(r.Edit(ctx, in.ID, in.Body))
		})
	huma.Register(api, describe("history", http.MethodGet, pathApplications+"/{id}/history", "Everything that happened to an application"),
		func(ctx context.Context, in *ApplicationPath) (*body[[]Moment], error) {
			return reply(r.History(ctx, in.ID))
		})
	huma.Register(api, describe("unmask", http.MethodPost, pathApplications+"/{id}/unmask", "The sensitive fields, for a reason that is recorded"),
		func(ctx context.Context, in *struct {
			ApplicationPath
			Body Unmasking
		}) (*body[map[string]string], error) {
			return reply(r.Unmasked(ctx, in.ID, in.Body.Reason))
		})
	huma.Register(api, describe("result", http.MethodGet, pathApplications+"/{id}/result", "What was made for an application, to hand over"),
		func(ctx context.Context, in *ApplicationPath) (*body[*Made], error) {
			return reply(r.Result(ctx, in.ID))
		})
	huma.Register(api, describe("certificates", http.MethodGet, pathCertificates, "What the holders of one's subtree have"),
		func(ctx context.Context, in *CertificateQuery) (*body[*Page[*Certificate]], error) {
			return reply(r.Certificates(ctx, *in))
		})
}

// Unmasking asks for sensitive fields.
type Unmasking struct {
	Reason string `json:"reason" minLength:"4" maxLength:"200"`
}

// decision is an act of an officer on an application.
type decision func(context.Context, string, Decision) (*Application, error)

func (r *Registration) decisionRoutes(api huma.API) {
	for _, d := range []struct {
		id, summary string
		act         decision
	}{
		{"submit", "Hand an application to review", r.Submit},
		{"return", "Send it back for correction", r.Return},
		{"approve", "Consent to it", r.Approve},
		{"reject", "End it", r.Reject},
		{"withdraw", "Take it back", r.Withdraw},
		{"issue", "Carry out what was approved", r.CarryOut},
		{"deliver", "Note that it was handed over", r.HandOver},
	} {
		huma.Register(api, describe("application-"+d.id, http.MethodPost, pathApplications+"/{id}/"+d.id, d.summary),
			func(ctx context.Context, in *struct {
				ApplicationPath
				Body Decision
			}) (*body[*Application], error) {
				return reply(d.act(ctx, in.ID, in.Body))
			})
	}
}

// NodeChange says how a node is to stand.
type NodeChange struct {
	Version int       `json:"version" minimum:"1"`
	State   NodeState `json:"state" enum:"active,suspended,closed"`
}

func (r *Registration) treeRoutes(api huma.API) {
	huma.Register(api, describe("nodes", http.MethodGet, pathNodes, "The tree from one's own node down"),
		func(ctx context.Context, in *NodeQuery) (*body[*Page[Node]], error) { return reply(r.Nodes(ctx, *in)) })
	huma.Register(api, describe("node-add", http.MethodPost, pathNodes, "Hang a node below another; it waits for approval"),
		func(ctx context.Context, in *body[Node]) (*body[*Node], error) { return reply(r.AddNode(ctx, in.Body)) })
	huma.Register(api, describe("node-change", http.MethodPut, pathNodes, "Change a node's name, rights and papers"),
		func(ctx context.Context, in *body[Node]) (*body[*Node], error) {
			return reply(r.ChangeNode(ctx, in.Body))
		})
	huma.Register(api, describe("node-state", http.MethodPost, pathNodes+"/{id}/state", "Approve, suspend, resume or close a node"),
		func(ctx context.Context, in *struct {
			ID   string `path:"id" maxLength:"24"`
			Body NodeChange
		}) (*body[*Node], error) {
			return reply(r.SetNode(ctx, in.ID, in.Body.Version, in.Body.State))
		})
	huma.Register(api, describe("posts", http.MethodGet, pathPosts, "Who sits where in one's subtree"),
		func(ctx context.Context, in *PostQuery) (*body[*Page[Post]], error) { return reply(r.Posts(ctx, *in)) })
	huma.Register(api, describe("post-set", http.MethodPut, pathPosts, "Say where an officer sits, and until when"),
		func(ctx context.Context, in *body[Post]) (*body[*Post], error) { return reply(r.SetPost(ctx, in.Body)) })
}

// KindView is a kind of certificate with its form.
type KindView struct {
	Kind      Kind       `json:"kind"`
	Fields    []Field    `json:"fields"`
	Materials []Material `json:"materials"`
}

// Kinds lists the kinds one can apply for, with what is asked.
func (r *Registration) Kinds(ctx context.Context) ([]KindView, error) {
	all := []KindView{}
	for _, k := range Kinds() {
		all = append(all, KindView{k, Fields(k), Materials(k)})
	}
	return all, nil
}
