package portal

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"onecert/pki"
)

// BoardConfig is what a Board needs.
type BoardConfig struct {
	From Notices
	Dir  string // the last good copy is kept there; it is made
	Now  func() time.Time
	Log  *slog.Logger
}

// Board is the announcements and the rules of the service as the site shows them: a copy
// of what the registration says. While it cannot be asked, or answers what cannot be
// right, the last good copy stays, with its age.
type Board struct {
	cfg BoardConfig

	mu    sync.RWMutex
	shown posted
	fault error // of the last try
}

// posted is what the copy holds. A time is when that part was fetched; zero: never.
type posted struct {
	Announcements   []Announcement `json:"announcements"`
	AnnouncementsAt time.Time      `json:"announcements_at,omitzero"`
	Rules           []Rule         `json:"rules"`
	RulesAt         time.Time      `json:"rules_at,omitzero"`
}

// How often the registration is asked, and after a failure; and how much a copy holds.
const (
	boardEvery = time.Minute
	boardAgain = 30 * time.Second
	boardLate  = time.Hour // older than this the page says so
	mostCopy   = 64 << 20
	boardFile  = "board.json"
)

// OpenBoard reads the copy of the last run. One that cannot be read is as none.
func OpenBoard(cfg BoardConfig) (*Board, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, pki.Errorf(pki.Unavailable, "portal.dir", "the folder of announcements cannot be made").To("check the rights of %s", cfg.Dir).Because(err)
	}
	b := &Board{cfg: cfg}
	if err := b.load(); err != nil {
		cfg.Log.Warn("the copy of announcements is begun anew", "error", err)
	}
	return b, nil
}

func (b *Board) load() error {
	path := filepath.Join(b.cfg.Dir, boardFile)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && info.Size() > mostCopy {
		err = errors.New("it is too large")
	}
	var text []byte
	if err == nil {
		text, err = os.ReadFile(path)
	}
	var p posted
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	if err == nil {
		err = errors.Join(checkAnnouncements(p.Announcements), checkRules(p.Rules))
	}
	if err != nil {
		return fmt.Errorf("reading the copy of announcements: %w", err)
	}
	b.shown = p
	return nil
}

// Keep asks the registration until ctx ends.
func (b *Board) Keep(ctx context.Context) {
	for {
		wait := boardEvery
		if err := b.Refresh(ctx); err != nil {
			wait = boardAgain
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

// Refresh asks once. Each of the two parts is taken by itself: that one cannot be had
// keeps the other from nobody.
func (b *Board) Refresh(ctx context.Context) error {
	b.mu.RLock()
	next := b.shown
	b.mu.RUnlock()
	known := map[string]Announcement{}
	for _, a := range next.Announcements {
		known[a.ID] = a
	}
	announcements, err := b.cfg.From.Announcements(ctx, known)
	if err == nil {
		err = checkAnnouncements(announcements)
	}
	if err == nil {
		next.Announcements, next.AnnouncementsAt = announcements, b.cfg.Now().UTC()
	}
	rules, failed := b.rules(ctx)
	if failed == nil {
		next.Rules, next.RulesAt = rules, b.cfg.Now().UTC()
	}
	if err = errors.Join(err, failed); ctx.Err() != nil {
		return ctx.Err()
	}
	err = errors.Join(err, b.keep(next))
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil && b.fault == nil {
		b.cfg.Log.Warn("announcements and rules cannot be fetched; the last copy is shown", "error", err)
	}
	b.shown, b.fault = next, err
	return err
}

// rules fetches the list, and the texts that are not here yet.
func (b *Board) rules(ctx context.Context) ([]Rule, error) {
	rules, err := b.cfg.From.Rules(ctx)
	if err == nil {
		err = checkRules(rules)
	}
	if err != nil {
		return nil, err
	}
	for _, r := range rules {
		if _, err := b.content(r); err == nil {
			continue
		}
		text, err := b.cfg.From.RuleText(ctx, r.Kind, r.Edition)
		if err != nil {
			return nil, err
		}
		if sum := sha256.Sum256(text); len(text) > mostRule || hex.EncodeToString(sum[:]) != r.Digest {
			return nil, strange("another text than its digest says")
		}
		if err := b.write(r.Digest, text); err != nil {
			return nil, err
		}
	}
	return rules, nil
}

// content is the text of a rule, if it is here and still what was approved.
func (b *Board) content(r Rule) ([]byte, error) {
	path := filepath.Join(b.cfg.Dir, r.Digest)
	info, err := os.Stat(path)
	if err == nil && info.Size() > mostRule {
		err = errors.New("it is too large")
	}
	var text []byte
	if err == nil {
		text, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, fmt.Errorf("reading an edition: %w", err)
	}
	if sum := sha256.Sum256(text); hex.EncodeToString(sum[:]) != r.Digest {
		return nil, fmt.Errorf("reading an edition: %w", strange("another text than its digest says"))
	}
	return text, nil
}

func (b *Board) keep(p posted) error {
	text, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("keeping the copy of announcements: %w", err)
	}
	return b.write(boardFile, text)
}

// write puts a file in place as a whole: who reads it meanwhile sees the one before.
func (b *Board) write(name string, text []byte) error {
	path := filepath.Join(b.cfg.Dir, name)
	err := os.WriteFile(path+".part", text, 0o600)
	if err == nil {
		err = os.Rename(path+".part", path)
	}
	if err != nil {
		return fmt.Errorf("keeping the copy of announcements: %w", err)
	}
	return nil
}

// Age says how old the older of the two parts is; never is one that was not had yet.
func (b *Board) Age() (age time.Duration, never bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	oldest := b.shown.AnnouncementsAt
	if b.shown.RulesAt.Before(oldest) {
		oldest = b.shown.RulesAt
	}
	return b.cfg.Now().Sub(oldest), oldest.IsZero()
}

// copied is what the board holds now.
func (b *Board) copied() posted {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.shown
}
