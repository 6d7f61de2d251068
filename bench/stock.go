package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"

	"onecert/audit"
	"onecert/ca"
	"onecert/db"
	"onecert/officer"
	"onecert/pki"
	"onecert/status"
)

// Octets of what stands in a CA's tables for one single SM2 certificate.
const (
	tbsOctets       = 560
	signatureOctets = 71
)

// openStock makes the tables of a CA without a CA: what fills and copies them needs none.
func openStock(ctx context.Context, source string) (*db.DB, error) {
	d, err := db.Open(ctx, source)
	if err != nil {
		return nil, err
	}
	if err := d.Migrate(ctx, "ca", ca.Migrations()); err != nil {
		d.Close()
		return nil, err
	}
	if err := d.Migrate(ctx, "officer", officer.Migrations()); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

// stock fills a CA's database with n certificates as issuing would leave them, random
// octets in the place of what is signed, so that a million take minutes, not hours.
// The journal and the audit log are made by their own rooms.
func stock(ctx context.Context, d *db.DB, n int) error {
	log, err := audit.Open(ctx, d, stockOrigin)
	if err != nil {
		return err
	}
	journal, err := status.Open(ctx, d)
	if err != nil {
		return err
	}
	const batch = 1000
	for from := 0; from < n; from += batch {
		s := &shelf{now: time.Now().UTC()}
		if err := s.fill(from, min(batch, n-from)); err != nil {
			return err
		}
		if err := d.Tx(ctx, func(tx *sql.Tx) error { return s.store(ctx, tx, log, journal) }); err != nil {
			return err
		}
	}
	return nil
}

const stockOrigin = "bench.example/stock"

// shelf is a batch of certificates.
type shelf struct {
	now                              time.Time
	orders, serials, tbs, signatures [][]any
	acts                             []audit.Act
	changes                          []status.Change
}

func (s *shelf) fill(from, n int) error {
	random := make([]byte, n*(tbsOctets+signatureOctets+64))
	if _, err := rand.Read(random); err != nil {
		return fmt.Errorf("drawing random octets: %w", err)
	}
	take := func(k int) []byte { b := random[:k]; random = random[k:]; return b }
	for i := range n {
		serial, err := pki.NewSerial(rand.Reader)
		if err != nil {
			return err
		}
		application, key := "stock-"+strconv.Itoa(from+i), hex.EncodeToString(take(32))
		holder := "H" + key[:26]
		at, end := s.now.UnixMilli(), s.now.AddDate(3, 0, 0)
		s.orders = append(s.orders, []any{application, "issue", hex.EncodeToString(take(32)), "sm2", "person-sign", "person", "sm2", holder,
			"", "申请人" + strconv.Itoa(from+i), key, "default-id", "", "", 0, "", "centre.issuer", at})
		s.serials = append(s.serials, []any{"sm2", string(serial), application, "single", "", string(serial), "person-sign", key})
		s.tbs = append(s.tbs, []any{application, "single", key, "C=CN, O=示例市民政局, CN=申请人" + strconv.Itoa(from+i), at, end.UnixMilli(), (from + i) % 16, take(tbsOctets), "", nil, at})
		s.signatures = append(s.signatures, []any{application, "single", take(signatureOctets)})
		s.acts = append(s.acts, audit.Act{Actor: pki.Actor{Name: "centre.issuer", Roles: []string{officer.Issuer}, Certificate: key}, Act: "certificate.issue", Object: application,
			Subject: holder, Result: audit.Done, At: s.now, Detail: map[string]string{"profile": "person-sign", "single": string(serial) + " tbs sha256:" + key}})
		s.changes = append(s.changes, status.Change{Issuer: "sm2", Serial: serial, Event: status.Issued, At: s.now, NotAfter: end, Partition: (from + i) % 16})
	}
	return nil
}

func (s *shelf) store(ctx context.Context, tx *sql.Tx, log *audit.Log, journal *status.Journal) error {
	for _, part := range []struct {
		table   string
		columns []string
		rows    [][]any
	}{
		{"ca_order", []string{"application", "act", "digest", "issuer", "profile", "kind", "family", "holder", "skeleton", "spelling", "key_hash", "form",
			"sealed_to", "predecessor", "reason", "decision", "actor", "created"}, s.orders},
		{"ca_serial", []string{"issuer", "serial", "application", "role", "previous", "escrow", "profile", "profile_hash"}, s.serials},
		{"ca_tbs", []string{"application", "role", "key_hash", "subject", "not_before", "not_after", "crl_part", "tbs", "envelope_format", "envelope", "stored"}, s.tbs},
		{"ca_signature", []string{"application", "role", "signature"}, s.signatures},
	} {
		if err := db.Insert(ctx, tx, part.table, part.columns, part.rows, ""); err != nil {
			return err
		}
	}
	if err := log.Append(ctx, tx, s.acts...); err != nil {
		return err
	}
	_, err := journal.Append(ctx, tx, s.changes...)
	return err
}
