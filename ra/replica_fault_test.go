package ra_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"onecert/pki"
	"onecert/pkitest"
	"onecert/ra"
)

// TestLinkUnderFire lets both offices act at random while the way breaks before and
// after every kind of call and the counter's process ends in the middle of it. At the
// end both tell the same, every act that was acknowledged stands in the history or in
// the words of a conflict, and nothing is there twice.
func TestLinkUnderFire(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		own := pkitest.SQLite(t)
		if strings.HasPrefix(source, "postgres") {
			own = pkitest.Postgres(t)
		}
		c := newOutpost(t, newHouse(t, source, nil), own, false)
		c.sync()
		f := &fire{outpost: c, dice: rand.New(rand.NewPCG(3, uint64(len(source)))), promised: map[string][]ra.Moment{}}
		for i := range 400 {
			c.clock.add(time.Duration(f.dice.IntN(90)) * time.Second)
			f.step(i)
		}
		c.cut(false)
		c.sync()
		c.sync()
		f.check()
	})
}

type fire struct {
	*outpost
	dice     *rand.Rand
	ids      []string
	promised map[string][]ra.Moment
	cuts     int
}

func (f *fire) step(i int) {
	switch f.dice.IntN(9) {
	case 0:
		if a, err := f.room.Register(as("lra9.registrar"), person(f.t, 1000+i, fmt.Sprintf("试用者%d", i))); err == nil {
			f.ids = append(f.ids, a.ID)
			f.note(a.ID)
		}
	case 1, 2, 3:
		f.below()
	case 4, 5, 6:
		f.above()
	default:
		f.try()
	}
}

// try synchronises over a way that breaks; sometimes the process ends over it.
func (f *fire) try() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	f.way.cut = func() (before, after error) {
		switch f.dice.IntN(7) {
		case 0:
			before = errCut
		case 1, 2:
			after = errCut
		case 3:
			cancel() // what was asked is done above; here nothing can be stored any more
		}
		return before, after
	}
	if err := f.room.Sync(ctx); err != nil {
		f.cuts++
		if f.dice.IntN(3) == 0 {
			f.kill()
			f.begin()
		}
	}
}

func (f *fire) pick() string {
	if len(f.ids) == 0 {
		return ""
	}
	return f.ids[max(0, len(f.ids)-1-f.dice.IntN(8))]
}

// below does at the counter what is legal there.
func (f *fire) below() {
	a, err := f.room.Application(as("lra9.registrar"), f.pick())
	if err != nil {
		return
	}
	d, who := ra.Decision{Version: a.Version}, as("lra9.registrar")
	switch {
	case a.State == ra.Draft || a.State == ra.Returned:
		if f.dice.IntN(4) == 0 {
			_, err = f.room.Edit(who, a.ID, ra.EditOf{Version: a.Version, Entry: ra.Entry{Operation: a.Operation, Fields: map[string]string{"unit": fmt.Sprintf("示例%d局", f.dice.IntN(99))}}})
		} else {
			_, err = f.room.Submit(who, a.ID, d)
		}
	case a.State == ra.Submitted && f.dice.IntN(3) == 0:
		d.Note = fmt.Sprintf("撤回%d", f.dice.IntN(1_000_000))
		_, err = f.room.Withdraw(who, a.ID, d)
	case a.State == ra.Issued && f.dice.IntN(2) == 0:
		_, err = f.room.HandOver(who, a.ID, d)
	default:
		return
	}
	if err == nil {
		f.note(a.ID)
	} else if pki.KindOf(err) == pki.Internal {
		f.t.Fatal(err)
	}
}

// note keeps what the counter has acknowledged.
func (f *fire) note(id string) {
	all := must[[]ra.Moment](f.t)(f.room.History(as("lra9.registrar"), id))
	f.promised[id] = append(f.promised[id], all[len(all)-1])
}

// above decides at the registration what is legal there.
func (f *fire) above() {
	a, err := f.Application(as("ra1.reviewer"), f.pick())
	if err != nil {
		return
	}
	d := ra.Decision{Version: a.Version, Note: "意见"}
	switch a.State {
	case ra.Submitted:
		act := []func(context.Context, string, ra.Decision) (*ra.Application, error){f.Approve, f.Approve, f.Approve, f.Return, f.Reject}[f.dice.IntN(5)]
		_, err = act(as("ra1.reviewer"), a.ID, d)
	case ra.Approved:
		_, err = f.CarryOut(as("ra1.issuer"), a.ID, d)
	case ra.Issued:
		_, err = f.HandOver(as("ra1.issuer"), a.ID, d)
	}
	if err != nil && pki.KindOf(err) == pki.Internal {
		f.t.Fatal(err)
	}
}

func (f *fire) check() {
	f.t.Helper()
	up := must[*ra.Page[*ra.Application]](f.t)(f.Applications(as("ra1.reviewer"), ra.Query{Node: "lra9", States: ra.AllStates(), Limit: 200}))
	if len(up.Items) != len(f.ids) {
		f.t.Errorf("%d were registered, %d are above", len(f.ids), len(up.Items))
	}
	states, conflicts := map[ra.State]int{}, 0
	for _, id := range f.ids {
		f.same(id)
		history := must[[]ra.Moment](f.t)(f.History(as("ra1.reviewer"), id))
		words := ""
		for _, m := range history {
			words += m.Note + "\n"
			if m.Event == "conflict" {
				conflicts++
			}
		}
		for _, m := range f.promised[id] {
			if !slices.Contains(history, m) && (m.Note == "" || !strings.Contains(words, m.Note)) && !done(history, m) {
				f.t.Errorf("%s: %+v is lost", id, m)
			}
		}
		states[history[len(history)-1].State]++
	}
	f.t.Logf("%d applications %v, the way broke %d times, %d conflicts", len(f.ids), states, f.cuts, conflicts)
	if f.cuts < 10 || states[ra.Delivered] == 0 || states[ra.Withdrawn] == 0 {
		f.t.Error("too little happened to prove anything")
	}
}

// done says that what the counter had done was done above as well.
func done(history []ra.Moment, m ra.Moment) bool {
	last := history[len(history)-1].State
	return m.Event == "ask-withdraw" && last == ra.Withdrawn || m.Event == "deliver" && last == ra.Delivered
}
