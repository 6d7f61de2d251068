package ra

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"onecert/pki"
)

// The paths of self-service, at a listener of its own.
const (
	pathSelfCertificates = "/v1/self/certificates"
	pathSelfApplications = "/v1/self/applications"
	pathSelfLedger       = "/v1/self/ledger"
	pathSelfContact      = "/v1/self/contact"
	pathSelfLoss         = "/v1/self/loss"
	pathSelfLook         = "/v1/self/look"
)

// Source is where a call of nobody came from; huma fills it in.
type Source struct{ address string }

// Resolve implements huma.Resolver.
func (s *Source) Resolve(ctx huma.Context) []error {
	s.address = ctx.RemoteAddr()
	return nil
}

// open describes an operation that nobody has to be known for.
func open(id, method, path, summary string) huma.Operation {
	return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary}
}

// SelfRoutes puts self-service on an API: for holders by their certificates, and for
// anybody by codes. It belongs on a listener of its own, whose peers are identified by
// HolderOf and not required; officers have nothing to do there.
func (r *Registration) SelfRoutes(api huma.API) {
	f := r.Self()
	f.once(api)
	huma.Register(api, describe("self-certificates", http.MethodGet, pathSelfCertificates, "One's own certificates, what ends last first"),
		func(ctx context.Context, in *ListQuery) (*body[*Page[*Certificate]], error) {
			return reply(f.MyCertificates(ctx, *in))
		})
	huma.Register(api, describe("self-download", http.MethodGet, pathSelfCertificates+"/{issuer}/{serial}", "One's own certificate with its chain"),
		func(ctx context.Context, in *struct {
			Issuer string     `path:"issuer" maxLength:"32"`
			Serial pki.Serial `path:"serial" maxLength:"64"`
		}) (*body[*Copies], error) {
			return reply(f.Download(ctx, in.Issuer, in.Serial))
		})
	huma.Register(api, describe("self-renew", http.MethodPost, pathSelfCertificates+"/renew", "Apply for the renewal of one's own certificate"),
		func(ctx context.Context, in *body[Which]) (*body[*Progress], error) {
			return reply(f.RenewMine(ctx, in.Body))
		})
	huma.Register(api, describe("self-applications", http.MethodGet, pathSelfApplications, "What is applied for one, the newest first"),
		func(ctx context.Context, in *ListQuery) (*body[*Page[*Progress]], error) {
			return reply(f.MyApplications(ctx, *in))
		})
	huma.Register(api, describe("self-ledger", http.MethodGet, pathSelfLedger, "What was done with one's escrowed keys, oldest first"),
		func(ctx context.Context, in *TouchQuery) (*body[[]Touch], error) { return reply(f.MyLedger(ctx, *in)) })
	huma.Register(api, describe("self-contact", http.MethodPost, pathSelfContact, "Change phone, mail or address; a code is sent"),
		func(ctx context.Context, in *body[ContactChange]) (*body[*Ticket], error) {
			return reply(f.ChangeContact(ctx, in.Body))
		})
	huma.Register(api, describe("self-contact-confirm", http.MethodPost, pathSelfContact+"/confirm", "Complete the change with the code"),
		func(ctx context.Context, in *body[Proof]) (*struct{}, error) {
			return nil, f.ConfirmContact(ctx, in.Body)
		})
	f.openRoutes(api)
	r.policyRoutes(api, pathSelfPolicies, "self-policies")
	f.fetchRoute(api)
	f.announcedRoutes(api)
}

// openRoutes are the operations without a certificate.
func (f Self) openRoutes(api huma.API) {
	huma.Register(api, open("self-loss", http.MethodPost, pathSelfLoss, "Report a loss; a code goes to the vetted phone or mail, if there is one"),
		func(ctx context.Context, in *struct {
			Source
			Body LossReport
		}) (*body[*Ticket], error) {
			return reply(f.ReportLoss(withSource(ctx, in.address), in.Body))
		})
	huma.Register(api, open("self-loss-confirm", http.MethodPost, pathSelfLoss+"/confirm", "Freeze at once with the code"),
		func(ctx context.Context, in *struct {
			Source
			Body Proof
		}) (*body[*Frozen], error) {
			return reply(f.ConfirmLoss(withSource(ctx, in.address), in.Body))
		})
	huma.Register(api, open("self-look", http.MethodPost, pathSelfLook, "How an application stands, by number and code"),
		func(ctx context.Context, in *struct {
			Source
			Body Look
		}) (*body[*Progress], error) {
			return reply(f.Progress(withSource(ctx, in.address), in.Body))
		})
}

// receiptRoutes is the counter's side of it.
func (r *Registration) receiptRoutes(api huma.API) {
	huma.Register(api, describe("receipt", http.MethodPost, pathApplications+"/{id}/receipt", "A code to print, by which the applicant follows the application"),
		func(ctx context.Context, in *ApplicationPath) (*body[*Receipt], error) {
			return reply(r.Receipt(ctx, in.ID))
		})
}
