package ca

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"onecert/officer"
)

const pathReplacements = "/v1/replacements"

// replacementRoutes are a replacement's proposal and how it stands.
func (ca *CA) replacementRoutes(api huma.API) {
	propose := operation("propose-replacement", http.MethodPost, pathIssuers+"/{issuer}/replacement", "Propose to issue anew under another issuing CA what this one has issued")
	propose.DefaultStatus = http.StatusAccepted
	huma.Register(api, propose, func(ctx context.Context, in *struct {
		Issuer string `path:"issuer" maxLength:"32"`
		Body   Replacement
	}) (*body[officer.Receipt], error) {
		return reply(ca.ProposeReplacement(ctx, in.Issuer, in.Body))
	})
	huma.Register(api, operation("replacements", http.MethodGet, pathReplacements, "Replacements of issuing CAs and how they stand, the newest first"),
		func(ctx context.Context, in *Part) (*body[[]Replacing], error) {
			all, err := ca.Replacements(ctx, *in)
			return reply(&all, err)
		})
	huma.Register(api, operation("replacement-missed", http.MethodGet, pathReplacements+"/{id}/missed", "What a replacement could not issue anew, and why"),
		func(ctx context.Context, in *struct {
			ID    string `path:"id" maxLength:"64"`
			After string `query:"after" maxLength:"64"`
		}) (*body[MissedPage], error) {
			return reply(ca.Missing(ctx, in.ID, in.After))
		})
}

// proposalRoutes are the acts that wait for another person's consent, which is given
// at the approvals of the component.
func (ca *CA) proposalRoutes(api huma.API) {
	ca.replacementRoutes(api)
	propose := operation("propose-profiles", http.MethodPost, pathProfiles, "Propose new profiles and new versions of profiles")
	propose.DefaultStatus = http.StatusAccepted
	huma.Register(api, propose, func(ctx context.Context, in *body[ProfileChange]) (*body[ProposedProfiles], error) {
		return reply(ca.ProposeProfiles(ctx, in.Body))
	})
	huma.Register(api, operation("profile-versions", http.MethodGet, pathProfiles+"/{name}/versions", "Every version of a profile there ever was, oldest first"),
		func(ctx context.Context, in *struct {
			Name string `path:"name" maxLength:"41"`
			VersionQuery
		}) (*body[[]ProfileVersion], error) {
			all, err := ca.ProfileVersions(ctx, in.Name, in.VersionQuery)
			return reply(&all, err)
		})
	raise := operation("propose-crl-number", http.MethodPost, pathIssuers+"/{issuer}/crl-number", "Propose to raise the counter of an issuer's lists")
	raise.DefaultStatus = http.StatusAccepted
	huma.Register(api, raise, func(ctx context.Context, in *struct {
		Issuer string `path:"issuer" maxLength:"32"`
		Body   CRLNumber
	}) (*body[officer.Receipt], error) {
		return reply(ca.ProposeCRLNumber(ctx, in.Issuer, in.Body))
	})
}
