package notice_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"onecert/db"
	"onecert/notice"
	"onecert/pki"
	"onecert/pkitest"
)

// mailHouse is an outbox on each engine with a mail server of ours.
func mailHouse(t *testing.T, act func(t *testing.T, h *house, s *mailServer)) {
	t.Helper()
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		s := newMailServer(t, notice.STARTTLS)
		act(t, open(t, source, func(c *notice.Config) { c.SMTP = s.smtp(t) }), s)
	})
}

// A notice exists if and only if the act does, and once.
func TestPostIsPartOfTheAct(t *testing.T) {
	mailHouse(t, func(t *testing.T, h *house, s *mailServer) {
		undone := errors.New("the act failed")
		err := h.tx(func(tx *sql.Tx) error {
			if _, err := h.o.Post(t.Context(), tx, mailTo("a", "li@people.example")); err != nil {
				t.Error(err)
			}
			return undone
		})
		if !errors.Is(err, undone) {
			t.Fatal(err)
		}
		h.settle()
		if _, err := h.o.Of(t.Context(), "a"); pki.KindOf(err) != pki.Unknown || len(s.got()) != 0 {
			t.Errorf("a notice of an act that was not done: %v, %d mails", err, len(s.got()))
		}
		if !h.post(mailTo("a", "li@people.example")) || h.post(mailTo("a", "other@people.example")) {
			t.Error("posted twice under one key")
		}
		h.settle()
		h.settle()
		h.again()
		h.settle()
		if h.post(mailTo("a", "li@people.example")) {
			t.Error("posted again after it was sent")
		}
		mails := s.got()
		if len(mails) != 1 || mails[0].to != "TO:<li@people.example>" || !strings.HasPrefix(mails[0].from, "FROM:<notice@ca.example>") {
			t.Errorf("sent: %+v", mails)
		}
		h.is("a", notice.Sent, "smtp 250")
	})
}

