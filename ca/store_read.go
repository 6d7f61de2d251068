package ca

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"onecert/pki"
)

// storedCert is one certificate of an order as far as it got.
type storedCert struct {
	serialRow
	keyHash, subject    string
	notBefore, notAfter time.Time
	partition           int
	tbs, signature      []byte
	envelope            *pki.Envelope
}

// storedOrder is an order as the database has it.
type storedOrder struct {
	orderRow
	certs []storedCert // sign or single first
	asOf  int64        // how many compromises were known when it was stored; 0: not known
}

func (o *storedOrder) issued() bool { return len(o.certs) > 0 && o.certs[0].signature != nil }

// half returns the certificate of a role, nil if the order has none.
func (o *storedOrder) half(role string) *storedCert {
	for i := range o.certs {
		if o.certs[i].role == role || role == sign && o.certs[i].role == single {
			return &o.certs[i]
		}
	}
	return nil
}

const orderFields = `o.application, o.act, o.digest, o.issuer, o.profile, o.kind, o.family, o.holder,
	o.skeleton, o.spelling, o.key_hash, o.form, o.sealed_to, o.predecessor, o.reason, o.decision, o.actor, o.created`

const certFields = `s.serial, s.role, s.previous, s.escrow, s.profile, s.profile_hash, s.key_hash, s.subject, s.not_before, s.not_after, s.crl_part,
	s.tbs, s.envelope_format, s.envelope, g.signature`

const certTables = ` FROM ca_order o
	JOIN ca_certificate s ON s.application = o.application
	LEFT JOIN ca_signature g ON g.application = s.application AND g.role = s.role `

func scanLine(rows *sql.Rows) (orderRow, storedCert, error) {
	var o orderRow
	var c storedCert
	var reason int
	var created, notBefore, notAfter int64
	var format string
	var envelope []byte
	err := rows.Scan(&o.application, &o.act, &o.digest, &o.issuer, &o.profile, &o.kind, &o.family, &o.holder,
		&o.skeleton, &o.spelling, &o.keyHash, &o.form, &o.sealedTo, &o.predecessor, &reason, &o.decision, &o.actor, &created,
		&c.serial, &c.role, &c.previous, &c.escrow, &c.profile, &c.profileHash, &c.keyHash, &c.subject, &notBefore, &notAfter, &c.partition,
		&c.tbs, &format, &envelope, &c.signature)
	o.reason, o.created = pki.Reason(reason), time.UnixMilli(created).UTC()
	c.notBefore, c.notAfter = time.UnixMilli(notBefore).UTC(), time.UnixMilli(notAfter).UTC()
	if format != "" {
		c.envelope = &pki.Envelope{Format: format, DER: envelope}
	}
	return o, c, err
}

func (ca *CA) queryLines(ctx context.Context, tail string, args []any, each func(orderRow, storedCert)) error {
	rows, err := ca.cfg.DB.Read().QueryContext(ctx, "SELECT "+orderFields+", "+certFields+certTables+tail, args...)
	if err != nil {
		return storeFailed(fmt.Errorf("reading orders: %w", err))
	}
	defer rows.Close()
	for rows.Next() {
		o, c, err := scanLine(rows)
		if err != nil {
			return storeFailed(fmt.Errorf("reading orders: %w", err))
		}
		each(o, c)
	}
	return storeFailed(rows.Err())
}

// readOrder returns an order with its certificates; Unknown if there is none.
func (ca *CA) readOrder(ctx context.Context, application string) (*storedOrder, error) {
	var order *storedOrder
	err := ca.queryLines(ctx, "WHERE o.application = $1 ORDER BY s.role DESC", []any{application}, func(o orderRow, c storedCert) {
		if order == nil {
			order = &storedOrder{orderRow: o}
		}
		order.certs = append(order.certs, c)
	})
	if err == nil && order == nil {
		err = pki.Errorf(pki.Unknown, "order.unknown", "there is no order %.64q", application).To("check the application's name")
	}
	return order, err
}

// readOrderOf returns the order a certificate belongs to; Unknown if nothing was
// ever reserved under that serial.
func (ca *CA) readOrderOf(ctx context.Context, issuer string, serial pki.Serial) (*storedOrder, error) {
	var application string
	err := ca.cfg.DB.Read().QueryRowContext(ctx, "SELECT application FROM ca_certificate WHERE issuer = $1 AND serial = $2",
		issuer, string(serial)).Scan(&application)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, pki.Errorf(pki.Unknown, "certificate.unknown", "issuer %.32q has no certificate with this serial number", issuer).
			To("check the issuer and the serial number, for example with 'onecert cert inspect'")
	}
	if err != nil {
		return nil, storeFailed(fmt.Errorf("finding a certificate: %w", err))
	}
	return ca.readOrder(ctx, application)
}

// lineage is how an order of an issuer names this one as the one it follows.
func (o *storedOrder) lineage(issuer string) string {
	serial := string(o.certs[0].serial)
	if issuer == o.issuer {
		return serial
	}
	return o.issuer + "/" + serial
}

