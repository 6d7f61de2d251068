package ca

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"onecert/pki"
	"onecert/serve"
)

// Client is a CA across the network: the same methods and the same errors. Who
// acts is whose certificate the connection was made with.
type Client struct{ c *serve.Client }

// NewClient returns a Client over a connection made by serve.NewClient.
func NewClient(c *serve.Client) *Client { return &Client{c} }

func certificatePath(issuer string, serial pki.Serial, act string) string {
	path := pathCertificates + "/" + url.PathEscape(issuer) + "/" + url.PathEscape(string(serial))
	if act != "" {
		path += "/" + act
	}
	return path
}

func post[In, Out any](ctx context.Context, c *Client, path string, in *In) (*Out, error) {
	out, err := serve.Call[In, Out](ctx, c.c, http.MethodPost, path, in)
	if err != nil {
		return nil, err
	}
	return &out, nil
}

func get[Out any](ctx context.Context, c *Client, path string) (*Out, error) {
	out, err := serve.Call[struct{}, Out](ctx, c.c, http.MethodGet, path, nil)
	if err != nil {
		return nil, err
	}
	return &out, nil
}

// Issue is CA.Issue.
func (c *Client) Issue(ctx context.Context, o Order) (*Issued, error) {
	return post[Order, Issued](ctx, c, pathOrders, &o)
}

// Order is CA.Order.
func (c *Client) Order(ctx context.Context, application string) (*Issued, error) {
	return get[Issued](ctx, c, pathOrders+"/"+url.PathEscape(application))
}

// Renew is CA.Renew.
func (c *Client) Renew(ctx context.Context, issuer string, serial pki.Serial, change Change) (*Issued, error) {
	return post[Change, Issued](ctx, c, certificatePath(issuer, serial, actRenew), &change)
}

// Reissue is CA.Reissue.
func (c *Client) Reissue(ctx context.Context, issuer string, serial pki.Serial, change Change) (*Issued, error) {
	return post[Change, Issued](ctx, c, certificatePath(issuer, serial, actReissue), &change)
}

// Modify is CA.Modify.
func (c *Client) Modify(ctx context.Context, issuer string, serial pki.Serial, change Change) (*Issued, error) {
	return post[Change, Issued](ctx, c, certificatePath(issuer, serial, actModify), &change)
}

// Revoke is CA.Revoke.
func (c *Client) Revoke(ctx context.Context, issuer string, serial pki.Serial, r Revocation) (*Certificate, error) {
	return post[Revocation, Certificate](ctx, c, certificatePath(issuer, serial, "revoke"), &r)
}

// Hold is CA.Hold.
func (c *Client) Hold(ctx context.Context, issuer string, serial pki.Serial) (*Certificate, error) {
	return post[struct{}, Certificate](ctx, c, certificatePath(issuer, serial, "hold"), nil)
}

// Release is CA.Release.
func (c *Client) Release(ctx context.Context, issuer string, serial pki.Serial) (*Certificate, error) {
	return post[struct{}, Certificate](ctx, c, certificatePath(issuer, serial, "release"), nil)
}

// Show is CA.Show.
func (c *Client) Show(ctx context.Context, issuer string, serial pki.Serial) (*Certificate, error) {
	return get[Certificate](ctx, c, certificatePath(issuer, serial, ""))
}

// At is CA.At.
func (c *Client) At(ctx context.Context, issuer string, serial pki.Serial, at time.Time) (*Moment, error) {
	return get[Moment](ctx, c, certificatePath(issuer, serial, "state")+"?at="+url.QueryEscape(at.UTC().Format(time.RFC3339)))
}

// List is CA.List.
func (c *Client) List(ctx context.Context, f Filter) (*Page, error) {
	query := url.Values{}
	for name, value := range map[string]string{"issuer": f.Issuer, "holder": f.Holder, "profile": f.Profile, "subject": f.Subject, "after": f.After} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if f.Limit != 0 {
		query.Set("limit", strconv.Itoa(f.Limit))
	}
	path := pathCertificates
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return get[Page](ctx, c, path)
}

// Issuers is CA.Issuers.
func (c *Client) Issuers(ctx context.Context) ([]IssuerView, error) {
	all, err := get[[]IssuerView](ctx, c, pathIssuers)
	if err != nil {
		return nil, err
	}
	return *all, nil
}

// Profiles is CA.Profiles.
func (c *Client) Profiles(ctx context.Context) ([]ProfileView, error) {
	all, err := get[[]ProfileView](ctx, c, pathProfiles)
	if err != nil {
		return nil, err
	}
	return *all, nil
}

// Identify is CA.Identify.
func (c *Client) Identify(ctx context.Context, id Identity) (string, error) {
	answer, err := post[Identity, holderAnswer](ctx, c, pathHolders, &id)
	if err != nil {
		return "", err
	}
	return answer.Holder, nil
}
