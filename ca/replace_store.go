package ca

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"onecert/audit"
	"onecert/db"
	"onecert/officer"
	"onecert/pki"
)

// Missed is one order that a replacement could not issue anew.
type Missed struct {
	Application string     `json:"application"`
	Serial      pki.Serial `json:"serial,omitempty"`
	Holder      string     `json:"holder,omitempty"`
	Code        string     `json:"code" doc:"why, as in errors"`
	Wrong       string     `json:"wrong"`
}

// MissedPage is a part of the list of what was missed.
type MissedPage struct {
	Missed []Missed `json:"missed"`
	Next   string   `json:"next,omitempty" doc:"the after of the next page; empty at the end"`
}

// maxMissed bounds a page.
const maxMissed = 1000

// Part says which part of a list is asked for. It is the last where it has fewer than
// Limit.
type Part struct {
	After string `query:"after" maxLength:"64" doc:"for the next page: the id of the last that was read"`
	Limit int    `query:"limit" minimum:"0" maximum:"200" doc:"how many at most; 50 if not said"`
}

// MostAtOnce is how many a Part has at most; where nothing is said it has fewAtOnce.
const (
	MostAtOnce = 200
	fewAtOnce  = 50
)

func pageSize(n int) int {
	if n <= 0 {
		return fewAtOnce
	}
	return min(n, MostAtOnce)
}

// Replacements returns the replacements there were, the newest first.
func (ca *CA) Replacements(ctx context.Context, p Part) ([]Replacing, error) {
	if _, err := ca.cfg.Check(ctx, officer.Read); err != nil {
		return nil, err
	}
	order := fmt.Sprintf("ORDER BY created DESC, id DESC LIMIT %d", pageSize(p.Limit))
	if p.After == "" {
		return ca.readReplacements(ctx, order)
	}
	last, err := ca.readReplacements(ctx, "WHERE id = $1", p.After)
	if err == nil && len(last) == 0 {
		err = pki.Errorf(pki.Unknown, "replace.unknown", "there is no replacement %.64q", p.After).To("take the id of the last that was read")
	}
	if err != nil {
		return nil, err
	}
	return ca.readReplacements(ctx, "WHERE (created, id) < ($1, $2) "+order, last[0].Created.UnixMilli(), last[0].ID)
}

// Missing lists what a replacement could not issue anew, by application from after on.
func (ca *CA) Missing(ctx context.Context, id, after string) (*MissedPage, error) {
	if _, err := ca.cfg.Check(ctx, officer.Read); err != nil {
		return nil, err
	}
	found, err := ca.readReplacements(ctx, "WHERE id = $1", id)
	if err == nil && len(found) == 0 {
		err = pki.Errorf(pki.Unknown, "replace.unknown", "there is no replacement %.64q", id).To("'onecert ca reissue-status' lists them")
	}
	if err != nil {
		return nil, err
	}
	rows, err := ca.cfg.DB.Read().QueryContext(ctx, `SELECT application, serial, holder, code, wrong FROM ca_replacement_missed
		WHERE replacement = $1 AND application > $2 ORDER BY application LIMIT $3`, id, after, maxMissed)
	if err != nil {
		return nil, storeFailed(fmt.Errorf("reading what was not replaced: %w", err))
	}
	defer rows.Close()
	page := &MissedPage{Missed: []Missed{}}
	for rows.Next() {
		var m Missed
		if err := rows.Scan(&m.Application, (*string)(&m.Serial), &m.Holder, &m.Code, &m.Wrong); err != nil {
			return nil, storeFailed(fmt.Errorf("reading what was not replaced: %w", err))
		}
		page.Missed = append(page.Missed, m)
	}
	if len(page.Missed) == maxMissed {
		page.Next = page.Missed[maxMissed-1].Application
	}
	return page, storeFailed(rows.Err())
}

var replacementColumns = []string{"id", "from_issuer", "to_issuer", "reason", "ordered_by", "created", "ended", "position", "total", "done", "passed", "missed", "millis"}

func insertReplacement(ctx context.Context, tx *sql.Tx, r Replacing) error {
	return db.Insert(ctx, tx, "ca_replacement", replacementColumns, [][]any{{r.ID, r.From, r.To, r.Reason, r.OrderedBy, r.Created.UnixMilli(), 0, "", r.Total, 0, 0, 0, 0}}, "")
}

