package ca

import (
	"context"
	"fmt"
	"slices"

	"onecert/pki"
)

// compromise reports whether a reason says that the key itself is bad, not only the
// certificate: then everything that was certified for the key is bad.
func compromise(reason pki.Reason) bool {
	return reason == pki.KeyCompromise || reason == pki.CACompromise || reason == pki.AACompromise
}

// sharing returns the issued orders that certified one of an order's keys, itself
// first: renewed certificates keep their keys. Those that are stored and not signed are
// not among them: nothing of theirs can be revoked, and checkCompletions stops them.
func (ca *CA) sharing(ctx context.Context, o *storedOrder) ([]*storedOrder, error) {
	all, err := ca.related(ctx, o)
	if err != nil {
		return nil, err
	}
	return append(all[:1], slices.DeleteFunc(all[1:], func(other *storedOrder) bool { return !other.issued() })...), nil
}

// related is sharing with orders whose certificates are not signed yet.
func (ca *CA) related(ctx context.Context, o *storedOrder) ([]*storedOrder, error) {
	all := []*storedOrder{o}
	escrowed := ""
	if second := o.half(encrypt); second != nil {
		escrowed = second.keyHash
	}
	applications, err := ca.applicationsOf(ctx, o.keyHash, escrowed)
	if err != nil {
		return nil, err
	}
	for _, application := range applications {
		if application == o.application {
			continue
		}
		other, err := ca.readOrder(ctx, application)
		if err != nil {
			return nil, err
		}
		all = append(all, other)
	}
	return all, nil
}

// findKeys asks for orders by two keys, each by keyStart of its hash and the whole.
const findKeys = `SELECT application FROM ca_order WHERE substr(key_hash, 1, 10) = $1 AND key_hash = $2
	UNION SELECT application FROM ca_certificate WHERE role = 'encrypt' AND substr(key_hash, 1, 10) = $3 AND key_hash = $4`

// applicationsOf finds orders by the hash of their signing key or of their pair from
// the KMC; "" finds none.
func (ca *CA) applicationsOf(ctx context.Context, signing, escrowed string) ([]string, error) {
	rows, err := ca.cfg.DB.Read().QueryContext(ctx, findKeys, keyStart(signing), signing, keyStart(escrowed), escrowed)
	if err != nil {
		return nil, storeFailed(fmt.Errorf("finding what shares a key: %w", err))
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var application string
		if err := rows.Scan(&application); err != nil {
			return nil, storeFailed(fmt.Errorf("finding what shares a key: %w", err))
		}
		all = append(all, application)
	}
	return all, storeFailed(rows.Err())
}

// checkCompletions refuses to release what was stored before its key was found bad. Of
// most orders nothing was reported since they were stored, and nothing need be asked.
func (ca *CA) checkCompletions(ctx context.Context, completions []placed[*completion], errs []error) error {
	for _, c := range completions {
		if c.what.asOf != ca.compromises.known.Load() {
			errs[c.place] = ca.checkCompromise(ctx, c.what.keyHash)
		}
	}
	return nil
}

// giveUp has the pair of an order that was stopped put into history, unless a good
// certificate has it.
func (ca *CA) giveUp(ctx context.Context, o *storedOrder, why error) {
	if pki.CodeOf(why) == "request.key-compromised" {
		ca.retire(ctx, o)
	}
}

// checkCompromise refuses a key that was reported as compromised: nobody can make it
// good again, whoever asks.
func (ca *CA) checkCompromise(ctx context.Context, keyHash string) error {
	bad, err := ca.compromised(ctx, keyHash)
	if err == nil && bad {
		err = pki.Errorf(pki.Conflict, "request.key-compromised", "the request's public key was reported as compromised").
			To("make a new key pair")
	}
	return err
}

// compromised reports whether any certificate of a signing key was revoked because the
// key is bad.
func (ca *CA) compromised(ctx context.Context, keyHash string) (bool, error) {
	applications, err := ca.applicationsOf(ctx, keyHash, "")
	if err != nil {
		return false, err
	}
	for _, application := range applications {
		o, err := ca.readOrder(ctx, application)
		if err != nil {
			return false, err
		}
		if !o.issued() {
			continue
		}
		record, err := ca.recordOf(ctx, o.issuer, o.certs[0].serial)
		if err != nil {
			return false, err
		}
		if record.State == pki.Revoked && compromise(record.Reason) {
			return true, nil
		}
	}
	return false, nil
}