// readPredecessor returns the order that o follows.
func (ca *CA) readPredecessor(ctx context.Context, o *storedOrder) (*storedOrder, error) {
	if issuer, serial, other := strings.Cut(o.predecessor, "/"); other {
		return ca.readOrderOf(ctx, issuer, pki.Serial(serial))
	}
	return ca.readOrderOf(ctx, o.issuer, pki.Serial(o.predecessor))
}

// follower is an order that was made after another one.
type follower struct {
	application string
	issuer      string
	serial      pki.Serial
	created     time.Time
}

func (ca *CA) followers(ctx context.Context, old *storedOrder) ([]follower, error) {
	rows, err := ca.cfg.DB.Read().QueryContext(ctx, `SELECT o.application, o.issuer, s.serial, o.created FROM ca_order o
		JOIN ca_certificate s ON s.application = o.application AND s.role <> 'encrypt'
		WHERE o.predecessor IN ($1, $2) AND o.predecessor <> '' AND (o.predecessor = $3 OR o.issuer = $4)`,
		old.lineage(old.issuer), old.lineage(""), old.lineage(""), old.issuer)
	if err != nil {
		return nil, storeFailed(fmt.Errorf("reading the lineage: %w", err))
	}
	defer rows.Close()
	var all []follower
	for rows.Next() {
		var f follower
		var created int64
		if err := rows.Scan(&f.application, &f.issuer, &f.serial, &created); err != nil {
			return nil, storeFailed(fmt.Errorf("reading the lineage: %w", err))
		}
		f.created = time.UnixMilli(created)
		all = append(all, f)
	}
	return all, storeFailed(rows.Err())
}

// unfinishedFor is how long before the last order one is looked for that was left
// unsigned. A crash leaves the newest. An older one, of a device that did not sign and
// an applicant who did not ask again, is finished when somebody asks.
const unfinishedFor = 7 * 24 * time.Hour

// Written so that both engines begin with the index of times.
const unfinishedOrders = `SELECT o.application FROM ca_order o WHERE o.created >= $1 AND EXISTS (
	SELECT 1 FROM ca_certificate t WHERE t.application = o.application AND NOT EXISTS (
		SELECT 1 FROM ca_signature g WHERE g.application = t.application AND g.role = t.role))`

// unfinished returns the applications whose bytes are stored and not yet signed, of
// the time before the last order: so a start takes no longer with the years.
func (ca *CA) unfinished(ctx context.Context) ([]string, error) {
	rows, err := ca.cfg.DB.Read().QueryContext(ctx, unfinishedOrders, ca.clock.last.Add(-unfinishedFor).UnixMilli())
	if err != nil {
		return nil, fmt.Errorf("looking for unfinished orders: %w", err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var application string
		if err := rows.Scan(&application); err != nil {
			return nil, fmt.Errorf("looking for unfinished orders: %w", err)
		}
		all = append(all, application)
	}
	return all, rows.Err()
}

// Filter narrows a list of certificates. Zero fields do not narrow.
type Filter struct {
	Issuer  string
	Holder  string
	Profile string
	Subject string // part of the subject text
	After   string // page on: "issuer/serial" of the last certificate seen
	Limit   int    // 1 to 1000; 100 if 0
}

func (ca *CA) readCertificates(ctx context.Context, f Filter) ([]storedOrder, error) {
	tail, args := f.tail()
	var all []storedOrder
	err := ca.queryLines(ctx, tail, args, func(o orderRow, c storedCert) {
		all = append(all, storedOrder{orderRow: o, certs: []storedCert{c}})
	})
	return all, err
}

// tail is what follows the tables in the question for a page.
func (f Filter) tail() (text string, args []any) {
	where := []string{"1 = 1"}
	add := func(condition string, value any) {
		args = append(args, value)
		where = append(where, strings.ReplaceAll(condition, "?", "$"+strconv.Itoa(len(args))))
	}
	if f.Issuer != "" {
		add("s.issuer = ?", f.Issuer)
	}
	if f.Holder != "" {
		add("o.holder = ?", f.Holder)
	}
	if f.Profile != "" {
		add("s.profile = ?", f.Profile)
	}
	if f.Subject != "" {
		add(`s.subject LIKE ? ESCAPE '\'`, "%"+strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(f.Subject)+"%")
	}
	// Where to go on must bound the index by itself, however deep in the list it is.
	switch issuer, serial, ok := strings.Cut(f.After, "/"); {
	case !ok:
	case f.Issuer == issuer:
		add("s.serial > ?", serial)
	default:
		args = append(args, issuer, serial)
		where = append(where, fmt.Sprintf("(s.issuer, s.serial) > ($%d, $%d)", len(args)-1, len(args)))
	}
	args = append(args, f.Limit)
	return "WHERE " + strings.Join(where, " AND ") + " ORDER BY s.issuer, s.serial LIMIT $" + strconv.Itoa(len(args)), args
}
