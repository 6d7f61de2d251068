package ra

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"onecert/db"
	"onecert/pki"
)

// search is a query that grows condition by condition, so that a database sees only
// those that are asked for and can walk the index that fits them.
type search struct {
	args []any
}

// is adds parameters to a text in which each stands as a question mark.
func (q *search) is(text string, args ...any) string {
	var b strings.Builder
	for _, arg := range args {
		before, after, _ := strings.Cut(text, "?")
		q.args = append(q.args, arg)
		fmt.Fprintf(&b, "%s$%d", before, len(q.args))
		text = after
	}
	return b.String() + text
}

// anyOf is one of several values. It is written as alternatives: an array would have the
// database give up the order of the index.
func anyOf[T ~string](q *search, column string, values []T) string {
	all := make([]string, len(values))
	for i, v := range values {
		all[i] = q.is(column+" = ?", string(v))
	}
	return "(" + strings.Join(all, " OR ") + ")"
}

// walks are several walks along an index, each in order and no longer than needed, of
// which together the first are taken.
func walks(columns, order string, limit int, each []string) string {
	for i, one := range each {
		each[i] = fmt.Sprintf("SELECT * FROM (SELECT %s %s ORDER BY %s LIMIT %d) w%d", columns, one, order, limit, i)
	}
	return fmt.Sprintf("%s ORDER BY %s LIMIT %d", strings.Join(each, " UNION ALL "), order, limit)
}

// waiting lists by state, newest first, from the places of the scope's node.
func (r *Registration) waiting(ctx context.Context, s scope, q Query, limit int) (*Page[*Application], error) {
	created, id, err := whenAfter(q.After)
	if err != nil {
		return nil, err
	}
	states, kinds := q.States, Kinds()
	if len(states) == 0 {
		states = []State{Submitted, Returned, Approved}
	}
	if q.Kind != "" {
		kinds = []Kind{q.Kind}
	}
	var find search
	var each []string
	for _, state := range states {
		for _, kind := range kinds {
			one := find.is("FROM ra_place WHERE node = ? AND state = ? AND kind = ?", s.node.ID, string(state), string(kind))
			if id != "" {
				one += find.is(" AND (created, application) < (?, ?)", created, id)
			}
			each = append(each, one)
		}
	}
	ids, err := collect(ctx, r.cfg.DB.Read(), func(row scanner) (id string, err error) { return id, row.Scan(&created, &id) },
		walks("created, application", "created DESC, application DESC", limit+1, each), find.args...)
	if err != nil {
		return nil, err
	}
	all, err := r.readAll(ctx, s, ids)
	if err != nil {
		return nil, err
	}
	return paged(all, limit, byTime), nil
}

// few lists what a holder has or a batch holds, newest first.
func (r *Registration) few(ctx context.Context, s scope, q Query, limit int) (*Page[*Application], error) {
	created, id, err := whenAfter(q.After)
	if err != nil {
		return nil, err
	}
	var find search
	where := find.is("path >= ? AND path < ?", s.from(), s.to()) + more(&find, q)
	for column, value := range map[string]string{"holder": q.Holder, "batch": q.Batch} {
		if value != "" {
			where += find.is(" AND "+column+" = ? AND "+column+" <> ''", value) // the index leaves out what is empty
		}
	}
	if id != "" {
		where += find.is(" AND (created, id) < (?, ?)", created, id)
	}
	all, err := collect(ctx, r.cfg.DB.Read(), scanApplication, fmt.Sprintf("SELECT %s FROM ra_application WHERE %s ORDER BY created DESC, id DESC LIMIT %d",
		applicationColumns, where, limit+1), find.args...)
	if err != nil {
		return nil, err
	}
	return paged(all, limit, byTime), nil
}

// named lists those whose name begins so, by name.
func (r *Registration) named(ctx context.Context, s scope, q Query, limit int) (*Page[*Application], error) {
	name, id, err := nameAfter(q.After)
	if err != nil {
		return nil, err
	}
	var find search
	where := func() string {
		w := find.is(" AND name >= ? AND name < ?", max(q.Name, name), beyond(q.Name)) + more(&find, q)
		if id != "" {
			w += find.is(" AND (name, id) > (?, ?)", name, id)
		}
		if q.Holder != "" {
			w += find.is(" AND holder = ?", q.Holder)
		}
		if q.Batch != "" {
			w += find.is(" AND batch = ?", q.Batch)
		}
		return w
	}
	each, err := r.places(ctx, s, &find, "in:", "FROM ra_application WHERE ", where)
	if err != nil {
		return nil, err
	}
	ids, err := collect(ctx, r.cfg.DB.Read(), func(row scanner) (id string, err error) { return id, row.Scan(&name, &id) },
		walks("name, id", "name, id", limit+1, each), find.args...)
	if err != nil {
		return nil, err
	}
	all, err := r.readAll(ctx, s, ids)
	if err != nil {
		return nil, err
	}
	return paged(all, limit, func(a *Application) string { return byName(a.title(), a.ID) }), nil
}

