package kmc

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"onecert/officer"
	"onecert/pki"
)

// Years a pair is kept after its certificate has ended: by default, and at least
// (GM/T 0034 wants a fixed number of years; the law on signatures five).
const (
	defaultRetention = 10
	leastRetention   = 5
	mostRetention    = 100
)

// Kept is a pair in history whose retention is over.
type Kept struct {
	CertNo   pki.Serial `json:"cert_no"`
	CA       string     `json:"ca"`
	Holder   string     `json:"holder"`
	Suite    pki.Suite  `json:"suite"`
	NotAfter time.Time  `json:"not_after"`
	Ended    time.Time  `json:"ended" doc:"when it went to history"`
	Due      time.Time  `json:"due" doc:"from when it may be destroyed"`
}

// Overdue is a part of the list of such pairs; After continues it.
type Overdue struct {
	Years int    `json:"years" doc:"how long pairs are kept here"`
	Keys  []Kept `json:"keys"`
	After string `json:"after,omitempty"`
}

// A page of pairs past their retention.
const (
	fewOverdue  = 100
	mostOverdue = 1000
)

// due is when a pair may be destroyed: the years run from the end of its certificate
// or from its leaving use, whichever is later. A renewed certificate lives on with
// the pair, and the centre does not see it end.
func (c *Centre) due(u *use) time.Time {
	from := u.notAfter
	if u.endedAt.After(from) {
		from = u.endedAt
	}
	return from.AddDate(c.config.Retention, 0, 0)
}

// Retention lists pairs in history that may be destroyed, longest due certificates
// first. Errors: km.order, km.store, those of Config.Check.
func (c *Centre) Retention(ctx context.Context, after string, limit int) (Overdue, error) {
	if _, err := c.config.Check(ctx, officer.ReadRetention); err != nil {
		return Overdue{}, err
	}
	if limit == 0 {
		limit = fewOverdue
	}
	if limit < 1 || limit > mostOverdue {
		return Overdue{}, errOrder("a page has 1 to %d keys", mostOverdue)
	}
	end, id, err := readPlace(after)
	if err != nil {
		return Overdue{}, err
	}
	now := c.config.Now()
	// Years are not all of one length: two days more, and the exact rule below.
	cut := now.AddDate(-c.config.Retention, 0, 2).UnixMilli()
	uses, err := listUses(ctx, c.config.DB.Read(), `ended_at IS NOT NULL AND destroyed_at IS NULL AND not_after < $1 AND ended_at < $2
		AND (not_after > $3 OR not_after = $4 AND key_id > $5) ORDER BY not_after, key_id LIMIT $6`, cut, cut, end, end, id, limit)
	if err != nil {
		return Overdue{}, unreadable(err)
	}
	out := Overdue{Years: c.config.Retention, Keys: []Kept{}}
	for _, u := range uses {
		if due := c.due(u); !now.Before(due) {
			out.Keys = append(out.Keys, Kept{CertNo: u.certNo, CA: u.ca, Holder: u.holder, Suite: u.suite, NotAfter: u.notAfter, Ended: u.endedAt, Due: due})
		}
	}
	if len(uses) == limit {
		last := uses[len(uses)-1]
		out.After = fmt.Sprintf("%d/%s", last.notAfter.UnixMilli(), last.keyID)
	}
	return out, nil
}

// readPlace reads where a page begins.
func readPlace(after string) (end int64, id string, err error) {
	if after == "" {
		return -1, "", nil
	}
	number, id, ok := strings.Cut(after, "/")
	end, err = strconv.ParseInt(number, 10, 64)
	if !ok || err != nil || !plainText(id, maxID) {
		return 0, "", errOrder("the place to go on from is malformed")
	}
	return end, id, nil
}
