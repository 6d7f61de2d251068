package policy

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// calendar knows which days are worked.
type calendar struct {
	first int32  // day of kinds[0]
	kinds []byte // 0: as the weekday has it
	years []int  // that have an entry
}

const (
	asWeekday byte = iota
	dayOff
	dayWorked
)

// worked tells whether people work on a day.
func (c *calendar) worked(day int32) bool {
	if i := day - c.first; i >= 0 && int(i) < len(c.kinds) && c.kinds[i] != asWeekday {
		return c.kinds[i] == dayWorked
	}
	weekday := weekdayOf(day)
	return weekday != time.Saturday && weekday != time.Sunday
}

// weekdayOf: 1 January 1970 was a Thursday.
func weekdayOf(day int32) time.Weekday { return time.Weekday(((day+4)%7 + 7) % 7) }

// Days of dates we can speak of: 1970 to 9999.
const lastDay = 2932896

// parseDay reads 2026-01-31.
func parseDay(text string) (day int32, ok bool) {
	at, err := time.Parse(time.DateOnly, text)
	if err != nil || at.Year() < 1970 {
		return 0, false
	}
	return dayOf(at.Date()), true
}

// maxSpan bounds a range of days in a calendar, maxYears the whole of one.
const (
	maxSpan  = 366
	maxYears = 200
)

// parseDays reads a day, or two with "/" between them.
func parseDays(text string) (first, last int32, ok bool) {
	from, to, two := strings.Cut(text, "/")
	if !two {
		to = from
	}
	first, ok = parseDay(from)
	last, ended := parseDay(to)
	return first, last, ok && ended && first <= last && last-first <= maxSpan
}

// newCalendar reads a calendar. Of its faults it returns field and value.
func newCalendar(c Calendar) (out *calendar, field, value string) {
	out = &calendar{}
	days := map[int32]byte{}
	for _, group := range []struct {
		field string
		texts []string
		kind  byte
	}{{"holidays", c.Holidays, dayOff}, {"workdays", c.Workdays, dayWorked}} {
		for _, text := range group.texts {
			first, last, ok := parseDays(text)
			if !ok {
				return nil, group.field, text
			}
			for day := first; day <= last; day++ {
				if kind, twice := days[day]; twice && kind != group.kind {
					return nil, group.field, text
				}
				days[day] = group.kind
			}
		}
	}
	if field, value = out.lay(days); field != "" {
		return nil, field, value
	}
	return out, "", ""
}

// lay puts the days side by side.
func (c *calendar) lay(days map[int32]byte) (field, value string) {
	if len(days) == 0 {
		return "", ""
	}
	first, last := int32(lastDay), int32(0)
	for day := range days {
		first, last = min(first, day), max(last, day)
		if year := dateOf(day).Year(); !slices.Contains(c.years, year) {
			c.years = append(c.years, year)
		}
	}
	if last-first > maxYears*366 {
		return "holidays", fmt.Sprint(dateOf(last).Year())
	}
	c.first, c.kinds = first, make([]byte, last-first+1)
	for day, kind := range days {
		c.kinds[day-first] = kind
	}
	slices.Sort(c.years)
	return "", ""
}

func dateOf(day int32) time.Time { return time.Unix(int64(day)*86400, 0).UTC() }

// window is a Window, made ready.
type window struct {
	source   Window
	zone     int
	weekdays uint8 // bit of each time.Weekday
	from, to int16 // minutes; to ≤ from goes on over midnight
	first    int32
	last     int32
	calendar *calendar // nil: Days does not bind
	worked   bool
}

const everyDay = 1<<7 - 1

// day tells whether the window begins on a day.
func (w *window) day(day int32) bool {
	return day >= w.first && day <= w.last && w.weekdays>>weekdayOf(day)&1 == 1 &&
		(w.calendar == nil || w.calendar.worked(day) == w.worked)
}

func (w *window) open(c clock) bool {
	if w.from < w.to {
		return w.from <= c.minute && c.minute < w.to && w.day(c.day)
	}
	return c.minute >= w.from && w.day(c.day) || c.minute < w.to && w.day(c.day-1)
}

// times is a condition on the moment.
type times struct {
	all   []window
	zones []*time.Location // of the set, for explanations
}

func (c *times) field() field { return fieldTimes }

func (c *times) check(f *facts) verdict {
	for i := range c.all {
		if c.all[i].open(f.clock(c.all[i].zone)) {
			return yes
		}
	}
	return no
}

func (c *times) enter(ix *index, of *clause) bool {
	ix.times.enter(of)
	ix.moments = append(ix.moments, moment{of.number, c})
	return true
}

// moment is the times of one clause.
type moment struct {
	number int
	times  *times
}

func (c *times) wanted() []string {
	all := make([]string, len(c.all))
	for i := range c.all {
		all[i] = c.all[i].source.String()
	}
	return all
}

// found is what the clock shows in each zone that is asked for.
func (c *times) found(f *facts) (all []string) {
	for i := range c.all {
		at := f.at.In(f.set.zones[c.all[i].zone]).Format("2006-01-02 Mon 15:04 MST")
		if !slices.Contains(all, at) {
			all = append(all, at)
		}
	}
	return all
}

func (c *times) covers(other condition) bool {
	for _, w := range other.(*times).all {
		if !slices.ContainsFunc(c.all, func(own window) bool { return own.source.String() == w.source.String() }) {
			return false
		}
	}
	return true
}

// past tells that no window will open again.
func (c *times) past(now time.Time) bool {
	for i := range c.all {
		today := dayOf(now.In(c.zones[c.all[i].zone]).Date())
		if c.all[i].last+1 >= today {
			return false
		}
	}
	return true
}

// String is a window in one line: "mon,tue 08:30-18:00 Asia/Shanghai".
func (w Window) String() string {
	var parts []string
	if len(w.Weekdays) > 0 {
		parts = append(parts, strings.Join(w.Weekdays, ","))
	}
	if w.Days != "" {
		parts = append(parts, fmt.Sprintf("%s(%s)", w.Days, w.Calendar))
	}
	if w.From != "" || w.To != "" {
		parts = append(parts, w.From+"-"+w.To)
	}
	if w.FirstDay != "" || w.LastDay != "" {
		parts = append(parts, w.FirstDay+"/"+w.LastDay)
	}
	return strings.Join(append(parts, w.zone()), " ")
}

// zone: where nothing is said, the one China lives by.
func (w Window) zone() string {
	if w.TimeZone == "" {
		return "Asia/Shanghai"
	}
	return w.TimeZone
}
