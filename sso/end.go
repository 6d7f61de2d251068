package sso

import (
	"context"
	"database/sql"
	"time"

	"onecert/audit"
	"onecert/pki"
)

// Ending is one line of the journal of ended sessions, numbered in each realm from 1.
type Ending struct {
	Number int64      `json:"number"`
	At     time.Time  `json:"at"`
	ID     string     `json:"id"`
	Issuer string     `json:"issuer"`
	Serial pki.Serial `json:"serial"`
	User   string     `json:"user"`
	Why    Why        `json:"why"`
	// Until is when the ending may be forgotten: the session would be over by then.
	Until time.Time `json:"until"`
}

// ending is an order to end sessions: one, or those of a certificate or user that were
// opened until now.
type ending struct {
	id          string
	certificate certificate
	user        string
	why         Why
	at          time.Time
}

// End ends a session. It is over in this process when End returns, also where the store
// is away and End says so; it is tried again then until others can learn it.
func (s *Sessions) End(ctx context.Context, id string, why Why) error {
	return s.end(ctx, ending{id: id, why: why})
}

// EndOfCertificate ends every session of a certificate that was opened until now.
func (s *Sessions) EndOfCertificate(ctx context.Context, issuer string, serial pki.Serial, why Why) error {
	return s.end(ctx, ending{certificate: certificate{issuer, serial}, why: why})
}

// EndOfUser ends every session of a user that was opened until now.
func (s *Sessions) EndOfUser(ctx context.Context, user string, why Why) error {
	return s.end(ctx, ending{user: user, why: why})
}

// maxPending bounds what waits for the store.
const maxPending = 10_000

// end makes it true here first, then in the store.
func (s *Sessions) end(ctx context.Context, e ending) error {
	if len(e.id) > idDigits || len(e.user) > maxUser || len(e.certificate.issuer) > maxIssuer || len(e.certificate.serial) > maxSerial || e.why == "" {
		return pki.Errorf(pki.Invalid, "sso.end", "that is no session, certificate or user")
	}
	e.at = s.cfg.Now()
	s.mark(e)
	if s.nothingOpen(ctx, e) {
		return nil
	}
	err := s.carryOut(ctx, e)
	if err != nil && pki.KindOf(err) == pki.Internal {
		s.mu.Lock()
		if len(s.pending) < maxPending {
			s.pending = append(s.pending, e)
		}
		s.mu.Unlock()
	}
	if err != nil {
		return errStore(err)
	}
	return nil
}

// nothingOpen: a certificate without a session, as most that are revoked. Thousands of
// them at once then lock and write nothing.
func (s *Sessions) nothingOpen(ctx context.Context, e ending) bool {
	if _, ordered := pki.ActorFrom(ctx); e.id != "" || e.user != "" || ordered {
		return false
	}
	rows, err := s.concerned(ctx, s.cfg.DB.Read(), e)
	if err != nil || len(rows) > 0 {
		return false
	}
	s.certificates.drop(e.certificate)
	return true
}

// mark ends in this process what was opened until now, by the clock, until the store has
// said which sessions those are: clocks of gateways differ.
func (s *Sessions) mark(e ending) {
	m := mark{e.at, e.at.Add(s.limits.Load().Absolute)}
	switch {
	case e.id != "":
		s.ids.put(e.id, mark{m.until, m.until})
	case e.user != "":
		s.users.put(e.user, m)
	default:
		s.certificates.put(e.certificate, m)
	}
}

// carryOut writes the endings of all sessions concerned, and who ordered it.
func (s *Sessions) carryOut(ctx context.Context, e ending) error {
	var done []Ending
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if err := s.record(ctx, tx, e); err != nil { // audit is locked first, always
			return err
		}
		number, err := s.lock(ctx, tx)
		if err != nil {
			return err
		}
		rows, err := s.concerned(ctx, tx, e)
		if err != nil {
			return err
		}
		if done, err = s.endRows(ctx, tx, rows, e.why, &number); err != nil {
			return err
		}
		return s.unlock(ctx, tx, number)
	})
	if err == nil {
		s.apply(done)
		s.users.drop(e.user)
		s.certificates.drop(e.certificate)
		s.news.wake()
	}
	return err
}

func (s *Sessions) concerned(ctx context.Context, q querier, e ending) ([]Row, error) {
	switch {
	case e.id != "":
		rows, err := s.rows(ctx, q, "AND id = $2", e.id)
		if err == nil && len(rows) == 0 {
			err = pki.Errorf(pki.Unknown, "sso.unknown", "there is no such session").To("list the sessions there are")
		}
		if len(rows) == 1 && !rows[0].Ended.IsZero() {
			rows = nil // once is enough
		}
		return rows, err
	case e.user != "":
		return s.rows(ctx, q, "AND user_name = $2 AND ended = 0", e.user)
	}
	return s.rows(ctx, q, "AND issuer = $2 AND serial = $3 AND ended = 0", e.certificate.issuer, string(e.certificate.serial))
}

// record writes what a person ordered into the audit log.
func (s *Sessions) record(ctx context.Context, tx *sql.Tx, e ending) error {
	actor, ok := pki.ActorFrom(ctx)
	if s.cfg.Audit == nil || !ok {
		return nil
	}
	object := e.id
	if object == "" {
		object = string(e.certificate.serial)
	}
	return s.cfg.Audit.Append(ctx, tx, audit.Act{Actor: actor, Act: "session.end", Object: object, Subject: e.user, Result: audit.Done, At: e.at,
		Detail: map[string]string{"why": string(e.why), "realm": s.cfg.Realm, "issuer": e.certificate.issuer}})
}

// apply takes endings from the store over.
func (s *Sessions) apply(all []Ending) {
	for _, e := range all {
		s.ids.put(e.ID, mark{e.Until, e.Until})
	}
}
