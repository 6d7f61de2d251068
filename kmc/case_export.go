package kmc

import (
	"context"
	"database/sql"
	"maps"
	"strings"
	"time"

	"onecert/audit"
	"onecert/officer"
	"onecert/pki"
)

// Export is a case carried out: every pair sealed to the investigator.
type Export struct {
	Case   string        `json:"case" doc:"its id"`
	Number string        `json:"number"`
	Shown  time.Time     `json:"shown" doc:"from when the holders' ledgers show it"`
	Keys   []ExportedKey `json:"keys"`
}

// ExportedKey is one pair of an export. The envelope opens with the investigator's
// key and with no other.
type ExportedKey struct {
	CaseKey
	Certificate string       `json:"certificate" doc:"SHA-256 of the investigator's certificate it is sealed to"`
	PublicKey   []byte       `json:"public_key" doc:"SubjectPublicKeyInfo of the pair"`
	Envelope    pki.Envelope `json:"envelope"`
}

// ExportCase carries out an approved case, once: in one transaction the approval is
// used, the pairs are opened and sealed to the investigator, the holders' ledgers
// get their entries and the audit log its own. Asked again it gives the same
// envelopes, for an answer that was lost. Errors: km.no-case, km.investigator,
// km.destroyed, km.store, those of the approval and of Config.Check.
func (c *Centre) ExportCase(ctx context.Context, id string) (Export, error) {
	actor, err := c.severalPersons(ctx, officer.Disclose)
	if err != nil {
		return Export{}, err
	}
	all, err := listCases(ctx, c.config.DB.Read(), "c.id = $1", id)
	if err != nil {
		return Export{}, unreadable(err)
	}
	if len(all) == 0 {
		return Export{}, c.config.Officers.Refused(ctx, officer.Disclose, id, errNoCase())
	}
	if s := all[0]; !s.at.IsZero() {
		return c.again(ctx, s, actor)
	}
	content, err := all[0].read()
	if err != nil {
		return Export{}, err
	}
	people, err := c.investigators(ctx, content.Certificates) // still good today?
	if err != nil {
		return Export{}, c.config.Officers.Refused(ctx, officer.Disclose, id, err)
	}
	p, err := c.proposal(content, people)
	if err != nil {
		return Export{}, err
	}
	d := &disclosure{centre: c, id: id, content: content, people: people, actor: actor, at: c.config.Now().UTC().Truncate(time.Millisecond)}
	err = c.config.Officers.Carry(ctx, id, p, func(tx *sql.Tx, a officer.Approval) error { return d.carry(ctx, tx, a) })
	if err != nil {
		return Export{}, storeFailed(err)
	}
	return d.export(), nil
}

// disclosure is a case being carried out.
type disclosure struct {
	centre  *Centre
	id      string
	content caseContent
	people  []*recipient
	actor   pki.Actor
	at      time.Time
	keys    []ExportedKey
}

// shown is from when the holders' ledgers show it.
func (d *disclosure) shown() time.Time { return d.at.AddDate(0, 0, d.content.WithholdDays) }

func (d *disclosure) export() Export {
	return Export{Case: d.id, Number: d.content.Number, Shown: d.shown(), Keys: d.keys}
}

func (d *disclosure) carry(ctx context.Context, tx *sql.Tx, a officer.Approval) error {
	acts := make([]audit.Act, len(d.content.Keys))
	for i, k := range d.content.Keys {
		out, err := d.seal(ctx, tx, k)
		if err != nil {
			return err
		}
		d.keys = append(d.keys, *out)
		acts[i] = d.act(k, out.Certificate, a)
	}
	if err := d.centre.config.Audit.Append(ctx, tx, acts...); err != nil {
		return err
	}
	return insertDisclosure(ctx, tx, d)
}

// seal opens one pair, which is still whose the case says, and seals it.
func (d *disclosure) seal(ctx context.Context, tx *sql.Tx, k CaseKey) (*ExportedKey, error) {
	u, err := findUse(ctx, tx, "key_id = $1", k.KeyID)
	if err != nil {
		return nil, err
	}
	if u == nil || u.holder != k.Holder || u.certNo != k.CertNo || u.ca != k.CA {
		return nil, errNoKey()
	}
	if !u.destroyedAt.IsZero() {
		return nil, errDestroyed()
	}
	r, err := findRecord(ctx, tx, k.KeyID)
	if err != nil {
		return nil, err
	}
	to, err := fitting(r.suite, d.people)
	if err != nil {
		return nil, err
	}
	envelope, err := d.centre.envelope(r, to.public)
	if err != nil {
		return nil, unsealable(err)
	}
	return &ExportedKey{CaseKey: k, Certificate: to.Fingerprint, PublicKey: r.spki, Envelope: envelope}, nil
}

// act is the entry of one pair. The log has it at once; the holder's ledger, which is
// read from the log, leaves it out until shown_from.
func (d *disclosure) act(k CaseKey, certificate string, a officer.Approval) audit.Act {
	detail := map[string]string{"key": k.KeyID, "ca": k.CA, "case": d.content.Number, "authority": d.content.Authority,
		"certificate": certificate, detailShown: d.shown().Format(time.RFC3339Nano)}
	maps.Copy(detail, a.Trail())
	if d.content.WithholdDays > 0 {
		detail["withheld_by"] = d.content.WithholdLaw
	}
	return audit.Act{Actor: d.actor, Act: actDisclose, Object: string(k.CertNo), Subject: k.Holder, Result: audit.Done, Detail: detail, At: d.at}
}

// Words of a disclosure's entry that the ledger reads.
const (
	actDisclose = "key.disclose"
	detailShown = "shown_from"
)

// again hands out what was sealed before. Envelopes of pairs that were destroyed
// since are gone with them.
func (c *Centre) again(ctx context.Context, s storedCase, actor pki.Actor) (Export, error) {
	content, err := s.read()
	if err != nil {
		return Export{}, err
	}
	sealed, err := listExports(ctx, c.config.DB.Read(), s.id)
	if err != nil {
		return Export{}, unreadable(err)
	}
	out := Export{Case: s.id, Number: s.number, Shown: s.shownAt, Keys: []ExportedKey{}}
	var numbers []string
	for _, k := range content.Keys {
		if e, ok := sealed[k.KeyID]; ok && e.Envelope.DER != nil {
			e.CaseKey = k
			out.Keys = append(out.Keys, e)
			numbers = append(numbers, string(k.CertNo))
		}
	}
	// The keys were disclosed before; this is about the case.
	err = c.config.Audit.Record(ctx, audit.Act{Actor: actor, Act: "case.fetch", Object: s.id, Result: audit.Done, At: c.config.Now(),
		Detail: map[string]string{"case": s.number, "cert_nos": strings.Join(numbers, " ")}})
	return out, err
}
