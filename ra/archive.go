package ra

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"onecert/audit"
	"onecert/db"
	"onecert/officer"
	"onecert/pki"
)

// Volume is a closed period of the archive (features L2): what left the live tables
// together. Each carries the hash of the one before, and the audit log has them all.
type Volume struct {
	Number   int64     `json:"number"`
	Node     string    `json:"node"`
	Before   time.Time `json:"before"`
	Made     time.Time `json:"made"`
	MadeBy   string    `json:"made_by"`
	Records  int       `json:"records"`
	Newest   time.Time `json:"newest" doc:"the last end of a certificate in it, or act on an application"`
	Previous string    `json:"previous" doc:"digest of the volume before"`
	Digest   string    `json:"digest"`
	State    string    `json:"state" enum:"kept,destroyed"`
	More     bool      `json:"more,omitempty" doc:"there is more to archive up to the same day"`

	path    string
	figures figures
}

// Closing says what to archive.
type Closing struct {
	Before time.Time `json:"before" doc:"what ended before it; at least 366 days ago"`
}

const (
	volumeKept      = "kept"
	volumeDestroyed = "destroyed"
	// closedFor is how long something has ended before it is archived: longer than any
	// grace in which it may be renewed.
	closedFor = 366 * 24 * time.Hour
	// retention is the least time anything is kept after its end (features O15).
	retentionYears = 5
	perVolume      = 500
)

// CloseVolume archives what of one's subtree ended before a day: applications nothing
// can happen to any more, with the certificates they made, if these ended too. Up to
// 500 go into a volume; More says whether to call again.
func (r *Registration) CloseVolume(ctx context.Context, c Closing) (*Volume, error) {
	s, err := r.enter(ctx, officer.Archive)
	if err != nil {
		return nil, err
	}
	if c.Before.IsZero() || r.now().Sub(c.Before) < closedFor {
		return nil, pki.Errorf(pki.Invalid, "archive.before", "only what ended more than 366 days ago is archived").To("give an earlier day")
	}
	v := &Volume{Node: s.node.ID, Before: c.Before.UTC().Truncate(time.Millisecond), Made: r.now(), MadeBy: s.actor.Name, State: volumeKept, path: s.node.Path}
	err = r.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if err := alone(ctx, tx); err != nil {
			return err
		}
		ids, err := closable(ctx, tx, s, millis(v.Before))
		if err != nil {
			return err
		}
		if len(ids) == 0 {
			return pki.Errorf(pki.Conflict, "archive.nothing", "nothing that could be archived ended before that day")
		}
		if v.More = len(ids) > perVolume; v.More {
			ids = ids[:perVolume]
		}
		return r.bind(ctx, tx, s, v, ids)
	})
	if err != nil {
		return nil, err
	}
	return v, nil
}

// closable lists what can be archived: ended, not touched since, and neither the
// certificate it made nor the one it is about still good or only just ended.
func closable(ctx context.Context, tx *sql.Tx, s scope, before int64) ([]string, error) {
	return collect(ctx, tx, func(row scanner) (id string, err error) { return id, row.Scan(&id) }, `SELECT a.id FROM ra_application a
		WHERE a.path >= $1 AND a.path < $2 AND a.state IN ('rejected', 'withdrawn', 'issued', 'delivered') AND a.changed < $3 AND NOT EXISTS
		(SELECT 1 FROM ra_certificate c WHERE (c.application = a.id OR c.serial = a.serial AND c.issuer = a.issuer)
			AND c.not_after >= $3 AND NOT (c.state = 'revoked' AND c.changed < $3))
		AND NOT EXISTS (SELECT 1 FROM ra_link l WHERE l.application = a.id AND l.waiting = 1)
		ORDER BY a.created, a.id LIMIT $4`, s.from(), s.to(), before, perVolume+1)
}

