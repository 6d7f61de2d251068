package ra

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"time"

	"onecert/audit"
	"onecert/db"
	"onecert/officer"
	"onecert/pki"
)

// Standing is what a ministry sees of a member: how a certificate stands, and no name.
type Standing struct {
	Holder   string     `json:"holder"`
	Issuer   string     `json:"issuer"`
	Serial   pki.Serial `json:"serial"`
	Kind     Kind       `json:"kind"`
	State    pki.State  `json:"state"`
	NotAfter time.Time  `json:"not_after"`

	path string
}

// Membership names a holder who uses an application.
type Membership struct {
	Holder string `json:"holder" minLength:"1" maxLength:"64"`
}

// AddMember notes that a holder of one's subtree uses an application.
func (r *Registration) AddMember(ctx context.Context, system string, m Membership) error {
	return r.setMember(ctx, system, m.Holder, "member.add", func(tx *sql.Tx, s scope) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO ra_member (system, holder, added_by, at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
			system, m.Holder, s.actor.Name, millis(r.now()))
		return err
	})
}

// RemoveMember notes that a holder uses an application no more.
func (r *Registration) RemoveMember(ctx context.Context, system string, m Membership) error {
	return r.setMember(ctx, system, m.Holder, "member.remove", func(tx *sql.Tx, _ scope) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM ra_member WHERE system = $1 AND holder = $2", system, m.Holder)
		return err
	})
}

func (r *Registration) setMember(ctx context.Context, system, holder, act string, do func(*sql.Tx, scope) error) error {
	s, err := r.enter(ctx, officer.WriteMembers)
	if err != nil {
		return err
	}
	y, err := r.readSystem(ctx, system, s)
	if err != nil {
		return err
	}
	if y.State != SystemActive {
		return pki.Errorf(pki.Conflict, "system.inactive", "the application's entry is %s", y.State).To("have it approved first")
	}
	if _, err := readHolder(ctx, r.cfg.DB.Read(), s, holder); err != nil {
		return err
	}
	return r.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if err := r.cfg.Audit.Append(ctx, tx, r.actOf(s, act, system, holder, nil)); err != nil {
			return err
		}
		if err := do(tx, s); err != nil {
			return fmt.Errorf("storing a member: %w", err)
		}
		return nil
	})
}

// MemberQuery selects members of an application.
type MemberQuery struct {
	After string `query:"after" maxLength:"100"`
	Limit int    `query:"limit" minimum:"0" maximum:"200"`
}

// Members shows to the ministry of an application how its members' certificates stand,
// in every branch and of exactly these. The registrations of these holders can see
// that it looked (Glances).
func (r *Registration) Members(ctx context.Context, system string, q MemberQuery) (*Page[*Standing], error) {
	s, err := r.enter(ctx, officer.ReadMembers)
	if err != nil {
		return nil, err
	}
	y, err := r.systemToRead(ctx, s, system)
	if err != nil {
		return nil, r.refused(ctx, s, "members", system, err)
	}
	limit := pageSize(q.Limit)
	all, err := collect(ctx, r.cfg.DB.Read(), scanStanding, `SELECT c.holder, c.issuer, c.serial, c.kind, c.state, c.not_after, c.path
		FROM ra_member m JOIN ra_holder h ON h.id = m.holder AND h.state = 'active' JOIN ra_certificate c ON c.holder = m.holder
		WHERE m.system = $1 AND m.holder || '/' || c.serial > $2 ORDER BY m.holder, c.serial LIMIT $3`, y.ID, q.After, limit+1)
	if err != nil {
		return nil, err
	}
	page := &Page[*Standing]{Items: all}
	if len(all) > limit {
		last := all[limit-1]
		page.Items, page.After = all[:limit], last.Holder+"/"+string(last.Serial)
	}
	page.Items = slices.DeleteFunc(page.Items, func(d *Standing) bool { return !slices.Contains(y.Kinds, d.Kind) })
	return page, r.looked(ctx, s, y, page.Items)
}

