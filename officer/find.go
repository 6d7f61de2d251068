package officer

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"onecert/pki"
)

// MostAtOnce is how many registrations one page has at most; where nothing is said it
// has fewAtOnce.
const (
	MostAtOnce = 200
	fewAtOnce  = 50
)

// Query selects registrations. The zero value means all, ended ones too.
type Query struct {
	Name  string // a part of it
	Role  string
	State string // active, ended; "": both
	After string // for the next page: the fingerprint of the last that was read
	Limit int    // 1 to MostAtOnce; 0: 50
}

// PageSize is how many a page has.
func (q Query) PageSize() int {
	if q.Limit <= 0 {
		return fewAtOnce
	}
	return min(q.Limit, MostAtOnce)
}

// Find returns a page of registrations by name and time. It is the last page where it
// has fewer than were asked for.
func (r *Registry) Find(ctx context.Context, q Query) ([]Officer, error) {
	var where []string
	var args []any
	is := func(text string, values ...any) {
		for _, v := range values {
			args = append(args, v)
			text = strings.Replace(text, "?", fmt.Sprintf("$%d", len(args)), 1)
		}
		where = append(where, text)
	}
	is("name <> ''")
	if q.Name != "" {
		if strings.ContainsFunc(q.Name, func(c rune) bool { return !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '.' || c == '-') }) {
			return []Officer{}, nil // nobody can be called so
		}
		is("name LIKE ?", "%"+q.Name+"%")
	}
	if q.Role != "" {
		if !slices.Contains(Roles(), q.Role) {
			return nil, pki.Errorf(pki.Invalid, "officer.role", "%.20q is no role", q.Role).To("use one of %s", strings.Join(Roles(), ", "))
		}
		is("' ' || roles || ' ' LIKE ?", "% "+q.Role+" %")
	}
	switch q.State {
	case "":
	case "active":
		is("ended_at IS NULL")
	case "ended":
		is("ended_at IS NOT NULL")
	default:
		return nil, pki.Errorf(pki.Invalid, "officer.state", "%.20q is no state of a registration", q.State).To("use active or ended, or leave it out")
	}
	if q.After != "" {
		last, err := registered(ctx, r.d.Read(), strings.ToLower(q.After))
		if err != nil {
			return nil, err
		}
		is("(name, added_at, fingerprint) > (?, ?, ?)", last.Name, last.Added.UnixMilli(), last.Fingerprint)
	}
	return officers(ctx, r.d.Read(), fmt.Sprintf("WHERE %s ORDER BY name, added_at, fingerprint LIMIT %d", strings.Join(where, " AND "), q.PageSize()), args...)
}

// Named returns whose certificate has a fingerprint; "" where it is nobody's.
func (r *Registry) Named(ctx context.Context, fingerprint string) (string, error) {
	found, err := officers(ctx, r.d.Read(), "WHERE fingerprint = $1", strings.ToLower(fingerprint))
	if err != nil || len(found) == 0 {
		return "", err
	}
	return found[0].Name, nil
}
