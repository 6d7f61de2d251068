package notice_test

import (
	"bytes"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"onecert/db"
	"onecert/notice"
	"onecert/pki"
	"onecert/pkitest"
)

const personal = "li.si.unusual@people.example"

// everything is all a database has, as octets.
func everything(t *testing.T, d *db.DB) []byte {
	t.Helper()
	var b bytes.Buffer
	err := d.Tx(t.Context(), func(tx *sql.Tx) error {
		tables, err := d.Tables(t.Context(), tx)
		if err != nil {
			return err
		}
		for _, table := range tables {
			err := table.Each(t.Context(), tx, func(row []any) error {
				for _, v := range row {
					fmt.Fprintf(&b, "%s|", v)
				}
				return nil
			})
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

// Address and words are sealed at rest, whatever becomes of the notice, and erased in
// time; the key is remembered longer, so that nothing is sent twice.
func TestPersonalData(t *testing.T) {
	for _, cipher := range []notice.Cipher{notice.AES256, notice.SM4} {
		pkitest.EachDatabase(t, func(t *testing.T, source string) {
			s := newMailServer(t, notice.STARTTLS)
			h := open(t, source, func(c *notice.Config) {
				c.SMTP, c.Keys = s.smtp(t), []notice.Key{{Cipher: cipher, Secret: secret(1)}}
			})
			h.post(mailTo("sent", personal))
			n := mailTo("refused", "other-"+personal)
			h.post(n)
			s.says("rcpt", "250 ok", "550 5.1.1 <"+personal+">: no")
			h.settle()
			h.is("refused", notice.Refused, "")
			for _, words := range []string{"li.si.unusual", "李四", "请及时更新", "30 天后到期"} {
				if bytes.Contains(everything(t, h.d), []byte(words)) || strings.Contains(h.log.String(), words) {
					t.Errorf("%q stands in the clear", words)
				}
			}
			if path, ok := strings.CutPrefix(source, "sqlite:"); ok {
				for _, file := range []string{path, path + "-wal"} {
					if octets, err := os.ReadFile(file); err == nil && bytes.Contains(octets, []byte("li.si.unusual")) {
						t.Errorf("%s has the address", file)
					}
				}
			}
			if to := h.of("sent").To; to != "l***@people.example" {
				t.Errorf("listed as %q", to)
			}
			h.clock.on(15 * 24 * time.Hour)
			h.settle()
			for _, key := range []string{"sent", "refused"} {
				if i := h.of(key); !i.Erased || i.To != "" {
					t.Errorf("not erased: %+v", i)
				}
			}
			if bytes.Contains(everything(t, h.d), []byte("people.example")) {
				t.Error("not all of the address is erased")
			}
			err := h.tx(func(tx *sql.Tx) error { return h.o.Retry(t.Context(), tx, h.of("refused").ID) })
			if pki.CodeOf(err) != "notice.erased" || h.post(mailTo("sent", personal)) {
				t.Errorf("after erasing: %v", err)
			}
			h.clock.on(2 * 366 * 24 * time.Hour)
			h.settle()
			if _, err := h.o.Of(t.Context(), "sent"); pki.KindOf(err) != pki.Unknown {
				t.Errorf("not forgotten: %v", err)
			}
		})
	}
}

// Keys can be changed: the old one opens what it sealed. Without it the notice waits
// and says so, and its seal fits no other notice.
func TestKeysChange(t *testing.T) {
	s := newMailServer(t, notice.STARTTLS)
	h := open(t, pkitest.SQLite(t), func(c *notice.Config) { c.SMTP = s.smtp(t) })
	h.post(mailTo("a", "li@people.example"))
	h.post(mailTo("b", "wang@people.example"))
	old := h.cfg.Keys[0]
	h.cfg.Keys = []notice.Key{{Cipher: notice.SM4, Secret: secret(2)}}
	h.again()
	h.settle()
	h.is("a", notice.Waiting, "no key opens it")
	if faults := notice.CheckInvariants(t.Context(), h.o); len(faults) != 2 {
		t.Errorf("%q", faults)
	}
	h.cfg.Keys = append(h.cfg.Keys, old)
	h.again()
	if err := h.tx(func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), "UPDATE notice SET sealed = (SELECT sealed FROM notice WHERE key = 'a') WHERE key = 'b'")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	h.clock.on(2 * time.Minute)
	h.settle()
	h.is("a", notice.Sent, "")
	h.is("b", notice.Waiting, "no key opens it")
	if err := h.tx(func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), "DELETE FROM notice WHERE key = 'b'")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []notice.Key{{Cipher: notice.AES256, Secret: secret(1)[:31]}, {Cipher: "rot13", Secret: secret(1)}} {
		if _, err := notice.Open(t.Context(), notice.Config{Keys: []notice.Key{bad}}); pki.CodeOf(err) != "notice.seal" {
			t.Errorf("%v: %v", bad, err)
		}
	}
	if text := fmt.Sprintf("%v %+v %#v", old, old, old); strings.Contains(text, "7 7") || strings.Contains(text, "0x7") {
		t.Errorf("a key prints itself: %s", text)
	}
	if _, err := notice.Open(t.Context(), notice.Config{}); pki.CodeOf(err) != "notice.seal" {
		t.Errorf("without keys: %v", err)
	}
	if _, err := notice.Open(t.Context(), notice.Config{Limits: notice.Limits{First: time.Hour, Longest: time.Minute}}); pki.CodeOf(err) != "notice.limits" {
		t.Errorf("limits: %v", err)
	}
}

func TestOperator(t *testing.T) {
	mailHouse(t, func(t *testing.T, h *house, s *mailServer) {
		s.says("rcpt", "550 5.1.1 no", "450 later", "450 later", "450 later")
		for i := range 4 {
			h.post(mailTo(fmt.Sprint("k", i), fmt.Sprintf("p%d@people.example", i)))
		}
		h.settle()
		act := func(what func(tx *sql.Tx, id int64) error, key, code string) {
			t.Helper()
			err := h.tx(func(tx *sql.Tx) error { return what(tx, h.of(key).ID) })
			if err != nil && pki.CodeOf(err) != code || err == nil && code != "" {
				t.Errorf("%s: %v", key, err)
			}
		}
		retry := func(tx *sql.Tx, id int64) error { return h.o.Retry(t.Context(), tx, id) }
		drop := func(tx *sql.Tx, id int64) error { return h.o.Drop(t.Context(), tx, id) }
		act(drop, "k0", "notice.state")
		act(drop, "k1", "")
		act(drop, "k1", "notice.state")
		act(retry, "k0", "")
		act(retry, "k2", "")
		act(func(tx *sql.Tx, _ int64) error { return h.o.Retry(t.Context(), tx, 999) }, "k0", "notice.unknown")
		h.settle()
		for key, state := range map[string]notice.State{"k0": notice.Sent, "k1": notice.Dropped, "k2": notice.Sent, "k3": notice.Waiting} {
			h.is(key, state, "")
		}
		act(retry, "k0", "notice.state") // sent is sent
		act(retry, "k1", "")
		h.settle()
		h.is("k1", notice.Sent, "")

		var keys []string
		for after := int64(0); ; {
			page, err := h.o.List(t.Context(), "", after, 3)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			for _, i := range page {
				keys, after = append(keys, i.Key), i.ID
			}
		}
		waiting, err := h.o.List(t.Context(), notice.Waiting, 0, 10)
		if err != nil || len(waiting) != 1 || waiting[0].Key != "k3" || !slices.Equal(keys, []string{"k0", "k1", "k2", "k3"}) {
			t.Errorf("%q %+v %v", keys, waiting, err)
		}
	})
}

// A channel that is no longer configured: what waits for it is given up, not forgotten.
func TestChannelTaken(t *testing.T) {
	s := newMailServer(t, notice.STARTTLS)
	h := open(t, pkitest.SQLite(t), func(c *notice.Config) { c.SMTP = s.smtp(t) })
	h.post(mailTo("a", "li@people.example"))
	h.cfg.SMTP = nil
	h.again()
	h.clock.on(71 * time.Hour)
	h.settle()
	h.is("a", notice.Waiting, "")
	h.clock.on(2 * time.Hour)
	h.settle()
	h.is("a", notice.GivenUp, "channel")
	// After a pause of the whole process, one that can be sent is sent however late.
	h.cfg.SMTP = s.smtp(t)
	h.again()
	h.post(mailTo("b", "li@people.example"))
	h.clock.on(100 * time.Hour)
	h.settle()
	h.is("b", notice.Sent, "")
}

func TestFigures(t *testing.T) {
	s := newMailServer(t, notice.STARTTLS)
	h := open(t, pkitest.SQLite(t), func(c *notice.Config) { c.SMTP = s.smtp(t) })
	registry := prometheus.NewRegistry()
	registry.MustRegister(h.o)
	s.says("rcpt", "250 ok", "550 no", "450 later")
	for _, key := range []string{"a", "b", "c"} {
		h.post(mailTo(key, key+"@people.example"))
	}
	h.settle()
	h.clock.on(30 * time.Second)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		for _, m := range f.Metric {
			name := f.GetName()
			for _, l := range m.Label {
				name += " " + l.GetValue()
			}
			got[name] = m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	for name, want := range map[string]float64{"onecert_notice_tries_total mail accepted": 1, "onecert_notice_tries_total mail refused": 1, "onecert_notice_tries_total mail later": 1,
		"onecert_notice_waiting": 1, "onecert_notice_oldest_seconds": 30, "onecert_notice_failed": 1, "onecert_notice_channel_up mail": 1} {
		if v, there := got[name]; !there || v != want {
			t.Errorf("%s is %v, want %v", name, got[name], want)
		}
	}
	if notice.Migrations() == nil {
		t.Error("a backup would not know the tables")
	}
	if _, err := os.Stat(filepath.Join("migrations", "postgres", "00001_notice.sql")); err != nil {
		t.Error(err)
	}
}
