package console

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"maps"
	"slices"
	"sync"
	"time"

	"onecert/pki"
)

// maxSessions bounds what a process keeps; one person has at most maxOfOne, the oldest
// goes.
const (
	maxSessions = 20_000
	maxOfOne    = 8
	// maxLogins is how often one certificate opens a session within loginTime: each is an
	// entry of the audit log, which a program that logs in over and over would fill.
	maxLogins = 200
	loginTime = time.Hour
)

// session is somebody logged in.
type session struct {
	id          string // no secret
	name        string
	fingerprint string // of the certificate, as pki.Fingerprint writes it
	address     string
	opened      time.Time
	used        time.Time
	until       time.Time
}

func (s *session) actor() pki.Actor {
	return pki.Actor{Name: s.name, Certificate: s.fingerprint, Address: s.address}
}

// sessions keeps them by the SHA-256 of their token: what stands in memory opens
// nothing.
type sessions struct {
	idle, absolute time.Duration
	now            func() time.Time

	mu     sync.Mutex
	all    map[[sha256.Size]byte]*session
	logins map[string]logins // by fingerprint
}

// logins are those of one certificate since a moment.
type logins struct {
	since time.Time
	n     int
}

func newSessions(idle, absolute time.Duration, now func() time.Time) *sessions {
	return &sessions{idle: idle, absolute: absolute, now: now, all: map[[sha256.Size]byte]*session{}, logins: map[string]logins{}}
}

func keyOf(token string) [sha256.Size]byte { return sha256.Sum256([]byte(token)) }

// open starts a session that ends with the certificate at the latest and returns its
// token.
func (s *sessions) open(actor pki.Actor, notAfter time.Time) (token string, opened session, err error) {
	token, id := base64.RawURLEncoding.EncodeToString(random(32)), hex.EncodeToString(random(8))
	now := s.now()
	until := now.Add(s.absolute)
	if notAfter.Before(until) {
		until = notAfter
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep(now)
	if err := s.count(actor.Certificate, now); err != nil {
		return "", opened, err
	}
	if err := s.room(actor.Certificate); err != nil {
		return "", opened, err
	}
	made := &session{id: id, name: actor.Name, fingerprint: actor.Certificate, address: actor.Address, opened: now, used: now, until: until}
	s.all[keyOf(token)] = made
	return token, *made, nil
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails
	return b
}

func (s *sessions) sweep(now time.Time) {
	for key, one := range s.all {
		if s.over(one, now) {
			delete(s.all, key)
		}
	}
	maps.DeleteFunc(s.logins, func(_ string, of logins) bool { return of.over(now) })
}

// count notes a login of a certificate. A clock set back starts anew.
func (s *sessions) count(fingerprint string, now time.Time) error {
	before := s.logins[fingerprint]
	if before.over(now) {
		before = logins{since: now}
	}
	if before.n >= maxLogins {
		wait := before.since.Add(loginTime).Sub(now)
		return pki.Errorf(pki.Unavailable, "console.often", "this certificate logged in %d times within an hour", maxLogins).
			To("try again in %d minutes; the session that is open can be used on", int(wait.Minutes())+1)
	}
	before.n++
	s.logins[fingerprint] = before
	return nil
}

func (l logins) over(now time.Time) bool { return now.Sub(l.since).Abs() >= loginTime }

// over is also a session used at a time yet to come: the clock was wrong then, and its end
// as well.
func (s *sessions) over(one *session, now time.Time) bool {
	return now.Sub(one.used).Abs() > s.idle || !now.Before(one.until)
}

// room makes place for one more of a certificate's.
func (s *sessions) room(fingerprint string) error {
	var own []*session
	keys := map[*session][sha256.Size]byte{}
	for key, one := range s.all {
		if one.fingerprint == fingerprint {
			own, keys[one] = append(own, one), key
		}
	}
	if len(own) >= maxOfOne {
		oldest := slices.MinFunc(own, func(a, b *session) int { return a.used.Compare(b.used) })
		delete(s.all, keys[oldest])
	}
	if len(s.all) >= maxSessions {
		return pki.Errorf(pki.Unavailable, "console.full", "%d people are logged in here, no more can be", maxSessions).To("try again in some minutes")
	}
	return nil
}

// find returns the session of a token, in a connection with the certificate it was
// opened with. use counts as activity: what a page asks by itself does not.
func (s *sessions) find(token, fingerprint string, use bool) (found session, ok bool) {
	if token == "" {
		return found, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	one, now := s.all[keyOf(token)], s.now()
	if one == nil || one.fingerprint != fingerprint {
		return found, false
	}
	if s.over(one, now) {
		delete(s.all, keyOf(token))
		return found, false
	}
	if use {
		one.used = now
	}
	return *one, true
}

func (s *sessions) close(token string) (closed session, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.all[keyOf(token)]
	if one == nil {
		return closed, false
	}
	delete(s.all, keyOf(token))
	return *one, true
}

// named returns the session of an id, if it stands.
func (s *sessions) named(id string) (found session, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep(s.now())
	for _, one := range s.all {
		if one.id == id {
			return *one, true
		}
	}
	return found, false
}

// end closes a session by its id.
func (s *sessions) end(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.all, func(_ [sha256.Size]byte, one *session) bool { return one.id == id })
}

// list returns a page of them, the last opened first, after one of them by the moment it
// was opened and its id; more says that there are others behind.
func (s *sessions) list(after *session, limit int) (some []session, more bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweep(s.now())
	var all []session
	for _, one := range s.all {
		all = append(all, *one)
	}
	slices.SortFunc(all, newest)
	if after != nil {
		i, found := slices.BinarySearchFunc(all, *after, newest)
		if found {
			i++
		}
		all = all[i:]
	}
	return all[:min(limit, len(all))], len(all) > limit
}

func newest(a, b session) int {
	return cmp.Or(b.opened.Compare(a.opened), cmp.Compare(a.id, b.id))
}
