package officer

import (
	"context"
	"database/sql"

	"onecert/pki"
)

// SucceedIn registers the renewed certificate of one who operates already: the
// same key, hence the same name, kind and roles, without anyone's act. It is how
// sites renew themselves at half their life (design.md §3.7). An ended
// registration has no successor. Registering twice is done once.
func (r *Registry) SucceedIn(ctx context.Context, tx *sql.Tx, old string, certificate []byte) (Officer, error) {
	before, err := registered(ctx, tx, old)
	if err != nil {
		return Officer{}, err
	}
	if !before.Active() {
		return Officer{}, pki.Errorf(pki.Forbidden, "officer.ended", "the registration of this certificate has been ended").
			To("ask the security administrator")
	}
	next := Registration{Certificate: certificate, Name: before.Name, Kind: before.Kind, Roles: before.Roles, Issuer: before.Issuer}
	o, err := read(next)
	if err != nil {
		return Officer{}, err
	}
	if o.keyHash != before.keyHash {
		return Officer{}, pki.Errorf(pki.Forbidden, "officer.successor", "the certificate is not for the same key").
			To("a new key is registered by the security administrator")
	}
	if same, err := officers(ctx, tx, "WHERE fingerprint = $1", o.Fingerprint); err != nil || len(same) > 0 {
		if len(same) > 0 {
			return same[0], nil
		}
		return Officer{}, err
	}
	return r.RegisterIn(ctx, tx, next)
}

// Succeed is SucceedIn in a transaction of its own.
func (r *Registry) Succeed(ctx context.Context, old string, certificate []byte) (o Officer, err error) {
	err = r.change(ctx, func(tx *sql.Tx) error {
		o, err = r.SucceedIn(ctx, tx, old, certificate)
		return err
	})
	return o, err
}
