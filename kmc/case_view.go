package kmc

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/officer"
	"onecert/pki"
)

// Case is a case and how it stands, for custodians and the auditor.
type Case struct {
	ID            string         `json:"id"`
	Number        string         `json:"number"`
	Authority     string         `json:"authority"`
	Reason        string         `json:"reason"`
	Keys          []CaseKey      `json:"keys"`
	Investigators []Investigator `json:"investigators"`
	WithholdDays  int            `json:"withhold_days,omitempty"`
	WithholdLaw   string         `json:"withhold_law,omitempty"`
	Digest        string         `json:"digest" doc:"what those who approve name"`
	State         officer.State  `json:"state"`
	Missing       []officer.Need `json:"missing"`
	Votes         []officer.Vote `json:"votes"`
	Proposed      time.Time      `json:"proposed"`
	ProposedBy    string         `json:"proposed_by"`
	Expires       time.Time      `json:"expires"`
	Exported      time.Time      `json:"exported,omitzero"`
	ExportedBy    string         `json:"exported_by,omitempty"`
	Shown         time.Time      `json:"shown,omitzero" doc:"from when the holders' ledgers show it"`
}

// A page of cases.
const (
	fewCases  = 50
	mostCases = 100
)

// Case returns one case. Errors: km.no-case, km.store, those of Config.Check.
func (c *Centre) Case(ctx context.Context, id string) (Case, error) {
	if _, err := c.severalPersons(ctx, officer.ReadCases); err != nil {
		return Case{}, err
	}
	all, err := listCases(ctx, c.config.DB.Read(), "c.id = $1", id)
	if err != nil {
		return Case{}, unreadable(err)
	}
	if len(all) == 0 {
		return Case{}, errNoCase()
	}
	return c.show(ctx, all[0])
}

func errNoCase() *pki.Error {
	return pki.Errorf(pki.Unknown, codeNoCase, "there is no such case").To("'onecert kmc case list' shows them")
}

// Cases lists cases, newest first; before is the last id of the page before.
func (c *Centre) Cases(ctx context.Context, before string, limit int) ([]Case, error) {
	if _, err := c.severalPersons(ctx, officer.ReadCases); err != nil {
		return nil, err
	}
	if limit == 0 {
		limit = fewCases
	}
	if limit < 1 || limit > mostCases {
		return nil, errOrder("a page has 1 to %d cases", mostCases)
	}
	stored, err := listCases(ctx, c.config.DB.Read(), "($1 = '' OR c.id < $2) ORDER BY c.id DESC LIMIT $3", before, before, limit)
	if err != nil {
		return nil, unreadable(err)
	}
	all := []Case{}
	for _, s := range stored {
		one, err := c.show(ctx, s)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

// show puts a stored case and its approval together.
func (c *Centre) show(ctx context.Context, s storedCase) (Case, error) {
	content, err := s.read()
	if err != nil {
		return Case{}, err
	}
	a, err := c.config.Officers.Approval(ctx, s.id)
	if err != nil {
		return Case{}, err
	}
	out := Case{ID: s.id, Number: content.Number, Authority: content.Authority, Reason: content.Reason, Keys: content.Keys,
		WithholdDays: content.WithholdDays, WithholdLaw: content.WithholdLaw, Digest: a.Digest, State: a.State, Missing: a.Missing,
		Votes: a.Votes, Proposed: s.proposedAt, ProposedBy: s.proposedBy, Expires: a.Expires, Exported: s.at, ExportedBy: s.by, Shown: s.shownAt}
	for _, der := range content.Certificates {
		certificate, err := smx509.ParseCertificate(der)
		if err != nil {
			return Case{}, fmt.Errorf("reading case %s: %w", s.id, err)
		}
		out.Investigators = append(out.Investigators, Investigator{Subject: nameText(certificate.RawSubject), Issuer: nameText(certificate.RawIssuer),
			Serial: string(pki.SerialOf(certificate.SerialNumber)), Fingerprint: pki.Fingerprint(der), NotAfter: certificate.NotAfter.UTC()})
	}
	return out, nil
}

func (s storedCase) read() (content caseContent, err error) {
	if err := json.Unmarshal([]byte(s.content), &content); err != nil {
		return content, fmt.Errorf("reading case %s: %w", s.id, err)
	}
	return content, nil
}
