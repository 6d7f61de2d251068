package sso

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"onecert/db"
	"onecert/keys"
	"onecert/pkitest"
)

// TestNothingReadable: no octet of what a token says stands in it, its length says
// little, one changed character makes it nothing, and each realm has its own.
func TestNothingReadable(t *testing.T) {
	tn := newTown(t, pkitest.SQLite(t))
	s := tn.sessions(nil)
	officers := tn.sessions(func(c *Config) { c.Realm = "officer" })
	token, opened := tn.open(s, login("zhang san bureau"))
	raw, err := encoding.DecodeString(token)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{opened.ID, opened.User, opened.Issuer + "\x00", string(opened.Fingerprint[:8]), "certificate"} {
		if strings.Contains(token, secret) || strings.Contains(string(raw), secret) {
			t.Errorf("%q stands in the token", secret)
		}
	}
	short, _ := tn.open(s, login("li"))
	other, _ := tn.open(s, login("wang"))
	if len(short) != len(other) || short[8:] == other[8:] {
		t.Error("the length tells the user's")
	}
	for i := range token {
		changed := []byte(token)
		if changed[i]++; changed[i] == token[i] {
			continue
		}
		wants(t, fmt.Sprint("changed at ", i), s, string(changed), noon, "sso.token")
	}
	for _, foreign := range []string{"", "x", token[:len(token)-1], token + "A", token + "=", strings.Repeat("A", 2000)} {
		wants(t, "foreign", s, foreign, noon, "sso.token")
	}
	wants(t, "another realm", officers, token, noon, "sso.token")
	back, err := New(t.Context(), Config{DB: tn.d, Sealer: newSealer(t, keys.AES256GCM), Now: tn.now})
	if err == nil {
		back.Close()
		t.Error("keys opened under another master key")
	}
}

// TestKeysTurn: keys are made ahead, taken up by others, kept as long as their tokens
// live, and then gone.
func TestKeysTurn(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		tn := newTown(t, source)
		one, two := tn.sessions(nil), tn.sessions(nil)
		turn := func(s *Sessions) {
			t.Helper()
			if err := s.turnKeys(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		first := one.ring.Load().all[0].id
		tn.forward(19 * time.Hour)
		turn(one)
		turn(two)
		if n := len(one.ring.Load().all); n != 2 || len(two.ring.Load().all) != 2 {
			t.Fatalf("%d keys five hours ahead", n)
		}
		old, session := tn.open(one, login("a"))
		if one.ring.Load().current(tn.now()).id != first {
			t.Error("the next key seals before its time")
		}
		tn.forward(6 * time.Hour)
		turn(one)
		if one.ring.Load().current(tn.now()).id == first {
			t.Error("the first key seals beyond its time")
		}
		if _, err := two.open(old); err != nil {
			t.Error("a token of the first key:", err)
		}
		fresh, _, err := one.Renew(session, tn.now())
		if err != nil {
			t.Fatal(err)
		}
		wants(t, "renewed with the next key", two, fresh, tn.now(), "")
		tn.forward(48 * time.Hour) // nobody runs
		turn(one)
		turn(one)
		turn(two)
		if k := two.ring.Load().current(tn.now()); k.number != 3 || two.ring.Load().byID[first] != nil {
			t.Errorf("key %d seals, the first is there: %v", k.number, two.ring.Load().byID[first] != nil)
		}
		wants(t, "a token of a key that is gone", two, old, tn.now(), "sso.token")
		var sealed []byte
		if err := tn.d.Read().QueryRow("SELECT sealed FROM sso_key LIMIT 1").Scan(&sealed); err != nil || len(sealed) != secretSize+keys.SealOverhead {
			t.Errorf("a key at rest has %d octets, %v", len(sealed), err)
		}
	})
}

// TestClockJumps: while the clock is wrong, by hours or years and in either direction,
// nobody's session lives longer than it may; once it is right again people log in as ever,
// what had ended stays so, and keys turn as before. Nobody is locked out.
func TestClockJumps(t *testing.T) {
	const year = 365 * 24 * time.Hour
	for name, jump := range map[string]time.Duration{"hours ahead": 15 * time.Hour, "days ahead": 40 * time.Hour, "years ahead": 10 * year, "hours back": -15 * time.Hour, "years back": -10 * year} {
		t.Run(name, func(t *testing.T) {
			tn := newTown(t, pkitest.SQLite(t))
			s := tn.sessions(nil)
			duties := func(rounds int) {
				t.Helper()
				for range rounds {
					if err := errors.Join(s.turnKeys(t.Context()), s.sweep(t.Context())); err != nil {
						t.Fatal(err)
					}
				}
			}
			alive, _ := tn.open(s, login("alive"))
			ended, gone := tn.open(s, login("ended"))
			if err := s.End(t.Context(), gone.ID, LoggedOut); err != nil {
				t.Fatal(err)
			}
			tn.forward(jump)
			duties(1)
			tn.forward(25 * time.Hour) // it stays wrong for more than the life of a key
			duties(2)
			wrong, _ := tn.open(s, login("wrong"))
			wants(t, "opened by the wrong clock", s, wrong, tn.now(), "")
			tn.forward(-25*time.Hour - jump)
			tn.forward(time.Minute)
			wants(t, "opened by the wrong clock, once it is right", s, wrong, tn.now(), "sso.over")
			duties(1)
			if _, err := s.Read(ended, tn.now()); err == nil {
				t.Error("a session that was ended is back")
			}
			if code := codeOf(second(s.Read(alive, tn.now()))); code != "" && code != "sso.token" {
				t.Errorf("a session of before: %s", code)
			}
			again, _ := tn.open(s, login("again"))
			wants(t, "logged in again", s, again, tn.now(), "")
			first := s.ring.Load().current(tn.now()).id
			tn.forward(25 * time.Hour)
			duties(2)
			if s.ring.Load().current(tn.now()).id == first {
				t.Error("keys do not turn any more")
			}
			late, _ := tn.open(s, login("late"))
			wants(t, "a day later", s, late, tn.now(), "")
		})
	}
}

