package ra

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"onecert/pki"
)

const certificateColumns = "issuer, serial, partner, application, holder, kind, profile, name, unit, node, path, state, not_before, not_after, changed"

func scanCertificate(row scanner) (*Certificate, error) {
	c := &Certificate{}
	var before, after, changed int64
	err := row.Scan(&c.Issuer, &c.Serial, &c.Partner, &c.Application, &c.Holder, &c.Kind, &c.Profile, &c.Name, &c.Unit, &c.Node, &c.Path, &c.State, &before, &after, &changed)
	c.NotBefore, c.NotAfter, c.Changed = moment(before), moment(after), moment(changed)
	return c, err
}

func readCertificate(ctx context.Context, q querier, s scope, issuer string, serial pki.Serial) (*Certificate, error) {
	serial, err := pki.ParseSerial(string(serial))
	if err != nil {
		return nil, err
	}
	c, err := scanCertificate(q.QueryRowContext(ctx, "SELECT "+certificateColumns+` FROM ra_certificate
		WHERE issuer = $1 AND serial = $2 AND path >= $3 AND path < $4`, issuer, string(serial), s.from(), s.to()))
	if err != nil {
		return nil, unknownOr(err, "certificate.unknown", "certificate", strings.TrimPrefix(issuer+"/"+string(serial), "/"))
	}
	return c, nil
}

// certificate stores a new certificate.
func (s *sheaf) certificate(c *Certificate) {
	s.insert("ra_certificate", strings.Split(strings.ReplaceAll(certificateColumns, " ", ""), ","), c.Issuer, string(c.Serial), string(c.Partner), c.Application,
		c.Holder, string(c.Kind), c.Profile, c.Name, c.Unit, c.Node, c.Path, string(c.State), millis(c.NotBefore), millis(c.NotAfter), millis(c.Changed))
	s.figures.certificate(c.Path, c.Kind, c.State, millis(c.NotAfter), 1)
}

// changeState notes what a certificate and its pair have become. One that is not here
// (an import, another branch's) is nobody's fault.
func changeState(ctx context.Context, tx *sql.Tx, to *sheaf, issuer string, serial pki.Serial, state pki.State, now time.Time) error {
	key := issuer + "/" + string(serial)
	if c := to.changed[key]; c != nil {
		to.become(c, state, now)
		return nil
	}
	found, err := collect(ctx, tx, scanCertificate, "SELECT "+certificateColumns+" FROM ra_certificate WHERE issuer = $1 AND serial = $2", issuer, string(serial))
	if err != nil {
		return fmt.Errorf("noting the state of certificate %s: %w", serial, err)
	}
	for _, c := range found {
		to.become(c, state, now)
	}
	return nil
}

func (s *sheaf) become(c *Certificate, state pki.State, now time.Time) {
	if c.State == state {
		return
	}
	if s.changed == nil {
		s.changed = map[string]*Certificate{}
	}
	s.changed[c.Issuer+"/"+string(c.Serial)] = c
	s.do("UPDATE ra_certificate SET state = $1, changed = $2 WHERE issuer = $3 AND serial = $4", string(state), millis(now), c.Issuer, string(c.Serial))
	s.figures.certificate(c.Path, c.Kind, c.State, millis(c.NotAfter), -1)
	s.figures.certificate(c.Path, c.Kind, state, millis(c.NotAfter), 1)
	c.State, c.Changed = state, now
	if c.Application != "" {
		s.touch(c.Application, c.Path)
	}
}
