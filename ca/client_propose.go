package ca

import (
	"context"
	"fmt"
	"net/url"

	"onecert/officer"
)

// ProposeProfiles is CA.ProposeProfiles.
func (c *Client) ProposeProfiles(ctx context.Context, change ProfileChange) (*ProposedProfiles, error) {
	return post[ProfileChange, ProposedProfiles](ctx, c, pathProfiles, &change)
}

// ProfileVersions is CA.ProfileVersions.
func (c *Client) ProfileVersions(ctx context.Context, name string, q VersionQuery) ([]ProfileVersion, error) {
	all, err := get[[]ProfileVersion](ctx, c, fmt.Sprintf("%s/%s/versions?after=%d&limit=%d", pathProfiles, url.PathEscape(name), q.After, q.Limit))
	if err != nil {
		return nil, err
	}
	return *all, nil
}

// ProposeCRLNumber is CA.ProposeCRLNumber.
func (c *Client) ProposeCRLNumber(ctx context.Context, issuer string, n CRLNumber) (*officer.Receipt, error) {
	return post[CRLNumber, officer.Receipt](ctx, c, pathIssuers+"/"+url.PathEscape(issuer)+"/crl-number", &n)
}

// ProposeReplacement is CA.ProposeReplacement.
func (c *Client) ProposeReplacement(ctx context.Context, from string, r Replacement) (*officer.Receipt, error) {
	return post[Replacement, officer.Receipt](ctx, c, pathIssuers+"/"+url.PathEscape(from)+"/replacement", &r)
}

// Replacements is CA.Replacements.
func (c *Client) Replacements(ctx context.Context, p Part) ([]Replacing, error) {
	all, err := get[[]Replacing](ctx, c, fmt.Sprintf("%s?after=%s&limit=%d", pathReplacements, url.QueryEscape(p.After), p.Limit))
	if err != nil {
		return nil, err
	}
	return *all, nil
}

// Missing is CA.Missing.
func (c *Client) Missing(ctx context.Context, id, after string) (*MissedPage, error) {
	return get[MissedPage](ctx, c, pathReplacements+"/"+url.PathEscape(id)+"/missed?after="+url.QueryEscape(after))
}