func TestPostRefuses(t *testing.T) {
	s := newMailServer(t, notice.STARTTLS)
	h := open(t, pkitest.SQLite(t), func(c *notice.Config) { c.SMTP = s.smtp(t) })
	ok := mailTo("a", "li@people.example")
	for code, change := range map[string]func(*notice.Notice){
		"notice.key":     func(n *notice.Notice) { n.Key = "a b" },
		"notice.kind":    func(n *notice.Notice) { n.Kind = "" },
		"notice.thread":  func(n *notice.Notice) { n.Thread = "李四" },
		"notice.until":   func(n *notice.Notice) { n.NotBefore, n.Until = time.Unix(5, 0), time.Unix(4, 0) },
		"notice.address": func(n *notice.Notice) { n.To.At = "li@people.example\r\nBcc: x@y.example" },
		"notice.subject": func(n *notice.Notice) { n.Message.Subject = "a\r\nBcc: x@y.example" },
		"notice.text":    func(n *notice.Notice) { n.Message.Text = "a\x00" },
		"notice.html":    func(n *notice.Notice) { n.Message.HTML = strings.Repeat("x", 200<<10) },
		"notice.file": func(n *notice.Notice) {
			n.Message.Files = []notice.File{{Name: "a\"\r\nX: y", Type: "text/plain"}}
		},
		"notice.data": func(n *notice.Notice) { n.Data = []byte("{}") },
		"notice.channel": func(n *notice.Notice) {
			*n = notice.Notice{Key: "a", Kind: "b", Channel: notice.Webhook("none"), Data: []byte("1")}
		},
	} {
		n := ok
		change(&n)
		err := h.tx(func(tx *sql.Tx) error { _, err := h.o.Post(t.Context(), tx, n); return err })
		if pki.CodeOf(err) != code {
			t.Errorf("%s: %v", code, err)
		}
	}
	for _, text := range []string{"sub\u202eject", "a\u2028b", "\ufeff", "\xff", strings.Repeat("x", 201)} {
		n := ok
		n.Message.Subject = text
		if err := h.tx(func(tx *sql.Tx) error { _, err := h.o.Post(t.Context(), tx, n); return err }); pki.CodeOf(err) != "notice.subject" {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// What does not arrive is tried again, later each time, and given up in the end.
func TestTriesAgainAndGivesUp(t *testing.T) {
	mailHouse(t, func(t *testing.T, h *house, s *mailServer) {
		h.post(mailTo("soon", "li@people.example"))
		s.says("rcpt", "450 4.2.0 greylisted li@people.example")
		h.settle()
		h.is("soon", notice.Waiting, "smtp 450 4.2.0")
		h.clock.on(40 * time.Second)
		h.settle() // not yet
		if h.of("soon").Tries != 1 {
			t.Errorf("tried %d times", h.of("soon").Tries)
		}
		h.clock.on(time.Minute)
		h.settle()
		h.is("soon", notice.Sent, "")

		h.post(mailTo("full", "full@people.example"))
		tries := 0
		for passed := time.Duration(0); passed < 4*24*time.Hour; passed += time.Hour {
			s.says("rcpt", "452 4.2.2 full")
			h.settle()
			h.clock.on(time.Hour)
			tries = h.of("full").Tries
		}
		h.is("full", notice.GivenUp, "smtp 452 4.2.2")
		if tries < 12 || tries > 30 {
			t.Errorf("%d tries in three days", tries)
		}
		if i := h.of("full"); i.Ended.Sub(i.Posted) < 3*24*time.Hour || i.Ended.Sub(i.Posted) > 3*24*time.Hour+8*time.Hour {
			t.Errorf("given up after %s", i.Ended.Sub(i.Posted))
		}
	})
}

func TestWhatServersSay(t *testing.T) {
	s := newMailServer(t, notice.STARTTLS)
	h := open(t, pkitest.SQLite(t), func(c *notice.Config) { c.SMTP = s.smtp(t); c.SMTP.Timeout = 300 * time.Millisecond })
	for i, c := range []struct {
		stage, says string
		state       notice.State
		reason      string
	}{
		{"rcpt", "550 5.1.1 <li@people.example> nobody", notice.Refused, "smtp 550 5.1.1"},
		{"end", "554 5.7.1 spam", notice.Refused, "smtp 554 5.7.1"},
		{"end", "451 4.3.0 later", notice.Waiting, "smtp 451 4.3.0"},
		{"data", "451 later", notice.Waiting, "smtp 451"},
		{"data", "554 no", notice.Refused, "smtp 554"},
		{"mail", "553 5.1.8 who are you", notice.Waiting, "smtp 553 5.1.8"}, // our fault, not the mail's
		{"rcpt", "421 closing", notice.Waiting, "smtp 421"},
		{"banner", "554 go away", notice.Waiting, "smtp 554"},
		{"banner", "hang", notice.Waiting, "no answer in time"},
		{"ehlo", "drop", notice.Waiting, "the connection broke"},
		{"ehlo", "flood", notice.Waiting, "the answer is too long"},
		{"ehlo", "250 mail.example", notice.Waiting, "does not offer STARTTLS"},
		{"starttls", "454 not now", notice.Waiting, "smtp 454"},
		{"end", "hang", notice.Waiting, "no answer in time"},
		{"end", "half", notice.Waiting, "the connection broke"},
		{"rcpt", "not a reply", notice.Waiting, "the connection broke"},
	} {
		key := fmt.Sprint("k", i)
		to := fmt.Sprintf("li%d@people.example", i)
		s.says(c.stage, c.says)
		h.post(mailTo(key, to))
		h.settle()
		h.is(key, c.state, c.reason)
		if says := h.of(key).Says; strings.Contains(says, "@") {
			t.Errorf("the server's words are kept: %q", says)
		}
		h.clock.on(5 * time.Hour)
		h.settle()
		if c.state == notice.Waiting {
			h.is(key, notice.Sent, "")
		}
	}
	if strings.Contains(h.log.String(), "people.example") {
		t.Error("the log names an address")
	}
}

// Killed or cut off between the server's yes and our commit, the same octets are sent
// again: servers know them by the Message-ID.
func TestSentAgainIsTheSame(t *testing.T) {
	mailHouse(t, func(t *testing.T, h *house, s *mailServer) {
		n := mailTo("lost", "li@people.example")
		n.Message.Files = []notice.File{notice.CalendarFile("end.ics", notice.Event{UID: "1@ca.example", At: h.clock.now()})}
		h.post(n)
		s.says("end", "lost")
		h.settle()
		h.is("lost", notice.Waiting, "the connection broke")
		h.clock.on(2 * time.Hour)
		h.again()
		h.settle()
		h.is("lost", notice.Sent, "")
		mails := s.got()
		if len(mails) != 2 || mails[0].data != mails[1].data || mails[0].header("Message-ID") == "" {
			t.Errorf("%d mails, or they differ", len(mails))
		}
	})
}

// While the server is away nothing is hammered, and nothing is lost.
func TestServerAway(t *testing.T) {
	mailHouse(t, func(t *testing.T, h *house, s *mailServer) {
		for i := range 20 {
			h.post(mailTo(fmt.Sprint("k", i), fmt.Sprintf("p%d@people.example", i)))
		}
		s.says("banner", slices.Repeat([]string{"drop"}, 1000)...)
		for range 60 {
			h.settle()
			h.clock.on(time.Minute)
		}
		if s.conns > 20 {
			t.Errorf("%d connections in an hour", s.conns)
		}
		health, err := h.o.Health(t.Context())
		if err != nil || health.Waiting != 20 || health.Oldest != time.Hour || len(health.Failing) != 1 || health.Failing[0].Channel != notice.Mail {
			t.Errorf("%+v %v", health, err)
		}
		s.mu.Lock()
		s.answers = map[string][]string{}
		s.mu.Unlock()
		for range 8 {
			h.clock.on(time.Hour)
			h.settle()
		}
		if len(s.got()) != 20 {
			t.Errorf("%d of 20 arrived", len(s.got()))
		}
		health, err = h.o.Health(t.Context())
		if err != nil || health.Waiting != 0 || len(health.Failing) != 0 {
			t.Errorf("%+v %v", health, err)
		}
	})
}

func TestThreadKeepsOrder(t *testing.T) {
	mailHouse(t, func(t *testing.T, h *house, s *mailServer) {
		for _, key := range []string{"t1", "t2"} {
			n := mailTo(key, "li@people.example")
			n.Thread = "application/7"
			h.post(n)
		}
		h.post(mailTo("free", "li@people.example"))
		s.says("rcpt", "450 4.2.0 later")
		h.settle()
		h.is("t1", notice.Waiting, "450")
		h.is("t2", notice.Waiting, "")
		h.is("free", notice.Sent, "")
		h.clock.on(2 * time.Minute)
		h.settle()
		var order []string
		for _, m := range s.got() {
			order = append(order, m.data[strings.Index(m.data, "Message-ID"):][:50])
		}
		if h.is("t2", notice.Sent, ""); len(order) != 3 || h.of("t1").Ended.After(h.of("t2").Ended) {
			t.Errorf("%q", order)
		}
	})
}

// Not before its time, and not after it.
func TestTimes(t *testing.T) {
	mailHouse(t, func(t *testing.T, h *house, s *mailServer) {
		early, late := mailTo("early", "li@people.example"), mailTo("late", "li@people.example")
		early.NotBefore = h.clock.now().Add(time.Hour)
		late.Until = h.clock.now().Add(time.Minute)
		h.post(early)
		h.post(late)
		h.clock.on(2 * time.Minute)
		h.settle()
		h.is("late", notice.Stale, "")
		h.is("early", notice.Waiting, "")
		h.clock.on(time.Hour)
		h.settle()
		h.is("early", notice.Sent, "")
		if len(s.got()) != 1 {
			t.Errorf("%d mails", len(s.got()))
		}
	})
}

// Nobody gets a flood: so many mails an hour, and what has become many is one.
func TestNoFlood(t *testing.T) {
	mailHouse(t, func(t *testing.T, h *house, s *mailServer) {
		for i := range 12 { // one a minute
			h.post(mailTo(fmt.Sprint("m", i), "Li@people.example"))
			h.settle()
			h.clock.on(time.Minute)
		}
		h.post(mailTo("m12", "li@people.example"))
		h.post(mailTo("m13", "li@people.example"))
		h.post(mailTo("other", "wang@people.example"))
		h.settle()
		if got := len(s.got()); got != 11 {
			t.Fatalf("%d mails, 10 to the one and 1 to the other were to come", got)
		}
		h.is("m10", notice.Waiting, "limit")
		h.clock.on(time.Hour)
		s.says("end", "lost") // and the digest is sent again as it was
		h.settle()
		h.post(mailTo("m14", "li@people.example"))
		h.clock.on(2 * time.Minute)
		h.settle()
		mails := s.got()
		if len(mails) != 14 {
			t.Fatalf("%d mails", len(mails))
		}
		if mails[11].data != mails[12].data && mails[11].data != mails[13].data {
			t.Error("the digest was not sent again as it was")
		}
		for _, key := range []string{"m10", "m11", "m12", "m13", "m14"} {
			h.is(key, notice.Sent, "")
		}
		text := parsed(t, mails[11].data)
		for _, words := range []string{"您有 4 条通知 / 4 notices for you", "1. 证书将于 30 天后到期 m10", "4. 证书将于 30 天后到期 m13"} {
			if !strings.Contains(text, words) {
				t.Errorf("the digest lacks %q:\n%s", words, text)
			}
		}
	})
}

// Property: whatever the server does, each notice is accepted, and none is recorded as
// sent that was not.
func TestWhateverTheServerDoes(t *testing.T) {
	mailHouse(t, func(t *testing.T, h *house, s *mailServer) {
		const n = 25
		stages := []string{"banner", "ehlo", "starttls", "mail", "rcpt", "data", "end"}
		for i := range n {
			h.post(mailTo(fmt.Sprint("k", i), fmt.Sprintf("p%d@people.example", i%7)))
			s.says(stages[i%7], []string{"drop", "421 bye", "450 no", "lost", "half"}[i%5])
		}
		for range 40 {
			h.settle()
			h.clock.on(97 * time.Minute)
		}
		arrived := map[string]bool{}
		for _, m := range s.got() {
			arrived[m.header("Message-ID")] = true
		}
		for i := range n {
			h.is(fmt.Sprint("k", i), notice.Sent, "")
		}
		if len(arrived) > n || len(arrived) == 0 {
			t.Errorf("%d different mails for %d notices", len(arrived), n)
		}
	})
}

// Two processes on one database: one sends, and the other when that has gone.
func TestOneRunner(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		s := newMailServer(t, notice.STARTTLS)
		config := func(c *notice.Config) {
			c.SMTP, c.Limits.Every, c.Limits.PerHour = s.smtp(t), 5*time.Millisecond, 1000
		}
		first, second := open(t, source, config), open(t, source, config)
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 2)
		go func() { ended <- first.o.Run(ctx) }()
		await(t, func() bool { // the first holds the lease
			release, err := second.d.Lease(t.Context(), "notice")
			if err == nil {
				release()
			}
			return err != nil
		})
		other, stopOther := context.WithCancel(t.Context())
		go func() { ended <- second.o.Run(other) }()
		for i := range 30 {
			first.post(mailTo(fmt.Sprint("k", i), fmt.Sprintf("p%d@people.example", i)))
		}
		await(t, func() bool { return len(s.got()) >= 30 })
		stop()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("Run ended with %v", err)
		}
		second.post(mailTo("after", "li@people.example"))
		await(t, func() bool { return len(s.got()) == 31 })
		stopOther()
		<-ended
	})
}

