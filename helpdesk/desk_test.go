package helpdesk_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"onecert/audit"
	"onecert/helpdesk"
	"onecert/notice"
	"onecert/pki"
	"onecert/pkitest"
)

// One ticket from the question to the rating, on each engine.
func TestTicketFromQuestionToRating(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		h := open(t, source)
		ticket, code := h.opened(question())
		me := helpdesk.Person{Code: strings.ToLower(code)}
		n := ticket.Number
		if n != "T-2026-000001" || ticket.State != helpdesk.Open || !ticket.Due.Equal(cn("2026-11-24 18:00")) || len(code) != 26 {
			t.Fatalf("%+v %s", ticket, code)
		}
		h.clock.set(cn("2026-11-23 10:00"))
		h.must(h.do("ra1.registrar", n, helpdesk.Take, ""))
		h.must(h.do("ra1.registrar", n, helpdesk.Note, "以前也锁过"))
		waiting := h.must(h.do("ra1.registrar", n, helpdesk.Ask, "Key 的型号是什么？"))
		if waiting.State != helpdesk.Waiting || waiting.Left != 15*time.Hour || waiting.Officer != "ra1.registrar" {
			t.Errorf("%+v", waiting)
		}
		h.clock.set(cn("2026-11-30 09:00")) // the person takes a week: that is not the desk's
		back := h.must(h.desk.Say(t.Context(), me, n, "型号 A1"))
		if back.State != helpdesk.Working || !back.Due.Equal(cn("2026-12-01 17:00")) {
			t.Errorf("%+v", back)
		}
		h.clock.set(cn("2026-12-01 17:30"))
		h.must(h.do("ra1.registrar", n, helpdesk.Resolve, "已远程解锁"))
		again := h.must(h.desk.Say(t.Context(), helpdesk.Person{Holder: "h-000017"}, n, "又锁了"))
		if again.State != helpdesk.Working || again.Late || !again.Due.Equal(cn("2026-12-03 17:30")) {
			t.Errorf("opened again: %+v", again)
		}
		h.must(h.do("ra1.issuer", n, helpdesk.Resolve, "换了一个新的 Key"))
		rated := h.must(h.desk.Judge(t.Context(), me, n, 4, "谢谢"))
		if rated.State != helpdesk.Closed || rated.Rating != 4 || rated.Late {
			t.Errorf("%+v", rated)
		}
		var seen []string
		for _, turn := range rated.Turns {
			seen = append(seen, turn.By+" "+string(turn.Event))
		}
		if strings.Join(seen, ", ") != "person open, ra1.registrar ask, person reply, ra1.registrar resolve, person reply, ra1.issuer resolve, person rate" {
			t.Errorf("the person sees %q", seen)
		}
		whole := h.must(h.desk.Ticket(as("ra1.reviewer"), n))
		if len(whole.Turns) != 9 || whole.Turns[2].Text != "以前也锁过" || !whole.Turns[2].Internal || whole.Name != "李四" || len(whole.Legal) != 0 {
			t.Errorf("%+v", whole)
		}
		acts, err := h.log.Search(t.Context(), audit.Query{Act: "desk."})
		if err != nil || len(acts) != 9 || acts[0].Actor != "person" || acts[0].Subject != "h-000017" || acts[3].Object != n {
			t.Errorf("%d acts, %v", len(acts), err)
		}
		mails, err := h.mails.List(t.Context(), "", 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		var kinds []string
		for _, m := range mails {
			kinds = append(kinds, m.Kind)
		}
		if strings.Join(kinds, " ") != "desk.open desk.ask desk.resolve desk.resolve" {
			t.Errorf("mails: %q", kinds)
		}
	})
}

