package crl_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"onecert/crl"
	"onecert/db"
	"onecert/pki"
	"onecert/pkitest"
	"onecert/status"
)

// TestPublishes every kind of list of every algorithm, as octets and as files, and the
// next one in its place.
func TestPublishes(t *testing.T) {
	for _, suite := range []pki.Suite{pki.SM2, pki.RSA2048, pki.P256} {
		t.Run(string(suite), func(t *testing.T) {
			h := open(t, of(suite), t.TempDir(), nil)
			for round := range int64(3) {
				want := map[string][]byte{}
				for _, name := range []string{"complete", "0", "3"} {
					want[name] = h.authority.sign(t, spec{name: name, number: 10 + round, entries: int(round) * 50})
				}
				for _, name := range []string{"delta", "3-delta"} {
					want[name] = h.authority.sign(t, spec{name: name, number: 10 + round, base: 9, entries: 2})
				}
				h.refresh(t)
				for name, der := range want {
					response, body := h.get(t, "/"+name+".crl")
					if response.StatusCode != 200 || !bytes.Equal(body, der) || response.Header.Get("CRL-Number") != fmt.Sprint(10+round) {
						t.Errorf("%s: %s, %d octets", name, response.Status, len(body))
					}
					if file, err := os.ReadFile(filepath.Join(h.dir, h.authority.id, name+".crl")); err != nil || !bytes.Equal(file, der) {
						t.Errorf("the file of %s: %v", name, err)
					}
				}
			}
			_, text := h.get(t, "/index.json")
			var index []pki.ListHead
			if err := json.Unmarshal(text, &index); err != nil || len(index) != 5 || index[0].Number != 12 || index[0].Entries != 100 {
				t.Errorf("the index: %s, %v", text, err)
			}
		})
	}
}

// TestRefuses what is not what it should be: nothing takes the place of the list that
// is published, and health says why.
func TestRefuses(t *testing.T) {
	other := newAuthority(pki.P256, "ecdsa")
	a := of(pki.P256)
	good := a.der(t, spec{name: "complete", number: 20, entries: 5, at: start})
	bent := bytes.Clone(good)
	bent[len(bent)/2] ^= 1
	for name, c := range map[string]struct {
		list string
		der  []byte
		code string
	}{
		"another key":           {"complete", (&authority{id: "ecdsa", suite: pki.P256, key: other.key, certificate: a.certificate}).der(t, spec{name: "complete", number: 20, at: start}), "crl.forged"},
		"another issuer":        {"complete", of(pki.RSA2048).der(t, spec{name: "complete", number: 20, at: start}), "crl.issuer"},
		"an octet changed":      {"complete", bent, "crl.forged"},
		"cut off":               {"complete", good[:len(good)-9], "crl.malformed"},
		"more behind it":        {"complete", append(bytes.Clone(good), 0), "crl.malformed"},
		"empty":                 {"complete", nil, "crl.malformed"},
		"a web page":            {"complete", []byte("<html>not found</html>"), "crl.malformed"},
		"an old number":         {"complete", a.der(t, spec{name: "complete", number: 9, at: start}), "crl.number"},
		"the same number":       {"complete", a.der(t, spec{name: "complete", number: 10, entries: 3, at: start}), "crl.number"},
		"a delta as full":       {"complete", a.der(t, spec{name: "delta", number: 20, base: 4, at: start}), "crl.kind"},
		"a full list as delta":  {"delta", good, "crl.kind"},
		"a delta of the future": {"delta", a.der(t, spec{name: "delta", number: 20, base: 20, at: start}), "crl.kind"},
		"a partition as all":    {"complete", a.der(t, spec{name: "3", number: 20, at: start}), "crl.scope"},
		"another partition":     {"3", a.der(t, spec{name: "4", number: 20, at: start}), "crl.scope"},
		"all as a partition":    {"3", good, "crl.scope"},
		"another's partition":   {"3", a.der(t, spec{name: "3", number: 20, at: start, point: "http://pki.example/crl/rsa/3.crl"}), "crl.scope"},
		"lapsed":                {"complete", a.der(t, spec{name: "complete", number: 20, at: start.AddDate(0, 0, -2)}), "crl.lapsed"},
		"of tomorrow":           {"complete", a.der(t, spec{name: "complete", number: 20, at: start.AddDate(0, 0, 1)}), "crl.lapsed"},
	} {
		t.Run(name, func(t *testing.T) {
			a := of(pki.P256)
			h := open(t, a, t.TempDir(), nil)
			before := map[string][]byte{"complete": a.sign(t, spec{name: "complete", number: 10, entries: 4}),
				"delta": a.sign(t, spec{name: "delta", number: 10, base: 9}), "3": a.sign(t, spec{name: "3", number: 10})}
			h.refresh(t)
			a.offer(pki.ListHead{Name: c.list, Number: 20, Size: int64(len(c.der))}, c.der)
			err := h.Refresh(t.Context())
			if pki.CodeOf(err) != c.code || strings.Contains(fmt.Sprint(err), "<html>") {
				t.Errorf("%v, want %s", err, c.code)
			}
			for name, der := range before {
				if _, body := h.get(t, "/"+name+".crl"); !bytes.Equal(body, der) {
					t.Errorf("%s is another list now", name)
				}
			}
			found := false
			for _, state := range h.States() {
				found = found || state.Name == c.list && pki.CodeOf(state.Fault) == c.code && state.Number == 10
			}
			if !found {
				t.Errorf("health says %+v", h.States())
			}
			a.sign(t, spec{name: c.list, number: 21, base: map[bool]int64{true: 9}[c.list == "delta"]})
			h.refresh(t)
			for _, state := range h.States() {
				if state.Fault != nil {
					t.Errorf("healed, and still %v", state.Fault)
				}
			}
		})
	}
	head := pki.ListHead{Name: "complete", Number: 20, Size: 1 << 40}
	h := open(t, a, t.TempDir(), nil)
	a.offer(head, good)
	if err := h.Refresh(t.Context()); pki.CodeOf(err) != "crl.size" {
		t.Errorf("a list of a terabyte: %v", err)
	}
}

