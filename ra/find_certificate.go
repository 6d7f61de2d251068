package ra

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"onecert/officer"
	"onecert/pki"
)

// CertificateQuery selects certificates of one's subtree.
type CertificateQuery struct {
	Holder string    `query:"holder" maxLength:"64"`
	Name   string    `query:"name" maxLength:"100" doc:"the beginning of the holder's name"`
	State  pki.State `query:"state" maxLength:"20"`
	Node   string    `query:"node" maxLength:"24" doc:"only of this node and below"`
	Issuer string    `query:"issuer" maxLength:"32"`
	Serial string    `query:"serial" maxLength:"64" doc:"hexadecimal"`
	Kind   Kind      `query:"kind" maxLength:"20"`
	Unit   string    `query:"unit" maxLength:"100" doc:"the beginning of the holder's unit"`
	Region string    `query:"region" pattern:"^[0-9]{0,6}$" doc:"the beginning of the code of the node's administrative division, GB/T 2260"`

	// With one of these what ends first comes first, and what is revoked does not.
	EndsFrom string `query:"ends_from" pattern:"^([0-9]{4}-[0-9]{2}-[0-9]{2})?$" doc:"ends on this day or later, in China; with ends_to, valid and held ones by their end"`
	EndsTo   string `query:"ends_to" pattern:"^([0-9]{4}-[0-9]{2}-[0-9]{2})?$" doc:"ends on this day or earlier"`

	Limit int    `query:"limit" minimum:"0" maximum:"200"`
	After string `query:"after" maxLength:"400" doc:"the after of the page before"`
}

// unlessCancelled hides what a cancelled holder had (信息注销); few are, and they have an
// index of their own.
const unlessCancelled = " AND NOT EXISTS (SELECT 1 FROM ra_holder h WHERE h.id = holder AND h.state = 'cancelled')"

// Certificates lists what the holders of the subtree have, by name, or by end where that
// is asked for.
func (r *Registration) Certificates(ctx context.Context, q CertificateQuery) (*Page[*Certificate], error) {
	s, err := r.enter(ctx, officer.ReadApplications)
	if err != nil {
		return nil, err
	}
	if s, err = r.narrow(ctx, s, q.Node); err != nil {
		return nil, err
	}
	if err := checkText("search", q.Name+q.Holder+string(q.State)+q.Issuer+q.Serial+string(q.Kind)+q.Unit); err != nil {
		return nil, err
	}
	list := r.certificatesByName
	switch {
	case q.Holder != "" || q.Serial != "":
		list = r.certificatesOf
	case q.EndsFrom != "" || q.EndsTo != "":
		list = r.certificatesByEnd
	}
	page, err := list(ctx, s, q)
	if err != nil {
		return nil, err
	}
	return page, r.begin(ctx, s, page.Items)
}

// moreOf are the conditions every search for certificates may have besides those it
// walks along.
func (q CertificateQuery) moreOf(find *search) (where string) {
	for column, value := range map[string]string{"issuer": q.Issuer, "kind": string(q.Kind)} {
		if value != "" {
			where += find.is(" AND "+column+" = ?", value)
		}
	}
	if q.Unit != "" {
		where += find.is(" AND unit >= ? AND unit < ?", q.Unit, beyond(q.Unit))
	}
	if q.Region != "" {
		where += find.is(" AND node IN (SELECT id FROM ra_node WHERE region >= ? AND region < ?)", q.Region, beyond(q.Region))
	}
	return where
}

func (r *Registration) certificatesByName(ctx context.Context, s scope, q CertificateQuery) (*Page[*Certificate], error) {
	var find search
	each, err := r.nameWalks(ctx, &find, s, q)
	if err != nil {
		return nil, err
	}
	limit := pageSize(q.Limit)
	all, err := collect(ctx, r.cfg.DB.Read(), scanCertificate, walks(certificateColumns, "name, serial", limit+1, each), find.args...)
	if err != nil {
		return nil, err
	}
	return paged(all, limit, func(c *Certificate) string { return byName(c.Name, string(c.Serial)) }), nil
}