// readReplacements reads them; rest is a constant of this room.
func (ca *CA) readReplacements(ctx context.Context, rest string, args ...any) ([]Replacing, error) {
	return replacements(ctx, ca.cfg.DB, rest, args...)
}

func replacements(ctx context.Context, d *db.DB, rest string, args ...any) ([]Replacing, error) {
	rows, err := d.Read().QueryContext(ctx, `SELECT id, from_issuer, to_issuer, reason, ordered_by, created, ended, position, total, done, passed, missed, millis
		FROM ca_replacement `+rest, args...)
	if err != nil {
		return nil, storeFailed(fmt.Errorf("reading replacements: %w", err))
	}
	defer rows.Close()
	all := []Replacing{}
	for rows.Next() {
		var r Replacing
		var created, ended, millis int64
		err := rows.Scan(&r.ID, &r.From, &r.To, &r.Reason, &r.OrderedBy, &created, &ended, &r.position, &r.Total, &r.Done, &r.Passed, &r.Missed, &millis)
		if err != nil {
			return nil, storeFailed(fmt.Errorf("reading replacements: %w", err))
		}
		r.Created, r.Seconds = time.UnixMilli(created).UTC(), float64(millis)/1000
		if ended != 0 {
			r.Ended = time.UnixMilli(ended).UTC()
		}
		if millis > 0 {
			r.PerSecond = float64(r.Done) / r.Seconds
		}
		all = append(all, r)
	}
	return all, storeFailed(rows.Err())
}

// LastReplacement returns the newest replacement of a CA's database, nil without one.
// It is for a look from outside.
func LastReplacement(ctx context.Context, d *db.DB) (*Replacing, error) {
	all, err := replacements(ctx, d, "ORDER BY created DESC, id DESC LIMIT 1")
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return &all[0], nil
}

// replacePageOf returns the next orders to look at, in the order of their names.
func (ca *CA) replacePageOf(ctx context.Context, r *Replacing) ([]string, error) {
	rows, err := ca.cfg.DB.Read().QueryContext(ctx, "SELECT application FROM ca_order WHERE issuer = $1 AND application > $2 ORDER BY application LIMIT $3",
		r.From, r.position, replacePage)
	if err != nil {
		return nil, storeFailed(fmt.Errorf("reading orders to replace: %w", err))
	}
	defer rows.Close()
	var page []string
	for rows.Next() {
		var application string
		if err := rows.Scan(&application); err != nil {
			return nil, storeFailed(fmt.Errorf("reading orders to replace: %w", err))
		}
		page = append(page, application)
	}
	return page, storeFailed(rows.Err())
}

// noteReplacement stores how far it has come; its end is in the audit log.
func (ca *CA) noteReplacement(ctx context.Context, r *Replacing, missed []outcome) error {
	ended := int64(0)
	if !r.Ended.IsZero() {
		ended = r.Ended.UnixMilli()
	}
	return ca.tx(ctx, func(tx *sql.Tx) error {
		if ended != 0 {
			act := audit.Act{Actor: replacer(), Act: string(officer.ReplaceIssuer) + ".end", Object: r.From, Result: audit.Done, At: r.Ended,
				Detail: map[string]string{"to": r.To, "approval": r.ID, "done": fmt.Sprint(r.Done), "passed": fmt.Sprint(r.Passed), "missed": fmt.Sprint(r.Missed), "seconds": fmt.Sprintf("%.1f", r.Seconds)}}
			if err := ca.cfg.Audit.Append(ctx, tx, act); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, `UPDATE ca_replacement SET position = $1, done = $2, passed = $3, missed = $4, millis = $5, ended = $6 WHERE id = $7`,
			r.position, r.Done, r.Passed, r.Missed, int64(r.Seconds*1000), ended, r.ID)
		if err != nil || len(missed) == 0 {
			return err
		}
		rows := make([][]any, len(missed))
		for i, m := range missed {
			rows[i] = []any{r.ID, m.application, m.serial, m.holder, m.why.Code, m.why.Wrong}
		}
		return db.Insert(ctx, tx, "ca_replacement_missed", []string{"replacement", "application", "serial", "holder", "code", "wrong"}, rows, "")
	})
}
