package ca

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"

	"onecert/audit"
	"onecert/officer"
	"onecert/pki"
)

// CRLNumber asks to go on counting an issuer's lists from a higher number: after a
// restore from a backup that is older than lists already published.
type CRLNumber struct {
	Number int64  `json:"number" minimum:"1" maximum:"9007199254740991" doc:"the highest number ever published"`
	Reason string `json:"reason" minLength:"1" maxLength:"1000"`
}

// ProposeCRLNumber proposes to raise the counter of an issuer's lists. Once approved
// the next list carries a number above it. Counters are never lowered.
func (ca *CA) ProposeCRLNumber(ctx context.Context, issuer string, n CRLNumber) (*officer.Receipt, error) {
	if _, err := ca.cfg.Check(ctx, officer.RaiseCRLNumber); err != nil {
		return nil, err
	}
	if ca.cfg.Officers == nil {
		return nil, noApprovals()
	}
	if _, err := ca.Issuer(issuer); err != nil {
		return nil, err
	}
	var last int64
	err := ca.cfg.DB.Read().QueryRowContext(ctx, "SELECT number FROM ca_crl_number WHERE issuer = $1", issuer).Scan(&last)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, storeFailed(fmt.Errorf("reading a CRL number: %w", err))
	}
	if n.Number <= last {
		return nil, behind(issuer, last)
	}
	a, err := ca.cfg.Officers.Propose(ctx, officer.Proposal{Operation: officer.RaiseCRLNumber, Object: issuer,
		Content: strconv.FormatInt(n.Number, 10), Summary: fmt.Sprintf("%s: %d → %d", issuer, last, n.Number), Reason: n.Reason}, nil)
	out := a.Receipt()
	return &out, err
}

func behind(issuer string, last int64) error {
	return pki.Errorf(pki.Conflict, "crl.number", "the lists of %s have reached number %d already", issuer, last).
		To("give the highest number that was ever published")
}

// raiseCRLNumber is done with the approval.
func (ca *CA) raiseCRLNumber(ctx context.Context, tx *sql.Tx, a officer.Approval) (func(), error) {
	number, err := strconv.ParseInt(a.Content, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("reading the approved CRL number: %w", err)
	}
	actor, _ := pki.ActorFrom(ctx)
	detail := a.Trail()
	detail["number"] = a.Content
	err = ca.cfg.Audit.Append(ctx, tx, audit.Act{Actor: actor, Act: string(officer.RaiseCRLNumber), Object: a.Object, Result: audit.Done, Detail: detail, At: ca.cfg.Now()})
	if err != nil {
		return nil, err
	}
	result, err := tx.ExecContext(ctx, `INSERT INTO ca_crl_number (issuer, number) VALUES ($1, $2)
		ON CONFLICT (issuer) DO UPDATE SET number = excluded.number WHERE ca_crl_number.number < excluded.number`, a.Object, number)
	if err != nil {
		return nil, fmt.Errorf("raising a CRL number: %w", err)
	}
	if n, err := result.RowsAffected(); err != nil || n != 1 {
		return nil, behind(a.Object, number)
	}
	return nil, nil
}
