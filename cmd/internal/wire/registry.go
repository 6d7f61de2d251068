package wire

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"onecert/ca"
	"onecert/officer"
	"onecert/serve"
)

// The paths of the operations every component has.
const (
	pathOfficers   = "/v1/officers"
	pathCodes      = "/v1/officers/codes"
	pathEnrolments = "/v1/enrolments"
	pathSuccessors = "/v1/officers/successors"
	pathAudit      = "/v1/audit"
	pathApprovals  = "/v1/approvals"
)

// Registry is a component's registry of officers across the network.
type Registry struct{ c *serve.Client }

// List returns who may operate, ended registrations too.
func (r *Registry) List(ctx context.Context) ([]officer.Officer, error) {
	for all, after := []officer.Officer{}, ""; ; {
		some, err := serve.Call[struct{}, []officer.Officer](ctx, r.c, http.MethodGet, fmt.Sprintf("%s?limit=%d&after=%s", pathOfficers, officer.MostAtOnce, after), nil)
		if all = append(all, some...); err != nil || len(some) < officer.MostAtOnce {
			return all, err
		}
		after = some[len(some)-1].Fingerprint
	}
}

// Code returns a one-time code; it is shown this once.
func (r *Registry) Code(ctx context.Context, order CodeOrder) (string, error) {
	code, err := serve.Call[CodeOrder, Code](ctx, r.c, http.MethodPost, pathCodes, &order)
	return code.Code, err
}

// End takes the rights of a certificate, named by its fingerprint, for good.
func (r *Registry) End(ctx context.Context, fingerprint string) error {
	_, err := serve.Call[struct{}, struct{}](ctx, r.c, http.MethodPost, pathOfficers+"/"+url.PathEscape(fingerprint)+"/end", nil)
	return err
}

// stranger is a connection without a certificate of one's own, for what a code is
// the right to.
func stranger(server string, trust []byte) (*serve.Client, error) {
	roots, err := TrustPool(trust)
	if err != nil {
		return nil, err
	}
	return serve.NewClient(server, serve.ClientTLS(nil, roots, nil))
}

// Enrol turns a code into a certificate at a CA. trust is a PEM text of roots.
func Enrol(ctx context.Context, server string, trust []byte, e ca.Enrolment) (ca.Enrolled, error) {
	c, err := stranger(server, trust)
	if err != nil {
		return ca.Enrolled{}, err
	}
	return serve.Call[ca.Enrolment, ca.Enrolled](ctx, c, http.MethodPost, pathEnrolments, &e)
}

// Join registers a certificate at a KMC with a code. trust is a PEM text of roots.
func Join(ctx context.Context, server string, trust []byte, order JoinOrder) (Joined, error) {
	c, err := stranger(server, trust)
	if err != nil {
		return Joined{}, err
	}
	return serve.Call[JoinOrder, Joined](ctx, c, http.MethodPost, pathEnrolments, &order)
}
