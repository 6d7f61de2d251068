package sso

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"onecert/audit"
	"onecert/db"
	"onecert/keys"
	"onecert/pki"
	"onecert/pkitest"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// town is a store of sessions and a clock.
type town struct {
	t      *testing.T
	source string
	d      *db.DB
	log    *audit.Log
	sealer *keys.Sealer
	mu     sync.Mutex
	at     time.Time
}

func newTown(t *testing.T, source string) *town {
	d, err := db.Open(t.Context(), source)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	log, err := audit.Open(t.Context(), d, "example/sso")
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := masterKey()
	if err != nil {
		t.Fatal(err)
	}
	return &town{t: t, source: source, d: d, log: log, sealer: sealer, at: noon}
}

// masterKey is one for all tests: deriving a key from words takes a second.
var masterKey = sync.OnceValues(func() (*keys.Sealer, error) {
	dir, err := os.MkdirTemp("", "sso-test")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	return keys.GenerateSealer("file:"+dir+"/seal.pem", keys.SM4GCM, keys.Options{Passphrase: []byte("throw-away words")})
})

func newSealer(t testing.TB, algorithm keys.SealAlgorithm) *keys.Sealer {
	t.Helper()
	dir := t.TempDir()
	s, err := keys.GenerateSealer("file:"+dir+"/seal.pem", algorithm, keys.Options{Passphrase: []byte("throw-away words")})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (tn *town) now() time.Time {
	tn.mu.Lock()
	defer tn.mu.Unlock()
	return tn.at
}

func (tn *town) forward(d time.Duration) {
	tn.mu.Lock()
	defer tn.mu.Unlock()
	tn.at = tn.at.Add(d)
}

// sessions opens the store once more, as another gateway would; edit may change its
// configuration.
func (tn *town) sessions(edit func(*Config)) *Sessions {
	tn.t.Helper()
	cfg := Config{DB: tn.d, Audit: tn.log, Sealer: tn.sealer, Now: tn.now}
	if edit != nil {
		edit(&cfg)
	}
	s, err := New(tn.t.Context(), cfg)
	if err != nil {
		tn.t.Fatal(err)
	}
	tn.t.Cleanup(func() {
		s.Close()
		if cfg.DB.Read().Ping() == nil {
			for _, fault := range CheckInvariants(context.Background(), s) {
				tn.t.Error("invariant:", fault)
			}
		}
	})
	return s
}

func login(user string) Login {
	return Login{Fingerprint: sha256.Sum256([]byte(user)), Issuer: "sm2", Serial: pki.Serial(hex.EncodeToString([]byte("s" + user))), User: user,
		Level: 2, Steps: []Step{Certificate}, Address: netip.MustParseAddr("192.0.2.7")}
}

func (tn *town) open(s *Sessions, l Login) (string, Session) {
	tn.t.Helper()
	token, session, err := s.Open(tn.t.Context(), l)
	if err != nil {
		tn.t.Fatal(err)
	}
	return token, session
}

func wants(t *testing.T, what string, s *Sessions, token string, now time.Time, code string) {
	t.Helper()
	_, err := s.Read(token, now)
	if codeOf(err) != code {
		t.Errorf("%s: %v, wanted %q", what, err, code)
	}
}

// codeOf is an error's code, "" of none.
func codeOf(err error) string {
	if err == nil {
		return ""
	}
	return pki.CodeOf(err)
}

// TestSession: opened, read, renewed, idle, over; on both databases and with both ciphers.
func TestSession(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		for _, cipher := range []keys.SealAlgorithm{keys.AES256GCM, keys.SM4GCM} {
			tn := newTown(t, source)
			s := tn.sessions(func(c *Config) { c.Cipher, c.Realm = cipher, "realm"+cipherLetter(cipher) })
			token, opened := tn.open(s, login("张三"))
			read, err := s.Read(token, tn.now())
			if err != nil || read.ID != opened.ID || read.User != "张三" || read.Issuer != "sm2" || read.Serial != opened.Serial || read.Level != 2 ||
				!slices.Equal(read.Steps, []Step{Certificate}) || !read.Started.Equal(noon) || !read.Until.Equal(noon.Add(12*time.Hour)) {
				t.Fatalf("read %+v, %v", read, err)
			}
			if !read.Of(sha256.Sum256([]byte("张三"))) || read.Of(sha256.Sum256([]byte("李四"))) {
				t.Error("the session is bound to another certificate")
			}
			if _, renewed, err := s.Renew(read, noon.Add(time.Minute)); renewed || err != nil {
				t.Error("renewed at once", err)
			}
			later := noon.Add(20 * time.Minute)
			fresh, renewed, err := s.Renew(read, later)
			if !renewed || err != nil || fresh == token {
				t.Fatal("not renewed:", err)
			}
			wants(t, "the old token", s, token, noon.Add(30*time.Minute), "sso.idle")
			wants(t, "the fresh token", s, fresh, noon.Add(49*time.Minute), "")
			wants(t, "the fresh token, idle", s, fresh, noon.Add(50*time.Minute), "sso.idle")
			last := read
			last.LastSeen = noon.Add(11*time.Hour + 50*time.Minute)
			sealed, err := s.seal(&last, noon)
			if err != nil {
				t.Fatal(err)
			}
			wants(t, "before its end", s, sealed, noon.Add(12*time.Hour-time.Second), "")
			wants(t, "at its end", s, sealed, noon.Add(12*time.Hour), "sso.over")
		}
	})
}

