package ca

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/audit"
	"onecert/officer"
	"onecert/pki"
	"onecert/status"
)

// Adoption takes over what a published list says and a restored database has
// forgotten: revoked is absorbing (design.md §3.4), also across a restore.
type Adoption struct {
	Journal  *status.Journal
	Audit    *audit.Log
	Officers *officer.Registry
	Actor    pki.Actor
	Now      time.Time
}

// Adopted is what came of one list.
type Adopted struct {
	Issuer  string `json:"issuer"`
	Number  int64  `json:"number"`
	Revoked int    `json:"revoked"`
	Held    int    `json:"held"`
	Known   int    `json:"known"` // stood so already
	// Unknown are serials this database never gave out: certificates issued after the
	// backup. They can be on no list of ours any more.
	Unknown []pki.Serial `json:"unknown"`
}

// List takes over one list, whose signature the caller has verified, in the caller's
// transaction.
func (a Adoption) List(ctx context.Context, tx *sql.Tx, issuer string, list *smx509.RevocationList) (Adopted, error) {
	done := Adopted{Issuer: issuer, Unknown: []pki.Serial{}}
	if list.Number == nil || !list.Number.IsInt64() {
		return done, pki.Errorf(pki.Invalid, "adopt.number", "the list has no number").To("give one this CA has published")
	}
	done.Number = list.Number.Int64()
	var changes []status.Change
	for _, e := range list.RevokedCertificateEntries {
		change, err := a.change(ctx, issuer, e, &done)
		if err != nil {
			return done, err
		}
		if change != nil {
			changes = append(changes, *change)
		}
	}
	return done, a.store(ctx, tx, done, changes)
}

// change is what an entry of the list makes of its certificate, nil if nothing.
func (a Adoption) change(ctx context.Context, issuer string, e smx509.RevocationListEntry, done *Adopted) (*status.Change, error) {
	reason := pki.Reason(e.ReasonCode)
	if reason == pki.RemoveFromCRL {
		return nil, nil
	}
	serial := pki.SerialOf(e.SerialNumber)
	record, err := a.Journal.Record(ctx, issuer, serial)
	if pki.KindOf(err) == pki.Unknown && err != nil {
		done.Unknown = append(done.Unknown, serial)
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	c := &status.Change{Issuer: issuer, Serial: serial, Event: status.Revoked, Reason: reason, At: e.RevocationTime.UTC()}
	if reason == pki.CertificateHold {
		c.Event = status.Held
	}
	switch {
	case record.State == pki.Revoked, record.State == pki.Held && c.Event == status.Held:
		done.Known++
		return nil, nil
	case c.Event == status.Held:
		done.Held++
	default:
		done.Revoked++
	}
	return c, nil
}

// store writes the changes with an entry of the log each, and keeps numbers growing.
func (a Adoption) store(ctx context.Context, tx *sql.Tx, done Adopted, changes []status.Change) error {
	from := fmt.Sprintf("%s/%d", done.Issuer, done.Number)
	acts := []audit.Act{{Actor: a.Actor, Act: "crl.adopt", Object: from, Result: audit.Done, At: a.Now, Detail: map[string]string{
		"revoked": fmt.Sprint(done.Revoked), "held": fmt.Sprint(done.Held), "known": fmt.Sprint(done.Known), "unknown": fmt.Sprint(len(done.Unknown))}}}
	for _, c := range changes {
		acts = append(acts, audit.Act{Actor: a.Actor, Act: "certificate." + string(c.Event), Object: c.Issuer + "/" + string(c.Serial), Result: audit.Done, At: a.Now,
			Detail: map[string]string{"list": from, "reason": c.Reason.String(), "at": c.At.Format(time.RFC3339)}})
	}
	if err := a.Audit.Append(ctx, tx, acts...); err != nil {
		return err
	}
	if _, err := a.Journal.Append(ctx, tx, changes...); err != nil {
		return err
	}
	for _, c := range changes {
		if c.Event != status.Revoked {
			continue
		}
		if _, err := a.Officers.EndRevoked(ctx, tx, c.Issuer, c.Serial); err != nil {
			return err
		}
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO ca_crl_number (issuer, number) VALUES ($1, $2)
		ON CONFLICT (issuer) DO UPDATE SET number = excluded.number WHERE ca_crl_number.number < excluded.number`, done.Issuer, done.Number)
	if err != nil {
		return fmt.Errorf("raising a CRL number: %w", err)
	}
	return nil
}