// Officers see and do only in their subtree; a node whose name begins like another's is
// another.
func TestBranches(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		h := open(t, source)
		ticket, _ := h.opened(question())
		for who, sees := range map[string]bool{"centre.audit": true, "ra1.reviewer": true, "lra1.registrar": false, "ra2.reviewer": false, "ra11.reviewer": false} {
			_, err := h.desk.Ticket(as(who), ticket.Number)
			list, listErr := h.desk.Tickets(as(who), helpdesk.Query{})
			if (err == nil) != sees || listErr != nil || (len(list.Items) == 1) != sees {
				t.Errorf("%s: %v, %+v listed, %v", who, err, list, listErr)
			}
			if !sees {
				if _, err := h.desk.Do(as(who), ticket.Number, helpdesk.Step{Version: 1, Event: helpdesk.Take}); pki.KindOf(err) != pki.Unknown && pki.KindOf(err) != pki.Forbidden {
					t.Errorf("%s: %v", who, err)
				}
				if m, err := h.desk.Report(as(strings.Replace(who, "registrar", "reviewer", 1)), "2026-11"); err != nil || m.Opened != 0 {
					t.Errorf("%s: %+v %v", who, m, err)
				}
			}
		}
		for who, code := range map[string]string{"ra1.system": "officer.forbidden", "ra1.audit": "officer.forbidden"} {
			if _, err := h.desk.Do(as(who), ticket.Number, helpdesk.Step{Version: 1, Event: helpdesk.Take}); pki.CodeOf(err) != code {
				t.Errorf("%s: %v", who, err)
			}
		}
		forward := func(to, code string) {
			t.Helper()
			now := h.must(h.desk.Ticket(as("ra1.reviewer"), ticket.Number))
			moved, err := h.desk.Do(as("ra1.reviewer"), ticket.Number, helpdesk.Step{Version: now.Version, Event: helpdesk.Forward, Text: "请处理", To: to})
			if err != nil && pki.CodeOf(err) != code || err == nil && (code != "" || moved.Node != to) {
				t.Errorf("to %s: %v", to, err)
			}
		}
		forward("ra2", "desk.forward")
		forward("nowhere", "node.unknown")
		forward("lra1", "")
		h.must(h.desk.Ticket(as("lra1.registrar"), ticket.Number))
		forward("centre", "")
		if _, err := h.desk.Ticket(as("ra1.reviewer"), ticket.Number); pki.KindOf(err) != pki.Unknown {
			t.Errorf("still seen below: %v", err)
		}
	})
}

// A person sees only what is the person's, and is not told what else there is.
func TestPersons(t *testing.T) {
	h := open(t, pkitest.SQLite(t))
	first, code := h.opened(question())
	q := question()
	q.Holder = ""
	second, other := h.opened(q)
	for _, c := range []struct {
		who    helpdesk.Person
		number string
		sees   bool
	}{
		{helpdesk.Person{Holder: "h-000017"}, first.Number, true}, {helpdesk.Person{Code: code}, first.Number, true}, {helpdesk.Person{Code: other}, second.Number, true},
		{helpdesk.Person{Code: other}, first.Number, false}, {helpdesk.Person{Holder: "h-000018"}, first.Number, false}, {helpdesk.Person{}, first.Number, false},
		{helpdesk.Person{}, second.Number, false}, {helpdesk.Person{Holder: "h-000017"}, second.Number, false}, {helpdesk.Person{Code: code}, "T-2026-000099", false},
		{helpdesk.Person{Code: code}, "' OR 1=1 --", false},
	} {
		_, err := h.desk.Look(t.Context(), c.who, c.number)
		if (err == nil) != c.sees || err != nil && pki.CodeOf(err) != "desk.unknown" {
			t.Errorf("%+v %s: %v", c.who, c.number, err)
		}
		if !c.sees {
			if _, err := h.desk.Say(t.Context(), c.who, c.number, "x"); pki.CodeOf(err) != "desk.unknown" {
				t.Errorf("%+v %s says: %v", c.who, c.number, err)
			}
			if _, err := h.desk.Judge(t.Context(), c.who, c.number, 1, ""); pki.CodeOf(err) != "desk.unknown" {
				t.Errorf("%+v %s judges: %v", c.who, c.number, err)
			}
		}
	}
	mine, err := h.desk.Mine(t.Context(), "h-000017", helpdesk.MineQuery{Limit: 1})
	if err != nil || len(mine.Items) != 1 || mine.Items[0].Number != first.Number || mine.Items[0].Subject == "" || mine.After != "" {
		t.Errorf("%+v %v", mine, err)
	}
	if rest, err := h.desk.Mine(t.Context(), "h-000017", helpdesk.MineQuery{After: first.Number}); err != nil || len(rest.Items) != 0 {
		t.Errorf("%+v %v", rest, err)
	}
	if _, err := h.desk.Mine(t.Context(), "h-000017", helpdesk.MineQuery{After: "x"}); pki.CodeOf(err) != "desk.after" {
		t.Error(err)
	}
	if _, err := h.desk.Mine(t.Context(), "", helpdesk.MineQuery{}); err == nil {
		t.Error("everybody's tickets were listed for nobody")
	}
}

