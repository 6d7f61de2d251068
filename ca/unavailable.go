package ca

import (
	"context"
	"database/sql"
	"errors"

	"onecert/db"
	"onecert/pki"
	"onecert/status"
)

// tx is a write transaction whose failure a person can act on.
func (ca *CA) tx(ctx context.Context, act func(tx *sql.Tx) error) error {
	return storeFailed(ca.cfg.DB.Tx(ctx, act))
}

// storeFailed says what a caller may do about a database that does not do its work.
// Every other error is returned as it is.
func storeFailed(err error) error {
	if err == nil || !db.IsUnavailable(err) {
		return err
	}
	if _, said := errors.AsType[*pki.Error](err); said {
		return err
	}
	if errors.Is(err, db.ErrLeaseLost) {
		return pki.Errorf(pki.Unavailable, "ca.lease-lost", "another CA process has taken over this database, and this one writes nothing any more").
			To("ask the other; end this process").Because(err)
	}
	return pki.Errorf(pki.Unavailable, "ca.store", "the CA's database does not answer or cannot be written").
		To("look at the disk and the database, then ask again: the same order gets the same certificates").Because(err)
}

// recordOf is what the journal says of a certificate.
func (ca *CA) recordOf(ctx context.Context, issuer string, serial pki.Serial) (status.Record, error) {
	record, err := ca.cfg.Status.Record(ctx, issuer, serial)
	return record, storeFailed(err)
}
