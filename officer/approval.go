package officer

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base32"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"onecert/audit"
	"onecert/pki"
)

// What a proposal may hold, in octets.
const (
	maxContent = 256 << 10
	maxSummary = 128 << 10
	maxObject  = 128
	maxReason  = 1000
)

// State of a proposal.
type State string

// The states. Approved is pending with everybody's consent: the act may be done.
const (
	Pending   State = "pending"
	Approved  State = "approved"
	Used      State = "used"
	Rejected  State = "rejected"
	Withdrawn State = "withdrawn"
	Expired   State = "expired"
)

// Proposal asks for an act that more than one person has to want.
type Proposal struct {
	Operation Operation
	Object    string // what it is done to, as in the audit log
	Content   string // exactly what is to be approved; the act must present the same
	Summary   string // the same for people; covered by the digest
	Reason    string
	// Count replaces the count of the operation's first need, where a component's
	// configuration says so; 0: as the table has it.
	Count int
}

// Approval is a proposal and what became of it.
type Approval struct {
	ID         string    `json:"id"`
	Operation  Operation `json:"operation"`
	Object     string    `json:"object"`
	Digest     string    `json:"digest" doc:"of operation, object, content and summary; who approves names it"`
	Content    string    `json:"content,omitempty" doc:"left out in lists"`
	Summary    string    `json:"summary,omitempty" doc:"left out in lists"`
	Reason     string    `json:"reason"`
	ProposedBy string    `json:"proposed_by"`
	Proposed   time.Time `json:"proposed"`
	Expires    time.Time `json:"expires"`
	Needs      []Need    `json:"needs" doc:"who has to agree beside the proposer"`
	Missing    []Need    `json:"missing" doc:"who still has to"`
	Votes      []Vote    `json:"votes"`
	State      State     `json:"state" enum:"pending,approved,used,rejected,withdrawn,expired"`
	Ended      time.Time `json:"ended,omitzero"`
	EndedBy    string    `json:"ended_by,omitempty"`
	EndReason  string    `json:"end_reason,omitempty"`
}

// Vote is one person's consent.
type Vote struct {
	Name  string    `json:"name"`
	Roles []string  `json:"roles"`
	At    time.Time `json:"at"`
}

// Receipt is what who proposes gets: whom to ask, and what they are asked to name.
type Receipt struct {
	Approval string    `json:"approval" doc:"the proposal's id"`
	Digest   string    `json:"digest" doc:"what those who approve name"`
	Expires  time.Time `json:"expires"`
	Missing  []Need    `json:"missing" doc:"who has to agree"`
}

// Receipt returns the proposal's.
func (a Approval) Receipt() Receipt {
	return Receipt{Approval: a.ID, Digest: a.Digest, Expires: a.Expires, Missing: a.Missing}
}

// Trail is what the act's own entry in the audit log says of its approval.
func (a Approval) Trail() map[string]string {
	names := make([]string, len(a.Votes))
	for i, v := range a.Votes {
		names[i] = v.Name
	}
	return map[string]string{"approval": a.ID, "proposed_by": a.ProposedBy, "approved_by": strings.Join(names, ", "), "reason": a.Reason}
}

// Deed is an act that is done with the last approval, in its transaction. after runs
// once that is committed; it may be nil.
type Deed func(ctx context.Context, tx *sql.Tx, a Approval) (after func(), err error)

// OnApproved has deed done as soon as a proposal of op is approved. Without one the
// act is done by a call of its own, through Carry. Components say it once, before
// they serve.
func (r *Registry) OnApproved(op Operation, deed Deed) {
	r.deedLock.Lock()
	defer r.deedLock.Unlock()
	r.deeds[op] = deed
}

func (r *Registry) deedOf(op Operation) Deed {
	r.deedLock.Lock()
	defer r.deedLock.Unlock()
	return r.deeds[op]
}

// newID draws a proposal's name: 48 bits of milliseconds since 1970 and 48 random
// bits in 20 letters that sort by time.
func newID(random io.Reader, now time.Time) (string, error) {
	id := binary.BigEndian.AppendUint64(nil, uint64(now.UnixMilli())<<16)
	id = append(id, 0, 0, 0, 0)
	if _, err := io.ReadFull(random, id[6:]); err != nil {
		return "", fmt.Errorf("drawing a proposal's name: %w", err)
	}
	return strings.ToLower(base32.HexEncoding.WithPadding(base32.NoPadding).EncodeToString(id)), nil
}

// digestOf names exactly what is approved.
func digestOf(op Operation, object, content, summary string) string {
	h := sha256.New()
	for _, part := range []string{"onecert approval 1", string(op), object, content, summary} {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(part))))
		io.WriteString(h, part)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Propose proposes an act: in one transaction the proposal is stored and store keeps
