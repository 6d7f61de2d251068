package ra

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"onecert/db"
	"onecert/officer"
	"onecert/pki"
)

// Announcement is what the service tells everybody (公告, features H11), in both
// languages. The texts are plain: what looks like markup is shown as it stands. One
// writes it, another person approves it, and then it never changes; it can be taken down
// by two as well.
type Announcement struct {
	ID      string    `json:"id" readOnly:"true"`
	TitleZH string    `json:"title_zh" minLength:"2" maxLength:"100"`
	TitleEN string    `json:"title_en" minLength:"2" maxLength:"100"`
	TextZH  string    `json:"text_zh,omitempty" maxLength:"10000" doc:"plain text, paragraphs apart by an empty line; left out in lists"`
	TextEN  string    `json:"text_en,omitempty" maxLength:"10000"`
	Begins  time.Time `json:"begins" doc:"from when on it is shown"`
	Ends    time.Time `json:"ends,omitzero" doc:"until when; not said: until it is taken down"`
	Node    string    `json:"node" readOnly:"true"`
	Path    string    `json:"path" readOnly:"true"`
	State   string    `json:"state" readOnly:"true" doc:"proposed, published, refused or withdrawn"`
	Shown   bool      `json:"shown" readOnly:"true" doc:"whether everybody sees it now"`
	Motion  string    `json:"motion,omitempty" readOnly:"true" doc:"by which it is approved, or taken down"`
	By      string    `json:"by,omitempty" readOnly:"true" doc:"who wrote it; not told to everybody"`
	Changed time.Time `json:"changed" readOnly:"true"`
}

// The states of an announcement.
const (
	announceProposed  = "proposed"
	announcePublished = "published"
	announceRefused   = "refused"
	announceWithdrawn = "withdrawn"
)

// Limits of what is announced: characters of a text, and years it is shown ahead.
const (
	mostAnnounced  = 10_000
	announcedAhead = 2
)

func (a *Announcement) check(now time.Time) error {
	for what, text := range map[string]*string{"Chinese title": &a.TitleZH, "English title": &a.TitleEN, "Chinese text": &a.TextZH, "English text": &a.TextEN} {
		*text = strings.TrimSpace(strings.ReplaceAll(*text, "\r\n", "\n"))
		title, n := strings.HasSuffix(what, "title"), utf8.RuneCountInString(*text)
		if !utf8.ValidString(*text) || n < 2 || n > mostAnnounced || title && (n > 100 || strings.Contains(*text, "\n")) {
			return pki.Errorf(pki.Invalid, "announcement.text", "the %s is missing or too long", what).To("both languages are needed: titles of 2 to 100 characters on one line, texts of at most %d", mostAnnounced)
		}
		if err := checkNote(what, *text); err != nil {
			return err
		}
		if pki.HidesIdentity(*text) {
			return pki.Errorf(pki.Invalid, "identity.clear", "the %s holds what looks like an identity number", what).To("everybody reads it; leave it out")
		}
	}
	switch {
	case a.Begins.IsZero() || a.Begins.After(now.AddDate(announcedAhead, 0, 0)):
		return pki.Errorf(pki.Invalid, "announcement.begins", "it is not said when the announcement begins, or it is years away").To("give a day within two years")
	case !a.Ends.IsZero() && (!a.Ends.After(a.Begins) || !a.Ends.After(now)):
		return pki.Errorf(pki.Invalid, "announcement.ends", "the announcement ends before it begins, or has ended").To("give a later end, or none")
	}
	return nil
}

// digest is what is consented to, for the log.
func (a *Announcement) digest() string {
	sum := sha256.Sum256([]byte(encoded([]any{a.TitleZH, a.TitleEN, a.TextZH, a.TextEN, millis(a.Begins), millis(a.Ends)})))
	return hex.EncodeToString(sum[:])
}

