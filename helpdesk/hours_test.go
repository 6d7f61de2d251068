package helpdesk_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"onecert/helpdesk"
	"onecert/pki"
)

func TestHours(t *testing.T) {
	h := helpdesk.OfficeHours()
	// National Day 2027 and the weekend worked for it, as such a list is announced.
	h.Days = map[string]bool{"2027-10-01": false, "2027-10-04": false, "2027-10-05": false, "2027-10-06": false, "2027-10-07": false, "2027-10-09": true}
	for _, c := range []struct {
		from string
		work time.Duration
		want string
	}{
		{"2026-11-23 09:00", 8 * time.Hour, "2026-11-23 18:00"},
		{"2026-11-23 09:00", 3 * time.Hour, "2026-11-23 12:00"},
		{"2026-11-23 09:00", 3*time.Hour + time.Minute, "2026-11-23 13:01"},
		{"2026-11-23 12:30", time.Hour, "2026-11-23 14:00"},
		{"2026-11-23 03:00", time.Hour, "2026-11-23 10:00"},
		{"2026-11-27 17:00", 2 * time.Hour, "2026-11-30 10:00"},   // Friday to Monday
		{"2026-11-28 10:00", 16 * time.Hour, "2026-12-01 18:00"},  // Saturday
		{"2027-09-30 17:00", 2 * time.Hour, "2027-10-08 10:00"},   // over the holidays to Friday
		{"2027-09-30 18:00", 12 * time.Hour, "2027-10-09 14:00"},  // and the Saturday worked for them
		{"2026-11-23 09:00", 0, "2026-11-23 09:00"},               // nothing takes no time
		{"2026-11-20 18:00", time.Nanosecond, "2026-11-23 09:00"}, // to the minute
	} {
		if got := h.Add(cn(c.from), c.work); !got.Truncate(time.Minute).Equal(cn(c.want)) {
			t.Errorf("%s and %s is %s, want %s", c.from, c.work, got, c.want)
		}
	}
	for _, bad := range []helpdesk.Hours{
		{Zone: time.UTC}, {Zone: time.UTC, Shifts: []helpdesk.Shift{{60, 60}}}, {Zone: time.UTC, Shifts: []helpdesk.Shift{{0, 1441}}},
		{Zone: time.UTC, Shifts: []helpdesk.Shift{{600, 700}, {650, 800}}}, {Zone: time.UTC, Shifts: []helpdesk.Shift{{0, 1}}, Days: map[string]bool{"1.10.": true}},
	} {
		_, err := helpdesk.New(t.Context(), helpdesk.Config{Hours: bad})
		if pki.CodeOf(err) != "desk.hours" {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

// byMinutes is a second telling of the calendar: minute after minute, each asked by
// itself whether it is worked.
func byMinutes(h helpdesk.Hours, from, to time.Time) (work time.Duration) {
	for m := from; m.Before(to); m = m.Add(time.Minute) {
		local := m.In(h.Zone)
		works, said := h.Days[local.Format("2006-01-02")]
		if !said {
			works = local.Weekday() >= time.Monday && local.Weekday() <= time.Friday
		}
		minute := local.Hour()*60 + local.Minute()
		for _, s := range h.Shifts {
			if works && minute >= s.From && minute < s.To {
				work += time.Minute
			}
		}
	}
	return work
}

func TestHoursProperty(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	h := helpdesk.OfficeHours()
	h.Days = map[string]bool{"2026-12-01": false, "2026-12-05": true}
	for range 300 {
		from := cn("2026-11-20 00:00").Add(time.Duration(r.IntN(20*24*60)) * time.Minute)
		work := time.Duration(r.IntN(60*60)) * time.Minute
		due := h.Add(from, work)
		if got := h.Between(from, due); got != work {
			t.Fatalf("from %s, %s of work end at %s, between are %s", from, work, due, got)
		}
		if got := byMinutes(h, from, due); got != work {
			t.Fatalf("from %s, %s of work end at %s, by minutes between are %s", from, work, due, got)
		}
		if h.Between(due, from) != 0 || due.Before(from) {
			t.Fatalf("%s before %s", due, from)
		}
	}
}
