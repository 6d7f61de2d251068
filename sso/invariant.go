package sso

import (
	"context"
	"fmt"
)

// CheckInvariants reads everything and returns what must not be, in words:
//
//   - a session that ended before its time has one ending that says so, and no other has
//   - no ending has a number beyond the counter, and none stands there twice
//   - no user has more sessions than allowed
//   - every key opens, and their numbers only grow
func CheckInvariants(ctx context.Context, s *Sessions) (faults []string) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	last, err := s.last(ctx, s.cfg.DB.Read())
	if err != nil {
		return append(faults, err.Error())
	}
	said := map[string]Ending{}
	for after := int64(0); ; {
		all, err := s.endings(ctx, after)
		if err != nil {
			return append(faults, err.Error())
		}
		if len(all) == 0 {
			break
		}
		for _, e := range all {
			if _, twice := said[e.ID]; twice || e.Number > last {
				fault("ending %d is of a session that ended before, or has a number beyond %d", e.Number, last)
			}
			said[e.ID] = e
		}
		after = all[len(all)-1].Number
	}
	rows, err := s.rows(ctx, s.cfg.DB.Read(), "")
	if err != nil {
		return append(faults, err.Error())
	}
	open := map[string]int{}
	now := s.cfg.Now()
	for _, r := range rows {
		e, ended := said[r.ID]
		switch {
		case r.Ended.IsZero() && ended:
			fault("session %s is open and ending %d says otherwise", r.ID, e.Number)
		case !r.Ended.IsZero() && (!ended || e.Why != r.Why) && r.Until.After(now):
			fault("session %s has ended and no ending says so", r.ID)
		case r.Ended.IsZero() && r.Until.After(now) && now.Sub(r.LastSeen) < s.limits.Load().Idle:
			open[r.User]++
		}
		if r.LastSeen.Before(r.Started) || !r.Until.After(r.Started) || len(r.ID) != idDigits {
			fault("session %s has times that do not fit", r.ID)
		}
	}
	for user, n := range open {
		if most := s.limits.Load().PerUser; most > 0 && n > most {
			fault("user %.20s has %d sessions", user, n)
		}
	}
	return append(faults, s.wrongKeys(ctx)...)
}

func (s *Sessions) wrongKeys(ctx context.Context) (faults []string) {
	rows, err := s.keyRows(ctx, s.cfg.DB.Read())
	if err != nil {
		return append(faults, err.Error())
	}
	if _, err := s.openRing(rows); err != nil {
		faults = append(faults, err.Error())
	}
	if len(rows) == 0 {
		faults = append(faults, "there is no key of tokens")
	}
	for i := 1; i < len(rows); i++ {
		if rows[i].number <= rows[i-1].number {
			faults = append(faults, fmt.Sprintf("key %d of tokens does not follow key %d", rows[i].number, rows[i-1].number))
		}
	}
	return faults
}