// what it is about (nil: nothing more). The same act proposed again by the same
// person while it is open is the same proposal, so store has to bear being called
// again. Every refused try is in the audit log.
func (r *Registry) Propose(ctx context.Context, p Proposal, store func(tx *sql.Tx, a Approval) error) (a Approval, err error) {
	if _, err := r.Check(ctx, p.Operation); err != nil {
		return Approval{}, err
	}
	err = r.d.Tx(ctx, func(tx *sql.Tx) error {
		if a, err = r.proposeIn(ctx, tx, p); err != nil || store == nil {
			return err
		}
		return store(tx, a)
	})
	if err == nil {
		return a, nil
	}
	if k := pki.KindOf(err); k == pki.Forbidden || k == pki.Conflict {
		err = r.Refused(ctx, p.Operation, p.Object, err)
	}
	return Approval{}, err
}

func (r *Registry) proposeIn(ctx context.Context, tx *sql.Tx, p Proposal) (Approval, error) {
	a, err := r.draft(p)
	if err != nil {
		return Approval{}, err
	}
	actor, ok := pki.ActorFrom(ctx)
	if !ok {
		return Approval{}, anonymous()
	}
	a.ProposedBy = actor.Name
	if same, err := r.openLike(ctx, tx, a); err != nil || same != nil {
		return same.orNone(), err
	}
	// The audit log before anything else is written, as its lock is the one every
	// transaction shares.
	err = r.log.Append(ctx, tx, audit.Act{Actor: actor, Act: "approval.propose", Object: a.ID, Result: audit.Done, At: a.Proposed,
		Detail: map[string]string{"operation": string(a.Operation), "object": a.Object, "digest": a.Digest, "reason": a.Reason,
			"needs": writeNeeds(a.Needs), "expires": a.Expires.Format(time.RFC3339)}})
	if err != nil {
		return Approval{}, err
	}
	if _, err := present(ctx, tx, actor); err != nil {
		return Approval{}, err
	}
	return a, insertApproval(ctx, tx, a, actor.Certificate)
}

// draft checks a proposal at the border and names it.
func (r *Registry) draft(p Proposal) (a Approval, err error) {
	rule, ok := requirements[p.Operation]
	switch {
	case !ok:
		return a, fmt.Errorf("proposing %q: one person does it", string(p.Operation))
	case !plainText(p.Object, maxObject) || !plainText(p.Reason, maxReason):
		return a, wrongReason()
	case len(p.Content) == 0 || len(p.Content) > maxContent || len(p.Summary) > maxSummary ||
		!utf8.ValidString(p.Content+p.Summary) || strings.ContainsRune(p.Content+p.Summary, 0):
		return a, pki.Errorf(pki.Invalid, "approval.size", "what is proposed is empty, too large or not text").To("propose it in parts")
	case p.Count < 0 || p.Count > maxNeed:
		return a, fmt.Errorf("proposing %q: %d persons", string(p.Operation), p.Count)
	}
	now := r.now().UTC().Truncate(time.Millisecond)
	a = Approval{Operation: p.Operation, Object: p.Object, Content: p.Content, Summary: p.Summary, Reason: p.Reason, State: Pending,
		Digest: digestOf(p.Operation, p.Object, p.Content, p.Summary), Needs: slices.Clone(rule.needs), Proposed: now, Expires: now.Add(rule.life),
		Votes: []Vote{}}
	if p.Count > 0 {
		a.Needs[0].Count = p.Count
	}
	a.Missing = a.Needs
	a.ID, err = newID(r.Random, now)
	return a, err
}

// openLike finds the same act, proposed by the same person and not ended.
func (r *Registry) openLike(ctx context.Context, q querier, a Approval) (*Approval, error) {
	all, err := r.approvals(ctx, q, "WHERE a.digest = $1 AND a.proposed_by = $2 ORDER BY a.proposed_at", a.Digest, a.ProposedBy)
	if err != nil {
		return nil, err
	}
	for _, old := range all {
		if old.open() && old.Reason == a.Reason && writeNeeds(old.Needs) == writeNeeds(a.Needs) {
			return &old, nil
		}
	}
	return nil, nil
}

func (a *Approval) orNone() Approval {
	if a == nil {
		return Approval{}
	}
	return *a
}

func (a Approval) open() bool { return a.State == Pending || a.State == Approved }

// present returns the active registration of who acts, as the database has it now:
// proposing and approving is for persons with a certificate, never for a machine.
func present(ctx context.Context, q querier, actor pki.Actor) (Officer, error) {
	all, err := officers(ctx, q, "WHERE fingerprint = $1 AND ended_at IS NULL", actor.Certificate)
	if err != nil {
		return Officer{}, err
	}
	if len(all) == 1 && all[0].Name == actor.Name && all[0].Kind == Person {
		return all[0], nil
	}
	return Officer{}, pki.Errorf(pki.Forbidden, "approval.officer", "only an officer whose certificate is registered proposes and approves").
		To("use your officer's certificate")
}

// plainText accepts 1 to max octets of UTF-8 without control characters.
func plainText(text string, max int) bool {
	bad := func(c rune) bool { return unicode.IsControl(c) || unicode.Is(unicode.Bidi_Control, c) }
	return text != "" && len(text) <= max && utf8.ValidString(text) && !strings.ContainsFunc(text, bad)
}