// bind moves applications into a volume.
func (r *Registration) bind(ctx context.Context, tx *sql.Tx, s scope, v *Volume, ids []string) error {
	all, err := gather(ctx, tx, ids)
	if err != nil {
		return err
	}
	if v.Number, err = next(ctx, tx, "volume", 1); err != nil {
		return err
	}
	if err := tx.QueryRowContext(ctx, "SELECT COALESCE((SELECT digest FROM ra_volume WHERE number = $1), '')", v.Number-1).Scan(&v.Previous); err != nil {
		return fmt.Errorf("reading the volume before: %w", err)
	}
	var rows [][]any
	var digests []string
	for line, id := range ids {
		row, digest, err := v.take(all[id], line)
		if err != nil {
			return err
		}
		rows, digests = append(rows, row), append(digests, digest)
	}
	v.Records, v.Digest = len(ids), v.digestOf(digests)
	act := r.actOf(s, "archive.close", strconv.FormatInt(v.Number, 10), "", map[string]string{"digest": v.Digest, "records": strconv.Itoa(v.Records), "before": v.Before.Format(time.DateOnly)})
	if err := r.cfg.Audit.Append(ctx, tx, act); err != nil {
		return err
	}
	if err := db.Insert(ctx, tx, "ra_archived", []string{"application", "volume", "line", "path", "holder", "name", "kind", "operation", "state", "serial", "created", "digest", "record"}, rows, ""); err != nil {
		return err
	}
	if err := db.Insert(ctx, tx, "ra_volume", strings.Split(strings.ReplaceAll(volumeColumns, " ", ""), ","), [][]any{{v.Number, v.Node, v.path, millis(v.Before), millis(v.Made), v.MadeBy,
		int64(v.Records), millis(v.Newest), v.Previous, v.Digest, encoded(v.figures.rows()), v.State}}, ""); err != nil {
		return err
	}
	return leave(ctx, tx, ids)
}

// take adds one application to a volume: its row, its part of the figures, its end.
func (v *Volume) take(d *folder, line int) (row []any, digest string, err error) {
	_, digest, packed, err := d.encode()
	if err != nil {
		return nil, "", err
	}
	found, err := rowsOf(d, "ra_application", applicationColumns, scanApplication)
	if err != nil {
		return nil, "", err
	}
	a := found[0]
	moments, err := historyOf(d)
	if err != nil {
		return nil, "", err
	}
	certificates, err := rowsOf(d, "ra_certificate", certificateColumns, scanCertificate)
	if err != nil {
		return nil, "", err
	}
	v.figures.stands(a, a.State, 1)
	v.figures.moments(a, 0, moments, 1)
	v.newer(a.Changed)
	for _, c := range certificates {
		v.figures.certificate(c.Path, c.Kind, c.State, millis(c.NotAfter), 1)
		v.newer(c.NotAfter)
	}
	return []any{a.ID, v.Number, int64(line), a.Path, a.Holder, a.title(), string(a.Kind), string(a.Operation), string(a.State), string(a.Serial), millis(a.Created), digest, packed}, digest, nil
}

func (v *Volume) newer(t time.Time) {
	if t.After(v.Newest) {
		v.Newest = t
	}
}

func historyOf(d *folder) ([]Moment, error) {
	all, err := rowsOf(d, "ra_history", "number, at, actor, node, event, state, note", func(row scanner) (m Moment, err error) {
		return m, row.Scan(&m.Number, &m.At, &m.Actor, &m.Node, &m.Event, &m.State, &m.Note)
	})
	slices.SortFunc(all, func(x, y Moment) int { return cmp.Compare(x.Number, y.Number) })
	return all, err
}

// digestOf binds a volume's records, in their order, to the volume before.
func (v *Volume) digestOf(digests []string) string {
	return digestOfText([]byte(fmt.Sprintf("onecert archive volume %d\n%s\n%d\n%s\n", v.Number, v.Previous, millis(v.Before), strings.Join(digests, "\n"))))
}

