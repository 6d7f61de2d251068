package ra_test

import (
	"context"
	"encoding/json"
	"testing"

	"onecert/pki"
	"onecert/pkitest"
	"onecert/ra"
)

// FuzzDossier hands up what no counter made: it is taken or refused with a reason, and
// the records stay whole.
func FuzzDossier(f *testing.F) {
	h := newHouse(f, pkitest.SQLite(f), nil)
	c := newOutpost(f, h, pkitest.SQLite(f), false)
	c.sync()
	a, err := c.room.Register(as("lra9.registrar"), person(f, 1, "张示例"))
	if err != nil {
		f.Fatal(err)
	}
	history, err := c.room.History(as("lra9.registrar"), a.ID)
	if err != nil {
		f.Fatal(err)
	}
	d := ra.Dossier{Application: *a, History: history}
	d.Application.Fields = person(f, 1, "张示例").Fields
	for _, act := range []struct {
		event string
		state ra.State
	}{{"edit", ra.Draft}, {"submit", ra.Submitted}, {"ask-withdraw", ra.Submitted}, {"conflict", ra.Withdrawn}, {"approve", ra.Approved}} {
		text, err := json.Marshal(d)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
		goesOn(&d, act.event, act.state)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var d ra.Dossier
		if json.Unmarshal(text, &d) != nil {
			return
		}
		answers, err := h.room.HandUp(asSite(context.Background(), site), []ra.Dossier{d})
		if err != nil || len(answers) != 1 {
			t.Fatalf("%v, kind %v", err, pki.KindOf(err))
		}
	})
}
