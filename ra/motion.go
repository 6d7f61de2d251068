package ra

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"onecert/audit"
	"onecert/db"
	"onecert/officer"
	"onecert/pki"
)

// MotionKind is what a motion is about.
type MotionKind string

// The kinds of motions.
const (
	MoveMotion    MotionKind = "move"    // a holder to another unit
	PolicyMotion  MotionKind = "policy"  // a version of the service's rules
	DestroyMotion MotionKind = "destroy" // an archived volume after its time

	AnnounceMotion MotionKind = "announce"  // an announcement to everybody
	TakeDownMotion MotionKind = "take-down" // and its end
)

// MotionState is how a motion stands.
type MotionState string

// The states of a motion.
const (
	MotionOpen    MotionState = "open"
	MotionDone    MotionState = "done"
	MotionRefused MotionState = "refused"
)

// Motion is what takes more than one person: one proposes it, others consent, and with
// the last consent it is done in the same transaction.
type Motion struct {
	ID         string            `json:"id"`
	Kind       MotionKind        `json:"kind"`
	Object     string            `json:"object"`
	Detail     map[string]string `json:"detail"`
	Reason     string            `json:"reason"`
	Path       string            `json:"path"`
	State      MotionState       `json:"state"`
	Needs      int               `json:"needs" doc:"how many have to consent beside who proposed it"`
	ProposedBy string            `json:"proposed_by"`
	Consents   []string          `json:"consents"`
	Note       string            `json:"note,omitempty"`
	Created    time.Time         `json:"created"`
	Changed    time.Time         `json:"changed"`
	Version    int               `json:"version"`
}

// MotionDecision is what somebody says to a motion.
type MotionDecision struct {
	Decision
	Consent bool `json:"consent"`
}

// motionLife is how long a motion stays open.
const motionLife = 30 * 24 * time.Hour

// decideRight is who consents to a kind of motion.
func (k MotionKind) decideRight() officer.Operation {
	switch k {
	case MoveMotion:
		return officer.DecideMove
	case PolicyMotion, AnnounceMotion, TakeDownMotion:
		return officer.DecidePolicy
	case DestroyMotion:
		return officer.DecideDestroy
	}
	return ""
}

// propose stores a motion, with what belongs to it; one about the same object must not
// be open.
func (r *Registration) propose(ctx context.Context, s scope, m Motion, with ...func(context.Context, *sql.Tx, *Motion) error) (*Motion, error) {
	if err := (Decision{Note: m.Reason}).check(); err != nil {
		return nil, err
	}
	if len([]rune(strings.TrimSpace(m.Reason))) < 2 {
		return nil, pki.Errorf(pki.Invalid, "motion.reason", "no reason is given").To("say why; those who consent read it")
	}
	random := make([]byte, 8)
	if _, err := io.ReadFull(r.cfg.Random, random); err != nil {
		return nil, fmt.Errorf("drawing a motion's id: %w", err)
	}
	m.ID, m.State, m.ProposedBy, m.Consents, m.Created, m.Changed, m.Version = hex.EncodeToString(random), MotionOpen, s.actor.Name, []string{}, r.now(), r.now(), 1
	err := r.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if err := alone(ctx, tx); err != nil {
			return err
		}
		open, err := collect(ctx, tx, scanMotion, "SELECT "+motionColumns+" FROM ra_motion WHERE kind = $1 AND object = $2 AND state = 'open' AND created > $3",
			string(m.Kind), m.Object, millis(r.now().Add(-motionLife)))
		if err != nil {
			return err
		}
		if len(open) > 0 {
			return pki.Errorf(pki.Conflict, "motion.open", "somebody has proposed this already").To("decide that one first")
		}
		if err := r.auditMotion(ctx, tx, s, &m, "proposed"); err != nil {
			return err
		}
		for _, do := range with {
			if err := do(ctx, tx, &m); err != nil {
				return err
			}
		}
		return db.Insert(ctx, tx, "ra_motion", strings.Split(strings.ReplaceAll(motionColumns, " ", ""), ","), [][]any{{m.ID, string(m.Kind), m.Object, encoded(m.Detail), m.Reason,
			m.Path, string(m.State), int64(m.Needs), m.ProposedBy, encoded(m.Consents), m.Note, millis(m.Created), millis(m.Changed), int64(m.Version)}}, "")
	})
	if err != nil {
		return nil, err
	}
	return &m, nil
}

func (r *Registration) auditMotion(ctx context.Context, tx *sql.Tx, s scope, m *Motion, what string) error {
	detail := map[string]string{"motion": m.ID, "reason": m.Reason, "state": string(m.State)}
	for name, value := range m.Detail {
		detail["about."+name] = value
	}
	return r.cfg.Audit.Append(ctx, tx, audit.Act{Actor: s.actor, Act: string(m.Kind) + "." + what, Object: m.Object, Result: audit.Done, Detail: detail, At: r.now()})
}

// MotionQuery selects motions of one's subtree.
type MotionQuery struct {
	ID    string      `query:"id" maxLength:"32" doc:"only the one of this id"`
	State MotionState `query:"state" maxLength:"20"`
	Kind  MotionKind  `query:"kind" maxLength:"20"`
	ListQuery
}

