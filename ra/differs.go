package ra

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// differs says whether a renewal is under other certified data than the certificate it
// follows: the name or the alternative names, as both are composed of the fields. One
// made elsewhere, of which nothing but the name is known, follows unchanged unless the
// name was changed.
func (r *Registration) differs(ctx context.Context, a *Application) (bool, error) {
	if a.Operation != Renew {
		return false, nil
	}
	old := *a
	var fields, name string
	err := r.cfg.DB.Read().QueryRowContext(ctx, `SELECT coalesce(a.fields, ''), c.name FROM ra_certificate c
		LEFT JOIN ra_application a ON a.id = c.application WHERE c.issuer = $1 AND c.serial = $2`, a.Issuer, string(a.Serial)).Scan(&fields, &name)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("reading what certificate %s was made for: %w", a.Serial, err)
	case fields == "":
		return a.title() != name, nil
	}
	old.Fields = map[string]string{}
	if err := json.Unmarshal([]byte(fields), &old.Fields); err != nil {
		return false, fmt.Errorf("reading what certificate %s was made for: %w", a.Serial, err)
	}
	// What a certificate shows is never sensitive, so the open fields say it all.
	return !slices.Equal(old.subject(), a.subject()) || !slices.Equal(old.altNames(), a.altNames()), nil
}
