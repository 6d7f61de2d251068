package ra

import (
	"context"
	"database/sql"
	"time"

	"onecert/pki"
)

// Holder is a person, organisation, device or publisher with certificates, past ones too.
type Holder struct {
	ID      string    `json:"id" doc:"keyed hash of the document's number, made by the CA"`
	Kind    Kind      `json:"kind"`
	Name    string    `json:"name"`
	Unit    string    `json:"unit,omitempty"`
	Node    string    `json:"node"`
	Path    string    `json:"path"`
	State   string    `json:"state" enum:"active,cancelled"`
	Version int       `json:"version"`
	Changed time.Time `json:"changed"`
}

// The states of a holder. Cancelled hides; nothing is destroyed before its time.
const (
	holderActive    = "active"
	holderCancelled = "cancelled"
)

const holderColumns = "id, kind, name, unit, node, path, state, version, changed"

func scanHolder(row scanner) (*Holder, error) {
	h := &Holder{}
	var changed int64
	err := row.Scan(&h.ID, &h.Kind, &h.Name, &h.Unit, &h.Node, &h.Path, &h.State, &h.Version, &changed)
	h.Changed = moment(changed)
	return h, err
}

func readHolder(ctx context.Context, q querier, s scope, id string) (*Holder, error) {
	h, err := scanHolder(q.QueryRowContext(ctx, "SELECT "+holderColumns+" FROM ra_holder WHERE id = $1 AND path >= $2 AND path < $3", id, s.from(), s.to()))
	if err != nil {
		return nil, unknownOr(err, "holder.unknown", "holder", id)
	}
	return h, nil
}

// knowHolder asks who the holder is, and refuses one who has a certificate of the kind
// unless the application says why a second one is right.
func (r *Registration) knowHolder(ctx context.Context, a *Application) (holder string, err error) {
	whole := *a
	if err := r.reveal(&whole); err != nil {
		return "", err
	}
	kind, number := whole.identity()
	if number == "" {
		return "", nil // complete says that it is missing
	}
	if holder, err = r.cfg.Holders.Identify(ctx, kind, number); err != nil {
		return "", err
	}
	if !a.single() || a.Reason != "" {
		return holder, nil
	}
	held, err := r.cfg.Holders.Held(ctx, holder)
	if err != nil {
		return "", err
	}
	for _, c := range held {
		if c.Kind == a.Kind && (c.State == pki.Valid || c.State == pki.Held) {
			return "", pki.Errorf(pki.Conflict, "holder.has-one", "this holder has a %s certificate already, %s until %s", a.Kind, c.State, c.NotAfter.Format(time.DateOnly)).
				To("renew or re-issue it; or say in the reason why a second one is right")
		}
	}
	return holder, nil
}

// holder notes who an issued application's holder is, and where; a holder who comes to
// another counter stays where the first certificate was asked for.
// sealed are the ways to reach the holder: of vetted data they replace what is known,
// else they only fill in where nothing is. A unit's devices never rename the unit.
func (s *sheaf) holder(a *Application, sealed []byte, now time.Time) {
	vetted := a.Operation == Issue || a.Operation == Modify
	s.do(`INSERT INTO ra_holder (id, kind, name, unit, node, path, state, fields, sealed, version, changed)
		VALUES ($1, $2, $3, $4, $5, $6, 'active', '{}', $7, 1, $8)
		ON CONFLICT (id) DO UPDATE SET state = 'active', version = ra_holder.version + 1, changed = excluded.changed,
		kind = CASE WHEN excluded.kind = 'organisation' THEN excluded.kind ELSE ra_holder.kind END,
		name = CASE WHEN excluded.kind IN (ra_holder.kind, 'organisation') THEN excluded.name ELSE ra_holder.name END,
		unit = CASE WHEN excluded.kind IN (ra_holder.kind, 'organisation') THEN excluded.unit ELSE ra_holder.unit END,
		sealed = CASE WHEN $9 = 1 THEN COALESCE(excluded.sealed, ra_holder.sealed) ELSE COALESCE(ra_holder.sealed, excluded.sealed) END`,
		a.Holder, string(a.Kind), a.title(), a.Fields["unit"], a.Node, a.Path, orNull(sealed), millis(now), flag(vetted))
}

// cancelHolder hides a holder none of whose certificates is valid any more.
func cancelHolder(ctx context.Context, tx *sql.Tx, s scope, id string, now time.Time) error {
	h, err := readHolder(ctx, tx, s, id)
	if err != nil {
		return err
	}
	var n int
	err = tx.QueryRowContext(ctx, "SELECT count(*) FROM ra_certificate WHERE holder = $1 AND state IN ('valid', 'held') AND not_after > $2", id, millis(now)).Scan(&n)
	if err != nil {
		return err
	}
	if n > 0 {
		return pki.Errorf(pki.Conflict, "holder.certified", "%d certificates of this holder are still valid or frozen", n).To("revoke them first")
	}
	result, err := tx.ExecContext(ctx, "UPDATE ra_holder SET state = 'cancelled', version = version + 1, changed = $1 WHERE id = $2 AND version = $3", millis(now), id, h.Version)
	return changed(result, err, "holder")
}
