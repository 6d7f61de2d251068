package ra_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"onecert/db"
	"onecert/notice"
	"onecert/pki"
	"onecert/pkitest"
	"onecert/ra"
)

// town is a house that tells its holders.
type town struct {
	*house
	box *notice.Outbox
}

// newTown has an outbox in the registration's database, with a mail server that nobody
// asks and the targets given.
func newTown(t *testing.T, source string, targets ...notice.Target) *town {
	t.Helper()
	d, err := db.Open(context.Background(), source)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	w := &town{}
	w.house = newHouse(t, source, func(c *ra.Config) {
		w.box, err = notice.Open(context.Background(), notice.Config{DB: d, Now: c.Now, Targets: targets, Keys: []notice.Key{{Cipher: notice.SM4, Secret: make([]byte, 32)}},
			SMTP: &notice.SMTP{Host: "127.0.0.1", Port: 1, From: notice.Address{At: "notice@ca.example"}}})
		if err != nil {
			t.Fatal(err)
		}
		c.Notices = ra.Notices{Outbox: w.box, Site: "https://ca.example/self"}
		for _, target := range targets {
			if target.Name != "sms" {
				c.Notices.Webhooks = append(c.Notices.Webhooks, target.Name)
			}
		}
	})
	return w
}

// posted lists the notices of a kind, by key.
func (w *town) posted(kind string) (keys []string) {
	w.t.Helper()
	all, err := w.box.List(context.Background(), "", 0, 500)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, i := range all {
		if i.Kind == kind {
			keys = append(keys, i.Key)
		}
	}
	return keys
}

func (w *town) remind() int {
	w.t.Helper()
	n, err := w.room.Remind(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

// Holders hear of what becomes of their applications, once each, and of nothing else.
func TestHoldersAreTold(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		w := newTown(t, source)
		app := must[*ra.Application](t)
		a := app(w.Register(as("lra1.registrar"), person(t, 1, "张三")))
		a = app(w.Submit(as("lra1.registrar"), a.ID, ra.Decision{Version: a.Version}))
		a = app(w.Return(as("ra1.reviewer"), a.ID, ra.Decision{Version: a.Version, Note: "照片不清楚"}))
		a = app(w.Submit(as("lra1.registrar"), a.ID, ra.Decision{Version: a.Version}))
		a = app(w.Approve(as("ra1.reviewer"), a.ID, ra.Decision{Version: a.Version}))
		a = app(w.CarryOut(as("lra1.issuer"), a.ID, ra.Decision{Version: a.Version}))
		app(w.HandOver(as("lra1.registrar"), a.ID, ra.Decision{Version: a.Version}))
		b := app(w.Register(as("lra1.registrar"), person(t, 2, "李四")))
		b = app(w.Submit(as("lra1.registrar"), b.ID, ra.Decision{Version: b.Version}))
		if _, err := w.Reject(as("ra1.reviewer"), b.ID, ra.Decision{Version: b.Version - 1, Note: "不符"}); err == nil {
			t.Error("a stale version was rejected")
		}
		app(w.Reject(as("ra1.reviewer"), b.ID, ra.Decision{Version: b.Version, Note: "不符合条件"}))
		for kind, id := range map[string]string{"application.returned": a.ID, "application.issued": a.ID, "application.rejected": b.ID} {
			if keys := w.posted(kind); len(keys) != 1 || !strings.HasPrefix(keys[0], "application/"+id+"/") {
				t.Errorf("%s: %q", kind, keys)
			}
		}
		all, err := w.box.List(t.Context(), "", 0, 100)
		if err != nil || len(all) != 3 || all[0].To != "s***@office.example" {
			t.Errorf("%+v %v", all, err)
		}
	})
}