func TestDeskRefuses(t *testing.T) {
	h := open(t, pkitest.SQLite(t))
	for code, change := range map[string]func(*helpdesk.Question){
		"desk.kind":      func(q *helpdesk.Question) { q.Kind = "x" },
		"desk.text":      func(q *helpdesk.Question) { q.Text = strings.Repeat("长", 4001) },
		"desk.holder":    func(q *helpdesk.Question) { q.Holder = "a b" },
		"notice.address": func(q *helpdesk.Question) { q.Contact = "a@b\r\nBcc: c@d" },
	} {
		q := question()
		change(&q)
		if _, _, err := h.desk.OpenFor(t.Context(), "ra1", q); pki.CodeOf(err) != code {
			t.Errorf("%s: %v", code, err)
		}
	}
	for _, change := range []func(*helpdesk.Question){
		func(q *helpdesk.Question) { q.Name = "" }, func(q *helpdesk.Question) { q.Subject = "a\nb" }, func(q *helpdesk.Question) { q.Text = "\x00" },
		func(q *helpdesk.Question) { q.Name = "a\u202eb" }, func(q *helpdesk.Question) { q.Subject = "\xff" },
	} {
		q := question()
		change(&q)
		if _, _, err := h.desk.OpenFor(t.Context(), "ra1", q); pki.CodeOf(err) != "desk.text" {
			t.Errorf("%+v: %v", q, err)
		}
	}
	ticket, _ := h.opened(question())
	me := helpdesk.Person{Holder: "h-000017"}
	h.must(h.do("ra1.reviewer", ticket.Number, helpdesk.Take, ""))
	step := func(s helpdesk.Step) error {
		_, err := h.desk.Do(as("ra1.reviewer"), ticket.Number, s)
		return err
	}
	for code, err := range map[string]error{
		"desk.version": step(helpdesk.Step{Version: 1, Event: helpdesk.Answer, Text: "x"}), // two at once: the second is told
		"desk.event":   step(helpdesk.Step{Version: 2, Event: helpdesk.Rate, Text: "x"}),
		"desk.text":    step(helpdesk.Step{Version: 2, Event: helpdesk.Answer}),
		"desk.rating":  func() error { _, err := h.desk.Judge(t.Context(), me, ticket.Number, 6, ""); return err }(),
		"desk.state":   func() error { _, err := h.desk.Judge(t.Context(), me, ticket.Number, 5, ""); return err }(),
		"desk.month":   func() error { _, err := h.desk.Report(as("ra1.reviewer"), "11/2026"); return err }(),
	} {
		if pki.CodeOf(err) != code {
			t.Errorf("%s: %v", code, err)
		}
	}
	refused, err := h.log.Search(t.Context(), audit.Query{Act: "desk.answer"})
	if err != nil || len(refused) != 1 || refused[0].Result != audit.Refused {
		t.Errorf("%+v %v", refused, err)
	}
}

// Property: whatever happens in whatever order, the invariants hold, closed stays
// closed, and the report counts what a recount finds.
func TestDeskWalk(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		h := open(t, source)
		r := rand.New(rand.NewPCG(5, 6))
		events := []helpdesk.Event{helpdesk.Take, helpdesk.Answer, helpdesk.Note, helpdesk.Ask, helpdesk.Resolve}
		var numbers []string
		closed := map[string]bool{}
		for range 250 {
			h.clock.on(time.Duration(r.IntN(8*60)) * time.Minute)
			me := helpdesk.Person{Holder: "h-000017"}
			if len(numbers) == 0 || r.IntN(8) == 0 {
				q := question()
				q.Urgent = r.IntN(2) == 0
				ticket, _ := h.opened(q)
				numbers = append(numbers, ticket.Number)
				continue
			}
			n := numbers[r.IntN(len(numbers))]
			var after *helpdesk.Ticket
			var err error
			switch r.IntN(8) {
			case 0:
				after, err = h.desk.Say(t.Context(), me, n, "还有一个问题")
			case 1:
				after, err = h.desk.Judge(t.Context(), me, n, 1+r.IntN(5), "")
			case 2:
				err = h.desk.Tidy(t.Context())
			default:
				after, err = h.do("ra1.registrar", n, events[r.IntN(len(events))], "好的")
			}
			if err != nil && pki.CodeOf(err) != "desk.state" {
				t.Fatal(err)
			}
			if err == nil && after != nil {
				if closed[n] {
					t.Fatalf("%s was closed and is %s", n, after.State)
				}
				closed[n] = after.State == helpdesk.Closed
			}
		}
		recount(t, h)
	})
}

