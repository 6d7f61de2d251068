package sso

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"onecert/db"
	"onecert/keys"
	"onecert/pki"
)

const channel = "onecert_sso"

func moment(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMilli(n).UTC()
}

// querier is a pool or a transaction.
type querier interface {
	QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, text string, args ...any) *sql.Row
}

func (s *Sessions) addRealm(ctx context.Context) error {
	return s.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		return db.Insert(ctx, tx, "sso_realm", []string{"realm", "number"}, [][]any{{s.cfg.Realm, 0}}, "ON CONFLICT DO NOTHING")
	})
}

// lock makes this the only transaction that writes sessions of the realm, and returns the
// number of the last ending. Numbers so become visible in order.
func (s *Sessions) lock(ctx context.Context, tx *sql.Tx) (number int64, err error) {
	err = tx.QueryRowContext(ctx, "UPDATE sso_realm SET number = number WHERE realm = $1 RETURNING number", s.cfg.Realm).Scan(&number)
	if err != nil {
		return 0, fmt.Errorf("locking the sessions: %w", err)
	}
	return number, nil
}

func (s *Sessions) unlock(ctx context.Context, tx *sql.Tx, number int64) error {
	if _, err := tx.ExecContext(ctx, "UPDATE sso_realm SET number = $1 WHERE realm = $2", number, s.cfg.Realm); err != nil {
		return fmt.Errorf("counting the endings: %w", err)
	}
	return db.Send(ctx, tx, s.cfg.DB.Notice(channel))
}

func (s *Sessions) last(ctx context.Context, q querier) (number int64, err error) {
	err = q.QueryRowContext(ctx, "SELECT number FROM sso_realm WHERE realm = $1", s.cfg.Realm).Scan(&number)
	if err != nil {
		return 0, fmt.Errorf("reading the number of the last ending: %w", err)
	}
	return number, nil
}

const sessionColumns = "id, user_name, fingerprint, issuer, serial, level, steps, address, started, seen, until, ended, why"

// rows reads sessions of the realm; rest is a constant of this room, whose parameters
// begin at $2.
func (s *Sessions) rows(ctx context.Context, q querier, rest string, args ...any) ([]Row, error) {
	found, err := q.QueryContext(ctx, "SELECT "+sessionColumns+" FROM sso_session WHERE realm = $1 "+rest, append([]any{s.cfg.Realm}, args...)...)
	if err != nil {
		return nil, fmt.Errorf("reading sessions: %w", err)
	}
	defer found.Close()
	all := []Row{}
	for found.Next() {
		var r Row
		var print []byte
		var steps string
		var started, seen, until, ended int64
		err := found.Scan(&r.ID, &r.User, &print, &r.Issuer, (*string)(&r.Serial), &r.Level, &steps, &r.Address, &started, &seen, &until, &ended, (*string)(&r.Why))
		if err != nil {
			return nil, fmt.Errorf("reading sessions: %w", err)
		}
		copy(r.Fingerprint[:], print)
		for step := range strings.FieldsSeq(steps) {
			r.Steps = append(r.Steps, Step(step))
		}
		r.Started, r.LastSeen, r.Until, r.Ended = moment(started), moment(seen), moment(until), moment(ended)
		all = append(all, r)
	}
	if err := found.Err(); err != nil {
		return nil, fmt.Errorf("reading sessions: %w", err)
	}
	return all, nil
}

// endRows ends sessions in a transaction that holds the lock.
func (s *Sessions) endRows(ctx context.Context, tx *sql.Tx, rows []Row, why Why, number *int64) (done []Ending, err error) {
	now := s.cfg.Now().Truncate(time.Millisecond).UTC()
	for _, r := range rows {
		*number++
		e := Ending{Number: *number, At: now, ID: r.ID, Issuer: r.Issuer, Serial: r.Serial, User: r.User, Why: why, Until: r.Until}
		err := db.Send(ctx, tx,
			db.Into("sso_ending", strings.Split("realm, "+endingColumns, ", "), [][]any{{s.cfg.Realm, e.Number, now.UnixMilli(), e.ID, e.Issuer,
				string(e.Serial), e.User, string(why), e.Until.UnixMilli()}}, ""),
			db.Do("UPDATE sso_session SET ended = $1, why = $2 WHERE realm = $3 AND id = $4", now.UnixMilli(), string(why), s.cfg.Realm, r.ID))
		if err != nil {
			return nil, fmt.Errorf("ending a session: %w", err)
		}
		done = append(done, e)
	}
	return done, nil
}

