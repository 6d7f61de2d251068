package ca

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"onecert/officer"
	"onecert/pki"
	"onecert/status"
)

// The paths of the API; the client uses the same.
const (
	pathOrders       = "/v1/orders"
	pathCertificates = "/v1/certificates"
	pathIssuers      = "/v1/issuers"
	pathProfiles     = "/v1/profiles"
	pathHolders      = "/v1/holders"
)

type body[T any] struct{ Body T }

// CertificatePath names one certificate; huma sees embedded structs by exported name only.
type CertificatePath struct {
	Issuer string `path:"issuer" maxLength:"32"`
	Serial string `path:"serial" maxLength:"64" doc:"hexadecimal"`
}

type certificateCall[T any] struct {
	CertificatePath
	Body T
}

// Routes puts the CA's operations on an API. The methods check who is asking.
func (ca *CA) Routes(api huma.API) {
	ca.orderRoutes(api)
	ca.certificateRoutes(api)
	ca.stateRoutes(api)
	ca.listRoutes(api)
	ca.publishedRoute(api)
	ca.proposalRoutes(api)
	ca.holderKeyRoutes(api)
	ca.crlRoutes(api)
	status.NewOrigin(ca.cfg.Status, nil).Routes(api, func(ctx context.Context) error {
		_, err := ca.cfg.Check(ctx, officer.FollowStatus)
		return err
	})
}

func operation(id, method, path, summary string) huma.Operation {
	return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary,
		Security: []map[string][]string{{"mutualTLS": {}}}}
}

// reply wraps a method's answer for huma.
func reply[T any](answer *T, err error) (*body[T], error) {
	if err != nil {
		return nil, err
	}
	return &body[T]{*answer}, nil
}

func (ca *CA) orderRoutes(api huma.API) {
	huma.Register(api, operation("issue", http.MethodPost, pathOrders, "Issue a certificate or a dual pair"),
		func(ctx context.Context, in *body[Order]) (*body[Issued], error) {
			return reply(ca.Issue(ctx, in.Body))
		})
	huma.Register(api, operation("order", http.MethodGet, pathOrders+"/{application}", "What was issued for an application"),
		func(ctx context.Context, in *struct {
			Application string `path:"application" maxLength:"64"`
		}) (*body[Issued], error) {
			return reply(ca.Order(ctx, in.Application))
		})
	huma.Register(api, operation("identify", http.MethodPost, pathHolders, "Turn an identity document into its holder id"),
		func(ctx context.Context, in *body[Identity]) (*body[holderAnswer], error) {
			holder, err := ca.Identify(ctx, in.Body)
			return reply(&holderAnswer{holder}, err)
		})
}

type holderAnswer struct {
	Holder string `json:"holder"`
}

func (ca *CA) certificateRoutes(api huma.API) {
	type follow func(context.Context, string, pki.Serial, Change) (*Issued, error)
	for _, r := range []struct {
		id, summary string
		act         follow
	}{
		{actRenew, "New certificates in the same keys with a new validity", ca.Renew},
		{actReissue, "New certificates in new keys; the old ones are revoked", ca.Reissue},
		{actModify, "New certificates in the same keys with other data; the old ones are revoked", ca.Modify},
	} {
		huma.Register(api, operation(r.id, http.MethodPost, pathCertificates+"/{issuer}/{serial}/"+r.id, r.summary),
			func(ctx context.Context, in *certificateCall[Change]) (*body[Issued], error) {
				serial, err := pki.ParseSerial(in.Serial)
				if err != nil {
					return nil, err
				}
				return reply(r.act(ctx, in.Issuer, serial, in.Body))
			})
	}
}

func (ca *CA) stateRoutes(api huma.API) {
	huma.Register(api, operation("revoke", http.MethodPost, pathCertificates+"/{issuer}/{serial}/revoke", "End a certificate and its pair for good"),
		func(ctx context.Context, in *certificateCall[Revocation]) (*body[Certificate], error) {
			serial, err := pki.ParseSerial(in.Serial)
			if err != nil {
				return nil, err
			}
			return reply(ca.Revoke(ctx, in.Issuer, serial, in.Body))
		})
	for _, r := range []struct {
		id, summary string
		act         func(context.Context, string, pki.Serial) (*Certificate, error)
	}{
		{"hold", "Freeze a certificate and its pair", ca.Hold},
		{"release", "End a hold", ca.Release},
	} {
		huma.Register(api, operation(r.id, http.MethodPost, pathCertificates+"/{issuer}/{serial}/"+r.id, r.summary),
			func(ctx context.Context, in *CertificatePath) (*body[Certificate], error) {
				serial, err := pki.ParseSerial(in.Serial)
				if err != nil {
					return nil, err
				}
				return reply(r.act(ctx, in.Issuer, serial))
			})
	}
	huma.Register(api, operation("show", http.MethodGet, pathCertificates+"/{issuer}/{serial}", "A certificate and its state"),
		func(ctx context.Context, in *CertificatePath) (*body[Certificate], error) {
			serial, err := pki.ParseSerial(in.Serial)
			if err != nil {
				return nil, err
			}
			return reply(ca.Show(ctx, in.Issuer, serial))
		})
	huma.Register(api, operation("state-at", http.MethodGet, pathCertificates+"/{issuer}/{serial}/state", "A certificate's state at a moment, with the journal entry that proves it"),
		func(ctx context.Context, in *struct {
			CertificatePath
			At time.Time `query:"at" required:"true"`
		}) (*body[Moment], error) {
			serial, err := pki.ParseSerial(in.Serial)
			if err != nil {
				return nil, err
			}
			return reply(ca.At(ctx, in.Issuer, serial, in.At))
		})
}

type listQuery struct {
	Issuer  string `query:"issuer" maxLength:"32"`
	Holder  string `query:"holder" maxLength:"64"`
	Profile string `query:"profile" maxLength:"41"`
	Subject string `query:"subject" maxLength:"128" doc:"part of the subject"`
	After   string `query:"after" maxLength:"96"`
	Limit   int    `query:"limit" minimum:"0" maximum:"1000"`
}

func (ca *CA) listRoutes(api huma.API) {
	huma.Register(api, operation("list", http.MethodGet, pathCertificates, "Certificates by filter"),
		func(ctx context.Context, in *listQuery) (*body[Page], error) { return reply(ca.List(ctx, Filter(*in))) })
	huma.Register(api, operation("issuers", http.MethodGet, pathIssuers, "Every issuing CA"),
		func(ctx context.Context, _ *struct{}) (*body[[]IssuerView], error) {
			all, err := ca.Issuers(ctx)
			return reply(&all, err)
		})
	huma.Register(api, operation("profiles", http.MethodGet, pathProfiles, "Every profile with its hash"),
		func(ctx context.Context, _ *struct{}) (*body[[]ProfileView], error) {
			all, err := ca.Profiles(ctx)
			return reply(&all, err)
		})
}
