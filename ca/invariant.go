package ca

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/emmansun/gmsm/smx509"

	"onecert/audit"
	"onecert/lint"
	"onecert/pki"
)

// CheckInvariants holds everything a CA has stored against the rules of design.md
// §3 that can be seen in its records, and returns what breaks them, in words:
//
//   - no serial twice, every serial at least 128 bits, none out of nothing (rule 1)
//   - nothing signed that was not stored before, with its audit entry; what was
//     signed is what was stored, passes the linter and verifies (rule 2)
//   - pairs are whole: both halves or neither, one subject, two keys (rule 3)
//   - the journal knows every certificate, and nothing else (rule 4)
//   - CRL numbers only grow, each list verifies and lists what the journal says (rule 5)
//   - every profile in effect came in at the start or by an approval used once, and
//     every certificate names a version that was
//
// It reads everything, so it is for tests and for an auditor's night.
func CheckInvariants(ctx context.Context, ca *CA) []string {
	c := &invariants{ca: ca, serials: map[string]bool{}, audited: map[string]bool{}, profiles: map[string]string{}, used: map[string]int{}}
	c.readAudit(ctx)
	c.orders(ctx)
	changed, err := ca.CompareRecords(ctx)
	if err != nil {
		c.fault("comparing with the audit log: %v", err)
	}
	c.faults = append(c.faults, changed...)
	for _, issuer := range ca.cfg.Issuers {
		c.crls(ctx, issuer)
	}
	return c.faults
}

type invariants struct {
	ca      *CA
	faults  []string
	serials map[string]bool // issuer/serial of every reservation seen
	audited map[string]bool // "serial tbs-hash" of every audit entry
	issued  int64

	profiles map[string]string // approval by "name hash" of every version in the log
	used     map[string]int    // how often the log says an approval of profiles was used
}

func (c *invariants) fault(format string, args ...any) {
	c.faults = append(c.faults, fmt.Sprintf(format, args...))
}

func (c *invariants) readAudit(ctx context.Context) {
	from := int64(0)
	for {
		entries, err := c.ca.cfg.Audit.Search(ctx, audit.Query{From: from, Limit: 1000})
		if err != nil {
			c.fault("reading the audit log: %v", err)
			return
		}
		for _, e := range entries {
			c.noteProfiles(e)
			for _, role := range []string{single, sign, encrypt} {
				if text := e.Detail[role]; text != "" && strings.HasPrefix(e.Act, "certificate.") {
					c.audited[text] = true
				}
			}
			from = e.Number + 1
		}
		if len(entries) == 0 {
			return
		}
	}
}

func (c *invariants) orders(ctx context.Context) {
	byApplication := map[string]*storedOrder{}
	err := c.ca.queryLines(ctx, "ORDER BY o.application, s.role DESC", nil, func(o orderRow, cert storedCert) {
		if byApplication[o.application] == nil {
			byApplication[o.application] = &storedOrder{orderRow: o}
		}
		byApplication[o.application].certs = append(byApplication[o.application].certs, cert)
	})
	if err != nil {
		c.fault("reading orders: %v", err)
	}
	for _, o := range byApplication {
		c.order(ctx, o)
	}
	c.versions(ctx, byApplication)
	c.journal(ctx)
}

func (c *invariants) order(ctx context.Context, o *storedOrder) {
	issuer := c.ca.issuers[o.issuer]
	if issuer == nil {
		return
	}
	for i := range o.certs {
		cert := &o.certs[i]
		if key := o.issuer + "/" + string(cert.serial); c.serials[key] {
			c.fault("%s: serial %s is there twice", o.application, cert.serial)
		} else {
			c.serials[key] = true
		}
		if len(cert.serial) != 2*pki.SerialOctets {
			c.fault("%s: serial %s is short", o.application, cert.serial)
		}
		if (cert.signature == nil) != (o.certs[0].signature == nil) {
			c.fault("%s: half a pair", o.application)
		}
		c.certificate(ctx, o, cert, issuer)
	}
	if len(o.certs) == 2 {
		if o.certs[0].subject != o.certs[1].subject {
			c.fault("%s: the halves name different subjects", o.application)
		}
		if o.certs[0].keyHash == o.certs[1].keyHash {
			c.fault("%s: the halves share one key", o.application)
		}
	}
}

