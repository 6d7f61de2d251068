package portal

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// office is a registration as the board asks it.
type office struct {
	announcements []Announcement
	rules         []Rule
	texts         map[string][]byte
	away          error // for all but what was fetched
	asked         int   // for texts
	known         []string
}

func (o *office) Announcements(_ context.Context, known map[string]Announcement) ([]Announcement, error) {
	for _, a := range known {
		o.known = append(o.known, a.ID)
	}
	return append([]Announcement{}, o.announcements...), o.away
}
func (o *office) Rules(context.Context) ([]Rule, error) { return append([]Rule{}, o.rules...), o.away }
func (o *office) RuleText(_ context.Context, kind, edition string) ([]byte, error) {
	o.asked++
	return o.texts[kind+edition], o.away
}

// rule adds an edition with its text.
func (o *office) rule(edition, media, text string) {
	sum := sha256.Sum256([]byte(text))
	o.rules = append(o.rules, Rule{Kind: "practice-statement", OID: "2.999.1", Edition: edition, Title: "业务规则", Begins: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), InForce: true, MediaType: media, Digest: hex.EncodeToString(sum[:])})
	if o.texts == nil {
		o.texts = map[string][]byte{}
	}
	o.texts["practice-statement"+edition] = []byte(text)
}

const plainMedia = "text/plain; charset=utf-8"

// newBoard gives a site a board, already asked once.
func (s *site) newBoard(o *office) *Board {
	s.t.Helper()
	b, err := OpenBoard(BoardConfig{From: o, Dir: s.t.TempDir(), Now: func() time.Time { return s.now }, Log: s.cfg.Log})
	if err != nil {
		s.t.Fatal(err)
	}
	cfg := s.cfg
	cfg.Board = b
	if s.Portal, err = New(cfg); err != nil {
		s.t.Fatal(err)
	}
	return b
}

func (s *site) refresh(b *Board) error {
	s.t.Helper()
	return b.Refresh(s.t.Context())
}

func announcement(id, zh, en string, at time.Time) Announcement {
	return Announcement{ID: id, Chinese: Words{Title: zh, Text: zh + "正文"}, English: Words{Title: en, Text: en + " text"}, Begins: at}
}

// TestBoard: what the registration announces stands on the site, in the visitor's
// language where there is one, for as long as it is meant to.
func TestBoard(t *testing.T) {
	s := newSite(t)
	later := announcement("later", "以后", "Later", s.now.Add(time.Hour))
	over := announcement("over", "过去", "Over", s.now.Add(-48*time.Hour))
	over.Ends = s.now.Add(-time.Hour)
	urgent := announcement("urgent", "系统升级", "Upgrade", s.now.Add(-240*time.Hour))
	urgent.Chinese.Text = "第一段\n第二行\n\n第二段"
	o := &office{announcements: []Announcement{urgent, later, over, announcement("a1", "服务时间", "Hours", s.now.Add(-time.Hour))}}
	o.rule("1.0", plainMedia, "第一条\n")
	b := s.newBoard(o)
	s.shows(s.get("/announcements"), 200, "暂时无法取得")
	if err := s.refresh(b); err != nil {
		t.Fatal(err)
	}
	w := s.get("/announcements")
	s.shows(w, 200, "服务时间", "系统升级")
	if text := w.Body.String(); strings.Contains(text, "以后") || strings.Contains(text, "过去") || strings.Index(text, "系统升级") < strings.Index(text, "服务时间") {
		t.Errorf("too early, too late or out of order: %s", text)
	}
	s.shows(s.get("/announcements?lang=en"), 200, "Hours", "Upgrade")
	s.shows(s.get("/announcements/urgent?lang=en"), 200, "Upgrade text")
	s.shows(s.get("/announcements/urgent"), 200, "<p class=\"lines\">第一段\n第二行</p>", "<p class=\"lines\">第二段</p>")
	s.shows(s.get("/announcements/later"), 404, "没有这个页面")
	s.shows(s.get("/announcements/over"), 404, "没有这个页面")
	s.shows(s.get("/"), 200, "最新公告", "系统升级")

	s.shows(s.get("/rules"), 200, "业务规则", "2.999.1", o.rules[0].Digest, "现行")
	w = s.get("/rules/practice-statement/1.0.txt")
	s.shows(w, 200)
	if w.Body.String() != "第一条\n" || w.Header().Get("Content-Type") != plainMedia || !strings.Contains(w.Header().Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("%v %q", w.Header(), w.Body)
	}
	for _, path := range []string{"/rules/practice-statement/2.0.txt", "/rules/practice-statement/1.0.pdf", "/rules/other/1.0.txt", "/rules/practice-statement/" + boardFile} {
		s.shows(s.get(path), 404, "没有这个页面")
	}
	if err := s.refresh(b); err != nil || o.asked != 1 || len(o.known) != 4 {
		t.Errorf("a text that is here was fetched again: %d times, %v known (%v)", o.asked, o.known, err)
	}
}

// TestBoardEscapes: whatever stands in an announcement or a title is text.
func TestBoardEscapes(t *testing.T) {
	s := newSite(t)
	const bad = `<script>alert(1)</script><img src=x onerror=y>"'&`
	a := announcement("x", bad, bad, s.now.Add(-time.Hour))
	a.Chinese.Text, a.English.Text = bad+"\n\n"+bad+"\u202Etxt\x07", bad
	o := &office{announcements: []Announcement{a}}
	o.rule("1.0", plainMedia, "<script>alert(1)</script>")
	o.rules[0].Title = bad
	b := s.newBoard(o)
	if err := s.refresh(b); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/", "/announcements", "/announcements/x", "/rules", "/downloads"} {
		for _, lang := range languages() {
			text := s.get(path + "?lang=" + lang).Body.String()
			if !strings.Contains(text, "&lt;script&gt;alert(1)") {
				t.Errorf("%s does not show it: %s", path, text)
			}
			for _, what := range []string{"<script", "<img", "\u202E", "\x07"} {
				if strings.Contains(text, what) {
					t.Errorf("%s has %q", path, what)
				}
			}
		}
	}
	s.shows(s.get("/announcements/x"), 200, "\uFFFDtxt\uFFFD")
}