func scanStanding(row scanner) (*Standing, error) {
	d := &Standing{}
	var after int64
	err := row.Scan(&d.Holder, &d.Issuer, &d.Serial, &d.Kind, &d.State, &after, &d.path)
	d.NotAfter = moment(after)
	return d, err
}

// systemToRead finds an approved entry whose ministry is at or below the caller's node.
// It may be registered in another branch: that is what the grant is for.
func (r *Registration) systemToRead(ctx context.Context, s scope, id string) (*System, error) {
	y, err := scanSystem(r.cfg.DB.Read().QueryRowContext(ctx, "SELECT "+systemColumns+" FROM ra_system WHERE id = $1 AND state = 'active' AND reader <> ''", id))
	if err != nil {
		return nil, unknownOr(err, "system.unknown", "application", id)
	}
	reader, err := r.readNode(ctx, y.Reader)
	if err != nil {
		return nil, err
	}
	if !s.covers(reader.Path) {
		return nil, unknownOr(sql.ErrNoRows, "system.unknown", "application", id)
	}
	return y, nil
}

// Glance is one time a ministry looked at holders of one's subtree.
type Glance struct {
	At      time.Time `json:"at"`
	Officer string    `json:"officer"`
	Node    string    `json:"node"`
	System  string    `json:"system"`
	Holders int       `json:"holders" doc:"of this path"`
	Path    string    `json:"path"`

	id string
}

// looked writes down who was looked at: in the audit log by holder, and for each
// registration how many of its holders.
func (r *Registration) looked(ctx context.Context, s scope, y *System, seen []*Standing) error {
	paths, holders := map[string]map[string]bool{}, []string{}
	for _, d := range seen {
		if paths[d.path] == nil {
			paths[d.path] = map[string]bool{}
		}
		paths[d.path][d.Holder] = true
		if !slices.Contains(holders, d.Holder) {
			holders = append(holders, d.Holder)
		}
	}
	var rows [][]any
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		id := make([]byte, 8)
		if _, err := io.ReadFull(r.cfg.Random, id); err != nil {
			return fmt.Errorf("drawing a number: %w", err)
		}
		rows = append(rows, []any{hex.EncodeToString(id), millis(r.now()), s.actor.Name, s.node.ID, y.ID, int64(len(paths[path])), path})
	}
	return r.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		acts := []audit.Act{r.actOf(s, "members.read", y.ID, "", map[string]string{"holders": strconv.Itoa(len(holders))})}
		for _, holder := range holders {
			acts = append(acts, r.actOf(s, "members.read", y.ID, holder, nil))
		}
		if err := r.cfg.Audit.Append(ctx, tx, acts...); err != nil || len(rows) == 0 {
			return err
		}
		return db.Insert(ctx, tx, "ra_look", []string{"id", "at", "officer", "node", "system", "holders", "path"}, rows, "")
	})
}

// Glances lists when ministries looked at holders of one's subtree, the newest first.
func (r *Registration) Glances(ctx context.Context, q ListQuery) (*Page[Glance], error) {
	s, err := r.enter(ctx, officer.ReadMembers)
	if err != nil {
		return nil, err
	}
	at, id, err := whenAfter(q.After)
	if err != nil {
		return nil, err
	}
	var find search
	text := "SELECT " + glanceColumns + " FROM ra_look WHERE " + find.is("path >= ? AND path < ?", s.from(), s.to())
	if id != "" {
		text += find.is(" AND (at, id) < (?, ?)", at, id)
	}
	return leaf(ctx, r, q, scanGlance, &find, text+" ORDER BY at DESC, id DESC", func(g Glance) string { return when(g.At, g.id) })
}

const glanceColumns = "at, officer, node, system, holders, path, id"

func scanGlance(row scanner) (g Glance, err error) {
	var at int64
	err = row.Scan(&at, &g.Officer, &g.Node, &g.System, &g.Holders, &g.Path, &g.id)
	g.At = moment(at)
	return g, err
}
