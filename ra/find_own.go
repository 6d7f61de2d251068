package ra

import (
	"context"
	"fmt"

	"onecert/pki"
)

// begun are the states of what is in its author's hand.
const begun = "state IN ('draft', 'returned')"

// own lists what the one who asks has begun or got back, newest first. Of what was handed
// on there is too much to list by its author.
func (r *Registration) own(ctx context.Context, s scope, q Query, limit int) (*Page[*Application], error) {
	var find search
	each, err := ownWalks(&find, s, q)
	if err != nil {
		return nil, err
	}
	return r.found(ctx, s, &find, each, limit)
}

func ownWalks(find *search, s scope, q Query) (each []string, err error) {
	if len(q.States) == 0 {
		q.States = []State{Draft, Returned}
	}
	for _, state := range q.States {
		if state != Draft && state != Returned {
			return nil, pki.Errorf(pki.Invalid, "list.mine", "one's own applications are listed as drafts and as returned ones").To("leave mine out, or the other states")
		}
		from := find.is("FROM ra_application WHERE registered_by = ? AND "+begun+" AND state = ?", s.actor.Name, string(state))
		rest, err := besides(find, s, q)
		if err != nil {
			return nil, err
		}
		each = append(each, from+rest)
	}
	return each, nil
}

// conflicts lists that on which this office and another one's process differ, until a
// person has decided, newest first. They are few, and have an index of their own.
func (r *Registration) conflicts(ctx context.Context, s scope, q Query, limit int) (*Page[*Application], error) {
	var find search
	each, err := conflictWalks(&find, s, q)
	if err != nil {
		return nil, err
	}
	return r.found(ctx, s, &find, each, limit)
}

func conflictWalks(find *search, s scope, q Query) ([]string, error) {
	from := "FROM ra_application WHERE conflict <> ''"
	if q.Mine {
		from += find.is(" AND registered_by = ?", s.actor.Name)
	}
	if len(q.States) > 0 {
		from += " AND " + anyOf(find, "state", q.States)
	}
	rest, err := besides(find, s, q)
	return []string{from + rest}, err
}

// besides are the conditions of a list of few applications beside the one it walks along.
func besides(find *search, s scope, q Query) (where string, err error) {
	created, id, err := whenAfter(q.After)
	if err != nil {
		return "", err
	}
	where = find.is(" AND path >= ? AND path < ?", s.from(), s.to())
	if id != "" {
		where += find.is(" AND (created, id) < (?, ?)", created, id)
	}
	for _, one := range [][2]string{{"kind", string(q.Kind)}, {"holder", q.Holder}, {"batch", q.Batch}} {
		if one[1] != "" {
			where += find.is(" AND "+one[0]+" = ?", one[1])
		}
	}
	if q.Name != "" {
		where += find.is(" AND name >= ? AND name < ?", q.Name, beyond(q.Name))
	}
	return where, nil
}

// found reads a page of walks that are newest first.
func (r *Registration) found(ctx context.Context, s scope, find *search, each []string, limit int) (*Page[*Application], error) {
	ids, err := collect(ctx, r.cfg.DB.Read(), func(row scanner) (id string, err error) {
		var created int64
		return id, row.Scan(&created, &id)
	}, walks("created, id", "created DESC, id DESC", limit+1, each), find.args...)
	if err != nil {
		return nil, fmt.Errorf("listing applications: %w", err)
	}
	all, err := r.readAll(ctx, s, ids)
	if err != nil {
		return nil, err
	}
	return paged(all, limit, byTime), nil
}
