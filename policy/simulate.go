package policy

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Change is a request that another policy answers otherwise.
type Change struct {
	Line    int64    `json:"line"` // of the record, from 1; of Compare: the place in its slice
	ID      string   `json:"request_id,omitempty"`
	Request *Request `json:"request"`
	Before  Decision `json:"before"`
	After   Decision `json:"after"`
}

// Kind of the change, for counting.
func (c *Change) Kind() ChangeKind {
	switch {
	case c.After.Allowed && !c.Before.Allowed:
		return NewlyAllowed
	case c.Before.Allowed && !c.After.Allowed:
		return NewlyDenied
	case c.Before.Missing != c.After.Missing:
		return OtherLevel
	}
	return OtherRule
}

// ChangeKind is what a change means for the person.
type ChangeKind string

// The kinds of change.
const (
	NewlyAllowed ChangeKind = "newly-allowed"
	NewlyDenied  ChangeKind = "newly-denied"
	OtherLevel   ChangeKind = "other-level" // denied both times, and another login is asked for
	OtherRule    ChangeKind = "other-rule"  // the same answer by another rule
)

// differs: by what the person meets, or by the rule that decides. A rule that was only
// renamed is the same.
func differs(before, after Decision) bool {
	before.Name, after.Name = "", ""
	return before != after
}

// Compare asks two policies about requests and returns those they answer differently.
func Compare(before, after *Set, requests []Request) (changes []Change) {
	for i := range requests {
		r := &requests[i]
		if a, b := before.Decide(r), after.Decide(r); differs(a, b) {
			changes = append(changes, Change{Line: int64(i + 1), Request: r, Before: a, After: b})
		}
	}
	return changes
}

// Tally counts a replay.
type Tally struct {
	Requests   int64                `json:"requests"`
	Unreadable int64                `json:"unreadable"`          // lines that are no record
	FirstBad   int64                `json:"first_bad,omitempty"` // line of the first one
	Drifted    int64                `json:"drifted"`             // answered otherwise by the first policy than recorded
	Changed    map[ChangeKind]int64 `json:"changed"`             // by kind; kinds that did not occur are absent
}

// maxLine bounds one line of a log.
const maxLine = 1 << 20

// Replay asks two policies about the requests of an access log (Recorded, one JSON
// object a line) and tells each change as it comes. It holds one line at a time. An
// error of tell ends it; lines that cannot be read are counted, not passed over in
// silence.
func Replay(before, after *Set, log io.Reader, tell func(*Change) error) (Tally, error) {
	tally := Tally{Changed: map[ChangeKind]int64{}}
	lines := bufio.NewReaderSize(log, 64<<10)
	for line := int64(1); ; line++ {
		text, err := readLine(lines)
		if errors.Is(err, io.EOF) {
			return tally, nil
		}
		if err != nil {
			return tally, fmt.Errorf("reading line %d of the log: %w", line, err)
		}
		if len(bytes.TrimSpace(text)) == 0 && text != nil {
			continue
		}
		record, ok := readRecord(text)
		if !ok {
			if tally.Unreadable++; tally.FirstBad == 0 {
				tally.FirstBad = line
			}
			continue
		}
		tally.Requests++
		a, b := before.Decide(&record.Request), after.Decide(&record.Request)
		if differs(a, record.Decision) {
			tally.Drifted++
		}
		if !differs(a, b) {
			continue
		}
		change := &Change{line, record.ID, &record.Request, a, b}
		tally.Changed[change.Kind()]++
		if err := tell(change); err != nil {
			return tally, err
		}
	}
}

// readRecord reads one line; what a log carries beside a record is passed over.
func readRecord(text []byte) (record *Recorded, ok bool) {
	record = new(Recorded)
	if text == nil || json.Unmarshal(text, record) != nil || record.Decision.Reason == "" {
		return nil, false
	}
	return record, true
}

// readLine returns the next line, nil for one that is too long, and io.EOF at the end.
func readLine(from *bufio.Reader) (line []byte, err error) {
	tooLong := false
	line = []byte{}
	for {
		part, err := from.ReadSlice('\n')
		if !tooLong {
			line = append(line, part...)
		}
		tooLong = tooLong || len(line) > maxLine
		switch {
		case err == nil || errors.Is(err, io.EOF) && (len(line) > 0 || tooLong):
			if tooLong {
				return nil, nil
			}
			return line, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		}
	}
}