// TestBoardWhileAway: what was fetched stays, with its age, over a restart as well.
func TestBoardWhileAway(t *testing.T) {
	s := newSite(t)
	o := &office{announcements: []Announcement{announcement("a1", "服务时间", "Hours", s.now.Add(-time.Hour))}}
	o.rule("1.0", plainMedia, "第一条\n")
	b := s.newBoard(o)
	if err := s.refresh(b); err != nil {
		t.Fatal(err)
	}
	if age, never := b.Age(); age != 0 || never {
		t.Error(age, never)
	}
	o.away, s.now = errors.New("away"), s.now.Add(2*time.Hour)
	if err := s.refresh(b); err == nil {
		t.Error("nobody says that the registration is away")
	}
	if age, _ := b.Age(); age != 2*time.Hour {
		t.Error(age)
	}
	s.shows(s.get("/announcements"), 200, "服务时间", "暂时无法从注册机构更新")
	again, err := OpenBoard(b.cfg)
	if err != nil {
		t.Fatal(err)
	}
	cfg := s.cfg
	cfg.Board = again
	if s.Portal, err = New(cfg); err != nil {
		t.Fatal(err)
	}
	s.shows(s.get("/announcements"), 200, "服务时间", "暂时无法从注册机构更新")
	s.shows(s.get("/rules/practice-statement/1.0.txt"), 200, "第一条")
	// A text that was changed on this machine is shown to nobody, and fetched again.
	path := filepath.Join(b.cfg.Dir, o.rules[0].Digest)
	if err := os.WriteFile(path, []byte("another"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.shows(s.get("/rules/practice-statement/1.0.txt"), 503, "暂时无法提供")
	o.away = nil
	if err := s.refresh(again); err != nil {
		t.Fatal(err)
	}
	s.shows(s.get("/rules/practice-statement/1.0.txt"), 200, "第一条")
	// A copy that cannot be read is begun anew.
	if err := os.WriteFile(filepath.Join(b.cfg.Dir, boardFile), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if empty, err := OpenBoard(b.cfg); err != nil || len(empty.copied().Announcements) != 0 {
		t.Error(err)
	}
}

// TestBoardRefuses: an answer that cannot be right changes nothing of its part, and
// nothing of the other.
func TestBoardRefuses(t *testing.T) {
	s := newSite(t)
	good := announcement("a1", "服务时间", "Hours", s.now.Add(-time.Hour))
	for name, change := range map[string]func(*office){
		"no id":          func(o *office) { o.announcements[0].ID = "" },
		"a path":         func(o *office) { o.announcements[0].ID = "../x" },
		"one id twice":   func(o *office) { o.announcements = append(o.announcements, good) },
		"no title":       func(o *office) { o.announcements[0].English.Title = " " },
		"no text":        func(o *office) { o.announcements[0].Chinese.Text = "\n" },
		"no date":        func(o *office) { o.announcements[0].Begins = time.Time{} },
		"a far date":     func(o *office) { o.announcements[0].Begins = s.now.AddDate(900, 0, 0) },
		"a long title":   func(o *office) { o.announcements[0].Chinese.Title = strings.Repeat("长", mostTitle+1) },
		"a long text":    func(o *office) { o.announcements[0].English.Text = strings.Repeat("x", mostText+1) },
		"no UTF-8":       func(o *office) { o.announcements[0].Chinese.Text = "\xff" },
		"too many":       func(o *office) { o.announcements = make([]Announcement, mostAnnouncements+1) },
		"no digest":      func(o *office) { o.rules[0].Digest = "" },
		"another digest": func(o *office) { o.rules[0].Digest = strings.Repeat("0", 64) },
		"a strange kind": func(o *office) { o.rules[0].Kind = "../../x" },
		"an edition":     func(o *office) { o.rules[0].Edition = "1/2" },
		"HTML":           func(o *office) { o.rules[0].MediaType = "text/html" },
		"no OID":         func(o *office) { o.rules[0].OID = "x" },
		"untitled":       func(o *office) { o.rules[0].Title = "" },
		"too large": func(o *office) {
			o.rules = nil
			o.rule("1.0", plainMedia, strings.Repeat("x", mostRule+1))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := &site{Portal: s.Portal, t: t, now: s.now}
			o := &office{announcements: []Announcement{good}}
			o.rule("1.0", plainMedia, "第一条\n")
			b := s.newBoard(o)
			if err := s.refresh(b); err != nil {
				t.Fatal(err)
			}
			before := o.rules[0]
			o.announcements, s.now = []Announcement{good}, s.now.Add(time.Minute)
			change(o)
			if err := s.refresh(b); err == nil {
				t.Error("it was taken")
			}
			after := b.copied()
			if len(after.Announcements) != 1 || after.Announcements[0] != good || len(after.Rules) != 1 || after.Rules[0] != before {
				t.Errorf("%+v", after)
			}
			if fresh := s.now.UTC(); after.AnnouncementsAt.Equal(fresh) == after.RulesAt.Equal(fresh) {
				t.Errorf("one part is refused, the other taken: %v %v", after.AnnouncementsAt, after.RulesAt)
			}
		})
	}
}
