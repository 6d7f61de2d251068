package ra

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"onecert/pki"
	"onecert/serve"
)

// Receipt is Registration.Receipt.
func (c *Client) Receipt(ctx context.Context, id string) (*Receipt, error) {
	return serve.Call[struct{}, *Receipt](ctx, c.c, http.MethodPost, application(id, "receipt"), nil)
}

// SelfClient is self-service across the network: the same methods and the same errors.
type SelfClient struct{ c *serve.Client }

// NewSelfClient returns the self-service that is reached through c.
func NewSelfClient(c *serve.Client) *SelfClient { return &SelfClient{c} }

func ask[In, Out any](ctx context.Context, c *SelfClient, path string, in In) (Out, error) {
	return serve.Call[In, Out](ctx, c.c, http.MethodPost, path, &in)
}

func tell[Out any](ctx context.Context, c *SelfClient, path string) (Out, error) {
	return serve.Call[struct{}, Out](ctx, c.c, http.MethodGet, path, nil)
}

// MyCertificates is Self.MyCertificates.
func (c *SelfClient) MyCertificates(ctx context.Context, q ListQuery) (*Page[*Certificate], error) {
	return tell[*Page[*Certificate]](ctx, c, pathSelfCertificates+q.encoded())
}

// Download is Self.Download.
func (c *SelfClient) Download(ctx context.Context, issuer string, serial pki.Serial) (*Copies, error) {
	return tell[*Copies](ctx, c, pathSelfCertificates+"/"+url.PathEscape(issuer)+"/"+url.PathEscape(string(serial)))
}

// RenewMine is Self.RenewMine.
func (c *SelfClient) RenewMine(ctx context.Context, w Which) (*Progress, error) {
	return ask[Which, *Progress](ctx, c, pathSelfCertificates+"/renew", w)
}

// MyApplications is Self.MyApplications.
func (c *SelfClient) MyApplications(ctx context.Context, q ListQuery) (*Page[*Progress], error) {
	return tell[*Page[*Progress]](ctx, c, pathSelfApplications+q.encoded())
}

// MyLedger is Self.MyLedger.
func (c *SelfClient) MyLedger(ctx context.Context, q TouchQuery) ([]Touch, error) {
	return tell[[]Touch](ctx, c, fmt.Sprintf("%s?from=%d&limit=%d", pathSelfLedger, q.From, q.Limit))
}

// ChangeContact is Self.ChangeContact.
func (c *SelfClient) ChangeContact(ctx context.Context, change ContactChange) (*Ticket, error) {
	return ask[ContactChange, *Ticket](ctx, c, pathSelfContact, change)
}

// ConfirmContact is Self.ConfirmContact.
func (c *SelfClient) ConfirmContact(ctx context.Context, proof Proof) error {
	_, err := ask[Proof, struct{}](ctx, c, pathSelfContact+"/confirm", proof)
	return err
}

// ReportLoss is Self.ReportLoss.
func (c *SelfClient) ReportLoss(ctx context.Context, report LossReport) (*Ticket, error) {
	return ask[LossReport, *Ticket](ctx, c, pathSelfLoss, report)
}

// ConfirmLoss is Self.ConfirmLoss.
func (c *SelfClient) ConfirmLoss(ctx context.Context, proof Proof) (*Frozen, error) {
	return ask[Proof, *Frozen](ctx, c, pathSelfLoss+"/confirm", proof)
}

// Progress is Self.Progress.
func (c *SelfClient) Progress(ctx context.Context, l Look) (*Progress, error) {
	return ask[Look, *Progress](ctx, c, pathSelfLook, l)
}
