package sso

import (
	"context"
	"crypto/sha256"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"onecert/db"
	"onecert/keys"
	"onecert/pki"
	"onecert/pkitest"
)

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