func second[A, B any](_ A, b B) B { return b }

// TestCookie: what browsers are told, and that a planted second cookie makes none.
func TestCookie(t *testing.T) {
	tn := newTown(t, pkitest.SQLite(t))
	s := tn.sessions(nil)
	w := httptest.NewRecorder()
	http.SetCookie(w, s.Cookie("abc"))
	if got := w.Header().Get("Set-Cookie"); got != "__Host-onecert-holder=abc; Path=/; HttpOnly; Secure; SameSite=Lax" {
		t.Error(got)
	}
	for header, want := range map[string]string{"": "", "__Host-onecert-holder=x": "x", "other=y; __Host-onecert-holder=x": "x",
		"__Host-onecert-holder=x; __Host-onecert-holder=y": "", "__host-onecert-holder=x": ""} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Cookie", header)
		if got := s.TokenOf(r); got != want {
			t.Errorf("%q: %q", header, got)
		}
	}
	if s.NoCookie().MaxAge >= 0 {
		t.Error("the cookie stays")
	}
}

// TestRecent: what was read before is looked at anew each time, and there is a bound.
func TestRecent(t *testing.T) {
	tn := newTown(t, pkitest.SQLite(t))
	s := tn.sessions(nil)
	token, session := tn.open(s, login("a"))
	for range 3 {
		wants(t, "read", s, token, noon, "")
	}
	wants(t, "idle", s, token, noon.Add(time.Hour), "sso.idle")
	if err := s.End(t.Context(), session.ID, LoggedOut); err != nil {
		t.Fatal(err)
	}
	wants(t, "ended", s, token, noon, "sso.ended")
	for i := range 100_000 {
		s.recent.note(fmt.Sprint(i), &session)
	}
	kept := 0
	for i := range s.recent.shards {
		kept += len(s.recent.shards[i].at)
	}
	if kept > 64*recentMost {
		t.Errorf("%d tokens are kept", kept)
	}
	s.recent.clear()
	wants(t, "still ended", s, token, noon, "sso.ended")
}

// FuzzRead: foreign tokens open nothing and break nothing; what is sealed by us comes
// back as it was.
func FuzzRead(f *testing.F) {
	r, err := offline(keys.AES256GCM)
	if err != nil {
		f.Fatal(err)
	}
	token, err := r.seal(&Session{ID: strings.Repeat("0", idDigits), User: "a", Started: noon, LastSeen: noon, Until: noon.Add(time.Hour)}, noon)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(token, []byte{})
	f.Add("", make([]byte, 96))
	f.Fuzz(func(t *testing.T, foreign string, octets []byte) {
		if _, err := r.open(foreign); err == nil && foreign != token {
			t.Errorf("%q opens", foreign)
		}
		s, ok := sessionOf(octets)
		if !ok {
			return
		}
		if again, ok := sessionOf(s.octets()); !ok || again.ID != s.ID || again.User != s.User || again.Issuer != s.Issuer || !again.Until.Equal(s.Until) {
			t.Errorf("%+v comes back as %+v", s, again)
		}
	})
}

// offline are sessions with a ring and no store.
func offline(cipher keys.SealAlgorithm) (*Sessions, error) {
	s := &Sessions{cfg: Config{Random: zeroes{}}, recent: newRecent(), ids: newEnded[string](), certificates: newEnded[certificate](), users: newEnded[string]()}
	s.limits.Store(new(Limits{}.orUsual()))
	k, err := newRingKey("holder", keyRow{number: 1, id: 7, cipher: cipher}, make([]byte, secretSize))
	if err != nil {
		return nil, err
	}
	s.ring.Store(&ring{byID: map[uint32]*ringKey{7: k}, all: []*ringKey{k}})
	return s, nil
}

type zeroes struct{}

func (zeroes) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

var _ io.Reader = zeroes{}

// BenchmarkRead reads a token for the first time, and again, beside 100,000 sessions that
// have ended.
func BenchmarkRead(b *testing.B) {
	for _, cipher := range []keys.SealAlgorithm{keys.AES256GCM, keys.SM4GCM} {
		s, err := offline(cipher)
		if err != nil {
			b.Fatal(err)
		}
		s.cfg.Now = func() time.Time { return noon }
		o, err := s.begin(login("张三"))
		if err != nil {
			b.Fatal(err)
		}
		token, err := s.seal(&o.Session, noon)
		if err != nil {
			b.Fatal(err)
		}
		for i := range 100_000 {
			s.ids.put(fmt.Sprint(i), mark{noon, noon})
		}
		for name, read := range map[string]func() error{
			"first": func() error { _, err := s.open(token); return err },
			"again": func() error { _, err := s.Read(token, noon); return err },
		} {
			b.Run(string(cipher)+"/"+name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := read(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkOpen opens sessions from many sides at once, on SQLite.
func BenchmarkOpen(b *testing.B) {
	d, err := db.Open(b.Context(), pkitest.SQLite(b))
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	sealer, err := masterKey()
	if err != nil {
		b.Fatal(err)
	}
	s, err := New(b.Context(), Config{DB: d, Sealer: sealer})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	b.SetParallelism(64)
	var n atomic.Int64
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, _, err := s.Open(b.Context(), login(fmt.Sprint("user", n.Add(1)%100_000))); err != nil {
				b.Error(err)
			}
		}
	})
}
