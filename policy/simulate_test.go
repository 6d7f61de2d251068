package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

// A log written line by line is read again as it was, and a replay finds what Compare
// finds.
func TestReplay(t *testing.T) {
	d := dice{rand.New(rand.NewPCG(5, 5))}
	before, err := Compile(d.rules())
	if err != nil {
		t.Fatal(err)
	}
	after := compiled(t, townHall)
	var log bytes.Buffer
	var requests []Request
	for i := range 500 {
		r := d.request()
		requests = append(requests, *r)
		line, err := json.Marshal(Recorded{Request: *r, ID: fmt.Sprint("q", i), Decision: before.Decide(r)})
		if err != nil {
			t.Fatal(err)
		}
		var back Recorded
		if err := json.Unmarshal(line, &back); err != nil || !reflect.DeepEqual(back.Request.Subject, r.Subject) || back.Address != r.Address || !back.At.Equal(r.At) {
			t.Fatalf("%v %s", err, line)
		}
		log.Write(bytes.Replace(line, []byte("{"), []byte(`{"bytes": 7, "back_end": {"took": 1},`), 1))
		log.WriteByte('\n')
	}
	var changes []Change
	tally, err := Replay(before, after, &log, func(c *Change) error { changes = append(changes, *c); return nil })
	if err != nil || tally.Requests != 500 || tally.Unreadable != 0 || tally.Drifted != 0 {
		t.Fatalf("%+v %v", tally, err)
	}
	want := Compare(before, after, requests)
	if len(changes) != len(want) || len(want) < 20 {
		t.Fatalf("%d changes, and Compare has %d", len(changes), len(want))
	}
	sum := int64(0)
	for _, n := range tally.Changed {
		sum += n
	}
	for i := range want {
		if changes[i].Before != want[i].Before || changes[i].After != want[i].After || changes[i].Line != want[i].Line || changes[i].ID == "" {
			t.Errorf("%+v is not %+v", changes[i], want[i])
		}
	}
	if sum != int64(len(want)) {
		t.Errorf("%+v", tally)
	}
	if same := Compare(after, after, requests); len(same) != 0 {
		t.Errorf("%+v", same)
	}
}

// What is no record is counted and named, and a log that breaks off is an error.
func TestReplayOfDamagedLogs(t *testing.T) {
	set := compiled(t, townHall)
	r := request(nil)
	good, err := json.Marshal(Recorded{Request: *r, Decision: Decision{Allowed: true, Reason: ReasonRule, Rule: "gone"}})
	if err != nil {
		t.Fatal(err)
	}
	log := strings.Join([]string{string(good), "", "nonsense", `{"msg": "started"}`, `{"at": 5}`, strings.Repeat("x", maxLine+5), string(good)}, "\n")
	tally, err := Replay(set, set, strings.NewReader(log), func(*Change) error { return nil })
	if err != nil || tally.Requests != 2 || tally.Unreadable != 4 || tally.FirstBad != 3 || tally.Drifted != 2 || len(tally.Changed) != 0 {
		t.Errorf("%+v %v", tally, err)
	}
	broken := errors.New("broken off")
	if _, err := Replay(set, set, &failing{text: log[:200], err: broken}, func(*Change) error { return nil }); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	if _, err := Replay(nil, compiled(t, "version: 1\ndefault: allow\nrules: []"), strings.NewReader(log), func(*Change) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
}

type failing struct {
	text string
	err  error
}

func (f *failing) Read(b []byte) (int, error) {
	if f.text == "" {
		return 0, f.err
	}
	n := copy(b, f.text)
	f.text = f.text[n:]
	return n, nil
}

func TestKindsOfChange(t *testing.T) {
	yes, no := Decision{Allowed: true, Reason: ReasonRule, Rule: "a"}, Decision{Reason: ReasonDefault}
	for want, c := range map[ChangeKind]Change{
		NewlyAllowed: {Before: no, After: yes}, NewlyDenied: {Before: yes, After: no},
		OtherLevel: {Before: no, After: Decision{Reason: ReasonDefault, Missing: 2}},
		OtherRule:  {Before: yes, After: Decision{Allowed: true, Reason: ReasonRule, Rule: "b"}},
	} {
		if c.Kind() != want {
			t.Errorf("%s: %s", want, c.Kind())
		}
	}
	renamed := yes
	if renamed.Name = "新名称"; differs(yes, renamed) {
		t.Error("a new name is no change")
	}
}

// Whatever a line of a log says, it is judged without harm, and both ways alike.
func FuzzRecord(f *testing.F) {
	set := compiled(f, townHall)
	line, err := json.Marshal(Recorded{Request: *request(nil), Decision: Decision{Reason: ReasonDefault}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(line)
	f.Add([]byte(`{"decision":{"reason":"rule"},"subject":{"login":"certificate","level":2,"certificate":{"subject":[{"type":"O","value":"示例市局"}],"issuer":[{"type":"CN","value":"x"}],"serial":"01","sha256":"` + print64(1) + `"}}}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		record, ok := readRecord(line)
		if !ok {
			return
		}
		if d, e := set.Decide(&record.Request), set.Explain(&record.Request); d != e.Decision {
			t.Errorf("%+v, and explained %+v", d, e.Decision)
		}
	})
}