// TestRestart hands out at once what was published, though the source is away; what was
// half written or changed is not handed out.
func TestRestart(t *testing.T) {
	a, dir := of(pki.SM2), t.TempDir()
	h := open(t, a, dir, nil)
	der := a.sign(t, spec{name: "complete", number: 10, entries: 40, journal: 7})
	a.sign(t, spec{name: "1", number: 10, entries: 4})
	a.sign(t, spec{name: "2", number: 10, entries: 4})
	h.refresh(t)
	folder := filepath.Join(dir, "sm2")
	if err := os.WriteFile(filepath.Join(folder, ".new-123"), der[:100], 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "1.crl"), der[:100], 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "2.crl"), der, 0o600); err != nil { // another list of the same issuer
		t.Fatal(err)
	}
	a.fail(pki.Errorf(pki.Unavailable, "remote.unreachable", "the CA cannot be reached"))
	h = open(t, a, dir, nil)
	if err := h.Refresh(t.Context()); pki.CodeOf(err) != "remote.unreachable" {
		t.Errorf("without a source: %v", err)
	}
	if response, body := h.get(t, "/complete.crl"); response.StatusCode != 200 || !bytes.Equal(body, der) {
		t.Errorf("after a restart: %s", response.Status)
	}
	for _, name := range []string{"/1.crl", "/2.crl"} {
		if response, _ := h.get(t, name); response.StatusCode != 404 {
			t.Errorf("%s, which was spoilt: %s", name, response.Status)
		}
	}
	if _, err := os.Stat(filepath.Join(folder, ".new-123")); !os.IsNotExist(err) {
		t.Error("half a file is left")
	}
	for _, state := range h.States() {
		if state.Name == "complete" && (state.Journal != 7 || state.Entries != 40 || pki.CodeOf(state.Fault) != "remote.unreachable") {
			t.Errorf("health says %+v", state)
		}
	}
	a.fail(nil)
	h.refresh(t)
	if response, _ := h.get(t, "/1.crl"); response.StatusCode != 200 {
		t.Errorf("with the source: %s", response.Status)
	}
}

