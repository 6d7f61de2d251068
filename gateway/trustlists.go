package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"onecert/audit"
	"onecert/gateway/internal/trust"
	"onecert/officer"
	"onecert/pki"
	"onecert/trustlist"
)

// TrustListState is how a signed list of foreign CAs is, and what the newest one that is
// here would change.
type TrustListState struct {
	trust.ListHealth
	Title       string       `json:"title,omitempty"`
	Adopt       string       `json:"adopt" enum:"approval,automatic"`
	Sets        []string     `json:"sets" doc:"trust sets that accept its CAs"`
	Differences []Difference `json:"differences,omitempty" doc:"what the newest would change, if it does not count yet"`
	Fault       *Refusal     `json:"fault,omitempty" doc:"why the newest cannot count here"`
}

// Adoption takes over the newest list that is here.
type Adoption struct {
	Number int64  `json:"number" minimum:"1" doc:"the one that was looked at; another one since then is a conflict"`
	Base   int64  `json:"base" minimum:"0" doc:"newest version of the configuration"`
	Note   string `json:"note,omitempty" maxLength:"500"`
}

// unadopted is a list that came and could not count by itself.
type unadopted struct {
	number int64
	fault  error
}

// TrustLists tells how every list that is followed is.
func (g *Gateway) TrustLists(ctx context.Context) ([]TrustListState, error) {
	if _, err := g.enterOffice(ctx, officer.ReadGateway); err != nil {
		return nil, err
	}
	now := g.running.Load().config
	all := []TrustListState{}
	for _, h := range g.trust.ListHealth() {
		s := TrustListState{ListHealth: h, Adopt: trust.AdoptApproval, Sets: []string{}}
		for _, row := range now.Trust.Lists {
			if row.Name == h.Name {
				s.Title = row.Title
				if row.Adopt != "" {
					s.Adopt = row.Adopt
				}
			}
		}
		for _, set := range now.Trust.Sets {
			if slices.Contains(set.Lists, h.Name) {
				s.Sets = append(s.Sets, set.Name)
			}
		}
		if err := g.ahead(&s, now); err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

// ahead says what the newest list would change.
func (g *Gateway) ahead(s *TrustListState, now *Configuration) error {
	held, err := g.trust.Held(s.Name)
	if err != nil || held == nil || held.Number <= s.Adopted {
		return nil // nothing newer, or the list has gone from the configuration since
	}
	next, _, err := now.with(s.Name, held)
	if err != nil {
		return err
	}
	s.Differences, err = differencesOf(now, next)
	if t, wrong := g.trustOf(next); wrong == nil {
		s.Fault = refusalOf(trust.Check(t))
	}
	g.adopting.Lock()
	defer g.adopting.Unlock()
	if last := g.unadopted[s.Name]; s.Fault == nil && last.number == held.Number && pki.CodeOf(last.fault) != waits {
		s.Fault = refusalOf(last.fault)
	}
	return err
}

// with is the configuration with a list adopted, a copy.
func (c *Configuration) with(name string, l *trustlist.List) (next *Configuration, renews bool, err error) {
	text, err := json.Marshal(c)
	if err != nil {
		return nil, false, err
	}
	if next, err = Parse(text); err != nil {
		return nil, false, err
	}
	renews, err = next.Trust.Adopt(name, l)
	return next, renews, err
}

// UploadTrustList hands in a list, DER or PEM. It is verified, and counts when adopted.
func (g *Gateway) UploadTrustList(ctx context.Context, name string, message []byte) error {
	return g.onTrustList(ctx, "gateway.trust-list-upload", name, func() error { return g.trust.UploadTrustList(name, message) })
}

// RefreshTrustList fetches a list now.
func (g *Gateway) RefreshTrustList(ctx context.Context, name string) error {
	return g.onTrustList(ctx, "gateway.trust-list-refresh", name, func() error { return g.trust.RefreshTrustList(ctx, name) })
}

func (g *Gateway) onTrustList(ctx context.Context, act, name string, do func() error) error {
	actor, err := g.enterOffice(ctx, officer.WriteGatewayPolicy)
	if err != nil {
		return err
	}
	return g.noted(ctx, audit.Act{Actor: actor, Act: act, Object: cut(name, 64)}, do())
}

// AdoptTrustList makes the newest list that is here count: a new version.
func (g *Gateway) AdoptTrustList(ctx context.Context, name string, a Adoption) (Version, error) {
	actor, err := g.enterOffice(ctx, officer.WriteGatewayPolicy)
	if err != nil {
		return Version{}, err
	}
	held, err := g.trust.Held(name)
	if err != nil {
		return Version{}, err
	}
	if held == nil || held.Number != a.Number {
		return Version{}, pki.Errorf(pki.Conflict, "gateway.list-number", "the newest list that is here is not number %d", a.Number).To("look at what the newest changes, and adopt that")
	}
	c, last, err := g.newest(ctx)
	if err != nil {
		return Version{}, err
	}
	if last.Number != a.Base {
		return Version{}, stale(last)
	}
	next, _, err := c.with(name, held)
	if err != nil {
		return Version{}, err
	}
	return g.apply(ctx, actor, Change{Base: a.Base, Note: adoptionNote(name, held, a.Note), Document: next}, 0)
}

func adoptionNote(name string, l *trustlist.List, note string) string {
	text := fmt.Sprintf("trust list %s number %d", name, l.Number)
	if note != "" {
		text += ": " + note
	}
	return text
}

func (g *Gateway) listCame() {
	select {
	case g.news <- struct{}{}:
	default: // somebody looks already
	}
}

// adoptLook is how often is looked without news: what failed for a moment is tried again.
const adoptLook = 5 * time.Minute

// adoptAsTheyCome adopts the lists that may count by themselves, until the gateway closes.
func (g *Gateway) adoptAsTheyCome() {
	tick := time.NewTicker(adoptLook)
	defer tick.Stop()
	for {
		for _, row := range g.running.Load().config.Trust.Lists {
			g.adoptByItself(row)
		}
		select {
		case <-g.ctx.Done():
			return
		case <-g.news:
		case <-tick.C:
		}
	}
}

// adoptByItself adopts the newest of a list where its row says so, or where nothing is new
// but its end. A number that somebody went back from is not adopted again.
func (g *Gateway) adoptByItself(row trust.ListRow) {
	held, err := g.trust.Held(row.Name)
	if err != nil || held == nil || row.Adopted != nil && held.Number <= row.Adopted.Number || held.Number <= row.Declined {
		return
	}
	g.adopting.Lock()
	defer g.adopting.Unlock()
	err = g.adoptNow(row, held)
	if known := g.unadopted[row.Name].number == held.Number; err != nil && !known && g.ctx.Err() == nil {
		g.cfg.Log.Warn("a trust list does not count yet", "list", row.Name, "number", held.Number, "error", err)
	}
	g.unadopted[row.Name] = unadopted{held.Number, err}
}

// waits says that a list waits for an administrator.
const waits = "gateway.list-waits"

func (g *Gateway) adoptNow(row trust.ListRow, held *trustlist.List) error {
	c, last, err := g.newest(g.ctx)
	if err != nil {
		return err
	}
	next, renews, err := c.with(row.Name, held)
	if err != nil {
		return err
	}
	if !renews && row.Adopt != trust.AdoptAutomatic {
		return pki.Errorf(pki.Conflict, waits, "the list waits for an administrator").To("look at what it changes, and adopt it")
	}
	_, err = g.apply(g.ctx, pki.Actor{Name: "gateway", Roles: []string{officer.Security}}, Change{Base: last.Number, Note: adoptionNote(row.Name, held, ""), Document: next}, 0)
	return err
}

// trustListEditor edits the lists. Its CAs go with a list that is taken away.
func trustListEditor() editor {
	e := listEditor(func(c *Configuration) *[]trust.ListRow { return &c.Trust.Lists }, func(v *trust.ListRow) string { return v.Name })
	remove := e.remove
	e.remove = func(c *Configuration, name string) bool {
		if !remove(c, name) {
			return false
		}
		c.Trust.CAs = slices.DeleteFunc(c.Trust.CAs, func(ca trust.CA) bool { return ca.List == name })
		return true
	}
	return e
}

// decline notes in a configuration that was gone back to which numbers were left by that,
// so that they do not come again by themselves.
func (c *Configuration) decline(from *Configuration) {
	for i := range c.Trust.Lists {
		row := &c.Trust.Lists[i]
		for _, left := range from.Trust.Lists {
			if left.Name == row.Name && left.Adopted != nil && (row.Adopted == nil || row.Adopted.Number < left.Adopted.Number) {
				row.Declined = left.Adopted.Number
			}
		}
	}
}