// leave takes applications out of the live tables.
func leave(ctx context.Context, tx *sql.Tx, ids []string) error {
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = id
	}
	for _, b := range belongings {
		if b.stays {
			continue
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM "+b.table+" WHERE "+b.column+" IN "+db.In(1, len(ids)), args...); err != nil {
			return fmt.Errorf("taking archived rows out of %s: %w", b.table, err)
		}
	}
	return nil
}

// rows are figures as they are kept with a volume: node, period, operation, kind,
// event, times, waited.
func (f figures) rows() [][]any {
	all := [][]any{}
	for _, k := range slices.SortedFunc(maps.Keys(f), func(x, y figureKey) int {
		return cmp.Or(cmp.Compare(x.node, y.node), cmp.Compare(x.period, y.period), cmp.Compare(x.operation, y.operation), cmp.Compare(x.kind, y.kind), cmp.Compare(x.event, y.event))
	}) {
		all = append(all, []any{k.node, k.period, k.operation, k.kind, k.event, f[k].times, f[k].waited})
	}
	return all
}

// countVolumes adds what was archived to a count of the live tables; the statistics go
// on telling of it, also after it is destroyed.
func (r *Registration) countVolumes(ctx context.Context, f *figures) error {
	all, err := collect(ctx, r.cfg.DB.Read(), func(row scanner) (text string, err error) { return text, row.Scan(&text) }, "SELECT figures FROM ra_volume")
	if err != nil {
		return err
	}
	for _, text := range all {
		var rows [][7]json.RawMessage
		if err := json.Unmarshal([]byte(text), &rows); err != nil {
			return fmt.Errorf("reading the figures of a volume: %w", err)
		}
		for _, row := range rows {
			var k figureKey
			var by figure
			for i, into := range []any{&k.node, &k.period, &k.operation, &k.kind, &k.event, &by.times, &by.waited} {
				if err := json.Unmarshal(row[i], into); err != nil {
					return fmt.Errorf("reading the figures of a volume: %w", err)
				}
			}
			if *f == nil {
				*f = figures{}
			}
			was := (*f)[k]
			(*f)[k] = figure{was.times + by.times, was.waited + by.waited}
		}
	}
	return nil
}

const volumeColumns = "number, node, path, before, made, made_by, records, newest, previous, digest, figures, state"

func scanVolume(row scanner) (*Volume, error) {
	v := &Volume{}
	var before, made, newest int64
	var figures string
	err := row.Scan(&v.Number, &v.Node, &v.path, &before, &made, &v.MadeBy, &v.Records, &newest, &v.Previous, &v.Digest, &figures, &v.State)
	v.Before, v.Made, v.Newest = moment(before), moment(made), moment(newest)
	return v, err
}

// Volumes lists the archive's volumes of one's subtree.
func (r *Registration) Volumes(ctx context.Context, q ListQuery) (*Page[*Volume], error) {
	s, err := r.enter(ctx, officer.VerifyArchive)
	if err != nil {
		return nil, err
	}
	after, err := strconv.ParseInt(cmp.Or(q.After, "0"), 10, 64)
	if err != nil {
		return nil, badAfter()
	}
	var find search
	text := "SELECT " + volumeColumns + " FROM ra_volume WHERE " + find.is("path >= ? AND path < ? AND number > ?", s.from(), s.to(), after)
	return leaf(ctx, r, q, scanVolume, &find, text+" ORDER BY number", func(v *Volume) string { return strconv.FormatInt(v.Number, 10) })
}