func cipherLetter(a keys.SealAlgorithm) string { return strings.ToLower(string(a[0])) }

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

// TestEndings: a session, a certificate, a user, many gateways: what one ends the others
// refuse within a second; the act is in the audit log.
func TestEndings(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		tn := newTown(t, source)
		one, two := tn.sessions(nil), tn.sessions(nil)
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		defer running.Wait()
		defer cancel()
		for _, s := range []*Sessions{one, two} {
			running.Go(func() { s.Keep(ctx) })
		}
		var mu sync.Mutex
		var heard []Ending
		running.Go(func() {
			_ = two.Follow(ctx, 0, func(all []Ending) error {
				mu.Lock()
				defer mu.Unlock()
				heard = append(heard, all...)
				return nil
			})
		})
		a, first := tn.open(one, login("a"))
		b1, _ := tn.open(one, login("b"))
		b2, _ := tn.open(two, login("b"))
		c, _ := tn.open(two, login("c"))
		d, _ := tn.open(two, login("d"))
		tn.forward(time.Minute)
		for _, token := range []string{a, b1, b2, c, d} {
			wants(t, "read by the other gateway", one, token, tn.now(), "")
			wants(t, "read by the other gateway", two, token, tn.now(), "")
		}
		officer := pki.WithActor(t.Context(), pki.Actor{Name: "centre.security", Roles: []string{"security"}})
		if err := one.End(officer, first.ID, ByOfficer); err != nil {
			t.Fatal(err)
		}
		if err := one.EndOfUser(officer, "b", ByOfficer); err != nil {
			t.Fatal(err)
		}
		if err := two.EndOfCertificate(t.Context(), "sm2", login("c").Serial, CertRevoked); err != nil {
			t.Fatal(err)
		}
		wants(t, "at once", one, a, tn.now(), "sso.ended")
		begun := time.Now()
		for name, token := range map[string]string{"a": a, "b1": b1, "b2": b2, "c": c} {
			for _, s := range []*Sessions{one, two} {
				for time.Since(begun) < 3*time.Second {
					if _, err := s.Read(token, tn.now()); err != nil {
						break
					}
					time.Sleep(5 * time.Millisecond)
				}
				wants(t, name, s, token, tn.now(), "sso.ended")
			}
		}
		if took := time.Since(begun); took > time.Second {
			t.Error("the other gateway learned it after", took)
		}
		wants(t, "nobody's business", one, d, tn.now(), "")
		again, _ := tn.open(two, login("b"))
		wants(t, "logged in again", one, again, tn.now(), "")
		if err := one.End(t.Context(), first.ID, LoggedOut); err != nil {
			t.Error("ended twice:", err)
		}
		if err := one.End(t.Context(), "00000000000000000000000000000000", LoggedOut); pki.KindOf(err) != pki.Unknown {
			t.Error("never there:", err)
		}
		third := tn.sessions(nil)
		wants(t, "a gateway started later", third, c, tn.now(), "sso.ended")
		for range 100 {
			mu.Lock()
			n := len(heard)
			mu.Unlock()
			if n == 4 {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		mu.Lock()
		for i, e := range heard {
			if e.Number != int64(i+1) || e.User == "" || e.Why == "" {
				t.Errorf("the journal says %+v at %d", e, i)
			}
		}
		if len(heard) != 4 {
			t.Errorf("%d endings were heard of", len(heard))
		}
		mu.Unlock()
		rows, err := one.List(t.Context(), Query{})
		if err != nil || len(rows) != 2 {
			t.Errorf("open are %+v, %v", rows, err)
		}
		rows, err = one.List(t.Context(), Query{Ended: true, User: "b"})
		if err != nil || len(rows) != 3 {
			t.Errorf("of b were %+v, %v", rows, err)
		}
		var acts int
		if err := tn.d.Read().QueryRow("SELECT COUNT(*) FROM audit_entry WHERE act = 'session.end'").Scan(&acts); err != nil || acts != 2 {
			t.Errorf("%d acts are in the audit log, %v", acts, err)
		}
	})
}

