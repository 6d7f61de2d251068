package policy

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

func (c *compiler) times(windows []Window) condition {
	if windows == nil {
		return nil
	}
	if len(windows) == 0 {
		c.fault(c.field(fieldTimes), "no-values")
	}
	c.count(c.field(fieldTimes), len(windows))
	made := &times{}
	for i, source := range windows {
		made.all = append(made.all, c.window(fmt.Sprintf("%s.%d", c.field(fieldTimes), i+1), source))
	}
	made.zones = c.set.zones
	return made
}

func (c *compiler) window(field string, source Window) window {
	w := window{source: source, zone: c.zone(field+".time_zone", source.zone()), weekdays: everyDay, to: 24 * 60, last: lastDay}
	if source.Weekdays != nil {
		w.weekdays = c.weekdays(field+".weekdays", source.Weekdays)
	}
	if source.From != "" {
		w.from = c.minute(field+".from", source.From, 24*60-1)
	}
	if source.To != "" {
		w.to = c.minute(field+".to", source.To, 24*60)
	}
	if w.from == w.to {
		c.fault(field+".to", "clock-same", source.To)
	}
	w.first = c.date(field+".first_day", source.FirstDay, 0)
	if w.last = c.date(field+".last_day", source.LastDay, lastDay); w.last < w.first {
		c.fault(field+".last_day", "date-order", source.LastDay)
	}
	c.days(field, source, &w)
	return w
}

func (c *compiler) weekdays(field string, names []string) (days uint8) {
	known := []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"} // as time.Weekday counts
	if len(names) == 0 {
		c.fault(field, "no-values")
	}
	for _, name := range names {
		day := slices.Index(known, name)
		if day < 0 {
			c.fault(field, "weekday", name)
			continue
		}
		days |= 1 << day
	}
	return days
}

// minute reads 08:30.
func (c *compiler) minute(field, text string, most int16) int16 {
	if text == "24:00" && most == 24*60 {
		return most
	}
	at, err := time.Parse("15:04", text)
	if err != nil || len(text) != 5 {
		c.fault(field, "clock", text)
	}
	return int16(at.Hour()*60 + at.Minute())
}

func (c *compiler) date(field, text string, otherwise int32) int32 {
	if text == "" {
		return otherwise
	}
	day, ok := parseDay(text)
	if !ok {
		c.fault(field, "date", text)
	}
	return day
}

func (c *compiler) days(field string, source Window, w *window) {
	switch {
	case source.Days == "" && source.Calendar == "":
		return
	case source.Days != Working && source.Days != Off || source.Calendar == "":
		c.fault(field+".days", "days", string(source.Days))
		return
	}
	w.worked = source.Days == Working
	if w.calendar = c.set.calendars[source.Calendar]; w.calendar == nil && !c.brokenCalendar(source.Calendar) {
		c.fault(field+".calendar", "unknown-name", source.Calendar)
	}
}

// brokenCalendar: its own fault has been told.
func (c *compiler) brokenCalendar(name string) bool {
	return slices.ContainsFunc(c.faults, func(f Fault) bool { return strings.HasPrefix(f.Field, "calendars."+shown(name)+".") })
}
