package ca

import (
	"context"
	"slices"
	"strings"

	"onecert/officer"
	"onecert/pki"
)

// IssuerView is what anybody may know of an issuer.
type IssuerView struct {
	ID         string              `json:"id"`
	Suite      pki.Suite           `json:"suite"`
	Subject    string              `json:"subject"`
	Addresses  Addresses           `json:"addresses"`
	Partitions int                 `json:"partitions"`
	Chain      [][]byte            `json:"chain" doc:"the issuer's certificate first, the root last, DER"`
	Counts     map[pki.State]int64 `json:"counts" doc:"certificates by recorded state; expired ones count as what they last were"`
}

// Issuers describes every issuer in the order of the configuration.
func (ca *CA) Issuers(ctx context.Context) ([]IssuerView, error) {
	if _, err := ca.cfg.Check(ctx, officer.ReadIssuers); err != nil {
		return nil, err
	}
	all := []IssuerView{}
	for _, i := range ca.cfg.Issuers {
		counts, err := ca.cfg.Status.Counts(ctx, i.ID)
		if err != nil {
			return nil, storeFailed(err)
		}
		name, err := pki.NameOf(i.Certificate.RawSubject)
		if err != nil {
			return nil, err
		}
		view := IssuerView{ID: i.ID, Suite: i.suite, Subject: name.String(), Addresses: i.Addresses, Partitions: i.Partitions,
			Chain: [][]byte{i.Certificate.Raw}, Counts: counts}
		for _, above := range i.Chain {
			view.Chain = append(view.Chain, above.Raw)
		}
		all = append(all, view)
	}
	return all, nil
}

// ProfileView is a profile with the hash of its bytes.
type ProfileView struct {
	*Profile
	Hash string `json:"hash"`
}

// Profiles describes every profile, by name.
func (ca *CA) Profiles(ctx context.Context) ([]ProfileView, error) {
	if _, err := ca.cfg.Check(ctx, officer.ReadProfiles); err != nil {
		return nil, err
	}
	all := []ProfileView{}
	for _, p := range ca.profiles() {
		all = append(all, ProfileView{p, p.hash})
	}
	slices.SortFunc(all, func(a, b ProfileView) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

// Identify turns an identity document into its holder id for the registration
// office, so that one person is one holder in every branch (features H18).
func (ca *CA) Identify(ctx context.Context, id Identity) (string, error) {
	if _, err := ca.cfg.Check(ctx, officer.Issue); err != nil {
		return "", err
	}
	return ca.HolderID(id)
}
