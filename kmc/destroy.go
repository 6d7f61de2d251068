package kmc

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"

	"onecert/audit"
	"onecert/db"
	"onecert/officer"
	"onecert/pki"
)

// Destruction asks to end pairs for good after their retention.
type Destruction struct {
	Keys   []KeyName `json:"keys" minItems:"1" maxItems:"64"`
	Reason string    `json:"reason" minLength:"1" maxLength:"1000"`
}

// Destroy proposes to destroy pairs. With the approval of another custodian and of
// the security administrator it is done: the sealed octets become zeros, while the
// record, its uses and the holders' ledgers stay. Errors: km.order, km.no-key,
// km.ambiguous, km.destroyed, km.kept, km.in-case, km.store, those of Config.Check
// and of the proposal.
func (c *Centre) Destroy(ctx context.Context, d Destruction) (officer.Receipt, error) {
	if _, err := c.severalPersons(ctx, officer.DestroyKeys); err != nil {
		return officer.Receipt{}, err
	}
	if len(d.Keys) < 1 || len(d.Keys) > maxCaseKeys || !plainText(d.Reason, maxReason) {
		return officer.Receipt{}, errOrder("name 1 to %d keys and a reason of plain text", maxCaseKeys)
	}
	uses, err := c.usesOf(ctx, "", d.Keys)
	if err != nil {
		return officer.Receipt{}, err
	}
	keys := make([]CaseKey, len(uses))
	var summary strings.Builder
	for i, u := range uses {
		if err := c.destroyable(ctx, c.config.DB.Read(), u); err != nil {
			return officer.Receipt{}, c.config.Officers.Refused(ctx, officer.DestroyKeys, string(u.certNo), err)
		}
		keys[i] = CaseKey{CertNo: u.certNo, CA: u.ca, Holder: u.holder, Suite: u.suite, NotAfter: u.notAfter, KeyID: u.keyID}
		fmt.Fprintf(&summary, "key of holder %s: certificate %s of %s, %s, ended %s, kept until %s\n", u.holder, u.certNo, u.ca, u.suite,
			u.endedAt.Format("2006-01-02"), c.due(u).Format("2006-01-02"))
	}
	content, err := json.Marshal(keys)
	if err != nil {
		return officer.Receipt{}, fmt.Errorf("proposing a destruction: %w", err)
	}
	a, err := c.config.Officers.Propose(ctx, officer.Proposal{Operation: officer.DestroyKeys, Object: fmt.Sprintf("%d keys", len(keys)),
		Content: string(content), Summary: summary.String(), Reason: d.Reason}, nil)
	return a.Receipt(), err
}

// destroyable refuses what must still be kept.
func (c *Centre) destroyable(ctx context.Context, q querier, u *use) error {
	if !u.destroyedAt.IsZero() {
		return errDestroyed()
	}
	now := c.config.Now()
	if due := c.due(u); u.endedAt.IsZero() || now.Before(due) {
		return pki.Errorf(pki.Conflict, codeKept, "the pair is in use or its retention is not over").
			To("'onecert kmc retention' lists what may be destroyed")
	}
	held, err := inOpenCase(ctx, q, u.keyID, now)
	if err != nil {
		return unreadable(err)
	}
	if held {
		return pki.Errorf(pki.Conflict, codeInCase, "the pair is part of a case that is open").To("wait until the case has been carried out or has expired")
	}
	return nil
}

func errDestroyed() *pki.Error {
	return pki.Errorf(pki.Conflict, codeDestroyed, "the pair was destroyed after its retention").To("nobody has it any more; the ledger says when and by whom")
}

// destroy is done with the last approval, in its transaction.
func (c *Centre) destroy(ctx context.Context, tx *sql.Tx, a officer.Approval) (func(), error) {
	var keys []CaseKey
	if err := json.Unmarshal([]byte(a.Content), &keys); err != nil {
		return nil, fmt.Errorf("reading what is to be destroyed: %w", err)
	}
	actor, _ := pki.ActorFrom(ctx)
	now, counts := c.config.Now().UTC(), map[pki.Suite]count{}
	acts := make([]audit.Act, len(keys))
	for i, k := range keys {
		detail := a.Trail()
		detail["key"], detail["ca"] = k.KeyID, k.CA
		acts[i] = audit.Act{Actor: actor, Act: actDestroy, Object: string(k.CertNo), Subject: k.Holder, Result: audit.Done, Detail: detail, At: now}
		n := counts[k.Suite]
		n.history, n.destroyed = n.history-1, n.destroyed+1
		counts[k.Suite] = n
	}
	if err := c.config.Audit.Append(ctx, tx, acts...); err != nil {
		return nil, err
	}
	if err := c.overwriteFreed(ctx, tx); err != nil {
		return nil, err
	}
	for _, k := range keys {
		u, err := findUse(ctx, tx, "key_id = $1", k.KeyID)
		if err != nil {
			return nil, err
		}
		if u == nil || u.holder != k.Holder || u.certNo != k.CertNo || u.suite != k.Suite {
			return nil, errNoKey()
		}
		if err := c.destroyable(ctx, tx, u); err != nil {
			return nil, err
		}
		if err := wipe(ctx, tx, k.KeyID, now); err != nil {
			return nil, err
		}
	}
	return nil, storeCounts(ctx, tx, counts)
}

const actDestroy = "key.destroy"

// overwriteFreed has SQLite overwrite what it frees from now on, so that the octets do
// not stay behind in the file. PostgreSQL keeps old rows until it vacuums the table.
func (c *Centre) overwriteFreed(ctx context.Context, tx *sql.Tx) error {
	if c.config.DB.Dialect != db.SQLite {
		return nil
	}
	if _, err := tx.ExecContext(ctx, "PRAGMA secure_delete = ON"); err != nil {
		return fmt.Errorf("having freed octets overwritten: %w", err)
	}
	return nil
}
