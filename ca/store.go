package ca

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"time"

	"onecert/audit"
	"onecert/db"
	"onecert/pki"
	"onecert/status"
)

//go:embed migrations
var migrations embed.FS

// maxBatch bounds how many orders share one commit.
const maxBatch = 64

// orderRow is a line of ca_order; reading and writing use the same fields.
type orderRow struct {
	application, act, digest string
	issuer, profile          string
	kind                     Kind
	family, holder           string
	skeleton, commonName     string
	keyHash                  string
	form                     pki.Form
	sealedTo                 string
	predecessor              pki.Serial
	reason                   pki.Reason
	decision, actor          string
	created                  time.Time
	serials                  []serialRow
	onePerHolder, lookAlikes bool // the checks the reservation makes
}

type serialRow struct {
	serial               pki.Serial
	role                 string
	previous             pki.Serial // the certificate of the same role this one follows
	escrow               pki.Serial // under which the KMC knows the key; its own serial for a new key
	profile, profileHash string
}

var serialColumns = []string{"issuer", "serial", "application", "role", "previous", "escrow", "profile", "profile_hash"}

func (s serialRow) values(o *orderRow) []any {
	return []any{o.issuer, string(s.serial), o.application, s.role, string(s.previous), string(s.escrow), s.profile, s.profileHash}
}

var orderColumns = []string{"application", "act", "digest", "issuer", "profile", "kind", "family", "holder",
	"skeleton", "common_name", "key_hash", "form", "sealed_to", "predecessor", "reason", "decision", "actor", "created"}

func (o *orderRow) values() []any {
	return []any{o.application, o.act, o.digest, o.issuer, o.profile, string(o.kind), o.family, o.holder,
		o.skeleton, o.commonName, o.keyHash, string(o.form), o.sealedTo, string(o.predecessor), int(o.reason), o.decision, o.actor,
		o.created.UnixMilli()}
}

// Errors the flow acts on; they never leave the room.
var (
	errExists = errors.New("the application is already reserved")
	errSerial = errors.New("the serial is already taken")
	errStored = errors.New("the order's bytes are already stored")
)

// reserve stores orders with their serials: from here on each serial belongs to
// one application (design.md §3.1). One transaction for all that wait.
func (ca *CA) reserve(ctx context.Context, orders []*orderRow) []error {
	errs := make([]error, len(orders))
	err := ca.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if err := ca.checkReservations(ctx, tx, orders, errs); err != nil {
			return err
		}
		return eachOrAll(ctx, tx, orders, errs, func(batch []*orderRow) error {
			var rows, serials [][]any
			for _, o := range batch {
				rows = append(rows, o.values())
				for _, s := range o.serials {
					serials = append(serials, s.values(o))
				}
			}
			if err := db.Insert(ctx, tx, "ca_order", orderColumns, rows, ""); err != nil {
				return sortDuplicate(err, errExists)
			}
			err := db.Insert(ctx, tx, "ca_serial", serialColumns, serials, "")
			return sortDuplicate(err, errSerial)
		})
	})
	return spread(err, errs)
}

// intent is what stands before the signature: bytes fixed once, with the audit entry.
type intent struct {
	issuer string
	certs  []intended
	act    audit.Act
	stored time.Time
}

type intended struct {
	serial              pki.Serial
	keyHash, subject    string
	notBefore, notAfter time.Time
	partition           int
	tbs                 []byte
	envelope            *pki.Envelope
}

var tbsColumns = []string{"issuer", "serial", "key_hash", "subject", "not_before", "not_after", "crl_part", "tbs",
	"envelope_format", "envelope", "stored"}

// storeIntents stores the bytes to be signed and the audit entry that says so.
func (ca *CA) storeIntents(ctx context.Context, intents []*intent) []error {
	errs := make([]error, len(intents))
	err := ca.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		return eachOrAll(ctx, tx, intents, errs, func(batch []*intent) error {
			var rows [][]any
			acts := make([]audit.Act, len(batch))
			for i, in := range batch {
				acts[i] = in.act
				for _, c := range in.certs {
					rows = append(rows, c.values(in))
				}
			}
			if err := db.Insert(ctx, tx, "ca_tbs", tbsColumns, rows, ""); err != nil {
				return sortDuplicate(err, errStored)
			}
			return ca.cfg.Audit.Append(ctx, tx, acts...)
		})
	})
	return spread(err, errs)
}

func (c intended) values(in *intent) []any {
	format, sealed := "", []byte(nil)
	if c.envelope != nil {
		format, sealed = c.envelope.Format, c.envelope.DER
	}
	return []any{in.issuer, string(c.serial), c.keyHash, c.subject, c.notBefore.UnixMilli(), c.notAfter.UnixMilli(),
		c.partition, c.tbs, format, sealed, in.stored.UnixMilli()}
}

// completion releases signatures: with this commit the certificates exist, both
// or neither, and the journal says so; what they replace is revoked in it too.
type completion struct {
	issuer     string
	signatures []released
	changes    []status.Change
	acts       []audit.Act // for the predecessors' revocation
}

type released struct {
	serial    pki.Serial
	signature []byte
}

func (ca *CA) storeCompletions(ctx context.Context, completions []*completion) []error {
	errs := make([]error, len(completions))
	err := ca.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		return eachOrAll(ctx, tx, completions, errs, func(batch []*completion) error {
			var rows [][]any
			var changes []status.Change
			var acts []audit.Act
			for _, c := range batch {
				for _, s := range c.signatures {
					rows = append(rows, []any{c.issuer, string(s.serial), s.signature})
				}
				changes = append(changes, c.changes...)
				acts = append(acts, c.acts...)
			}
			if err := db.Insert(ctx, tx, "ca_signature", []string{"issuer", "serial", "signature"}, rows, ""); err != nil {
				return sortDuplicate(err, errStored)
			}
			if len(acts) > 0 {
				if err := ca.cfg.Audit.Append(ctx, tx, acts...); err != nil {
					return err
				}
			}
			_, err := ca.cfg.Status.Append(ctx, tx, changes...)
			return err
		})
	})
	if err == nil {
		ca.cfg.Status.Wake()
	}
	return spread(err, errs)
}

// eachOrAll runs act once for all jobs that have no error yet; if that fails, it
// is undone and each job runs in a savepoint of its own, so that one bad job
// harms no other.
func eachOrAll[T any](ctx context.Context, tx *sql.Tx, jobs []T, errs []error, act func(batch []T) error) error {
	var fine []T
	var index []int
	for i, job := range jobs {
		if errs[i] == nil {
			fine, index = append(fine, job), append(index, i)
		}
	}
	if len(fine) == 0 {
		return nil
	}
	err := db.Savepoint(ctx, tx, func() error { return act(fine) })
	if err == nil {
		return nil
	}
	if len(fine) == 1 {
		errs[index[0]] = err
		return nil
	}
	for n, job := range fine {
		errs[index[n]] = db.Savepoint(ctx, tx, func() error { return act([]T{job}) })
	}
	return nil
}

func sortDuplicate(err, kind error) error {
	if err != nil && db.IsDuplicate(err) {
		return kind
	}
	return err
}

// spread gives every job the transaction's error, if it failed as a whole.
func spread(err error, errs []error) []error {
	if err != nil {
		for i := range errs {
			errs[i] = fmt.Errorf("storing: %w", err)
		}
	}
	return errs
}
