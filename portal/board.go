package portal

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"onecert/pki"
)

// Words are a title and a text in one language; a text has paragraphs, an empty line
// between them, and no markup.
type Words struct {
	Title string `json:"title"`
	Text  string `json:"text"`
}

// Announcement is what the registration tells everybody (公告). It never changes; it ends,
// or is taken down.
type Announcement struct {
	ID      string    `json:"id"`
	Chinese Words     `json:"zh"`
	English Words     `json:"en"`
	Begins  time.Time `json:"begins"`
	Ends    time.Time `json:"ends,omitzero"` // zero: it stays
}

// Rule is one published edition of the rules of the service: a practice statement or a
// certificate policy (features H17).
type Rule struct {
	Kind      string    `json:"kind"` // practice-statement or certificate-policy
	OID       string    `json:"oid"`
	Edition   string    `json:"edition"`
	Title     string    `json:"title"`
	Begins    time.Time `json:"begins"`
	InForce   bool      `json:"in_force"`
	MediaType string    `json:"media_type"`
	Digest    string    `json:"digest"` // SHA-256 of the content, hexadecimal
}

// Notices is where the board's contents come from: a registration, across the network.
// What it says is not believed before it was looked at.
type Notices interface {
	// Announcements lists all that are current. Those in known, by id, need not be fetched
	// again.
	Announcements(ctx context.Context, known map[string]Announcement) ([]Announcement, error)
	Rules(ctx context.Context) ([]Rule, error)
	RuleText(ctx context.Context, kind, edition string) ([]byte, error)
}

// What a board takes. More is not shown in part: what was there before stays.
const (
	mostAnnouncements = 200
	mostRules         = 200
	mostTitle         = 200     // runes
	mostText          = 20_000  // runes
	mostRule          = 4 << 20 // octets
)

var (
	noteForm    = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
	kindForm    = regexp.MustCompile(`^(practice-statement|certificate-policy)$`)
	editionForm = regexp.MustCompile(`^[0-9]{1,4}(\.[0-9]{1,4}){0,3}$`)
	oidForm     = regexp.MustCompile(`^[0-9]{1,16}(\.[0-9]{1,16}){1,20}$`)
	digestForm  = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

func strange(what string, args ...any) error {
	return pki.Errorf(pki.Invalid, "portal.board", "the registration answers %s", fmt.Sprintf(what, args...)).To("see whether it is of another release")
}

// checkAnnouncements judges all of them, and makes letters visible that could deceive.
func checkAnnouncements(all []Announcement) error {
	if len(all) > mostAnnouncements {
		return strange("more than %d announcements", mostAnnouncements)
	}
	seen := map[string]bool{}
	for i := range all {
		a := &all[i]
		switch {
		case !noteForm.MatchString(a.ID) || seen[a.ID]:
			return strange("an announcement without an id of its own")
		case !plausible(a.Begins):
			return strange("an announcement without a date")
		}
		seen[a.ID] = true
		for _, w := range []*Words{&a.Chinese, &a.English} {
			if !utf8.ValidString(w.Title+w.Text) || utf8.RuneCountInString(w.Title) > mostTitle || utf8.RuneCountInString(w.Text) > mostText {
				return strange("an announcement that is too long or no text")
			}
			if strings.TrimSpace(w.Title) == "" || strings.TrimSpace(w.Text) == "" {
				return strange("an announcement that says nothing in one of the languages")
			}
			w.Title, w.Text = visible(strings.ReplaceAll(w.Title, "\n", " ")), visible(w.Text)
		}
	}
	return nil
}

// plausible keeps years out that pages could not show.
func plausible(t time.Time) bool { return t.Year() >= 2000 && t.Year() < 2200 }

func checkRules(all []Rule) error {
	if len(all) > mostRules {
		return strange("more than %d editions", mostRules)
	}
	seen := map[string]bool{}
	for i := range all {
		r := &all[i]
		switch {
		case !kindForm.MatchString(r.Kind) || !editionForm.MatchString(r.Edition) || seen[r.Kind+r.Edition]:
			return strange("an edition without a name of its own")
		case !oidForm.MatchString(r.OID) || !digestForm.MatchString(r.Digest) || !plausible(r.Begins):
			return strange("an edition that is not complete")
		case r.extension() == "":
			return strange("an edition that is neither text nor PDF")
		case !utf8.ValidString(r.Title) || utf8.RuneCountInString(r.Title) > mostTitle || strings.TrimSpace(r.Title) == "":
			return strange("an edition without a title")
		}
		seen[r.Kind+r.Edition] = true
		r.Title = visible(strings.ReplaceAll(r.Title, "\n", " "))
	}
	return nil
}

// extension is that of the file a rule is downloaded as; "" for what is not shown.
func (r Rule) extension() string {
	switch r.MediaType {
	case "application/pdf":
		return "pdf"
	case "text/plain; charset=utf-8":
		return "txt"
	}
	return ""
}

// visible puts a mark where a letter would not be seen but act: control characters, and
// those that turn the direction of what is written (UAX 9).
func visible(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r == '\r':
			return -1
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
			return unicode.ReplacementChar
		}
		return r
	}, text)
}