// more are the conditions every search for applications may have.
func more(find *search, q Query) (where string) {
	if len(q.States) > 0 {
		where += " AND " + anyOf(find, "state", q.States)
	}
	if q.Kind != "" {
		where += find.is(" AND kind = ?", string(q.Kind))
	}
	return where
}

// fewNodes is up to how many nodes are walked one by one, and rare how many of others are
// passed for one of the scope's before the scope's are rather sorted.
const (
	fewNodes = 32
	rare     = 400
)

// places are the walks that make up a scope, of which there are as many as figures of an
// event say: along each of its nodes; along everything with the scope's paths picked out,
// where it meets them sooner; or all of the scope's nodes together, which are sorted, where
// they are many with little in them.
func (r *Registration) places(ctx context.Context, s scope, find *search, event, from string, where func() string) ([]string, error) {
	nodes, err := collect(ctx, r.cfg.DB.Read(), scanText,
		"SELECT id FROM ra_node WHERE path >= $1 AND path < $2 ORDER BY path LIMIT "+strconv.Itoa(fewNodes+1), s.from(), s.to())
	if err != nil {
		return nil, err
	}
	own, all, err := r.share(ctx, s, event)
	if err != nil {
		return nil, err
	}
	few, home := len(nodes) <= fewNodes, s.node.ID == r.cfg.Home.ID
	switch {
	case home || few && own*int64(len(nodes)) > all || !few && own*rare >= all:
		return []string{from + find.is("path >= ? AND path < ?", s.from(), s.to()) + where()}, nil
	case !few:
		return []string{from + find.is("node IN (SELECT id FROM ra_node WHERE path >= ? AND path < ?)", s.from(), s.to()) + where()}, nil
	}
	var each []string
	for _, node := range nodes {
		each = append(each, from+find.is("node = ?", node)+where())
	}
	return each, nil
}

// share is how much of everything lies in a scope, by the figures of how things stand.
func (r *Registration) share(ctx context.Context, s scope, event string) (own, all int64, err error) {
	const sum = "SELECT coalesce(sum(times), 0) FROM ra_figure WHERE node = $1 AND period = 0 AND event LIKE $2"
	for node, to := range map[string]*int64{s.node.ID: &own, r.cfg.Home.ID: &all} {
		if err := r.cfg.DB.Read().QueryRowContext(ctx, sum, node, event+"%").Scan(to); err != nil {
			return 0, 0, fmt.Errorf("adding up what there is: %w", err)
		}
	}
	return own, all, nil
}

// readAll reads applications of a scope in the order of their ids.
func (r *Registration) readAll(ctx context.Context, s scope, ids []string) ([]*Application, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	args := []any{s.from(), s.to()}
	for _, id := range ids {
		args = append(args, id)
	}
	all, err := collect(ctx, r.cfg.DB.Read(), scanApplication, "SELECT "+applicationColumns+" FROM ra_application WHERE path >= $1 AND path < $2 AND id IN "+db.In(3, len(ids)), args...)
	slices.SortFunc(all, func(x, y *Application) int { return slices.Index(ids, x.ID) - slices.Index(ids, y.ID) })
	return all, err
}

// paged makes a page of one more than fit on it; mark says where the next begins.
func paged[T any](all []T, limit int, mark func(T) string) *Page[T] {
	page := &Page[T]{Items: all}
	if len(all) > limit {
		page.Items, page.After = all[:limit], mark(all[limit-1])
	}
	if page.Items == nil {
		page.Items = []T{}
	}
	return page
}

func byTime(a *Application) string { return when(a.Created, a.ID) }

// when says where a list by time goes on: "MILLISECONDS.ID".
func when(at time.Time, id string) string { return fmt.Sprintf("%d.%s", millis(at), id) }

func byName(name, id string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(name)) + "." + id
}

// beyond comes after every text that begins with a prefix.
func beyond(prefix string) string { return prefix + "\U0010FFFF" }

// whenAfter reads what when wrote.
func whenAfter(after string) (created int64, id string, err error) {
	if after == "" {
		return 0, "", nil
	}
	at, id, ok := strings.Cut(after, ".")
	created, err = strconv.ParseInt(at, 10, 64)
	if !ok || err != nil || id == "" {
		return 0, "", badAfter()
	}
	return created, id, checkText("after", id)
}

// nameAfter reads where a list by name goes on: the name in base64url, a dot, an id.
func nameAfter(after string) (name, id string, err error) {
	if after == "" {
		return "", "", nil
	}
	coded, id, ok := strings.Cut(after, ".")
	octets, err := base64.RawURLEncoding.DecodeString(coded)
	if !ok || err != nil || id == "" || checkText("after", string(octets)) != nil {
		return "", "", badAfter()
	}
	return string(octets), id, checkText("after", id)
}

func badAfter() error {
	return pki.Errorf(pki.Invalid, "list.after", "the page to go on after is none of this list").To("take the after of the page before")
}
