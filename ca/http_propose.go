package ca

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"onecert/officer"
)

// proposalRoutes are the acts that wait for another person's consent, which is given
// at the approvals of the component.
func (ca *CA) proposalRoutes(api huma.API) {
	propose := operation("propose-profiles", http.MethodPost, pathProfiles, "Propose new profiles and new versions of profiles")
	propose.DefaultStatus = http.StatusAccepted
	huma.Register(api, propose, func(ctx context.Context, in *body[ProfileChange]) (*body[ProposedProfiles], error) {
		return reply(ca.ProposeProfiles(ctx, in.Body))
	})
	huma.Register(api, operation("profile-versions", http.MethodGet, pathProfiles+"/{name}/versions", "Every version of a profile there ever was"),
		func(ctx context.Context, in *struct {
			Name string `path:"name" maxLength:"41"`
		}) (*body[[]ProfileVersion], error) {
			all, err := ca.ProfileVersions(ctx, in.Name)
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
