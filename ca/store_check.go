package ca

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"onecert/db"
	"onecert/pki"
)

// abandoned is how long an unfinished order of a holder blocks another one.
const abandoned = 24 * time.Hour

// checkReservations refuses orders that must not be reserved: seen applications,
// keys that belong to somebody else, a second certificate of one holder, and names
// that look like an existing holder's. Reservations of a CA run one batch after
// the other, so what it finds stays true until they are stored.
func (ca *CA) checkReservations(ctx context.Context, tx *sql.Tx, orders []*orderRow, errs []error) error {
	for _, check := range []func(context.Context, *sql.Tx, []*orderRow, []error) error{
		checkApplications, checkKeys, ca.checkHolders, checkLookAlikes,
	} {
		if err := check(ctx, tx, orders, errs); err != nil {
			return err
		}
	}
	return nil
}

// column asks for rows whose column is among the orders' values and hands each to scan.
func column(ctx context.Context, tx *sql.Tx, query string, values []any, scan func(*sql.Rows) error) error {
	if len(values) == 0 {
		return nil
	}
	// The last value again, up to a power of two: few texts, so that the engines
	// keep the statement of each.
	for len(values)&(len(values)-1) != 0 {
		values = append(values, values[len(values)-1])
	}
	rows, err := tx.QueryContext(ctx, query+" IN "+db.In(1, len(values)), values...)
	if err != nil {
		return fmt.Errorf("checking a reservation: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return fmt.Errorf("checking a reservation: %w", err)
		}
	}
	return rows.Err()
}

// pick collects one value of each order that has no error yet and that want accepts.
func pick(orders []*orderRow, errs []error, want func(*orderRow) bool, value func(*orderRow) string) []any {
	var values []any
	for i, o := range orders {
		if errs[i] == nil && want(o) {
			values = append(values, value(o))
		}
	}
	return values
}

func always(*orderRow) bool { return true }

func checkApplications(ctx context.Context, tx *sql.Tx, orders []*orderRow, errs []error) error {
	taken := map[string]bool{}
	names := pick(orders, errs, always, func(o *orderRow) string { return o.application })
	err := column(ctx, tx, "SELECT application FROM ca_order WHERE application", names, func(rows *sql.Rows) error {
		var name string
		err := rows.Scan(&name)
		taken[name] = true
		return err
	})
	for i, o := range orders {
		if taken[o.application] {
			errs[i] = errExists
		}
		taken[o.application] = true
	}
	return err
}

// checkKeys refuses a public key that was certified for somebody else or that came
// from the KMC: an escrowed key must never sign.
func checkKeys(ctx context.Context, tx *sql.Tx, orders []*orderRow, errs []error) error {
	owners, escrowed := map[string]string{}, map[string]bool{}
	hashes := pick(orders, errs, always, func(o *orderRow) string { return o.keyHash })
	err := column(ctx, tx, "SELECT key_hash, holder FROM ca_order WHERE key_hash", hashes, func(rows *sql.Rows) error {
		var hash, holder string
		err := rows.Scan(&hash, &holder)
		owners[hash] = holder
		return err
	})
	if err != nil {
		return err
	}
	err = column(ctx, tx, "SELECT key_hash FROM ca_tbs WHERE role = 'encrypt' AND key_hash", hashes, func(rows *sql.Rows) error {
		var hash string
		err := rows.Scan(&hash)
		escrowed[hash] = true
		return err
	})
	for i, o := range orders {
		if errs[i] != nil {
			continue
		}
		owner, known := owners[o.keyHash]
		if escrowed[o.keyHash] || known && owner != o.holder {
			errs[i] = pki.Errorf(pki.Conflict, "request.key-taken", "the request's public key is already certified for somebody else").
				To("make a new key pair; if this key was copied, report the other certificate as compromised")
			continue
		}
		owners[o.keyHash] = o.holder
	}
	return err
}

// holding names what a holder may have once: a kind in an algorithm family.
type holding struct {
	holder string
	kind   Kind
	family string
}

func (ca *CA) checkHolders(ctx context.Context, tx *sql.Tx, orders []*orderRow, errs []error) error {
	want := func(o *orderRow) bool { return o.onePerHolder }
	type line struct {
		holding
		application, issuer, serial string
		created                     int64
	}
	var lines []line
	holders := pick(orders, errs, want, func(o *orderRow) string { return o.holder })
	const query = `SELECT o.holder, o.kind, o.family, o.application, o.issuer, o.created, s.serial
		FROM ca_order o JOIN ca_serial s ON s.application = o.application AND s.role <> 'encrypt' WHERE o.holder`
	err := column(ctx, tx, query, holders, func(rows *sql.Rows) error {
		var l line
		err := rows.Scan(&l.holder, &l.kind, &l.family, &l.application, &l.issuer, &l.created, &l.serial)
		lines = append(lines, l)
		return err
	})
	if err != nil {
		return err
	}
	taken := map[holding]string{}
	for _, l := range lines {
		live, err := ca.live(ctx, l.issuer, pki.Serial(l.serial), time.UnixMilli(l.created))
		if err != nil {
			return err
		}
		if live {
			taken[l.holding] = l.application
		}
	}
	for i, o := range orders {
		if errs[i] != nil || !o.onePerHolder {
			continue
		}
		h := holding{o.holder, o.kind, o.family}
		if application, second := taken[h]; second {
			errs[i] = pki.Errorf(pki.Conflict, "holder.second", "the holder has a valid %s certificate or one being made, under application %s", o.kind, application).
				To("renew or re-issue that one, or give the decision why a second is right")
			continue
		}
		taken[h] = o.application
	}
	return nil
}

// live reports whether a certificate is good or held, or still being made.
func (ca *CA) live(ctx context.Context, issuer string, serial pki.Serial, created time.Time) (bool, error) {
	now := ca.cfg.Now()
	record, err := ca.cfg.Status.Record(ctx, issuer, serial)
	if pki.KindOf(err) == pki.Unknown {
		return now.Sub(created) < abandoned, nil
	}
	if err != nil {
		return false, err
	}
	state := record.State.At(now, record.NotAfter)
	return state == pki.Valid || state == pki.Held, nil
}

// checkLookAlikes refuses a name that looks like another holder's of the same unit
// and is spelled otherwise (design.md §3.9). Two people with truly one name pass:
// their holder ids tell them apart.
func checkLookAlikes(ctx context.Context, tx *sql.Tx, orders []*orderRow, errs []error) error {
	type person struct{ holder, name string }
	seen := map[string][]person{}
	skeletons := pick(orders, errs, func(o *orderRow) bool { return o.lookAlikes }, func(o *orderRow) string { return o.skeleton })
	err := column(ctx, tx, "SELECT skeleton, holder, common_name FROM ca_order WHERE skeleton <> '' AND skeleton", skeletons, func(rows *sql.Rows) error {
		var skeleton string
		var p person
		err := rows.Scan(&skeleton, &p.holder, &p.name)
		seen[skeleton] = append(seen[skeleton], p)
		return err
	})
	for i, o := range orders {
		if errs[i] != nil || !o.lookAlikes {
			continue
		}
		for _, p := range seen[o.skeleton] {
			if p.holder != o.holder && p.name != o.commonName {
				errs[i] = pki.Errorf(pki.Conflict, "name.look-alike", "the common name looks like that of another holder in the same unit and is spelled otherwise").
					To("check the spelling; if the name is right, add something that tells the two apart")
			}
		}
		seen[o.skeleton] = append(seen[o.skeleton], person{o.holder, o.commonName})
	}
	return err
}