func (r *Registration) nameWalks(ctx context.Context, find *search, s scope, q CertificateQuery) (each []string, err error) {
	name, serial, err := nameAfter(q.After)
	if err != nil {
		return nil, err
	}
	where := func(state pki.State) string {
		w := find.is(" AND state = ? AND name >= ?", string(state), max(q.Name, name)) + unlessCancelled + q.moreOf(find)
		if q.Name != "" {
			w += find.is(" AND name < ?", beyond(q.Name))
		}
		if serial != "" {
			w += find.is(" AND (name, serial) > (?, ?)", name, serial)
		}
		return w
	}
	states := []pki.State{q.State}
	if q.State == "" {
		states = []pki.State{pki.Valid, pki.Held, pki.Revoked, pki.Expired}
	}
	for _, state := range states {
		some, err := r.places(ctx, s, find, "certificate:", "FROM ra_certificate WHERE ", func() string { return where(state) })
		if err != nil {
			return nil, err
		}
		each = append(each, some...)
	}
	return each, nil
}

// certificatesByEnd lists what ends between two days, what ends first first.
func (r *Registration) certificatesByEnd(ctx context.Context, s scope, q CertificateQuery) (*Page[*Certificate], error) {
	from, to, err := q.ends()
	if err != nil {
		return nil, err
	}
	end, serial, err := whenAfter(q.After)
	if err != nil {
		return nil, err
	}
	states := []pki.State{pki.Valid, pki.Held}
	if q.State != "" {
		states = []pki.State{q.State}
	}
	var find search
	each, err := r.places(ctx, s, &find, "certificate:", "FROM ra_certificate WHERE ", func() string {
		w := find.is(" AND not_after >= ? AND not_after < ? AND name >= ? AND name < ?", max(from, end), to, q.Name, beyond(q.Name)) +
			" AND " + anyOf(&find, "state", states) + unlessCancelled + q.moreOf(&find)
		if serial != "" {
			w += find.is(" AND (not_after, serial) > (?, ?)", end, serial)
		}
		return w
	})
	if err != nil {
		return nil, err
	}
	limit := pageSize(q.Limit)
	all, err := collect(ctx, r.cfg.DB.Read(), scanCertificate, walks(certificateColumns, "not_after, serial", limit+1, each), find.args...)
	if err != nil {
		return nil, err
	}
	return paged(all, limit, func(c *Certificate) string { return when(c.NotAfter, string(c.Serial)) }), nil
}

// ends are the milliseconds from which, and before which.
func (q CertificateQuery) ends() (from, to int64, err error) {
	to = millis(time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)) // no certificate ends later, RFC 5280 4.1.2.5
	for _, bound := range []struct {
		text string
		days int
		into *int64
	}{{q.EndsFrom, 0, &from}, {q.EndsTo, 1, &to}} {
		if bound.text == "" {
			continue
		}
		day, err := time.ParseInLocation(time.DateOnly, bound.text, chinaTime())
		if err != nil {
			return 0, 0, pki.Errorf(pki.Invalid, "search.day", "the first or the last day is no day").To("write it like 2026-11-23")
		}
		*bound.into = millis(day.AddDate(0, 0, bound.days))
	}
	return from, to, nil
}

// mostOfHolder is how many certificates of one holder are looked through.
const mostOfHolder = 5000

// certificatesOf lists what one holder has, or what has a serial number. The database has
// no say in the order: it would rather walk all names.
func (r *Registration) certificatesOf(ctx context.Context, s scope, q CertificateQuery) (*Page[*Certificate], error) {
	name, after, err := nameAfter(q.After)
	if err != nil {
		return nil, err
	}
	var find search
	where := find.is("path >= ? AND path < ?", s.from(), s.to()) + q.moreOf(&find)
	if q.Holder != "" {
		where += find.is(" AND holder = ?", q.Holder)
	}
	if q.Serial != "" {
		serial, err := pki.ParseSerial(q.Serial)
		if err != nil {
			return nil, err
		}
		where += find.is(" AND serial = ?", string(serial))
	}
	if q.Holder == "" {
		where += unlessCancelled
	}
	all, err := collect(ctx, r.cfg.DB.Read(), scanCertificate, fmt.Sprintf("SELECT %s FROM ra_certificate WHERE %s LIMIT %d", certificateColumns, where, mostOfHolder), find.args...)
	if err != nil {
		return nil, err
	}
	order := func(c *Certificate) string { return c.Name + "\x00" + string(c.Serial) }
	all = slices.DeleteFunc(all, func(c *Certificate) bool {
		return q.State != "" && c.State != q.State || !strings.HasPrefix(c.Name, q.Name) || after != "" && order(c) <= name+"\x00"+after
	})
	slices.SortFunc(all, func(x, y *Certificate) int { return strings.Compare(order(x), order(y)) })
	limit := pageSize(q.Limit)
	return paged(all[:min(len(all), limit+1)], limit, func(c *Certificate) string { return byName(c.Name, string(c.Serial)) }), nil
}