// recount compares the report of each month with the tickets themselves.
func recount(t *testing.T, h *house) {
	t.Helper()
	var all []*helpdesk.Ticket
	for _, state := range []helpdesk.State{helpdesk.Open, helpdesk.Working, helpdesk.Waiting, helpdesk.Resolved, helpdesk.Closed} {
		for after := ""; ; {
			page, err := h.desk.Tickets(as("centre.audit"), helpdesk.Query{State: state, Limit: 7, After: after})
			if err != nil {
				t.Fatal(err)
			}
			all, after = append(all, page.Items...), page.After
			if after == "" {
				break
			}
		}
	}
	opened, resolved, late, ratings, pending := 0, 0, 0, 0, 0
	for _, ticket := range all {
		opened++
		if ticket.State == helpdesk.Resolved || ticket.State == helpdesk.Closed {
			resolved++
		} else {
			pending++
		}
		if ticket.Late {
			late++
		}
		if ticket.Rating > 0 {
			ratings++
		}
	}
	var sum helpdesk.Month
	rated := 0
	last := h.clock.now()
	for m := cn("2026-11-01 00:00"); m.Before(last); m = m.AddDate(0, 1, 0) {
		month, err := h.desk.Report(as("centre.reviewer"), m.Format("2006-01"))
		if err != nil {
			t.Fatal(err)
		}
		sum.Opened, sum.Resolved, sum.Late = sum.Opened+month.Opened, sum.Resolved+month.Resolved, sum.Late+month.Late
		sum.Pending = month.Pending
		for _, n := range month.Ratings {
			rated += n
		}
		if month.InTime+month.Late != month.Resolved || month.Share < 0 || month.Share > 1 {
			t.Errorf("%+v", month)
		}
	}
	if sum.Opened != opened || sum.Resolved != resolved || sum.Late != late || rated != ratings || sum.Pending != pending || opened < 10 || resolved == 0 {
		t.Errorf("reported %+v and %d ratings; there are %d, %d resolved, %d late, %d rated, %d pending", sum, rated, opened, resolved, late, ratings, pending)
	}
	figures, err := h.desk.Figures(t.Context())
	if err != nil || figures.Overdue > figures.Pending || figures.Pending > pending {
		t.Errorf("%+v %v", figures, err)
	}
}

// Who was asked and says nothing for a month needs no more help; what nobody does anything
// about for half a year is closed late. The conversation says why.
func TestNobodyComesBack(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		h := open(t, source)
		asked, code := h.opened(question())
		h.must(h.do("ra1.reviewer", asked.Number, helpdesk.Take, ""))
		h.must(h.do("ra1.reviewer", asked.Number, helpdesk.Ask, "哪个系统？"))
		open, _ := h.opened(question())
		replied, replies := h.opened(question())
		h.must(h.do("ra1.reviewer", replied.Number, helpdesk.Take, ""))
		h.must(h.do("ra1.reviewer", replied.Number, helpdesk.Ask, "哪个系统？"))
		stand := func(want ...helpdesk.State) (all []*helpdesk.Ticket) {
			t.Helper()
			if err := h.desk.Tidy(t.Context()); err != nil {
				t.Fatal(err)
			}
			for i, number := range []string{asked.Number, open.Number, replied.Number} {
				now := h.must(h.desk.Ticket(as("ra1.reviewer"), number))
				if all = append(all, now); now.State != want[i] {
					t.Errorf("%s is %s, not %s", number, now.State, want[i])
				}
			}
			return all
		}
		h.clock.on(29 * 24 * time.Hour)
		stand(helpdesk.Waiting, helpdesk.Open, helpdesk.Waiting)
		h.must(h.desk.Say(t.Context(), helpdesk.Person{Code: replies}, replied.Number, "协同办公"))
		h.clock.on(2 * 24 * time.Hour)
		all := stand(helpdesk.Closed, helpdesk.Open, helpdesk.Working)
		if all[0].Late || all[0].Resolved.IsZero() || all[0].Closed.IsZero() {
			t.Errorf("%+v", all[0])
		}
		seen := h.must(h.desk.Look(t.Context(), helpdesk.Person{Code: code}, asked.Number))
		if last := seen.Turns[len(seen.Turns)-1]; last.Event != helpdesk.Close || !strings.Contains(last.Text, "30 ") {
			t.Errorf("%+v", last)
		}
		h.clock.on(150 * 24 * time.Hour)
		if all = stand(helpdesk.Closed, helpdesk.Closed, helpdesk.Working); !all[1].Late {
			t.Errorf("%+v", all[1])
		}
		h.clock.on(31 * 24 * time.Hour)
		stand(helpdesk.Closed, helpdesk.Closed, helpdesk.Closed)
	})
}

