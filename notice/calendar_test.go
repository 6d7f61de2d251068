package notice_test

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"onecert/notice"
)

func events() []notice.Event {
	at := time.Date(2027, 1, 31, 16, 0, 0, 0, time.FixedZone("CST", 8*3600))
	return []notice.Event{
		{UID: "01ab@ca.example", Sequence: 2, Stamp: at.AddDate(0, -2, 0), At: at, Summary: "证书到期：示例市民政局；办公系统, 主站",
			Description: "序列号 01ab\n请登录 https://ca.example/self?a=1,2;b=\\3 更新。" + strings.Repeat("网络信任", 40), Before: []time.Duration{7 * 24 * time.Hour, 90 * time.Minute}},
		{UID: "02@ca.example", Stamp: at, At: at, Summary: "a\r\nBEGIN:VEVENT\r\nX-EVIL:1\x00\x07 \U0001F512"},
	}
}

// Another program reads the file as it was meant: icalendar for Python.
func TestCalendarByIcalendar(t *testing.T) {
	command := exec.Command("/usr/bin/python3", "-c", `
import icalendar, json, sys
c = icalendar.Calendar.from_ical(sys.stdin.buffer.read())
print(json.dumps({"method": str(c["METHOD"]), "errors": [str(e) for x in c.walk() for e in x.errors], "events": [{
    "uid": str(e["UID"]), "start": e["DTSTART"].dt.isoformat(), "stamp": e["DTSTAMP"].dt.isoformat(), "summary": str(e["SUMMARY"]),
    "description": str(e.get("DESCRIPTION", "")), "sequence": int(e["SEQUENCE"]), "names": sorted(e.keys()),
    "alarms": [-a["TRIGGER"].dt.total_seconds() for a in e.walk("VALARM")]} for e in c.walk("VEVENT")]}))`)
	command.Stdin = bytes.NewReader(notice.Calendar(events()...))
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Method string
		Errors []string
		Events []struct {
			UID, Start, Stamp, Summary, Description string
			Sequence                                int
			Alarms                                  []float64
			Names                                   []string
		}
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Events) != 2 || got.Method != "PUBLISH" || len(got.Errors) != 0 {
		t.Fatalf("%s", out)
	}
	first, second, want := got.Events[0], got.Events[1], events()
	if first.UID != want[0].UID || first.Summary != want[0].Summary || first.Description != want[0].Description ||
		first.Start != "2027-01-31T08:00:00+00:00" || first.Sequence != 2 || len(first.Alarms) != 2 || first.Alarms[0] != 7*86400 || first.Alarms[1] != 5400 {
		t.Errorf("%+v", first)
	}
	if second.Summary != "a\nBEGIN:VEVENT\nX-EVIL:1 \U0001F512" || strings.Join(second.Names, " ") != "DTSTAMP DTSTART SEQUENCE SUMMARY TRANSP UID" {
		t.Errorf("%+v", second)
	}
}

// RFC 5545 3.1: lines of 75 octets and CRLF, no character cut.
func checkLines(t *testing.T, calendar []byte) {
	t.Helper()
	text, ok := strings.CutSuffix(string(calendar), "\r\n")
	for line := range strings.SplitSeq(text, "\r\n") {
		if len(line) > 75 || !utf8.ValidString(line) || strings.ContainsFunc(line, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
			t.Errorf("%q", line)
		}
		if line == "" || !strings.HasPrefix(line, " ") && !strings.Contains(line, ":") {
			t.Errorf("no content line: %q", line)
		}
	}
	if !ok {
		t.Error("it does not end with a line")
	}
}

func TestCalendarLines(t *testing.T) {
	for n := range 200 {
		checkLines(t, notice.Calendar(notice.Event{UID: "1", Summary: strings.Repeat("a", n) + strings.Repeat("信", 60)}))
	}
}

// Whatever stands in a text, it comes back when unfolded and unescaped, and ends no line.
func FuzzCalendarText(f *testing.F) {
	for _, text := range []string{"证书", "a;b,c\\n\n", "a\r\nEND:VEVENT", strings.Repeat("信\\", 50), "\xff\x00", "\t", "\u0085"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		calendar := notice.Calendar(notice.Event{UID: "1", Summary: text})
		checkLines(t, calendar)
		unfolded := strings.ReplaceAll(string(calendar), "\r\n ", "")
		if strings.Count(unfolded, "\r\n") != 14 || strings.Count(unfolded, "\r\nEND:") != 2 {
			t.Fatalf("%q", unfolded)
		}
		_, rest, _ := strings.Cut(unfolded, "\r\nSUMMARY:")
		value, _, _ := strings.Cut(rest, "\r\n")
		back := strings.NewReplacer(`\\`, `\`, `\;`, ";", `\,`, ",", `\n`, "\n").Replace(value)
		want := strings.Map(func(r rune) rune {
			if r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 {
				return -1
			}
			return r
		}, strings.ToValidUTF8(strings.ReplaceAll(text, "\r\n", "\n"), "\uFFFD"))
		if back != want {
			t.Fatalf("%q came back as %q", want, back)
		}
	})
}