// An application without an address, or with one nobody can send to, is carried out all
// the same.
func TestNobodyToTell(t *testing.T) {
	w := newTown(t, pkitest.SQLite(t))
	for i, mail := range []string{"", "li..si@office.example"} {
		e := person(t, 10+i, "王五")
		e.Fields["mail"] = mail
		a, err := w.Register(as("lra1.registrar"), e)
		if err != nil {
			continue // refused as an address already where it was entered
		}
		a = must[*ra.Application](t)(w.Submit(as("lra1.registrar"), a.ID, ra.Decision{Version: a.Version}))
		must[*ra.Application](t)(w.Return(as("ra1.reviewer"), a.ID, ra.Decision{Version: a.Version, Note: "照片不清楚"}))
	}
	if keys := w.posted("application.returned"); len(keys) != 0 {
		t.Errorf("%q", keys)
	}
}

// 60, 30 and 7 days before the end, each once, whatever pauses the clock makes; not
// where the certificate was renewed or ended.
func TestReminders(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		w := newTown(t, source)
		w.ca.days = 100
		made := func(a *ra.Application) ra.MadeCertificate { return w.ca.made[a.ID].Sign }
		kept, renewed, revoked := made(w.issued("lra1", person(t, 1, "张三"))), made(w.issued("lra1", person(t, 2, "李四"))), made(w.issued("ra2", person(t, 3, "王五")))
		if n := w.remind(); n != 0 {
			t.Errorf("%d reminders on the first day", n)
		}
		w.clock.add(41 * 24 * time.Hour)
		if n := w.remind(); n != 3 {
			t.Errorf("%d reminders at 59 days", n)
		}
		if n := w.remind(); n != 0 {
			t.Errorf("%d reminders again", n)
		}
		w.ca.days = 400
		w.issued("lra1", ra.Entry{Operation: ra.Renew, Issuer: renewed.Issuer, Serial: renewed.Serial, Request: newRequest(t)})
		w.issued("ra2", ra.Entry{Operation: ra.Revoke, Issuer: revoked.Issuer, Serial: revoked.Serial, Reason: "keyCompromise"})
		w.clock.add(54 * 24 * time.Hour) // past 30: five days are left
		if n := w.remind(); n != 1 {
			t.Errorf("%d reminders after the pause", n)
		}
		w.clock.add(-40 * 24 * time.Hour) // set back
		if n := w.remind(); n != 0 {
			t.Errorf("%d reminders after the clock was set back", n)
		}
		w.clock.add(60 * 24 * time.Hour) // it has ended
		if n := w.remind(); n != 0 {
			t.Errorf("%d reminders after the end", n)
		}
		want := []string{"expiry/60/sm2/" + string(kept.Serial), "expiry/7/sm2/" + string(kept.Serial)}
		got := slices.DeleteFunc(w.posted("certificate.expiry"), func(key string) bool { return !strings.HasSuffix(key, string(kept.Serial)) })
		if !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	})
}

// Many certificates that end in one moment are taken in turns, none left out and none
// twice.
func TestRemindersOfMany(t *testing.T) {
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		w := newTown(t, source)
		a := w.issued("lra1", person(t, 1, "张三"))
		const many = 450
		if err := w.multiply(a.ID, many); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { // before the invariants are asked, which know of no such way to a certificate
			if err := w.write("DELETE FROM ra_certificate WHERE name LIKE 'copy%'"); err != nil {
				t.Error(err)
			}
		})
		w.clock.add(3*365*24*time.Hour - 20*24*time.Hour)
		if n := w.remind(); n != many+1 {
			t.Errorf("%d reminders of %d", n, many+1)
		}
		if n := w.remind(); n != 0 {
			t.Errorf("%d again", n)
		}
	})
}

// multiply copies a certificate under other serials and names.
func (w *town) multiply(application string, n int) error {
	for i := range n {
		err := w.write(`INSERT INTO ra_certificate (issuer, serial, partner, application, holder, kind, profile, name, unit, node, path, state, not_before, not_after, changed)
			SELECT issuer, $1, partner, application, holder, kind, profile, $2, unit, node, path, state, not_before, not_after, changed
			FROM ra_certificate WHERE application = $3 AND name NOT LIKE 'copy%'`, fmt.Sprintf("%032x", i+1), fmt.Sprint("copy", i), application)
		if err != nil {
			return err
		}
	}
	return nil
}

