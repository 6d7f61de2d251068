package ra

import (
	"context"
	"database/sql"
	"slices"
	"strconv"
	"strings"

	"onecert/audit"
	"onecert/officer"
	"onecert/pki"
)

// Query selects applications of one's subtree. The zero value means all that wait.
type Query struct {
	States []State `query:"state,explode" doc:"several are allowed; none: submitted, returned and approved, or all where a name, holder or batch is searched for"`
	Node   string  `query:"node" maxLength:"24" doc:"only of this node and below"`
	Kind   Kind    `query:"kind" maxLength:"20"`
	Name   string  `query:"name" maxLength:"100" doc:"the beginning of the applicant's name; lists by name"`
	Holder string  `query:"holder" maxLength:"64"`
	After  string  `query:"after" maxLength:"400" doc:"the after of the page before"`
	Limit  int     `query:"limit" minimum:"0" maximum:"200"`
	Batch  string  `query:"batch" maxLength:"64"`

	// Both list newest first, also where a name is searched for.
	Mine     bool `query:"mine" doc:"only one's own that are drafts or returned"`
	Conflict bool `query:"conflict" doc:"only those on which two offices differ, until a person has decided; in any state if none is said"`
}

// Page is a part of a list in its own order; After continues it.
type Page[T any] struct {
	Items []T    `json:"items"`
	After string `json:"after,omitempty"`
}

// ListQuery says which part of a list is asked for.
type ListQuery struct {
	After string `query:"after" maxLength:"400" doc:"the after of the page before"`
	Limit int    `query:"limit" minimum:"0" maximum:"200" doc:"how many at most; 50 if not said"`
}

// leaf reads one page of a query, whose conditions end where the list goes on, and one
// item more to know whether it does.
func leaf[T any](ctx context.Context, r *Registration, q ListQuery, scan func(scanner) (T, error), find *search, text string, mark func(T) string) (*Page[T], error) {
	limit := pageSize(q.Limit)
	all, err := collect(ctx, r.cfg.DB.Read(), scan, text+" LIMIT "+strconv.Itoa(limit+1), find.args...)
	if err != nil {
		return nil, err
	}
	return paged(all, limit, mark), nil
}

const usualPage, mostPage = 50, 200

// Applications lists applications, newest first; those searched for by name, by name.
func (r *Registration) Applications(ctx context.Context, q Query) (*Page[*Application], error) {
	s, err := r.enter(ctx, officer.ReadApplications)
	if err != nil {
		return nil, err
	}
	if s, err = r.narrow(ctx, s, q.Node); err != nil {
		return nil, err
	}
	for _, state := range q.States {
		if !slices.Contains(AllStates(), state) {
			return nil, pki.Errorf(pki.Invalid, "list.state", "%.20q is no state of an application", string(state))
		}
	}
	q.States = slices.Compact(slices.Sorted(slices.Values(q.States)))
	if err := checkText("search", q.Name+q.Holder+q.Batch+string(q.Kind)); err != nil {
		return nil, err
	}
	find := r.waiting
	switch {
	case q.Conflict:
		find = r.conflicts
	case q.Mine:
		find = r.own
	case q.Name != "":
		find = r.named
	case q.Holder != "" || q.Batch != "":
		find = r.few
	}
	page, err := find(ctx, s, q, pageSize(q.Limit))
	if err != nil {
		return nil, err
	}
	for i, a := range page.Items {
		page.Items[i] = r.view(a)
	}
	return page, r.possible(ctx, s, false, page.Items...)
}

func pageSize(n int) int {
	if n <= 0 {
		return usualPage
	}
	return min(n, mostPage)
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
	shown := r.view(a)
	if err := r.possible(ctx, s, true, shown); err != nil {
		return nil, err
	}
	if shown.Documents, err = readDocuments(ctx, r.cfg.DB.Read(), id); err != nil {
		return nil, err
	}
	shown.Others, err = readOthers(ctx, r.cfg.DB.Read(), id)
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