// Announce puts an announcement forward; it is shown when another person has consented.
func (r *Registration) Announce(ctx context.Context, a Announcement) (*Motion, error) {
	s, err := r.enterAnnouncing(ctx)
	if err != nil {
		return nil, err
	}
	if err := a.check(r.now()); err != nil {
		return nil, err
	}
	id := make([]byte, 8)
	if _, err := io.ReadFull(r.cfg.Random, id); err != nil {
		return nil, fmt.Errorf("drawing an announcement's id: %w", err)
	}
	a.ID = hex.EncodeToString(id)
	m := Motion{Kind: AnnounceMotion, Object: a.ID, Reason: a.TitleZH, Path: s.node.Path, Needs: 1,
		Detail: map[string]string{"title_en": a.TitleEN, "digest": a.digest(), "begins": a.Begins.UTC().Format(time.RFC3339), "ends": moreThanNever(a.Ends)}}
	return r.propose(ctx, s, m, func(ctx context.Context, tx *sql.Tx, m *Motion) error {
		return db.Insert(ctx, tx, "ra_announcement", strings.Split(announcementColumns+", text_zh, text_en", ", "), [][]any{{a.ID, a.TitleZH, a.TitleEN, millis(a.Begins), millis(a.Ends),
			s.node.ID, s.node.Path, announceProposed, m.ID, s.actor.Name, millis(r.now()), a.TextZH, a.TextEN}}, "")
	})
}