// TestLoginAgain: a new login ends the session the browser came with and takes nothing
// of it over; too many of one user end the oldest, or refuse the newest.
func TestLoginAgain(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		tn := newTown(t, source)
		s := tn.sessions(func(c *Config) { c.Limits.PerUser = 3 })
		planted, before := tn.open(s, login("attacker"))
		l := login("victim")
		l.Replaces = planted
		token, session := tn.open(s, l)
		if session.ID == before.ID || token == planted {
			t.Error("the session was taken over")
		}
		wants(t, "the planted one", s, planted, noon, "sso.ended")
		wants(t, "the new one", s, token, noon, "")
		l.Replaces = "rubbish"
		tn.forward(time.Second)
		second, _ := tn.open(s, l)
		tn.forward(time.Second)
		l.Replaces = ""
		tn.open(s, l)
		tn.open(s, l)
		wants(t, "the oldest of four", s, token, tn.now(), "sso.ended")
		wants(t, "the second", s, second, tn.now(), "")

		strict := tn.sessions(func(c *Config) { c.Limits.PerUser, c.Limits.Refuse = 3, true })
		if _, _, err := strict.Open(t.Context(), l); pki.CodeOf(err) != "sso.crowded" {
			t.Error("the fourth:", err)
		}
		tn.forward(time.Hour) // all idle
		tn.open(strict, l)
	})
}

// TestTogether: logins of one user from everywhere at once stay within the limit.
func TestTogether(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		tn := newTown(t, source)
		gateways := []*Sessions{tn.sessions(nil), tn.sessions(nil)}
		var all sync.WaitGroup
		for i := range 60 {
			all.Go(func() {
				token, session, err := gateways[i%2].Open(t.Context(), login("everywhere"))
				if err != nil {
					t.Error(err)
				}
				_, _ = gateways[1-i%2].Read(token, noon)
				if i%3 == 0 {
					_ = gateways[1-i%2].End(t.Context(), session.ID, LoggedOut)
				}
			})
		}
		all.Wait()
		rows, err := gateways[0].List(t.Context(), Query{User: "everywhere"})
		if err != nil || len(rows) > 10 || len(rows) == 0 {
			t.Errorf("%d sessions, %v", len(rows), err)
		}
	})
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

