package helpdesk

import (
	"context"
	"slices"
	"time"

	"onecert/officer"
	"onecert/pki"
)

// Month is what a month looked like at the desks of a subtree.
type Month struct {
	Month    string  `json:"month"` // 2026-11
	Node     string  `json:"node"`
	Opened   int     `json:"opened"`
	Resolved int     `json:"resolved" doc:"in this month and still so"`
	InTime   int     `json:"in_time"`
	Late     int     `json:"late"`
	Pending  int     `json:"pending" doc:"opened until the end of the month and not resolved then"`
	Share    float64 `json:"share_in_time" doc:"of those resolved; 1 if none was"`
	// FirstAnswer is the median working time until somebody answered, of the tickets
	// opened in the month that were answered.
	FirstAnswer time.Duration `json:"first_answer_ns"`
	Ratings     [5]int        `json:"ratings" doc:"how many gave 1, 2, 3, 4, 5"`
	Rating      float64       `json:"rating" doc:"average; 0 if nobody rated"`
	Kinds       map[Kind]int  `json:"kinds" doc:"opened, by kind"`
}

// Report counts the tickets of a month ("2026-11", in the desk's zone) in the officer's
// subtree.
func (d *Desk) Report(ctx context.Context, month string) (*Month, error) {
	s, err := d.enter(ctx, officer.ReadStatistics)
	if err != nil {
		return nil, err
	}
	begin, err := time.ParseInLocation("2006-01", month, d.cfg.Hours.Zone)
	if err != nil {
		return nil, pki.Errorf(pki.Invalid, "desk.month", "a month is written as 2026-11")
	}
	end := begin.AddDate(0, 1, 0)
	all, err := tickets(ctx, d.cfg.DB.Read(), "WHERE "+below+" AND opened < $2 AND (resolved = 0 OR resolved >= $3)", s.path, millis(end), millis(begin))
	if err != nil {
		return nil, err
	}
	return count(all, month, s.node, begin, end), nil
}

func count(all []*Ticket, month, node string, begin, end time.Time) *Month {
	m := &Month{Month: month, Node: node, Kinds: map[Kind]int{}, Share: 1}
	within := func(t time.Time) bool { return !t.Before(begin) && t.Before(end) }
	var waits []time.Duration
	sum := 0
	for _, t := range all {
		if within(t.Opened) {
			m.Opened++
			m.Kinds[t.Kind]++
			if !t.Answered.IsZero() {
				waits = append(waits, t.waited)
			}
		}
		switch {
		case within(t.Resolved):
			m.Resolved++
			if t.Late {
				m.Late++
			} else {
				m.InTime++
			}
			if t.Rating > 0 {
				m.Ratings[t.Rating-1]++
				sum += t.Rating
			}
		case t.Resolved.IsZero() || !t.Resolved.Before(end):
			m.Pending++
		}
	}
	if m.Resolved > 0 {
		m.Share = float64(m.InTime) / float64(m.Resolved)
	}
	if rated := m.Ratings[0] + m.Ratings[1] + m.Ratings[2] + m.Ratings[3] + m.Ratings[4]; rated > 0 {
		m.Rating = float64(sum) / float64(rated)
	}
	if len(waits) > 0 {
		slices.Sort(waits)
		m.FirstAnswer = waits[(len(waits)-1)/2]
	}
	return m
}

// Figures is how the desk stands now, for health.
type Figures struct {
	Pending int           `json:"pending"`
	Overdue int           `json:"overdue"`
	Oldest  time.Duration `json:"oldest_ns"` // how long the first deadline missed is past
}

// Figures counts what is past its deadline, of all nodes.
func (d *Desk) Figures(ctx context.Context) (f Figures, err error) {
	now := d.now()
	var oldest int64
	err = d.cfg.DB.Read().QueryRowContext(ctx, "SELECT COUNT(*), COALESCE(SUM(CASE WHEN due < $1 THEN 1 ELSE 0 END), 0), COALESCE(MIN(due), 0) FROM desk_ticket WHERE state IN ('open', 'working')",
		millis(now)).Scan(&f.Pending, &f.Overdue, &oldest)
	if f.Overdue > 0 {
		f.Oldest = now.Sub(moment(oldest))
	}
	return f, err
}
