package notice

import "time"

// Due returns which of the reminders, so many days before notAfter, is to be made now;
// sent are those already made. After a pause of the clock only the most urgent of those
// missed is due, not all of them; each is due once, a clock that is set back makes none
// due again, and after notAfter none is. ok is false if none is due.
func Due(notAfter, now time.Time, days, sent []int) (which int, ok bool) {
	if !now.Before(notAfter) {
		return 0, false
	}
	for _, d := range days {
		if !now.Before(notAfter.Add(-time.Duration(d)*day)) && (!ok || d < which) {
			which, ok = d, true
		}
	}
	for _, done := range sent {
		if ok && done <= which {
			return 0, false
		}
	}
	return which, ok
}
