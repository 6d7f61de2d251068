package ra

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"onecert/audit"
	"onecert/officer"
	"onecert/pki"
)

// known is what the CA knows of the holder of an application.
type known struct {
	holder string
	others []Certificate // good ones of the same kind, in any branch
}

// know asks the CA who the holder of a first certificate is, and what this one has in
// any branch (features H18). Without a way to the CA the registration above asks.
func (r *Registration) know(ctx context.Context, op officer.Operation, id string) (k known, err error) {
	s, err := r.enter(ctx, op)
	if err != nil || r.cfg.Holders == nil {
		return k, err
	}
	a, err := readApplication(ctx, r.cfg.DB.Read(), s, id)
	if err != nil || a.Operation != Issue || op == officer.Review && a.Holder != "" {
		return k, err
	}
	if k.holder, err = r.knowHolder(ctx, a); err != nil || k.holder == "" || a.Reason == "" || !a.single() {
		return k, err
	}
	k.others, err = r.others(ctx, a, k.holder)
	return k, err
}

// single says whether a holder has one certificate of the kind: a unit has many devices.
func (a *Application) single() bool { return a.Kind == Person || a.Kind == Organisation }

// others are a holder's good certificates of an application's kind, with no more than
// a reviewer of any branch may know of them.
func (r *Registration) others(ctx context.Context, a *Application, holder string) ([]Certificate, error) {
	held, err := r.cfg.Holders.Held(ctx, holder)
	if err != nil {
		return nil, err
	}
	var all []Certificate
	for _, c := range held {
		if c.Kind != a.Kind || c.State != pki.Valid && c.State != pki.Held {
			continue
		}
		one := Certificate{Kind: c.Kind, State: c.State, NotAfter: c.NotAfter, Region: c.Region}
		if one.Region == "" {
			if one.Region, err = r.regionOf(ctx, c.Serial); err != nil {
				return nil, err
			}
		}
		all = append(all, one)
	}
	return all, nil
}

// regionOf is where a certificate belongs, if that is known here: the region of its
// node, or of the nearest above that has one.
func (r *Registration) regionOf(ctx context.Context, serial pki.Serial) (region string, err error) {
	err = r.cfg.DB.Read().QueryRowContext(ctx, `SELECT n.region FROM ra_certificate c JOIN ra_node n ON c.path >= n.path AND c.path < n.path || '~'
		WHERE c.serial = $1 AND n.region <> '' ORDER BY n.path DESC LIMIT 1`, string(serial)).Scan(&region)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("reading the region of a certificate: %w", err)
	}
	return region, nil
}

// oneEach refuses a second application for a first certificate of one holder while
// another is on its way, unless it says why.
func (r *Registration) oneEach(ctx context.Context, tx *sql.Tx, a *Application, _ scope) error {
	if a.Operation.follows() && a.Operation.makes() {
		return oneFollows(ctx, tx, a)
	}
	if a.Operation != Issue || a.Holder == "" || a.Reason != "" || !a.single() {
		return nil
	}
	if err := alone(ctx, tx); err != nil {
		return err
	}
	var n int
	err := tx.QueryRowContext(ctx, `SELECT count(*) FROM ra_application WHERE holder = $1 AND kind = $2 AND operation = 'issue'
		AND state IN ('submitted', 'approved') AND id <> $3`, a.Holder, string(a.Kind), a.ID).Scan(&n)
	if err != nil {
		return fmt.Errorf("looking for other applications of a holder: %w", err)
	}
	if n > 0 {
		return pki.Errorf(pki.Conflict, "holder.applied", "another %s certificate of this holder is on its way", a.Kind).
			To("withdraw one of the two; or say in the reason why a second one is right")
	}
	return nil
}

// oneFollows refuses a second application for what is to follow a certificate while
// another is on its way: the CA gives each certificate one successor.
func oneFollows(ctx context.Context, tx *sql.Tx, a *Application) error {
	if err := alone(ctx, tx); err != nil {
		return err
	}
	open, err := collect(ctx, tx, scanText, `SELECT id FROM ra_application WHERE serial = $1 AND issuer = $2 AND operation IN ('renew', 'reissue', 'modify')
		AND state IN ('submitted', 'approved') AND id <> $3 ORDER BY created, id LIMIT 1`, string(a.Serial), a.Issuer, a.ID)
	if err == nil && len(open) > 0 {
		return pki.Errorf(pki.Conflict, "certificate.applied", "what is to follow this certificate is applied for already, as %s", open[0]).To("withdraw one of the two")
	}
	return err
}

// linked keeps what was found of a holder with the application it was found for.
func (r *Registration) linked(k known) deed {
	return func(ctx context.Context, tx *sql.Tx, a *Application, s scope) error {
		if len(k.others) == 0 {
			return nil
		}
		if err := alone(ctx, tx); err != nil {
			return err
		}
		act := audit.Act{Actor: s.actor, Act: "application.link", Object: a.ID, Subject: k.holder, Result: audit.Done,
			Detail: map[string]string{"others": fmt.Sprint(len(k.others)), "reason": a.Reason}, At: r.now()}
		if err := r.cfg.Audit.Append(ctx, tx, act); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO ra_other (application, others, at) VALUES ($1, $2, $3)
			ON CONFLICT (application) DO UPDATE SET others = excluded.others, at = excluded.at`, a.ID, encoded(k.others), millis(r.now()))
		return err
	}
}

// readOthers reads what was found of an application's holder.
func readOthers(ctx context.Context, q querier, id string) (others []Certificate, err error) {
	var text string
	err = q.QueryRowContext(ctx, "SELECT others FROM ra_other WHERE application = $1", id).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading what else a holder has: %w", err)
	}
	return others, json.Unmarshal([]byte(text), &others)
}

// seen refuses a consent to a second certificate before the reviewer could see what
// there is: where the counter could not ask, it is asked at the first consent.
func (r *Registration) seen(ctx context.Context, id string, k known) error {
	if len(k.others) == 0 {
		return nil
	}
	before, err := readOthers(ctx, r.cfg.DB.Read(), id)
	if err != nil || slices.EqualFunc(before, k.others, func(x, y Certificate) bool {
		return x.Kind == y.Kind && x.State == y.State && x.Region == y.Region && x.NotAfter.Truncate(time.Second).Equal(y.NotAfter.Truncate(time.Second))
	}) {
		return err
	}
	s, err := r.enter(ctx, officer.Review)
	if err != nil {
		return err
	}
	err = r.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		a, err := readApplication(ctx, tx, s, id)
		if err != nil {
			return err
		}
		return r.linked(k)(ctx, tx, a, s)
	})
	if err != nil {
		return err
	}
	return pki.Errorf(pki.Conflict, "holder.others", "this holder has %d other certificates of the kind", len(k.others)).
		To("look at the application again, which shows them now, and decide then")
}
