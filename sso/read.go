package sso

import (
	"sync"
	"time"

	"onecert/pki"
)

// Read opens a token. It asks nobody and waits for nothing. Errors are *pki.Error,
// Forbidden: sso.token (not one of ours, or of another realm), sso.idle, sso.over
// (absolute end, or begun while the clock was wrong), sso.ended (before its time).
func (s *Sessions) Read(token string, now time.Time) (Session, error) {
	known, ok := s.recent.find(token)
	if !ok {
		session, err := s.open(token)
		if err != nil {
			return Session{}, err
		}
		known = &session
		s.recent.note(token, known)
	}
	session := *known
	switch {
	case session.LastSeen.After(now.Add(clockSkew)): // the clock was wrong then: it would live until then and longer
		return Session{}, over("sso.over", "the session was used at a time that is yet to come")
	case !now.Before(session.Until):
		return Session{}, over("sso.over", "the session has reached its end")
	case now.Sub(session.LastSeen) >= s.limits.Load().Idle:
		return Session{}, over("sso.idle", "the session was idle for too long")
	case s.ids.has(session.ID, session.Started), s.users.has(session.User, session.Started),
		s.certificates.has(certificate{session.Issuer, session.Serial}, session.Started):
		return Session{}, over("sso.ended", "the session was ended")
	}
	return session, nil
}

func over(code, what string) error {
	return pki.Errorf(pki.Forbidden, code, "%s", what).To("log in again")
}

// stride is how old a token becomes before it is exchanged. Sessions so last up to this
// much less than the idle time-out after the last request.
func (s *Sessions) stride() time.Duration { return s.limits.Load().Idle / 8 }

// Renew returns a fresh token for a session that Read returned at now, where its token
// has become old enough; renewed is false where there is nothing to do. Whoever renews
// sets the new cookie beside the answer. The old token stays good until its own idle end.
func (s *Sessions) Renew(session Session, now time.Time) (token string, renewed bool, err error) {
	if now.Sub(session.LastSeen) < s.stride() {
		return "", false, nil
	}
	session.LastSeen = now.Truncate(time.Millisecond).UTC()
	token, err = s.seal(&session, now)
	if err != nil {
		return "", false, err
	}
	s.seen.note(session.ID, session.LastSeen)
	return token, true, nil
}

// seen is when sessions were last seen, until it is written to the store.
type seen struct {
	mu sync.Mutex
	at map[string]time.Time
}

func (s *seen) note(id string, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.at == nil {
		s.at = map[string]time.Time{}
	}
	s.at[id] = at
}

func (s *seen) take() map[string]time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.at
	s.at = nil
	return all
}
