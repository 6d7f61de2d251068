package ca

import "context"

// KeyQuestions are what is asked of the database by the hash of a key, each with the
// index that answers it.
func KeyQuestions() map[string]string {
	all := map[string]string{}
	for _, q := range questions {
		switch q.what {
		case "owner":
			all[q.text] = "ca_order_key_start"
		case "pair":
			all[q.text] = "ca_certificate_escrowed_start"
		}
	}
	return all
}

// FindKeys, a question by two hashes.
const FindKeys = findKeys

// CheckKey makes the checks of an order's key alone.
func (ca *CA) CheckKey(ctx context.Context, hash, holder string) error {
	o := &orderRow{application: "another", keyHash: hash, holder: holder}
	k, err := ca.look(ctx, ca.cfg.DB.Read(), []placed[*intent]{{&intent{order: o}, 0}})
	if err != nil {
		return err
	}
	return k.checkKey(o)
}