const endingColumns = "number, at, id, issuer, serial, user_name, why, until"

// maxBatch is how many endings are read at once.
const maxBatch = 1000

// endings reads the journal after a number.
func (s *Sessions) endings(ctx context.Context, after int64) ([]Ending, error) {
	found, err := s.cfg.DB.Read().QueryContext(ctx, "SELECT "+endingColumns+" FROM sso_ending WHERE realm = $1 AND number > $2 ORDER BY number LIMIT $3",
		s.cfg.Realm, after, maxBatch)
	if err != nil {
		return nil, fmt.Errorf("reading the ended sessions: %w", err)
	}
	defer found.Close()
	var all []Ending
	for found.Next() {
		var e Ending
		var at, until int64
		if err := found.Scan(&e.Number, &at, &e.ID, &e.Issuer, (*string)(&e.Serial), &e.User, (*string)(&e.Why), &until); err != nil {
			return nil, fmt.Errorf("reading the ended sessions: %w", err)
		}
		e.At, e.Until = moment(at), moment(until)
		all = append(all, e)
	}
	return all, found.Err()
}

// keyRows reads the keys of the realm, oldest first.
func (s *Sessions) keyRows(ctx context.Context, q querier) ([]keyRow, error) {
	found, err := q.QueryContext(ctx, "SELECT number, id, cipher, sealed, made, active FROM sso_key WHERE realm = $1 ORDER BY number", s.cfg.Realm)
	if err != nil {
		return nil, fmt.Errorf("reading the keys of tokens: %w", err)
	}
	defer found.Close()
	var all []keyRow
	for found.Next() {
		var r keyRow
		var id, made, active int64
		var cipher string
		if err := found.Scan(&r.number, &id, &cipher, &r.sealed, &made, &active); err != nil {
			return nil, fmt.Errorf("reading the keys of tokens: %w", err)
		}
		r.id, r.cipher, r.made, r.active = uint32(id), keys.SealAlgorithm(cipher), moment(made), moment(active)
		all = append(all, r)
	}
	return all, found.Err()
}

func (s *Sessions) insertKey(ctx context.Context, tx *sql.Tx, r keyRow) error {
	return db.Insert(ctx, tx, "sso_key", []string{"realm", "number", "id", "cipher", "sealed", "made", "active"},
		[][]any{{s.cfg.Realm, r.number, int64(r.id), string(r.cipher), r.sealed, r.made.UnixMilli(), r.active.UnixMilli()}}, "")
}

// Query filters sessions; what is empty filters nothing.
type Query struct {
	User   string
	Issuer string
	Serial pki.Serial
	Ended  bool   // those that are over as well
	After  string // id of the last one on the page before
	Limit  int    // 1 to 1000; 0: 100
}

// Row is a session as the store knows it. LastSeen is some seconds old.
type Row struct {
	Session
	Address string    `json:"address"`
	Ended   time.Time `json:"ended,omitzero"`
	Why     Why       `json:"why,omitempty"`
}

// List returns sessions by id.
func (s *Sessions) List(ctx context.Context, q Query) ([]Row, error) {
	if q.Limit < 0 || q.Limit > maxBatch {
		return nil, pki.Errorf(pki.Invalid, "sso.list", "a page has 1 to %d sessions", maxBatch)
	}
	if q.Limit == 0 {
		q.Limit = 100
	}
	now := s.cfg.Now()
	alive := now.Add(-s.limits.Load().Idle - s.stride() - flushEach)
	rows, err := s.rows(ctx, s.cfg.DB.Read(), `AND id > $2 AND ($3 = '' OR user_name = $3) AND ($4 = '' OR issuer = $4) AND ($5 = '' OR serial = $5)
		AND ($6 = 1 OR ended = 0 AND until > $7 AND seen > $8) ORDER BY id LIMIT $9`, q.After, q.User, q.Issuer, string(q.Serial), map[bool]int{true: 1}[q.Ended],
		now.UnixMilli(), alive.UnixMilli(), q.Limit)
	if err != nil {
		return nil, errStore(err)
	}
	return rows, nil
}