func await(t *testing.T, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("waited in vain")
		}
	}
}

func TestBackoffGrows(t *testing.T) {
	s := newMailServer(t, notice.STARTTLS)
	h := open(t, pkitest.SQLite(t), func(c *notice.Config) { c.SMTP = s.smtp(t) })
	for try, base := range map[int]time.Duration{1: time.Minute, 2: 2 * time.Minute, 5: 16 * time.Minute, 9: 256 * time.Minute, 10: 6 * time.Hour, 1000: 6 * time.Hour} {
		var seen []time.Duration
		for range 50 {
			wait := h.o.Backoff(try)
			if wait < base*8/10 || wait > base*12/10 {
				t.Errorf("try %d waits %s", try, wait)
			}
			seen = append(seen, wait)
		}
		if slices.Min(seen) == slices.Max(seen) {
			t.Errorf("try %d waits always %s", try, seen[0])
		}
	}
}

// Cut off and replaced, a runner sends nothing more and says so.
func TestLeaseLost(t *testing.T) {
	source := pkitest.Postgres(t)
	s := newMailServer(t, notice.STARTTLS)
	h := open(t, source, func(c *notice.Config) { c.SMTP, c.Limits.Every = s.smtp(t), 5*time.Millisecond })
	ended := make(chan error, 1)
	go func() { ended <- h.o.Run(t.Context()) }()
	h.post(mailTo("a", "li@people.example"))
	await(t, func() bool { return len(s.got()) == 1 })
	pkitest.TakeOver(t, source, "notice")
	other := open(t, source, func(c *notice.Config) { c.SMTP = s.smtp(t) })
	other.post(mailTo("b", "li@people.example"))
	select {
	case err := <-ended:
		if !errors.Is(err, db.ErrLeaseLost) {
			t.Errorf("Run ended with %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Error("Run goes on")
	}
	if len(s.got()) != 1 {
		t.Error("sent without the lease")
	}
}

// What an outbox sends in a second, to a server on this machine, one commit before and
// one after each.
func BenchmarkSend(b *testing.B) {
	for _, engine := range pkitest.Databases(b) {
		b.Run(engine.Engine, func(b *testing.B) {
			s := newMailServer(b, notice.STARTTLS)
			h := open(b, engine.Source, func(c *notice.Config) { c.SMTP = s.smtp(b) })
			for i := range b.N {
				h.post(mailTo(fmt.Sprint(b.N, "-", i), fmt.Sprintf("p%d@people.example", i)))
			}
			b.ResetTimer()
			h.settle()
			if len(s.got()) != b.N {
				b.Fatalf("%d of %d", len(s.got()), b.N)
			}
		})
	}
}
