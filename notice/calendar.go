package notice

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Event is a day to remember in a calendar file, such as the end of a certificate.
type Event struct {
	UID         string    // stable: a file with the same replaces the entry
	Sequence    int       // higher replaces lower (RFC 5545 3.8.7.4)
	Stamp       time.Time // when it was written
	At          time.Time
	Summary     string // one line
	Description string
	Before      []time.Duration // alarms: so long before At
}

// Calendar writes a calendar file (RFC 5545) with the events, in UTC. Text is escaped
// and lines are folded; characters that stand in no text (3.3.11) are left out.
func Calendar(events ...Event) []byte {
	var b strings.Builder
	line := func(name, value string) { b.WriteString(fold(name + ":" + value)) }
	line("BEGIN", "VCALENDAR")
	line("VERSION", "2.0")
	line("PRODID", "-//OneCert//OneCert//ZH")
	line("CALSCALE", "GREGORIAN")
	line("METHOD", "PUBLISH")
	for _, e := range events {
		line("BEGIN", "VEVENT")
		line("UID", escape(e.UID))
		line("DTSTAMP", utc(e.Stamp))
		line("SEQUENCE", fmt.Sprint(max(e.Sequence, 0)))
		line("DTSTART", utc(e.At))
		line("SUMMARY", escape(e.Summary))
		if e.Description != "" {
			line("DESCRIPTION", escape(e.Description))
		}
		line("TRANSP", "TRANSPARENT") // a reminder keeps nobody busy
		for _, before := range e.Before {
			line("BEGIN", "VALARM")
			line("ACTION", "DISPLAY")
			line("TRIGGER", "-"+duration(before))
			line("DESCRIPTION", escape(e.Summary))
			line("END", "VALARM")
		}
		line("END", "VEVENT")
	}
	line("END", "VCALENDAR")
	return []byte(b.String())
}

// CalendarFile is a calendar as an attachment.
func CalendarFile(name string, events ...Event) File {
	return File{Name: name, Type: "text/calendar; charset=utf-8; method=PUBLISH", Content: Calendar(events...)}
}

func utc(t time.Time) string { return t.UTC().Format("20060102T150405Z") }

// duration writes whole seconds, RFC 5545 3.3.6; days where it is days.
func duration(d time.Duration) string {
	d = max(d, 0).Truncate(time.Second)
	if d%day == 0 {
		return fmt.Sprintf("P%dD", d/day)
	}
	return fmt.Sprintf("PT%dS", int64(d/time.Second))
}

// escape writes TEXT, RFC 5545 3.3.11.
func escape(text string) string {
	text = strings.ToValidUTF8(strings.ReplaceAll(text, "\r\n", "\n"), "\uFFFD")
	text = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 {
			return -1
		}
		return r
	}, text)
	return strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\n", `\n`).Replace(text)
}

// lineOctets is how long a line may be without its end, RFC 5545 3.1.
const lineOctets = 75

// fold cuts a content line into lines of 75 octets, never inside a character.
func fold(text string) string {
	var b strings.Builder
	room := lineOctets
	for len(text) > room {
		n := room
		for !utf8.RuneStart(text[n]) {
			n--
		}
		b.WriteString(text[:n] + "\r\n ")
		text, room = text[n:], lineOctets-1
	}
	return b.String() + text + "\r\n"
}