func (c *invariants) certificate(ctx context.Context, o *storedOrder, cert *storedCert, issuer *Issuer) {
	record, err := c.ca.cfg.Status.Record(ctx, o.issuer, cert.serial)
	if (err == nil) != (cert.signature != nil) {
		c.fault("%s: signed %v, in the journal %v", cert.serial, cert.signature != nil, err == nil)
	}
	if cert.signature == nil {
		return
	}
	c.issued++
	sum := sha256.Sum256(cert.tbs)
	if !c.audited[string(cert.serial)+" tbs sha256:"+hex.EncodeToString(sum[:])] {
		c.fault("%s: signed without an audit entry of its bytes", cert.serial)
	}
	der := pki.Assemble(cert.tbs, issuer.suite, cert.signature)
	parsed, err := smx509.ParseCertificate(der)
	if err != nil {
		c.fault("%s: does not parse: %v", cert.serial, err)
		return
	}
	if err := parsed.CheckSignatureFrom(issuer.Certificate); err != nil {
		c.fault("%s: does not verify: %v", cert.serial, err)
	}
	if pki.SerialOf(parsed.SerialNumber) != cert.serial || pki.KeyHash(parsed.RawSubjectPublicKeyInfo) != cert.keyHash {
		c.fault("%s: the record is not the certificate's", cert.serial)
	}
	if record.NotAfter.Unix() != parsed.NotAfter.Unix() || record.Partition != issuer.partition(cert.serial) {
		c.fault("%s: the journal has another end or partition", cert.serial)
	}
	findings, err := lint.Certificate(der, lint.Options{Issuer: issuer.Certificate.Raw, Ours: true, IdentityNumber: true})
	if err != nil || lint.Worst(findings) == lint.Error {
		c.fault("%s: the linter refuses it: %v %v", cert.serial, findings, err)
	}
}

// journal checks that the journal counts exactly what was signed.
func (c *invariants) journal(ctx context.Context) {
	var known int64
	for _, issuer := range c.ca.cfg.Issuers {
		counts, err := c.ca.cfg.Status.Counts(ctx, issuer.ID)
		if err != nil {
			c.fault("counting: %v", err)
		}
		for _, n := range counts {
			known += n
		}
	}
	if known != c.issued {
		c.fault("the journal knows %d certificates, %d are signed", known, c.issued)
	}
}

func (c *invariants) crls(ctx context.Context, issuer *Issuer) {
	heads, err := c.listHeads(ctx, issuer)
	if err != nil {
		c.fault("reading CRLs: %v", err)
		return
	}
	for _, h := range heads {
		stored, err := c.ca.findCRL(ctx, "issuer = $1 AND number = $2 AND crl_part = $3 AND base = $4", issuer.ID, h.Number, h.Partition, h.Base)
		var der []byte
		if err == nil && stored != nil {
			der, err = c.ca.octets(ctx, stored)
		}
		if err != nil {
			c.fault("reading CRL %d/%d: %v", h.Number, h.Partition, err)
			continue
		}
		c.crl(issuer, h, der)
	}
}

func (c *invariants) crl(issuer *Issuer, h CRL, der []byte) {
	list, err := smx509.ParseRevocationList(der)
	switch {
	case err != nil:
		c.fault("CRL %d/%d does not parse: %v", h.Number, h.Partition, err)
	case list.CheckSignatureFrom(issuer.Certificate) != nil:
		c.fault("CRL %d/%d does not verify", h.Number, h.Partition)
	case list.Number.Int64() != h.Number || int64(len(list.RevokedCertificateEntries)) != h.Entries || int64(len(der)) != h.Size:
		c.fault("CRL %d/%d is not what its record says", h.Number, h.Partition)
	case h.Base >= h.Number:
		c.fault("delta CRL %d builds on %d", h.Number, h.Base)
	}
}

func (c *invariants) listHeads(ctx context.Context, issuer *Issuer) (all []CRL, err error) {
	rows, err := c.ca.cfg.DB.Read().QueryContext(ctx, "SELECT "+headColumns+" FROM ca_crl WHERE issuer = $1 ORDER BY number, crl_part, base", issuer.ID)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var h CRL
		if err := scanHead(rows, &h); err != nil {
			return nil, err
		}
		all = append(all, h)
	}
	return all, rows.Err()
}