// Motions lists what was proposed in one's subtree, the newest first.
func (r *Registration) Motions(ctx context.Context, q MotionQuery) (*Page[*Motion], error) {
	s, err := r.enter(ctx, officer.ReadMotions)
	if err != nil {
		return nil, err
	}
	if err := checkText("search", q.ID+string(q.State)+string(q.Kind)); err != nil {
		return nil, err
	}
	created, id, err := whenAfter(q.After)
	if err != nil {
		return nil, err
	}
	var find search
	text := "SELECT " + motionColumns + " FROM ra_motion WHERE " + find.is("path >= ? AND path < ?", s.from(), s.to())
	for column, value := range map[string]string{"id": q.ID, "state": string(q.State), "kind": string(q.Kind)} {
		if value != "" {
			text += find.is(" AND "+column+" = ?", value)
		}
	}
	if id != "" {
		text += find.is(" AND (created, id) < (?, ?)", created, id)
	}
	return leaf(ctx, r, q.ListQuery, scanMotion, &find, text+" ORDER BY created DESC, id DESC", func(m *Motion) string { return when(m.Created, m.ID) })
}

// DecideMotion consents to a motion or refuses it. Nobody decides twice, nor what he
// proposed himself; one refusal ends it.
func (r *Registration) DecideMotion(ctx context.Context, id string, d MotionDecision) (*Motion, error) {
	m, s, err := r.motionFor(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := d.check(); err != nil {
		return nil, err
	}
	err = r.cfg.DB.Tx(ctx, func(tx *sql.Tx) error {
		if err := alone(ctx, tx); err != nil {
			return err
		}
		if m, err = readMotion(ctx, tx, s, id); err != nil {
			return err
		}
		if err := r.decidable(m, s, d); err != nil {
			return err
		}
		to := &sheaf{}
		if err := r.decided(ctx, tx, to, s, m, d); err != nil {
			return err
		}
		if err := r.auditMotion(ctx, tx, s, m, map[bool]string{true: "consented", false: "refused"}[d.Consent]); err != nil {
			return err
		}
		to.do("UPDATE ra_motion SET state = $1, consents = $2, note = $3, changed = $4, version = version + 1 WHERE id = $5",
			string(m.State), encoded(m.Consents), m.Note, millis(m.Changed), m.ID)
		m.Version++
		return to.send(ctx, tx)
	})
	if err != nil {
		return nil, r.refused(ctx, s, "motion", id, err)
	}
	return m, nil
}

// motionFor finds a motion with the right its kind takes.
func (r *Registration) motionFor(ctx context.Context, id string) (*Motion, scope, error) {
	s, err := r.enter(ctx, officer.ReadMotions)
	if err != nil {
		return nil, s, err
	}
	m, err := readMotion(ctx, r.cfg.DB.Read(), s, id)
	if err != nil {
		return nil, s, err
	}
	s, err = r.enter(ctx, m.Kind.decideRight())
	return m, s, err
}

func (r *Registration) decidable(m *Motion, s scope, d MotionDecision) error {
	switch {
	case m.Version != d.Version:
		return changed(nothing{}, nil, "motion")
	case m.State != MotionOpen || r.now().Sub(m.Created) > motionLife:
		return pki.Errorf(pki.Conflict, "motion.over", "this motion is decided or too old").To("propose it anew")
	case m.Kind == MoveMotion && !s.reviews(m.Path):
		return pki.Errorf(pki.Forbidden, "motion.level", "a local counter consents to nothing").To("the reviewer of %s decides", s.above(m.Path))
	case m.ProposedBy == s.actor.Name:
		return pki.Errorf(pki.Forbidden, "motion.own", "who proposes does not consent").To("ask another one")
	case slices.Contains(m.Consents, s.actor.Name):
		return pki.Errorf(pki.Conflict, "motion.twice", "you have consented already").To("another one has to as well")
	}
	return nil
}

func (r *Registration) decided(ctx context.Context, tx *sql.Tx, to *sheaf, s scope, m *Motion, d MotionDecision) error {
	m.Note, m.Changed = d.Note, r.now()
	if !d.Consent {
		m.State = MotionRefused
		switch m.Kind {
		case PolicyMotion:
			r.dropPolicy(to, m)
		case AnnounceMotion:
			r.refuseAnnounced(to, m)
		}
		return nil
	}
	m.Consents = append(m.Consents, s.actor.Name)
	if len(m.Consents) < m.Needs {
		return nil
	}
	m.State = MotionDone
	switch m.Kind {
	case MoveMotion:
		return r.moveNow(ctx, tx, to, m)
	case PolicyMotion:
		r.publishNow(to, m)
		return nil
	case DestroyMotion:
		return r.destroyNow(ctx, tx, to, m)
	case AnnounceMotion:
		r.announceNow(to, m)
		return nil
	case TakeDownMotion:
		r.takeDownNow(to, m)
		return nil
	}
	return pki.Errorf(pki.NotImplemented, "motion.kind", "nobody knows how to do a motion of kind %.20q", string(m.Kind))
}

const motionColumns = "id, kind, object, detail, reason, path, state, needs, proposed_by, consents, note, created, changed, version"

func scanMotion(row scanner) (*Motion, error) {
	m := &Motion{}
	var detail, consents string
	var created, changed int64
	err := row.Scan(&m.ID, &m.Kind, &m.Object, &detail, &m.Reason, &m.Path, &m.State, &m.Needs, &m.ProposedBy, &consents, &m.Note, &created, &changed, &m.Version)
	m.Created, m.Changed = moment(created), moment(changed)
	return m, orDecoded(err, detail, &m.Detail, consents, &m.Consents)
}

func readMotion(ctx context.Context, q querier, s scope, id string) (*Motion, error) {
	m, err := scanMotion(q.QueryRowContext(ctx, "SELECT "+motionColumns+" FROM ra_motion WHERE id = $1 AND path >= $2 AND path < $3", id, s.from(), s.to()))
	if err != nil {
		return nil, unknownOr(err, "motion.unknown", "motion", id)
	}
	return m, nil
}
