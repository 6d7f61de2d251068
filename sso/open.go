package sso

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"onecert/db"
	"onecert/pki"
)

// opening is a login on its way into the store.
type opening struct {
	Session
	address  string
	replaces string // id
	refuse   *pki.Error
	ended    []Ending
}

// Open begins a session and returns its token. The session and its token are always new,
// whatever the browser came with. With the store away it is Unavailable (sso.store).
func (s *Sessions) Open(ctx context.Context, l Login) (token string, session Session, err error) {
	if err := l.check(); err != nil {
		return "", Session{}, err
	}
	o, err := s.begin(l)
	if err != nil {
		return "", Session{}, err
	}
	if err := s.opening.Do(ctx, o); err != nil {
		return "", Session{}, errStore(err)
	}
	if o.refuse != nil {
		return "", Session{}, o.refuse
	}
	token, err = s.seal(&o.Session, o.Started)
	if err != nil {
		return "", Session{}, err
	}
	return token, o.Session, nil
}

// begin makes the session.
func (s *Sessions) begin(l Login) (*opening, error) {
	now := s.cfg.Now().Truncate(time.Millisecond).UTC()
	var id [idDigits / 2]byte
	if _, err := io.ReadFull(s.cfg.Random, id[:]); err != nil {
		return nil, fmt.Errorf("drawing a session's id: %w", err)
	}
	o := &opening{Session: Session{ID: hex.EncodeToString(id[:]), Fingerprint: l.Fingerprint, Issuer: l.Issuer, Serial: l.Serial, User: l.User,
		Level: l.Level, Steps: slices.Clone(l.Steps), Started: now, LastSeen: now, Until: now.Add(s.limits.Load().Absolute)}}
	if !l.NotAfter.IsZero() && l.NotAfter.Before(o.Until) {
		o.Until = l.NotAfter.Truncate(time.Millisecond).UTC()
	}
	if !o.Until.After(now) {
		return nil, pki.Errorf(pki.Conflict, "sso.certificate-over", "the certificate has ended").To("renew it")
	}
	if l.Address.IsValid() {
		o.address = l.Address.Unmap().String()
	}
	if before, err := s.open(l.Replaces); l.Replaces != "" && err == nil {
		o.replaces = before.ID
	}
	return o, nil
}

// check holds what a token and a row take.
func (l *Login) check() error {
	wrong := func(what string) error {
		return pki.Errorf(pki.Invalid, "sso.login", "the login has %s", what)
	}
	switch serial, err := pki.ParseSerial(string(l.Serial)); {
	case l.Fingerprint == [32]byte{}:
		return wrong("no certificate")
	case l.Issuer == "" || len(l.Issuer) > maxIssuer || !plain(l.Issuer):
		return wrong("no issuer, or none of 1 to 64 plain octets")
	case err != nil || serial != l.Serial || len(l.Serial) > maxSerial:
		return wrong("no serial number")
	case l.User == "" || len(l.User) > maxUser || !plain(l.User):
		return wrong("no user, or none of 1 to 256 plain octets")
	case l.Level < 0 || l.Level > 9:
		return wrong("a level that is not between 0 and 9")
	case len(l.Steps) == 0 || len(l.Steps) > maxSteps || slices.ContainsFunc(l.Steps, func(s Step) bool { return s.number() == 0 }):
		return wrong("no steps, or unknown ones")
	}
	return nil
}

func plain(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, unicode.IsControl)
}

// openAll writes logins that came together, in one transaction.
func (s *Sessions) openAll(ctx context.Context, all []*opening) []error {
	err := s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		number, err := s.lock(ctx, tx)
		if err != nil {
			return err
		}
		for _, o := range all {
			if err := s.openOne(ctx, tx, o, &number); err != nil {
				return err
			}
		}
		return s.unlock(ctx, tx, number)
	})
	errs := make([]error, len(all))
	for i, o := range all {
		if errs[i] = err; err == nil {
			s.apply(o.ended)
		}
	}
	if err == nil {
		s.news.wake()
	}
	return errs
}

// openOne ends what the login replaces, sees that its user has not too many sessions, and
// writes the new one.
func (s *Sessions) openOne(ctx context.Context, tx *sql.Tx, o *opening, number *int64) error {
	end := func(rows []Row, why Why) error {
		ended, err := s.endRows(ctx, tx, rows, why, number)
		o.ended = append(o.ended, ended...)
		return err
	}
	if o.replaces != "" {
		rows, err := s.rows(ctx, tx, "AND id = $2 AND ended = 0", o.replaces)
		if err != nil {
			return err
		}
		if err := end(rows, Replaced); err != nil {
			return err
		}
	}
	if most := s.limits.Load().PerUser; most > 0 {
		alive := o.Started.Add(-s.limits.Load().Idle - s.stride() - flushEach).UnixMilli()
		open, err := s.rows(ctx, tx, "AND user_name = $2 AND ended = 0 AND until > $3 AND seen > $4 ORDER BY started, id", o.User, o.Started.UnixMilli(), alive)
		if err != nil {
			return err
		}
		if over := len(open) - most + 1; over > 0 && s.limits.Load().Refuse {
			o.refuse = pki.Errorf(pki.Conflict, "sso.crowded", "there are %d sessions of this user already", len(open)).To("log out elsewhere first")
			return nil
		} else if over > 0 {
			if err := end(open[:over], Crowded); err != nil {
				return err
			}
		}
	}
	return s.insert(ctx, tx, o)
}

func (s *Sessions) insert(ctx context.Context, tx *sql.Tx, o *opening) error {
	steps := make([]string, len(o.Steps))
	for i, step := range o.Steps {
		steps[i] = string(step)
	}
	err := db.Insert(ctx, tx, "sso_session", strings.Split("realm, "+sessionColumns, ", "), [][]any{{s.cfg.Realm, o.ID, o.User, o.Fingerprint[:], o.Issuer,
		string(o.Serial), o.Level, strings.Join(steps, " "), o.address, o.Started.UnixMilli(), o.LastSeen.UnixMilli(), o.Until.UnixMilli(), 0, ""}}, "")
	if err != nil {
		return fmt.Errorf("storing a session: %w", err)
	}
	return nil
}
