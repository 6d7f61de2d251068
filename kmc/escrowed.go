package kmc

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"onecert/pki"
)

// Escrowed is one pair in use, by what its CA knows it under. No private key is in it.
type Escrowed struct {
	CA        string
	CertNo    pki.Serial
	Holder    string
	Suite     pki.Suite
	PublicKey []byte // SPKI
}

// Newest returns the pair of each suite that was handed out last and is in use, as tx
// sees it: for a backup to keep something that only its recovery opens.
func Newest(ctx context.Context, tx *sql.Tx) ([]Escrowed, error) {
	var all []Escrowed
	for _, suite := range pki.Suites() {
		e := Escrowed{Suite: suite}
		row := tx.QueryRowContext(ctx, `SELECT u.ca, u.cert_no, u.holder, k.spki FROM kmc_use u JOIN kmc_key k ON k.id = u.key_id
			WHERE u.suite = $1 AND u.ended_at IS NULL ORDER BY u.key_id DESC LIMIT 1`, string(suite))
		err := row.Scan(&e.CA, (*string)(&e.CertNo), &e.Holder, &e.PublicKey)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading the newest keys: %w", err)
		}
		all = append(all, e)
	}
	return all, nil
}

// Figures returns how many pairs are in use and in history, by suite, as tx sees it.
func Figures(ctx context.Context, tx *sql.Tx) (map[string]int64, error) {
	all := map[string]int64{}
	for _, suite := range pki.Suites() {
		n, err := readCount(ctx, tx, suite)
		if err != nil {
			return nil, err
		}
		all["in-use."+string(suite)], all["history."+string(suite)] = n.inUse, n.history
	}
	return all, nil
}
