package ra

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"onecert/db"
	"onecert/officer"
	"onecert/pki"
	"onecert/ra/internal/papers"
)

// PolicyKind is what a text rules.
type PolicyKind string

// The kinds of policies.
const (
	PracticeStatement PolicyKind = "practice-statement" // 电子认证业务规则
	CertificatePolicy PolicyKind = "certificate-policy" // 证书策略
)

// Policy is a version of the service's rules (features H17). Two have to approve it
// beside who proposes it; published it never changes.
type Policy struct {
	Kind      PolicyKind `json:"kind" enum:"practice-statement,certificate-policy"`
	OID       string     `json:"oid" maxLength:"100" doc:"that stands in certificates issued under it"`
	Edition   string     `json:"edition" pattern:"^[0-9]{1,4}(\\.[0-9]{1,4}){0,3}$"`
	Title     string     `json:"title" minLength:"2" maxLength:"100"`
	Begins    time.Time  `json:"begins" doc:"when it comes into force"`
	Content   []byte     `json:"content,omitempty" maxLength:"5592408" doc:"the text in UTF-8, or PDF; 4 MiB"`
	MediaType string     `json:"media_type" readOnly:"true"`
	Digest    string     `json:"digest" readOnly:"true" doc:"SHA-256 of the content"`
	State     string     `json:"state" readOnly:"true" doc:"proposed or published"`
	InForce   bool       `json:"in_force" readOnly:"true"`
	Motion    string     `json:"motion" readOnly:"true"`
	Changed   time.Time  `json:"changed" readOnly:"true"`
}

const (
	policyProposed  = "proposed"
	policyPublished = "published"
	mostPolicy      = 4 << 20
	policyConsents  = 2
)

var (
	oidForm     = regexp.MustCompile(`^[0-2](\.(0|[1-9][0-9]{0,15})){1,20}$`)
	editionForm = regexp.MustCompile(`^[0-9]{1,4}(\.[0-9]{1,4}){0,3}$`)
)

func (p *Policy) check() error {
	switch {
	case p.Kind != PracticeStatement && p.Kind != CertificatePolicy:
		return pki.Errorf(pki.Invalid, "policy.kind", "%.30q is no kind of rules", string(p.Kind)).To("use practice-statement or certificate-policy")
	case len(p.OID) > 100 || !oidForm.MatchString(p.OID):
		return pki.Errorf(pki.Invalid, "policy.oid", "the object identifier is not one").To("write it like 1.2.156.112600.1.1")
	case !editionForm.MatchString(p.Edition):
		return pki.Errorf(pki.Invalid, "policy.edition", "the edition is not a number").To("write it like 2.1")
	case len(strings.TrimSpace(p.Title)) < 2:
		return pki.Errorf(pki.Invalid, "policy.title", "the title is missing")
	case p.Begins.IsZero():
		return pki.Errorf(pki.Invalid, "policy.begins", "it is not said when the edition comes into force").To("give a day")
	case len(p.Content) == 0 || len(p.Content) > mostPolicy:
		return pki.Errorf(pki.Invalid, "policy.content", "the text is missing or larger than 4 MiB").To("upload it as text or PDF")
	}
	if err := checkText("title", p.Title); err != nil {
		return err
	}
	return p.tell()
}

// tell finds out what the content is, from the content.
func (p *Policy) tell() error {
	sum := sha256.Sum256(p.Content)
	p.Digest, p.MediaType = hex.EncodeToString(sum[:]), "text/plain; charset=utf-8"
	if bytes.HasPrefix(p.Content, []byte("%PDF-")) {
		paper, err := papers.Check(p.Content, papers.Limits{})
		if err != nil {
			return err
		}
		p.MediaType = paper.MediaType
		return nil
	}
	if !utf8.Valid(p.Content) || bytes.IndexFunc(p.Content, func(r rune) bool { return r < ' ' && r != '\n' && r != '\r' && r != '\t' || r == 0x7f }) >= 0 {
		return pki.Errorf(pki.Invalid, "policy.content", "the content is neither text in UTF-8 nor PDF").To("save it as one of the two")
	}
	return nil
}