// TestStoreAway: with the store away open sessions are read and renewed, new ones are
// refused in words, and an end counts here at once and for others when the store is back.
func TestStoreAway(t *testing.T) {
	server := pkitest.NewServer(t)
	tn := newTown(t, server.Database(t))
	s := tn.sessions(nil)
	token, session := tn.open(s, login("a"))
	other, _ := tn.open(s, login("b"))
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	for range 200 { // connections outlive the server by a moment
		if _, _, err := s.Open(t.Context(), login("c")); err != nil {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	wants(t, "read", s, token, noon.Add(10*time.Minute), "")
	if _, renewed, err := s.Renew(session, noon.Add(10*time.Minute)); !renewed || err != nil {
		t.Error("renew:", err)
	}
	_, _, err := s.Open(t.Context(), login("c"))
	if pki.CodeOf(err) != "sso.store" || pki.KindOf(err) != pki.Unavailable {
		t.Error("open:", err)
	}
	if err := s.End(t.Context(), session.ID, LoggedOut); pki.KindOf(err) != pki.Unavailable {
		t.Error("end:", err)
	}
	wants(t, "ended here", s, token, noon, "sso.ended")
	wants(t, "the other", s, other, noon, "")
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		if err = s.tryPending(t.Context()); err == nil {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	again, err := db.Open(t.Context(), tn.source)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { again.Close() })
	wants(t, "a gateway started later", tn.sessions(func(c *Config) { c.DB = again }), token, noon, "sso.ended")
}

// TestLogins: what no session can be made of.
func TestLogins(t *testing.T) {
	tn := newTown(t, pkitest.SQLite(t))
	s := tn.sessions(nil)
	for what, edit := range map[string]func(*Login){
		"sso.login fingerprint": func(l *Login) { l.Fingerprint = [32]byte{} },
		"sso.login issuer":      func(l *Login) { l.Issuer = "" },
		"sso.login serial":      func(l *Login) { l.Serial = "XYZ" },
		"sso.login user":        func(l *Login) { l.User = "a\x00b" },
		"sso.login long user":   func(l *Login) { l.User = strings.Repeat("长", 90) },
		"sso.login level":       func(l *Login) { l.Level = 10 },
		"sso.login steps":       func(l *Login) { l.Steps = nil },
		"sso.login unknown":     func(l *Login) { l.Steps = []Step{"magic"} },
		"sso.certificate-over":  func(l *Login) { l.NotAfter = noon },
	} {
		l := login("a")
		edit(&l)
		_, _, err := s.Open(t.Context(), l)
		if code, _, _ := strings.Cut(what, " "); pki.CodeOf(err) != code {
			t.Errorf("%s: %v", what, err)
		}
	}
	l := login(strings.Repeat("长", 85))
	l.Issuer, l.Serial, l.NotAfter = strings.Repeat("i", 64), pki.Serial(strings.Repeat("7f", 20)), noon.Add(time.Hour)
	l.Steps = slices.Repeat([]Step{Certificate}, maxSteps)
	token, session := tn.open(s, l)
	wants(t, "the longest", s, token, noon, "")
	if !session.Until.Equal(l.NotAfter) || len(token) > maxToken {
		t.Errorf("until %v, %d characters", session.Until, len(token))
	}
	for _, limits := range []Limits{{Idle: time.Second}, {Idle: time.Hour, Absolute: time.Minute}, {Absolute: 1000 * time.Hour}, {KeyLife: time.Minute}, {PerUser: 1 << 20}} {
		if err := s.Limit(limits); pki.CodeOf(err) != "sso.limits" {
			t.Errorf("%+v: %v", limits, err)
		}
	}
	if err := s.Limit(Limits{Idle: time.Minute}); err != nil {
		t.Error(err)
	}
	wants(t, "a shorter idle time counts at once", s, token, noon.Add(2*time.Minute), "sso.idle")
	if _, err := Connect(t.Context(), nil); pki.KindOf(err) != pki.NotImplemented {
		t.Error("across the network:", err)
	}
}

// TestNext is the dispatcher.
func TestNext(t *testing.T) {
	for _, c := range []struct {
		needed, proven []Step
		step           Step
		ok             bool
		kind           pki.Kind
		code           string
	}{
		{[]Step{Certificate}, nil, Certificate, true, 0, ""},
		{[]Step{Certificate}, []Step{Certificate}, "", false, 0, ""},
		{nil, nil, "", false, pki.Invalid, "sso.steps"},
		{[]Step{"magic"}, nil, "", false, pki.Invalid, "sso.steps"},
		{[]Step{Password}, nil, "", false, pki.NotImplemented, "sso.step"},
		{[]Step{Certificate, Code}, nil, "", false, pki.NotImplemented, "sso.step"},
	} {
		step, ok, err := Next(c.needed, c.proven)
		if step != c.step && err == nil || ok != c.ok && err == nil || codeOf(err) != c.code || err != nil && pki.KindOf(err) != c.kind {
			t.Errorf("%v %v: %q %v %v", c.needed, c.proven, step, ok, err)
		}
	}
}

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