// What nobody came back to is closed, and years later what is personal is gone.
func TestTidy(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		h := open(t, source)
		ticket, code := h.opened(question())
		h.must(h.do("ra1.reviewer", ticket.Number, helpdesk.Take, ""))
		h.must(h.do("ra1.reviewer", ticket.Number, helpdesk.Resolve, "好了"))
		tidy := func() {
			t.Helper()
			if err := h.desk.Tidy(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		state := func(want helpdesk.State) {
			t.Helper()
			if now := h.must(h.desk.Ticket(as("ra1.reviewer"), ticket.Number)); now.State != want {
				t.Errorf("%s, want %s", now.State, want)
			}
		}
		h.clock.set(cn("2026-11-27 17:00")) // 39 hours of work later
		tidy()
		state(helpdesk.Resolved)
		h.clock.set(cn("2026-11-30 09:01"))
		tidy()
		state(helpdesk.Closed)
		if bytes.Contains(everything(t, h), []byte("李四")) || bytes.Contains(everything(t, h), []byte("锁住")) || bytes.Contains(everything(t, h), []byte(code)) || bytes.Contains(everything(t, h), []byte("li@people")) {
			t.Error("words stand in the clear")
		}
		h.clock.set(cn("2029-12-01 09:00"))
		tidy()
		gone := h.must(h.desk.Ticket(as("ra1.reviewer"), ticket.Number))
		if !gone.Erased || gone.Name != "" || gone.Holder != "" || slices.ContainsFunc(gone.Turns, func(turn helpdesk.Turn) bool { return turn.Text != "" }) {
			t.Errorf("%+v", gone)
		}
		if _, err := h.desk.Look(t.Context(), helpdesk.Person{Code: code}, ticket.Number); pki.CodeOf(err) != "desk.unknown" {
			t.Errorf("the code still opens it: %v", err)
		}
		ctx, stop := context.WithCancel(t.Context())
		stop()
		if err := h.desk.Run(ctx); err == nil {
			t.Error("Run ended without a reason")
		}
	})
}

func everything(t *testing.T, h *house) []byte {
	t.Helper()
	var b bytes.Buffer
	err := h.d.Tx(t.Context(), func(tx *sql.Tx) error {
		tables, err := h.d.Tables(t.Context(), tx)
		if err != nil {
			return err
		}
		for _, table := range tables {
			err := table.Each(t.Context(), tx, func(row []any) error { fmt.Fprintf(&b, "%s", row); return nil })
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A ticket and its mail are one: if the mail cannot be posted, nothing happened.
func TestTicketAndMailAreOne(t *testing.T) {
	h := open(t, pkitest.SQLite(t))
	if err := h.d.Tx(t.Context(), func(tx *sql.Tx) error { _, err := tx.Exec("ALTER TABLE notice RENAME TO gone"); return err }); err != nil {
		t.Fatal(err)
	}
	if _, _, err := h.desk.OpenFor(t.Context(), "ra1", question()); err == nil {
		t.Error("opened without its mail")
	}
	if mine, err := h.desk.Mine(t.Context(), "h-000017", helpdesk.MineQuery{}); err != nil || len(mine.Items) != 0 {
		t.Errorf("%+v tickets, %v", mine, err)
	}
	if _, err := notice.ParseAddress(question().Contact); err != nil {
		t.Error(err)
	}
}

// An officer whose post is nowhere sees nothing, rather than the whole tree.
func TestPostNowhere(t *testing.T) {
	h := open(t, pkitest.SQLite(t))
	h.opened(question())
	if all, err := h.desk.Tickets(as("elsewhere.reviewer"), helpdesk.Query{}); pki.CodeOf(err) != "desk.place" || all != nil {
		t.Errorf("%+v tickets, %v", all, err)
	}
}

// What waits for an officer is what nobody has taken yet and what he has taken himself,
// in his subtree.
func TestWaiting(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		h := open(t, source)
		taken, _ := h.opened(question())
		h.opened(question())
		if _, err := h.desk.Do(as("ra1.reviewer"), taken.Number, helpdesk.Step{Version: 1, Event: helpdesk.Take}); err != nil {
			t.Fatal(err)
		}
		for who, want := range map[string]int{"ra1.reviewer": 2, "ra1.issuer": 1, "centre.registrar": 1, "ra2.reviewer": 0} {
			if n, err := h.desk.Waiting(as(who)); err != nil || n != want {
				t.Errorf("%d wait for %s, %v", n, who, err)
			}
		}
		if _, err := h.desk.Waiting(as("ra1.system")); pki.CodeOf(err) != "officer.forbidden" {
			t.Error(err)
		}
	})
}