// TestDiskFull: the old list stays, whole, as octets and as file; the next that fits
// takes its place.
func TestDiskFull(t *testing.T) {
	folder := pkitest.SmallDisk(t)
	if folder == "" {
		return
	}
	a := of(pki.P256)
	h := open(t, a, folder, nil)
	first := a.sign(t, spec{name: "complete", number: 10, entries: 400})
	h.refresh(t)
	ballast := pkitest.FillDisk(t, folder)
	next := a.sign(t, spec{name: "complete", number: 11, entries: 500})
	for range 2 {
		if err := h.Refresh(t.Context()); pki.CodeOf(err) != "crl.write" {
			t.Fatalf("on a full disk: %v", err)
		}
	}
	file, err := os.ReadFile(filepath.Join(folder, "ecdsa", "complete.crl"))
	if _, body := h.get(t, "/complete.crl"); !bytes.Equal(body, first) || err != nil || !bytes.Equal(file, first) {
		t.Errorf("the list before is not whole: %v", err)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	h.refresh(t)
	if _, body := h.get(t, "/complete.crl"); !bytes.Equal(body, next) {
		t.Error("with space the next list is not there")
	}
	if left, _ := filepath.Glob(filepath.Join(folder, "ecdsa", ".new-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestMirror: a node that knows only another's address publishes the same.
func TestMirror(t *testing.T) {
	a := of(pki.SM2)
	first := open(t, a, t.TempDir(), nil)
	a.sign(t, spec{name: "complete", number: 10, entries: 40})
	a.sign(t, spec{name: "3-delta", number: 10, base: 3, entries: 2})
	second := open(t, a, t.TempDir(), func(c *crl.Config) { c.Source = crl.Mirror{Base: strings.TrimSuffix(first.url, "/sm2")} })
	if err := second.Refresh(t.Context()); pki.CodeOf(err) != "mirror.answer" {
		t.Errorf("before the first has anything: %v", err)
	}
	for number := int64(10); number < 12; number++ {
		a.sign(t, spec{name: "complete", number: number, entries: 40})
		first.refresh(t)
		second.refresh(t)
		for _, name := range []string{"/complete.crl", "/3-delta.crl"} {
			_, one := first.get(t, name)
			if response, other := second.get(t, name); response.StatusCode != 200 || !bytes.Equal(one, other) {
				t.Errorf("%s: %s", name, response.Status)
			}
		}
	}
	closed := httptest.NewServer(nil)
	closed.Close()
	away := open(t, a, t.TempDir(), func(c *crl.Config) { c.Source = crl.Mirror{Base: closed.URL} })
	if err := away.Refresh(t.Context()); pki.CodeOf(err) != "mirror.unreachable" {
		t.Errorf("a node that is away: %v", err)
	}
}

// TestKeepFollowsTheJournal: a change in the journal brings the list that has it within
// a moment, an issuance asks nobody, and nobody is asked more often than the interval.
func TestKeepFollowsTheJournal(t *testing.T) {
	a := of(pki.P256)
	d, err := db.Open(t.Context(), pkitest.SQLite(t))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	journal, err := status.Open(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	write := func(changes ...status.Change) int64 {
		var last int64
		err := d.Tx(t.Context(), func(tx *sql.Tx) error {
			entries, err := journal.Append(t.Context(), tx, changes...)
			if err == nil {
				last = entries[len(entries)-1].Number
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		journal.Wake()
		return last
	}
	h := open(t, a, t.TempDir(), func(c *crl.Config) { c.Journal, c.Interval, c.Idle = journal, 20*time.Millisecond, time.Hour })
	a.sign(t, spec{name: "delta", number: 1 + 1, base: 1})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); h.Keep(ctx) }()
	defer func() { cancel(); <-done }()
	await := func(number int64) {
		t.Helper()
		for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(2 * time.Millisecond) {
			if response, _ := h.get(t, "/delta.crl"); response.Header.Get("CRL-Number") == fmt.Sprint(number) {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("list %d is not published", number)
			}
		}
	}
	await(2)
	asked := func() int { a.mu.Lock(); defer a.mu.Unlock(); return a.asked }
	settled := func() int { // what is asked in the first round is asked
		last := asked()
		for now := -1; now != last; {
			now = last
			time.Sleep(200 * time.Millisecond)
			last = asked()
		}
		return last
	}
	before := settled()
	serial, err := pki.NewSerial(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	issued := status.Change{Issuer: "ecdsa", Serial: serial, Event: status.Issued, At: start, NotAfter: start.AddDate(1, 0, 0)}
	write(issued)
	time.Sleep(100 * time.Millisecond)
	if asked() != before {
		t.Error("an issuance asked for lists")
	}
	revoked := issued
	revoked.Event, revoked.Reason = status.Revoked, pki.Superseded
	begun := time.Now()
	number := write(revoked)
	time.Sleep(60 * time.Millisecond) // the CA takes a moment
	a.sign(t, spec{name: "delta", number: 3, base: 1, entries: 1, journal: number})
	await(3)
	if more, most := asked()-before, int(time.Since(begun)/(20*time.Millisecond))+2; more < 2 || more > most {
		t.Errorf("asked %d times, and %d at most are right", more, most)
	}
	quiet := settled()
	time.Sleep(150 * time.Millisecond)
	if asked() > quiet+1 {
		t.Errorf("still asked %d times when all was there", asked()-quiet)
	}
	// The complete list follows by its own schedule, of which the journal says nothing.
	a.sign(t, spec{name: "complete", number: 4, entries: 1, journal: number})
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if response, _ := h.get(t, "/complete.crl"); response.Header.Get("CRL-Number") == "4" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the complete list is not published")
		}
	}
}

func TestConfig(t *testing.T) {
	a := of(pki.SM2)
	for _, issuers := range [][]crl.Issuer{{{ID: "sm2"}}, {{Certificate: a.certificate}}, {a.issuer(), a.issuer()}} {
		if _, err := crl.New(crl.Config{Dir: t.TempDir(), Source: a, Issuers: issuers}); pki.CodeOf(err) != "crl.config" {
			t.Errorf("%v: %v", issuers, err)
		}
	}
}