// write writes past the registration.
func (w *town) write(text string, args ...any) error {
	return w.cfg.DB.Tx(context.Background(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(context.Background(), text, args...)
		return err
	})
}

// Other systems hear by number, signed, and learn no name and no address; codes go to
// phones through the network's own gateway.
func TestOthersAreTold(t *testing.T) {
	var mu sync.Mutex
	var bodies []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		if _, err := notice.CheckSignature(r.Header, text, notice.HMACSM3, make([]byte, 32), time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)); err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		bodies = append(bodies, string(text))
	}))
	defer server.Close()
	target := func(name string) notice.Target {
		return notice.Target{Name: name, URL: server.URL, MAC: notice.HMACSM3, Secret: make([]byte, 32), Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	}
	w := newTown(t, pkitest.SQLite(t), target("oa"), target("sms"))
	a := w.issued("lra1", person(t, 1, "张三"))
	out := w.room.Outward()
	for by, at := range map[string]string{"phone": "13900000000", "mail": "someone@office.example"} {
		if err := out.Send(t.Context(), ra.Contact{By: by, At: at}, ra.MessageLossCode, map[string]string{"code": "12345678", "minutes": "10"}); err != nil {
			t.Error(err)
		}
	}
	if err := out.Send(t.Context(), ra.Contact{By: "pigeon", At: "x"}, ra.MessageLossCode, nil); err == nil {
		t.Error("sent by pigeon")
	}
	if err := out.Send(t.Context(), ra.Contact{By: "mail", At: "a@b.example"}, "unheard-of", nil); err == nil {
		t.Error("sent without words")
	}
	for kind, values := range map[string]map[string]string{ra.MessageContactCode: {"code": "1", "minutes": "10", "field": "mail"}, ra.MessageContactChanged: {"field": "mail", "days": "7"}, ra.MessageFrozen: {"count": "2"}} {
		if err := out.Send(t.Context(), ra.Contact{By: "mail", At: "a@b.example"}, kind, values); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- w.box.Run(ctx) }()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		mu.Lock()
		n := len(bodies)
		mu.Unlock()
		if n == 2 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d webhooks", n)
		}
	}
	stop()
	<-ended
	slices.SortFunc(bodies, func(x, y string) int { return len(y) - len(x) })
	whole := strings.Join(bodies, "\n")
	for _, c := range bodies {
		var d notice.Delivery
		if err := json.Unmarshal([]byte(c), &d); err != nil {
			t.Error(err)
		}
		if d.Kind == "application.issued" && (strings.Contains(c, "张三") || strings.Contains(c, "office.example") || strings.Contains(c, "139")) {
			t.Errorf("somebody else's system learns who: %s", c)
		}
	}
	if !strings.Contains(whole, a.ID) || !strings.Contains(whole, `"phone":"13900000000"`) || !strings.Contains(whole, `"code":"12345678"`) {
		t.Errorf("%s", whole)
	}
}

// A report of loss sends its code through the outbox where nothing else is configured.
func TestLossIsTold(t *testing.T) {
	w := newTown(t, pkitest.SQLite(t))
	w.issued("lra1", person(t, 1, "张三"))
	if _, err := w.room.Self().ReportLoss(t.Context(), ra.LossReport{Kind: ra.Person, DocumentKind: "resident", Number: resident(1), By: "mail"}); err != nil {
		t.Fatal(err)
	}
	for range 500 { // it goes beside the answer
		if len(w.posted("self.loss-code")) == 1 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%q", w.posted("self.loss-code"))
}

// Without an outbox nobody is told, and nothing fails.
func TestTellingNobody(t *testing.T) {
	h := newHouse(t, pkitest.SQLite(t), nil)
	h.issued("lra1", person(t, 1, "张三"))
	if n, err := h.room.Remind(t.Context()); n != 0 || err != nil {
		t.Errorf("%d %v", n, err)
	}
	if err := h.room.Outward().Send(t.Context(), ra.Contact{By: "mail", At: "a@b.example"}, ra.MessageFrozen, nil); pki.CodeOf(err) != "self.messages" {
		t.Error(err)
	}
}
