package trust

import (
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"sync"
	"testing"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"onecert/db"
	"onecert/pki"
	"onecert/pkitest"
	"onecert/status"
)

// book is a status journal that a test writes.
type book struct {
	t *testing.T
	d *db.DB
	j *status.Journal
}

func newBook(t *testing.T, source string) *book {
	d, err := db.Open(t.Context(), source)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	j, err := status.Open(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	return &book{t, d, j}
}

func (b *book) note(c *smx509.Certificate, e status.Event) {
	b.t.Helper()
	err := b.d.Tx(b.t.Context(), func(tx *sql.Tx) error {
		change := status.Change{Issuer: "sm2", Serial: pki.SerialOf(c.SerialNumber), Event: e, At: time.Now()}
		if e == status.Issued {
			change.NotAfter = time.Now().AddDate(1, 0, 0)
		}
		if e == status.Revoked {
			change.Reason = pki.KeyCompromise
		}
		_, err := b.j.Append(b.t.Context(), tx, change)
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	b.j.Wake()
}

// TestJournal: the platform's own journal, on both databases: revoked within a second,
// told to whoever keeps connections, released again; what the CA never recorded is
// refused; a journal that is another one is read anew.
func TestJournal(t *testing.T) {
	root := newCA(t, "sm2", "根", nil)
	pkitest.EachDatabase(t, func(t *testing.T, source string) {
		b := newBook(t, source)
		early, alice, bob, forged := root.issue(live), root.issue(live), root.issue(live), root.issue(live)
		for _, c := range []*smx509.Certificate{early, alice, bob} {
			b.note(c, status.Issued)
		}
		b.note(early, status.Revoked)
		var mu sync.Mutex
		told := map[pki.Serial]time.Time{}
		s := open(t, Options{Journal: b.j, OnRevoked: func(issuer string, serial pki.Serial) {
			mu.Lock()
			defer mu.Unlock()
			if issuer == "sm2" {
				told[serial] = time.Now()
			}
		}}, CA{Name: "ours", Anchors: root.pem(), Revocation: []Source{{Name: "journal", Kind: SourceJournal, Issuer: "sm2"}}})
		loaded(t, s)
		wants(t, "revoked before", judge(s, time.Now(), early), Revoked)
		v := judge(s, time.Now(), alice)
		wants(t, "good", v, Good)
		if v.Issuer != "sm2" {
			t.Errorf("the issuer is %q", v.Issuer)
		}
		wants(t, "no record", judge(s, time.Now(), forged), StatusUnknown)
		becomes := func(what string, c *smx509.Certificate, code Code) {
			t.Helper()
			begun := time.Now()
			for judge(s, time.Now(), c).Code != code && time.Since(begun) < 5*time.Second {
				time.Sleep(5 * time.Millisecond)
			}
			wants(t, what, judge(s, time.Now(), c), code)
			if took := time.Since(begun); took > time.Second {
				t.Errorf("%s: after %v", what, took)
			}
		}
		generation := s.Generation()
		b.note(alice, status.Revoked)
		becomes("revoked", alice, Revoked)
		b.note(bob, status.Held)
		becomes("held", bob, Held)
		if s.Generation() == generation {
			t.Error("the generation stands still")
		}
		b.note(bob, status.Released)
		becomes("released", bob, Good)
		time.Sleep(10 * time.Millisecond)
		mu.Lock()
		for _, c := range []*smx509.Certificate{alice, bob} {
			if told[pki.SerialOf(c.SerialNumber)].IsZero() {
				t.Error("nobody was told of", c.SerialNumber)
			}
		}
		mu.Unlock()
		if h := s.Health()[0]; h.State != "good" || h.Number != "7" || h.Entries != 3 || h.Age > 5 {
			t.Errorf("health says %+v", h)
		}
	})
}

func live(c *smx509.Certificate) {
	c.NotBefore, c.NotAfter = time.Now().Add(-time.Hour), time.Now().AddDate(1, 0, 0)
}

// TestJournalAway: while the journal cannot be read, what is known serves until it is
// too old; then the rule for stale data decides.
func TestJournalAway(t *testing.T) {
	root := newCA(t, "ecdsa", "根", nil)
	sum := sha256.Sum256(root.c.Raw)
	b := newBook(t, pkitest.SQLite(t))
	alice, bob := root.issue(live), root.issue(live)
	b.note(alice, status.Issued)
	b.note(bob, status.Issued)
	ca := CA{Name: "ours", Anchors: root.pem(), Revocation: []Source{{Name: "journal", Kind: SourceJournal, Issuer: "sm2", MaxAge: "1s", Of: hex.EncodeToString(sum[:])}}}
	config := configOf(ca)
	config.Sets = append(config.Sets, SetRow{Name: "lenient", CAs: []string{"ours"}, Stale: &StaleRule{AllowFor: "1h"}})
	s := open(t, Options{Journal: b.j}, ca)
	if err := s.Apply(config); err != nil {
		t.Fatal(err)
	}
	loaded(t, s)
	for _, set := range []string{"people", "lenient"} {
		wants(t, "good", s.Set(set).Judge(t.Context(), [][]byte{alice.Raw}, time.Now()), Good)
	}
	b.d.Close()
	wants(t, "at once", judge(s, time.Now(), alice), Good)
	wants(t, "never asked before", judge(s, time.Now(), bob), StatusUnknown)
	wants(t, "too old", judge(s, time.Now().Add(2*time.Second), alice), StatusUnknown)
	for range 300 {
		if h := s.Health()[0]; h.Error != "" && h.State == "stale" {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if h := s.Health()[0]; h.Error == "" || h.State != "stale" {
		t.Errorf("health says %+v", h)
	}
	config.CAs[0].Level = 5 // the paths remembered go, what the journal has said stays
	config.CAs[0].Anchors += newCA(t, "ecdsa", "新的", nil).pem()
	if err := s.Apply(config); err != nil {
		t.Fatal(err)
	}
	v := s.Set("lenient").Judge(t.Context(), [][]byte{alice.Raw}, time.Now().Add(2*time.Second))
	wants(t, "by rule", v, Good)
	if !v.Stale {
		t.Error("nobody sees that it is by rule")
	}
}

// TestSlowListener: whoever is told of revocations takes a while for each; verdicts and
// the following of the journal do not wait, and nobody is forgotten.
func TestSlowListener(t *testing.T) {
	root := newCA(t, "ecdsa", "根", nil)
	b := newBook(t, pkitest.SQLite(t))
	told := make(chan pki.Serial, 100)
	s := open(t, Options{Journal: b.j, OnRevoked: func(_ string, serial pki.Serial) {
		time.Sleep(50 * time.Millisecond)
		told <- serial
	}}, CA{Name: "ours", Anchors: root.pem(), Revocation: []Source{{Name: "journal", Kind: SourceJournal, Issuer: "sm2", MaxAge: "1s"}}})
	var all []*smx509.Certificate
	for range 30 {
		c := root.issue(live)
		b.note(c, status.Issued)
		all = append(all, c)
	}
	loaded(t, s)
	for _, c := range all {
		b.note(c, status.Revoked)
	}
	last := all[len(all)-1]
	for begun := time.Now(); judge(s, time.Now(), last).Code != Revoked && time.Since(begun) < 5*time.Second; {
		time.Sleep(5 * time.Millisecond)
	}
	wants(t, "the last", judge(s, time.Now(), last), Revoked)
	if len(told) == len(all) {
		t.Error("it was waited for")
	}
	for _, c := range all {
		if serial := <-told; serial != pki.SerialOf(c.SerialNumber) {
			t.Fatalf("%s was told, wanted %x", serial, c.SerialNumber)
		}
	}
	if h := s.Health()[0]; h.State != "good" {
		t.Errorf("health says %+v", h)
	}
}