// ProposePolicy puts a new edition of the rules forward.
func (r *Registration) ProposePolicy(ctx context.Context, p Policy) (*Motion, error) {
	s, err := r.enter(ctx, officer.ProposePolicy)
	if err != nil {
		return nil, err
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	if s.node.Level == LRA {
		return nil, pki.Errorf(pki.Forbidden, "policy.level", "a local counter has no rules of its own").To("the registration or the centre proposes them")
	}
	m := Motion{Kind: PolicyMotion, Object: string(p.Kind) + " " + p.Edition, Reason: p.Title, Path: s.node.Path, Needs: policyConsents,
		Detail: map[string]string{"digest": p.Digest, "oid": p.OID, "begins": p.Begins.UTC().Format(time.DateOnly)}}
	return r.propose(ctx, s, m, func(ctx context.Context, tx *sql.Tx, m *Motion) error {
		// No motion of this edition is open, so what was proposed before came to nothing.
		if _, err := tx.ExecContext(ctx, "DELETE FROM ra_policy WHERE kind = $1 AND edition = $2 AND state = 'proposed'", string(p.Kind), p.Edition); err != nil {
			return fmt.Errorf("clearing an old proposal: %w", err)
		}
		err := db.Insert(ctx, tx, "ra_policy", []string{"kind", "oid", "edition", "title", "media_type", "digest", "content", "begins", "node", "path", "state", "motion", "changed"},
			[][]any{{string(p.Kind), p.OID, p.Edition, p.Title, p.MediaType, p.Digest, p.Content, millis(p.Begins), s.node.ID, s.node.Path, policyProposed, m.ID, millis(r.now())}}, "")
		if db.IsDuplicate(err) {
			return pki.Errorf(pki.Conflict, "policy.taken", "there is an edition %s of this already", p.Edition).To("a published edition never changes; propose the next one")
		}
		return err
	})
}

// publishNow does what was consented to.
func (r *Registration) publishNow(to *sheaf, m *Motion) {
	to.do("UPDATE ra_policy SET state = 'published', changed = $1 WHERE motion = $2 AND state = 'proposed'", millis(r.now()), m.ID)
}

// dropPolicy takes an edition out that was refused; what it was stands in its motion.
func (r *Registration) dropPolicy(to *sheaf, m *Motion) {
	to.do("DELETE FROM ra_policy WHERE motion = $1 AND state = 'proposed'", m.ID)
}

// Policies lists the published rules, the newest first. They are public.
func (r *Registration) Policies(ctx context.Context, q ListQuery) (*Page[Policy], error) {
	begins, key, err := whenAfter(q.After)
	if err != nil {
		return nil, err
	}
	find := search{args: []any{millis(r.now())}}
	text := "SELECT " + policyColumns + `, CASE WHEN begins > $1 OR EXISTS (SELECT 1 FROM ra_policy n WHERE n.kind = p.kind AND n.oid = p.oid AND n.state = 'published'
		AND n.begins <= $1 AND (n.begins, n.edition) > (p.begins, p.edition)) THEN 0 ELSE 1 END FROM ra_policy p WHERE state = 'published'`
	if key != "" {
		text += find.is(" AND (begins, kind || ' ' || edition) < (?, ?)", begins, key)
	}
	scan := func(row scanner) (Policy, error) {
		var inForce int64
		p, err := scanPolicyAnd(row, &inForce)
		p.InForce = inForce == 1
		return p, err
	}
	return leaf(ctx, r, q, scan, &find, text+" ORDER BY begins DESC, kind || ' ' || edition DESC", func(p Policy) string { return when(p.Begins, string(p.Kind)+" "+p.Edition) })
}

const policyColumns = "kind, oid, edition, title, media_type, digest, begins, state, motion, changed"

func scanPolicy(row scanner) (Policy, error) { return scanPolicyAnd(row) }

// scanPolicyAnd reads further columns into more.
func scanPolicyAnd(row scanner, more ...any) (p Policy, err error) {
	var begins, changed int64
	err = row.Scan(append([]any{&p.Kind, &p.OID, &p.Edition, &p.Title, &p.MediaType, &p.Digest, &begins, &p.State, &p.Motion, &changed}, more...)...)
	p.Begins, p.Changed = moment(begins), moment(changed)
	return p, err
}

// PolicyText returns an edition with its content: a published one to anybody, a
// proposed one to those who decide.
func (r *Registration) PolicyText(ctx context.Context, kind PolicyKind, edition string) (*Policy, error) {
	row := r.cfg.DB.Read().QueryRowContext(ctx, "SELECT "+policyColumns+" FROM ra_policy WHERE kind = $1 AND edition = $2", string(kind), edition)
	p, err := scanPolicy(row)
	if err == nil && p.State != policyPublished {
		if _, err := r.enter(ctx, officer.ReadMotions); err != nil {
			return nil, unknownOr(sql.ErrNoRows, "policy.unknown", "edition", edition)
		}
	}
	if err != nil {
		return nil, unknownOr(err, "policy.unknown", "edition", edition)
	}
	if err := r.cfg.DB.Read().QueryRowContext(ctx, "SELECT content FROM ra_policy WHERE kind = $1 AND edition = $2", string(kind), edition).Scan(&p.Content); err != nil {
		return nil, fmt.Errorf("reading the rules: %w", err)
	}
	if sum := sha256.Sum256(p.Content); hex.EncodeToString(sum[:]) != p.Digest {
		return nil, pki.Errorf(pki.Internal, "policy.damaged", "the text of edition %s is not what was approved", edition).To("restore it from a backup")
	}
	return &p, nil
}
