package ra

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"onecert/audit"
	"onecert/officer"
	"onecert/pki"
)

// Query selects applications of one's subtree. The zero value means all that wait.
type Query struct {
	States []State `query:"state" doc:"several are allowed; none: submitted, returned and approved"`
	Node   string  `query:"node" maxLength:"24" doc:"only of this node and below"`
	Kind   Kind    `query:"kind" maxLength:"20"`
	After  string  `query:"after" maxLength:"100" doc:"the after of the page before"`
	Limit  int     `query:"limit" minimum:"0" maximum:"200"`
	Batch  string  `query:"batch" maxLength:"64"`
}

// Page is a part of a list, newest first; After continues it.
type Page[T any] struct {
	Items []T    `json:"items"`
	After string `json:"after,omitempty"`
}

const usualPage, mostPage = 50, 200

// Applications lists applications, newest first.
func (r *Registration) Applications(ctx context.Context, q Query) (*Page[*Application], error) {
	s, err := r.enter(ctx, officer.ReadApplications)
	if err != nil {
		return nil, err
	}
	if s, err = r.narrow(ctx, s, q.Node); err != nil {
		return nil, err
	}
	created, id, err := cursor(q.After)
	if err != nil {
		return nil, err
	}
	if len(q.States) == 0 {
		q.States = []State{Submitted, Returned, Approved}
	}
	limit := pageSize(q.Limit)
	var all []*Application
	for _, state := range q.States {
		found, err := r.listed(ctx, s, state, q, created, id, limit+1)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	slices.SortFunc(all, newest)
	page := &Page[*Application]{Items: []*Application{}}
	for i, a := range all {
		if i == limit {
			last := page.Items[limit-1]
			page.After = fmt.Sprintf("%d.%s", millis(last.Created), last.ID)
			break
		}
		page.Items = append(page.Items, r.view(a, s))
	}
	return page, nil
}

// listed walks the index of one node and state; the scope's node stands first in it.
func (r *Registration) listed(ctx context.Context, s scope, state State, q Query, created int64, id string, limit int) ([]*Application, error) {
	return collect(ctx, r.cfg.DB.Read(), scanApplication, "SELECT "+prefixed("a", applicationColumns)+` FROM ra_place p JOIN ra_application a ON a.id = p.application
		WHERE p.node = $1 AND p.state = $2 AND (p.created < $3 OR p.created = $3 AND p.application < $4) AND ($5 = '' OR a.kind = $5) AND ($6 = '' OR a.batch = $6)
		AND a.path >= $7 AND a.path < $8 ORDER BY p.created DESC, p.application DESC LIMIT $9`,
		s.node.ID, string(state), created, id, string(q.Kind), q.Batch, s.from(), s.to(), limit)
}

func newest(x, y *Application) int {
	if c := y.Created.Compare(x.Created); c != 0 {
		return c
	}
	return strings.Compare(y.ID, x.ID)
}

func pageSize(n int) int {
	if n <= 0 {
		return usualPage
	}
	return min(n, mostPage)
}

// cursor reads where a page goes on: "MILLISECONDS.ID".
func cursor(after string) (created int64, id string, err error) {
	if after == "" {
		return 1 << 62, "", nil
	}
	at, id, ok := strings.Cut(after, ".")
	created, err = strconv.ParseInt(at, 10, 64)
	if !ok || err != nil {
		return 0, "", pki.Errorf(pki.Invalid, "list.after", "the page to go on after is none of this list").To("take the after of the page before")
	}
	return created, id, nil
}

// narrow limits a scope to a node below it.
func (r *Registration) narrow(ctx context.Context, s scope, node string) (scope, error) {
	if node == "" {
		return s, nil
	}
	n, err := r.readNode(ctx, node)
	if err != nil {
		return s, err
	}
	if !s.covers(n.Path) {
		return s, unknownOr(sql.ErrNoRows, "node.unknown", "node", node)
	}
	s.node.ID, s.node.Path = n.ID, n.Path
	return s, nil
}

// Application returns one application with what is possible now.
func (r *Registration) Application(ctx context.Context, id string) (*Application, error) {
	s, err := r.enter(ctx, officer.ReadApplications)
	if err != nil {
		return nil, err
	}
	a, err := readApplication(ctx, r.cfg.DB.Read(), s, id)
	if err != nil {
		return nil, err
	}
	shown := r.view(a, s)
	shown.Documents, err = readDocuments(ctx, r.cfg.DB.Read(), id)
	return shown, err
}

// Moment is one event in the history of an application.
type Moment struct {
	Number int    `json:"number"`
	At     int64  `json:"at" doc:"milliseconds since 1970"`
	Actor  string `json:"actor"`
	Node   string `json:"node"`
	Event  string `json:"event"`
	State  State  `json:"state" doc:"afterwards"`
	Note   string `json:"note,omitempty"`
}

// History returns everything that happened to an application, first to last.
func (r *Registration) History(ctx context.Context, id string) ([]Moment, error) {
	s, err := r.enter(ctx, officer.ReadApplications)
	if err != nil {
		return nil, err
	}
	if _, err := readApplication(ctx, r.cfg.DB.Read(), s, id); err != nil {
		return nil, err
	}
	return collect(ctx, r.cfg.DB.Read(), func(row scanner) (m Moment, err error) {
		err = row.Scan(&m.Number, &m.At, &m.Actor, &m.Node, &m.Event, &m.State, &m.Note)
		return m, err
	}, "SELECT number, at, actor, node, event, state, note FROM ra_history WHERE application = $1 ORDER BY number", id)
}

// Unmasked shows the sensitive fields of an application to who says why.
func (r *Registration) Unmasked(ctx context.Context, id, reason string) (map[string]string, error) {
	s, err := r.enter(ctx, officer.Unmask)
	if err != nil {
		return nil, err
	}
	if len([]rune(strings.TrimSpace(reason))) < 4 {
		return nil, pki.Errorf(pki.Invalid, "unmask.reason", "no reason is given").To("say what the number is needed for; it stands in the audit log")
	}
	if err := (Decision{Note: reason}).check(); err != nil {
		return nil, err
	}
	a, err := readApplication(ctx, r.cfg.DB.Read(), s, id)
	if err != nil {
		return nil, err
	}
	act := audit.Act{Actor: s.actor, Act: string(officer.Unmask), Object: id, Subject: a.Holder, Result: audit.Done, Detail: map[string]string{"reason": reason}, At: r.now()}
	if err := r.cfg.Audit.Record(ctx, act); err != nil {
		return nil, err
	}
	return a.Fields, r.reveal(a)
}

// CertificateQuery selects certificates of one's subtree.
type CertificateQuery struct {
	Holder string    `query:"holder" maxLength:"64"`
	Name   string    `query:"name" maxLength:"100" doc:"the beginning of the holder's name"`
	State  pki.State `query:"state" maxLength:"20"`
	Limit  int       `query:"limit" minimum:"0" maximum:"200"`
	After  string    `query:"after" maxLength:"100"`
}

// Certificates lists what the holders of the subtree have.
func (r *Registration) Certificates(ctx context.Context, q CertificateQuery) (*Page[*Certificate], error) {
	s, err := r.enter(ctx, officer.ReadApplications)
	if err != nil {
		return nil, err
	}
	limit := pageSize(q.Limit)
	all, err := collect(ctx, r.cfg.DB.Read(), scanCertificate, "SELECT "+certificateColumns+` FROM ra_certificate
		WHERE path >= $1 AND path < $2 AND ($3 = '' OR holder = $3) AND ($4 = '' OR name >= $4 AND name < $5) AND ($6 = '' OR state = $6) AND serial > $7
		ORDER BY serial LIMIT $8`, s.from(), s.to(), q.Holder, q.Name, q.Name+"\U0010FFFF", string(q.State), q.After, limit+1)
	if err != nil {
		return nil, err
	}
	page := &Page[*Certificate]{Items: all}
	if len(all) > limit {
		page.Items, page.After = all[:limit], string(all[limit-1].Serial)
	}
	return page, nil
}