// VerifyArchive reads every volume of the archive and says what is not as it was
// archived: records, their order, the chain of volumes, and what the audit log says of
// them. After a restore it is the proof that nothing is lost.
func (r *Registration) VerifyArchive(ctx context.Context) (faults []string, err error) {
	s, err := r.enter(ctx, officer.VerifyArchive)
	if err != nil {
		return nil, err
	}
	if s.node.ID != r.cfg.Home.ID {
		return nil, pki.Errorf(pki.Forbidden, "archive.home", "the archive is verified as a whole, at %s", r.cfg.Home.Name).To("ask the auditor there")
	}
	faults = []string{}
	all, err := collect(ctx, r.cfg.DB.Read(), scanVolume, "SELECT "+volumeColumns+" FROM ra_volume ORDER BY number")
	if err != nil {
		return nil, err
	}
	previous := ""
	for i, v := range all {
		if v.Number != int64(i+1) || v.Previous != previous {
			faults = append(faults, fmt.Sprintf("volume %d does not follow the one before", v.Number))
		}
		previous = v.Digest
		found, err := r.verifyVolume(ctx, v)
		if err != nil {
			return nil, err
		}
		faults = append(faults, found...)
	}
	last, err := r.lastClosed(ctx)
	if err == nil && last != int64(len(all)) {
		faults = append(faults, fmt.Sprintf("the audit log tells of %d volumes, there are %d", last, len(all)))
	}
	if err != nil {
		return nil, err
	}
	return faults, r.cfg.Audit.Record(ctx, r.actOf(s, "archive.verify", "", "", map[string]string{"volumes": strconv.Itoa(len(all)), "faults": strconv.Itoa(len(faults))}))
}

// lastClosed is the number of the last volume the audit log tells of.
func (r *Registration) lastClosed(ctx context.Context) (last int64, err error) {
	for from := int64(0); ; {
		entries, err := r.cfg.Audit.Search(ctx, audit.Query{From: from, Act: "archive.close"})
		if err != nil || len(entries) == 0 {
			return last, err
		}
		for _, e := range entries {
			if n, err := strconv.ParseInt(e.Object, 10, 64); err == nil {
				last = max(last, n)
			}
		}
		from = entries[len(entries)-1].Number + 1
	}
}

func (r *Registration) verifyVolume(ctx context.Context, v *Volume) (faults []string, err error) {
	entries, err := r.cfg.Audit.Search(ctx, audit.Query{Act: "archive.close", Object: strconv.FormatInt(v.Number, 10)})
	if err != nil {
		return nil, err
	}
	if len(entries) != 1 || entries[0].Detail["digest"] != v.Digest {
		faults = append(faults, fmt.Sprintf("the audit log does not have the digest of volume %d", v.Number))
	}
	var digests []string
	err = r.eachRecord(ctx, v.Number, func(id string, digest string, packed []byte) error {
		digests = append(digests, digest)
		if v.State == volumeDestroyed { // the digest is all that is left
			return nil
		}
		text, err := unpack(packed, digest)
		if err == nil {
			_, err = parseFolder(text)
		}
		if err != nil {
			faults = append(faults, fmt.Sprintf("volume %d: the record of %s is damaged", v.Number, id))
		}
		return nil
	})
	if err == nil && (len(digests) != v.Records || v.digestOf(digests) != v.Digest) {
		faults = append(faults, fmt.Sprintf("volume %d: records are missing, added, changed or in another order", v.Number))
	}
	return faults, err
}

// eachRecord walks the records of a volume in their order.
func (r *Registration) eachRecord(ctx context.Context, number int64, do func(id, digest string, packed []byte) error) error {
	rows, err := r.cfg.DB.Read().QueryContext(ctx, "SELECT application, digest, record FROM ra_archived WHERE volume = $1 ORDER BY line", number)
	if err != nil {
		return fmt.Errorf("reading volume %d: %w", number, err)
	}
	defer rows.Close()
	for rows.Next() {
		var id, digest string
		var packed []byte
		if err := rows.Scan(&id, &digest, &packed); err != nil {
			return fmt.Errorf("reading volume %d: %w", number, err)
		}
		if err := do(id, digest, packed); err != nil {
			return err
		}
	}
	return rows.Err()
}
