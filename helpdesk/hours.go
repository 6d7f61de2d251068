package helpdesk

import (
	"time"

	"onecert/pki"
)

// Shift is working time of a day, in minutes from midnight.
type Shift struct{ From, To int }

// Hours is when the desk works. Deadlines count these hours only (5×8: five days a
// week, eight hours a day).
type Hours struct {
	Zone   *time.Location
	Shifts []Shift // of a working day, in order
	// Days says of single days, "2027-10-01", whether they are working days, where they
	// are not as Monday to Friday are: public holidays, and the weekends worked for them
	// (调休), which the State Council announces each autumn.
	Days map[string]bool
}

// OfficeHours is 9 to 12 and 13 to 18 o'clock in China, Monday to Friday.
func OfficeHours() Hours {
	return Hours{Zone: time.FixedZone("UTC+8", 8*60*60), Shifts: []Shift{{9 * 60, 12 * 60}, {13 * 60, 18 * 60}}}
}

const dayMinutes = 24 * 60

func (h Hours) check() error {
	wrong := func(what string) error {
		return pki.Errorf(pki.Invalid, "desk.hours", "the desk's working hours are not right: %s", what)
	}
	if h.Zone == nil || len(h.Shifts) == 0 {
		return wrong("there is no zone or no shift")
	}
	last := 0
	for _, s := range h.Shifts {
		if s.From < last || s.To <= s.From || s.To > dayMinutes {
			return wrong("the shifts of a day follow each other, between 0:00 and 24:00")
		}
		last = s.To
	}
	for day := range h.Days {
		if _, err := time.Parse(time.DateOnly, day); err != nil {
			return wrong("a day is written as 2027-10-01")
		}
	}
	return nil
}

// works reports whether a day is a working day.
func (h Hours) works(day time.Time) bool {
	if said, ok := h.Days[day.Format(time.DateOnly)]; ok {
		return said
	}
	return day.Weekday() != time.Saturday && day.Weekday() != time.Sunday
}

// horizon bounds how far ahead a deadline may be: holidays do not last for years.
const horizon = 1000

// each calls act with every stretch of working time from a moment on, in order, until
// it returns false.
func (h Hours) each(from time.Time, act func(begin, end time.Time) bool) {
	year, month, date := from.In(h.Zone).Date()
	for n := range horizon {
		day := time.Date(year, month, date+n, 0, 0, 0, 0, h.Zone)
		if !h.works(day) {
			continue
		}
		for _, s := range h.Shifts {
			begin := time.Date(year, month, date+n, 0, s.From, 0, 0, h.Zone)
			end := time.Date(year, month, date+n, 0, s.To, 0, 0, h.Zone)
			if begin.Before(from) {
				begin = from
			}
			if begin.Before(end) && !act(begin, end) {
				return
			}
		}
	}
}

// Add returns when so much working time will have passed.
func (h Hours) Add(from time.Time, work time.Duration) time.Time {
	due := from
	h.each(from, func(begin, end time.Time) bool {
		if work <= 0 {
			return false
		}
		if stretch := end.Sub(begin); stretch < work {
			work -= stretch
			due = end
			return true
		}
		due = begin.Add(work)
		return false
	})
	return due
}

// Between returns how much working time passes from one moment to another.
func (h Hours) Between(from, to time.Time) (work time.Duration) {
	h.each(from, func(begin, end time.Time) bool {
		if !begin.Before(to) {
			return false
		}
		if to.Before(end) {
			end = to
		}
		work += end.Sub(begin)
		return true
	})
	return work
}