func moreThanNever(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func (r *Registration) enterAnnouncing(ctx context.Context) (scope, error) {
	s, err := r.enter(ctx, officer.ProposePolicy)
	if err == nil && s.node.Level == LRA {
		err = pki.Errorf(pki.Forbidden, "announcement.level", "a local counter announces nothing of its own").To("the registration or the centre announces it")
	}
	return s, err
}

// TakeDown proposes to take an announcement down; it is shown until another consents.
func (r *Registration) TakeDown(ctx context.Context, id string, why Ending) (*Motion, error) {
	s, err := r.enterAnnouncing(ctx)
	if err != nil {
		return nil, err
	}
	a, err := r.announced(ctx, s, id)
	if err != nil {
		return nil, err
	}
	if !s.covers(a.Path) {
		return nil, pki.Errorf(pki.Forbidden, "announcement.above", "this was announced by an office above").To("it is taken down there")
	}
	if a.State != announcePublished {
		return nil, pki.Errorf(pki.Conflict, "announcement.state", "an announcement that is %s is not taken down", a.State).To("one that is proposed is refused by its motion")
	}
	m := Motion{Kind: TakeDownMotion, Object: a.ID, Reason: why.Reason, Path: a.Path, Needs: 1, Detail: map[string]string{"title_zh": a.TitleZH, "title_en": a.TitleEN}}
	return r.propose(ctx, s, m)
}

// announceNow does what was consented to; refuseAnnounced keeps what was not.
func (r *Registration) announceNow(to *sheaf, m *Motion) {
	to.do("UPDATE ra_announcement SET state = 'published', changed = $1 WHERE id = $2 AND state = 'proposed'", millis(r.now()), m.Object)
}

func (r *Registration) refuseAnnounced(to *sheaf, m *Motion) {
	to.do("UPDATE ra_announcement SET state = 'refused', changed = $1 WHERE id = $2 AND state = 'proposed'", millis(r.now()), m.Object)
}

func (r *Registration) takeDownNow(to *sheaf, m *Motion) {
	to.do("UPDATE ra_announcement SET state = 'withdrawn', motion = $1, changed = $2 WHERE id = $3 AND state = 'published'", m.ID, millis(r.now()), m.Object)
}

const announcementColumns = "id, title_zh, title_en, begins, ends, node, path, state, motion, by_whom, changed"

// scanAnnouncement reads further columns into more.
func (r *Registration) scanAnnouncement(row scanner, more ...any) (Announcement, error) {
	var a Announcement
	var begins, ends, changed int64
	err := row.Scan(append([]any{&a.ID, &a.TitleZH, &a.TitleEN, &begins, &ends, &a.Node, &a.Path, &a.State, &a.Motion, &a.By, &changed}, more...)...)
	a.Begins, a.Ends, a.Changed = moment(begins), moment(ends), moment(changed)
	a.Shown = a.State == announcePublished && !r.now().Before(a.Begins) && (a.Ends.IsZero() || r.now().Before(a.Ends))
	return a, err
}

// AnnouncementQuery selects announcements.
type AnnouncementQuery struct {
	State string `query:"state" maxLength:"20"`
	ListQuery
}

// visibleAnnouncements are those of one's subtree, and what the offices above publish.
const visibleAnnouncements = "(path >= $1 AND path < $2 OR state = 'published' AND $3 >= path AND $3 < path || '~')"

// Announcements lists what was announced or is to be, the latest first, without texts.
func (r *Registration) Announcements(ctx context.Context, q AnnouncementQuery) (*Page[Announcement], error) {
	s, err := r.enter(ctx, officer.ReadTree)
	if err != nil {
		return nil, err
	}
	if err := checkText("search", q.State); err != nil {
		return nil, err
	}
	find := search{args: []any{s.from(), s.to(), s.node.Path}}
	where := visibleAnnouncements
	if q.State != "" {
		where += find.is(" AND state = ?", q.State)
	}
	return r.listAnnouncements(ctx, q.ListQuery, &find, where)
}

func (r *Registration) listAnnouncements(ctx context.Context, q ListQuery, find *search, where string) (*Page[Announcement], error) {
	begins, id, err := whenAfter(q.After)
	if err != nil {
		return nil, err
	}
	if id != "" {
		where += find.is(" AND (begins, id) < (?, ?)", begins, id)
	}
	scan := func(row scanner) (Announcement, error) { return r.scanAnnouncement(row) }
	return leaf(ctx, r, q, scan, find, "SELECT "+announcementColumns+" FROM ra_announcement WHERE "+where+" ORDER BY begins DESC, id DESC",
		func(a Announcement) string { return when(a.Begins, a.ID) })
}

// Announcement returns one with its texts.
func (r *Registration) Announcement(ctx context.Context, id string) (*Announcement, error) {
	s, err := r.enter(ctx, officer.ReadTree)
	if err != nil {
		return nil, err
	}
	return r.announced(ctx, s, id)
}

func (r *Registration) announced(ctx context.Context, s scope, id string) (*Announcement, error) {
	return r.readAnnouncement(ctx, id, visibleAnnouncements+" AND id = $4", s.from(), s.to(), s.node.Path, id)
}

func (r *Registration) readAnnouncement(ctx context.Context, id, where string, args ...any) (*Announcement, error) {
	var zh, en string
	a, err := r.scanAnnouncement(r.cfg.DB.Read().QueryRowContext(ctx, "SELECT "+announcementColumns+", text_zh, text_en FROM ra_announcement WHERE "+where, args...), &zh, &en)
	if err != nil {
		return nil, unknownOr(err, "announcement.unknown", "announcement", id)
	}
	a.TextZH, a.TextEN = zh, en
	return &a, nil
}

// inForce is the condition that everybody sees an announcement, with the time twice.
const inForce = "state = 'published' AND begins <= $1 AND (ends = 0 OR ends > $1)"

// Announced lists what everybody sees now, the latest first, without texts.
func (f Self) Announced(ctx context.Context, q ListQuery) (*Page[Announcement], error) {
	page, err := f.r.listAnnouncements(ctx, q, &search{args: []any{millis(f.r.now())}}, inForce)
	if err != nil {
		return nil, err
	}
	for i := range page.Items {
		page.Items[i].public()
	}
	return page, nil
}

// AnnouncementText returns one that everybody sees now with its texts.
func (f Self) AnnouncementText(ctx context.Context, id string) (*Announcement, error) {
	a, err := f.r.readAnnouncement(ctx, id, inForce+" AND id = $2", millis(f.r.now()), id)
	if err == nil {
		a.public()
	}
	return a, err
}

// public leaves out which people were at work.
func (a *Announcement) public() { a.By, a.Motion = "", "" }
