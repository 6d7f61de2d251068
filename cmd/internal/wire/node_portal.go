package wire

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"onecert/ca"
	"onecert/pki"
	"onecert/portal"
	"onecert/ra"
	"onecert/serve"
)

// site makes the public site. Canaries are nobody's business there.
func (p *NodeProcess) site() (*portal.Portal, error) {
	interfaces, err := Descriptions()
	if err != nil {
		return nil, err
	}
	c := p.config.Portal
	return portal.New(portal.Config{Operator: c.Operator, SelfService: c.SelfService, Console: c.Console, Board: p.board, Interfaces: interfaces, Status: p.Copy.Journal(), Fresh: p.Copy.Freshness,
		Directory: portalDirectory{p.Directory}, Now: p.options.now(), Log: p.options.log(), List: p.listAt, Authorities: func() []portal.Authority {
			var all []portal.Authority
			for _, i := range p.issuers.all() {
				if !ca.IsCanary(i.ID) {
					all = append(all, portal.Authority{ID: i.ID, Suite: i.Suite, Chain: i.Chain, Partitions: i.Partitions, Lists: i.Addresses.CRL + "/" + i.ID, Files: i.Addresses.AIA})
				}
			}
			return all
		}})
}

// announce opens the board of announcements and rules, from the copy of the last run.
func (p *NodeProcess) announce(context.Context) (err error) {
	address := p.config.Portal.Registration
	if address == "" {
		return nil
	}
	api, err := p.caller().client(address)
	if p.config.Protocol != overTLCP { // what is public needs to know nobody
		api, err = serve.NewClient(address, serve.ClientTLS(nil, p.roots, p.options.now()))
	}
	if err != nil {
		return err
	}
	p.board, err = portal.OpenBoard(portal.BoardConfig{From: registrationBoard{api}, Dir: p.config.Path("portal"), Now: p.options.now(), Log: p.options.log()})
	return err
}

// boardLate is how old announcements may be before it is worth a look.
const boardLate = time.Hour

// boardItems: an old copy is a warning; the site shows it with its age.
func (p *NodeProcess) boardItems() []serve.Item {
	if p.board == nil {
		return nil
	}
	age, never := p.board.Age()
	i := serve.Item{Name: "portal.board", Level: serve.Fine, Says: "board.age", Value: age.Seconds(), Unit: "seconds", Metric: "portal_board_age_seconds"}
	switch {
	case never:
		i.Level, i.Says, i.Value, i.Metric = serve.Warning, "board.never", 0, ""
	case age > boardLate:
		i.Level = serve.Warning
	}
	return []serve.Item{i}
}

// registrationBoard is the public part of a registration's self-service, as the portal
// sees it.
type registrationBoard struct{ api *serve.Client }

// pathRules is where the rules of the service are public.
const pathRules = "/v1/self/policies"

// mostListed is how many of a list are asked for; older ones are not shown.
const mostListed = 200

// Announcements implements portal.Notices.
func (b registrationBoard) Announcements(ctx context.Context, known map[string]portal.Announcement) ([]portal.Announcement, error) {
	self := ra.NewSelfClient(b.api)
	page, err := self.Announced(ctx, ra.ListQuery{Limit: mostListed})
	if err != nil {
		return nil, err
	}
	all := make([]portal.Announcement, 0, len(page.Items))
	for _, listed := range page.Items {
		if a, here := known[listed.ID]; here {
			all = append(all, a)
			continue
		}
		a, err := self.AnnouncementText(ctx, listed.ID)
		if pki.KindOf(err) == pki.Unknown {
			continue // it has ended since
		}
		if err != nil {
			return nil, err
		}
		all = append(all, portal.Announcement{ID: listed.ID, Begins: a.Begins, Ends: a.Ends,
			Chinese: portal.Words{Title: a.TitleZH, Text: a.TextZH}, English: portal.Words{Title: a.TitleEN, Text: a.TextEN}})
	}
	return all, nil
}

// Rules implements portal.Notices.
func (b registrationBoard) Rules(ctx context.Context) ([]portal.Rule, error) {
	page, err := serve.Call[struct{}, ra.Page[ra.Policy]](ctx, b.api, http.MethodGet, fmt.Sprintf("%s?limit=%d", pathRules, mostListed), nil)
	if err != nil {
		return nil, err
	}
	all := make([]portal.Rule, 0, len(page.Items))
	for _, p := range page.Items {
		all = append(all, portal.Rule{Kind: string(p.Kind), OID: p.OID, Edition: p.Edition, Title: p.Title, Begins: p.Begins, InForce: p.InForce, MediaType: p.MediaType, Digest: p.Digest})
	}
	return all, nil
}

// RuleText implements portal.Notices.
func (b registrationBoard) RuleText(ctx context.Context, kind, edition string) ([]byte, error) {
	p, err := serve.Call[struct{}, ra.Policy](ctx, b.api, http.MethodGet, pathRules+"/"+url.PathEscape(kind)+"/"+url.PathEscape(edition), nil)
	return p.Content, err
}
